//! Virus scanners.
//!
//! # Source
//! content.md 4.1, 4.4.

use std::{collections::BTreeMap, sync::Arc};

use super::{Reader, addresses, arguments, entries, prefix_of, texts};
use crate::{
    config::{
        scanner::{Descriptors, Expected, Program, ScannerAddress, VirusProtocol, VirusScanner},
        value::Value,
    },
    pattern::Pattern,
};

/// Words in a table that say how a virus scanner is asked.
const VIRUS_WORDS: &str = "clamd, clamd-fd, question, line, sssp, savapi, smtp, lmtp, program";

/// Virus scanners of a list.
pub(super) fn scanners(reader: &mut Reader<'_>, setting: &'static str) -> Vec<VirusScanner> {
    let mut found = Vec::new();
    for entry in entries(reader, setting) {
        let scanner = match &entry {
            Value::List(fields) => from_tuple(reader, setting, fields),
            Value::Map(table) => from_table(reader, setting, table),
            other => Err(format!("an entry is {}, expected a list", other.kind())),
        };
        match scanner {
            Ok(scanner) => found.push(scanner),
            // Mail would go on unscanned.
            Err(what) => reader.complain(setting, what),
        }
    }
    found
}

/// `[ name, program or code, arguments, clean, infected, names, ... ]`
fn from_tuple(
    reader: &mut Reader<'_>,
    setting: &str,
    fields: &[Value],
) -> Result<VirusScanner, String> {
    let field = |at: usize| fields.get(at).unwrap_or(&Value::Undef);
    let name = field(0).as_text().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err("an entry has no name".to_owned());
    }
    let how = match field(1) {
        Value::Code(code) if code == "ask_daemon" || code == "ask_daemon_internal" => {
            daemon(&name, field(2))?
        }
        Value::Scalar(word) if word == "test-patterns" => VirusProtocol::TestPatterns,
        Value::Code(code) => {
            VirusProtocol::Unknown(format!("nothing here does what \\&{code} does"))
        }
        programs @ (Value::Scalar(_) | Value::List(_)) => {
            VirusProtocol::Program(program(texts(programs), arguments(field(2))))
        }
        other => return Err(format!("{name}: its program is {}", other.kind())),
    };
    let names = match field(5) {
        Value::Undef => None,
        value => pattern(reader, setting, value),
    };
    Ok(VirusScanner {
        how,
        clean: expected(reader, setting, field(3)),
        infected: expected(reader, setting, field(4)),
        names,
        name,
    })
}

/// `{ name = "...", protocol = "clamd", socket = "..." }`
fn from_table(
    reader: &mut Reader<'_>,
    setting: &str,
    table: &BTreeMap<String, Value>,
) -> Result<VirusScanner, String> {
    const KEYS: [&str; 8] = [
        "name", "protocol", "socket", "query", "program", "clean", "infected", "names",
    ];
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{key:?} is none of {}", KEYS.join(", ")));
    }
    let get = |key: &str| table.get(key).unwrap_or(&Value::Undef);
    let text = |key: &str| get(key).as_text().unwrap_or_default().to_owned();
    let protocol = text("protocol");
    let sockets = || sockets(&protocol, get("socket"));
    let how = match protocol.as_str() {
        "clamd" => VirusProtocol::ClamdStream(sockets()?),
        "clamd-fd" => VirusProtocol::ClamdDescriptor(sockets()?),
        "question" | "line" => VirusProtocol::Question {
            query: text("query"),
            addresses: sockets()?,
            is_line: protocol == "line",
            descriptors: Descriptors::Never,
        },
        "sssp" => VirusProtocol::Sssp(sockets()?),
        "savapi" => VirusProtocol::Savapi(sockets()?, text("query")),
        "smtp" | "lmtp" => VirusProtocol::Mail(sockets()?, protocol == "lmtp"),
        "test-patterns" => VirusProtocol::TestPatterns,
        "program" => {
            let mut command = texts(get("program"));
            if command.is_empty() {
                return Err("a program is missing".to_owned());
            }
            let arguments = command.split_off(1);
            VirusProtocol::Program(program(command, arguments))
        }
        other => {
            return Err(format!(
                "the protocol {other:?} is none of {VIRUS_WORDS}, test-patterns"
            ));
        }
    };
    let name = match text("name") {
        name if name.is_empty() => protocol.clone(),
        name => name,
    };
    let names = match get("names") {
        Value::Undef => None,
        value => pattern(reader, setting, value),
    };
    Ok(VirusScanner {
        name,
        how,
        clean: expected(reader, setting, get("clean")),
        infected: expected(reader, setting, get("infected")),
        names,
    })
}

