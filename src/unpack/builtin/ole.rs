//! OLE compound documents: old Office files, Outlook messages, installers, objects in other documents.
//!
//! Streams that hold something of their own come out: embedded packages, attachments of Outlook messages, executables. What a document
//! is made of (text, tables, properties) stays in it. A storage with Visual Basic makes it of the kind `macro`.
//!
//! # Source
//! [MS-CFB], [MS-OLEDS] (packages), [MS-OXMSG] (messages), [MS-OFFCRYPTO] (encryption).

use std::{
    io::{Cursor as IoCursor, Read, Seek},
    path::Path,
};

use super::super::{
    cursor::Cursor,
    members::{End, Failure, Member, Members, brief, damaged},
    name,
};
use crate::{mail::node::State, mime::kind};

/// Streams that are looked at.
const MOST_STREAMS: usize = 20_000;
/// Attachment data, name, and short name of an Outlook message.
const ATTACHMENT: &str = "__substg1.0_37010102";
const LONG_NAMES: &[&str] = &["__substg1.0_3707001F", "__substg1.0_3704001F"];
const NARROW_NAMES: &[&str] = &["__substg1.0_3707001E", "__substg1.0_3704001E"];

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut file = cfb::CompoundFile::open(IoCursor::new(content)).map_err(damaged)?;
    let mut streams = Vec::new();
    let mut is_encrypted = false;
    for entry in file.walk().take(MOST_STREAMS) {
        let path = entry.path().to_owned();
        let small = entry.name().to_ascii_lowercase();
        if matches!(
            small.as_str(),
            "vba" | "_vba_project" | "_vba_project_cur" | "macros"
        ) {
            members.is_also("macro");
        }
        is_encrypted |= matches!(
            small.as_str(),
            "encryptedpackage" | "encryptioninfo" | "encryptedsummary"
        );
        if entry.is_stream() {
            streams.push(path);
        }
    }
    let mut worst = None;
    for path in streams {
        let mut stream = match file.open_stream(&path) {
            Ok(stream) => stream,
            Err(error) => {
                worst = Some(brief(error));
                continue;
            }
        };
        let mut octets = Vec::new();
        if let End::Damaged(error) = members.fill(&mut octets, &mut stream)? {
            worst = Some(brief(error));
        }
        drop(stream);
        let label = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        is_encrypted |= is_encrypted_document(&label, &octets);
        stream_member(&path, &label, octets, &mut file, members)?;
    }
    if is_encrypted {
        return Err(Failure::Encrypted);
    }
    worst.map_or(Ok(()), |why| Err(Failure::Damaged(why)))
}

/// A Word or Excel document of the old form that says that it is encrypted.
fn is_encrypted_document(label: &str, octets: &[u8]) -> bool {
    match label {
        // FibBase.fEncrypted
        "WordDocument" => {
            octets.starts_with(b"\xec\xa5") && octets.get(11).is_some_and(|flags| flags & 1 != 0)
        }
        // A FILEPASS record right after the first one.
        "Workbook" | "Book" => {
            let mut cursor = Cursor::new(octets);
            for _ in 0..8 {
                let (Some(record), Some(length)) = (cursor.u16_le(), cursor.u16_le()) else {
                    return false;
                };
                if record == 0x2F {
                    return true;
                }
                if cursor.skip(usize::from(length)).is_none() {
                    return false;
                }
            }
            false
        }
        _ => false,
    }
}

fn stream_member<F: Read + Seek>(
    path: &Path,
    label: &str,
    octets: Vec<u8>,
    file: &mut cfb::CompoundFile<F>,
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    if label.ends_with("Ole10Native") {
        let (package, data) = native(&octets);
        return members.hand_over(package, data.to_vec());
    }
    if label == ATTACHMENT {
        let names = attachment_names(path, file);
        let mut member = Member::default();
        for name in names {
            member = member.also_named(&name);
        }
        return members.hand_over(member, octets);
    }
    if matches!(label, "Package" | "CONTENTS") || is_of_interest(&octets) {
        return members.hand_over(Member::named(label.trim_start_matches('\u{1}')), octets);
    }
    Ok(())
}

/// True for streams whose content is a file of its own.
fn is_of_interest(octets: &[u8]) -> bool {
    let kinds = kind::kinds(octets);
    !kinds.iter().any(|kind| {
        matches!(
            *kind,
            "dat" | "empty" | "asc" | "txt" | "wmf" | "F" | "Z" | "lzma" | "cpio" | "dvi" | "mo"
        )
    })
}

/// The names of an attachment stand beside its data.
fn attachment_names<F: Read + Seek>(path: &Path, file: &mut cfb::CompoundFile<F>) -> Vec<String> {
    const LONGEST: u64 = 4096;
    let Some(storage) = path.parent() else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let wide = LONG_NAMES.iter().map(|label| (*label, true));
    let narrow = NARROW_NAMES.iter().map(|label| (*label, false));
    for (label, is_wide) in wide.chain(narrow) {
        let Ok(stream) = file.open_stream(storage.join(label)) else {
            continue;
        };
        let mut octets = Vec::new();
        #[allow(clippy::disallowed_methods, reason = "limited by take")]
        if stream.take(LONGEST).read_to_end(&mut octets).is_ok() {
            names.push(if is_wide {
                name::wide(&octets)
            } else {
                name::text(octets.split(|octet| *octet == 0).next().unwrap_or_default())
            });
        }
    }
    names
}

/// A package: label, two paths, and the file itself. What has another form is taken as it is.
pub(super) fn native(octets: &[u8]) -> (Member, &[u8]) {
    let plain = || (Member::default(), octets.get(4..).unwrap_or(octets));
    let read = || {
        let mut cursor = Cursor::new(octets);
        cursor.skip(6)?;
        let label = name::text(cursor.text()?);
        let path = name::text(cursor.text()?);
        cursor.skip(4)?;
        let length = cursor.length()?;
        cursor.skip(length)?;
        let size = cursor.length()?;
        let data = cursor.take(size.min(cursor.rest().len()))?;
        let file = path
            .rsplit(['\\', '/'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let mut member = Member::named(label).also_named(&file);
        if data.len() < size {
            member = member.state(State::Undecodable("damaged: it is cut off".to_owned()));
        }
        Some((member, data))
    };
    read().unwrap_or_else(plain)
}
