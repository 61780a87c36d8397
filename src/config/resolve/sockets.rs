//! Where to listen.
//!
//! # Source
//! daemon.md 6 (banks by interface), 8.6 (settings).

use std::net::IpAddr;

use super::reader::Reader;
use crate::config::{
    error::ConfigError,
    listen::{self, ListenAddress},
    settled::{ListenConfig, Protocol},
    value::Value,
};

/// Most sockets to listen on: every port on every address is soon more than memory holds.
const MOST_SOCKETS: usize = 1000;

/// All sockets; `warnings` takes what is left out.
pub(super) fn listen(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> ListenConfig {
    let mut bind: Vec<IpAddr> = Vec::new();
    let mut binds = reader.words("$inet_socket_bind");
    if binds.is_empty() {
        binds.push("*".to_owned());
    }
    for text in binds {
        match listen::address(&text) {
            Ok(addresses) => bind.extend(addresses),
            Err(error) => reader.complain("$inet_socket_bind", error),
        }
    }
    let names = ["@listen_sockets", "$unix_socketname", "$inet_socket_port"];
    let mut addresses: Vec<ListenAddress> = Vec::new();
    for name in names {
        for text in reader.words(name) {
            match listen::parse(&text, &bind) {
                Ok(parsed) => addresses.extend(parsed),
                Err(error) => reader.complain(name, error),
            }
            if addresses.len() > MOST_SOCKETS {
                reader.complain(
                    name,
                    format!("more than {MOST_SOCKETS} sockets to listen on"),
                );
                break;
            }
        }
    }
    if names.iter().all(|name| !reader.is_set(name)) {
        // The guide's default.
        addresses.extend(listen::parse("10024", &bind).unwrap_or_default());
    }
    let mut seen = std::collections::BTreeSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    addresses.retain(|address| match other_protocol(reader, address) {
        Some(protocol) => {
            let what = format!("{protocol}, which {address} is for, is not spoken yet");
            let warning = reader.at("%interface_policy", what);
            warnings.push(warning.advise("the socket is not opened"));
            false
        }
        None => true,
    });
    if addresses.is_empty() && reader.is_content() {
        reader.complain(
            "$inet_socket_port",
            "No listen sockets or ports specified".to_owned(),
        );
    }
    ListenConfig {
        addresses,
        unix_mode: reader.mode("$unix_socket_mode"),
        backlog: reader
            .optional_number("$listen_queue_size")
            .and_then(|size| u32::try_from(size).ok()),
        protocol: match reader.choice("$protocol") {
            Some("LMTP") => Protocol::Lmtp,
            Some("AM.PDP") => Protocol::AmPdp,
            _ => Protocol::Smtp,
        },
    }
}

/// Under which keys of `%interface_policy` a socket's banks are, in the order in which they are loaded.
fn interface_keys(address: &ListenAddress) -> Vec<String> {
    match address {
        ListenAddress::Unix(path) => vec!["SOCK".to_owned(), path.display().to_string()],
        ListenAddress::Tcp(address) => vec![address.port().to_string(), address.to_string()],
    }
}

/// The protocol that a socket's policy bank names, if it is none of ours: whoever connects there expects it, and mail is not to be
/// had from such a conversation.
fn other_protocol(reader: &Reader<'_>, address: &ListenAddress) -> Option<String> {
    let keys = interface_keys(address);
    let (Value::Map(interfaces), Value::Map(banks)) = (
        reader.value("%interface_policy"),
        reader.value("%policy_bank"),
    ) else {
        return None;
    };
    // The last one that says something decides.
    let protocol = keys.iter().rev().find_map(|key| {
        let Value::Map(bank) = banks.get(interfaces.get(key)?.as_text()?)? else {
            return None;
        };
        bank.get("protocol")?.as_text()
    })?;
    let is_ours = ["SMTP", "ESMTP", "LMTP", "AM.PDP"]
        .iter()
        .any(|ours| protocol.eq_ignore_ascii_case(ours));
    (!is_ours).then(|| protocol.to_owned())
}
