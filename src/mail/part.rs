//! What a message is made of, as a tree.
//!
//! # Source
//! RFC 2045, RFC 2046; content.md 2.1.

use std::ops::Range;

/// Place of a part in [`PartTree::parts`].
pub type PartId = usize;

/// A message taken apart. Ranges are octets of the message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartTree {
    /// All parts, each after the one that holds it; the first is the message itself.
    pub parts: Vec<Part>,
    /// Every octet of the message, in order, and what it belongs to.
    pub segments: Vec<Segment>,
    /// Why it was not taken apart to the end.
    pub cut: Option<Cut>,
}

/// A stretch of octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where.
    pub range: Range<usize>,
    /// Of which part.
    pub part: PartId,
    /// As what.
    pub role: Role,
}

/// What a stretch of octets is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The header of the part, with the empty line after it.
    Header,
    /// The body of the part.
    Body,
    /// Before the first delimiter of a multipart.
    Preamble,
    /// After the last delimiter of a multipart.
    Epilogue,
    /// A delimiter of the multipart, with the line end before it.
    Delimiter,
}

/// One part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The part that holds it; the message itself has none.
    pub parent: Option<PartId>,
    /// Levels above it.
    pub depth: usize,
    /// What it is.
    pub kind: PartKind,
    /// Declared type and subtype, in small letters; `text/plain` if there is none.
    pub content_type: String,
    /// How its body is encoded.
    pub encoding: Encoding,
    /// Declared names, each once, as they are written and as they are meant.
    pub names: Vec<String>,
    /// Its header.
    pub header: Range<usize>,
    /// Its body, without the line end before a delimiter.
    pub body: Range<usize>,
    /// What is odd about it.
    pub oddities: Vec<Oddity>,
}

/// Kinds of parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartKind {
    /// Holds parts between delimiters.
    Multipart,
    /// Holds a message.
    Message,
    /// Holds content.
    Leaf,
}

/// Encodings of bodies (RFC 2045 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// `7bit`, `8bit`, `binary`, or none that is known.
    #[default]
    Identity,
    /// `base64`
    Base64,
    /// `quoted-printable`
    QuotedPrintable,
    /// `x-uuencode` and its like
    Uuencode,
}

/// What is odd about a part; mail readers may not agree on what it means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Oddity {
    /// More than one Content-Type field.
    RepeatedType,
    /// More than one Content-Transfer-Encoding field.
    RepeatedEncoding,
    /// More than one Content-Disposition field.
    RepeatedDisposition,
    /// More than one boundary parameter.
    RepeatedBoundary,
    /// A multipart without a boundary.
    NoBoundary,
    /// A multipart that ends without its last delimiter.
    Unclosed,
    /// A delimiter after the last one.
    Reopened,
    /// Names that differ.
    NamesDiffer,
    /// A header that ends without an empty line.
    HeaderUnended,
    /// An encoding that is not known.
    UnknownEncoding,
    /// A multipart whose body is said to be encoded.
    EncodedMultipart,
    /// Blanks between the name of a field and its colon.
    BlankBeforeColon,
}

impl Oddity {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::RepeatedType => "more than one Content-Type",
            Self::RepeatedEncoding => "more than one Content-Transfer-Encoding",
            Self::RepeatedDisposition => "more than one Content-Disposition",
            Self::RepeatedBoundary => "more than one boundary",
            Self::NoBoundary => "a multipart without a boundary",
            Self::Unclosed => "ends without its last delimiter",
            Self::Reopened => "goes on after its last delimiter",
            Self::NamesDiffer => "names differ",
            Self::HeaderUnended => "its header ends without an empty line",
            Self::UnknownEncoding => "an encoding that is not known",
            Self::EncodedMultipart => "a multipart that is said to be encoded",
            Self::BlankBeforeColon => "blanks before a colon in its header",
        }
    }
}

/// A limit that was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Parts in parts.
    Depth,
    /// Number of parts.
    Parts,
}
