//! Whether scanners are up: a state that all children share, with one log line for each change, and tries that become rarer.
//!
//! # Source
//! architecture (issue of failures), defects.md D19.

use super::failure::ScanError;
use crate::{
    log::Log,
    mail::id::LogId,
    scoreboard::{ScannerCell, Scoreboard},
    sys::clock::{Deadline, monotonic_ms, unix_seconds},
};

/// What it means that a spam engine is down.
pub(super) const NOT_SCORED: &str = "mail is NOT SCORED";
/// Pause after the first failure, milliseconds; it doubles with each one.
const FIRST_PAUSE: u64 = 1000;
/// Longest pause, milliseconds.
const LONGEST_PAUSE: u64 = 30_000;

/// Where scanners' states are kept, and who is told of changes.
#[derive(Clone, Copy, Debug)]
pub struct Health<'h> {
    /// Shared by all children; without one, every scanner is tried.
    pub board: Option<&'h Scoreboard>,
    /// Where changes are told.
    pub log: &'h Log,
}

impl Health<'_> {
    fn cell(&self, kind: &str, name: &str) -> Option<ScannerCell> {
        self.board.and_then(|board| board.scanner(kind, name))
    }

    /// Whether it was up when it was last asked; an error if it was not, and it is not time for the next try.
    ///
    /// Only one child at a time tries what is down: the others wait until it knows, or has died.
    pub(super) fn admit(
        &self,
        kind: &str,
        name: &str,
        deadline: Deadline,
    ) -> Result<bool, ScanError> {
        let Some(cell) = self.cell(kind, name) else {
            return Ok(true);
        };
        let now = monotonic_ms();
        let is_up = cell.is_up();
        let patience = u64::try_from(deadline.remaining().as_millis()).unwrap_or(u64::MAX);
        if cell.may_try(now, pause(cell.failures()).max(patience)) {
            return Ok(is_up);
        }
        Err(ScanError::Down(
            cell.next_ms().saturating_sub(now).div_ceil(1000),
        ))
    }

    /// Notes how it went.
    pub(super) fn note(
        &self,
        kind: &str,
        name: &str,
        failure: Option<&ScanError>,
        log_id: Option<&LogId>,
    ) {
        let Some(cell) = self.cell(kind, name) else {
            return;
        };
        match failure {
            None => {
                if let Some(since) = cell.answer() {
                    let spell = unix_seconds().saturating_sub(since);
                    self.log.write(
                        0,
                        log_id,
                        format_args!("{kind} scanner {name} is up again, after {spell} s"),
                    );
                }
            }
            Some(ScanError::Down(_)) => {}
            Some(error) if error.is_about_message() => {}
            Some(error) => {
                let pause = pause(cell.failures());
                let mut why = error.to_string();
                if kind == super::spam::KIND && !why.contains(NOT_SCORED) {
                    why = format!("{why}; {NOT_SCORED} by it until it answers");
                }
                let is_certain = !error.may_be_about_message();
                if cell.fail(&why, is_certain, unix_seconds(), monotonic_ms() + pause) {
                    self.log.write(
                        -2,
                        log_id,
                        format_args!("{kind} scanner {name} is down: {why}"),
                    );
                }
            }
        }
    }
}

fn pause(failures: u64) -> u64 {
    let shift = u32::try_from(failures).unwrap_or(u32::MAX).min(10);
    (FIRST_PAUSE << shift).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::log::Settings;

    #[test]
    fn one_child_tries_what_is_down_and_the_others_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 2).unwrap();
        let log = Log::open(Settings {
            level: i32::MIN,
            ..Settings::default()
        })
        .unwrap();
        let health = Health {
            board: Some(&board),
            log: &log,
        };
        let deadline = Deadline::after(Duration::from_secs(60));
        let admit = || health.admit("virus", "clamd", deadline);
        assert!(admit().is_ok_and(|is_up| is_up));
        let error = ScanError::TimedOut("clamd".to_owned());
        health.note("virus", "clamd", Some(&error), None);
        assert!(matches!(admit(), Err(ScanError::Down(1))), "for a second");
        // That second is over.
        let cell = board.scanner("virus", "clamd").unwrap();
        assert!(!cell.fail("timed out", true, 1, 0));
        assert!(admit().is_ok_and(|is_up| !is_up), "one tries");
        let Err(ScanError::Down(seconds)) = admit() else {
            panic!("and another one")
        };
        assert!((50..=60).contains(&seconds), "{seconds}");
        health.note("virus", "clamd", None, None);
        assert!(admit().is_ok_and(|is_up| is_up));
    }

    #[test]
    fn tries_become_rarer() {
        let pauses: Vec<u64> = (0..8).map(pause).collect();
        assert_eq!(
            pauses,
            [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
        );
    }
}
