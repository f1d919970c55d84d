//! Lists by cursor: a page of what indexes list, what lies before and after it, and how many there
//! are in all. Whatever the number of rows, a page reads its own and a count reads counts.

use std::ops::{ControlFlow, Range};

use crate::domain::values::time::Timestamp;
use crate::ops::OpError;
use crate::store::key::{after_prefix, instant, trailing_number};
use crate::store::{Read as _, Snapshot, Span, Table, quarters};

/// Most rows of one page.
pub const PAGE_MAX: usize = 200;
/// Rows that an export reads at a time.
const EXPORT_ROWS: usize = 500;

/// Where a row stands in its list: what its key in the index has behind the front part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub Vec<u8>);

impl Mark {
    /// Of a list by number.
    #[must_use]
    pub fn of(number: u64) -> Self {
        Self(number.to_be_bytes().to_vec())
    }

    #[must_use]
    pub fn number(&self) -> u64 {
        trailing_number(&self.0).unwrap_or(0)
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// With the first row.
    First,
    /// With the first row behind this one.
    After(Mark),
    /// Ends with the last row before this one.
    Before(Mark),
}

/// A page, and where the ones beside it begin.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// How many rows there are in all.
    pub count: u64,
    pub rows: Vec<R>,
    pub next: Option<Place>,
    pub previous: Option<Place>,
}

impl Page<Mark> {
    /// The same page with what stands at its marks.
    pub fn of<R>(
        self,
        rows: impl FnOnce(&[Mark]) -> Result<Vec<R>, OpError>,
    ) -> Result<Page<R>, OpError> {
        Ok(Page {
            count: self.count,
            rows: rows(&self.rows)?,
            next: self.next,
            previous: self.previous,
        })
    }
}

/// The next rows of an export, and behind which the ones after them begin.
pub fn part<R>(
    list: &dyn Rows,
    read: &Snapshot,
    after: Option<&Mark>,
    rows: impl FnOnce(&[Mark]) -> Result<Vec<R>, OpError>,
) -> Result<(Vec<R>, Option<Mark>), OpError> {
    let marks = list.after(read, after, EXPORT_ROWS)?;
    let is_full = marks.len() == EXPORT_ROWS;
    let next = marks.last().filter(|_| is_full).cloned();
    Ok((rows(&marks)?, next))
}

/// Something that has rows in an order.
pub trait Rows {
    /// A mark behind which no row can lie.
    fn end(&self) -> Mark;

    fn count(&self, read: &Snapshot) -> Result<u64, OpError>;

