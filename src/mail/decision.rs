//! Decisions: what shall happen to a message for one recipient.

use super::category::{Category, Major};

/// What a recipient's copy is destined for.
///
/// The numbers are those of the configuration's `D_*` constants (daemon.md 8.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Destiny {
    /// `D_PASS` (1): deliver.
    #[default]
    Pass,
    /// `D_DISCARD` (0): accept and throw away.
    Discard,
    /// `D_BOUNCE` (-2): accept and report to the sender.
    Bounce,
    /// `D_REJECT` (-3): refuse in the session.
    Reject,
    /// `D_TEMPFAIL` (-4): refuse for now.
    TempFail,
}

impl Destiny {
    /// The destiny that a configuration value stands for.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::Pass,
            0 => Self::Discard,
            -2 => Self::Bounce,
            -3 => Self::Reject,
            -4 => Self::TempFail,
            _ => return None,
        })
    }

    /// The destiny with this name, `D_PASS` and the like; TOML has no constants, so there it is a text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "D_PASS" => Self::Pass,
            "D_DISCARD" => Self::Discard,
            "D_BOUNCE" => Self::Bounce,
            "D_REJECT" => Self::Reject,
            "D_TEMPFAIL" => Self::TempFail,
            _ => return None,
        })
    }

    /// The destiny that a number or a name stands for.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let number = text.trim().parse().ok().and_then(Self::from_number);
        number.or_else(|| Self::from_name(text))
    }

    /// Its name, as [`Self::from_name`] understands it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "D_PASS",
            Self::Discard => "D_DISCARD",
            Self::Bounce => "D_BOUNCE",
            Self::Reject => "D_REJECT",
            Self::TempFail => "D_TEMPFAIL",
        }
    }
}

/// The decision for one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The category that decided, and that the log names.
    pub category: Category,
    /// The highest category of all that was found, whether it decided or not.
    pub main: Category,
    /// All that was found, in the order in which it was.
    pub found: Vec<Category>,
    /// What happens.
    pub destiny: Destiny,
    /// What of the message decided, for the log and the reply: `.exe,.exe-ms,hello.exe`; printable.
    pub reason: Option<String>,
    /// The sender is not told.
    pub is_silent: bool,
    /// A copy is kept, of this category.
    pub kept_as: Option<Major>,
    /// Header fields to put on top, without line end, in order.
    pub added_fields: Vec<String>,
    /// `X-Spam` fields are put in.
    pub is_scored: bool,
    /// They say that it is spam.
    pub is_spam: bool,
    /// The destiny of spam holds.
    pub is_killed: bool,
}

impl Decision {
    /// True if something of a category was found.
    #[must_use]
    pub fn has(&self, major: Major) -> bool {
        self.found.iter().any(|category| category.major == major)
    }

    /// Deliver unchanged.
    #[must_use]
    pub const fn pass(category: Category) -> Self {
        Self {
            category,
            main: category,
            found: Vec::new(),
            destiny: Destiny::Pass,
            reason: None,
            is_silent: false,
            kept_as: None,
            added_fields: Vec::new(),
            is_scored: false,
            is_spam: false,
            is_killed: false,
        }
    }
}
