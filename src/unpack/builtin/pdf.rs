//! PDF: files that are embedded in it, found by their stream, whatever the tables of the document say.
//!
//! # Source
//! ISO 32000-1, 7.3.8 (streams), 7.11.4 (embedded files).

use memchr::memmem;

use super::{
    super::members::{End, Failure, Member, Members},
    deflate::Inflater,
};
use crate::{mail::node::State, mime::kind};

/// Octets before a stream in which its dictionary stands.
const DICTIONARY: usize = 2048;
/// Streams that are looked at.
const MOST_STREAMS: usize = 20_000;
/// Beginning of a stream that is inflated to see what it is.
const SAMPLE: usize = 4096;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let holds_files = [&b"/EmbeddedFile"[..], b"/Filespec"]
        .iter()
        .any(|mark| memmem::find(content, mark).is_some());
    // A document that only may not be printed is encrypted too, and holds nothing but itself.
    if holds_files && memmem::find(content, b"/Encrypt").is_some() {
        return Err(Failure::Encrypted);
    }
    let names = names(content);
    let mut name = names.iter();
    let mut from = 0;
    let mut count = 0;
    while let Some(at) = content
        .get(from..)
        .and_then(|rest| memmem::find(rest, b"stream"))
        .map(|at| from + at)
    {
        from = at + b"stream".len();
        if content.get(..at).is_some_and(|head| head.ends_with(b"end")) {
            continue;
        }
        count += 1;
        if count > MOST_STREAMS {
            return Err(Failure::Damaged("too many streams".to_owned()));
        }
        let dictionary = dictionary(content, at);
        let rest = content.get(from..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        let end = memmem::find(rest, b"endstream").unwrap_or(rest.len());
        let data = rest.get(..end).unwrap_or_default();
        // The line end before the word is not part of the data.
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        let data = data.strip_suffix(b"\r").unwrap_or(data);
        let is_embedded = memmem::find(dictionary, b"/EmbeddedFile").is_some();
        let is_deflated = memmem::find(dictionary, b"/FlateDecode").is_some()
            || memmem::find(dictionary, b"/Fl ").is_some();
        // Pictures and fonts are most of a document.
        if !is_embedded && !is_file(data, is_deflated) {
            from += end.min(rest.len());
            continue;
        }
        let mut member = Member::default();
        if is_embedded && let Some(name) = name.next() {
            member = member.also_named(name);
        }
        take(data, is_deflated, member, members)?;
        from += end;
    }
    Ok(())
}

fn take(
    data: &[u8],
    is_deflated: bool,
    member: Member,
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    if !is_deflated {
        return members.bytes(member, data);
    }
    let mut plain = Vec::new();
    let mut source = flate2::bufread::ZlibDecoder::new(data);
    if let End::Complete = members.fill(&mut plain, &mut source)? {
        return members.hand_over(member, plain);
    }
    // Readers forgive a damaged frame around the data.
    plain.clear();
    let mut raw = Inflater::new(data.get(2..).unwrap_or_default());
    match members.fill(&mut plain, &mut raw)? {
        End::Complete => members.hand_over(member, plain),
        End::Damaged(_) => {
            let state = State::Undecodable("damaged: its stream".to_owned());
            members.hand_over(member.state(state), plain)
        }
    }
}

/// The dictionary before the word `stream` at `at`.
fn dictionary(content: &[u8], at: usize) -> &[u8] {
    let begin = at.saturating_sub(DICTIONARY);
    let head = content.get(begin..at).unwrap_or_default();
    let object = memmem::rfind(head, b" obj").unwrap_or(0);
    head.get(object..).unwrap_or_default()
}

/// True for a stream that holds a program, an archive or a document, though it does not say so.
fn is_file(data: &[u8], is_deflated: bool) -> bool {
    let mut sample = vec![0; SAMPLE];
    let sample = if is_deflated {
        let mut source = flate2::bufread::ZlibDecoder::new(data);
        let count = std::io::Read::read(&mut source, &mut sample).unwrap_or_default();
        sample.get(..count).unwrap_or_default()
    } else {
        data
    };
    kind::kinds(sample).iter().any(|kind| {
        matches!(
            *kind,
            "exe" | "zip" | "rar" | "7z" | "cdf-ms" | "pdf" | "rtf" | "lnk" | "cab" | "chm"
        )
    })
}

/// Names of embedded files, in the order in which they stand: `/F (name)` and `/UF (name)` of file specifications.
fn names(content: &[u8]) -> Vec<String> {
    const MOST: usize = 1000;
    let specifications = memmem::find_iter(content, b"/Filespec").take(MOST);
    specifications
        .filter_map(|at| {
            let begin = at.saturating_sub(512);
            let area = content.get(begin..content.len().min(at + 512))?;
            let keys = [&b"/UF"[..], b"/F"].into_iter();
            let places =
                keys.flat_map(|key| memmem::find_iter(area, key).map(move |at| at + key.len()));
            let mut texts =
                places.filter_map(|at| area.get(at..)?.trim_ascii_start().strip_prefix(b"("));
            let rest = texts.next()?;
            let end = memchr::memchr(b')', rest)?;
            let text = rest.get(..end)?;
            Some(match text.strip_prefix(b"\xfe\xff") {
                Some(wide) => wide
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .filter_map(|pair| char::from_u32(u32::from(u16::from_be_bytes(*pair))))
                    .collect(),
                None => super::super::name::text(text),
            })
        })
        .collect()
}
