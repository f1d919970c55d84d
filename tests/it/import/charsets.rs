//! How letters are written: recognised by the bytes or asked for, and said.

use boxoffice::app::Ctx;
use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::catalogue::guide::Programme;
use boxoffice::ops::imports::{Options, import_m3u};
use encoding_rs::{Encoding, ISO_8859_2, KOI8_U, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253};

use super::{
    all, counts, field, guide, m3u, m3u_with, names, quiet, reader, shown, state, with_channels,
    xmltv,
};
use crate::support::fixture::a_box;

fn asking(charset: &str) -> Options {
    Options {
        charset: Some(charset.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_russian_list_is_read_and_its_charset_said() {
    let bx = a_box().await;
    let report = m3u(&bx, field("m01-cp1251.m3u")).await;
    assert_eq!(names(&bx), ["Первый канал", "Дом кино"]);
    let genres: Vec<String> = all::<Genre>(&bx).into_iter().map(|g| g.title).collect();
    assert_eq!(genres, ["Новости", "Кино"]);
    let said = report.charset.expect("said");
    assert!(said.starts_with("windows-1251 (recognised"), "{said}");
    // The same list by somebody who writes UTF-8 makes no channel twice.
    let before = state(&bx);
    let bytes = field("m01-cp1251.m3u");
    let (letters, ..) = WINDOWS_1251.decode(&bytes);
    let report = m3u(&bx, letters.as_bytes()).await;
    assert_eq!(report.channels, Some(counts([0, 0, 2, 0])));
    assert_eq!(report.charset, None);
    assert_eq!(state(&bx), before);
}

#[tokio::test]
async fn charsets_are_recognised_in_lists_and_guides_whatever_they_say() {
    let russian = "Первый канал: новости и погода";
    let polish = "Śląska telewizja, źródło wiadomości, żółty";
    for (name, encoding) in [
        (russian, WINDOWS_1251),
        (russian, KOI8_U),
        (polish, ISO_8859_2),
        ("Télé à la carte, été, où, garçon", WINDOWS_1252),
        ("Ελληνική τηλεόραση, ειδήσεις", WINDOWS_1253),
    ] {
        let told = encoding.name();
        let bytes = |text: &str| encoding.encode(text).0.into_owned();
        let bx = a_box().await;
        let list = format!("#EXTM3U\n#EXTINF:-1 tvg-id=\"one.example\",{name}\nhttp://h/1\n");
        m3u(&bx, bytes(&list)).await;
        assert_eq!(names(&bx), [name], "{told}");
        let inner = shown("0600", "0700", name);
        for label in ["UTF-8", told] {
            let text = guide(&inner).replace("UTF-8", label);
            let report = xmltv(&bx, bytes(&text)).await;
            let titles: Vec<String> = all::<Programme>(&bx).into_iter().map(|p| p.title).collect();
            assert_eq!(titles, [name], "{told} called {label}: {report:?}");
        }
        // A label that is wrong the other way round.
        let report = xmltv(&bx, guide(&inner).replace("UTF-8", told)).await;
        assert_eq!(report.programmes, Some(counts([0, 0, 1, 0])), "{told}");
    }
}

#[tokio::test]
async fn a_charset_is_asked_for_by_any_of_its_names() {
    let list = "#EXTM3U\n#EXTINF:-1,Ё\nhttp://h/1\n";
    for (name, label) in [
        ("cp1251", "windows-1251"),
        ("koi8-r", "koi8-r"),
        ("866", "ibm866"),
    ] {
        let encoding = Encoding::for_label(label.as_bytes()).expect("a charset");
        let bx = a_box().await;
        let report = m3u_with(&bx, encoding.encode(list).0, &asking(name)).await;
        assert_eq!(names(&bx), ["Ё"], "{name}");
        assert!(
            report
                .charset
                .is_some_and(|said| said.ends_with("(as asked for)"))
        );
    }
    let bx = a_box().await;
    let utf16: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    m3u(&bx, &utf16).await;
    assert_eq!(names(&bx), ["Ё"]);
    let ctx = Ctx::system(bx.app());
    let asked = import_m3u(&ctx, reader(list), asking("klingon"), quiet()).await;
    let error = asked.map(|_| ()).expect_err("no such charset").to_string();
    assert!(
        error.starts_with("--charset: klingon is no charset"),
        "{error}"
    );
}

#[tokio::test]
async fn one_bad_byte_spoils_one_letter() {
    let bx = with_channels().await;
    let text = guide(
        &[
            shown("0600", "0700", "Šport ? ČT"),
            shown("0700", "0800", "Äöü"),
        ]
        .concat(),
    );
    let at = text.rfind('?').expect("a sign");
    let mut bytes = text.into_bytes();
    bytes[at] = 0xe9;
    let report = xmltv(&bx, &bytes).await;
    let titles: Vec<String> = all::<Programme>(&bx).into_iter().map(|p| p.title).collect();
    assert_eq!(titles, ["Šport é ČT", "Äöü"]);
    let said = report.charset.expect("said");
    assert!(said.starts_with("UTF-8, but for 1 bytes"), "{said}");
}
