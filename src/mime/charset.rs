//! Octets of a named character set as text.

use mail_parser::decoders::charsets::map::charset_decoder;

/// The text that `octets` stand for; of an unknown set UTF-8, with marks for what is none.
#[must_use]
pub fn decoded(charset: &str, octets: &[u8]) -> String {
    let utf8 = || String::from_utf8_lossy(octets).into_owned();
    // ASCII is the same in all sets but a few, and needs no table.
    if charset.eq_ignore_ascii_case("utf-8") {
        return utf8();
    }
    match charset_decoder(charset.as_bytes()) {
        Some(decode) => decode(octets),
        None => utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_known_by_name() {
        for (charset, octets, want) in [
            ("UTF-8", &b"\xc3\xa4"[..], "\u{e4}"),
            ("iso-8859-1", b"\xe4", "\u{e4}"),
            ("ISO-8859-15", b"\xa4", "\u{20ac}"),
            ("koi8-r", b"\xc1", "\u{430}"),
            ("windows-1251", b"\xe0", "\u{430}"),
            ("x-unknown", b"a\xc3\xa4", "a\u{e4}"),
            ("", b"a", "a"),
        ] {
            assert_eq!(decoded(charset, octets), want, "{charset}");
        }
    }
}
