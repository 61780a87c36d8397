//! What is decided about scores.
//!
//! # Source
//! content.md 1.4, 5.5, 5.6.

use crate::lookup::{by_recipient::ByRecipient, table::Maps};

/// All that is decided about scores.
#[derive(Clone, PartialEq, Debug)]
pub struct SpamPolicy {
    /// `@spam_tag_level_maps`
    pub tag: Maps,
    /// `@spam_tag2_level_maps`
    pub tag2: Maps,
    /// `@spam_tag3_level_maps`
    pub tag3: Maps,
    /// `@spam_kill_level_maps`
    pub kill: Maps,
    /// `@spam_dsn_cutoff_level_maps`
    pub dsn_cutoff: Maps,
    /// `@spam_quarantine_cutoff_level_maps`
    pub quarantine_cutoff: Maps,
    /// `@whitelist_sender_maps`
    pub whitelist: Maps,
    /// `@blacklist_sender_maps`
    pub blacklist: Maps,
    /// `$per_recip_whitelist_sender_lookup_tables`
    pub own_whitelists: ByRecipient,
    /// `$per_recip_blacklist_sender_lookup_tables`
    pub own_blacklists: ByRecipient,
    /// `@score_sender_maps`
    pub sender_points: ByRecipient,
    /// `@trusted_authserv_ids`, in lower case
    pub trusted_authserv_ids: Vec<String>,
    /// `@spam_subject_tag_maps`
    pub subject_tag: Maps,
    /// `@spam_subject_tag2_maps`
    pub subject_tag2: Maps,
    /// `@spam_subject_tag3_maps`
    pub subject_tag3: Maps,
    /// `$undecipherable_subject_tag`
    pub undecipherable_subject_tag: Option<String>,
    /// `$sa_spam_level_char`
    pub level_char: String,
    /// `@remove_existing_spam_headers_maps`
    pub removes_existing: Maps,
}

impl SpamPolicy {
    /// True if senders are on lists, or have points.
    #[must_use]
    pub fn has_lists(&self) -> bool {
        let lists = [&self.whitelist, &self.blacklist];
        let by_recipient = [
            &self.own_whitelists,
            &self.own_blacklists,
            &self.sender_points,
        ];
        lists.iter().any(|maps| !maps.tables.is_empty())
            || by_recipient.iter().any(|by| !by.maps.is_empty())
    }
}
