//! Spam engines.
//!
//! # Source
//! content.md 5.1.

use std::collections::BTreeMap;

use super::{Reader, addresses, arguments, entries, octets, texts};
use crate::config::{
    error::ConfigError,
    scanner::{Dialect, SpamProtocol, SpamScanner},
    value::Value,
};

const SPAM: &str = "@spam_scanners";
/// Where spamd listens by default.
const SPAMD: &str = "127.0.0.1:783";
const UNKNOWN: &str = "nothing here does what";
const RSPAMD: &str = "http://127.0.0.1:11333/checkv2";

/// Spam engines.
pub(super) fn engines(
    reader: &mut Reader<'_>,
    warnings: &mut Vec<ConfigError>,
) -> Vec<SpamScanner> {
    let mut found = Vec::new();
    for entry in entries(reader, SPAM) {
        let scanner = match &entry {
            Value::List(fields) => spam_tuple(fields),
            Value::Map(table) => spam_table(table),
            other => Err(format!("an entry is {}, expected a list", other.kind())),
        };
        match scanner {
            Ok(scanner) => found.push(scanner),
            // What nothing here can do is no mistake in a file of the original.
            Err(what) if what.contains(UNKNOWN) => {
                let error = reader.at(SPAM, what);
                warnings.push(error.advise("the entry is left out: mail is not scored by it"));
            }
            Err(what) => reader.complain(SPAM, what),
        }
    }
    found
}

/// `[ name, module, command and arguments for a program, option => value, ... ]`
fn spam_tuple(fields: &[Value]) -> Result<SpamScanner, String> {
    let text = |at: usize| fields.get(at).and_then(Value::as_text).unwrap_or_default();
    let (name, module) = (text(0), text(1));
    if name.is_empty() {
        return Err("an entry has no name".to_owned());
    }
    let kind = module.rsplit("::").next().unwrap_or_default();
    let is_program = kind == "ExtProg";
    let options = options(
        fields
            .get(if is_program { 4 } else { 2 }..)
            .unwrap_or_default(),
    );
    let mut table = options;
    let protocol = match kind {
        "SpamAssassin" => "spamassassin",
        "SpamdClient" => "spamd",
        "RspamdClient" => "rspamd",
        "ExtProg" => "program",
        other => return Err(format!("{name}: {UNKNOWN} {other:?} does")),
    };
    if is_program {
        let mut command = vec![text(2).to_owned()];
        command.extend(fields.get(3).map(arguments).unwrap_or_default());
        let command = command.into_iter().map(Value::text).collect();
        table.insert("program".to_owned(), Value::List(command));
    }
    table.insert("name".to_owned(), Value::text(name));
    table.insert("protocol".to_owned(), Value::text(protocol));
    spam_table(&table)
}

/// `option => value` pairs; one that has no value is passed over.
fn options(fields: &[Value]) -> BTreeMap<String, Value> {
    let pairs = fields.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((name.as_text()?.to_owned(), value.clone())),
        _ => None,
    });
    pairs.collect()
}

fn spam_table(table: &BTreeMap<String, Value>) -> Result<SpamScanner, String> {
    let get = |key: &str| table.get(key).unwrap_or(&Value::Undef);
    let text = |key: &str| get(key).as_text().filter(|text| !text.is_empty());
    let protocol = text("protocol").unwrap_or_default();
    let name = text("name").unwrap_or(protocol).to_owned();
    let sockets = |default: &str| match get("socket") {
        Value::Undef => addresses(&name, &[default.to_owned()]),
        value => addresses(&name, &texts(value)),
    };
    let how = match protocol {
        "spamassassin" | "spamd" => SpamProtocol::Spamd(sockets(SPAMD)?),
        "rspamd" => {
            let url = text("url").unwrap_or(RSPAMD);
            let rest = url.strip_prefix("http://").ok_or_else(|| {
                format!("{name}: {url:?} is no address such as {RSPAMD}; https is not there yet")
            })?;
            let (place, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, "/checkv2"),
            };
            let place = if place.contains(':') {
                place.to_owned()
            } else {
                format!("{place}:11333")
            };
            SpamProtocol::Rspamd {
                addresses: sockets(&place)?,
                path: path.to_owned(),
                password: text("password").map(str::to_owned),
            }
        }
        "test-patterns" => SpamProtocol::TestPatterns,
        "program" => SpamProtocol::Program {
            dialect: dialect(&name)?,
            command: texts(get("program")),
        },
        other => {
            return Err(format!(
                "the protocol {other:?} is none of spamd, rspamd, program, test-patterns"
            ));
        }
    };
    let score_factor = factor(&name, text("score_factor"))?;
    let body_limit = match text("mail_body_size_limit") {
        None => None,
        Some(limit) => Some(
            octets(limit).ok_or_else(|| format!("{name}: {limit:?} is not a number of octets"))?,
        ),
    };
    Ok(SpamScanner {
        is_stand_in: protocol == "spamassassin",
        name,
        how,
        score_factor,
        body_limit,
    })
}

/// What scores are multiplied with.
fn factor(name: &str, factor: Option<&str>) -> Result<f64, String> {
    let Some(text) = factor else {
        return Ok(1.0);
    };
    let factor = text.parse().ok().filter(|factor: &f64| factor.is_finite());
    factor.ok_or_else(|| format!("{name}: score_factor {text:?} is no number"))
}

fn dialect(name: &str) -> Result<Dialect, String> {
    let lower = name.to_ascii_lowercase();
    if lower.contains("bogofilter") {
        Ok(Dialect::Bogofilter)
    } else if lower.contains("dspam") {
        Ok(Dialect::Dspam)
    } else if lower.contains("crm114") {
        Ok(Dialect::Crm114)
    } else {
        Err(format!(
            "{name}: a program is called DSPAM, CRM114 or Bogofilter after the fields that it adds"
        ))
    }
}
