//! Banned rules of a recipient.
//!
//! # Source
//! content.md 2.9 (`banned_filename_maps`, `%banned_rules`).

use std::{collections::BTreeMap, sync::Arc};

use super::{maps, reader::Reader};
use crate::{
    config::value::Value,
    lookup::{
        rules::{RuleItem, RuleMaps},
        table::{PatternEntry, Table},
    },
};

const MAPS: &str = "@banned_filename_maps";
const RULES: &str = "%banned_rules";
const PATHS: &str = "$banned_namepath_re";
const DEFAULT: &str = "DEFAULT";
/// How deep lists may hold lists.
const MOST: usize = 16;

/// All rules.
pub(super) fn maps(reader: &mut Reader<'_>) -> RuleMaps {
    let mut items = Vec::new();
    match reader.value(MAPS) {
        Value::Undef if !reader.is_set(MAPS) => named(reader, DEFAULT, &mut items, 0),
        value => take(reader, &value, &mut items, 0),
    }
    RuleMaps {
        items,
        rules: maps::rules(reader),
    }
}

/// The patterns for whole ways.
pub(super) fn paths(reader: &mut Reader<'_>) -> Vec<Arc<PatternEntry>> {
    match reader.value(PATHS) {
        value @ Value::Pattern(..) => patterns(reader, std::slice::from_ref(&value)),
        Value::PatternTable(entries) => patterns(reader, &entries),
        Value::Undef => Vec::new(),
        other => {
            let what = format!("expected patterns, found {}", other.kind());
            reader.complain(PATHS, what);
            Vec::new()
        }
    }
}

/// A table of patterns is taken as it is; a text names rules; a map says what holds for whom.
fn take(reader: &mut Reader<'_>, value: &Value, items: &mut Vec<RuleItem>, depth: usize) {
    if depth > MOST {
        reader.complain(MAPS, format!("nested deeper than {MOST}"));
        return;
    }
    match value {
        Value::Undef => {}
        Value::Pattern(..) => {
            let found = patterns(reader, std::slice::from_ref(value));
            items.push(RuleItem::Patterns(found));
        }
        Value::PatternTable(entries) => {
            let found = patterns(reader, entries);
            items.push(RuleItem::Patterns(found));
        }
        Value::Scalar(names) => {
            let names = names.split([',', ' ', '\t', '\n']);
            for name in names.filter(|name| !name.is_empty()) {
                named(reader, name, items, depth + 1);
            }
        }
        Value::List(values) => {
            for value in values {
                take(reader, value, items, depth + 1);
            }
        }
        Value::Map(entries) => {
            let mut map = BTreeMap::new();
            for (key, value) in entries {
                let mut found = Vec::new();
                take(reader, value, &mut found, depth + 1);
                map.insert(key.clone(), found);
            }
            items.push(RuleItem::Map(map));
        }
        Value::File(file) => {
            let content = file.value();
            take(reader, &content, items, depth + 1);
        }
        Value::Reference(name) => {
            let value = reader.value(name);
            take(reader, &value, items, depth + 1);
        }
        Value::Code(_) | Value::Object(..) => {
            reader.complain(MAPS, format!("{} cannot be asked for rules", value.kind()));
        }
    }
}

/// The rules of a name; those that do not exist are passed over, as in the original.
fn named(reader: &mut Reader<'_>, name: &str, items: &mut Vec<RuleItem>, depth: usize) {
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
        take(reader, &value, items, depth + 1);
    }
}

fn patterns(reader: &mut Reader<'_>, entries: &[Value]) -> Vec<Arc<PatternEntry>> {
    match maps::patterns(reader, MAPS, entries) {
        Some(Table::Patterns(entries)) => entries.into_iter().map(Arc::new).collect(),
        _ => Vec::new(),
    }
}
