//! The disk fills up or fails, and is mended: the batch that met the failure is not confirmed,
//! everything else goes on, and nothing is half done.

use std::time::Duration;

use boxoffice::domain::customers::Customer;
use boxoffice::store::{Read as _, Store, StoreError, Tx};

use super::disk::{Dice, Disk, Reach};
use super::{Contents, Step, join, proved, recovered};
use crate::kit::{Refused, command, is_unavailable, run, together};
use crate::support::eventually;

/// How often something is tried that has to work in the end.
const TRIES: u32 = 400;

const BATCH: [Step; 4] = [
    Step::Join(2),
    Step::Spoiled(3),
    Step::Change(1),
    Step::Join(4),
];

/// A store with two customers on a disk that works.
async fn opened() -> (Disk, Store) {
    let disk = Disk::new();
    let store = Store::open(disk.storage()).expect("an empty disk");
    for guest in 0..2 {
        store
            .write(move |tx: &mut Tx<'_>| join(tx, guest))
            .await
            .expect("a write");
    }
    (disk, store)
}

/// Contents after two customers, and after the batch as well.
fn before_and_after() -> (Contents, Contents) {
    let mut before = Contents::nothing();
    before.apply(Step::Join(0));
    before.apply(Step::Join(1));
    let mut after = before.clone();
    for step in BATCH {
        after.apply(step);
    }
    (before, after)
}

/// Writes one guest after the other until one is taken; answers how many were not.
async fn write_until_it_works(store: &Store) -> u32 {
    for refused in 0..TRIES {
        let guest = 500 + refused;
        match store.write(move |tx: &mut Tx<'_>| join(tx, guest)).await {
            Ok(_) => return refused,
            Err(Refused::Store(StoreError::Unavailable | StoreError::DiskFull)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("no write works again");
}

/// Reads until it works. The empty write before it waits for the writer to have the file open.
async fn read_when_it_works(store: &Store) -> Contents {
    for _ in 0..TRIES {
        let _ = store.write(|_: &mut Tx<'_>| Ok::<(), Refused>(())).await;
        if let Ok(contents) = proved(store) {
            return contents;
        }
    }
    panic!("no read works again");
}

/// The disk fails once at operation `at` of the batch. Answers whether it came to that.
async fn fail_once(at: usize) -> bool {
    let (disk, store) = opened().await;
    let (before, after) = before_and_after();
    let fault = disk.clone();
    let mut commands = vec![command(move |_| {
        fault.fails_once(at);
        Ok(())
    })];
    commands.extend(BATCH.map(Step::command));
    let answers = together(&store, commands).await;
    if !answers.iter().any(is_unavailable) {
        // The batch has fewer operations. What it confirmed is on the disk.
        let image = disk.crash_image(&mut Dice::new(0), Reach::Nothing);
        assert_eq!(recovered(&Disk::holding(image)).await, Ok(after));
        return false;
    }
    assert!(
        disk.has_failed() && answers.iter().all(is_unavailable),
        "{at}: {answers:?}"
    );

    let mut found = read_when_it_works(&store).await;
    let stands = found.customers.len() > before.customers.len();
    found.next = if stands { after.next } else { before.next };
    assert!(
        found == before || found == after,
        "operation {at}: half done: {found:?}"
    );

    write_until_it_works(&store).await;
    let grown = proved(&store).expect("a file in order");
    let next = found.next.map(|next| next + 1);
    assert_eq!(
        grown
            .customers
            .last_key_value()
            .map(|(number, _)| number + 1),
        Some(next[0])
    );
    assert_eq!(
        grown.orders.last_key_value().map(|(number, _)| number + 1),
        Some(next[2])
    );
    assert_eq!(grown.lines.len(), found.lines.len() + 1);

    drop(store);
    let image = disk.crash_image(&mut Dice::new(0), Reach::Nothing);
    let kept = recovered(&Disk::holding(image)).await;
    assert_eq!(kept, Ok(Contents { next, ..grown }), "operation {at}");
    true
}

#[test]
fn a_disk_that_is_full_once_costs_one_batch() {
    run(async {
        let mut failures = 0;
        // Ends at the first operation that the batch no longer comes to.
        while fail_once(failures).await {
            failures += 1;
        }
        assert!(failures > 10, "only {failures} operations in a batch");
    });
}

#[test]
fn writes_work_again_when_the_disk_is_mended() {
    run(async {
        let (disk, store) = opened().await;
        disk.dies(0);
        let answers = together(&store, BATCH.map(Step::command).into()).await;
        assert!(answers.iter().all(is_unavailable), "{answers:?}");
        disk.mend();
        write_until_it_works(&store).await;
        let (before, after) = before_and_after();
        let lines = read_when_it_works(&store).await.lines.len();
        let whole = [before.lines.len() + 1, after.lines.len() + 1];
        assert!(
            whole.contains(&lines),
            "{lines} lines are none of {whole:?}"
        );
    });
}

/// Nobody needs to write for it: a quiet night must not leave the box blind.
#[test]
fn reads_work_again_when_the_disk_is_mended() {
    run(async {
        let (disk, store) = opened().await;
        disk.dies(0);
        let answers = together(&store, BATCH.map(Step::command).into()).await;
        assert!(answers.iter().all(is_unavailable), "{answers:?}");
        disk.mend();
        eventually("a read that works", async || proved(&store).ok()).await;
    });
}

/// The commit that marks an idle file as clean is nobody's: its failure must not stay.
#[test]
fn a_disk_that_fails_while_nobody_writes_is_got_over() {
    run(async {
        let (disk, store) = opened().await;
        let (before, _) = before_and_after();
        let mut lines = before.lines.len();
        for guest in 2..TRIES {
            disk.mend();
            store
                .write(move |tx: &mut Tx<'_>| join(tx, guest))
                .await
                .expect("a write");
            lines += 1;
            disk.fails_once(0);
            let failed = eventually("a failure", async || disk.has_failed().then_some(()));
            // Unless the writer was idle before the disk began to fail.
            if tokio::time::timeout(Duration::from_secs(1), failed)
                .await
                .is_ok()
            {
                break;
            }
        }
        assert!(disk.has_failed(), "an idle writer marks the file");
        write_until_it_works(&store).await;
        assert_eq!(read_when_it_works(&store).await.lines.len(), lines + 1);
    });
}

async fn written(store: &Store, guest: u32) -> Result<(), StoreError> {
    let write = move |tx: &mut Tx<'_>| join(tx, guest).map(drop);
    match store.write(write).await {
        Ok(()) => Ok(()),
        Err(Refused::Store(error)) => Err(error),
        Err(Refused::Rule) => panic!("no rule refuses that"),
    }
}

#[test]
fn a_disk_that_stays_full_costs_writes_and_no_reads() {
    run(async {
        let disk = Disk::new();
        let store = Store::open(disk.storage()).expect("an empty disk");
        written(&store, 0).await.expect("a write");
        disk.fills_up();
        let mut full = 0;
        for guest in 1..200 {
            match written(&store, guest).await {
                Err(StoreError::DiskFull) => full += 1,
                Err(StoreError::Unavailable) => {}
                other => panic!("{other:?}"),
            }
            // The file is opened anew after the first failures; then the writer leaves it alone.
            if full > 3 {
                let customers = store.read().and_then(|read| read.all::<Customer>());
                assert_eq!(customers.expect("reads go on").len(), 1);
            }
        }
        assert!(full > 100, "callers are told why: {full}");
        assert!(store.health().is_full());
        disk.mend();
        let mut guest = 1_000;
        eventually("a write that works", async || {
            guest += 1;
            written(&store, guest).await.ok()
        })
        .await;
        assert!(!store.health().is_full());
    });
}
