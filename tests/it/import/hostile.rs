//! What is hostile or broken does no harm, and only who may change the catalogue imports.

use std::io::Write as _;

use boxoffice::app::Ctx;
use boxoffice::domain::staff::{Actor, Role, TokenId};
use boxoffice::domain::values::id::ChannelId;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::ops::OpError;
use boxoffice::ops::imports::{Incoming, Options, import_m3u, import_xmltv};
use boxoffice::ops::viewing::guide as shown_guide;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{
    LIST, airs, guide, packed, quiet, reader, refusal, shown, state, with_channels, xmltv,
};

#[tokio::test]
async fn entities_are_neither_fetched_nor_multiplied() {
    let bx = with_channels().await;
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "the secret").expect("a file");
    let mut entities = format!(
        "<!ENTITY file SYSTEM \"file://{}\"><!ENTITY l0 \"ha\">",
        secret.display()
    );
    for level in 1..40 {
        let below = format!("&l{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY l{level} \"{below}\">"));
    }
    let text = format!(
        "<!DOCTYPE tv [{entities}<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x.dtd\"> %p;]>\
         <tv>{}</tv>",
        shown("0600", "0700", "&l39;&file; &amp; &#x41;")
    );
    xmltv(&bx, text).await;
    assert_eq!(airs(&bx, 1), ["02-01T06:00 02-01T07:00 &l39;&file; & A"]);
}

#[tokio::test]
async fn a_broken_guide_is_not_taken() {
    let bx = with_channels().await;
    let whole = guide(&[shown("0600", "0700", "A"), shown("0700", "0800", "B")].concat());
    let mut squeezed = packed(whole.as_bytes());
    squeezed.truncate(squeezed.len() / 2);
    let before = state(&bx);
    for (text, told) in [
        (squeezed, "line "),
        (b"\xfd7zXZ\0\0\0".to_vec(), "the guide: "),
        (b"BZh91AY".to_vec(), "packed with bzip2"),
        (
            b"<html><body>404</body></html>".to_vec(),
            "begins with <html>",
        ),
        (Vec::new(), "no XMLTV guide"),
        (LIST.as_bytes().to_vec(), "no XMLTV guide"),
    ] {
        let error = refusal(&bx, text).await;
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_a_text() {
    let bx = with_channels().await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(b"<tv><channel id=\"a\"><display-name>")
        .expect("memory");
    for _ in 0..256 {
        bomb.write_all(&vec![b'x'; 1024 * 1024]).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    let error = refusal(&bx, bomb).await;
    assert!(
        error.contains("line 1, in <display-name>: is longer than"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_taken() {
    let bx = with_channels().await;
    let before = state(&bx);
    let ctx = Ctx::system(bx.app());
    let (feed, incoming) = Incoming::new();
    let import = import_m3u(&ctx, Box::new(incoming), Options::default(), quiet());
    let send = async {
        feed.give(Ok(LIST.as_bytes().to_vec().into())).await;
        drop(feed);
    };
    let (imported, ()) = tokio::join!(import, send);
    let error = imported.map(|_| ()).expect_err("an error").to_string();
    assert!(error.contains("cut short"), "{error}");
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn only_who_may_change_the_catalogue_imports() {
    let bx = with_channels().await;
    for (role, may) in [
        (Role::ContentEditor, true),
        (Role::Support, false),
        (Role::Auditor, false),
    ] {
        let actor = Actor::Token {
            jti: TokenId([0; 16]),
            name: "x".to_owned(),
            role,
        };
        let ctx = Ctx {
            actor,
            ..Ctx::system(bx.app())
        };
        let list = import_m3u(&ctx, reader(LIST), Options::default(), quiet()).await;
        let listing = import_xmltv(&ctx, reader(guide("")), Options::default(), quiet()).await;
        for outcome in [list, listing] {
            match outcome {
                Ok(_) => assert!(may, "{role:?}"),
                Err(error) => assert!(
                    !may && matches!(error, OpError::Denied(_)),
                    "{role:?}: {error}"
                ),
            }
        }
        let read = shown_guide::list(&ctx, ChannelId(1), Timestamp::MIN, Timestamp::MAX, 1);
        assert!(read.is_ok(), "{role:?}");
    }
}
