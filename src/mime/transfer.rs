//! Transfer encodings, decoded as mail readers do it: what is foreign is passed over.
//!
//! # Source
//! RFC 2045 sections 6.7 and 6.8; POSIX `uuencode`.

use crate::mail::part::Encoding;

/// A body without its transfer encoding, at most `limit` octets of it; and whether something in it was damaged or left over.
#[must_use]
pub fn decode(body: &[u8], encoding: Encoding, limit: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let is_damaged = match encoding {
        Encoding::Identity => {
            let kept = body.get(..limit.min(body.len())).unwrap_or_default();
            out.extend(kept);
            kept.len() < body.len()
        }
        Encoding::Base64 => base64(body, limit, &mut out),
        Encoding::QuotedPrintable => quoted_printable(body, limit, &mut out),
        Encoding::Uuencode => uuencode(body, limit, &mut out),
    };
    (out, is_damaged)
}

/// `%41` and the like (RFC 3986 section 2.1); what is no such triple stands for itself.
#[must_use]
pub fn percent(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&octet, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (octet, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
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

/// The value of each character, or [`FOREIGN`]; the alphabet for URLs counts as well.
const VALUES: [u8; 256] = values();
const FOREIGN: u8 = 0xff;

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "computed when the program is built"
)]
const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [FOREIGN; 256];
    let mut at = 0;
    while at < alphabet.len() {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
}

fn value(octet: u8) -> u8 {
    VALUES.get(usize::from(octet)).copied().unwrap_or(FOREIGN)
}

/// Characters that are none of the alphabet are passed over; `=` ends a group, and what comes after it begins a new one.
fn base64(body: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    let (mut bits, mut count, mut is_damaged) = (0_u32, 0_u32, false);
    out.reserve(limit.min(body.len() / 4 * 3));
    let mut rest = body;
    loop {
        if count == 0 {
            rest = groups(rest, limit, out);
        }
        let Some((&octet, tail)) = rest.split_first() else {
            return is_damaged || count == 6;
        };
        rest = tail;
        match (octet, value(octet)) {
            (b'=', _) => {
                is_damaged |= count == 6;
                (bits, count) = (0, 0);
            }
            (b'\r' | b'\n' | b' ' | b'\t', _) => {}
            (_, FOREIGN) => is_damaged = true,
            (_, value) => {
                bits = bits << 6 | u32::from(value);
                count += 6;
                if count >= 8 {
                    count -= 8;
                    if out.len() >= limit {
                        return true;
                    }
                    out.push(u8::try_from(bits >> count & 0xFF).unwrap_or_default());
                }
            }
        }
    }
}

/// Decodes whole groups of four, as long as nothing stands between them; gives what is left.
fn groups<'b>(body: &'b [u8], limit: usize, out: &mut Vec<u8>) -> &'b [u8] {
    let mut rest = body;
    while let Some((group, tail)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(value);
        // Values have six bits: anything else sets one of the two upper ones.
        if (a | b | c | d) & 0xc0 != 0 || out.len() + 3 > limit {
            break;
        }
        out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        rest = tail;
    }
    rest
}

/// `=` before anything but two digits or a line end stands for itself.
fn quoted_printable(body: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    let mut is_damaged = false;
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        let end = line.get(bare.len()..).unwrap_or_default();
        // Blanks at the end of a line were added on the way.
        let content = bare.trim_ascii_end();
        let (content, is_soft) = match content.strip_suffix(b"=") {
            Some(content) => (content, true),
            None => (content, false),
        };
        let mut rest = content;
        while let Some((&octet, tail)) = rest.split_first() {
            let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
            rest = tail;
            let decoded = match (octet, digit(0), digit(1)) {
                (b'=', Some(high), Some(low)) => {
                    rest = tail.get(2..).unwrap_or_default();
                    u8::try_from(high * 16 + low).unwrap_or_default()
                }
                _ => {
                    is_damaged |= octet == b'=';
                    octet
                }
            };
            out.push(decoded);
        }
        if !is_soft {
            out.extend(end);
        }
        if out.len() > limit {
            out.truncate(limit);
            return true;
        }
    }
    is_damaged
}

/// The lines between `begin` and `end`.
fn uuencode(body: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    let mut lines = body.split(|octet| *octet == b'\n');
    if !lines.any(|line| line.starts_with(b"begin ")) {
        return true;
    }
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"end") {
            return false;
        }
        let Some((&length, encoded)) = line.split_first() else {
            continue;
        };
        let length = usize::from(length.wrapping_sub(32) & 63);
        let mut decoded: Vec<u8> = Vec::with_capacity(48);
        for group in encoded.chunks(4) {
            let value = |at: usize| {
                let octet = group.get(at).copied().unwrap_or(b' ');
                u32::from(octet.wrapping_sub(32) & 63)
            };
            let bits = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
            decoded.extend(bits.to_be_bytes().get(1..).unwrap_or_default());
        }
        decoded.truncate(length);
        if out.len() + decoded.len() > limit {
            return true;
        }
        out.extend(decoded);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_decoded_as_mail_readers_do() {
        for (body, encoding, want, damaged) in [
            ("aGVs\r\nbG8=\r\n", Encoding::Base64, "hello", false),
            ("aG!Vs.bG8=", Encoding::Base64, "hello", true),
            ("aGVs=bG8=", Encoding::Base64, "hello", false),
            ("aGVsbG8", Encoding::Base64, "hello", false),
            ("aGVsbG8h====\r\nQQ==", Encoding::Base64, "hello!A", false),
            ("a", Encoding::Base64, "", true),
            ("Q=", Encoding::Base64, "", true),
            ("", Encoding::Base64, "", false),
            (
                "a=3Db=\r\nc \t\r\n=e4",
                Encoding::QuotedPrintable,
                "a=bc\r\n\u{fffd}",
                false,
            ),
            ("a=zz =", Encoding::QuotedPrintable, "a=zz ", true),
            (
                "begin 644 x\n%:&5L;&\\\n`\nend\n",
                Encoding::Uuencode,
                "hello",
                false,
            ),
            (
                "begin 644 x\n%:&5L;&\\\n",
                Encoding::Uuencode,
                "hello",
                true,
            ),
            ("no", Encoding::Uuencode, "", true),
            ("as is", Encoding::Identity, "as is", false),
        ] {
            let (decoded, is_damaged) = decode(body.as_bytes(), encoding, 1000);
            assert_eq!(String::from_utf8_lossy(&decoded), want, "{body}");
            assert_eq!(is_damaged, damaged, "{body}");
        }
    }

    #[test]
    fn no_more_than_the_limit_is_decoded() {
        let base64 = "QUFB".repeat(1000);
        let quoted = "=41=41\r\n".repeat(1000);
        let uu = format!("begin 644 x\n{}end\n", "#04%!\n".repeat(1000));
        for (body, encoding) in [
            (base64, Encoding::Base64),
            (quoted, Encoding::QuotedPrintable),
            (uu, Encoding::Uuencode),
            ("x".repeat(1000), Encoding::Identity),
        ] {
            let (decoded, is_cut) = decode(body.as_bytes(), encoding, 100);
            assert!(decoded.len() <= 100 && is_cut, "{encoding:?}");
        }
    }
}
