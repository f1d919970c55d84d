//! The writer: commands that wait share a commit, and what was accepted is worked off.

use std::sync::Arc;

use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::messages::{Message, MessageContent};
use boxoffice::domain::values::id::{CustomerId, GenreId, InvoiceId};
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{BATCH_MAX, QUEUE_MAX, Read, Storage, Store, StoreError, Table, Tx, check};

use super::{filled, genre, opened};
use crate::kit::{Queued, Refused, hold, queue, run};

#[test]
fn commands_that_wait_share_a_commit() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let before = (store.figures().commits(), store.figures().commands());
        let mut queued = Vec::new();
        for _ in 0..=2 * BATCH_MAX {
            queued.push(queue(store.write(genre)).await);
        }
        held.let_go().await;
        for (number, write) in (1..).zip(queued) {
            assert_eq!(
                write.answer().await.expect("a genre"),
                GenreId(number),
                "in their order"
            );
        }
        let figures = store.figures();
        let commands = 2 * u64::try_from(BATCH_MAX).expect("small") + 1;
        assert_eq!(
            (figures.commits() - before.0, figures.commands() - before.1),
            (3, commands)
        );
    });
}

/// What a refused command wanted sent is taken back with it: the next one of the same commit wakes
/// nobody.
#[test]
fn a_refused_command_has_nothing_to_send() {
    fn letter(tx: &mut Tx<'_>) -> Result<(), Refused> {
        let content = MessageContent::Invoice(InvoiceId(1));
        let id = tx.next_id()?;
        let now = Timestamp::from_micros(1_000_000).ok_or(Refused::Rule)?;
        let message = Message {
            id,
            ..Message::new(CustomerId(1), content, now)
        };
        Ok(tx.put(&message)?)
    }
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let refused = |tx: &mut Tx<'_>| letter(tx).and(Err::<(), _>(Refused::Rule));
        let refused = queue(store.write(refused)).await;
        let plain = |tx: &mut Tx<'_>| genre(tx).map(|_| tx.written());
        let plain = queue(store.write(plain)).await;
        let writes = |tx: &mut Tx<'_>| letter(tx).map(|()| tx.written());
        let writes = queue(store.write(writes)).await;
        held.let_go().await;
        refused.answer().await.expect_err("it is refused");
        let due = Table::MessagesByDue;
        assert!(!plain.answer().await.expect("a genre").contains(due));
        assert!(writes.answer().await.expect("a letter").contains(due));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_need_few_commits() {
    const WRITERS: u64 = 256;
    const EACH: u64 = 4;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("boxoffice.redb");
    let store = Arc::new(Store::open(Storage::File(path)).expect("a new file"));
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for _ in 0..EACH {
                store.write(genre).await.expect("a genre");
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer");
    }
    let (commits, commands) = (store.figures().commits(), store.figures().commands());
    assert_eq!(commands, WRITERS * EACH);
    assert!(
        commits * 4 < commands,
        "{commits} commits for {commands} commands"
    );
    assert_eq!(store.figures().waiting(), 0);
    let genres = store
        .read()
        .expect("a snapshot")
        .all::<Genre>()
        .expect("genres");
    let numbers: Vec<u64> = genres.iter().map(|genre| genre.id.0).collect();
    assert_eq!(numbers, (1..=WRITERS * EACH).collect::<Vec<_>>());
}

#[test]
fn one_command_more_than_may_wait_is_refused_as_busy() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        let mut queued = Vec::new();
        for _ in 0..QUEUE_MAX {
            let write = queue(store.write(genre)).await;
            assert!(matches!(write, Queued::Waiting(_)), "there is room for it");
            queued.push(write);
        }
        assert_eq!(usize::try_from(store.figures().waiting()), Ok(QUEUE_MAX));
        let refused = store.write(genre).await;
        assert!(
            matches!(refused, Err(Refused::Store(StoreError::Busy))),
            "{refused:?}"
        );
        // Who waits does not hinder who reads.
        assert!(
            store
                .read()
                .expect("a snapshot")
                .all::<Genre>()
                .expect("genres")
                .is_empty()
        );
        held.let_go().await;
        for write in queued {
            write.answer().await.expect("a genre");
        }
        let snapshot = store.read().expect("a snapshot");
        assert_eq!(
            usize::try_from(snapshot.rows(Table::Genres).expect("rows")),
            Ok(QUEUE_MAX)
        );
        assert_eq!(store.figures().waiting(), 0);
    });
}

#[test]
fn a_command_stands_though_nobody_waits_for_its_answer() {
    run(async {
        let store = opened();
        let held = hold(&store).await.expect("a writer");
        drop(queue(store.write(genre)).await);
        held.let_go().await;
        assert_eq!(store.write(genre).await.expect("a genre"), GenreId(2));
        let genres = store
            .read()
            .expect("a snapshot")
            .all::<Genre>()
            .expect("genres");
        assert_eq!(genres.len(), 2);
    });
}

#[test]
fn a_command_that_was_never_handed_over_does_nothing() {
    run(async {
        let store = opened();
        drop(store.write(genre));
        assert_eq!(store.write(genre).await.expect("a genre"), GenreId(1));
    });
}

#[test]
fn closing_works_off_what_was_accepted() {
    let (_folder, path) = filled();
    run(async {
        let store = Store::open(Storage::File(path.clone())).expect("a file");
        let held = hold(&store).await.expect("a writer");
        let mut queued = Vec::new();
        for _ in 0..10 {
            queued.push(queue(store.write(genre)).await);
        }
        drop(held);
        store.close();
        for write in queued {
            write.answer().await.expect("a genre");
        }
        let late = store.write(genre).await;
        assert!(
            matches!(late, Err(Refused::Store(StoreError::Closed))),
            "{late:?}"
        );
        assert!(store.read().is_err(), "there is nothing to read any more");
        store.close();
    });
    let store = Store::open(Storage::File(path)).expect("a file that was let go of");
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.all::<Genre>().expect("genres").len(), 10);
    assert!(check(&snapshot).expect("a check").1.is_empty());
}
