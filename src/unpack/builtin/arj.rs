//! ARJ: stored, the three LZH methods, and the fastest one.
//!
//! # Source
//! The technical notes that come with ARJ (headers, methods); methods 1 to 3 are LZH with the codes of `-lh7-`.

use std::io::{self, Read};

use delharc::decode::{Decoder as _, Lh7Decoder};

use super::super::{
    cursor::Cursor,
    members::{End, Failure, Member, Members, brief},
    name,
};
use crate::mail::node::{Entry, State};

const MARK: &[u8] = b"\x60\xea";
/// Octets of the fixed part that is needed.
const LEAST_HEADER: usize = 30;
const GARBLED: u8 = 0x01;
const MAIN: u8 = 2;
const FOLDER: u8 = 3;
const COMMENT: u8 = 2;
const LABEL: u8 = 4;

/// A header that is read.
struct Header<'a> {
    flags: u8,
    method: u8,
    kind: u8,
    packed: usize,
    size: u64,
    name: &'a [u8],
}

/// The next header; `Ok(None)` at the end of the archive.
fn header<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Header<'a>>, Failure> {
    let cut = || Failure::Damaged("it is cut off".to_owned());
    if cursor.take(2).ok_or_else(cut)? != MARK {
        return Err(Failure::Damaged("a header is missing".to_owned()));
    }
    let size = usize::from(cursor.u16_le().ok_or_else(cut)?);
    if size == 0 {
        return Ok(None);
    }
    let basic = cursor.take(size).ok_or_else(cut)?;
    cursor.skip(4).ok_or_else(cut)?;
    loop {
        let extended = usize::from(cursor.u16_le().ok_or_else(cut)?);
        if extended == 0 {
            break;
        }
        cursor.skip(extended + 4).ok_or_else(cut)?;
    }
    parsed(basic)
        .map(Some)
        .ok_or_else(|| Failure::Damaged("a header is too short".to_owned()))
}

fn parsed(basic: &[u8]) -> Option<Header<'_>> {
    let fixed = usize::from(*basic.first()?);
    if fixed < LEAST_HEADER {
        return None;
    }
    let mut cursor = Cursor::from(basic, 12);
    let packed = cursor.length()?;
    let size = cursor.u32_le()?;
    let names = basic.get(fixed..)?;
    let end = names.iter().position(|octet| *octet == 0)?;
    Some(Header {
        flags: *basic.get(4)?,
        method: *basic.get(5)?,
        kind: *basic.get(6)?,
        packed,
        size: u64::from(size),
        name: names.get(..end)?,
    })
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut cursor = Cursor::new(content);
    match header(&mut cursor)? {
        Some(first) if first.kind == MAIN => {}
        _ => return Err(Failure::Foreign),
    }
    while let Some(header) = header(&mut cursor)? {
        let left = cursor.rest().len();
        let packed = cursor.take(header.packed.min(left)).unwrap_or_default();
        one(&header, packed, members)?;
        if header.packed > left {
            return Err(Failure::Damaged("it is cut off".to_owned()));
        }
    }
    Ok(())
}

fn one(header: &Header<'_>, packed: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let member = Member::named(name::text(header.name));
    match (header.kind, header.method) {
        (FOLDER, _) => return members.phantom(member.entry(Entry::Folder)),
        (COMMENT | LABEL, _) => return Ok(()),
        _ => {}
    }
    if header.flags & GARBLED != 0 {
        return members.phantom(member.state(State::Encrypted));
    }
    let end = match header.method {
        0 => {
            members.bytes(member, packed)?;
            return Ok(());
        }
        1..=3 => {
            let mut source = Lzh {
                decoder: Lh7Decoder::new(packed),
                left: header.size,
            };
            members.read(member, &mut source)?
        }
        4 => members.read(member, &mut Fastest::new(packed, header.size))?,
        method => {
            let state = State::Undecodable(format!("not supported: method {method}"));
            return members.phantom(member.state(state));
        }
    };
    match end {
        End::Complete => Ok(()),
        End::Damaged(error) => Err(Failure::Damaged(brief(error))),
    }
}

/// Methods 1 to 3.
struct Lzh<'a> {
    decoder: Lh7Decoder<&'a [u8]>,
    left: u64,
}

impl Read for Lzh<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        let out = out.get_mut(..count).unwrap_or_default();
        self.decoder
            .fill_buffer(out)
            .map_err(|error| io::Error::other(error.to_string()))?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Octets that the fastest method looks back at most.
const WINDOW: usize = 32 * 1024;

/// Method 4: lengths and distances in unary and binary, no tables.
struct Fastest<'a> {
    input: &'a [u8],
    bit: usize,
    left: u64,
    window: Vec<u8>,
    at: usize,
    /// A copy that is under way: octets that are left, and how far back.
    copy: (usize, usize),
}

impl<'a> Fastest<'a> {
    fn new(input: &'a [u8], size: u64) -> Self {
        Self {
            input,
            bit: 0,
            left: size,
            window: vec![0; WINDOW],
            at: 0,
            copy: (0, 0),
        }
    }

    fn bits(&mut self, count: usize) -> io::Result<usize> {
        let mut value = 0;
        for _ in 0..count {
            let octet = self
                .input
                .get(self.bit / 8)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            value = value << 1 | usize::from(octet >> (7 - self.bit % 8) & 1);
            self.bit += 1;
        }
        Ok(value)
    }

    /// A number whose width, from `least` to `most` bits, comes first.
    fn number(&mut self, least: usize, most: usize) -> io::Result<usize> {
        let mut width = least;
        let mut base = 0;
        while width < most && self.bits(1)? == 1 {
            base += 1 << width;
            width += 1;
        }
        Ok(base + self.bits(width)?)
    }

    fn octet(&mut self) -> io::Result<u8> {
        if self.copy.0 == 0 {
            let length = self.number(0, 7)?;
            if length == 0 {
                return Ok(u8::try_from(self.bits(8)?).unwrap_or_default());
            }
            self.copy = (length + 2, self.number(9, 13)? + 1);
        }
        self.copy.0 -= 1;
        let from = (self.at + WINDOW - self.copy.1) % WINDOW;
        Ok(self.window.get(from).copied().unwrap_or_default())
    }
}

impl Read for Fastest<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        for place in out.iter_mut().take(count) {
            let octet = self.octet()?;
            if let Some(kept) = self.window.get_mut(self.at) {
                *kept = octet;
            }
            self.at = (self.at + 1) % WINDOW;
            *place = octet;
        }
        self.left -= count as u64;
        Ok(count)
    }
}
