//! Single files that are compressed: what comes out is one file, with the name that is left when the suffix is gone.

use std::io::{self, Read};

use super::{
    super::{
        members::{End, Failure, Member, Members, brief},
        name,
    },
    lzw,
};

/// The member of a compressed file: its name is the container's, without the suffix.
fn inner(members: &Members<'_, '_>, own: Option<String>) -> Member {
    let mut member = Member::default();
    for holder in members.holder_names() {
        if let Some(stem) = name::without_suffix(holder) {
            member = member.also_named(&stem);
        }
    }
    match own {
        Some(own) => member.also_named(&own),
        None => member,
    }
}

/// One file from `source`; damage before the first octet means that it is something else, later it is told.
fn single(
    members: &mut Members<'_, '_>,
    own: Option<String>,
    source: &mut dyn Read,
) -> Result<(), Failure> {
    let member = inner(members, own);
    let mut content = Vec::new();
    match members.fill(&mut content, source)? {
        End::Complete => members.hand_over(member, content),
        End::Damaged(error) if content.is_empty() => Err(Failure::Damaged(brief(error))),
        End::Damaged(error) => {
            members.hand_over(member, content)?;
            Err(Failure::Damaged(brief(error)))
        }
    }
}

/// What follows the compressed octets; zeros are padding.
fn trailing(members: &mut Members<'_, '_>, rest: &[u8]) -> Result<(), Failure> {
    if rest.iter().all(|octet| *octet == 0) {
        return Ok(());
    }
    members.odd("goes on after its end");
    members.bytes(Member::default().odd("stands after the end"), rest)
}

/// gzip (RFC 1952): all members one after another are one file.
pub(in super::super) fn gzip(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut rest = content;
    let mut own = None;
    let mut out = Vec::new();
    let mut damage = None;
    while rest.starts_with(b"\x1f\x8b") {
        let mut decoder = flate2::bufread::GzDecoder::new(rest);
        let end = members.fill(&mut out, &mut decoder)?;
        if own.is_none() {
            own = decoder
                .header()
                .and_then(|header| header.filename())
                .map(name::text);
        }
        let left = decoder.into_inner();
        if let End::Damaged(error) = end {
            damage = Some(brief(error));
            break;
        }
        // A step that reads nothing would never end.
        if left.len() >= rest.len() {
            break;
        }
        rest = left;
    }
    let member = inner(members, own);
    if out.is_empty() && damage.is_some() {
        return Err(Failure::Damaged(damage.unwrap_or_default()));
    }
    members.hand_over(member, out)?;
    match damage {
        Some(why) => Err(Failure::Damaged(why)),
        None => trailing(members, rest),
    }
}

/// bzip2, all streams.
pub(in super::super) fn bzip2(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut rest = content;
    let mut out = Vec::new();
    let mut damage = None;
    while rest.starts_with(b"BZh") {
        let mut decoder = bzip2::bufread::BzDecoder::new(rest);
        let end = members.fill(&mut out, &mut decoder)?;
        let left = decoder.into_inner();
        if let End::Damaged(error) = end {
            damage = Some(brief(error));
            break;
        }
        if left.len() >= rest.len() {
            break;
        }
        rest = left;
    }
    if out.is_empty() && damage.is_some() {
        return Err(Failure::Damaged(damage.unwrap_or_default()));
    }
    let member = inner(members, None);
    members.hand_over(member, out)?;
    match damage {
        Some(why) => Err(Failure::Damaged(why)),
        None => trailing(members, rest),
    }
}

/// Largest dictionary that is given memory, KiB.
const DICTIONARY_KIB: u32 = 192 * 1024;

/// xz, all streams.
pub(in super::super) fn xz(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut source = lzma_rust2::XzReader::new_mem_limit(content, true, DICTIONARY_KIB);
    single(members, None, &mut source)
}

/// The old lzma format.
pub(in super::super) fn lzma(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let reader = lzma_rust2::LzmaReader::new_mem_limit(content, DICTIONARY_KIB, None);
    let mut reader = reader.map_err(|error| Failure::Damaged(brief(error)))?;
    single(members, None, &mut reader)
}

/// lzip.
pub(in super::super) fn lzip(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut source = lzma_rust2::LzipReader::new(content);
    single(members, None, &mut source)
}

/// Zstandard (RFC 8878), all frames; ones to be skipped are skipped.
pub(in super::super) fn zstd(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut source = Frames {
        rest: content,
        decoder: ruzstd::decoding::FrameDecoder::new(),
        is_in_frame: false,
    };
    single(members, None, &mut source)
}

/// Frames of Zstandard, one after another.
struct Frames<'a> {
    rest: &'a [u8],
    decoder: ruzstd::decoding::FrameDecoder,
    is_in_frame: bool,
}

impl Frames<'_> {
    /// Begins the next frame; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        const SKIPPED: std::ops::RangeInclusive<u32> = 0x184D_2A50..=0x184D_2A5F;
        loop {
            let Some((head, _)) = self.rest.split_first_chunk::<4>() else {
                return Ok(false);
            };
            let magic = u32::from_le_bytes(*head);
            if SKIPPED.contains(&magic) {
                let length = self.rest.get(4..8).and_then(|l| l.try_into().ok());
                let length = length.map_or(0, u32::from_le_bytes) as usize;
                self.rest = self.rest.get(8 + length..).unwrap_or_default();
                continue;
            }
            if magic != 0xFD2F_B528 {
                return Ok(false);
            }
            let started = self.decoder.init(&mut self.rest);
            started.map_err(|error| io::Error::other(brief(error)))?;
            self.is_in_frame = true;
            return Ok(true);
        }
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy;
        loop {
            if !self.is_in_frame && !self.begin()? {
                return Ok(0);
            }
            if self.decoder.can_collect() == 0 {
                if self.decoder.is_finished() {
                    self.is_in_frame = false;
                    continue;
                }
                let strategy = BlockDecodingStrategy::UptoBytes(64 * 1024);
                let decoded = self.decoder.decode_blocks(&mut self.rest, strategy);
                decoded.map_err(|error| io::Error::other(brief(error)))?;
            }
            let count = self.decoder.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
        }
    }
}

/// LZ4 frames.
pub(in super::super) fn lz4(content: &[u8], members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let mut source = lz4_flex::frame::FrameDecoder::new(content);
    single(members, None, &mut source)
}

/// Brotli has no signature: what does not decode to its end is none.
pub(in super::super) fn brotli(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut source = brotli_decompressor::Decompressor::new(content, 64 * 1024);
    single(members, None, &mut source)
}

/// compress (`.Z`).
pub(in super::super) fn compress(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let mut source = lzw::Expander::new(content).ok_or(Failure::Foreign)?;
    single(members, None, &mut source)
}
