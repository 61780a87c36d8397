//! Files that stand in text: uuencode, xxencode, yEnc, `BinHex`, `data:` addresses, attachments of calendars.
//!
//! # Source
//! POSIX `uuencode`; the yEnc draft 1.3; RFC 1741 (`BinHex`); RFC 2397 (data); RFC 5545 3.8.1.1 (calendar attachments).

mod binhex;
mod uu;
mod yenc;

use memchr::memmem;

pub(in super::super) use self::{binhex::binhex, uu::uuencode, yenc::yenc};
use super::super::members::{Failure, Member, Members};
use crate::{
    mail::part::Encoding,
    mime::transfer::{self, percent},
};

/// Files in one text.
const MOST: usize = 1000;

/// What a text may hold, in the short types of the decoders.
pub(in super::super) fn kinds(content: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    if uu::first(content).is_some() {
        found.push("uue");
    }
    if memmem::find(content, b"=ybegin ").is_some() {
        found.push("ync");
    }
    if memmem::find(content, b"(This file must be converted with BinHex").is_some() {
        found.push("hqx");
    }
    if memmem::find(content, b"data:").is_some() && memmem::find(content, b";base64,").is_some() {
        found.push("html");
    }
    if content.len() > 15
        && content
            .get(..15)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
    {
        found.push("ics");
    }
    found
}

/// `data:type;base64,...` in HTML and other texts; pictures that are small are what they seem.
pub(in super::super) fn data_addresses(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    for at in memmem::find_iter(content, b"data:").take(MOST) {
        let rest = content.get(at + 5..).unwrap_or_default();
        let Some(comma) = rest.iter().take(200).position(|octet| *octet == b',') else {
            continue;
        };
        let head = rest.get(..comma).unwrap_or_default();
        let body = rest.get(comma + 1..).unwrap_or_default();
        let end = body
            .iter()
            .position(|octet| matches!(octet, b'"' | b'\'' | b')' | b'>' | b'<' | b'\\'))
            .unwrap_or(body.len());
        let body = percent(body.get(..end).unwrap_or_default());
        if !head.to_ascii_lowercase().ends_with(b";base64") || body.len() < 8 {
            continue;
        }
        let (data, _) = transfer::decode(&body, Encoding::Base64, body.len());
        let kind = head
            .split(|octet| *octet == b';')
            .next()
            .unwrap_or_default();
        let mut member = Member::default();
        if !kind.is_empty() {
            member.types = vec![String::from_utf8_lossy(kind).to_ascii_lowercase()];
        }
        members.charge(data.len())?;
        members.hand_over(member, data)?;
    }
    Ok(())
}

/// `ATTACH;ENCODING=BASE64;VALUE=BINARY:...` in calendars.
pub(in super::super) fn calendar(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut lines = content.split(|octet| *octet == b'\n').peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line
            .get(..6)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"ATTACH"))
        {
            continue;
        }
        let mut whole = line.to_vec();
        while let Some(next) =
            lines.next_if(|next| next.starts_with(b" ") || next.starts_with(b"\t"))
        {
            whole.extend_from_slice(next.trim_ascii());
        }
        let Some(colon) = whole.iter().position(|octet| *octet == b':') else {
            continue;
        };
        let (head, body) = whole.split_at(colon);
        let head_text = String::from_utf8_lossy(head).to_ascii_uppercase();
        if !head_text.contains("BASE64") {
            continue;
        }
        count += 1;
        if count > MOST {
            break;
        }
        let body = body.get(1..).unwrap_or_default();
        let (data, _) = transfer::decode(body, Encoding::Base64, body.len());
        let lossy = String::from_utf8_lossy(head);
        let name = lossy
            .split(';')
            .filter_map(|field| field.split_once('='))
            .find(|(key, _)| key.to_ascii_uppercase().ends_with("FILENAME"))
            .map(|(_, value)| value.trim_matches('"').to_owned());
        members.charge(data.len())?;
        members.hand_over(Member::named(name.unwrap_or_default()), data)?;
    }
    Ok(())
}
