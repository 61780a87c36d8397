//! Where mail is kept.

use std::{collections::BTreeMap, path::PathBuf};

use super::{by_category, maps, notices::chain, reader::Reader};
use crate::config::{
    error::ConfigError,
    method::Method,
    quarantine::{Keeping, Kind, Place, QuarantineConfig, Way},
    value::Value,
};

/// Settings of a kind: method, tables of targets, target, prefix of names.
const KINDS: [(Kind, &str, &str, &str, &str); 7] = [
    (
        Kind::Virus,
        "$virus_quarantine_method",
        "@virus_quarantine_to_maps",
        "$virus_quarantine_to",
        "virus",
    ),
    (
        Kind::Banned,
        "$banned_files_quarantine_method",
        "@banned_quarantine_to_maps",
        "$banned_quarantine_to",
        "banned",
    ),
    (
        Kind::Spam,
        "$spam_quarantine_method",
        "@spam_quarantine_to_maps",
        "$spam_quarantine_to",
        "spam",
    ),
    (
        Kind::Unchecked,
        "$unchecked_quarantine_method",
        "@unchecked_quarantine_to_maps",
        "$unchecked_quarantine_to",
        "unchecked",
    ),
    (
        Kind::BadHeader,
        "$bad_header_quarantine_method",
        "@bad_header_quarantine_to_maps",
        "$bad_header_quarantine_to",
        "badh",
    ),
    (
        Kind::Clean,
        "$clean_quarantine_method",
        "@clean_quarantine_to_maps",
        "$clean_quarantine_to",
        "clean",
    ),
    (
        Kind::Archive,
        "$archive_quarantine_method",
        "@archive_quarantine_to_maps",
        "$archive_quarantine_to",
        "archive",
    ),
];

pub(super) fn quarantine(
    reader: &mut Reader<'_>,
    warnings: &mut Vec<ConfigError>,
) -> QuarantineConfig {
    let mut kinds = BTreeMap::new();
    for (kind, method, tables, target, prefix) in KINDS {
        if let Some(way) = way(reader, method, prefix, warnings) {
            let to = chain(reader, tables, &[target]);
            kinds.insert(kind, Keeping { way, to });
        }
    }
    QuarantineConfig {
        folder: reader.path("$QUARANTINEDIR"),
        has_folders: reader
            .optional_number("$quarantine_subdir_levels")
            .is_some_and(|levels| levels > 0),
        kinds,
        aliases: aliases(reader),
        mail_from: mail_from(reader),
        spam_by_sender: maps::maps(reader, "@spam_quarantine_bysender_to_maps"),
        to_by_category: by_category::tables(reader, "%quarantine_to_maps_by_ccat"),
    }
}

fn mail_from(reader: &mut Reader<'_>) -> Option<String> {
    const NAME: &str = "$mailfrom_to_quarantine";
    if !reader.is_set(NAME) || matches!(reader.value(NAME), Value::Undef) {
        return None;
    }
    let text = reader.text(NAME);
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    if let Err(error) = crate::mail::address::Address::parse(inner.as_bytes()) {
        reader.complain(NAME, format!("{text:?} is no address: {error}"));
    }
    Some(inner.to_owned())
}

/// By which way mail of a kind is kept; `None` if it is not.
fn way(
    reader: &mut Reader<'_>,
    name: &str,
    prefix: &str,
    warnings: &mut Vec<ConfigError>,
) -> Option<Way> {
    let words = reader.words(name);
    let first = words.first()?;
    let usual = format!("{prefix}-%m");
    if let Some(template) = first.strip_prefix("local:") {
        let template = if template.is_empty() {
            usual.as_str()
        } else {
            template
        };
        return template_of(reader, name, template).map(Way::Local);
    }
    let scheme = first
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if matches!(scheme.as_str(), "smtp" | "lmtp") {
        let mut methods = Vec::new();
        for word in &words {
            match Method::parse(word) {
                Ok(method) => methods.push(method),
                Err(error) => reader.complain(name, error),
            }
        }
        return Some(Way::Mail(methods));
    }
    let what = format!("{first:?} is not there yet: mail is kept in $QUARANTINEDIR instead");
    warnings.push(
        reader
            .at(name, what)
            .advise("use local:, smtp: or lmtp:, and see that $QUARANTINEDIR is set"),
    );
    Some(Way::Local(usual))
}

/// The form of file names that a method `local:` gives, if it is one.
fn template_of(reader: &mut Reader<'_>, name: &str, template: &str) -> Option<String> {
    let is_plain = template
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '%' | '-' | '_' | '.' | '+' | '/'));
    let is_inside = !template.starts_with('/') && template.split('/').all(|part| part != "..");
    if !is_plain || !is_inside {
        reader.complain(
            name,
            format!("{template:?} is no name of a file below $QUARANTINEDIR"),
        );
        return None;
    }
    if !template.contains("%m") {
        let what = format!("{template:?} is the same for every message: put %m into it");
        reader.complain(name, what);
        return None;
    }
    Some(template.to_owned())
}

const ALIASES: &str = "%local_delivery_aliases";

/// Where the mail of aliases is kept: a path, a pair of a path and a form of names, or nothing.
fn aliases(reader: &mut Reader<'_>) -> BTreeMap<String, Place> {
    let mut places = BTreeMap::new();
    let value = reader.value(ALIASES);
    let Value::Map(entries) = value else {
        if !matches!(value, Value::Undef) {
            reader.complain(ALIASES, format!("expected a table, found {}", value.kind()));
        }
        return places;
    };
    for (alias, value) in entries {
        let (path, name) = match &value {
            Value::Undef => (None, None),
            Value::Scalar(path) => (Some(path.clone()), None),
            Value::List(pair) => match pair.as_slice() {
                [Value::Scalar(path)] => (Some(path.clone()), None),
                [Value::Scalar(path), Value::Scalar(name)] => {
                    (Some(path.clone()), Some(name.clone()))
                }
                _ => {
                    let what = format!("{alias:?}: expected a path, or a path and a file name");
                    reader.complain(ALIASES, what);
                    continue;
                }
            },
            other => {
                let what = format!("{alias:?}: expected a path, found {}", other.kind());
                reader.complain(ALIASES, what);
                continue;
            }
        };
        let path = path.filter(|path| !path.is_empty()).map(PathBuf::from);
        if let Some(path) = path.as_ref().filter(|path| !path.is_absolute()) {
            let what = format!(
                "{alias:?}: {:?} is no absolute path",
                path.display().to_string()
            );
            reader.complain(ALIASES, what);
            continue;
        }
        let name = name.and_then(|name| template_of(reader, ALIASES, &name));
        places.insert(alias.to_lowercase(), Place { path, name });
    }
    places
}
