//! What is known of a scanner, shared by all children.
//!
//! Every child writes here. A change of state is made by compare-and-swap, so that exactly one child sees that it made the change.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    Scoreboard,
    layout::{HEALTH, SCANNER, SCANNERS, scanner},
    report::{store_text, text},
};

/// One scanner's place.
#[derive(Clone, Copy, Debug)]
pub struct ScannerCell {
    words: &'static [AtomicU64],
}

/// What is known of a scanner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScannerState {
    /// Its name, printable.
    pub name: String,
    /// Failing since, seconds since 1970; 0 if it is up.
    pub failing_since: u64,
    /// Not to be tried before, milliseconds of the monotonic clock.
    pub next_ms: u64,
    /// Failures in a row.
    pub failures: u64,
    /// Answers in all.
    pub answers: u64,
    /// Failures in all.
    pub failed: u64,
    /// Why it failed last.
    pub why: String,
}

impl Scoreboard {
    /// The place of a scanner; a new one gets a free place. `None` if there is none.
    #[must_use]
    pub fn scanner(&self, kind: &str, name: &str) -> Option<ScannerCell> {
        let key = key_of(kind, name);
        for at in 0..SCANNERS {
            let cell = self.scanner_cell(at)?;
            let word = cell.words.get(scanner::KEY)?;
            match word.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    let (first, count) = scanner::NAME;
                    let place = cell.words.get(first..first + count).unwrap_or_default();
                    store_text(place, name.as_bytes());
                    return Some(cell);
                }
                Err(known) if known == key => return Some(cell),
                Err(_) => {}
            }
        }
        None
    }

    /// All scanners that are known.
    #[must_use]
    pub fn scanners(&self) -> Vec<ScannerState> {
        let cells = (0..SCANNERS).filter_map(|at| self.scanner_cell(at));
        cells.filter_map(ScannerCell::state).collect()
    }

    fn scanner_cell(&self, at: usize) -> Option<ScannerCell> {
        let words = self.part(HEALTH + at * SCANNER, SCANNER);
        (words.len() == SCANNER).then_some(ScannerCell { words })
    }
}

/// FNV-1a, never 0: the same in every process.
fn key_of(kind: &str, name: &str) -> u64 {
    let octets = kind.bytes().chain([0]).chain(name.bytes());
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

impl ScannerCell {
    fn get(self, at: usize) -> u64 {
        self.words
            .get(at)
            .map_or(0, |word| word.load(Ordering::Acquire))
    }

    fn swap(self, at: usize, old: u64, new: u64) -> bool {
        self.words.get(at).is_some_and(|word| {
            word.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
        })
    }

    fn add(self, at: usize) -> u64 {
        self.words
            .get(at)
            .map_or(0, |word| word.fetch_add(1, Ordering::AcqRel))
    }

    /// What is known; `None` for a free place.
    #[must_use]
    pub fn state(self) -> Option<ScannerState> {
        let read = |(first, count): (usize, usize)| {
            text(self.words.get(first..first + count).unwrap_or_default())
        };
        (self.get(scanner::KEY) != 0).then(|| ScannerState {
            name: read(scanner::NAME),
            failing_since: self.get(scanner::FAILING),
            next_ms: self.get(scanner::NEXT),
            failures: self.get(scanner::FAILURES),
            answers: self.get(scanner::ANSWERS),
            failed: self.get(scanner::FAILED),
            why: read(scanner::WHY),
        })
    }

    /// False if it is down and it is not yet time to try: only one child gets the next try, and the others wait `pause_ms` more.
    #[must_use]
    pub fn may_try(self, now_ms: u64, pause_ms: u64) -> bool {
        if self.get(scanner::FAILING) == 0 {
            return true;
        }
        let next = self.get(scanner::NEXT);
        now_ms >= next && self.swap(scanner::NEXT, next, now_ms + pause_ms)
    }

    /// True unless it failed when it was last asked.
    #[must_use]
    pub fn is_up(self) -> bool {
        self.get(scanner::FAILING) == 0
    }

    /// When the next try is due, milliseconds of the monotonic clock.
    #[must_use]
    pub fn next_ms(self) -> u64 {
        self.get(scanner::NEXT)
    }

    /// Failures in a row.
    #[must_use]
    pub fn failures(self) -> u64 {
        self.get(scanner::FAILURES)
    }

    /// It failed; true if it was up until now, and is down from now on. One failure that may be the message's fault is not enough for
    /// that: several in a row are.
    pub fn fail(self, why: &str, is_certain: bool, now_unix: u64, next_ms: u64) -> bool {
        const ENOUGH: u64 = 3;
        self.add(scanner::FAILED);
        let in_a_row = self.add(scanner::FAILURES) + 1;
        if let Some(word) = self.words.get(scanner::NEXT) {
            word.store(next_ms, Ordering::Release);
        }
        let (first, count) = scanner::WHY;
        let place = self.words.get(first..first + count).unwrap_or_default();
        store_text(place, why.as_bytes());
        (is_certain || in_a_row >= ENOUGH) && self.swap(scanner::FAILING, 0, now_unix.max(1))
    }

    /// It answered; since when it had not, in seconds since 1970, if this is a change.
    pub fn answer(self) -> Option<u64> {
        self.add(scanner::ANSWERS);
        if self.get(scanner::FAILURES) != 0
            && let Some(word) = self.words.get(scanner::FAILURES)
        {
            word.store(0, Ordering::Release);
        }
        let since = self.get(scanner::FAILING);
        (since != 0 && self.swap(scanner::FAILING, since, 0)).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_child_sees_each_change() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 1).unwrap();
        let cell = board.scanner("virus", "clamd").unwrap();
        let same = board.scanner("virus", "clamd").unwrap();
        let other = board.scanner("spam", "clamd").unwrap();
        assert!(cell.may_try(0, 100));
        assert!(cell.fail("refused", true, 77, 1000));
        assert!(!same.fail("refused", true, 78, 2000));
        assert!(other.may_try(0, 100), "another scanner");
        assert!(!same.may_try(1999, 100));
        assert!(same.may_try(2000, 100));
        assert!(!cell.may_try(2000, 100), "another child tries");
        let state = &board.scanners()[0];
        assert_eq!(
            (state.name.as_str(), state.failing_since, state.failures),
            ("clamd", 77, 2)
        );
        assert_eq!(state.why, "refused");
        assert_eq!(cell.answer(), Some(77));
        assert_eq!(same.answer(), None);
        assert_eq!(board.scanners().len(), 2);
    }

    #[test]
    fn a_message_that_nobody_can_scan_does_not_bring_a_scanner_down() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 1).unwrap();
        let cell = board.scanner("virus", "clamd").unwrap();
        for _ in 0..5 {
            assert!(!cell.fail("strange", false, 1, 0));
            assert!(!cell.fail("strange", false, 1, 0));
            assert_eq!(cell.answer(), None);
        }
        assert!(!cell.fail("strange", false, 1, 0));
        assert!(!cell.fail("strange", false, 1, 0));
        assert!(cell.fail("strange", false, 1, 0), "three in a row");
        assert!(!cell.is_up());
    }
}
