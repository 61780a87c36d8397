//! Files with one entry a line: what `read_hash`, `read_array` and `read_cidr` read.
//!
//! # Source
//! daemon.md 8.3, and what the original makes of such files.

use std::{collections::BTreeMap, path::Path};

use super::{
    error::ConfigError,
    perl::World,
    value::{FileTable, Value},
};
use crate::{lookup::cdb::Cdb, mail::domain};

/// Reads the file `path` as `function` does: one of those of [`read`], or `read_cdb`.
///
/// # Errors
/// Why it was not read.
pub fn open(
    function: &'static str,
    path: &str,
    world: &dyn World,
) -> Result<FileTable, ConfigError> {
    if function != "read_cdb" {
        return Ok(read(function, path, &world.read_text(Path::new(path))?));
    }
    let octets = world.read_data(Path::new(path))?;
    let cdb = Cdb::new(octets).map_err(|what| ConfigError::general(format!("{path}: {what}")))?;
    Ok(FileTable::with_database(path.to_owned(), cdb))
}

/// Reads the text of `path` as `function` does: `read_hash`, `read_array`, `read_cidr` or `read_cidr_hash`.
#[must_use]
pub fn read(function: &'static str, path: &str, text: &str) -> FileTable {
    let mut lines = BTreeMap::new();
    let content = match function {
        "read_array" => {
            let entries = text.lines().map(|line| uncommented(line).0);
            let entries = entries.filter(|entry| !entry.trim().is_empty());
            Value::List(
                entries
                    .map(|entry| Value::text(unquoted(entry.trim_end())))
                    .collect(),
            )
        }
        "read_hash" => {
            let mut entries = BTreeMap::new();
            for (at, line) in text.lines().enumerate() {
                if let Some((key, value)) = pair(line) {
                    lines.insert(key.clone(), at + 1);
                    entries.insert(key, Value::Scalar(value));
                }
            }
            Value::Map(entries)
        }
        _ => networks(function == "read_cidr_hash", text, &mut lines),
    };
    FileTable::new(function, path.to_owned(), content, lines)
}

/// A line up to its comment, and whether it had one; `#` between double quotes begins none.
fn uncommented(line: &str) -> (&str, bool) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '#' if !quoted => return (line.get(..at).unwrap_or_default(), true),
            _ => {}
        }
    }
    (line, false)
}

/// Without double quotes, and without the backslashes that protect something.
fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {}
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

/// `key value`; the value is `1` if there is none. Blanks at its end count, unless a comment follows.
fn pair(line: &str) -> Option<(String, String)> {
    let (entry, has_comment) = uncommented(line);
    let entry = entry.trim_start();
    let (mut quoted, mut escaped) = (false, false);
    let end = entry.find(|character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' => return !quoted,
            _ => {}
        }
        false
    });
    let (key, value) = entry.split_at(end.unwrap_or(entry.len()));
    let key = normal_key(&unquoted(key));
    if key.is_empty() {
        return None;
    }
    let value = value.trim_start();
    let value = if has_comment { value.trim_end() } else { value };
    let value = value.trim_end_matches('\r');
    let value = if value.is_empty() { "1" } else { value };
    Some((key, value.to_owned()))
}

/// An address or a domain as it is looked up: lower case, domains in ASCII.
fn normal_key(key: &str) -> String {
    let key = key
        .strip_prefix('<')
        .and_then(|key| key.strip_suffix('>'))
        .unwrap_or(key);
    match key.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", local.to_lowercase(), domain::to_ascii(domain)),
        None => domain::to_ascii(key),
    }
}

/// Networks in the form of Postfix's `cidr` tables: a line that begins with a blank goes on from the one before.
fn networks(as_hash: bool, text: &str, lines: &mut BTreeMap<String, usize>) -> Value {
    let mut logical: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match logical.last_mut() {
            Some((_, last)) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => logical.push((at + 1, line.to_owned())),
        }
    }
    let pairs = logical.iter().map(|(at, line)| {
        let line = line.trim();
        let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, "1"));
        (*at, key.to_owned(), value.trim().to_owned())
    });
    if as_hash {
        let entries = pairs.map(|(at, key, value)| {
            let key = key.to_lowercase();
            lines.insert(key.clone(), at);
            (key, Value::Scalar(value))
        });
        Value::Map(entries.collect())
    } else {
        Value::List(pairs.map(|(_, key, _)| Value::Scalar(key)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the original made of the same file, but for the entries that its own documentation does not mean (see below).
    #[test]
    fn entries_are_read_as_the_original_reads_them() {
        let text = "# c\nUser@Example.COM   1\n\"John Doe\"@Example.com  some value   # comment\nplain\n\
                    \"a#b\"@x.org  v #c\nx.org\t\n.Dom.Example  'q # r'  \ny@z  trailing   \ndup 1\ndup 2\n\n\
                    \"x y\" z\n!neg 1\n";
        let table = read("read_hash", "f", text);
        let want = [
            ("!neg", "1"),
            (".dom.example", "'q"),
            ("a#b@x.org", "v"),
            ("dup", "2"),
            ("john doe@example.com", "some value"),
            ("plain", "1"),
            ("user@example.com", "1"),
            ("x y", "z"),
            ("x.org", "1"),
            ("y@z", "trailing   "),
        ];
        let Value::Map(entries) = table.value() else {
            panic!()
        };
        let found: Vec<(&str, &str)> = entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_text().unwrap()))
            .collect();
        assert_eq!(found, want);
        assert_eq!(table.line("dup"), Some(10));
        assert_eq!(
            read("read_array", "f", "a b  # c\n\n  \"q\" x\n#\n").value(),
            Value::List(vec![Value::text("a b"), Value::text("  q x")])
        );
    }

    /// The original reads these otherwise: the first as an entry for the null sender, the second as it is, the third with `>`.
    #[test]
    fn entries_mean_what_they_seem_to() {
        let table = read(
            "read_hash",
            "f",
            "  u@x 5\nb\u{fc}cher.example 1\n<br@x> 7\nA\\ B@c 3\r\n",
        );
        for (key, value) in [
            ("u@x", "5"),
            ("xn--bcher-kva.example", "1"),
            ("br@x", "7"),
            ("a b@c", "3"),
        ] {
            assert_eq!(
                table.get(key).and_then(Value::as_text),
                Some(value),
                "{key}"
            );
        }
    }

    #[test]
    fn networks_keep_their_order() {
        let text = "# c\n10.0.0.0/8   OK\n  more\n192.168.1.1 A,B\n2001:DB8::/32  v6\nbare\n10.0.0.0/8  second\n";
        assert_eq!(
            read("read_cidr", "f", text).value(),
            Value::List(
                [
                    "10.0.0.0/8",
                    "192.168.1.1",
                    "2001:DB8::/32",
                    "bare",
                    "10.0.0.0/8"
                ]
                .map(Value::text)
                .to_vec()
            )
        );
        let table = read("read_cidr_hash", "f", text);
        assert_eq!(
            table.get("10.0.0.0/8").and_then(Value::as_text),
            Some("second")
        );
        assert_eq!(
            table.get("2001:db8::/32").and_then(Value::as_text),
            Some("v6")
        );
        assert_eq!(table.len(), 4);
    }
}
