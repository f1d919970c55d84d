//! How far a long work is, on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::app::clock::Stopwatch;
use crate::ops::imports::Step;

/// How often a bar is drawn, and a line written.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(2);
/// Signs in a whole bar.
const BAR_SIGNS: u64 = 30;

/// Shows steps as they come.
pub struct Meter {
    terminal: bool,
    /// Bytes that there are to read, where that is known.
    size: Option<u64>,
    watch: Stopwatch,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    at: Duration,
    /// The last step, and whether it was shown.
    last: Option<(Step, bool)>,
}

impl Meter {
    #[must_use]
    pub fn new(size: Option<u64>) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            size,
            watch: Stopwatch::start(),
            shown: Mutex::default(),
        }
    }

    pub fn tell(&self, step: Step) {
        if let Step::Gone { channels, films } = step {
            // Before it happens, whatever else is shown.
            put(&format!(
                "no longer in the list: {channels} channels and {films} films\n"
            ));
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let another = match (&shown.last, &step) {
            (Some((Step::Read { .. }, is_shown)), Step::Channels { .. } | Step::Films { .. }) => {
                !is_shown
            }
            _ => false,
        };
        if another && !self.terminal {
            // The end of the reading, which nothing else tells.
            self.show_last(&mut shown);
        }
        let every = if self.terminal { BAR_EVERY } else { LINE_EVERY };
        let now = self.watch.elapsed();
        let is_time = now.saturating_sub(shown.at) >= every;
        shown.last = Some((step, false));
        if is_time {
            shown.at = now;
            self.show_last(&mut shown);
        }
    }

    /// Takes the bar away, or writes what was not written yet.
    pub fn end(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.terminal {
            put("\r\x1b[K");
        } else {
            self.show_last(&mut shown);
        }
    }

    fn show_last(&self, shown: &mut Shown) {
        let Some((step, is_shown)) = &mut shown.last else {
            return;
        };
        if std::mem::replace(is_shown, true) {
            return;
        }
        let (done, of, words) = match *step {
            Step::Read { bytes } => (bytes, self.size, read_words(bytes, self.size)),
            Step::Channels { done, of } => (
                u64::try_from(done).unwrap_or(u64::MAX),
                u64::try_from(of).ok(),
                format!("{done} of {of} channels are in step"),
            ),
            Step::Films { done, of } => (
                u64::try_from(done).unwrap_or(u64::MAX),
                u64::try_from(of).ok(),
                format!("{done} of {of} films are in step"),
            ),
            Step::Gone { .. } => return,
        };
        if self.terminal {
            put(&format!("\r{}{words}\x1b[K", bar(done, of)));
        } else {
            put(&format!("{words}\n"));
        }
    }
}

fn bar(done: u64, of: Option<u64>) -> String {
    let Some(of) = of.filter(|of| *of > 0) else {
        return String::new();
    };
    let full = done.min(of).saturating_mul(BAR_SIGNS).checked_div(of);
    let full = usize::try_from(full.unwrap_or(0)).unwrap_or(0);
    let empty = usize::try_from(BAR_SIGNS).unwrap_or(0).saturating_sub(full);
    format!("[{}{}] ", "#".repeat(full), " ".repeat(empty))
}

fn read_words(bytes: u64, of: Option<u64>) -> String {
    match of {
        Some(of) if of >= bytes => format!("read {} of {}", in_units(bytes), in_units(of)),
        _ => format!("read {}", in_units(bytes)),
    }
}

fn in_units(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes.div_euclid(1_000)),
        _ => format!("{} MB", bytes.div_euclid(1_000_000)),
    }
}

/// Nobody is there to hear that it cannot be shown.
fn put(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::{bar, in_units, read_words};

    #[test]
    fn bars_and_sizes_are_for_people() {
        assert_eq!(
            bar(5, Some(10)),
            format!("[{}{}] ", "#".repeat(15), " ".repeat(15))
        );
        assert_eq!(bar(20, Some(10)), format!("[{}] ", "#".repeat(30)));
        assert_eq!(bar(5, None), "");
        assert_eq!(in_units(9_999), "9999 bytes");
        assert_eq!(
            read_words(12_345, Some(240_000_000)),
            "read 12 kB of 240 MB"
        );
        assert_eq!(read_words(12_345, Some(10)), "read 12 kB");
    }
}
