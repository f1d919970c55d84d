//! Which tables a command wrote, cheap enough to be kept for every command.
//!
//! Must not know what the tables mean.

use super::tables::Table;

const BITS: usize = 64;
const WORDS: usize = Table::ALL.len().div_ceil(BITS);

/// A set of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableSet([u64; WORDS]);

impl TableSet {
    /// Adds a table.
    pub fn insert(&mut self, table: Table) {
        let (word, bit) = place(table);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    #[must_use]
    pub fn contains(&self, table: Table) -> bool {
        let (word, bit) = place(table);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether any of `tables` is in it.
    #[must_use]
    pub fn has_any(&self, tables: &[Table]) -> bool {
        tables.iter().any(|table| self.contains(*table))
    }
}

fn place(table: Table) -> (usize, u64) {
    let number = table as usize;
    let bit = 1_u64.checked_shl(u32::try_from(number % BITS).unwrap_or(0));
    (number / BITS, bit.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_nothing_else() {
        for table in Table::ALL {
            let mut set = TableSet::default();
            set.insert(*table);
            let held: Vec<&Table> = Table::ALL.iter().filter(|of| set.contains(**of)).collect();
            assert_eq!(held, [table]);
            assert!(set.has_any(Table::ALL));
            assert!(!TableSet::default().contains(*table));
        }
    }
}
