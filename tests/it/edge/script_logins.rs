//! Whom the API of billing scripts answers, and what the box says about it when it starts.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use boxoffice::domain::staff::Role;

use crate::stalker::{Rest, Says};
use crate::support::fixture::{a_box, a_house};
use crate::support::{Answer, PASSWORD, http_client};

#[track_caller]
fn unauthorized(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.told());
    assert_eq!(answer.json()["error"], "401 Unauthorized request");
    let asked = answer.headers["www-authenticate"]
        .to_str()
        .expect("plain text");
    assert!(asked.starts_with("Basic "), "{asked}");
}

#[tokio::test]
async fn without_a_login_nobody_is_answered() {
    let house = a_house()
        .set(|config| {
            config.stalker.login = String::new();
            config.stalker.password = "".into();
            config.stalker.open = false;
        })
        .await;
    for credentials in [":", "stalker:", ":secret", "stalker:secret", "anybody:"] {
        unauthorized(&Rest::login(&house.bx, credentials).get("/accounts").await);
    }
    let anonymous = Rest::anonymous(&house.bx);
    unauthorized(&anonymous.get("/users/3").await);
    unauthorized(&anonymous.put("/stb/3", "status=0").await);
    unauthorized(&anonymous.delete("/accounts/3").await);
    // A proxy on this machine makes nobody more trusted.
    let by_proxy = house.bx.anonymous();
    let url = house.bx.url("/stalker_portal/api/accounts");
    let headers = [("x-forwarded-for", "127.0.0.1")];
    unauthorized(&by_proxy.send("GET", url, None, &headers).await);

    house.bx.hire("script", Role::Api).await;
    let script = Rest::login(&house.bx, &format!("script:{PASSWORD}"));
    assert_eq!(script.get("/users/3").await.ok()["login"], "3");
    unauthorized(&anonymous.get("/users/3").await);
}

#[tokio::test]
async fn who_says_so_has_it_open() {
    let house = a_house()
        .set(|config| {
            config.stalker.login = String::new();
            config.stalker.password = "".into();
            config.stalker.open = true;
        })
        .await;
    let anonymous = Rest::anonymous(&house.bx);
    assert_eq!(anonymous.get("/users/3").await.ok()["login"], "3");
}

pub struct Served(Child);

impl Served {
    pub fn start(folder: &Path, settings: &[(&str, &str)], demo: bool) -> Served {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(demo.then_some("--demo"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Served(command.spawn().expect("it starts"))
    }

    /// Reads standard output up to a line that begins so; all lines until then.
    pub fn lines_until(&mut self, front: &str) -> Vec<String> {
        let out = self.0.stdout.take().expect("a pipe");
        let mut seen = Vec::new();
        for line in BufReader::new(out).lines() {
            let line = line.expect("text");
            let last = line.starts_with(front);
            seen.push(line);
            if last {
                return seen;
            }
        }
        panic!("no {front:?} in {seen:?}");
    }

    pub fn log(mut self) -> String {
        self.0.kill().expect("it ends");
        let mut log = String::new();
        let mut pipe = self.0.stderr.take().expect("a pipe");
        std::io::Read::read_to_string(&mut pipe, &mut log).expect("text");
        log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn told_at_start(folder: &Path, settings: &[(&str, &str)]) -> String {
    let mut served = Served::start(folder, settings, false);
    served.lines_until("listening on");
    served.log()
}

#[tokio::test]
async fn a_box_says_at_its_start_whom_scripts_have_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = told_at_start(folder.path(), &[]);
    assert!(
        none.contains("WARN") && none.contains("answers nobody"),
        "{none}"
    );
    assert!(none.contains("stalker.open = true"), "{none}");
    let open = [("BOXOFFICE_STALKER__OPEN", "true")];
    let told = told_at_start(folder.path(), &open);
    assert!(
        told.contains("WARN") && told.contains("open to whoever reaches 127.0.0.1"),
        "{told}"
    );
    assert!(!told.contains("not asked for"), "{told}");
    let login = [
        ("BOXOFFICE_STALKER__LOGIN", "bill"),
        ("BOXOFFICE_STALKER__PASSWORD", "Xq-77-vz"),
    ];
    let told = told_at_start(folder.path(), &login);
    assert!(
        told.contains("answers the login of stalker.login"),
        "{told}"
    );
    assert!(!told.contains("Xq-77-vz"), "{told}");

    let bx = a_box()
        .in_folder(folder.path())
        .with_staff("script", Role::Api)
        .await;
    bx.stop().await;
    let told = told_at_start(folder.path(), &[]);
    assert!(
        told.contains("answers accounts with the role api"),
        "{told}"
    );
    let told = told_at_start(folder.path(), &open);
    assert!(told.contains("not asked for"), "{told}");
}

#[tokio::test]
async fn the_demo_prints_a_login_for_scripts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::start(folder.path(), &[], true);
    let lines = served.lines_until("stalker: ");
    let origin = lines
        .iter()
        .find_map(|line| line.strip_prefix("listening on "));
    let origin = origin.expect("an address");
    let words: Vec<&str> = lines.last().expect("a line").split(' ').collect();
    let [_, login, password] = words[..] else {
        panic!("{words:?}")
    };
    let ask = async |credentials: Option<(&str, &str)>| {
        let client = http_client().build().expect("a client");
        let mut request = client.get(format!("{origin}/stalker_portal/api/accounts/10001"));
        if let Some((login, password)) = credentials {
            request = request.basic_auth(login, Some(password));
        }
        let answer = request.send().await.expect("an answer");
        answer.status().as_u16()
    };
    assert_eq!(ask(None).await, 401);
    assert_eq!(ask(Some((login, "wrong"))).await, 401);
    assert_eq!(ask(Some((login, password))).await, 200);
    let log = served.log();
    assert!(!log.contains(password), "{log}");
}

/// A terminal that is closed, or a tool that wants settings read again.
#[tokio::test]
async fn a_hangup_does_not_end_the_box() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::start(folder.path(), &[], false);
    let lines = served.lines_until("listening on ");
    let origin = lines[0]
        .strip_prefix("listening on ")
        .expect("an address")
        .to_owned();
    let pid = served.0.id().to_string();
    let hang_up = || Command::new("kill").args(["-HUP", &pid]).status();
    assert!(hang_up().expect("kill runs").success());
    // The log says what came of it.
    let mut log = BufReader::new(served.0.stderr.take().expect("a pipe")).lines();
    let told = log.find(|line| line.as_ref().is_ok_and(|line| line.contains("SIGHUP")));
    assert!(told.is_some());
    let client = http_client().build().expect("a client");
    let alive = client
        .get(format!("{origin}/healthz"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(alive.status().as_u16(), 200);
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs")
            .success()
    );
    assert_eq!(served.0.wait().expect("it ends").code(), Some(0));
}
