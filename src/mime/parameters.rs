//! Structured fields: a value and its parameters, read as leniently as mail readers do.
//!
//! # Source
//! RFC 2045 section 5.1, RFC 2183, RFC 2231.

use std::collections::BTreeMap;

use super::charset;

/// Most parameters of a field.
const MOST: usize = 100;

/// A structured field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Structured {
    /// Before the first semicolon, in small letters, without blanks around it.
    pub value: String,
    /// Parameters in order: names in small letters; values as they are meant, then as they are written if that differs.
    pub parameters: Vec<(String, Vec<String>)>,
}

impl Structured {
    /// Reads the octets after a field's colon.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let text = without_comments(&String::from_utf8_lossy(octets));
        let mut pieces = split(&text).into_iter();
        let value = pieces.next().unwrap_or_default().trim().to_lowercase();
        let mut plain = Vec::new();
        let mut joined: BTreeMap<String, Vec<(u32, bool, String)>> = BTreeMap::new();
        for piece in pieces.take(MOST) {
            let Some((name, value)) = piece.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim().to_lowercase(), unquoted(value.trim()));
            match section(&name) {
                Some((base, number, encoded)) => {
                    let sections = joined.entry(base.to_owned()).or_default();
                    sections.push((number, encoded, value));
                }
                None => plain.push((name, vec![value])),
            }
        }
        for (name, mut sections) in joined {
            sections.sort_by_key(|(number, ..)| *number);
            plain.push((name, joined_value(&sections)));
        }
        Self {
            value,
            parameters: plain,
        }
    }

    /// Every value of a parameter, in order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.parameters
            .iter()
            .filter(move |(known, _)| known == name)
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }
}

/// `name*1*`: the name, the number, and whether the value is percent-encoded.
fn section(name: &str) -> Option<(&str, u32, bool)> {
    let (base, rest) = name.split_once('*')?;
    let encoded = rest.is_empty() || rest.ends_with('*');
    let number = rest.trim_end_matches('*');
    let number = if number.is_empty() {
        0
    } else {
        number.parse().ok()?
    };
    Some((base, number, encoded))
}

/// Sections put together: what is meant, and what is written if that differs.
fn joined_value(sections: &[(u32, bool, String)]) -> Vec<String> {
    let written: String = sections.iter().map(|(.., text)| text.as_str()).collect();
    let mut octets = Vec::new();
    let mut charset = String::new();
    for (at, (_, encoded, text)) in sections.iter().enumerate() {
        let mut text = text.as_str();
        if at == 0 && *encoded {
            let mut parts = text.splitn(3, '\'');
            if let (Some(name), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                charset = name.to_lowercase();
                text = rest;
            }
        }
        if *encoded {
            percent_decoded(text, &mut octets);
        } else {
            octets.extend(text.as_bytes());
        }
    }
    let meant = charset::decoded(&charset, &octets);
    if meant == written {
        vec![meant]
    } else {
        vec![meant, written]
    }
}

fn percent_decoded(text: &str, out: &mut Vec<u8>) {
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let mut ahead = octets.clone();
        let digit = |octet: Option<u8>| octet.and_then(|octet| char::from(octet).to_digit(16));
        match (octet, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                octets = ahead;
            }
            _ => out.push(octet),
        }
    }
}

/// Without line ends, and without comments outside quotes; they may nest.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for character in text.chars().filter(|c| !matches!(c, '\r' | '\n')) {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            _ if is_escaped => {}
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(character);
        }
    }
    // A comment that is not ended: nobody reads the rest of the field as one.
    if depth > 0 {
        return text.replace(['\r', '\n'], "");
    }
    out
}

/// Pieces between semicolons outside quotes.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut quoted, mut escaped) = (0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(text.get(begin..at).unwrap_or_default());
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(begin..).unwrap_or_default());
    pieces
}

/// A quoted string without its quotes; anything else up to a blank.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_parameters_are_read() {
        for (text, value, parameters) in [
            ("text/plain", "text/plain", ""),
            (
                " Text/HTML ; charset=utf-8\r\n",
                "text/html",
                "charset=utf-8",
            ),
            (
                "a/b;\r\n\tboundary=\"x;y\\\"z\"; q",
                "a/b",
                "boundary=x;y\"z",
            ),
            ("a/b (c; d=(e)) ; f = g (h)", "a/b", "f=g"),
            (
                "a/b; boundary=A; Boundary=B",
                "a/b",
                "boundary=A|boundary=B",
            ),
            (
                "attachment; filename*0=\"inv\"; filename*1=\"oice.e\"; filename*2=xe",
                "attachment",
                "filename=invoice.exe",
            ),
            (
                "attachment; filename*=utf-8''%e2%82%ac%20r%61tes.exe",
                "attachment",
                "filename=\u{20ac} rates.exe,utf-8''%e2%82%ac%20r%61tes.exe",
            ),
            (
                "attachment; filename*1*=%2eexe; filename*0*=iso-8859-1'en'%E4",
                "attachment",
                "filename=\u{e4}.exe,iso-8859-1'en'%E4%2eexe",
            ),
            (
                "attachment; filename=\"a.exe",
                "attachment",
                "filename=a.exe",
            ),
            ("a/b (open; x=y", "a/b (open", "x=y"),
            ("", "", ""),
            (";;=;a=", "", "=|a="),
        ] {
            let read = Structured::read(text.as_bytes());
            let shown: Vec<String> = read
                .parameters
                .iter()
                .map(|(name, values)| format!("{name}={}", values.join(",")))
                .collect();
            assert_eq!(
                (read.value.as_str(), shown.join("|").as_str()),
                (value, parameters),
                "{text}"
            );
        }
    }
}
