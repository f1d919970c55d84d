//! Steps from one layout of the file to the next, from the empty file on.
//!
//! A step runs once, in one commit with the new version number. Records that merely gain a field
//! need no step: they are upgraded as they are read (`Record::upgrade`).

use redb::Database;

use super::StoreError;
use super::read::Read;
use super::schema::Table;
use super::snapshot::definition;
use super::tx::Tx;

/// Layout that this program writes.
pub const LAYOUT: u64 = 1;

const LAYOUT_KEY: &[u8] = b"layout";

type Step = fn(&mut Tx<'_>) -> Result<(), StoreError>;

/// `STEPS[n]` brings layout n to n + 1.
const STEPS: &[Step] = &[first_layout];

/// Brings the file to [`LAYOUT`]; refuses a file of a newer program.
pub(super) fn migrate(database: &Database) -> Result<(), StoreError> {
    loop {
        let transaction = database.begin_write()?;
        for table in Table::ALL {
            transaction.open_table(definition(*table))?;
        }
        let done = {
            let mut tx = Tx::new(&transaction);
            step(&mut tx)?
        };
        transaction.commit()?;
        if done {
            return Ok(());
        }
    }
}

/// Runs the next step; `true` when there is none.
fn step(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let layout = tx.raw_get(Table::Meta, LAYOUT_KEY, |bytes| bytes.try_into().ok())?;
    let layout = match layout {
        None => 0,
        Some(bytes) => bytes
            .map(u64::from_be_bytes)
            .ok_or_else(|| StoreError::corrupt(Table::Meta, "the layout number is damaged"))?,
    };
    if layout > LAYOUT {
        return Err(StoreError::TooNew { found: layout, known: LAYOUT });
    }
    let index = usize::try_from(layout).unwrap_or(usize::MAX);
    let Some(step) = STEPS.get(index) else { return Ok(true) };
    step(tx)?;
    tx.put_meta("layout", &layout.saturating_add(1).to_be_bytes())?;
    Ok(false)
}

/// Layout 1: empty tables. They were opened, and thereby made, above.
#[expect(clippy::unnecessary_wraps, reason = "steps share one signature, and later ones can fail")]
fn first_layout(_tx: &mut Tx<'_>) -> Result<(), StoreError> {
    Ok(())
}
