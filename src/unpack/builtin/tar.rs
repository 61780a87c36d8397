//! tar: ustar, GNU and PAX.
//!
//! # Source
//! POSIX.1-2017 pax; GNU tar manual.

use super::{
    super::{
        members::{End, Failure, Member, Members, brief},
        name,
    },
    ar::padded,
};
use crate::mail::node::Entry;

/// Octets of a record.
const RECORD: usize = 512;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut archive = tar::Archive::new(content);
    archive.set_ignore_zeros(true);
    let entries = archive.entries();
    let entries = entries.map_err(|error| Failure::Damaged(brief(error)))?;
    let mut count = 0_u64;
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(_) if count == 0 => return Err(Failure::Foreign),
            Err(error) => return Err(Failure::Damaged(brief(error))),
        };
        count += 1;
        let header = entry.header();
        let kind = header.entry_type();
        let plain = name::text(&header.path_bytes());
        let mut member = Member::named(name::text(&entry.path_bytes())).also_named(&plain);
        if let Ok(size) = header.size()
            && size != entry.size()
            && !kind.is_gnu_sparse()
        {
            members.ambiguous("a member has two sizes");
        }
        member.entry = if kind.is_dir() {
            Entry::Folder
        } else if kind.is_symlink() || kind.is_hard_link() {
            Entry::Link
        } else if kind.is_character_special() || kind.is_block_special() || kind.is_fifo() {
            Entry::Special
        } else {
            Entry::File
        };
        if member.entry == Entry::File {
            if let End::Damaged(error) = members.read(member, &mut entry)? {
                return Err(Failure::Damaged(brief(error)));
            }
        } else {
            members.phantom(member)?;
        }
    }
    if count == 0 && !content.iter().all(|octet| *octet == 0) {
        return Err(Failure::Foreign);
    }
    Ok(())
}

/// True for a header without the mark of ustar, whose checksum is right all the same.
pub(in super::super) fn is_likely(content: &[u8]) -> bool {
    let Some(head) = content.get(..RECORD) else {
        return false;
    };
    let Some(field) = head.get(148..156) else {
        return false;
    };
    let digits = padded(field);
    let Some(want) = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| u32::from_str_radix(digits, 8).ok())
    else {
        return false;
    };
    let sum: u32 = head
        .iter()
        .enumerate()
        .map(|(at, octet)| {
            u32::from(if (148..156).contains(&at) {
                b' '
            } else {
                *octet
            })
        })
        .sum();
    sum == want && head.first().is_some_and(|octet| *octet != 0)
}
