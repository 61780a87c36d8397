//! How mail is changed on its way: wrapped, sent to an address with an extension, repaired.

use super::by_category::ByCategory;
use crate::lookup::table::Maps;

/// See the module's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManglingConfig {
    /// Whose mail of a kind is wrapped.
    pub defang: Defang,
    /// What is put after the local part of a recipient's address.
    pub extension: Extension,
    /// `$replace_existing_extension`
    pub replaces_extension: bool,
    /// `$recipient_delimiter`: its first character; extensions are only put in where there is one.
    pub delimiter: Option<char>,
    /// `$allow_fixing_improper_header`, `$allow_fixing_improper_header_folding`: lines of white space are taken out of header sections.
    pub fixes_folding: bool,
    /// `$allow_fixing_improper_header`, `$allow_fixing_long_header_lines`: too long lines are cut there.
    pub fixes_long_lines: bool,
    /// `$always_bcc`; empty for nobody.
    pub always_bcc: String,
}

/// Whose mail is wrapped in a message of our own, by what was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Defang {
    /// `$defang_virus`
    pub virus: Maps,
    /// `$defang_banned`
    pub banned: Maps,
    /// `$defang_undecipherable`
    pub unchecked: Maps,
    /// `$defang_ambiguous`
    pub ambiguous: Maps,
    /// `$defang_spam`
    pub spam: Maps,
    /// `$defang_bad_header`
    pub bad_header: Maps,
    /// `$defang_all`
    pub all: Maps,
    /// `%defang_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
}

/// Extensions by recipient.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extension {
    /// `@addr_extension_virus_maps`
    pub virus: Maps,
    /// `@addr_extension_banned_maps`
    pub banned: Maps,
    /// `@addr_extension_spam_maps`
    pub spam: Maps,
    /// `@addr_extension_bad_header_maps`
    pub bad_header: Maps,
    /// `%addr_extension_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
}
