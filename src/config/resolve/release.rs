//! How mail leaves the quarantine.

use super::reader::Reader;
use crate::config::{
    release::{ReleaseConfig, ReleaseFormat},
    settled::IdentityConfig,
};

pub(super) fn release(reader: &mut Reader<'_>, identity: &IdentityConfig) -> ReleaseConfig {
    let mut format = |name: &str| {
        let word = reader.choice(name).unwrap_or_default();
        ReleaseFormat::from_name(word).unwrap_or_default()
    };
    ReleaseConfig {
        format: format("$release_format"),
        report_format: format("$report_format"),
        methods: reader.optional_methods("$release_method"),
        requeue: reader.optional_methods("$requeue_method"),
        needs_secret: reader.flag("$auth_required_release"),
        from: author(reader, "$hdrfrom_notify_release", identity),
        report_from: author(reader, "$hdrfrom_notify_report", identity),
    }
}

/// What stands in the From field of mail of our own: as set, or `"Content-filter at host" <postmaster@host>`.
pub(super) fn author(reader: &mut Reader<'_>, name: &str, identity: &IdentityConfig) -> String {
    let host = &identity.host_name;
    let text = reader
        .optional_text(name)
        .unwrap_or_else(|| format!("\"Content-filter at {host}\" <postmaster@{host}>"));
    if text.chars().any(char::is_control) {
        reader.complain(name, format!("{text:?} cannot stand in a header field"));
        return String::new();
    }
    let mut text = text;
    for variable in ["${myhostname_utf8}", "${myhostname_ascii}", "${myhostname}"] {
        text = text.replace(variable, host);
    }
    text
}
