//! Rich Text: objects that are embedded as hexadecimal digits.
//!
//! # Source
//! RTF 1.9.1 (`\objdata`, `\bin`); [MS-OLEDS] 2.2.5.

use memchr::memmem;

use super::{
    super::{
        cursor::Cursor,
        members::{Failure, Member, Members},
    },
    ole,
};

/// Objects that are looked at.
const MOST_OBJECTS: usize = 1000;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    for at in memmem::find_iter(content, b"\\objdata").take(MOST_OBJECTS) {
        let text = content.get(at + b"\\objdata".len()..).unwrap_or_default();
        let octets = digits(text);
        if octets.is_empty() {
            continue;
        }
        object(&octets, members)?;
    }
    Ok(())
}

/// The octets that the digits of a group stand for; control words and groups between them are passed over, as readers do.
fn digits(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut high: Option<u8> = None;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        at += 1;
        match octet {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b'\\' => at += control(text.get(at..).unwrap_or_default(), &mut out),
            _ => {
                let Some(value) = char::from(octet).to_digit(16) else {
                    continue;
                };
                let value = u8::try_from(value).unwrap_or_default();
                match high.take() {
                    Some(high) => out.push(high << 4 | value),
                    None => high = Some(value),
                }
            }
        }
    }
    out
}

/// Length of a control word after its backslash; `\bin` is followed by raw octets.
fn control(text: &[u8], out: &mut Vec<u8>) -> usize {
    let word = text
        .iter()
        .take_while(|octet| octet.is_ascii_alphabetic())
        .count();
    if word == 0 {
        // `\'hh` stands for an octet of text.
        return if text.first() == Some(&b'\'') { 3 } else { 1 };
    }
    let rest = text.get(word..).unwrap_or_default();
    let sign = usize::from(rest.first() == Some(&b'-'));
    let number = rest
        .iter()
        .skip(sign)
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let mut length = word + sign + number;
    if text.get(length) == Some(&b' ') {
        length += 1;
    }
    if text.get(..word) == Some(b"bin") {
        let count = rest
            .get(..number)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse::<usize>().ok())
            .unwrap_or_default();
        let raw = text.get(length..).unwrap_or_default();
        let raw = raw.get(..count.min(raw.len())).unwrap_or_default();
        out.extend_from_slice(raw);
        length += raw.len();
    }
    length
}

/// An object: version, form, three names, then its data.
fn object(octets: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let read = || {
        let mut cursor = Cursor::new(octets);
        cursor.skip(8)?;
        let class_length = cursor.length()?;
        let class = cursor.take(class_length)?;
        for _ in 0..2 {
            let length = cursor.length()?;
            cursor.skip(length)?;
        }
        let size = cursor.length()?;
        let data = cursor.take(size.min(cursor.rest().len()))?;
        Some((class.trim_ascii_end(), data))
    };
    match read() {
        Some((class, data)) if class.starts_with(b"Package") => {
            let mut whole = u32::try_from(data.len())
                .unwrap_or_default()
                .to_le_bytes()
                .to_vec();
            whole.extend_from_slice(data);
            let (member, file) = ole::native(&whole);
            members.bytes(member, file)
        }
        Some((class, data)) => {
            let class = class.strip_suffix(b"\0").unwrap_or(class);
            let class = super::super::name::text(class);
            members.bytes(
                Member::default().odd(&format!("an object of class {}", class.escape_default())),
                data,
            )
        }
        None => members.bytes(Member::default(), octets),
    }
}
