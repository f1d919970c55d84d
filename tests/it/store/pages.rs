//! Pages of a list are what a plain sort makes of the same records.

use std::collections::BTreeSet;

use boxoffice::domain::catalogue::content::Genre;
use boxoffice::domain::customers::{Customer, CustomerStatus};
use boxoffice::domain::values::id::CustomerId;
use boxoffice::store::{Read, Table, Tx, check};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::{genre, opened, person};
use crate::kit::{Answer, Refused, run};

#[test]
fn a_snapshot_shows_what_was_there_when_it_was_taken() {
    run(async {
        let store = opened();
        let before = store.read().expect("a snapshot");
        store.write(genre).await.expect("a genre");
        assert!(before.all::<Genre>().expect("genres").is_empty());
        assert_eq!(
            store
                .read()
                .expect("a snapshot")
                .all::<Genre>()
                .expect("genres")
                .len(),
            1
        );
    });
}

/// Some of the states a list can be asked for, how many to leave out, how many to show.
fn query() -> impl Strategy<Value = (BTreeSet<usize>, u64, usize)> {
    (
        btree_set(0..CustomerStatus::ALL.len(), 0..=6),
        0_u64..70,
        1_usize..12,
    )
}

/// What becomes of the customer at an index, if there is one: another state, or removal.
fn turn() -> impl Strategy<Value = (usize, Option<usize>)> {
    (
        0_usize..60,
        proptest::option::weighted(0.7, 0..CustomerStatus::ALL.len()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_page_is_what_sorting_all_of_them_gives(
        // Numbers over five blocks of the counted index.
        people in btree_map(1_u64..5_000, 0..CustomerStatus::ALL.len(), 0..60),
        turns in vec(turn(), 0..20),
        queries in vec(query(), 1..8),
    ) {
        run(async {
            let store = opened();
            let joined = people.clone();
            let mut model = people;
            let mut turned = Vec::new();
            for (index, status) in turns {
                let Some(number) = model.keys().nth(index).copied() else { continue };
                turned.push((number, status));
                match status {
                    Some(status) => model.insert(number, status),
                    None => model.remove(&number),
                };
            }
            store
                .write(move |tx: &mut Tx<'_>| -> Answer {
                    for (number, status) in joined {
                        tx.reserve(CustomerId(number))?;
                        tx.put(&person(number, None, status))?;
                    }
                    Ok(())
                })
                .await
                .expect("people");
            store
                .write(move |tx: &mut Tx<'_>| -> Answer {
                    for (number, status) in turned {
                        match status {
                            Some(status) => tx.put(&person(number, None, status))?,
                            None => assert!(tx.remove::<Customer>(&CustomerId(number))?),
                        }
                    }
                    Ok(())
                })
                .await
                .expect("turns");
            for (statuses, offset, limit) in queries {
                let expected: Vec<u64> = model
                    .iter()
                    .filter(|(_, status)| statuses.contains(*status))
                    .map(|(number, _)| *number)
                    .skip(usize::try_from(offset).expect("small"))
                    .take(limit)
                    .collect();
                let fronts: Vec<Vec<u8>> =
                    statuses
                        .iter()
                        .map(|status| vec![CustomerStatus::ALL[*status] as u8])
                        .collect();
                let index = Table::CustomersByStatus;
                let page = store.read().expect("a snapshot").page(index, &fronts, offset, limit);
                assert_eq!(page.expect("a page"), expected);
                let page = store
                    .write(move |tx: &mut Tx<'_>| -> Result<Vec<u64>, Refused> {
                        Ok(tx.page(index, &fronts, offset, limit)?)
                    })
                    .await;
                assert_eq!(page.expect("a page inside a command"), expected);
            }
            let (_, findings) = check(&store.read().expect("a snapshot")).expect("a check");
            assert!(findings.is_empty(), "{findings:?}");
        });
    }
}
