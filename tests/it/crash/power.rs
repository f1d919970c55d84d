//! The power goes at every moment of a recorded run: whatever was confirmed is there, whatever was
//! not is there as a whole or not at all, whatever was refused left nothing, not even a number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use boxoffice::store::{Storage, Store, Tx};

use super::disk::{Dice, Disk, Op, Reach};
use super::{Contents, join, proved, recovered, workload};
use crate::kit::{is_unavailable, run, together};

/// How many threads share the cuts.
const WORKERS: usize = 2;
/// Every how many operations the disk dies under a box that works on.
const STRIDE: usize = 7;

/// A run of the workload on a disk that works, shutdown included.
struct Recording {
    ops: Vec<Op>,
    /// How many of the operations made the file. A power cut in there has its own test.
    first: usize,
    batches: Vec<Batch>,
    /// `left[n]` is what the file holds after n batches.
    left: Vec<Contents>,
}

/// Counts of operations when the batch had not begun, and when its commands had their answers.
struct Batch {
    before: usize,
    after: usize,
}

async fn record() -> Recording {
    let disk = Disk::new();
    let store = Store::open(disk.storage()).expect("an empty disk");
    let first = disk.ops();
    let mut left = vec![Contents::nothing()];
    let mut batches = Vec::new();
    for steps in workload() {
        let before = disk.ops();
        let commands = steps.iter().map(|step| step.command()).collect();
        let answers = together(&store, commands).await;
        let after = disk.ops();
        let mut contents = left.last().expect("the first").clone();
        for (step, answer) in steps.into_iter().zip(answers) {
            assert_eq!(answer.is_ok(), contents.apply(step), "{step:?}: {answer:?}");
        }
        left.push(contents);
        batches.push(Batch { before, after });
    }
    let mut contents = proved(&store).expect("a file in order");
    let expected = left.last().expect("the last");
    contents.next = expected.next;
    assert_eq!(&contents, expected);
    drop(store);
    Recording {
        ops: disk.journal(),
        first,
        batches,
        left,
    }
}

impl Recording {
    /// What may be found when the power went with `done` operations done.
    fn allowed(&self, done: usize) -> &[Contents] {
        let confirmed = self
            .batches
            .iter()
            .filter(|batch| batch.after <= done)
            .count();
        let begun = self
            .batches
            .iter()
            .filter(|batch| batch.before < done)
            .count();
        &self.left[confirmed..=begun.max(confirmed)]
    }

    /// The power goes with `done` operations done, and `disk` having done them.
    fn cut(&self, done: usize, disk: &Disk, dice: &mut Dice, reach: Reach) {
        let image = disk.crash_image(dice, reach);
        match run(recovered(&Disk::holding(image))) {
            Ok(found) => {
                let allowed = self.allowed(done);
                assert!(
                    allowed.contains(&found),
                    "after {done} of {} operations ({reach:?}): {found:?}\nis none of {allowed:?}",
                    self.ops.len()
                );
            }
            Err(problem) => {
                panic!(
                    "after {done} of {} operations ({reach:?}): {problem}",
                    self.ops.len()
                )
            }
        }
    }

    /// Cuts at the operations that are this worker's.
    fn cut_everywhere(&self, worker: usize) {
        let mut dice = Dice::new(worker as u64);
        let disk = Disk::new();
        for (done, op) in self.ops.iter().enumerate() {
            if done >= self.first && done % WORKERS == worker {
                self.cut(done, &disk, &mut dice, Reach::Anything);
                if matches!(op, Op::Sync) {
                    self.cut(done, &disk, &mut dice, Reach::Nothing);
                    self.cut(done, &disk, &mut dice, Reach::Everything);
                }
            }
            disk.perform(op);
        }
        self.cut(self.ops.len(), &disk, &mut dice, Reach::Anything);
    }
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_confirmed() {
    let recording = run(record());
    assert!(
        recording.ops.len() - recording.first > 100,
        "a run worth cutting"
    );
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let recording = &recording;
            scope.spawn(move || recording.cut_everywhere(worker));
        }
    });
}

/// The same with the box working on while its disk is dead: it must confirm nothing more.
#[test]
fn a_box_whose_disk_dies_confirms_nothing_that_is_lost() {
    let recording = run(record());
    let batches = workload();
    let mut dice = Dice::new(2);
    // A writer without a disk tries again after a while: all of them are waited for at the end.
    let mut stores = Vec::new();
    for after in (0..recording.ops.len() - recording.first).step_by(STRIDE) {
        let disk = Disk::new();
        let store = Store::open(disk.storage()).expect("an empty disk");
        disk.dies(after);
        let mut confirmed = 0;
        run(async {
            for steps in &batches {
                let commands = steps.iter().map(|step| step.command()).collect();
                let answers = together(&store, commands).await;
                if answers.iter().any(is_unavailable) {
                    assert!(answers.iter().all(is_unavailable), "{after}: {answers:?}");
                    break;
                }
                confirmed += 1;
            }
        });
        if confirmed == batches.len() {
            store.close();
        }
        let image = disk.crash_image(&mut dice, Reach::Anything);
        stores.push(store);
        match run(recovered(&Disk::holding(image))) {
            Ok(found) => {
                let allowed = &recording.left[confirmed..=(confirmed + 1).min(batches.len())];
                assert!(
                    allowed.contains(&found),
                    "{after}: {found:?}\nis none of {allowed:?}"
                );
            }
            Err(problem) => panic!("dead after {after} operations: {problem}"),
        }
    }
}

/// The control: were the tests above blind, they would find this disk in order too.
#[test]
fn a_disk_that_lies_about_its_syncs_is_found_out() {
    let recording = run(record());
    let disk = Disk::new();
    for (done, op) in recording.ops.iter().enumerate() {
        if done == recording.first {
            disk.starts_to_lie();
        }
        if recording
            .batches
            .iter()
            .any(|batch| batch.after == done && done > recording.first)
        {
            for seed in 0..3 {
                let image = disk.crash_image(&mut Dice::new(seed), Reach::Anything);
                let outcome =
                    catch_unwind(AssertUnwindSafe(|| run(recovered(&Disk::holding(image)))));
                let in_order = matches!(
                    &outcome,
                    Ok(Ok(found)) if recording.allowed(done).contains(found)
                );
                assert!(!in_order, "after {done} operations: the lie went unnoticed");
            }
        }
        disk.perform(op);
    }
}

/// A power cut while the file is made leaves a draft, whole or not. It is no hindrance, and where
/// the next start has the same process id, as in a container, it throws the draft away.
#[test]
fn a_draft_of_the_file_that_was_left_behind_is_no_hindrance() {
    for draft in [
        &b""[..],
        b"redb\x1a\x0a\xa9\x0d\x0a and then the power went",
        &[0; 10_000],
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("boxoffice.redb");
        let own = path.with_extension(format!("{}.new", std::process::id()));
        let another = path.with_extension("1.new");
        for beside in [&own, &another] {
            std::fs::write(beside, draft).expect("a draft");
        }
        for guest in 0..2 {
            let store = Store::open(Storage::File(path.clone())).expect("a new file");
            let written = run(store.write(move |tx: &mut Tx<'_>| join(tx, guest)));
            assert_eq!(written.expect("a write"), [u64::from(guest) + 1; 3]);
            proved(&store).expect("a file in order");
        }
        assert!(!own.exists(), "the draft is gone");
    }
}
