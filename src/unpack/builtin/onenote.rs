//! `OneNote` sections: the files that are attached to their pages.
//!
//! # Source
//! [MS-ONESTORE] 2.6.13 (`FileDataStoreObject`).

use memchr::memmem;

use super::super::{
    cursor::Cursor,
    members::{Failure, Member, Members},
};

/// The header of an embedded file.
const OBJECT: &[u8] = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut is_cut = false;
    let mut end = 0;
    for at in memmem::find_iter(content, OBJECT) {
        // Files in a file that was taken already are its own.
        if at < end {
            continue;
        }
        let mut cursor = Cursor::from(content, at + OBJECT.len());
        let Some(size) = cursor.u64_le() else {
            is_cut = true;
            continue;
        };
        if cursor.skip(12).is_none() {
            is_cut = true;
            continue;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let data = cursor.take(size.min(cursor.rest().len()));
        let data = data.unwrap_or_default();
        is_cut |= data.len() < size;
        end = cursor.at();
        members.bytes(Member::default(), data)?;
    }
    if is_cut {
        return Err(Failure::Damaged("an attached file is cut off".to_owned()));
    }
    Ok(())
}
