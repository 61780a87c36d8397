//! Encoded words, also where they do not belong: mail readers decode them in names of files.
//!
//! # Source
//! RFC 2047 sections 2 and 4; section 6.2 (blanks between two words are none).

use super::{charset, transfer::decode};
use crate::mail::part::Encoding;

/// A text with its encoded words decoded; nothing if it has none.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    let mut has_word = false;
    while let Some((before, from)) = rest.split_once("=?") {
        match word(from) {
            Some((meant, tail)) => {
                if !(after_word && before.trim().is_empty()) {
                    out.push_str(before);
                }
                out.push_str(&meant);
                rest = tail;
                after_word = true;
                has_word = true;
            }
            None => {
                out.push_str(before);
                out.push_str("=?");
                rest = from;
                after_word = false;
            }
        }
    }
    out.push_str(rest);
    has_word.then_some(out)
}

/// What follows `=?`: the word's text, and what comes after it.
fn word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (body, tail) = rest.split_once("?=")?;
    // RFC 2231 section 5: a language may follow the set.
    let charset = charset.split('*').next().unwrap_or_default();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.:+".contains(c);
    if charset.is_empty() || !charset.chars().all(is_token) {
        return None;
    }
    let octets = match encoding {
        "b" | "B" => decode(body.as_bytes(), Encoding::Base64, body.len()).0,
        "q" | "Q" => {
            let spaced = body.replace('_', " ");
            // A blank at the end stands for itself here.
            let guarded = format!("{spaced}.");
            let mut octets = decode(guarded.as_bytes(), Encoding::QuotedPrintable, guarded.len()).0;
            octets.pop();
            octets
        }
        _ => return None,
    };
    Some((charset::decoded(charset, &octets), tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_wherever_they_stand() {
        for (text, want) in [
            ("plain", None),
            ("=?utf-8?B?YmFkLmV4ZQ==?=", Some("bad.exe")),
            ("=?utf-8?q?bad=2Eexe?=", Some("bad.exe")),
            ("=?iso-8859-1?Q?a_=E4_?=", Some("a \u{e4} ")),
            ("=?utf-8?Q?ba?= =?utf-8?Q?d.e?=xe", Some("bad.exe")),
            ("=?utf-8?Q?ba?= and =?utf-8*en?Q?d?=", Some("ba and d")),
            ("pre=?koi8-r?B?wQ==?=post", Some("pre\u{430}post")),
            ("=?utf-8?X?a?=", None),
            ("=?utf-8?Q?a", None),
            ("=? ?Q?a?=", None),
            ("=?=?utf-8?Q?a?=", Some("=?a")),
        ] {
            assert_eq!(decoded(text).as_deref(), want, "{text}");
        }
    }
}
