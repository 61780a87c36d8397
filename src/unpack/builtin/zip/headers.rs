//! The headers of a zip archive: those of the members, and the directory at the end.

use memchr::memmem;

use super::super::super::cursor::Cursor;

/// What a member's own header begins with.
pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const ENCRYPTED: u16 = 1;
const DESCRIPTOR: u16 = 1 << 3;
/// Octets of the end record without its comment.
const END_LENGTH: usize = 22;
/// Longest comment.
const COMMENT: usize = 0xFFFF;

/// A member as the directory lists it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    /// The name of the extra field 0x7075.
    pub(super) unicode_name: Option<String>,
    pub(super) method: u16,
    pub(super) packed: usize,
    pub(super) plain: usize,
    /// Checksum of the plain octets.
    pub(super) crc: u32,
    /// The sizes are told only behind the data.
    pub(super) is_unsized: bool,
    /// Where its own header stands, octets from the beginning of the content.
    pub(super) offset: usize,
    pub(super) is_encrypted: bool,
    /// Mode and attributes: the upper half is a Unix mode if the archive comes from there.
    pub(super) attributes: u32,
    pub(super) made_by: u8,
}

impl Entry<'_> {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with(b"/") && self.plain == 0
    }

    pub(super) const fn is_link(&self) -> bool {
        self.made_by == 3 && self.attributes >> 28 == 0o12
    }
}

/// The directory.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// Octets before the archive, which its offsets do not count.
    pub(super) prefix: usize,
    /// It says that it has more entries than it has.
    pub(super) is_incomplete: bool,
}

/// A member's own header.
#[derive(Debug)]
pub(super) struct Local<'a> {
    pub(super) name: &'a [u8],
    pub(super) method: u16,
    pub(super) packed: usize,
    pub(super) plain: usize,
    pub(super) crc: u32,
    pub(super) has_descriptor: bool,
    pub(super) is_encrypted: bool,
    /// Where its data begins.
    pub(super) data: usize,
    version: u16,
}

impl<'a> Local<'a> {
    /// False for octets that only look like a header.
    pub(super) fn is_believable(&self) -> bool {
        self.version < 200
            && !self.name.is_empty()
            && (self.method <= 20 || (92..=99).contains(&self.method))
    }

    /// As if a directory listed it.
    pub(super) const fn as_listed(&self, offset: usize) -> Entry<'a> {
        Entry {
            name: self.name,
            unicode_name: None,
            method: self.method,
            packed: self.packed,
            plain: self.plain,
            crc: self.crc,
            is_unsized: self.has_descriptor,
            offset,
            is_encrypted: self.is_encrypted,
            attributes: 0,
            made_by: 0,
        }
    }
}

/// The header at `offset`, if one stands there.
pub(super) fn local(content: &[u8], offset: usize) -> Option<Local<'_>> {
    let mut cursor = Cursor::from(content, offset);
    if cursor.take(4)? != LOCAL {
        return None;
    }
    let version = cursor.u16_le()?;
    let flags = cursor.u16_le()?;
    let method = cursor.u16_le()?;
    cursor.skip(4)?;
    let crc = cursor.u32_le()?;
    let mut sizes = Sizes {
        packed: u64::from(cursor.u32_le()?),
        plain: u64::from(cursor.u32_le()?),
        offset: 0,
    };
    let name_length = usize::from(cursor.u16_le()?);
    let extra_length = usize::from(cursor.u16_le()?);
    let name = cursor.take(name_length)?;
    // A cut-off extra field hides no member.
    let extra = cursor.take(extra_length).unwrap_or_default();
    let unicode_name = sizes.extend(extra);
    drop(unicode_name);
    Some(Local {
        name,
        method,
        packed: size(sizes.packed),
        plain: size(sizes.plain),
        crc,
        has_descriptor: flags & DESCRIPTOR != 0,
        is_encrypted: flags & ENCRYPTED != 0,
        data: cursor.at(),
        version,
    })
}

fn size(octets: u64) -> usize {
    usize::try_from(octets).unwrap_or(usize::MAX)
}

