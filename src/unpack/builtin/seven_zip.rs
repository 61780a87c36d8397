//! 7-Zip.
//!
//! The library's own entry reader asks the system for its processors, which a decoder process may not; blocks are read one by one.

use std::io::{self, Cursor, Read};

use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, Error, Password};

use super::super::members::{End, Failure, Member, Members, brief};
use crate::mail::node::{Entry, Limit, State};

/// Largest dictionary or model that is given memory, octets.
const MOST_MEMORY: u64 = 192 << 20;
const AES: &[u8] = &[0x06, 0xf1, 0x07, 0x01];
const LZMA: &[u8] = &[3, 1, 1];
const LZMA2: &[u8] = &[0x21];
const PPMD: &[u8] = &[3, 4, 1];

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let password = Password::empty();
    let mut source = Cursor::new(content);
    let archive = Archive::read(&mut source, &password).map_err(failure)?;
    let mut worst = None;
    for (index, block) in archive.blocks.iter().enumerate() {
        if let Some(state) = refused(block) {
            // Each of its files is told.
            for file in files_of(&archive, Some(index)) {
                members.phantom(named(file).state(state.clone()))?;
            }
            continue;
        }
        let stopped = block_files(&archive, index, &password, &mut source, members)?;
        worst = worst.or(stopped);
    }
    for file in files_of(&archive, None) {
        let entry = if file.is_directory {
            Entry::Folder
        } else {
            Entry::File
        };
        members.phantom(named(file).entry(entry))?;
    }
    worst.map_or(Ok(()), Err)
}

fn named(file: &ArchiveEntry) -> Member {
    let mut member = Member::named(file.name.clone());
    // The mode of a Unix system stands in the upper half, if bit 15 says so.
    if file.windows_attributes & 0x8000 != 0 && file.windows_attributes >> 28 == 0o12 {
        member.entry = Entry::Link;
    }
    member
}

fn files_of(archive: &Archive, block: Option<usize>) -> impl Iterator<Item = &ArchiveEntry> {
    let places = archive.stream_map.file_block_index.iter();
    let files = archive.files.iter().zip(places);
    files.filter_map(move |(file, place)| (*place == block).then_some(file))
}

/// A block that is not decoded: why.
fn refused(block: &Block) -> Option<State> {
    for coder in block.ordered_coder_iter().map(|(_, coder)| coder) {
        let id = coder.encoder_method_id();
        if id == AES {
            return Some(State::Encrypted);
        }
        let properties = coder.properties();
        let memory = match (id, properties) {
            (LZMA, [_, a, b, c, d]) | (PPMD, [_, a, b, c, d]) => {
                u64::from(u32::from_le_bytes([*a, *b, *c, *d]))
            }
            (LZMA2, [bits]) => match bits {
                40.. => u64::from(u32::MAX),
                _ => u64::from(2 | (bits & 1)) << (bits / 2 + 11),
            },
            _ => 0,
        };
        if memory > MOST_MEMORY {
            return Some(State::Undecodable(format!(
                "wants {memory} octets of memory"
            )));
        }
    }
    None
}

/// The files of one block; gives why it was not read to its end.
fn block_files(
    archive: &Archive,
    index: usize,
    password: &Password,
    source: &mut Cursor<&[u8]>,
    members: &mut Members<'_, '_>,
) -> Result<Option<Failure>, Failure> {
    let mut stop = None;
    let decoder = BlockDecoder::new(1, index, archive, password, source);
    let result = decoder.for_each_entries(&mut |file: &ArchiveEntry, from: &mut dyn Read| {
        let mut summed = Summed {
            source: from,
            crc: flate2::Crc::new(),
        };
        let (failure, goes_on) = match members.read(named(file), &mut summed) {
            Ok(End::Complete) if file.has_crc && u64::from(summed.crc.sum()) != file.crc => {
                (Failure::Damaged("a checksum is wrong".to_owned()), true)
            }
            Ok(End::Complete) => return Ok(true),
            Ok(End::Damaged(error)) => (Failure::Damaged(brief(error)), false),
            Err(failure) => (failure, false),
        };
        stop = Some(failure);
        Ok(goes_on)
    });
    match (stop, result) {
        (Some(failure @ (Failure::Over(_) | Failure::Broken(_))), _) => match failure {
            // A level that is too deep is no end of the others.
            Failure::Over(Limit::Levels(_)) => Ok(Some(failure)),
            failure => Err(failure),
        },
        (Some(failure), _) => Ok(Some(failure)),
        (None, Err(error)) => Ok(Some(failure(error))),
        (None, Ok(_)) => Ok(None),
    }
}

/// Sums up what is read.
struct Summed<'r> {
    source: &'r mut dyn Read,
    crc: flate2::Crc,
}

impl Read for Summed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.crc.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Failure::Encrypted,
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => Failure::Encrypted,
        Error::UnsupportedCompressionMethod(method) => Failure::Unsupported(brief(method)),
        Error::Unsupported(what) => Failure::Unsupported(brief(what)),
        Error::BadSignature(_) => Failure::Foreign,
        Error::UnsupportedVersion { major, minor } => {
            Failure::Unsupported(format!("version {major}.{minor}"))
        }
        Error::MaxMemLimited { .. } => Failure::Unsupported("it wants too much memory".to_owned()),
        other => Failure::Damaged(brief(other)),
    }
}
