//! xtext: printable ASCII with `+HH` for everything else.
//!
//! # Source
//! RFC 3461 section 4.

/// Upper-case hexadecimal digits.
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes octets. `=`, `+` and whatever is not printable ASCII become `+HH`.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for &octet in octets {
        if (0x21..=0x7E).contains(&octet) && octet != b'+' && octet != b'=' {
            text.push(char::from(octet));
        } else {
            text.push('+');
            for digit in [octet >> 4, octet & 0x0F] {
                text.push(HEX.get(usize::from(digit)).map_or('0', |&d| char::from(d)));
            }
        }
    }
    text
}

/// Encodes a text for an `ORCPT` of type `utf-8` that must itself be ASCII: `\\x{E4}` for what is not plain (RFC 6533 section 3,
/// utf-8-addr-xtext).
#[must_use]
pub fn encode_unicode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_ascii_graphic() && !matches!(character, '+' | '=' | '\\') {
            out.push(character);
        } else {
            out.push_str(&format!("\\x{{{:02X}}}", u32::from(character)));
        }
    }
    out
}

/// Decodes `+HH`; a `+` that is not followed by two hexadecimal digits stays as it is, as old senders mean it.
#[must_use]
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&octet, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let code = pair
            .filter(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|p| u8::from_str_radix(p, 16).ok());
        match code {
            Some(code) if octet == b'+' => {
                out.push(code);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(octet);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_beyond_ascii_have_an_ascii_form() {
        assert_eq!(encode_unicode("b@exämple.net"), "b@ex\\x{E4}mple.net");
        assert_eq!(
            encode_unicode("a+b=c\\d世@x"),
            "a\\x{2B}b\\x{3D}c\\x{5C}d\\x{4E16}@x"
        );
    }

    #[test]
    fn round_trip_and_known_forms() {
        assert_eq!(encode(b"a+b=c d\n\xff"), "a+2Bb+3Dc+20d+0A+FF");
        assert_eq!(decode(b"b+40example.com"), b"b@example.com");
        assert_eq!(decode(b"a+b+4"), b"a+b+4");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).as_bytes()), all);
    }
}
