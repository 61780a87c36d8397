//! Settings as TOML text: what `config show` and `config convert` print.
//!
//! What this writes, [`super::toml`] reads back to the same values.

use std::collections::BTreeMap;

use super::{
    dynamic,
    raw::RawConfig,
    settings::{self, Default, Kind},
    special,
    value::Value,
};
use crate::mail::decision::Destiny;

/// Longest line before a list is written over several.
const WIDTH: usize = 120;

/// All that is set.
#[must_use]
pub fn changed(raw: &RawConfig) -> String {
    let set = raw
        .iter()
        .map(|(perl, assigned)| (perl, assigned.value.clone()));
    text(set.collect())
}

/// All settings that have an effect, and the others that are set.
#[must_use]
pub fn all(raw: &RawConfig) -> String {
    let mut values: BTreeMap<&'static str, Value> = raw
        .iter()
        .map(|(perl, assigned)| (perl, assigned.value.clone()))
        .collect();
    for setting in settings::SETTINGS {
        // Set to its default, it would also be said where the guide has another word for it.
        if setting.perl == "$myproduct_name" {
            continue;
        }
        let default = match setting.default {
            Default::None => continue,
            Default::Text(text) => Value::text(text),
            Default::List(texts) => {
                Value::List(texts.iter().map(|text| Value::text(*text)).collect())
            }
        };
        values.entry(setting.perl).or_insert(default);
    }
    text(values)
}

/// The value of a setting, on one line.
#[must_use]
pub fn value(perl: &str, value: &Value) -> String {
    in_kind(Some(perl), value).unwrap_or_else(|| inline(value))
}

/// What a policy bank holds, by its keys.
#[must_use]
pub fn bank(entries: &BTreeMap<String, Value>) -> String {
    let mut out = String::new();
    for (name, value) in entries {
        out.push_str(&setting(&key(name), dynamic::find(name), value));
    }
    out
}

/// A setting in the form that suits its kind.
fn setting(name: &str, perl: Option<&str>, value: &Value) -> String {
    match in_kind(perl, value) {
        Some(shown) => format!("{name} = {shown}\n"),
        None => line(name, value),
    }
}

/// A value for which its setting's kind has a form of its own.
fn in_kind(perl: Option<&str>, value: &Value) -> Option<String> {
    let kind = perl.and_then(settings::setting)?.kind;
    let text = value.as_text()?;
    match (kind, text) {
        (Kind::Flag, "1") => Some("true".to_owned()),
        (Kind::Flag, "0" | "") => Some("false".to_owned()),
        (Kind::Mode, _) if !text.starts_with('0') => {
            let mode: u32 = text.parse().ok()?;
            Some(format!("0o{mode:03o}"))
        }
        (Kind::Destiny, _) => {
            let destiny = Destiny::from_number(text.parse().ok()?)?;
            Some(quoted(destiny.name()))
        }
        _ => None,
    }
}

fn text(values: BTreeMap<&'static str, Value>) -> String {
    let mut named: Vec<(String, &'static str, Value)> = values
        .into_iter()
        .map(|(perl, value)| (settings::toml_name(perl), perl, value))
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::new();
    let (tables, lines): (Vec<_>, Vec<_>) = named.into_iter().partition(
        |(_, _, value)| matches!(value, Value::Map(entries) if !special::is_ambiguous(entries)),
    );
    for (name, perl, value) in &lines {
        out.push_str(&setting(name, Some(perl), value));
    }
    for (name, perl, value) in &tables {
        let Value::Map(entries) = value else { continue };
        if *perl == "%policy_bank" {
            banks(entries, &mut out);
        } else {
            section(name, entries, &mut out);
        }
    }
    out
}

fn banks(entries: &BTreeMap<String, Value>, out: &mut String) {
    let is_plain =
        |value: &Value| matches!(value, Value::Map(bank) if !special::is_ambiguous(bank));
    if entries.values().all(is_plain) {
        for (name, bank) in entries {
            if let Value::Map(entries) = bank {
                let gap = if out.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{gap}[policy.{}]\n", key(name)));
                out.push_str(&self::bank(entries));
            }
        }
    } else {
        section("policy_bank", entries, out);
    }
}

fn section(name: &str, entries: &BTreeMap<String, Value>, out: &mut String) {
    let gap = if out.is_empty() { "" } else { "\n" };
    out.push_str(&format!("{gap}[{name}]\n"));
    for (name, value) in entries {
        out.push_str(&line(&key(name), value));
    }
}

/// `name = value`, over several lines if the value is a long list.
fn line(name: &str, value: &Value) -> String {
    let short = format!("{name} = {}\n", inline(value));
    match value {
        Value::List(items) if short.chars().count() > WIDTH || short.matches('\n').count() > 1 => {
            let mut out = format!("{name} = [\n");
            for item in items {
                out.push_str(&format!("  {},\n", inline(item)));
            }
            out.push_str("]\n");
            out
        }
        _ => short,
    }
}

/// A key, in quotes if it needs them.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_bare {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Undef => "{ undef = true }".to_owned(),
        Value::Scalar(text) if is_integer(text) => text.clone(),
        Value::Scalar(text) => quoted(text),
        Value::List(items) => list(items),
        Value::Map(entries) if special::is_ambiguous(entries) => {
            format!("{{ map = {} }}", map(entries))
        }
        Value::Map(entries) => map(entries),
        Value::Reference(name) => format!("{{ setting = {} }}", quoted(&settings::toml_name(name))),
        Value::Pattern(source, flags) if flags.is_empty() => {
            format!("{{ pattern = {} }}", quoted(source))
        }
        Value::Pattern(source, flags) => {
            format!(
                "{{ pattern = {}, flags = {} }}",
                quoted(source),
                quoted(flags)
            )
        }
        Value::PatternTable(entries) => format!("{{ patterns = {} }}", list(entries)),
        Value::Code(name) => format!("{{ code = {} }}", quoted(name)),
        Value::File(table) => format!("{{ {} = {} }}", table.function, quoted(&table.path)),
        Value::Object(name, arguments) => {
            format!(
                "{{ object = {}, arguments = {} }}",
                quoted(name),
                list(arguments)
            )
        }
    }
}

fn list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(inline).collect();
    format!("[{}]", items.join(", "))
}

fn map(entries: &BTreeMap<String, Value>) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// True for what a number of TOML becomes when it is read.
fn is_integer(text: &str) -> bool {
    text.len() < 19
        && text
            .parse::<i64>()
            .is_ok_and(|number| number.to_string() == text)
}

/// A string: literal if that spares backslashes.
fn quoted(text: &str) -> String {
    let is_odd = |c: char| c.is_control() || c == '\'';
    if text.contains(['\\', '"']) && !text.contains(is_odd) {
        return format!("'{text}'");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() => {
                out.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
