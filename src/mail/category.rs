//! Content categories: what a message was found to be, ordered by how much it matters.
//!
//! # Source
//! content.md (categories), daemon.md 3.4 and 7.2. The numbers appear in configuration keys (`'4,2'`) and must not change.

use std::fmt;

use super::finding::Unchecked;

/// Major category; a higher one outranks a lower one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[repr(u8)]
pub enum Major {
    /// 0: anything without a rule of its own.
    CatchAll = 0,
    /// 1: nothing was found.
    #[default]
    Clean = 1,
    /// 2: the next hop did not take it.
    Mta = 2,
    /// 3: larger than a recipient's limit.
    Oversized = 3,
    /// 4: header section that breaks RFC 5322.
    BadHeader = 4,
    /// 5: above the second tag level.
    Spammy = 5,
    /// 6: above the kill level.
    Spam = 6,
    /// 7: could not be looked into.
    Unchecked = 7,
    /// 8: a part's name or type is banned.
    Banned = 8,
    /// 9: infected.
    Virus = 9,
}

/// A major category with its minor number (0 where there is none).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Category {
    /// Major category.
    pub major: Major,
    /// Minor number; for [`Major::Mta`] 1 is temporary and 2 permanent.
    pub minor: u8,
}

impl Category {
    /// Nothing was found.
    pub const CLEAN: Self = Self {
        major: Major::Clean,
        minor: 0,
    };
    /// The next hop refused for now.
    pub const MTA_TEMPORARY: Self = Self {
        major: Major::Mta,
        minor: 1,
    };
    /// The next hop refused for good.
    pub const MTA_REJECTED: Self = Self {
        major: Major::Mta,
        minor: 2,
    };
    /// Larger than the recipient's limit.
    pub const OVERSIZED: Self = Self {
        major: Major::Oversized,
        minor: 0,
    };
    /// Infected.
    pub const VIRUS: Self = Self {
        major: Major::Virus,
        minor: 0,
    };
    /// At or above the kill level.
    pub const SPAM: Self = Self {
        major: Major::Spam,
        minor: 0,
    };
    /// Something in it is banned.
    pub const BANNED: Self = Self {
        major: Major::Banned,
        minor: 0,
    };

    /// Not looked into, or not wholly.
    #[must_use]
    pub const fn unchecked(cause: Unchecked) -> Self {
        Self {
            major: Major::Unchecked,
            minor: cause as u8,
        }
    }

    /// At or above the second tag level; or the third.
    #[must_use]
    pub const fn spammy(is_third: bool) -> Self {
        Self {
            major: Major::Spammy,
            minor: is_third as u8,
        }
    }

    /// Its header section is not as it should be.
    #[must_use]
    pub const fn bad_header(minor: u8) -> Self {
        Self {
            major: Major::BadHeader,
            minor,
        }
    }
}

impl Category {
    /// Its name for people: `Clean`, `BadHdr8bit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.major, self.minor) {
            (Major::CatchAll, _) => "CatchAll",
            (Major::Clean, 1) => "CleanTag",
            (Major::Clean, _) => "Clean",
            (Major::Mta, 1) => "MtaTempFailed",
            (Major::Mta, 2) => "MtaRejected",
            (Major::Mta, _) => "MtaFailed",
            (Major::Oversized, _) => "Oversized",
            (Major::BadHeader, 1) => "BadHdrMime",
            (Major::BadHeader, 2) => "BadHdr8bit",
            (Major::BadHeader, 3) => "BadHdrChar",
            (Major::BadHeader, 4) => "BadHdrSpace",
            (Major::BadHeader, 5) => "BadHdrLong",
            (Major::BadHeader, 6) => "BadHdrSyntax",
            (Major::BadHeader, 7) => "BadHdrMissing",
            (Major::BadHeader, 8) => "BadHdrDupl",
            (Major::BadHeader, _) => "BadHdr",
            (Major::Spammy, 1) => "Spammy3",
            (Major::Spammy, _) => "Spammy",
            (Major::Spam, _) => "Spam",
            (Major::Unchecked, 1) => "UncheckedEncrypted",
            (Major::Unchecked, 2) => "UncheckedOverLimits",
            (Major::Unchecked, 3) => "UncheckedAmbiguousContent",
            (Major::Unchecked, _) => "Unchecked",
            (Major::Banned, _) => "Banned",
            (Major::Virus, _) => "Virus",
        }
    }
}

/// The word of the main log entry, such as `CLEAN` or `BAD-HEADER-7`.
impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.major {
            Major::CatchAll => "OTHER",
            Major::Clean => "CLEAN",
            Major::Mta => "MTA-BLOCKED",
            Major::Oversized => "OVERSIZED",
            Major::BadHeader => return write!(f, "BAD-HEADER-{}", self.minor),
            Major::Spammy => "SPAMMY",
            Major::Spam => "SPAM",
            Major::Unchecked if self.minor == 1 => "UNCHECKED-ENCRYPTED",
            Major::Unchecked => "UNCHECKED",
            Major::Banned => "BANNED",
            Major::Virus => "INFECTED",
        };
        f.write_str(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_category_is_the_greater_one() {
        assert!(Category::CLEAN < Category::MTA_TEMPORARY);
        assert!(Category::MTA_TEMPORARY < Category::MTA_REJECTED);
        assert!(Category::OVERSIZED < Category::unchecked(Unchecked::Undecodable));
        assert!(Major::Banned < Major::Virus);
    }
}
