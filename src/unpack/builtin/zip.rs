//! zip: every member that the directory at the end names, and every one that only stands in the archive; both views are compared.
//!
//! Sizes are not believed: a member is inflated to its own end. What the two headers of a member say differently is told, and both of
//! its names are known to the rules.
//!
//! # Guards
//! Members with equal names, members that the directory does not name, concatenated archives, and overlapping members.
//!
//! # Source
//! PKWARE APPNOTE 6.3.

mod headers;

use std::{collections::BTreeSet, io::Read};

use memchr::memmem;

use self::headers::{Entry as Listed, LOCAL, Local, central, local};
use super::{
    super::{
        members::{End, Failure, Member, Members, brief},
        name,
    },
    deflate::Inflater,
};
use crate::mail::node::{Entry, State};

/// Members that stand in the archive without being listed, at most.
const MOST_UNLISTED: usize = 10_000;

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let directory = central(content);
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut covered: Vec<(usize, usize)> = Vec::new();
    let mut worst = Worst::default();
    if let Some(directory) = &directory {
        if directory.prefix > 0 {
            members.odd("octets stand before the archive");
        }
        if directory.is_incomplete {
            worst.note(&State::Undecodable(
                "damaged: its directory is cut off".to_owned(),
            ));
        }
        for listed in &directory.entries {
            let is_new = seen.insert(listed.offset);
            let end = member(content, listed, true, members, &mut worst)?;
            if is_new {
                covered.push((listed.offset, end));
            } else {
                members.odd("two members of its directory stand at one place");
            }
        }
    }
    covered.sort_unstable();
    if covered.windows(2).any(|pair| match pair {
        [(_, end), (begin, _)] => end > begin,
        _ => false,
    }) {
        members.odd("members overlap");
    }
    unlisted(content, &seen, &covered, members, &mut worst)?;
    if directory.is_none() {
        if memmem::find(content, LOCAL).is_none() {
            return Err(Failure::Foreign);
        }
        members.odd("has no directory at its end");
    }
    worst.result()
}

/// The worst that was found at any member.
#[derive(Default)]
struct Worst {
    is_encrypted: bool,
    why: Option<String>,
}

impl Worst {
    fn note(&mut self, state: &State) {
        match state {
            State::Encrypted => self.is_encrypted = true,
            State::Undecodable(why) if self.why.is_none() => self.why = Some(why.clone()),
            _ => {}
        }
    }

