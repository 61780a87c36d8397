//! Lookup tables from configuration values.

use std::collections::BTreeMap;

use super::reader::{Reader, octets};
use crate::{
    config::value::Value,
    lookup::{
        key::Rules,
        table::{Maps, Scalar, Table},
    },
};

/// Reads a list of tables.
pub(super) fn maps(reader: &mut Reader<'_>, name: &str) -> Maps {
    let value = reader.value(name);
    let items = match value {
        Value::List(items) => items,
        Value::Undef => Vec::new(),
        other => vec![other],
    };
    let tables = items
        .iter()
        .filter_map(|item| table(reader, name, item))
        .collect();
    Maps {
        tables,
        rules: rules(reader),
    }
}

/// Reads a list of tables that hold sizes; what is no size would count as no limit, in silence.
pub(super) fn sizes(reader: &mut Reader<'_>, name: &str) -> Maps {
    let mut maps = maps(reader, name);
    for table in &mut maps.tables {
        let values: Vec<&mut Scalar> = match table {
            Table::Constant(value) => value.iter_mut().collect(),
            Table::Hash(entries) => entries.values_mut().flatten().collect(),
            Table::List(_) => Vec::new(),
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

/// `@local_domains_maps`, or what it stands for by default: the hash, then the list.
pub(super) fn local_domains(reader: &mut Reader<'_>) -> Maps {
    if reader.is_set("@local_domains_maps") {
        return maps(reader, "@local_domains_maps");
    }
    let names = ["%local_domains", "@local_domains_acl"];
    let tables = names
        .iter()
        .filter_map(|name| {
            let value = reader.value(name);
            if matches!(value, Value::Undef) {
                None
            } else {
                table(reader, name, &value)
            }
        })
        .collect();
    Maps {
        tables,
        rules: rules(reader),
    }
}

fn rules(reader: &mut Reader<'_>) -> Rules {
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
        Value::File(file) => table(reader, name, &file.content),
        Value::Reference(_)
        | Value::Pattern(..)
        | Value::PatternTable(_)
        | Value::Object(..)
        | Value::Code(_) => {
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
