//! cpio: the new portable forms, the old portable one, and the binary ones.
//!
//! # Source
//! cpio(5).

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
    name,
};
use crate::mail::node::Entry;

/// What a header says.
struct Header<'a> {
    mode: u64,
    size: usize,
    name: &'a [u8],
    /// What stands between the parts is a multiple of this.
    alignment: usize,
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut cursor = Cursor::new(content);
    let mut count = 0;
    loop {
        let Some(header) = header(&mut cursor) else {
            return Err(if count == 0 {
                Failure::Foreign
            } else {
                Failure::Damaged("it is cut off, or a header is damaged".to_owned())
            });
        };
        if header.name == b"TRAILER!!!" {
            return Ok(());
        }
        count += 1;
        let data = cursor.take(header.size.min(cursor.rest().len()));
        let data = data.unwrap_or_default();
        let is_cut = data.len() < header.size;
        align(&mut cursor, header.alignment);
        let member = Member::named(name::text(header.name));
        match header.mode & 0o17_0000 {
            0o04_0000 => members.phantom(member.entry(Entry::Folder))?,
            0o12_0000 => members.phantom(member.entry(Entry::Link))?,
            0o10_0000 | 0 => members.bytes(member, data)?,
            _ => members.phantom(member.entry(Entry::Special))?,
        }
        if is_cut {
            return Err(Failure::Damaged("it is cut off".to_owned()));
        }
    }
}

fn align(cursor: &mut Cursor<'_>, alignment: usize) {
    let over = cursor.at() % alignment;
    if over > 0 {
        // At the very end there may be no padding.
        let _padding = cursor.skip(alignment - over);
    }
}

fn digits(cursor: &mut Cursor<'_>, count: usize, radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(cursor.take(count)?).ok()?;
    u64::from_str_radix(text, radix).ok()
}

fn header<'a>(cursor: &mut Cursor<'a>) -> Option<Header<'a>> {
    match cursor.rest() {
        [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => new_portable(cursor),
        [b'0', b'7', b'0', b'7', b'0', b'7', ..] => old_portable(cursor),
        [0xc7, 0x71, ..] => binary(cursor, false),
        [0x71, 0xc7, ..] => binary(cursor, true),
        _ => None,
    }
}

fn new_portable<'a>(cursor: &mut Cursor<'a>) -> Option<Header<'a>> {
    cursor.skip(6)?;
    let mut fields = [0_u64; 13];
    for field in &mut fields {
        *field = digits(cursor, 8, 16)?;
    }
    let [_, mode, _, _, _, _, size, _, _, _, _, name_length, _] = fields;
    let name = name_of(cursor, name_length)?;
    align(cursor, 4);
    Some(Header {
        mode,
        size: usize::try_from(size).ok()?,
        name,
        alignment: 4,
    })
}

fn old_portable<'a>(cursor: &mut Cursor<'a>) -> Option<Header<'a>> {
    cursor.skip(6 + 12)?;
    let mode = digits(cursor, 6, 8)?;
    cursor.skip(24 + 11)?;
    let name_length = digits(cursor, 6, 8)?;
    let size = digits(cursor, 11, 8)?;
    let name = name_of(cursor, name_length)?;
    Some(Header {
        mode,
        size: usize::try_from(size).ok()?,
        name,
        alignment: 1,
    })
}

fn binary<'a>(cursor: &mut Cursor<'a>, is_big_endian: bool) -> Option<Header<'a>> {
    let mut words = [0_u64; 13];
    for word in &mut words {
        *word = u64::from(if is_big_endian {
            cursor.u16_be()?
        } else {
            cursor.u16_le()?
        });
    }
    let [
        _,
        _,
        _,
        mode,
        _,
        _,
        _,
        _,
        _,
        _,
        name_length,
        size_high,
        size_low,
    ] = words;
    let name = name_of(cursor, name_length)?;
    align(cursor, 2);
    Some(Header {
        mode,
        size: usize::try_from(size_high << 16 | size_low).ok()?,
        name,
        alignment: 2,
    })
}

/// A name with the NUL that ends it.
fn name_of<'a>(cursor: &mut Cursor<'a>, length: u64) -> Option<&'a [u8]> {
    let name = cursor.take(usize::try_from(length).ok()?)?;
    let end = memchr::memchr(0, name).unwrap_or(name.len());
    name.get(..end)
}
