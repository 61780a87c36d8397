//! How far a message is taken apart: one budget for all that is in it.
//!
//! # Guards
//! I8: unpacking is bounded in files, octets, levels and time. T9, D25: a limit is not a way past the scanners.
//!
//! # Source
//! content.md 2.6.

use std::time::Duration;

pub use crate::config::settled::UnpackConfig as Limits;
use crate::{mail::node::Limit, sys::clock::Deadline};

impl Limits {
    /// Levels that no setting can exceed: a level costs stack.
    pub const MOST_LEVELS: usize = 60;

    /// Octets that may be decoded from a message of `size` octets.
    #[must_use]
    pub fn quota(&self, size: u64) -> u64 {
        let grown = self.most_octets.min(size.saturating_mul(self.most_factor));
        self.least_octets
            .max(size.saturating_mul(self.least_factor))
            .max(grown)
    }
}

impl Default for Limits {
    /// What holds without a configuration: the defaults of the settings.
    fn default() -> Self {
        Self {
            levels: 30,
            files: 10_000,
            least_octets: 100 * 1024,
            least_factor: 5,
            most_octets: 300 << 20,
            most_factor: 500,
            cpu: Duration::from_secs(20),
            time: Duration::from_secs(60),
            memory: 768 << 20,
        }
    }
}

/// What is left of a message's limits.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    limits: Limits,
    quota: u64,
    octets: u64,
    files: usize,
    deadline: Deadline,
    over: Option<Limit>,
}

impl Budget {
    /// For a message of `size` octets that must be done by `deadline`.
    #[must_use]
    pub fn new(limits: Limits, size: u64, deadline: Deadline) -> Self {
        Self {
            limits,
            quota: limits.quota(size),
            octets: 0,
            files: 0,
            deadline: deadline.or_after(limits.time),
            over: None,
        }
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// When it must be done.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The limit that was reached first.
    #[must_use]
    pub const fn over(&self) -> Option<Limit> {
        self.over
    }

    /// Octets that may still be decoded.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.quota.saturating_sub(self.octets)
    }

    /// A limit was reached.
    pub const fn exceed(&mut self, limit: Limit) -> Limit {
        if self.over.is_none() {
            self.over = Some(limit);
        }
        limit
    }

    /// One thing more at `level`.
    ///
    /// # Errors
    /// The limit that forbids it.
    pub fn charge_file(&mut self, level: usize) -> Result<(), Limit> {
        let levels = self.limits.levels.min(Limits::MOST_LEVELS);
        if level > levels {
            return Err(self.exceed(Limit::Levels(levels)));
        }
        if self.files >= self.limits.files {
            return Err(self.exceed(Limit::Files(self.limits.files)));
        }
        self.files += 1;
        Ok(())
    }

    /// Some octets more.
    ///
    /// # Errors
    /// The limit that forbids it.
    pub fn charge_octets(&mut self, octets: u64) -> Result<(), Limit> {
        if octets > self.left() {
            return Err(self.exceed(Limit::Octets(self.quota)));
        }
        self.octets += octets;
        if self.deadline.has_passed() {
            return Err(self.exceed(Limit::Time));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_configuration_the_defaults_of_the_settings_hold() {
        let raw = crate::config::raw::RawConfig::default();
        let config = crate::config::resolve::resolve(&raw).unwrap();
        assert_eq!(config.unpack, Limits::default());
    }

    #[test]
    fn the_quota_is_the_documented_formula() {
        let limits = Limits::default();
        for (size, quota) in [
            (0, 100 * 1024),
            (1000, 500_000),
            (10 << 20, 300 << 20),
            (100 << 20, 500 << 20),
        ] {
            assert_eq!(limits.quota(size), quota, "{size}");
        }
    }

    #[test]
    fn the_first_limit_that_is_reached_is_kept() {
        let limits = Limits {
            files: 2,
            levels: 3,
            ..Limits::default()
        };
        let mut budget = Budget::new(limits, 0, Deadline::after(Duration::from_secs(9)));
        assert_eq!(budget.charge_octets(100 * 1024), Ok(()));
        assert_eq!(budget.charge_octets(1), Err(Limit::Octets(100 * 1024)));
        assert_eq!(budget.charge_file(4), Err(Limit::Levels(3)));
        assert_eq!(budget.charge_file(3), Ok(()));
        assert_eq!(budget.charge_file(1), Ok(()));
        assert_eq!(budget.charge_file(1), Err(Limit::Files(2)));
        assert_eq!(budget.over(), Some(Limit::Octets(100 * 1024)));
        let mut late = Budget::new(limits, 0, Deadline::after(Duration::ZERO));
        assert_eq!(late.charge_octets(0), Err(Limit::Time));
    }
}
