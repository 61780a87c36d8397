//! What content is, by its octets: the short types of the original, and more than one where content is more than one thing.
//!
//! # Source
//! content.md 2.4 (short types); the formats' own specifications.

use memchr::memmem;

/// A format that is known by octets at a fixed place.
struct Magic {
    offset: usize,
    octets: &'static [u8],
    kinds: &'static [&'static str],
}

const fn magic(offset: usize, octets: &'static [u8], kinds: &'static [&'static str]) -> Magic {
    Magic {
        offset,
        octets,
        kinds,
    }
}

/// Formats, the more special ones first.
const MAGICS: &[Magic] = &[
    magic(0, b"\x1f\x8b\x08", &["gz"]),
    magic(0, b"BZ0", &["bz"]),
    magic(0, b"\xfd7zXZ\0", &["xz"]),
    magic(0, b"\x28\xb5\x2f\xfd", &["zst"]),
    magic(0, b"\x04\x22\x4d\x18", &["lz4"]),
    magic(0, b"LRZI", &["lrz"]),
    magic(0, b"\x89LZO\0\r\n\x1a\n", &["lzo"]),
    magic(0, b"\x1f\x9d", &["Z"]),
    magic(0, b"\x1f\x9f", &["F"]),
    magic(0, b"\x1f\x1e", &["F"]),
    magic(0, b"7z\xbc\xaf\x27\x1c", &["7z"]),
    magic(0, b"Rar!\x1a\x07", &["rar"]),
    magic(0, b"RE~^", &["rar"]),
    magic(7, b"**ACE**", &["ace"]),
    magic(20, b"\xdc\xa7\xc4\xfd", &["zoo"]),
    magic(0, b"MSCF\0\0\0\0", &["cab"]),
    magic(0, b"ISc(", &["installshield"]),
    magic(0, b"\xed\xab\xee\xdb", &["rpm"]),
    magic(0, b"\x78\x9f\x3e\x22", &["tnef"]),
    magic(0, b"!<arch>\ndebian", &["deb"]),
    magic(0, b"!<arch>\n", &["a"]),
    magic(257, b"ustar", &["tar"]),
    magic(0, b"070701", &["cpio"]),
    magic(0, b"070702", &["cpio"]),
    magic(0, b"070707", &["cpio"]),
    magic(0, b"\xc7\x71", &["cpio"]),
    magic(0, b"\x71\xc7", &["cpio"]),
    magic(0, b"SIT!", &["sit"]),
    magic(0, b"StuffIt (c)", &["sit"]),
    magic(32_769, b"CD001", &["iso"]),
    magic(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &["cdf-ms"]),
    magic(
        0,
        b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",
        &["onenote"],
    ),
    magic(
        0,
        b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46",
        &["lnk"],
    ),
    magic(0, b"ITSF", &["chm"]),
    magic(0, b"{\\rtf", &["rtf"]),
    magic(0, b"%!PS", &["ps"]),
    magic(0, b"\x7fELF", &["exe", "exe-unix"]),
    magic(0, b"\xca\xfe\xba\xbe\0\0\0", &["java"]),
    magic(0, b"\xfe\xed\xfa", &["exe"]),
    magic(0, b"\xcf\xfa\xed\xfe", &["exe"]),
    magic(0, b"\xce\xfa\xed\xfe", &["exe"]),
    magic(0, b"\x89PNG\r\n\x1a\n", &["image", "png"]),
    magic(0, b"GIF8", &["image", "gif"]),
    magic(0, b"\xff\xd8\xff", &["image", "jpg"]),
    magic(0, b"II*\0", &["image", "tif"]),
    magic(0, b"MM\0*", &["image", "tif"]),
    magic(0, b"fLaC", &["audio", "flac"]),
    magic(0, b"OggS", &["audio", "ogg"]),
    magic(0, b"ID3", &["audio", "mp3"]),
    magic(0, b"\x1aE\xdf\xa3", &["movie", "mkv"]),
    magic(0, b"\0\0\x01\xba", &["movie", "mpg"]),
    magic(0, b"\0\0\x01\xb3", &["movie", "mpv"]),
    magic(0, b"0&\xb2u\x8e\x66\xcf\x11", &["movie", "wmv"]),
    magic(8, b"AVI ", &["movie", "avi"]),
    magic(8, b"WAVE", &["audio", "wav"]),
    magic(8, b"WEBP", &["image"]),
    magic(0, b"FWS", &["swf"]),
    magic(0, b"CWS", &["swf"]),
    magic(0, b"ZWS", &["swf"]),
    magic(0, b"\xd7\xcd\xc6\x9a", &["wmf"]),
    magic(0, b"\xf7\x02", &["dvi"]),
    magic(0, b"\xde\x12\x04\x95", &["mo"]),
    magic(0, b"\x95\x04\x12\xde", &["mo"]),
    magic(0, b"-----BEGIN PGP MESSAGE", &["pgp", "pgp.enc"]),
    magic(0, b"-----BEGIN PGP", &["pgp", "pgp.asc"]),
    magic(0, b"[InternetShortcut]", &["url"]),
    magic(0, b"(This file must be converted with BinHex", &["hqx"]),
];

/// How far from its beginning a PDF may have its mark, as readers accept it.
const PDF_MARK: usize = 1024;
/// How much of a text is looked at.
const SAMPLE: usize = 64 * 1024;

/// The short types of `content`; never empty.
#[must_use]
pub fn kinds(content: &[u8]) -> Vec<&'static str> {
    if content.is_empty() {
        return vec!["empty"];
    }
    if content.starts_with(b"MZ") && is_windows_executable(content) {
        return windows_executable(content);
    }
    if content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06") {
        return zip(content);
    }
    let found = MAGICS.iter().find(|magic| {
        content
            .get(magic.offset..)
            .is_some_and(|rest| rest.starts_with(magic.octets))
    });
    if let Some(magic) = found {
        return magic.kinds.to_vec();
    }
    let head = content
        .get(..content.len().min(PDF_MARK))
        .unwrap_or_default();
    if memmem::find(head, b"%PDF-").is_some() {
        return vec!["pdf"];
    }
    if is_bzip2(content) {
        return vec!["bz2"];
    }
    if is_arj(content) {
        return vec!["arj"];
    }
    if is_lzma(content) {
        return vec!["lzma"];
    }
    if is_lha(content) {
        return vec!["lha"];
    }
    if content.get(4..8) == Some(b"ftyp") {
        return vec!["movie"];
    }
    text(content).map_or_else(|| vec!["dat"], |kind| vec![kind])
}

