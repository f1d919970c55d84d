//! How much memory a guide takes that names its channels last, so that nothing can be left out
//! while it is read.

use std::io::{BufWriter, Write as _};
use std::process::{Command, Stdio};

use super::command::{boxoffice, out, written};

/// Bytes of programmes, and most of memory that they may take: with all of them in memory it would
/// be more.
const GUIDE_BYTES: usize = 90 * 1024 * 1024;
const MEMORY_KB_MAX: u64 = 90 * 1024;

#[tokio::test]
async fn a_guide_with_its_channels_last_takes_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let list = "#EXTM3U\n#EXTINF:-1 tvg-id=\"7.example\",Seven\nhttp://h/7\n";
    let list = written(folder.path(), "list.m3u", list);
    out(&boxoffice(&["import", "m3u", list.to_str().expect("text")], &data).await);
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(["import", "xmltv", "-", "--data"]).arg(&data);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let status = format!("/proc/{}/status", child.id());
    let stdin = child.stdin.take().expect("its input");
    let fed = tokio::task::spawn_blocking(move || {
        let mut guide = BufWriter::new(stdin);
        let mut bytes = 0;
        // A long text costs as much memory as many short ones, and less time.
        let long = "x".repeat(3_900);
        guide.write_all(b"<tv>").expect("it reads");
        for number in 0.. {
            if bytes > GUIDE_BYTES {
                break;
            }
            let (day, hour) = (1 + number / 24 % 28, number % 24);
            let programme = format!(
                "<programme start=\"2999{:02}{day:02}{hour:02}\" channel=\"{}.example\">\
                 <title>T</title><desc>{long}</desc></programme>\n",
                1 + number / 672 % 12,
                number % 50,
            );
            bytes += programme.len();
            guide.write_all(programme.as_bytes()).expect("it reads");
        }
        guide.flush().expect("it reads");
        // All but what is in the pipe has been read.
        let status = std::fs::read_to_string(status).expect("it still runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.expect("a figure").trim().trim_end_matches(" kB");
        let peak: u64 = peak.trim().parse().expect("a number");
        for number in 0..50 {
            let channel = format!("<channel id=\"{number}.example\"/>\n");
            guide.write_all(channel.as_bytes()).expect("it reads");
        }
        guide.write_all(b"</tv>").expect("it reads");
        drop(guide);
        (peak, child.wait_with_output().expect("it ends"))
    });
    let (peak, done) = fed.await.expect("no panic");
    let told = out(&done);
    assert!(told.starts_with("programmes: "), "{told}");
    assert!(!told.contains("programmes: none"), "{told}");
    assert!(peak < MEMORY_KB_MAX, "{peak} kB at its peak");
}
