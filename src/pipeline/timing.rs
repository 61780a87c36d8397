//! Where the time of a message went, for the log at level 2.
//!
//! # Source
//! daemon.md 7.3.

use std::fmt;

use crate::sys::clock::monotonic_us;

/// A stopwatch that notes the end of each section.
#[derive(Debug)]
pub(super) struct Timing {
    last_us: u64,
    sections: Vec<(&'static str, u64)>,
}

impl Timing {
    /// Begins now; what came before, in milliseconds, is a section of its own.
    pub(super) fn new(before: &'static str, before_ms: u64) -> Self {
        Self {
            last_us: monotonic_us(),
            sections: vec![(before, before_ms.saturating_mul(1000))],
        }
    }

    /// The section that ends now.
    pub(super) fn note(&mut self, section: &'static str) {
        let now = monotonic_us();
        let spent = now.saturating_sub(self.last_us);
        self.last_us = now;
        self.sections.push((section, spent));
    }
}

/// `[total 88 ms] - SMTP DATA: 1.9 (2%)2, ...`
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.sections.iter().map(|(_, us)| us).sum();
        write!(f, "[total {} ms] - ", total.div_ceil(1000))?;
        let mut sum = 0;
        for (at, (name, us)) in self.sections.iter().enumerate() {
            sum += us;
            let share = |part: u64| (part * 100 + total / 2) / total.max(1);
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{name}: ")?;
            if *us >= 5000 {
                write!(f, "{}", (us + 500) / 1000)?;
            } else {
                write!(f, "{}.{}", us / 1000, us % 1000 / 100)?;
            }
            write!(f, " ({}%){}", share(*us), share(sum))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_their_share() {
        let timing = Timing {
            last_us: 0,
            sections: vec![("SMTP DATA", 1900), ("decode", 90_000), ("rundown", 8100)],
        };
        assert_eq!(
            timing.to_string(),
            "[total 100 ms] - SMTP DATA: 1.9 (2%)2, decode: 90 (90%)92, rundown: 8 (8%)100"
        );
    }
}