    /// The first rows behind a mark, in order; without one the first of all.
    fn after(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError>;

    /// The last rows before a mark, in order; without one the last of all.
    fn before(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError>;

    /// A page.
    fn page(&self, read: &Snapshot, place: &Place, limit: usize) -> Result<Page<Mark>, OpError> {
        let limit = limit.clamp(1, PAGE_MAX);
        if let Place::After(mark) | Place::Before(mark) = place
            && mark.0.len() != self.end().0.len()
        {
            return Err(OpError::Document {
                path: "cursor".to_owned(),
                problem: "must be one that a page of this list gave".to_owned(),
            });
        }
        let rows = match place {
            Place::First => self.after(read, None, limit)?,
            Place::After(mark) => self.after(read, Some(mark), limit)?,
            Place::Before(mark) => self.before(read, Some(mark), limit)?,
        };
        let has = |marks: Vec<Mark>| !marks.is_empty();
        // Where a page is empty, what is left lies on the side that it came from.
        let (next, previous) = match (rows.first(), rows.last(), place) {
            (Some(first), Some(last), _) => (
                has(self.after(read, Some(last), 1)?).then(|| Place::After(last.clone())),
                has(self.before(read, Some(first), 1)?).then(|| Place::Before(first.clone())),
            ),
            (_, _, Place::First) => (None, None),
            (_, _, Place::After(_)) => {
                let last = self.before(read, None, 1)?;
                (None, has(last).then(|| Place::Before(self.end())))
            }
            (_, _, Place::Before(_)) => {
                let first = self.after(read, None, 1)?;
                (has(first).then_some(Place::First), None)
            }
        };
        Ok(Page {
            count: self.count(read)?,
            rows,
            next,
            previous,
        })
    }
}

/// How the rows of indexes are counted.
#[derive(Debug, Clone)]
enum Counting {
    /// By the blocks of a counted index.
    Blocks,
    /// By the quarters of an hour of an index by time.
    Quarters(Range<Timestamp>),
    /// The table has these rows and no others.
    Table,
    /// One by one: all are of one owner.
    Each,
}

/// Rows that stand in an index, under any of some front parts.
#[derive(Debug, Clone)]
pub struct Listed {
    index: Table,
    fronts: Vec<Vec<u8>>,
    /// Which marks are meant.
    from: Vec<u8>,
    to: Option<Vec<u8>>,
    mark_bytes: usize,
    /// The highest mark first.
    descending: bool,
    counting: Counting,
}

const NUMBER_BYTES: usize = 8;
const TIMED_BYTES: usize = 16;

impl Listed {
    fn newest_first(index: Table, fronts: Vec<Vec<u8>>, counting: Counting) -> Self {
        Self {
            index,
            fronts,
            from: Vec::new(),
            to: None,
            mark_bytes: NUMBER_BYTES,
            descending: true,
            counting,
        }
    }

    /// What a counted index lists, newest first.
    #[must_use]
    pub fn counted(index: Table, mut fronts: Vec<Vec<u8>>) -> Self {
        fronts.sort_unstable();
        fronts.dedup();
        Self::newest_first(index, fronts, Counting::Blocks)
    }

    /// All records of a kind, newest first.
    #[must_use]
    pub fn all(table: Table) -> Self {
        Self::newest_first(table, vec![Vec::new()], Counting::Table)
    }

    /// What an index lists of one owner, newest first. For what one owner has few of.
    #[must_use]
    pub fn of_owner(index: Table, front: Vec<u8>) -> Self {
        Self::newest_first(index, vec![front], Counting::Each)
    }

    /// What an index by time lists within a stretch, as far as that is counted.
    #[must_use]
    pub fn timed(index: Table, within: &Range<Timestamp>, descending: bool) -> Self {
        let within = quarters(within);
        Self {
            index,
            fronts: vec![Vec::new()],
            from: instant(within.start).to_vec(),
            to: Some(instant(within.end).to_vec()),
            mark_bytes: TIMED_BYTES,
            descending,
            counting: Counting::Quarters(within),
        }
    }

    /// Rows with higher marks, the lowest first, or with lower ones, the highest first.
    fn walk(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        upwards: bool,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        let mut found = Vec::new();
        for front in &self.fronts {
            let mut span = Span {
                from: [front.as_slice(), &self.from].concat(),
                to: match &self.to {
                    Some(to) => Some([front.as_slice(), to].concat()),
                    None => after_prefix(front),
                },
                descending: !upwards,
            };
            if let Some(mark) = mark {
                let key = [front.as_slice(), &mark.0].concat();
                if upwards {
                    // The first key behind it.
                    span.from = span.from.max([key.as_slice(), &[0]].concat());
                } else {
                    span.to = Some(span.to.map_or(key.clone(), |to| to.min(key)));
                }
            }
            let mut seen = 0usize;
            read.raw_scan(self.index, &span, &mut |key, _| {
                found.extend(key.get(front.len()..).map(|mark| Mark(mark.to_vec())));
                seen = seen.saturating_add(1);
                Ok(if seen < limit {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        }
        found.sort_unstable();
        if !upwards {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }
}

impl Rows for Listed {
    fn end(&self) -> Mark {
        let last = if self.descending { 0 } else { u8::MAX };
        Mark(vec![last; self.mark_bytes])
    }

    fn count(&self, read: &Snapshot) -> Result<u64, OpError> {
        let mut count = 0u64;
        for front in &self.fronts {
            let more = match &self.counting {
                Counting::Blocks => read.counted(self.index, front)?,
                Counting::Quarters(within) => read.counted_within(self.index, front, within)?,
                Counting::Table => read.rows(self.index)?,
                Counting::Each => {
                    let each = read.count_up_to(self.index, front, usize::MAX)?;
                    u64::try_from(each).unwrap_or(u64::MAX)
                }
            };
            count = count.saturating_add(more);
        }
        Ok(count)
    }

    fn after(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        self.walk(read, mark, !self.descending, limit)
    }

    fn before(
        &self,
        read: &Snapshot,
        mark: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Mark>, OpError> {
        let mut found = self.walk(read, mark, self.descending, limit)?;
        found.reverse();
        Ok(found)
    }
}
