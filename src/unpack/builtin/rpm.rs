//! RPM: what follows the lead and the two headers is one compressed cpio archive.
//!
//! # Source
//! The RPM file format, version 3 and 4.

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
    name,
};

/// Octets of the lead.
const LEAD: usize = 96;
const HEADER: &[u8] = b"\x8e\xad\xe8";

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let payload = payload(content)
        .ok_or_else(|| Failure::Damaged("its headers are damaged or cut off".to_owned()))?;
    let mut member = Member::default();
    for holder in members.holder_names() {
        if let Some(stem) = name::without_suffix(holder) {
            member = member.also_named(&stem);
        }
    }
    members.bytes(member, payload)
}

fn payload(content: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(content);
    cursor.skip(LEAD)?;
    header(&mut cursor)?;
    // The signature is padded to a multiple of eight.
    cursor.skip((8 - (cursor.at() - LEAD) % 8) % 8)?;
    header(&mut cursor)?;
    Some(cursor.rest())
}

fn header(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.take(3)? != HEADER {
        return None;
    }
    cursor.skip(5)?;
    let entries = usize::try_from(cursor.u32_be()?).ok()?;
    let store = usize::try_from(cursor.u32_be()?).ok()?;
    cursor.skip(entries.checked_mul(16)?)?;
    cursor.skip(store)
}
