//! Where mail is kept that is not delivered, or that somebody may want to look at.

use std::{collections::BTreeMap, path::PathBuf};

use super::{by_category::ByCategory, method::Method};
use crate::{lookup::table::Maps, mail::category::Major};

/// See the module's text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QuarantineConfig {
    /// `$QUARANTINEDIR`
    pub folder: Option<PathBuf>,
    /// `$quarantine_subdir_levels` is not 0.
    pub has_folders: bool,
    /// How and where mail of each kind is kept, for those kinds that are.
    pub kinds: BTreeMap<Kind, Keeping>,
    /// `%local_delivery_aliases`: where the mail of some targets is kept instead of the folder.
    pub aliases: BTreeMap<String, Place>,
    /// `$mailfrom_to_quarantine`, without brackets: the reverse-path of copies that are mailed; the message's own if `None`.
    pub mail_from: Option<String>,
    /// `@spam_quarantine_bysender_to_maps`
    pub spam_by_sender: Maps,
    /// `%quarantine_to_maps_by_ccat`. It is asked before the targets of a kind.
    pub to_by_category: ByCategory,
}

/// What mail is kept for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Infected.
    Virus,
    /// Something in it is banned.
    Banned,
    /// At or above the kill level.
    Spam,
    /// It could not be looked into.
    Unchecked,
    /// Its header section is not as it should be.
    BadHeader,
    /// Nothing was found.
    Clean,
    /// All mail.
    Archive,
}

impl Kind {
    /// The kind for a category; `None` if mail of that category is not kept by itself.
    #[must_use]
    pub const fn of(major: Major) -> Option<Self> {
        Some(match major {
            Major::Virus => Self::Virus,
            Major::Banned => Self::Banned,
            Major::Spam => Self::Spam,
            Major::Unchecked => Self::Unchecked,
            Major::BadHeader => Self::BadHeader,
            Major::Clean => Self::Clean,
            _ => return None,
        })
    }
}

/// How and where mail of a kind is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// By which way.
    pub way: Way,
    /// Where, by recipient: an alias, or an address; nothing where it is not kept.
    pub to: Maps,
}

/// By which way a copy is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// As a file with a name of this form, or at the end of a mailbox; to an address by `$notify_method`.
    Local(String),
    /// To an address, by one of these.
    Mail(Vec<Method>),
}

/// Where the mail of an alias is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// A folder, or a mailbox; nothing if its mail is not kept.
    pub path: Option<PathBuf>,
    /// The form of a file's name, instead of the method's.
    pub name: Option<String>,
}

impl QuarantineConfig {
    /// True if there is a place for files.
    #[must_use]
    pub const fn has_folder(&self) -> bool {
        self.folder.is_some()
    }
}
