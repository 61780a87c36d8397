//! S/MIME: what is signed or compressed comes out; what is enveloped is encrypted.
//!
//! # Source
//! RFC 5652 (CMS), RFC 3274 (compressed data), X.690 (BER).

use super::super::members::{End, Failure, Member, Members, brief};

/// Object identifiers, without tag and length.
const SIGNED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const ENVELOPED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
const ENCRYPTED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
const COMPRESSED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09";
const AUTH_ENVELOPED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17";
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// Levels of pieces of a string.
const DEEPEST: usize = 16;

/// True for octets that begin as a `ContentInfo` of one of the kinds above does.
pub(in super::super) fn is_likely(content: &[u8]) -> bool {
    if content.first() != Some(&0x30) {
        return false;
    }
    let Some(outer) = Value::read(content) else {
        return false;
    };
    let Some(kind) = Value::read(outer.inside) else {
        return false;
    };
    kind.tag == 6
        && [SIGNED, ENVELOPED, ENCRYPTED, COMPRESSED, AUTH_ENVELOPED].contains(&kind.inside)
}

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    let cut = || Failure::Damaged("it is cut off".to_owned());
    let outer = Value::read(content).ok_or(Failure::Foreign)?;
    let kind = Value::read(outer.inside).ok_or(Failure::Foreign)?;
    match kind.inside {
        ENVELOPED | ENCRYPTED | AUTH_ENVELOPED => Err(Failure::Encrypted),
        SIGNED | COMPRESSED => {
            let body = Value::read(kind.after).ok_or_else(cut)?;
            let body = Value::read(body.inside).ok_or_else(cut)?;
            let Some(octets) = encapsulated(body.inside) else {
                // A signature without what it signs holds nothing.
                return Ok(());
            };
            if kind.inside == SIGNED {
                return inside(octets, members);
            }
            let mut plain = Vec::new();
            let mut source = flate2::read::ZlibDecoder::new(octets.as_slice());
            match members.fill(&mut plain, &mut source)? {
                End::Complete => inside(plain, members),
                End::Damaged(error) => {
                    inside(plain, members)?;
                    Err(Failure::Damaged(brief(error)))
                }
            }
        }
        _ => Err(Failure::Foreign),
    }
}

/// What was signed is a part of a mail.
fn inside(octets: Vec<u8>, members: &mut Members<'_, '_>) -> Result<(), Failure> {
    let head = octets.get(..octets.len().min(8)).unwrap_or_default();
    if head.eq_ignore_ascii_case(b"content-") || head.eq_ignore_ascii_case(b"mime-ver") {
        return members.mail(&octets);
    }
    members.charge(octets.len())?;
    members.hand_over(Member::default(), octets)
}

/// The octets of the encapsulated content: the first sequence that begins with an object identifier of data.
fn encapsulated(mut fields: &[u8]) -> Option<Vec<u8>> {
    while let Some(field) = Value::read(fields) {
        if field.tag == 0x30
            && let Some(kind) = Value::read(field.inside)
            && kind.tag == 6
            && (kind.inside == DATA || !kind.after.is_empty())
            && let Some(wrapped) = Value::read(kind.after)
            && wrapped.tag == 0xa0
        {
            let string = Value::read(wrapped.inside)?;
            let mut out = Vec::new();
            string.collect(&mut out, 0);
            return Some(out);
        }
        fields = field.after;
    }
    None
}

/// A value in BER, of definite or indefinite length.
#[derive(Clone, Copy)]
struct Value<'a> {
    tag: u8,
    inside: &'a [u8],
    after: &'a [u8],
}

impl<'a> Value<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        Self::read_at(octets, 0)
    }

    fn read_at(octets: &'a [u8], depth: usize) -> Option<Self> {
        let (&tag, rest) = octets.split_first()?;
        if depth > 40 || tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        if first == 0x80 {
            let length = indefinite(rest, depth)?;
            return Some(Self {
                tag,
                inside: rest.get(..length)?,
                after: rest.get(length + 2..).unwrap_or_default(),
            });
        }
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count > 8 {
                return None;
            }
            let (digits, rest) = rest.split_at_checked(count)?;
            let length = digits.iter().try_fold(0_usize, |sum, digit| {
                sum.checked_mul(256)?.checked_add(usize::from(*digit))
            })?;
            (length, rest)
        };
        let length = length.min(rest.len());
        let (inside, after) = rest.split_at_checked(length)?;
        Some(Self { tag, inside, after })
    }

    /// The octets of a string, which may come in pieces.
    fn collect(&self, out: &mut Vec<u8>, depth: usize) {
        if self.tag & 0x20 == 0 {
            out.extend_from_slice(self.inside);
            return;
        }
        let mut rest = self.inside;
        while depth < DEEPEST
            && let Some(piece) = Self::read(rest)
        {
            piece.collect(out, depth + 1);
            if piece.after.len() >= rest.len() {
                break;
            }
            rest = piece.after;
        }
    }
}

/// Length of values up to an end-of-contents mark; to the end where there is none.
fn indefinite(octets: &[u8], depth: usize) -> Option<usize> {
    let mut rest = octets;
    loop {
        if rest.starts_with(&[0, 0]) || rest.is_empty() {
            return Some(octets.len() - rest.len());
        }
        let value = Value::read_at(rest, depth + 1)?;
        if value.after.len() >= rest.len() {
            return None;
        }
        rest = value.after;
    }
}