/// `MZ` alone is no evidence: there must be a PE, NE or LE header where it says, or code of the size that it says.
fn is_windows_executable(content: &[u8]) -> bool {
    new_header(content).is_some() || {
        // An old DOS program: its last page has at most 512 octets, and it has pages.
        let word = |at: usize| {
            Some(usize::from(u16::from_le_bytes(
                content.get(at..at + 2)?.try_into().ok()?,
            )))
        };
        let (last, pages, paragraphs) = (word(2), word(4), word(8));
        matches!(
            (last, pages, paragraphs),
            (Some(0..=511), Some(1..), Some(2..))
        ) && content.len() >= 64
    }
}

/// Where the header of a newer executable is.
fn new_header(content: &[u8]) -> Option<usize> {
    let at = u32::from_le_bytes(content.get(0x3c..0x40)?.try_into().ok()?);
    let at = usize::try_from(at).ok()?;
    let mark = content.get(at..at.checked_add(2)?)?;
    matches!(mark, b"PE" | b"NE" | b"LE" | b"LX").then_some(at)
}

/// A DLL is told by its header's flag.
fn windows_executable(content: &[u8]) -> Vec<&'static str> {
    const DLL: u8 = 0x20;
    let flags = new_header(content).and_then(|at| content.get(at.checked_add(23)?));
    if flags.is_some_and(|flags| flags & DLL != 0) {
        vec!["exe", "dll"]
    } else {
        vec!["exe", "exe-ms"]
    }
}

/// A zip archive, and what such archives are used for.
fn zip(content: &[u8]) -> Vec<&'static str> {
    let head = content.get(..content.len().min(SAMPLE)).unwrap_or_default();
    let holds = |name: &[u8]| memmem::find(head, name).is_some();
    let mut kinds = vec!["zip"];
    if holds(b"[Content_Types].xml") || holds(b"_rels/.rels") {
        let more = [(&b"word/"[..], "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx")];
        kinds.extend(
            more.iter()
                .filter(|(name, _)| holds(name))
                .map(|(_, kind)| *kind),
        );
    } else if holds(b"mimetypeapplication/vnd.oasis.opendocument") {
        kinds.push("odf");
    } else if holds(b"mimetypeapplication/epub+zip") {
        kinds.push("epub");
    } else if holds(b"AndroidManifest.xml") {
        kinds.push("apk");
    } else if holds(b"META-INF/MANIFEST.MF") {
        kinds.push("jar");
    } else if holds(b"doc.kml") {
        kinds.push("kmz");
    }
    kinds
}

/// Three letters and a digit are no evidence: a block or the end must follow.
fn is_bzip2(content: &[u8]) -> bool {
    let follows = content.get(4..10);
    content.starts_with(b"BZh")
        && content
            .get(3)
            .is_some_and(|digit| (b'1'..=b'9').contains(digit))
        && follows.is_some_and(|mark| mark == b"1AY&SY" || mark == b"\x17\x72\x45\x38\x50\x90")
}

/// Two octets are no evidence: the sizes of the header must be believable.
fn is_arj(content: &[u8]) -> bool {
    const LARGEST: u16 = 2600;
    let size = content.get(2..4).and_then(|size| size.try_into().ok());
    let size = size.map_or(0, u16::from_le_bytes);
    content.starts_with(b"\x60\xea")
        && (30..=LARGEST).contains(&size)
        && content
            .get(4)
            .is_some_and(|first| *first >= 30 && u16::from(*first) <= size)
}

