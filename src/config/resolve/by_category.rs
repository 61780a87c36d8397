//! Lookup tables by content category.

use std::collections::BTreeMap;

use super::{maps, reader::Reader};
use crate::{
    config::{
        by_category::{ByCategory, TextByCategory},
        value::Value,
    },
    lookup::table::{Maps, Scalar, Table},
    mail::decision::Destiny,
    template::Template,
};

/// Reads `%..._by_ccat`: values are scalars, lists of lookup tables, or other settings.
pub(super) fn tables(reader: &mut Reader<'_>, name: &str) -> ByCategory {
    let mut entries = BTreeMap::new();
    for (key, value) in keyed(reader, name) {
        let items = match value {
            Value::List(items) => items,
            other => vec![other],
        };
        entries.insert(key, maps::from_items(reader, name, &items));
    }
    ByCategory { entries }
}

/// The same for destinies, which must be some.
pub(super) fn destinies(reader: &mut Reader<'_>) -> ByCategory {
    const NAME: &str = "%final_destiny_maps_by_ccat";
    let found = tables(reader, NAME);
    let wrong: Vec<String> = found
        .entries
        .values()
        .flat_map(scalars)
        .filter(|value| Destiny::from_text(value.as_str()).is_none())
        .map(|value| format!("{:?} is no destiny", value.as_str()))
        .collect();
    for what in wrong {
        reader.complain(NAME, what);
    }
    found
}

/// Templates by category.
pub(super) fn templates(reader: &mut Reader<'_>, name: &str) -> TextByCategory<Template> {
    let mut entries = BTreeMap::new();
    for (key, value) in keyed(reader, name) {
        match value {
            Value::Undef => {
                entries.insert(key, Template::default());
            }
            Value::Scalar(text) => {
                entries.insert(key, Template::read(&text));
            }
            other => {
                let what = format!("the entry {key:?} holds {}, expected a text", other.kind());
                reader.complain(name, what);
            }
        }
    }
    TextByCategory { entries }
}

/// Keys and values, references to other settings followed.
fn keyed(reader: &mut Reader<'_>, name: &str) -> Vec<(String, Value)> {
    let entries = match reader.value(name) {
        Value::Map(entries) => entries,
        Value::Undef => return Vec::new(),
        other => {
            reader.complain(name, format!("expected a table, found {}", other.kind()));
            return Vec::new();
        }
    };
    let mut found = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let key: String = key.split_whitespace().collect();
        let is_key = key.split(',').count() <= 2
            && key
                .split(',')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if !is_key {
            let what = format!("{key:?} is no content category, such as CC_VIRUS or \"4,3\"");
            reader.complain(name, what);
            continue;
        }
        // `4,0` is `4`.
        let key = key.strip_suffix(",0").unwrap_or(&key).to_owned();
        let value = match value {
            Value::Reference(other) if other.starts_with(['$', '@']) => reader.value(&other),
            value => value,
        };
        found.push((key, value));
    }
    found
}

/// All values that tables hold themselves.
fn scalars(maps: &Maps) -> Vec<&Scalar> {
    maps.tables
        .iter()
        .flat_map(|table| match table {
            Table::Constant(value) => value.iter().collect(),
            Table::Hash(entries) => entries.values().flatten().collect(),
            Table::Patterns(entries) => entries
                .iter()
                .filter_map(|entry| entry.result.as_ref())
                .collect(),
            Table::List(_) | Table::Cdb(_) => Vec::new(),
        })
        .collect()
}