/// `["query", socket or sockets]`, with `proto:` before the sockets or a name that tells.
fn daemon(name: &str, value: &Value) -> Result<VirusProtocol, String> {
    let Value::List(fields) = value else {
        return Err(format!("{name}: expected a question and sockets"));
    };
    let query = fields.first().and_then(Value::as_text).unwrap_or_default();
    let sockets = fields.get(1).unwrap_or(&Value::Undef);
    let words = texts(sockets);
    let prefix = words.first().and_then(|word| prefix_of(word));
    let protocol = prefix.unwrap_or_else(|| by_name(name));
    let addresses = addresses(name, &words)?;
    Ok(match protocol {
        "clamd" => VirusProtocol::ClamdStream(addresses),
        "clamd-fd" => VirusProtocol::ClamdDescriptor(addresses),
        "sophie" | "trophie" | "fpscand" => VirusProtocol::Question {
            query: query.to_owned(),
            addresses,
            is_line: true,
            descriptors: Descriptors::Never,
        },
        "sssp" => VirusProtocol::Sssp(addresses),
        "savapi" => VirusProtocol::Savapi(addresses, query.to_owned()),
        "smtp" => VirusProtocol::Mail(addresses, false),
        "lmtp" => VirusProtocol::Mail(addresses, true),
        _ => VirusProtocol::Question {
            descriptors: descriptors(query, &addresses, prefix),
            query: query.to_owned(),
            addresses,
            is_line: false,
        },
    })
}

/// What asks as clamd is asked, over a socket that carries descriptors, may be clamd; `simple:` says that nobody is to try.
fn descriptors(query: &str, addresses: &[ScannerAddress], prefix: Option<&str>) -> Descriptors {
    let is_local = |address: &ScannerAddress| matches!(address, ScannerAddress::Unix(_));
    if prefix.is_none() && query.trim_end() == "CONTSCAN {}" && addresses.iter().all(is_local) {
        Descriptors::Unknown(Arc::default())
    } else {
        Descriptors::Never
    }
}

fn by_name(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let known = [
        ("clamav-clamd-stream", "clamd"),
        ("sophie", "sophie"),
        ("trophie", "trophie"),
        ("f-prot fpscand", "fpscand"),
        ("sophos-sssp", "sssp"),
        ("sophos sssp", "sssp"),
        ("avira savapi", "savapi"),
    ];
    let known = known.iter().find(|(begin, _)| name.starts_with(begin));
    known.map_or("simple", |(_, protocol)| protocol)
}

fn sockets(protocol: &str, value: &Value) -> Result<Vec<ScannerAddress>, String> {
    addresses(protocol, &texts(value))
}

fn program(names: Vec<String>, arguments: Vec<String>) -> Program {
    Program {
        names,
        arguments,
        ..Program::default()
    }
}

/// Exit statuses, a pattern, or both.
fn expected(reader: &mut Reader<'_>, setting: &str, value: &Value) -> Expected {
    match value {
        Value::List(items) => {
            let mut expected = Expected::default();
            for item in items {
                match item.as_text().map(str::parse) {
                    Some(Ok(status)) => expected.statuses.push(status),
                    Some(Err(_)) => {
                        reader.complain(setting, format!("{item:?} is no exit status"));
                    }
                    None => expected.pattern = pattern(reader, setting, item),
                }
            }
            expected
        }
        Value::Undef => Expected::default(),
        other => Expected {
            statuses: Vec::new(),
            pattern: pattern(reader, setting, other),
        },
    }
}

fn pattern(reader: &mut Reader<'_>, setting: &str, value: &Value) -> Option<Pattern> {
    let (source, flags) = match value {
        Value::Pattern(source, flags) => (source.as_str(), flags.as_str()),
        Value::Scalar(source) => (source.as_str(), "m"),
        other => {
            reader.complain(
                setting,
                format!("expected a pattern, found {}", other.kind()),
            );
            return None;
        }
    };
    match Pattern::compile(source, flags) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.complain(setting, format!("qr/{source}/{flags}: {error}"));
            None
        }
    }
}
