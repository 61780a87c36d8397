//! Who is told of mail that was not clean, in which words.

use super::by_category::ByCategory;
use crate::{lookup::table::Maps, template::Template};

/// See the module's text.
#[derive(Clone, PartialEq, Debug)]
pub struct NoticesConfig {
    /// Whom of the administrators.
    pub admins: Admins,
    /// Recipients who are told.
    pub warned: Warned,
    /// `$warn_offsite`: recipients that are not ours are told, too.
    pub warns_offsite: bool,
    /// `@spam_notifyadmin_cutoff_level_maps`
    pub spam_admin_cutoff: Maps,
    /// For administrators.
    pub admin: Author,
    /// For administrators, about spam.
    pub spam_admin: Author,
    /// For recipients.
    pub recipient: Author,
    /// For senders.
    pub sender: Author,
    /// The texts.
    pub texts: Texts,
    /// `$dsn_bcc`; empty for none.
    pub dsn_bcc: String,
    /// Most notices to administrators in an hour and a child; 0 is no limit.
    pub admin_rate: u64,
}

/// Addresses of administrators, by recipient.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admins {
    /// `@virus_admin_maps`
    pub virus: Maps,
    /// `@newvirus_admin_maps`
    pub new_virus: Maps,
    /// `@banned_admin_maps`
    pub banned: Maps,
    /// `@spam_admin_maps`
    pub spam: Maps,
    /// `@bad_header_admin_maps`
    pub bad_header: Maps,
    /// `%admin_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
}

/// Recipients who are told of mail that they do not get, or should take care with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Warned {
    /// `@warnvirusrecip_maps`
    pub virus: Maps,
    /// `@warnbannedrecip_maps`
    pub banned: Maps,
    /// `@warnbadhrecip_maps`
    pub bad_header: Maps,
    /// `%warnrecip_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
}

/// From whom a notice comes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Author {
    /// What stands in its From field.
    pub from: String,
    /// Its reverse-path, without brackets; `None` is the address in the From field.
    pub mail_from: Option<String>,
}

/// The texts, as templates; an empty one ends notices of its kind.
#[derive(Clone, PartialEq, Debug)]
pub struct Texts {
    /// `$notify_sender_templ`
    pub sender: Template,
    /// `$notify_virus_sender_templ`
    pub virus_sender: Template,
    /// `$notify_spam_sender_templ`
    pub spam_sender: Template,
    /// `$notify_virus_admin_templ`
    pub virus_admin: Template,
    /// `$notify_spam_admin_templ`
    pub spam_admin: Template,
    /// `$notify_virus_recips_templ`
    pub virus_recipient: Template,
    /// `$notify_spam_recips_templ`
    pub spam_recipient: Template,
}
