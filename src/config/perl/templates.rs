//! The texts of notifications in a language: `read_l10n_templates`.
//!
//! # Source
//! daemon.md 8.3, content.md 9 (names of the files).

use std::path::Path;

use super::World;
use crate::config::error::ConfigError;

/// Files of a language's folder, and the settings that take their texts.
const FILES: [(&str, &str); 6] = [
    ("template-dsn.txt", "$notify_sender_templ"),
    ("template-virus-sender.txt", "$notify_virus_sender_templ"),
    ("template-virus-admin.txt", "$notify_virus_admin_templ"),
    ("template-virus-recipient.txt", "$notify_virus_recips_templ"),
    ("template-spam-sender.txt", "$notify_spam_sender_templ"),
    ("template-spam-admin.txt", "$notify_spam_admin_templ"),
];

/// Reads the texts in `folder`; names of settings, and their texts.
///
/// # Errors
/// The first file that was not read.
pub(super) fn read(
    folder: &Path,
    world: &dyn World,
) -> Result<Vec<(&'static str, String)>, ConfigError> {
    FILES
        .iter()
        .map(|(file, setting)| Ok((*setting, world.read_text(&folder.join(file))?)))
        .collect()
}
