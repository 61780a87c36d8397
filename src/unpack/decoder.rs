//! Which decoder opens what: by the kind of the content, and by signatures anywhere in it; never by name or declared type alone.
//!
//! # Source
//! content.md 2.5 (kinds), T3-T8 (what the original misses).

use memchr::memmem;

use super::{
    builtin::{
        ar, arj, cab, cpio, iso, lha, lzop, mail, ole, onenote, outlook, pdf, rar, rpm, rtf,
        seven_zip, smime, stream, tar, text, zip,
    },
    members::{Failure, Members},
};
use crate::mail::node::Node;

/// Takes a container apart.
pub(super) type Decode = fn(&[u8], &mut Members<'_, '_>) -> Result<(), Failure>;

/// One decoder.
#[derive(Clone, Copy)]
pub struct Decoder {
    /// What it decodes, in a word or two.
    pub name: &'static str,
    /// Short types that it is for.
    pub kinds: &'static [&'static str],
    /// What does the work.
    pub by: &'static str,
    /// It runs in a decoder process.
    pub is_fenced: bool,
    pub(super) decode: Decode,
}

const fn fenced(
    name: &'static str,
    kinds: &'static [&'static str],
    by: &'static str,
    decode: Decode,
) -> Decoder {
    Decoder {
        name,
        kinds,
        by,
        is_fenced: true,
        decode,
    }
}

const fn free(name: &'static str, kinds: &'static [&'static str], decode: Decode) -> Decoder {
    Decoder {
        name,
        kinds,
        by: "built in",
        is_fenced: false,
        decode,
    }
}

/// All decoders, in the order in which they are tried.
pub const DECODERS: &[Decoder] = &[
    fenced(
        "zip archive",
        &["zip"],
        "built in, flate2 and others",
        zip::decode,
    ),
    fenced("7-Zip archive", &["7z"], "sevenz-rust2", seven_zip::decode),
    fenced("RAR archive", &["rar"], "rars", rar::decode),
    fenced("gzip", &["gz"], "flate2", stream::gzip),
    fenced("bzip2", &["bz2"], "bzip2", stream::bzip2),
    fenced("xz", &["xz"], "lzma-rust2", stream::xz),
    fenced("lzma", &["lzma"], "lzma-rust2", stream::lzma),
    fenced("lzip", &["lz"], "lzma-rust2", stream::lzip),
    fenced("Zstandard", &["zst"], "ruzstd", stream::zstd),
    fenced("LZ4", &["lz4"], "lz4_flex", stream::lz4),
    fenced("lzop", &["lzo"], "built in, lzokay-native", lzop::decode),
    fenced("Brotli", &["br"], "brotli-decompressor", stream::brotli),
    fenced("compress", &["Z"], "built in", stream::compress),
    fenced("tar archive", &["tar"], "tar", tar::decode),
    fenced("cpio archive", &["cpio"], "built in", cpio::decode),
    fenced("ar archive", &["a", "deb"], "built in", ar::decode),
    fenced("RPM package", &["rpm"], "built in", rpm::decode),
    fenced("Microsoft cabinet", &["cab"], "cab", cab::decode),
    fenced("LHA archive", &["lha"], "delharc", lha::decode),
    fenced("ARJ archive", &["arj"], "built in, delharc", arj::decode),
    fenced("ISO or UDF image", &["iso"], "isomage", iso::decode),
    fenced("OLE document", &["cdf-ms"], "cfb", ole::decode),
    fenced("Outlook attachments", &["tnef"], "built in", outlook::tnef),
    fenced("OneNote section", &["onenote"], "built in", onenote::decode),
    fenced("PDF", &["pdf"], "built in, flate2", pdf::decode),
    fenced("Rich Text", &["rtf"], "built in", rtf::decode),
    fenced("S/MIME", &["p7m"], "built in", smime::decode),
    free("mail", &["mail"], mail::decode),
    free("uuencode", &["uue"], text::uuencode),
    free("yEnc", &["ync"], text::yenc),
    free("BinHex", &["hqx"], text::binhex),
    free("data: addresses", &["html"], text::data_addresses),
    free("calendar", &["ics"], text::calendar),
];

/// A decoder that may open a content.
#[derive(Clone, Copy)]
pub(super) struct Fitting {
    pub(super) decoder: &'static Decoder,
    /// Where it begins.
    pub(super) offset: usize,
    /// Only a signature somewhere says so.
    pub(super) is_guess: bool,
}

/// Signatures that are looked for in what is no archive itself.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"PK\x05\x06", "zip"),
];

