//! Policy banks by the address of the client.
//!
//! # Source
//! daemon.md 6.2 and 6.3 (lists and hashes of networks).

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::{
    config::{settled::ClientRule, value::Value},
    lookup::network::NetworkList,
};

/// `@client_ipaddr_policy`: pairs of a list of networks and the names of banks, separated by commas.
pub(super) fn rules(reader: &mut Reader<'_>) -> Vec<ClientRule> {
    const NAME: &str = "@client_ipaddr_policy";
    // Looked at even if nothing refers to it.
    reader.networks(OWN_NETWORKS);
    let items = match reader.value(NAME) {
        Value::List(items) => items,
        Value::Undef if !reader.is_set(NAME) => vec![
            Value::Reference(OWN_NETWORKS.to_owned()),
            Value::text("MYNETS"),
        ],
        Value::Undef => Vec::new(),
        other => {
            reader.complain(NAME, format!("expected a list, found {}", other.kind()));
            Vec::new()
        }
    };
    if items.len() % 2 == 1 {
        reader.complain(
            NAME,
            "expected pairs: networks, then names of banks".to_owned(),
        );
    }
    let mut rules = Vec::new();
    for pair in items.chunks_exact(2) {
        let [table, names] = pair else { continue };
        let Some(networks) = network_table(reader, NAME, table) else {
            continue;
        };
        let banks = match names {
            Value::Undef => continue,
            Value::Scalar(names) => names
                .split(',')
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect(),
            other => {
                let what = format!("expected names of banks, found {}", other.kind());
                reader.complain(NAME, what);
                continue;
            }
        };
        rules.push(ClientRule {
            networks,
            banks,
            table: describe(table),
        });
    }
    rules
}

/// Our own networks.
const OWN_NETWORKS: &str = "@mynetworks";

/// How a table is called when something is explained.
fn describe(table: &Value) -> String {
    match table {
        Value::Reference(name) => name.clone(),
        Value::File(file) => format!("{} {}", file.function, file.path),
        Value::List(_) => "a list of networks".to_owned(),
        _ => "a table".to_owned(),
    }
}

/// A list of networks, in any of the forms that the original takes.
fn network_table(reader: &mut Reader<'_>, name: &str, table: &Value) -> Option<NetworkList> {
    let mut entries: Vec<String> = Vec::new();
    let mut tables = vec![(table.clone(), 0)];
    while let Some((table, depth)) = tables.pop() {
        match table {
            Value::Undef => {}
            Value::Scalar(text) => entries.push(text),
            Value::List(items) => {
                tables.extend(items.into_iter().rev().map(|item| (item, depth + 1)));
            }
            Value::Map(map) => return Some(by_key(&map)),
            Value::File(file) => tables.push((file.value(), depth + 1)),
            Value::Reference(other) if depth < 16 => {
                tables.push((reader.value(&other), depth + 1));
            }
            other => {
                reader.complain(name, format!("{} is no list of networks", other.kind()));
                return None;
            }
        }
    }
    match NetworkList::parse(entries.iter().map(String::as_str)) {
        Ok(list) => Some(list),
        Err(bad) => {
            // What is wrong there was told already.
            if !matches!(table, Value::Reference(other) if other == OWN_NETWORKS) {
                reader.complain(name, format!("{bad:?} is no address or network"));
            }
            None
        }
    }
}

/// A hash of networks: the most special key decides.
fn by_key(map: &BTreeMap<String, Value>) -> NetworkList {
    let mut keys: Vec<(&String, bool)> = map
        .iter()
        .map(|(key, value)| (key, value.is_true()))
        .collect();
    keys.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
    let entries: Vec<String> = keys
        .into_iter()
        .map(|(key, is_in)| format!("{}{key}", if is_in { "" } else { "!" }))
        .collect();
    let valid = entries
        .iter()
        .map(String::as_str)
        .filter(|entry| NetworkList::parse([*entry]).is_ok());
    NetworkList::parse(valid).unwrap_or_default()
}
