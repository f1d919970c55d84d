//! Owners are told by mail of a run that the guard holds: each of them once a day, whatever else
//! happens.

use boxoffice::domain::staff::Role;
use boxoffice::ops::billing::run::Pace;
use boxoffice::ops::schedule::work::work_guarded;
use boxoffice::ops::staff::NewOperator;

use super::guard::{ByDay, lagging, monthly};
use super::{DAY, Till};
use crate::support::eventually;
use crate::support::post::Post;

async fn staff(till: &Till, name: &str, role: &str, email: Option<&str>) {
    let role = Role::parse(role).unwrap();
    let address = |wish: &mut NewOperator| wish.email = email.map(str::to_owned);
    till.shop.bx.hire_as(name, role, address).await;
}

/// To whom the mails of a held run went, each checked for what it says; sorted.
fn told(post: &Post) -> Vec<String> {
    let mut told = Vec::new();
    for mail in post.collect() {
        let header = |name: &str| {
            let line = mail.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name}: {mail}"))
                .to_owned()
        };
        if !header("Subject: ").contains("is held") {
            continue;
        }
        let text = mail.replace("=\n", "");
        assert!(text.contains("1 orders are not billed"), "{mail}");
        assert!(text.contains("would be billed for 3 cycles"), "{mail}");
        told.push(header("To: "));
    }
    told.sort();
    told
}

/// Waits until the mails of one alarm are there: as many as there are owners with an address.
async fn alarm(post: &Post) -> Vec<String> {
    let mut all = Vec::new();
    eventually("mail to owners", async || {
        all.extend(told(post));
        (all.len() >= 2).then_some(())
    })
    .await;
    all.sort();
    all
}

#[tokio::test]
async fn every_owner_with_an_address_hears_once_a_day_of_a_held_run() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::open().await;
    let till = lagging(folder.path(), 100 * DAY, monthly()).await;
    for (name, role, email) in [
        ("ada", "owner", Some("ada@tv.example")),
        ("ben", "owner", Some("ben@tv.example")),
        ("cleo", "owner", None),
        ("dan", "manager", Some("dan@tv.example")),
        ("eve", "cashier", Some("eve@tv.example")),
    ] {
        staff(&till, name, role, email).await;
    }
    till.pay("10").await;
    till.order().await;
    let with_mail = |config: &mut boxoffice::config::Config| {
        config.smtp.url = (&post.url).into();
        "billing@tv.example".clone_into(&mut config.smtp.from);
    };
    let day = ByDay::from(till, folder.path(), with_mail).await;
    day.held().await;
    let owners = ["ada@tv.example", "ben@tv.example"];
    assert_eq!(alarm(&post).await, owners);
    // Not again for the same run: not when it is looked at once more, not after a start.
    let ctx = day.ctx();
    for _ in 0..3 {
        work_guarded(&ctx, Pace::Now).await.expect("a look");
    }
    assert_eq!(told(&post), [""; 0]);
    drop(ctx);
    let day = day.again(folder.path(), with_mail).await;
    day.held().await;
    work_guarded(&day.ctx(), Pace::Now).await.expect("a look");
    assert_eq!(told(&post), [""; 0]);
    // A day later it is held still, and they hear of it once more.
    day.shift(DAY + 60);
    assert_eq!(alarm(&post).await, owners);
    work_guarded(&day.ctx(), Pace::Now).await.expect("a look");
    assert_eq!(told(&post), [""; 0]);
}
