//! Banned rules of a recipient.
//!
//! # Source
//! content.md 2.9 (`banned_filename_maps`, `%banned_rules`).

use super::{maps, reader::Reader};
use crate::{
    config::value::Value,
    lookup::{
        key::Keys,
        table::{PatternEntry, Table},
    },
};

const MAPS: &str = "@banned_filename_maps";
const RULES: &str = "%banned_rules";
const PATHS: &str = "$banned_namepath_re";
const DEFAULT: &str = "DEFAULT";
/// How deep lists may hold lists.
const MOST: usize = 16;

/// All rules, in their order.
pub(super) fn of_recipient(reader: &mut Reader<'_>, keys: &Keys) -> Vec<PatternEntry> {
    let mut rules = Vec::new();
    match reader.value(MAPS) {
        Value::Undef if !reader.is_set(MAPS) => named(reader, DEFAULT, keys, &mut rules, 0),
        value => take(reader, &value, keys, &mut rules, 0),
    }
    rules
}

/// The patterns for whole ways.
pub(super) fn of_paths(reader: &mut Reader<'_>) -> Vec<PatternEntry> {
    let mut rules = Vec::new();
    match reader.value(PATHS) {
        value @ Value::Pattern(..) => patterns(reader, std::slice::from_ref(&value), &mut rules),
        Value::PatternTable(entries) => patterns(reader, &entries, &mut rules),
        Value::Undef => {}
        other => {
            let what = format!("expected patterns, found {}", other.kind());
            reader.complain(PATHS, what);
        }
    }
    rules
}

/// A table of patterns is taken as it is; a text names rules; a map is asked with the recipient.
fn take(
    reader: &mut Reader<'_>,
    value: &Value,
    keys: &Keys,
    rules: &mut Vec<PatternEntry>,
    depth: usize,
) {
    if depth > MOST {
        reader.complain(MAPS, format!("nested deeper than {MOST}"));
        return;
    }
    match value {
        Value::Undef => {}
        Value::Pattern(..) => patterns(reader, std::slice::from_ref(value), rules),
        Value::PatternTable(entries) => patterns(reader, entries, rules),
        Value::Scalar(names) => {
            let names = names.split([',', ' ', '\t', '\n']);
            for name in names.filter(|name| !name.is_empty()) {
                named(reader, name, keys, rules, depth + 1);
            }
        }
        Value::List(items) => {
            for item in items {
                take(reader, item, keys, rules, depth + 1);
            }
        }
        Value::Map(entries) => {
            if let Some(found) = keys.in_order().find_map(|key| entries.get(key)) {
                take(reader, found, keys, rules, depth + 1);
            }
        }
        Value::File(file) => {
            let content = file.value();
            take(reader, &content, keys, rules, depth + 1);
        }
        Value::Reference(name) => {
            let value = reader.value(name);
            take(reader, &value, keys, rules, depth + 1);
        }
        Value::Code(_) | Value::Object(..) => {
            reader.complain(MAPS, format!("{} cannot be asked for rules", value.kind()));
        }
    }
}

/// The rules of a name; those that do not exist are passed over, as in the original.
fn named(
    reader: &mut Reader<'_>,
    name: &str,
    keys: &Keys,
    rules: &mut Vec<PatternEntry>,
    depth: usize,
) {
    let known = match reader.value(RULES) {
        Value::Map(entries) => entries.get(name).cloned(),
        _ => None,
    };
    let value = match known {
        Some(value) => value,
        None if name == DEFAULT => reader.value("$banned_filename_re"),
        None => return,
    };
    // A name within a name would be one of a rule that does not exist.
    if !matches!(value, Value::Scalar(_)) {
        take(reader, &value, keys, rules, depth + 1);
    }
}

fn patterns(reader: &mut Reader<'_>, entries: &[Value], rules: &mut Vec<PatternEntry>) {
    if let Some(Table::Patterns(entries)) = maps::patterns(reader, MAPS, entries) {
        rules.extend(entries);
    }
}