    /// Its members say themselves what is wrong with them: the archive was decoded.
    fn result(self) -> Result<(), Failure> {
        match self.why {
            Some(why) if why.starts_with("damaged: its directory") => {
                Err(Failure::Damaged("its directory is cut off".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Members that stand outside all that the directory lists.
fn unlisted(
    content: &[u8],
    seen: &BTreeSet<usize>,
    covered: &[(usize, usize)],
    members: &mut Members<'_, '_>,
    worst: &mut Worst,
) -> Result<(), Failure> {
    let mut at = 0;
    let mut count = 0;
    let mut ranges = covered.iter().copied().peekable();
    while let Some(found) = content
        .get(at..)
        .and_then(|rest| memmem::find(rest, LOCAL))
        .map(|offset| at + offset)
    {
        while ranges.next_if(|(_, end)| *end <= found).is_some() {}
        if let Some(&(begin, end)) = ranges.peek()
            && begin <= found
        {
            at = end.max(found + LOCAL.len());
            continue;
        }
        at = found + LOCAL.len();
        let Some(header) = local(content, found) else {
            continue;
        };
        if seen.contains(&found) || !header.is_believable() {
            continue;
        }
        count += 1;
        if count > MOST_UNLISTED {
            return Err(Failure::Damaged(
                "too many members that are not listed".into(),
            ));
        }
        if !covered.is_empty() {
            members.ambiguous("holds members that its directory does not list");
        }
        let listed = header.as_listed(found);
        at = member(content, &listed, false, members, worst)?.max(at);
    }
    Ok(())
}

/// Takes one member; gives the offset of its end, as far as it is known.
fn member(
    content: &[u8],
    listed: &Listed<'_>,
    is_listed: bool,
    members: &mut Members<'_, '_>,
    worst: &mut Worst,
) -> Result<usize, Failure> {
    let mut member = Member::named(name::text(listed.name));
    if let Some(other) = &listed.unicode_name {
        member = member.also_named(other);
    }
    if !is_listed {
        member = member.odd("is not in the archive's directory");
    }
    let Some(header) = local(content, listed.offset) else {
        let state =
            State::Undecodable("damaged: it does not stand where the directory says".into());
        worst.note(&state);
        members.phantom(member.state(state))?;
        return Ok(listed.offset);
    };
    if is_listed {
        member = compared(listed, &header, member, members);
    }
    let begin = header.data;
    let packed = listed.packed.max(if header.has_descriptor {
        0
    } else {
        header.packed
    });
    let end = begin.saturating_add(packed).min(content.len());
    if listed.is_folder() {
        members.phantom(member.entry(Entry::Folder))?;
        return Ok(end);
    }
    if listed.is_encrypted || header.is_encrypted {
        worst.note(&State::Encrypted);
        members.phantom(member.state(State::Encrypted))?;
        return Ok(end);
    }
    if listed.is_link() {
        member.entry = Entry::Link;
    }
    let methods: &[u16] = if header.method == listed.method {
        &[listed.method]
    } else {
        &[listed.method, header.method]
    };
    let place = Place { begin, packed };
    let mut consumed = packed;
    for &method in methods {
        let took = inflate(
            content,
            place,
            method,
            listed,
            member.clone(),
            members,
            worst,
        )?;
        consumed = consumed.max(took);
    }
    Ok(begin.saturating_add(consumed).min(content.len()))
}

/// What the directory and the member's own header say differently.
fn compared(
    listed: &Listed<'_>,
    header: &Local<'_>,
    mut member: Member,
    members: &mut Members<'_, '_>,
) -> Member {
    if header.name != listed.name {
        members.ambiguous("its directory and its members differ in names");
        member = member
            .also_named(&name::text(header.name))
            .odd("has another name in its own header");
    }
    if !header.has_descriptor && header.method != listed.method {
        members.ambiguous("its directory and its members differ in methods");
    }
    member
}

/// Where a member's data is, as its headers say.
#[derive(Clone, Copy)]
struct Place {
    begin: usize,
    packed: usize,
}

/// Inflates a member; gives how many octets of the archive it took.
#[allow(
    clippy::too_many_arguments,
    reason = "the facts of one member, used once"
)]
fn inflate(
    content: &[u8],
    Place { begin, packed }: Place,
    method: u16,
    listed: &Listed<'_>,
    member: Member,
    members: &mut Members<'_, '_>,
    worst: &mut Worst,
) -> Result<usize, Failure> {
    let all = content.get(begin..).unwrap_or_default();
    let bounded = all.get(..packed.min(all.len())).unwrap_or_default();
    let mut plain = Vec::new();
    let (end, consumed) = match method {
        0 => {
            let member = checked(member, listed, bounded, bounded.len() < packed, worst);
            members.bytes(member, bounded)?;
            return Ok(packed);
        }
        8 => {
            let mut source = Inflater::new(all);
            let end = members.fill(&mut plain, &mut source)?;
            (end, usize::try_from(source.consumed()).unwrap_or(packed))
        }
        _ => match reader(method, bounded, listed) {
            Ok(mut source) => (members.fill(&mut plain, &mut *source)?, packed),
            Err(why) => {
                let state = State::Undecodable(why);
                worst.note(&state);
                members.phantom(member.state(state))?;
                return Ok(packed);
            }
        },
    };
    let member = match end {
        End::Complete => {
            if listed.plain != plain.len() && !listed.is_unsized {
                members.odd("a member is not as long as it says");
            }
            let is_cut = method != 8 && bounded.len() < packed;
            checked(member, listed, &plain, is_cut, worst)
        }
        End::Damaged(error) => {
            let state = State::Undecodable(format!("damaged: {}", brief(error)));
            worst.note(&state);
            member.state(state)
        }
    };
    members.hand_over(member, plain)?;
    Ok(consumed)
}

/// A member that is cut off, or whose checksum is wrong, says so.
fn checked(
    member: Member,
    listed: &Listed<'_>,
    plain: &[u8],
    is_cut: bool,
    worst: &mut Worst,
) -> Member {
    let mut crc = flate2::Crc::new();
    crc.update(plain);
    let why = if is_cut {
        "damaged: it is cut off"
    } else if listed.is_unsized || crc.sum() == listed.crc {
        return member;
    } else {
        "damaged: its checksum is wrong"
    };
    let state = State::Undecodable(why.to_owned());
    worst.note(&state);
    member.state(state)
}

/// Readers of the rarer methods; for one that we have none for, why.
fn reader<'a>(
    method: u16,
    packed: &'a [u8],
    listed: &Listed<'_>,
) -> Result<Box<dyn Read + 'a>, String> {
    Ok(match method {
        9 => Box::new(deflate64::Deflate64Decoder::with_buffer(packed)),
        12 => Box::new(bzip2::bufread::BzDecoder::new(packed)),
        14 => Box::new(lzma(packed, listed.plain)?),
        93 => Box::new(
            ruzstd::decoding::StreamingDecoder::new(packed)
                .map_err(|error| format!("damaged: {}", brief(error)))?,
        ),
        98 => Box::new(ppmd(packed, listed.plain)?),
        95 => Box::new(lzma_rust2::XzReader::new_mem_limit(
            packed,
            true,
            192 * 1024,
        )),
        _ => return Err(format!("not supported: method {method}")),
    })
}

/// Method 98: order, memory and method of restoring in two octets, then the data (APPNOTE 5.10).
fn ppmd(packed: &[u8], plain: usize) -> Result<impl Read, String> {
    let (head, rest) = packed
        .split_first_chunk::<2>()
        .ok_or_else(|| "damaged: it is cut off".to_owned())?;
    let word = u32::from(u16::from_le_bytes(*head));
    let restoring = if word >> 12 == 0 {
        ppmd_rust::RestoreMethod::Restart
    } else {
        ppmd_rust::RestoreMethod::CutOff
    };
    let (order, memory) = ((word & 15) + 1, ((word >> 4 & 0xff) + 1) << 20);
    let decoder = ppmd_rust::Ppmd8Decoder::new(rest, order, memory, restoring)
        .map_err(|error| format!("damaged: {}", brief(error)))?;
    // The data has no end of its own.
    Ok(decoder.take(plain as u64))
}

/// Method 14: a version, the length of the properties, the properties, then the data (APPNOTE 5.8.8).
fn lzma(packed: &[u8], plain: usize) -> Result<lzma_rust2::LzmaReader<&[u8]>, String> {
    let cut = || "damaged: it is cut off".to_owned();
    let (head, rest) = packed.split_first_chunk::<9>().ok_or_else(cut)?;
    let &[_, _, 5, 0, properties, a, b, c, d] = head else {
        return Err("damaged: its properties".to_owned());
    };
    let dictionary = u32::from_le_bytes([a, b, c, d]).min(192 << 20);
    lzma_rust2::LzmaReader::new_with_props(rest, plain as u64, properties, dictionary, None)
        .map_err(|error| format!("damaged: {}", brief(error)))
}
