//! RAR, from the first versions to the newest.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use rars::{
    ArchiveMember, ArchiveReadOptions, ArchiveReader, ErrorKind, ExtractionDecision,
    ExtractionErrorAction,
};

use super::super::{
    members::{Failure, Member, Members, brief},
    name,
};
use crate::mail::node::{Entry, State};

/// Largest dictionary that is given memory, octets.
const DICTIONARY: u64 = 192 << 20;
/// Headers of an archive, at most.
const HEADERS: u64 = 100_000;
/// Octets of headers, at most.
const HEADER_OCTETS: u64 = 32 << 20;

/// A file that the library writes to.
#[derive(Clone, Default)]
struct Shelf(Rc<RefCell<Vec<u8>>>);

impl Write for Shelf {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A member whose content is being written.
struct Written {
    member: Member,
    shelf: Shelf,
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let options = ArchiveReadOptions::new()
        .with_max_header_count(HEADERS)
        .with_max_header_bytes(HEADER_OCTETS)
        .with_rar50_dictionary_size_limit(DICTIONARY)
        .with_max_reader_workspace_bytes(2 * DICTIONARY)
        .with_max_total_output_bytes(members.most_octets());
    let archive = ArchiveReader::read_with_options(content, options).map_err(|e| failure(&e))?;
    let mut written: Option<Written> = None;
    let mut stop: Option<Failure> = None;
    let mut worst: Option<Failure> = None;
    let members_cell = RefCell::new(&mut *members);
    let result = archive.extract_with_control_and_errors(
        options,
        |facts| {
            if let Some(done) = written.take()
                && let Err(failure) = hand_over(done, &mut members_cell.borrow_mut())
            {
                stop = Some(failure);
                return Ok(ExtractionDecision::Stop);
            }
            let member = described(facts);
            if facts.meta.is_directory || member.entry == Entry::Link || facts.meta.is_encrypted {
                let state = if facts.meta.is_encrypted {
                    State::Encrypted
                } else {
                    State::Plain
                };
                if let Err(failure) = members_cell.borrow_mut().phantom(member.state(state)) {
                    stop = Some(failure);
                    return Ok(ExtractionDecision::Stop);
                }
                return Ok(ExtractionDecision::Skip);
            }
            let shelf = Shelf::default();
            written = Some(Written {
                member,
                shelf: shelf.clone(),
            });
            Ok(ExtractionDecision::Extract(Box::new(shelf)))
        },
        |_, error| {
            worst = Some(failure(error));
            Ok(ExtractionErrorAction::Continue)
        },
    );
    if let Some(stop) = stop {
        return Err(stop);
    }
    let failed = result.err().map(|error| failure(&error)).or(worst);
    if let Some(mut done) = written {
        if failed.is_some() {
            done.member.state = State::Undecodable("damaged: it is not complete".to_owned());
        }
        hand_over(done, members)?;
    }
    failed.map_or(Ok(()), Err)
}

fn hand_over(done: Written, members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let content = done.shelf.0.take();
    members.charge(content.len())?;
    members.hand_over(done.member, content)
}

fn described(facts: &ArchiveMember) -> Member {
    let raw = name::text(facts.meta.name_bytes());
    let meant = facts.decoded_name(None).map(|name| name::text(&name));
    let mut member = Member::named(meant.unwrap_or_default()).also_named(&raw);
    member.entry = if facts.meta.is_directory {
        Entry::Folder
    } else if facts.meta.is_redirection {
        Entry::Link
    } else {
        Entry::File
    };
    if facts.meta.is_split_before || facts.meta.is_split_after {
        member = member.odd("goes on in another volume");
    }
    member
}

fn failure(error: &rars::Error) -> Failure {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => Failure::Encrypted,
        // The library is built without decryption: nothing here has a password.
        ErrorKind::UnsupportedFeature if error.to_string().contains("encryption") => {
            Failure::Encrypted
        }
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => {
            Failure::Unsupported(brief(error))
        }
        ErrorKind::ResourceLimit => Failure::Unsupported("it wants too much".to_owned()),
        _ => Failure::Damaged(brief(error)),
    }
}