/// The old format has no mark: properties that encoders use, a dictionary of 2^n or 3 * 2^n octets, a size that is believable.
fn is_lzma(content: &[u8]) -> bool {
    let dictionary = content
        .get(1..5)
        .and_then(|octets| octets.try_into().ok())
        .map_or(0, u32::from_le_bytes);
    let is_size = content.get(5..13).is_some_and(|size| {
        size == [0xff; 8] || size.get(5..).is_some_and(|high| high == [0, 0, 0])
    });
    content.first() == Some(&0x5d)
        && (dictionary.is_power_of_two()
            || dictionary.is_multiple_of(3) && (dictionary / 3).is_power_of_two())
        && dictionary >= 4096
        && is_size
        && content.get(13) == Some(&0)
}

/// `-lh5-` and the like after the length of the header.
fn is_lha(content: &[u8]) -> bool {
    content.get(2..7).is_some_and(|mark| {
        matches!(
            mark,
            [b'-', b'l', b'h' | b'z', b'0'..=b'9' | b's' | b'd', b'-']
        )
    })
}

/// A kind of text; none if it is no text.
fn text(content: &[u8]) -> Option<&'static str> {
    let sample = content.get(..content.len().min(SAMPLE)).unwrap_or_default();
    let is_wide = sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff");
    let is_binary = |octet: &u8| *octet < 0x20 && !matches!(octet, 7..=13 | 0x1b);
    if !is_wide && sample.iter().any(is_binary) {
        return None;
    }
    let bare = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let begin = bare.trim_ascii_start();
    let head = begin
        .get(..begin.len().min(256))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_uuencoded = bare.split(|octet| *octet == b'\n').take(50).any(|line| {
        line.starts_with(b"begin ")
            && line
                .get(6..9)
                .is_some_and(|mode| mode.iter().all(u8::is_ascii_digit))
    });
    Some(if is_uuencoded {
        "uue"
    } else if bare.starts_with(b"#!") {
        "txt"
    } else if head.starts_with(b"<svg") {
        "svg"
    } else if head.starts_with(b"<?xml") {
        if memmem::find(&head, b"<svg").is_some() {
            "svg"
        } else {
            "xml"
        }
    } else if head.starts_with(b"<!doctype html") || memmem::find(&head, b"<html").is_some() {
        "html"
    } else if is_wide || !sample.is_ascii() {
        "txt"
    } else {
        "asc"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(characteristics: u8) -> Vec<u8> {
        let mut content = vec![0_u8; 0x100];
        content[..2].copy_from_slice(b"MZ");
        content[0x3c] = 0x80;
        content[0x80..0x84].copy_from_slice(b"PE\0\0");
        content[0x80 + 23] = characteristics;
        content
    }

    #[test]
    fn content_is_known_by_its_octets() {
        let mut tar = vec![b'a'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        let mut iso = vec![0_u8; 40_000];
        iso[32_769..32_774].copy_from_slice(b"CD001");
        for (content, want) in [
            (Vec::new(), "empty"),
            (b"plain text\r\n".to_vec(), "asc"),
            ("caf\u{e9}\n".into(), "txt"),
            (b"caf\xe9\n".to_vec(), "txt"),
            (b"\xff\xfeh\0i\0".to_vec(), "txt"),
            (b"\x01\x02\x03".to_vec(), "dat"),
            (b"#!/bin/sh\n".to_vec(), "txt"),
            (b"  <!DOCTYPE HTML>\n".to_vec(), "html"),
            (b"<?xml version='1.0'?><svg>".to_vec(), "svg"),
            (b"junk\n%PDF-1.4\n".to_vec(), "pdf"),
            (b"x\nbegin 644 a\n".to_vec(), "uue"),
            (b"MZ is how this text begins, and it goes on for more than sixty-four octets, as texts do.".to_vec(), "asc"),
            (executable(0), "exe,exe-ms"),
            (executable(0x20), "exe,dll"),
            (b"\x7fELF\x02".to_vec(), "exe,exe-unix"),
            (b"PK\x05\x06".to_vec(), "zip"),
            (b"PK\x03\x04[Content_Types].xml word/document.xml".to_vec(), "zip,docx"),
            (b"PK\x03\x04META-INF/MANIFEST.MF".to_vec(), "zip,jar"),
            (b"\x1f\x8b\x08".to_vec(), "gz"),
            (b"\xfd7zXZ\0\0".to_vec(), "xz"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0".to_vec(), "lzma"),
            (b"\x24\x9c-lh5-".to_vec(), "lha"),
            (tar, "tar"),
            (iso, "iso"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "cdf-ms"),
            (b"{\\rtf1".to_vec(), "rtf"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "image,png"),
            (b"-----BEGIN PGP MESSAGE-----\n".to_vec(), "pgp,pgp.enc"),
        ] {
            let found = kinds(&content).join(",");
            let shown = String::from_utf8_lossy(&content).chars().take(40).collect::<String>();
            assert_eq!(found, want, "{shown:?}");
        }
    }
}
