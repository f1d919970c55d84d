//! What the box does by itself, and what is shown of it.

use boxoffice::app::clock::Clock;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::alphaott::given;
use crate::support::fixture::a_box;
use crate::support::{Answer, TestBox, eventually};

async fn asked(bx: &TestBox, role: &str) -> Answer {
    let client = bx.client_of(role).await;
    client.get(bx.url("/console/api/jobs")).await
}

async fn jobs(bx: &TestBox) -> Vec<Value> {
    given::list(asked(bx, "auditor").await.expect(200))
}

/// A job by its name, once it is as it should be.
async fn job(bx: &TestBox, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(name, async || {
        let mut jobs = jobs(bx).await.into_iter();
        jobs.find(|job| job["name"] == name && is_so(job))
    })
    .await
}

fn names(jobs: &[Value]) -> Vec<&str> {
    let names = jobs.iter().map(|job| job["name"].as_str());
    names.map(|name| name.expect("a name")).collect()
}

#[tokio::test]
async fn every_job_that_has_work_is_listed() {
    let bx = a_box().await;
    // A test clock works what is due itself.
    let plain = ["passwords", "presence", "webhooks"];
    assert_eq!(names(&jobs(&bx).await), plain);
    let folder = tempdir().expect("a folder");
    let bx = a_box()
        .in_folder(folder.path())
        .by_clock(Clock::System)
        .set(|config| {
            config.smtp.url = "smtp://127.0.0.1:1".into();
            config.carrier.url = "http://127.0.0.1:1".into();
            "http://127.0.0.1:1".clone_into(&mut config.middleware.url);
            config.middleware.token = "t0k3n".into();
            config.stalker.enabled = false;
        })
        .await;
    let wanted = [
        "billing",
        "carrier",
        "passwords",
        "revenue",
        "webhooks",
        "outbox-urgent-email",
        "outbox-urgent-sms",
        "outbox-asked-email",
        "outbox-asked-sms",
        "outbox-bulk-email",
        "outbox-bulk-sms",
        "middleware",
    ];
    assert_eq!(names(&jobs(&bx).await), wanted);
}

#[tokio::test]
async fn a_job_tells_its_turns_and_when_it_runs_next() {
    let bx = a_box().await;
    let waits = |job: &Value| job["state"] == "WAITING" && job["turns"] == 1;
    let job_of = job(&bx, "passwords", waits).await;
    // Nothing but a password wakes it.
    assert_eq!(job_of["next"], Value::Null);
    assert_eq!(job_of["errors"], 0);
    assert_eq!(job_of["last_error"], Value::Null);
    assert_eq!(job_of["last"]["start"], "2026-01-31T10:00:00.000Z");
    assert!(job_of["last"]["milliseconds"].is_u64(), "{job_of}");
    let body = json!({"login": "olive", "password": "a good one"});
    let document = json!({"customers": [body]});
    bx.apply(document).await;
    let waits = |job: &Value| job["state"] == "WAITING" && job["turns"].as_u64() >= Some(3);
    job(&bx, "passwords", waits).await;
    // This one looks at the clock as well: once a minute.
    let waits = |job: &Value| job["state"] == "WAITING" && job["turns"].as_u64() >= Some(1);
    let webhooks = job(&bx, "webhooks", waits).await;
    assert_eq!(webhooks["next"], "2026-01-31T10:01:00.000Z");
    let presence = job(&bx, "presence", |_| true).await;
    assert_eq!(presence["next"], "2026-01-31T10:01:00.000Z");
    assert_eq!(presence["turns"], 0);
    assert_eq!(presence["last"], Value::Null);
}

#[tokio::test]
async fn a_job_that_fails_says_why_and_goes_on() {
    let bx = a_box()
        .set(|config| {
            // Nobody listens there.
            config.smtp.url = "smtp://127.0.0.1:1".into();
        })
        .await;
    let body = json!({"email": "olive@queen.example"});
    let made = bx.api().post("/customers", body).await.expect(201);
    let id = made["_id"].as_str().expect("an id");
    let reset = format!("/customers/{id}/password/reset");
    bx.api().post(reset, json!({})).await.expect(200);
    let failed = |job: &Value| job["errors"].as_u64() >= Some(1);
    let all = eventually("a letter that is not sent", async || {
        jobs(&bx).await.into_iter().find(failed)
    })
    .await;
    assert_eq!(all["name"], "outbox-urgent-email");
    assert_eq!(all["state"], "WAITING");
    assert_eq!(
        all["last_error"],
        json!({"at": "2026-01-31T10:00:00.000Z",
               "text": "not all that is due could be handed over"})
    );
    let figures = bx.anonymous().get(bx.url("/metrics")).await.text;
    let figure = |name: &str| {
        let start = format!("boxoffice_{name}{{job=\"outbox-urgent-email\"}} ");
        let line = figures.lines().find_map(|line| line.strip_prefix(&start));
        let number = line.and_then(|number| number.parse::<f64>().ok());
        number.unwrap_or_else(|| panic!("no {start}in {figures}"))
    };
    assert!(figure("job_errors_total") >= 1.0);
    assert!(figure("job_turns_total") >= 1.0);
    assert!(figure("job_last_seconds") >= 0.0);
}

#[tokio::test]
async fn who_reads_the_audit_log_may_read_of_jobs() {
    let bx = a_box().await;
    for (role, status) in [
        ("owner", 200),
        ("manager", 200),
        ("auditor", 200),
        ("support", 403),
        ("cashier", 403),
        ("dealer", 403),
        ("content-editor", 403),
    ] {
        assert_eq!(asked(&bx, role).await.status, status, "{role}");
    }
    let url = bx.url("/console/api/jobs");
    assert_eq!(bx.anonymous().get(&url).await.status, 401);
    let filtered = bx.api().get(format!("{url}?state=DEAD")).await;
    assert_eq!(filtered.status, 400);
    assert!(filtered.text.contains("state"), "{}", filtered.text);
}
