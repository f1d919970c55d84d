//! `check` names whatever is spoiled behind the store's back.

use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::event::Audit;
use boxoffice::domain::values::id::GenreId;
use boxoffice::store::{Finding, Storage, Store, Table, check, codec};
use redb::ReadableTable as _;

use super::{Rows, filled, insert, key, plant, remove, value_of};

/// What `check` says of a file that was spoiled.
fn findings_after(table: Table, spoil: impl FnOnce(&mut Rows<'_>)) -> Vec<Finding> {
    let (_folder, path) = filled();
    plant(&path, table, spoil);
    let store = Store::open(Storage::File(path)).expect("a file");
    let snapshot = store.read().expect("a snapshot");
    let (records, findings) = check(&snapshot).expect("findings, not an error");
    assert!(records >= 8, "{records} records");
    findings
}

#[track_caller]
fn assert_named(findings: &[Finding], place: &str, problem: &str) {
    let named = findings
        .iter()
        .any(|finding| finding.place.starts_with(place) && finding.problem.contains(problem));
    assert!(named, "`{place}: {problem}` is none of {findings:?}");
}

#[test]
fn check_finds_nothing_in_a_file_that_nobody_spoiled() {
    let findings = findings_after(Table::Meta, |_| {});
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn check_names_an_index_entry_that_is_missing() {
    for (table, entry, place) in [
        (
            Table::CustomersByEmail,
            b"thea@example.net".to_vec(),
            "customers 2",
        ),
        (Table::CustomersByLogin, b"thea".to_vec(), "customers 2"),
        (
            Table::CustomersByStatus,
            [vec![0], key(2)].concat(),
            "customers 2",
        ),
        (
            Table::DevicesByCustomer,
            [key(3), key(3)].concat(),
            "devices 3",
        ),
        (Table::DevicesByForeign, b"device-1".to_vec(), "devices 1"),
    ] {
        let findings = findings_after(table, |rows| remove(rows, &entry));
        let problem = format!("its entry in {} is missing or wrong", table.name());
        assert_named(&findings, place, &problem);
    }
}

#[test]
fn check_names_an_index_entry_that_leads_to_another_record() {
    let findings = findings_after(Table::CustomersByLogin, |rows| {
        insert(rows, b"thea", &key(3));
    });
    assert_named(
        &findings,
        "customers 2",
        "its entry in customers_by_login is missing or wrong",
    );
}

#[test]
fn check_names_an_index_entry_that_no_record_makes() {
    let findings = findings_after(Table::CustomersByLogin, |rows| {
        insert(rows, b"ghost", &key(1));
    });
    assert_named(
        &findings,
        "customers_by_login ghost",
        "no record of customers makes this entry",
    );
    let entry = [key(1), key(77)].concat();
    let findings = findings_after(Table::DevicesByCustomer, |rows| insert(rows, &entry, &[]));
    assert_named(
        &findings,
        "devices_by_customer",
        "no record of devices makes this entry",
    );
}

#[test]
fn check_names_a_wrong_count() {
    let findings = findings_after(Table::Blocks, |rows| {
        let first = rows
            .first()
            .expect("a read")
            .expect("a row")
            .0
            .value()
            .to_vec();
        insert(rows, &first, &key(99));
    });
    assert_named(&findings, "blocks", "the count differs from the entries");
    let findings = findings_after(Table::Blocks, |rows| {
        let first = rows
            .first()
            .expect("a read")
            .expect("a row")
            .0
            .value()
            .to_vec();
        remove(rows, &first);
    });
    assert_named(&findings, "blocks", "the count is missing");
    let findings = findings_after(Table::Blocks, |rows| insert(rows, b"nowhere", &key(1)));
    assert_named(&findings, "blocks", "the count differs from the entries");
}

#[test]
fn check_names_a_sequence_that_would_repeat_a_number() {
    let findings = findings_after(Table::Sequences, |rows| insert(rows, b"customer", &key(3)));
    assert_named(
        &findings,
        "sequences customer",
        "would give out a number again",
    );
    let findings = findings_after(Table::Sequences, |rows| remove(rows, b"device"));
    assert_named(
        &findings,
        "sequences device",
        "would give out a number again",
    );
}

#[test]
fn check_names_a_record_under_a_key_that_is_not_its_own() {
    let findings = findings_after(Table::Devices, |rows| {
        let device = value_of(rows, &key(1));
        insert(rows, &key(9), &device);
    });
    assert_named(&findings, "devices 9", "under another key than its own");
}

#[test]
fn check_names_a_record_that_does_not_decode() {
    let findings = findings_after(Table::Devices, |rows| insert(rows, &key(2), &[1, 2, 0xff]));
    assert_named(&findings, "devices 2", "does not decode");
    let findings = findings_after(Table::Devices, |rows| insert(rows, &key(2), &[]));
    assert_named(&findings, "devices 2", "is empty");
    let findings = findings_after(Table::Devices, |rows| {
        let mut device = value_of(rows, &key(2));
        device.push(0);
        insert(rows, &key(2), &device);
    });
    assert_named(&findings, "devices 2", "1 bytes too many");
    let findings = findings_after(Table::Customers, |rows| {
        let mut customer = value_of(rows, &key(2));
        customer[0] = 99;
        insert(rows, &key(2), &customer);
    });
    assert_named(&findings, "customers 2", "has version 99");
}

/// The audit log is walked twice; neither walk may give up at a line that does not decode.
#[test]
fn check_names_a_line_of_the_audit_log_that_does_not_decode() {
    let findings = findings_after(Table::Audits, |rows| insert(rows, &key(2), &[1, 0xff]));
    assert_named(&findings, "audits 2", "does not decode");
}

#[test]
fn check_names_a_line_of_the_audit_log_that_was_changed() {
    let findings = findings_after(Table::Audits, |rows| {
        let line = codec::decode::<Audit>(&value_of(rows, &key(2))).expect("a line");
        let line = Audit {
            actor_name: "somebody else".to_owned(),
            ..line
        };
        insert(rows, &key(2), &codec::encode(&line).expect("bytes"));
    });
    assert_named(&findings, "audits 2", "does not fit the chain");
}

#[test]
fn check_names_a_gap_in_the_audit_log() {
    for gone in [1, 2] {
        let findings = findings_after(Table::Audits, |rows| remove(rows, &key(gone)));
        assert_named(
            &findings,
            &format!("audits {}", gone + 1),
            "does not fit the chain",
        );
    }
}

/// Nothing follows the newest line, but its hash is kept elsewhere, too.
#[test]
fn check_notices_that_the_newest_line_of_the_audit_log_is_gone() {
    let findings = findings_after(Table::Audits, |rows| remove(rows, &key(3)));
    assert!(
        !findings.is_empty(),
        "the end of the chain was cut off unnoticed"
    );
}

/// Text of 2^63 bytes cannot be there, and memory for it must not be asked for.
#[test]
fn check_outlives_a_length_that_is_absurd() {
    let findings = findings_after(Table::Genres, |rows| {
        let mut genre = codec::encode(&Genre {
            id: GenreId(1),
            title: String::new(),
        })
        .expect("bytes");
        genre.pop();
        genre.push(0xfd);
        genre.extend_from_slice(&(1_u64 << 63).to_le_bytes());
        insert(rows, &key(1), &genre);
    });
    assert_named(&findings, "genres 1", "does not decode");
}
