//! When to kill a child. Pure: reports and times in, verdicts out.
//!
//! # Guards
//! Decision 27: what a slot says is gossip. "No deadline" is believed in stage idle only, a deadline is capped, and a slot that makes
//! no sense is a reason to kill.
//!
//! # Source
//! architecture 5.4, "hard" limit.

use std::time::Duration;

use crate::scoreboard::{Report, Stage};

/// The limits by which children are judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// What a child may take beyond its own deadline.
    pub grace_ms: u64,
    /// The longest that any one deadline may lie ahead.
    pub cap_ms: u64,
    /// What a child may take from its fork to its first wait.
    pub start_ms: u64,
}

impl Limits {
    /// Limits for a configuration.
    #[must_use]
    pub fn new(child_timeout: Duration, smtpd_timeout: Duration) -> Self {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let grace = (child_timeout / 8).clamp(Duration::from_secs(1), Duration::from_secs(10));
        Self {
            grace_ms: ms(grace),
            cap_ms: ms(child_timeout.max(smtpd_timeout)).saturating_add(1000),
            start_ms: 30_000,
        }
    }
}

/// What the master remembers of a child between two looks; its own memory, not the child's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watch {
    /// When the child was forked.
    pub born_ms: u64,
    /// Stage and deadline at the last look, and when they were first seen.
    seen: (Option<Stage>, u64),
    since_ms: u64,
}

/// What to do with a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// Kill it, for this reason.
    Kill(&'static str),
}

impl Watch {
    /// A child forked now.
    #[must_use]
    pub const fn new(now_ms: u64) -> Self {
        Self {
            born_ms: now_ms,
            seen: (None, 0),
            since_ms: now_ms,
        }
    }

    /// Looks at what the slot says of the child with process id `pid`.
    pub fn judge(&mut self, pid: u32, report: &Report, limits: Limits, now_ms: u64) -> Verdict {
        if report.pid != pid {
            return Verdict::Kill("its slot was overwritten");
        }
        let Some(stage) = report.stage else {
            return Verdict::Kill("its slot holds garbage");
        };
        let seen = (Some(stage), report.deadline_ms);
        if self.seen != seen {
            self.seen = seen;
            self.since_ms = now_ms;
        }
        let limit = match stage {
            Stage::Idle => return Verdict::Fine,
            Stage::Starting => self.born_ms.saturating_add(limits.start_ms),
            // Only an idle child has no deadline: this one gets the longest there is.
            _ if report.deadline_ms == 0 => self.since_ms.saturating_add(limits.cap_ms),
            _ => report
                .deadline_ms
                .min(self.since_ms.saturating_add(limits.cap_ms)),
        };
        if now_ms >= limit.saturating_add(limits.grace_ms) {
            Verdict::Kill("its deadline has passed")
        } else {
            Verdict::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        grace_ms: 10,
        cap_ms: 1000,
        start_ms: 300,
    };

    fn report(stage: Option<Stage>, deadline_ms: u64) -> Report {
        Report {
            pid: 7,
            generation: 1,
            started_ms: 0,
            stage,
            since_ms: 0,
            deadline_ms,
            sessions: 0,
            tasks: 0,
            ident: None,
        }
    }

    /// Verdicts at each time, for a child born at 0 that reports the same all along.
    fn killed_at(report: &Report) -> Option<u64> {
        let mut watch = Watch::new(0);
        (0..5000).find(|&now| watch.judge(7, report, LIMITS, now) != Verdict::Fine)
    }

    #[test]
    fn children_are_killed_when_they_must_be() {
        let cases = [
            ("idle has no deadline", report(Some(Stage::Idle), 0), None),
            ("idle, whatever it says", report(Some(Stage::Idle), 5), None),
            (
                "its own deadline and the grace",
                report(Some(Stage::Delivering), 500),
                Some(510),
            ),
            (
                "a deadline is capped",
                report(Some(Stage::Delivering), u64::MAX),
                Some(1010),
            ),
            (
                "busy without a deadline",
                report(Some(Stage::Receiving), 0),
                Some(1010),
            ),
            (
                "starting takes too long",
                report(Some(Stage::Starting), 0),
                Some(310),
            ),
            ("garbage", report(None, 0), Some(0)),
            (
                "another process id",
                Report {
                    pid: 8,
                    ..report(Some(Stage::Idle), 0)
                },
                Some(0),
            ),
        ];
        for (name, report, want) in cases {
            assert_eq!(killed_at(&report), want, "{name}");
        }
    }

    #[test]
    fn progress_moves_the_cap() {
        let mut watch = Watch::new(0);
        for now in (0..100_000).step_by(100) {
            let verdict = watch.judge(7, &report(Some(Stage::Receiving), now + 900), LIMITS, now);
            assert_eq!(verdict, Verdict::Fine, "{now}");
        }
    }

    #[test]
    fn limits_follow_the_configuration() {
        let limits = Limits::new(Duration::from_secs(480), Duration::from_secs(480));
        assert_eq!((limits.grace_ms, limits.cap_ms), (10_000, 481_000));
        let limits = Limits::new(Duration::from_secs(2), Duration::from_secs(5));
        assert_eq!((limits.grace_ms, limits.cap_ms), (1_000, 6_000));
    }
}