/// Kinds whose members may stand in them as they are: a signature in them is a member's.
const HOLDERS: &[&str] = &[
    "zip", "7z", "rar", "gz", "bz2", "xz", "lzma", "zst", "lz4", "tar", "cpio", "a", "deb", "rpm",
    "cab", "lha", "arj", "iso", "cdf-ms", "tnef", "onenote", "p7m",
];

/// Kinds that a text or noise may seem to be: what does not open was none.
const WEAK: &[&str] = &["cpio", "Z", "hqx", "uue", "br"];

/// Containers that nothing here opens: what is in them stays unseen.
const CLOSED: &[(&str, &str)] = &[
    ("arc", "ARC archive"),
    ("zoo", "Zoo archive"),
    ("ace", "ACE archive"),
    ("lrz", "lrzip file"),
    ("F", "freeze file"),
    ("bz", "bzip file"),
    ("sit", "StuffIt archive"),
    ("installshield", "InstallShield archive"),
];

/// What content of these kinds is, if it is a container that nothing here opens.
pub(super) fn closed(kinds: &[&str]) -> Option<&'static str> {
    CLOSED
        .iter()
        .find(|(kind, _)| kinds.contains(kind))
        .map(|(_, what)| *what)
}

/// The decoder of a kind.
fn of_kind(kind: &str) -> Option<&'static Decoder> {
    DECODERS
        .iter()
        .find(|decoder| decoder.kinds.contains(&kind))
}

/// Every decoder that may open `content`, whose kinds are known.
pub(super) fn fitting(content: &[u8], kinds: &[&str], node: &Node) -> Vec<Fitting> {
    let mut found: Vec<Fitting> = Vec::new();
    let mut push = |kind: &str, offset: usize, is_guess: bool| {
        if let Some(decoder) = of_kind(kind)
            && !found.iter().any(|fit| fit.decoder.name == decoder.name)
        {
            found.push(Fitting {
                decoder,
                offset,
                is_guess,
            });
        }
    };
    for kind in kinds {
        push(kind, 0, WEAK.contains(kind));
    }
    if content.len() < 8 {
        return found;
    }
    if !kinds.iter().any(|kind| HOLDERS.contains(kind)) {
        for (signature, kind) in SIGNATURES {
            if let Some(at) = memmem::find(content, signature) {
                // A zip archive is read from its end, whatever stands before it.
                push(kind, if *kind == "zip" { 0 } else { at }, true);
            }
        }
    }
    if kinds.contains(&"exe")
        && let Some(at) = lha::find(content)
    {
        push("lha", at, true);
    }
    for kind in declared(content, kinds, node) {
        push(kind, 0, true);
    }
    found
}

/// What content without a signature of its own may be, by what is said about it and how it begins.
fn declared(content: &[u8], kinds: &[&str], node: &Node) -> Vec<&'static str> {
    let mut found = Vec::new();
    let is_declared = |wanted: &[&str]| {
        node.types
            .iter()
            .any(|kind| wanted.contains(&kind.as_str()))
    };
    let is_text = kinds
        .iter()
        .any(|kind| matches!(*kind, "asc" | "txt" | "uue" | "html" | "xml"));
    if mail::is_mail(content) || is_declared(&["message/rfc822", "message/global", "message/news"])
    {
        found.push("mail");
    }
    if is_text {
        found.extend(text::kinds(content));
    }
    if smime::is_likely(content) {
        found.push("p7m");
    }
    let is_named = |suffix: &str| {
        let names = node.names.iter();
        names
            .map(|name| name.to_ascii_lowercase())
            .any(|name| name.ends_with(suffix))
    };
    if kinds.contains(&"dat") {
        for (suffix, kind) in [
            (".br", "br"),
            (".tar", "tar"),
            (".lzma", "lzma"),
            (".udf", "iso"),
            (".img", "iso"),
        ] {
            if is_named(suffix) {
                found.push(kind);
            }
        }
        if tar::is_likely(content) {
            found.push("tar");
        }
    }
    found
}
