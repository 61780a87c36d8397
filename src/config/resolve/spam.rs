//! Levels, lists and points of senders.
//!
//! # Source
//! content.md 5.5, 5.6.

use std::collections::BTreeMap;

use super::{maps, reader::Reader};
use crate::{
    config::{error::ConfigError, spam::SpamPolicy, value::Value},
    lookup::{
        by_recipient::ByRecipient,
        table::{Maps, Scalar, Table},
    },
};

/// All that is decided about scores.
pub(super) fn policy(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> SpamPolicy {
    let policy = SpamPolicy {
        tag: levels(reader, "@spam_tag_level_maps", "$sa_tag_level_deflt"),
        tag2: levels(reader, "@spam_tag2_level_maps", "$sa_tag2_level_deflt"),
        tag3: levels(reader, "@spam_tag3_level_maps", "$sa_tag3_level_deflt"),
        kill: levels(reader, "@spam_kill_level_maps", "$sa_kill_level_deflt"),
        dsn_cutoff: levels(
            reader,
            "@spam_dsn_cutoff_level_maps",
            "$sa_dsn_cutoff_level",
        ),
        quarantine_cutoff: levels(
            reader,
            "@spam_quarantine_cutoff_level_maps",
            "$sa_quarantine_cutoff_level",
        ),
        whitelist: maps::with_members(reader, "@whitelist_sender_maps"),
        blacklist: maps::with_members(reader, "@blacklist_sender_maps"),
        own_whitelists: own(reader, "$per_recip_whitelist_sender_lookup_tables"),
        own_blacklists: own(reader, "$per_recip_blacklist_sender_lookup_tables"),
        sender_points: points(reader),
        trusted_authserv_ids: reader
            .words("@trusted_authserv_ids")
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .collect(),
        subject_tag: or_scalar(reader, "@spam_subject_tag_maps", "$sa_spam_subject_tag1"),
        subject_tag2: or_scalar(reader, "@spam_subject_tag2_maps", "$sa_spam_subject_tag"),
        subject_tag3: maps::maps(reader, "@spam_subject_tag3_maps"),
        undecipherable_subject_tag: reader.optional_text("$undecipherable_subject_tag"),
        level_char: reader.text("$sa_spam_level_char"),
        removes_existing: or_scalar(
            reader,
            "@remove_existing_spam_headers_maps",
            "$remove_existing_spam_headers",
        ),
    };
    let has_whitelist =
        !policy.whitelist.tables.is_empty() || !policy.own_whitelists.maps.is_empty();
    if has_whitelist && policy.trusted_authserv_ids.is_empty() {
        let what = "white lists know the envelope sender only: the From field is anybody's word";
        warnings.push(ConfigError::general(what).advise(
            "name who adds Authentication-Results fields here in @trusted_authserv_ids, and authors count where DMARC or DKIM passed",
        ));
    }
    policy
}

/// Maps, or the scalar they stand for by default.
fn or_scalar(reader: &mut Reader<'_>, name: &'static str, scalar: &'static str) -> Maps {
    if reader.is_set(name) {
        return maps::maps(reader, name);
    }
    maps::from_items(reader, name, &[Value::Reference(scalar.to_owned())])
}

/// The same; whatever they say must be a number, or nothing.
fn levels(reader: &mut Reader<'_>, name: &'static str, scalar: &'static str) -> Maps {
    let maps = or_scalar(reader, name, scalar);
    let mut wrong = Vec::new();
    for table in &maps.tables {
        let values: Vec<_> = match table {
            Table::Constant(value) => value.iter().collect(),
            Table::Hash(entries) => entries.values().flatten().collect(),
            Table::Patterns(entries) => entries.iter().filter_map(|e| e.result.as_ref()).collect(),
            // What a database holds is looked at when it is found.
            Table::List(_) | Table::Cdb(_) => Vec::new(),
        };
        let is_wrong = |value: &Scalar| !value.as_str().is_empty() && value.as_number().is_none();
        wrong.extend(values.into_iter().filter(|value| is_wrong(value)).cloned());
    }
    for value in wrong {
        reader.complain(name, format!("{:?} is no number", value.as_str()));
    }
    maps
}

/// A hash from recipients to one lookup table each.
fn own(reader: &mut Reader<'_>, name: &str) -> ByRecipient {
    let mut found = ByRecipient {
        rules: maps::rules(reader),
        ..ByRecipient::default()
    };
    match reader.value(name) {
        Value::Undef => {}
        Value::Map(entries) => {
            let mut map = BTreeMap::new();
            for (key, table) in entries {
                map.insert(key, maps::from_items(reader, name, &[table]));
            }
            found.maps.push(map);
        }
        other => {
            let what = format!("expected a table by recipient, found {}", other.kind());
            reader.complain(name, what);
        }
    }
    found
}

const POINTS: &str = "@score_sender_maps";

/// Hashes from recipients to lists of lookup tables.
fn points(reader: &mut Reader<'_>) -> ByRecipient {
    let mut found = ByRecipient {
        rules: maps::rules(reader),
        ..ByRecipient::default()
    };
    let items = match reader.value(POINTS) {
        Value::Undef => Vec::new(),
        Value::List(items) => items,
        other => vec![other],
    };
    for item in items {
        let item = match item {
            Value::Reference(name) => reader.value(&name),
            item => item,
        };
        let entries = match item {
            Value::Map(entries) => entries,
            Value::Undef => continue,
            // Tables for everybody.
            other => BTreeMap::from([(".".to_owned(), other)]),
        };
        let mut map = BTreeMap::new();
        for (key, tables) in entries {
            let tables = match tables {
                Value::List(tables) => tables,
                other => vec![other],
            };
            map.insert(key, maps::from_items(reader, POINTS, &tables));
        }
        found.maps.push(map);
    }
    found
}
