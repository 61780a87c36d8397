//! Lookup tables from configuration values.

use std::{collections::BTreeMap, sync::Arc};

use super::reader::{Reader, octets};
use crate::{
    config::value::Value,
    lookup::{
        key::Rules,
        table::{Maps, PatternEntry, Scalar, Table},
    },
    pattern::Pattern,
};

/// Reads a list of tables.
pub(super) fn maps(reader: &mut Reader<'_>, name: &str) -> Maps {
    let value = reader.value(name);
    let items = match value {
        Value::List(items) => items,
        Value::Undef => Vec::new(),
        other => vec![other],
    };
    from_items(reader, name, &items)
}

pub(super) fn from_items(reader: &mut Reader<'_>, name: &str, items: &[Value]) -> Maps {
    let mut maps = Maps {
        rules: rules(reader),
        ..Maps::default()
    };
    for item in items {
        if let Some(table) = table(reader, name, item) {
            maps.tables.push(table);
            maps.names.push(called(reader, name, item));
        }
    }
    maps
}

/// How a table is called, and where it was set.
fn called(reader: &Reader<'_>, name: &str, item: &Value) -> String {
    let setting = match item {
        Value::Reference(other) => other.as_str(),
        _ => name,
    };
    let place = reader.place(setting);
    match item {
        Value::Reference(other) => format!("{other}{place}"),
        Value::File(file) => format!("{} {}", file.function, file.path),
        Value::Undef | Value::Scalar(_) => format!("a constant in {name}{place}"),
        Value::List(_) => format!("a list in {name}{place}"),
        Value::Map(_) => format!("a map in {name}{place}"),
        _ => format!("a table of patterns in {name}{place}"),
    }
}

/// Reads a list of tables that hold sizes; what is no size would count as no limit, in silence.
pub(super) fn sizes(reader: &mut Reader<'_>, name: &str) -> Maps {
    let mut maps = maps(reader, name);
    for table in &mut maps.tables {
        let values: Vec<&mut Scalar> = match table {
            Table::Constant(value) => value.iter_mut().collect(),
            Table::Hash(entries) => Arc::make_mut(entries).values_mut().flatten().collect(),
            Table::Patterns(entries) => entries
                .iter_mut()
                .filter_map(|entry| entry.result.as_mut())
                .collect(),
            // What a database holds is looked at when it is found.
            Table::List(_) | Table::Cdb(_) => Vec::new(),
        };
        for value in values {
            match octets(value.as_str()) {
                Some(size) => *value = Scalar::new(size.to_string()),
                None => reader.complain(
                    name,
                    format!("{:?} is not a number of octets", value.as_str()),
                ),
            }
        }
    }
    maps
}

/// `@NAME_maps`, or what it stands for by default: the hash `%NAME`, then the list `@NAME_acl`, then the patterns `$NAME_re`.
pub(super) fn with_members(reader: &mut Reader<'_>, name: &str) -> Maps {
    if reader.is_set(name) {
        return maps(reader, name);
    }
    let base = name.trim_start_matches('@').trim_end_matches("_maps");
    let names = [
        format!("%{base}"),
        format!("@{base}_acl"),
        format!("${base}_re"),
    ];
    let items: Vec<Value> = names
        .into_iter()
        .filter(|name| !matches!(reader.value(name), Value::Undef))
        .map(Value::Reference)
        .collect();
    from_items(reader, name, &items)
}

/// `@local_domains_maps`, or its members.
pub(super) fn local_domains(reader: &mut Reader<'_>) -> Maps {
    with_members(reader, "@local_domains_maps")
}

pub(super) fn rules(reader: &mut Reader<'_>) -> Rules {
    Rules {
        local_part_is_case_sensitive: reader.flag("$localpart_is_case_sensitive"),
        delimiter: reader
            .optional_text("$recipient_delimiter")
            .unwrap_or_default(),
    }
}

fn table(reader: &mut Reader<'_>, name: &str, value: &Value) -> Option<Table> {
    match value {
        Value::Undef => Some(Table::Constant(None)),
        Value::Scalar(text) => Some(Table::Constant(Some(Scalar::new(text.as_str())))),
        Value::List(entries) => {
            let texts: Vec<&str> = entries.iter().filter_map(Value::as_text).collect();
            if texts.len() < entries.len() {
                reader.complain(
                    name,
                    "a list may hold addresses and domains only".to_owned(),
                );
            }
            Some(Table::list(texts))
        }
        Value::Map(entries) => Some(hash(reader, name, entries)),
        Value::Reference(other) if other != name => {
            let value = reader.value(other);
            if matches!(value, Value::Reference(_)) {
                reader.complain(name, format!("{other} refers to another setting"));
                return None;
            }
            table(reader, other, &value)
        }
        Value::File(file) if file.database.is_some() => file.database.clone().map(Table::Cdb),
        Value::File(file) => match &file.content {
            Value::Map(_) => Some(Table::Hash(Arc::clone(file.hash()))),
            other => table(reader, name, other),
        },
        Value::Pattern(..) => patterns(reader, name, std::slice::from_ref(value)),
        Value::PatternTable(entries) => patterns(reader, name, entries),
        Value::Object(constructor, arguments) if constructor == "Opaque" => {
            match arguments.as_slice() {
                [only @ (Value::Undef | Value::Scalar(_) | Value::Reference(_))] => {
                    table(reader, name, only)
                }
                _ => {
                    reader.complain(name, "only a scalar can be a constant here".to_owned());
                    None
                }
            }
        }
        Value::Reference(_) | Value::Object(..) | Value::Code(_) => {
            reader.complain(
                name,
                format!("{} cannot be a lookup table here yet", value.kind()),
            );
            None
        }
    }
}

fn hash(reader: &mut Reader<'_>, name: &str, entries: &BTreeMap<String, Value>) -> Table {
    let mut pairs = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let scalar = match value {
            Value::Undef => None,
            Value::Scalar(text) => Some(Scalar::new(text.as_str())),
            other => {
                reader.complain(
                    name,
                    format!("{key:?} holds {}, expected a scalar", other.kind()),
                );
                continue;
            }
        };
        pairs.push((key.clone(), scalar));
    }
    Table::hash(pairs)
}

/// `new_RE(...)`: patterns, or pairs of a pattern and what it says.
pub(super) fn patterns(reader: &mut Reader<'_>, name: &str, entries: &[Value]) -> Option<Table> {
    let mut table = Vec::with_capacity(entries.len());
    for entry in entries {
        let (pattern, result) = match entry {
            Value::List(pair) => match pair.as_slice() {
                [pattern] => (pattern, Some(Scalar::new("1"))),
                [pattern, Value::Undef] => (pattern, None),
                [pattern, Value::Scalar(text)] => (pattern, Some(Scalar::new(text.as_str()))),
                [_, other] => {
                    let what = format!("a pattern says {}, expected a scalar", other.kind());
                    reader.complain(name, what);
                    continue;
                }
                _ => {
                    reader.complain(name, "expected a pattern and what it says".to_owned());
                    continue;
                }
            },
            other => (other, Some(Scalar::new("1"))),
        };
        let (source, flags) = match pattern {
            Value::Pattern(source, flags) => (source.as_str(), flags.as_str()),
            Value::Scalar(source) => (source.as_str(), ""),
            other => {
                reader.complain(name, format!("expected a pattern, found {}", other.kind()));
                continue;
            }
        };
        match Pattern::compile(source, flags) {
            Ok(pattern) => table.push(PatternEntry { pattern, result }),
            Err(error) => reader.complain(name, format!("qr/{source}/{flags}: {error}")),
        }
    }
    Some(Table::Patterns(table))
}
