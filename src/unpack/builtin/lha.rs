//! LHA and LZH.

use super::super::members::{End, Failure, Member, Members, brief, damaged};
use crate::mail::node::{Entry, State};

/// Where an archive begins in something else.
pub(in super::super) fn find(content: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(content, b"-lh")
        .filter(|at| *at >= 2)
        .find(|at| {
            let mark = content.get(*at..*at + 5);
            mark.is_some_and(|mark| matches!(mark, [_, _, _, b'0'..=b'7' | b'd', b'-']))
        })
        .map(|at| at - 2)
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut reader = delharc::LhaDecodeReader::new(content).map_err(damaged)?;
    loop {
        let header = reader.header();
        let member = Member::named(header.parse_pathname_to_str());
        if header.is_directory() {
            members.phantom(member.entry(Entry::Folder))?;
        } else if reader.is_decoder_supported() {
            if let End::Damaged(error) = members.read(member, &mut reader)? {
                return Err(Failure::Damaged(brief(error)));
            }
        } else {
            let state = State::Undecodable("not supported: its method".to_owned());
            members.phantom(member.state(state))?;
        }
        match reader.next_file() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(damaged(error)),
        }
    }
}