/// The directory that the last end record points at.
pub(super) fn central(content: &[u8]) -> Option<Directory<'_>> {
    let tail = content.len().saturating_sub(END_LENGTH + COMMENT);
    // A reader that looks from the end finds the last one; junk of any length may follow it.
    let at = memmem::rfind(content.get(tail..)?, END)
        .map(|at| at + tail)
        .or_else(|| memmem::rfind(content, END))?;
    let mut cursor = Cursor::from(content, at);
    cursor.skip(10)?;
    let mut count = u64::from(cursor.u16_le()?);
    let mut length = u64::from(cursor.u32_le()?);
    let mut begin = u64::from(cursor.u32_le()?);
    let mut end = at;
    if (count == 0xFFFF || length == 0xFFFF_FFFF || begin == 0xFFFF_FFFF)
        && let Some(wide) = content
            .get(..at)
            .and_then(|head| memmem::rfind(head, END_64))
    {
        let mut cursor = Cursor::from(content, wide);
        cursor.skip(32)?;
        count = cursor.u64_le()?;
        length = cursor.u64_le()?;
        begin = cursor.u64_le()?;
        end = wide;
    }
    let (length, begin) = (size(length), size(begin));
    // Offsets may not count what was put before the archive.
    let by_end = end.checked_sub(length);
    let is_central = |at: usize| {
        content
            .get(at..)
            .is_some_and(|rest| rest.starts_with(CENTRAL))
    };
    let place = [by_end, Some(begin)]
        .into_iter()
        .flatten()
        .find(|at| is_central(*at))
        .or_else(|| memmem::find(content, CENTRAL));
    let Some(place) = place else {
        return (count == 0).then(|| Directory {
            entries: Vec::new(),
            prefix: 0,
            is_incomplete: false,
        });
    };
    let prefix = place.saturating_sub(begin);
    let entries = entries(content, place, prefix);
    let is_incomplete = (entries.len() as u64) < count;
    Some(Directory {
        entries,
        prefix,
        is_incomplete,
    })
}

fn entries(content: &[u8], place: usize, prefix: usize) -> Vec<Entry<'_>> {
    let mut cursor = Cursor::from(content, place);
    let mut found = Vec::new();
    while let Some(entry) = entry(content, &mut cursor, prefix) {
        found.push(entry);
    }
    found
}

fn entry<'a>(content: &'a [u8], cursor: &mut Cursor<'a>, prefix: usize) -> Option<Entry<'a>> {
    if cursor.take(4)? != CENTRAL {
        return None;
    }
    cursor.skip(1)?;
    let made_by = cursor.u8()?;
    cursor.skip(2)?;
    let flags = cursor.u16_le()?;
    let method = cursor.u16_le()?;
    cursor.skip(4)?;
    let crc = cursor.u32_le()?;
    let mut sizes = Sizes {
        packed: u64::from(cursor.u32_le()?),
        plain: u64::from(cursor.u32_le()?),
        offset: 0,
    };
    let name_length = usize::from(cursor.u16_le()?);
    let extra_length = usize::from(cursor.u16_le()?);
    let comment_length = usize::from(cursor.u16_le()?);
    cursor.skip(4)?;
    let attributes = cursor.u32_le()?;
    sizes.offset = u64::from(cursor.u32_le()?);
    let name = cursor.take(name_length)?;
    let unicode_name = sizes.extend(cursor.take(extra_length)?);
    cursor.take(comment_length)?;
    let plain_offset = size(sizes.offset);
    let shifted = plain_offset.saturating_add(prefix);
    let stands = |at: usize| {
        content
            .get(at..)
            .is_some_and(|rest| rest.starts_with(LOCAL))
    };
    Some(Entry {
        name,
        unicode_name,
        method,
        packed: size(sizes.packed),
        plain: size(sizes.plain),
        crc,
        is_unsized: false,
        offset: if !stands(shifted) && stands(plain_offset) {
            plain_offset
        } else {
            shifted
        },
        is_encrypted: flags & ENCRYPTED != 0,
        attributes,
        made_by,
    })
}

/// Sizes that an extra field may hold in 64 bits.
struct Sizes {
    packed: u64,
    plain: u64,
    offset: u64,
}

impl Sizes {
    /// Takes what the extra fields say; gives the name that one of them may hold.
    fn extend(&mut self, extra: &[u8]) -> Option<String> {
        const SIZES: u16 = 0x0001;
        const NAME: u16 = 0x7075;
        const WIDE: u64 = 0xFFFF_FFFF;
        let mut cursor = Cursor::new(extra);
        let mut name = None;
        while let (Some(id), Some(length)) = (cursor.u16_le(), cursor.u16_le()) {
            let Some(field) = cursor.take(usize::from(length)) else {
                break;
            };
            if id == SIZES {
                let mut field = Cursor::new(field);
                for slot in [&mut self.plain, &mut self.packed, &mut self.offset] {
                    if *slot == WIDE
                        && let Some(value) = field.u64_le()
                    {
                        *slot = value;
                    }
                }
            } else if id == NAME {
                name = field
                    .get(5..)
                    .and_then(|text| std::str::from_utf8(text).ok())
                    .map(str::to_owned);
            }
        }
        name
    }
}
