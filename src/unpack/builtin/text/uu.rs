//! uuencode, also in its base64 form, and xxencode.

use super::{
    super::super::{
        members::{Failure, Member, Members},
        name,
    },
    MOST,
};
use crate::{mail::part::Encoding, mime::transfer};

/// The alphabet of xxencode.
const XX: &[u8; 64] = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Where the first `begin` line is.
pub(super) fn first(content: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(content.get(from..)?, b"begin")?;
        let is_line = at == 0 || content.get(at - 1) == Some(&b'\n');
        if is_line && begin(content.get(at..)?).is_some() {
            return Some(at);
        }
        from = at + 5;
    }
}

/// The name of a `begin` line, and whether base64 follows.
fn begin(line: &[u8]) -> Option<(&[u8], bool)> {
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let line = line.get(..end)?.trim_ascii_end();
    let (rest, is_base64) = match line.strip_prefix(b"begin-base64 ") {
        Some(rest) => (rest, true),
        None => (line.strip_prefix(b"begin ")?, false),
    };
    let rest = rest.trim_ascii_start();
    let digits = rest
        .iter()
        .take_while(|octet| (b'0'..=b'7').contains(octet))
        .count();
    if !(3..=6).contains(&digits) {
        return None;
    }
    let file = rest.get(digits..)?.strip_prefix(b" ")?.trim_ascii();
    (!file.is_empty()).then_some((file, is_base64))
}

pub(in super::super::super) fn uuencode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut rest = content;
    for _ in 0..MOST {
        let Some(at) = first(rest) else {
            return Ok(());
        };
        let from = rest.get(at..).unwrap_or_default();
        let Some((file, is_base64)) = begin(from) else {
            return Ok(());
        };
        let body = memchr::memchr(b'\n', from).and_then(|end| from.get(end + 1..));
        let body = body.unwrap_or_default();
        let (data, used, is_ended) = if is_base64 { base64(body) } else { lines(body) };
        let mut member = Member::named(name::text(file));
        if !is_ended {
            member = member.odd("has no end");
        }
        members.charge(data.len())?;
        if !data.is_empty() {
            members.hand_over(member, data)?;
        }
        rest = body.get(used..).unwrap_or_default();
    }
    Ok(())
}

fn base64(body: &[u8]) -> (Vec<u8>, usize, bool) {
    let end = memchr::memmem::find(body, b"\n====").map(|end| end + 1);
    let text = body.get(..end.unwrap_or(body.len())).unwrap_or_default();
    let (data, _) = transfer::decode(text, Encoding::Base64, text.len());
    (data, text.len(), end.is_some())
}

/// Lines of either alphabet, to the line `end`: the octets, what was used, and whether there was an end.
fn lines(body: &[u8]) -> (Vec<u8>, usize, bool) {
    let is_xx = is_xx(body);
    let mut out = Vec::new();
    let mut used = 0;
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        used += line.len();
        if text.trim_ascii_end() == b"end" {
            return (out, used, true);
        }
        let value = |octet: u8| {
            if is_xx {
                XX.iter()
                    .position(|letter| *letter == octet)
                    .map(|at| u8::try_from(at).unwrap_or_default())
            } else {
                (b' '..=b'`')
                    .contains(&octet)
                    .then(|| octet.wrapping_sub(b' ') & 0x3f)
            }
        };
        let Some((&length, digits)) = text.split_first() else {
            continue;
        };
        // What is no line of it is passed over, as decoders do.
        let Some(length) = value(length).map(usize::from) else {
            continue;
        };
        let begin = out.len();
        for group in digits.chunks(4) {
            let mut bits = [0_u8; 4];
            for (slot, octet) in bits.iter_mut().zip(group) {
                *slot = value(*octet).unwrap_or_default();
            }
            let [a, b, c, d] = bits;
            out.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        }
        out.truncate(begin + length.min(out.len() - begin));
    }
    (out, used, false)
}

/// Full lines begin with `M` in one alphabet and with `h` in the other.
fn is_xx(body: &[u8]) -> bool {
    let first = body
        .split(|octet| *octet == b'\n')
        .next()
        .unwrap_or_default();
    let text = first.trim_ascii_end();
    let is_xx_line = |text: &[u8]| {
        text.iter().all(|octet| XX.contains(octet))
            && text
                .first()
                .and_then(|length| XX.iter().position(|letter| letter == length))
                .is_some_and(|length| length.div_ceil(3) * 4 == text.len() - 1)
    };
    let is_uu_line = |text: &[u8]| {
        text.first().is_some_and(|length| {
            let length = usize::from(length.wrapping_sub(b' ') & 0x3f);
            length.div_ceil(3) * 4 == text.len() - 1
        })
    };
    !text.is_empty() && is_xx_line(text) && !is_uu_line(text)
}
