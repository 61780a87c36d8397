//! lzop: blocks of LZO1X.
//!
//! # Source
//! The format that lzop writes: a header with flags and the file's name, then blocks, each with its sizes and checksums.

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members, brief},
    name,
};

const MAGIC: &[u8] = b"\x89LZO\0\r\n\x1a\n";
/// From this version on the header has more fields.
const NEWER: u16 = 0x0940;
const ADLER_OUT: u32 = 0x1;
const ADLER_IN: u32 = 0x2;
const EXTRA: u32 = 0x40;
const CRC_OUT: u32 = 0x100;
const CRC_IN: u32 = 0x200;
const FILTER: u32 = 0x800;
/// Largest block that lzop itself would write or read.
const LARGEST_BLOCK: usize = 64 * 1024 * 1024;

/// Flags and name.
fn header<'a>(cursor: &mut Cursor<'a>) -> Option<(u32, &'a [u8])> {
    (cursor.take(MAGIC.len())? == MAGIC).then_some(())?;
    let is_newer = cursor.u16_be()? >= NEWER;
    // Version of the library, version that is needed; method, level.
    cursor.skip(if is_newer { 4 + 2 } else { 2 + 1 })?;
    let flags = cursor.u32_be()?;
    if flags & FILTER != 0 {
        cursor.skip(4)?;
    }
    // Mode, time.
    cursor.skip(if is_newer { 12 } else { 8 })?;
    let length = cursor.u8()?;
    let name = cursor.take(usize::from(length))?;
    cursor.skip(4)?;
    if flags & EXTRA != 0 {
        let length = usize::try_from(cursor.u32_be()?).ok()?;
        cursor.skip(length)?;
        cursor.skip(4)?;
    }
    Some((flags, name))
}

/// One block: what is packed, and how long it was; `Some(None)` at the end.
fn block<'a>(cursor: &mut Cursor<'a>, flags: u32) -> Option<Option<(&'a [u8], usize)>> {
    let size = usize::try_from(cursor.u32_be()?).ok()?;
    if size == 0 {
        return Some(None);
    }
    let packed = usize::try_from(cursor.u32_be()?).ok()?;
    let is_packed = packed < size;
    let sums = [
        (flags & ADLER_OUT != 0, true),
        (flags & CRC_OUT != 0, true),
        (flags & ADLER_IN != 0, is_packed),
        (flags & CRC_IN != 0, is_packed),
    ];
    let sums = sums
        .iter()
        .filter(|(is_set, is_there)| *is_set && *is_there);
    cursor.skip(4 * sums.count())?;
    Some(Some((cursor.take(packed)?, size)))
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut cursor = Cursor::new(content);
    if !content.starts_with(MAGIC) {
        return Err(Failure::Foreign);
    }
    while cursor.rest().starts_with(MAGIC) {
        file(&mut cursor, members)?;
    }
    match cursor.rest() {
        [] => Ok(()),
        rest => {
            members.odd("goes on after its end");
            members.bytes(Member::default().odd("stands after the end"), rest)
        }
    }
}

/// One file of those that stand one after another.
fn file(cursor: &mut Cursor<'_>, members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let cut = || Failure::Damaged("it is cut off".to_owned());
    let (flags, own) = header(cursor).ok_or_else(cut)?;
    let mut member = Member::named(name::text(own));
    for holder in members.holder_names().to_vec() {
        if let Some(stem) = name::without_suffix(&holder) {
            member = member.also_named(&stem);
        }
    }
    let mut out = Vec::new();
    let damage = loop {
        match block(cursor, flags) {
            None => break Some("it is cut off".to_owned()),
            Some(None) => break None,
            Some(Some((_, size))) if size > LARGEST_BLOCK => {
                break Some("a block is too large".to_owned());
            }
            Some(Some((packed, size))) => {
                let before = out.len();
                if packed.len() >= size {
                    members.fill(&mut out, &mut &packed[..])?;
                    continue;
                }
                match lzokay_native::decompress_all(packed, Some(size)) {
                    Ok(octets) => members.fill(&mut out, &mut octets.as_slice())?,
                    Err(error) => break Some(brief(error)),
                };
                if out.len() - before != size {
                    break Some("a block has another size than it says".to_owned());
                }
            }
        }
    };
    if out.is_empty() && damage.is_some() {
        return Err(Failure::Damaged(damage.unwrap_or_default()));
    }
    members.hand_over(member, out)?;
    match damage {
        Some(why) => Err(Failure::Damaged(why)),
        None => Ok(()),
    }
}
