//! What must not change unnoticed: stored bytes, and the snapshots in `tests/it/snapshots/`.

mod atlas;
mod golden;
pub mod money;
pub mod records;
mod samples;
mod snapshots;

/// Compares a text with the snapshot of that name; says what differs, and writes nothing unless
/// `INSTA_UPDATE=always` is set.
#[track_caller]
fn keeps(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
