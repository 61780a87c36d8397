//! How fast to fork: a child that dies before its first session makes the next fork wait.
//!
//! # Source
//! Postfix `master_spawn.c` (`use_count == 0`).

use std::time::Duration;

use crate::sys::clock::monotonic_ms;

/// First wait after a child that never served.
const FIRST: Duration = Duration::from_secs(1);
/// Longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// See the module's text.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    wait: Duration,
    until_ms: u64,
}

impl Throttle {
    /// A child died before its first session: the wait doubles. Gives the new wait.
    pub fn still_born(&mut self) -> Duration {
        self.still_born_at(monotonic_ms())
    }

    fn still_born_at(&mut self, now_ms: u64) -> Duration {
        // Several children that die together count once.
        if now_ms >= self.until_ms {
            self.wait = if self.wait.is_zero() {
                FIRST
            } else {
                (self.wait * 2).min(LONGEST)
            };
            self.until_ms =
                now_ms.saturating_add(u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX));
        }
        self.wait
    }

    /// A child served: forking is free again.
    pub const fn served(&mut self) {
        self.wait = Duration::ZERO;
        self.until_ms = 0;
    }

    /// True if a child may be forked now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.wait().is_none()
    }

    /// What is left to wait, if anything.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let left = self.until_ms.saturating_sub(monotonic_ms());
        (left > 0).then(|| Duration::from_millis(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_ends_with_a_session() {
        let mut throttle = Throttle::default();
        assert!(throttle.is_open());
        let (mut now, mut waits) = (1_000, Vec::new());
        for _ in 0..8 {
            let wait = throttle.still_born_at(now);
            assert_eq!(
                throttle.still_born_at(now),
                wait,
                "children that die together count once"
            );
            waits.push(wait.as_secs());
            now += u64::try_from(wait.as_millis()).unwrap();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        throttle.served();
        assert!(throttle.is_open());
        assert_eq!(throttle.still_born().as_secs(), 1);
        assert!(!throttle.is_open());
    }
}
