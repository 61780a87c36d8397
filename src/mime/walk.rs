//! Takes a message apart, line by line, in one pass.
//!
//! # Guards
//! D6: attached messages are walked into. D23: time is linear in the size; depth and number of parts have limits. D24: blanks before a
//! colon hide no field.
//!
//! # Source
//! RFC 2046 sections 5.1 and 5.2; content.md 2.1.

use std::ops::Range;

use memchr::memchr;

use super::{encoded_word, parameters::Structured};
use crate::mail::{
    header,
    part::{Cut, Encoding, Oddity, Part, PartId, PartKind, PartTree, Role, Segment},
};

/// How far a message is taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Levels of parts in parts.
    pub depth: usize,
    /// Parts.
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 30,
            parts: 10_000,
        }
    }
}

/// Longest header of a part, octets; what comes after is body.
const LONGEST_HEADER: usize = 1 << 20;
/// Longest boundary, octets: RFC 2046 allows 70.
const LONGEST_BOUNDARY: usize = 1000;

/// Which of several fields or parameters of one name counts, where there may be one only. Mail readers differ in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reading {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
}

/// Takes `message` apart.
#[must_use]
pub fn walk(message: &[u8], limits: Limits, reading: Reading) -> PartTree {
    let mut walker = Walker {
        message,
        limits,
        reading,
        tree: PartTree::default(),
        open: Vec::new(),
        place: Place::Header(0),
        begin: 0,
    };
    walker.add_part(None, 0, 0);
    let mut at = 0;
    while at < message.len() {
        let rest = message.get(at..).unwrap_or_default();
        let end = memchr(b'\n', rest).map_or(message.len(), |length| at + length + 1);
        walker.take_line(at..end);
        at = end;
    }
    walker.finish();
    walker.tree
}

/// Where the walker is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header(PartId),
    Body(PartId),
    Preamble(PartId),
    Epilogue(PartId),
}

/// A multipart whose delimiters are looked for.
struct Open {
    part: PartId,
    boundary: Vec<u8>,
    /// Its last delimiter has been seen.
    is_closed: bool,
    /// Its parts are messages if they do not say what they are (`multipart/digest`).
    holds_messages: bool,
}

struct Walker<'m> {
    message: &'m [u8],
    limits: Limits,
    reading: Reading,
    tree: PartTree,
    open: Vec<Open>,
    place: Place,
    /// Where the stretch began that the walker is in.
    begin: usize,
}

impl Walker<'_> {
    fn take_line(&mut self, line: Range<usize>) {
        let octets = self.message.get(line.clone()).unwrap_or_default();
        if octets.starts_with(b"--")
            && let Some((level, is_last)) = self.delimiter(octets)
        {
            self.take_delimiter(level, is_last, line);
            return;
        }
        let Place::Header(part) = self.place else {
            return;
        };
        let is_first = line.start == self.begin;
        if matches!(octets, b"\n" | b"\r\n") {
            self.end_header(part, line.end);
        } else if !is_header_line(octets, is_first) || line.end - self.begin > LONGEST_HEADER {
            self.note(part, Oddity::HeaderUnended);
            self.end_header(part, line.start);
        }
    }

    /// Which open multipart a line is a delimiter of, and whether it is the last one.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.get(2..)?.trim_ascii_end();
        self.open
            .iter()
            .enumerate()
            .rev()
            .find_map(|(level, open)| {
                let rest = text.strip_prefix(open.boundary.as_slice())?;
                match rest {
                    b"" => Some((level, false)),
                    b"--" => Some((level, true)),
                    // The boundary of another multipart may begin with this one.
                    _ => None,
                }
            })
    }

    fn take_delimiter(&mut self, level: usize, is_last: bool, line: Range<usize>) {
        // The line end before a delimiter belongs to it.
        let before = self.message.get(self.begin..line.start).unwrap_or_default();
        let end = match self.place {
            Place::Header(_) => line.start,
            _ if before.ends_with(b"\r\n") => line.start - 2,
            _ if before.ends_with(b"\n") => line.start - 1,
            _ => line.start,
        };
        self.end_stretch(end);
        while self.open.len() > level + 1 {
            if let Some(inner) = self.open.pop()
                && !inner.is_closed
            {
                self.note(inner.part, Oddity::Unclosed);
            }
        }
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let (part, was_closed) = (open.part, open.is_closed);
        open.is_closed = is_last;
        self.segment(end..line.end, part, Role::Delimiter);
        self.begin = line.end;
        if was_closed && !is_last {
            self.note(part, Oddity::Reopened);
        }
        if is_last {
            self.place = Place::Epilogue(part);
            return;
        }
        let depth = self.depth_below(part);
        self.place = match self.add_part(Some(part), depth, line.end) {
            Some(child) => Place::Header(child),
            None => Place::Epilogue(part),
        };
    }

    fn depth_below(&self, part: PartId) -> usize {
        self.tree.parts.get(part).map_or(0, |part| part.depth + 1)
    }

    /// Makes a part whose header begins at `begin`; none beyond the limit.
    fn add_part(&mut self, parent: Option<PartId>, depth: usize, begin: usize) -> Option<PartId> {
        if self.tree.parts.len() >= self.limits.parts {
            self.tree.cut.get_or_insert(Cut::Parts);
            return None;
        }
        self.tree.parts.push(Part {
            parent,
            depth,
            kind: PartKind::Leaf,
            content_type: "text/plain".to_owned(),
            encoding: Encoding::Identity,
            names: Vec::new(),
            header: begin..begin,
            body: begin..begin,
            oddities: Vec::new(),
        });
        Some(self.tree.parts.len() - 1)
    }

    fn note(&mut self, part: PartId, oddity: Oddity) {
        if let Some(part) = self.tree.parts.get_mut(part)
            && !part.oddities.contains(&oddity)
        {
            part.oddities.push(oddity);
        }
    }

    fn segment(&mut self, range: Range<usize>, part: PartId, role: Role) {
        if !range.is_empty() {
            self.tree.segments.push(Segment { range, part, role });
        }
    }

    /// Ends the stretch that the walker is in, at `end`.
    fn end_stretch(&mut self, end: usize) {
        let range = self.begin..end.max(self.begin);
        match self.place {
            Place::Header(part) => {
                self.end_header(part, range.end);
                let range = self.begin..range.end;
                self.end_part(range);
            }
            _ => self.end_part(range),
        }
    }

    fn end_part(&mut self, range: Range<usize>) {
        let (part, role) = match self.place {
            Place::Header(part) => (part, Role::Header),
            Place::Body(part) => (part, Role::Body),
            Place::Preamble(part) => (part, Role::Preamble),
            Place::Epilogue(part) => (part, Role::Epilogue),
        };
        let end = range.end;
        self.segment(range.clone(), part, role);
        if role == Role::Body
            && let Some(part) = self.tree.parts.get_mut(part)
        {
            part.body = range;
        }
        self.end_holders(part, end);
    }

    /// What holds a part reaches at least as far as the part.
    fn end_holders(&mut self, part: PartId, end: usize) {
        let mut holder = self.tree.parts.get(part).and_then(|part| part.parent);
        if let Some(part) = self.tree.parts.get_mut(part)
            && part.kind != PartKind::Leaf
        {
            part.body.end = part.body.end.max(end);
        }
        while let Some(part) = holder.and_then(|holder| self.tree.parts.get_mut(holder)) {
            part.body.end = part.body.end.max(end);
            holder = part.parent;
        }
    }

    /// The header of `part` ends at `end`, and its body begins there.
    fn end_header(&mut self, part: PartId, end: usize) {
        let range = self.begin..end;
        let header = self.message.get(range.clone()).unwrap_or_default();
        let facts = Facts::read(header, self.reading);
        self.segment(range.clone(), part, Role::Header);
        self.begin = end;
        let default_message = self.tree.parts.get(part).is_some_and(|known| {
            let is_in_digest = |open: &&Open| known.parent == Some(open.part);
            self.open
                .iter()
                .find(is_in_digest)
                .is_some_and(|open| open.holds_messages)
        });
        let Some(known) = self.tree.parts.get_mut(part) else {
            return;
        };
        known.header = range;
        known.body = end..end;
        known.encoding = facts.encoding;
        known.names = facts.names;
        known.oddities.extend(facts.oddities);
        known.content_type = match (facts.content_type, default_message) {
            (Some(content_type), _) => content_type,
            (None, true) => "message/rfc822".to_owned(),
            (None, false) => "text/plain".to_owned(),
        };
        let content_type = known.content_type.clone();
        self.place = self.enter(part, &content_type, facts.boundary, facts.encoding, end);
    }

    /// What the body of a part is.
    fn enter(
        &mut self,
        part: PartId,
        content_type: &str,
        boundary: Option<Vec<u8>>,
        encoding: Encoding,
        begin: usize,
    ) -> Place {
        let depth = self.depth_below(part);
        let holds_parts = content_type.starts_with("multipart/");
        let holds_message = matches!(
            content_type,
            "message/rfc822" | "message/global" | "message/news"
        ) && encoding == Encoding::Identity;
        if !holds_parts && !holds_message {
            return Place::Body(part);
        }
        if depth > self.limits.depth {
            self.tree.cut.get_or_insert(Cut::Depth);
            return Place::Body(part);
        }
        if holds_message {
            return match self.add_part(Some(part), depth, begin) {
                Some(child) => {
                    self.set_kind(part, PartKind::Message);
                    Place::Header(child)
                }
                None => Place::Body(part),
            };
        }
        if encoding != Encoding::Identity {
            self.note(part, Oddity::EncodedMultipart);
        }
        let boundary =
            boundary.filter(|boundary| !boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY);
        let Some(boundary) = boundary else {
            self.note(part, Oddity::NoBoundary);
            return Place::Body(part);
        };
        self.set_kind(part, PartKind::Multipart);
        self.open.push(Open {
            part,
            boundary,
            is_closed: false,
            holds_messages: content_type == "multipart/digest",
        });
        Place::Preamble(part)
    }

    fn set_kind(&mut self, part: PartId, kind: PartKind) {
        if let Some(part) = self.tree.parts.get_mut(part) {
            part.kind = kind;
        }
    }

    fn finish(&mut self) {
        self.end_stretch(self.message.len());
        while let Some(open) = self.open.pop() {
            if !open.is_closed {
                self.note(open.part, Oddity::Unclosed);
            }
        }
    }
}

/// True for a field or its continuation; the first line cannot be the latter.
fn is_header_line(line: &[u8], is_first: bool) -> bool {
    match line.first() {
        Some(b' ' | b'\t') => !is_first,
        _ => memchr(b':', line).is_some_and(|colon| {
            let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
            !name.is_empty() && name.iter().all(|octet| *octet > b' ' && *octet != 127)
        }),
    }
}

/// What a header says about its part.
#[derive(Default)]
struct Facts {
    content_type: Option<String>,
    boundary: Option<Vec<u8>>,
    encoding: Encoding,
    names: Vec<String>,
    oddities: Vec<Oddity>,
}

impl Facts {
    fn read(header: &[u8], reading: Reading) -> Self {
        let mut facts = Self::default();
        let counts = |number: usize| number == 1 || reading == Reading::Last;
        let (mut types, mut encodings, mut dispositions) = (0, 0, 0);
        for field in header::fields(header) {
            if field.is(b"Content-Type") {
                types += 1;
                facts.take_type(&Structured::read(field.value), counts(types), reading);
            } else if field.is(b"Content-Transfer-Encoding") {
                encodings += 1;
                if counts(encodings) {
                    facts.take_encoding(&Structured::read(field.value).value);
                }
            } else if field.is(b"Content-Disposition") {
                dispositions += 1;
                facts.take_names(&Structured::read(field.value), "filename");
            }
        }
        if has_blank_before_colon(header) {
            facts.note(Oddity::BlankBeforeColon);
        }
        for (count, oddity) in [
            (types, Oddity::RepeatedType),
            (encodings, Oddity::RepeatedEncoding),
            (dispositions, Oddity::RepeatedDisposition),
        ] {
            if count > 1 {
                facts.note(oddity);
            }
        }
        facts
    }

    fn note(&mut self, oddity: Oddity) {
        if !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }

    fn take_type(&mut self, field: &Structured, counts: bool, reading: Reading) {
        self.take_names(field, "name");
        if !counts {
            return;
        }
        self.content_type = Some(field.value.clone()).filter(|value| value.contains('/'));
        let boundaries: Vec<&str> = field.all("boundary").collect();
        let chosen = match reading {
            Reading::First => boundaries.first(),
            Reading::Last => boundaries.last(),
        };
        self.boundary = chosen.map(|text| text.as_bytes().to_vec());
        if boundaries.len() > 1 {
            self.note(Oddity::RepeatedBoundary);
        }
    }

    fn take_encoding(&mut self, value: &str) {
        let value = value.trim_matches('"').trim();
        self.encoding = match value {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            "x-uuencode" | "x-uue" | "uuencode" | "x-uu" => Encoding::Uuencode,
            "" | "7bit" | "8bit" | "binary" => Encoding::Identity,
            _ => {
                self.note(Oddity::UnknownEncoding);
                Encoding::Identity
            }
        };
    }

    fn take_names(&mut self, field: &Structured, parameter: &str) {
        let parameters = field.parameters.iter();
        for (_, values) in parameters.filter(|(name, _)| name == parameter) {
            // What is meant comes first; how it is written is no other name.
            let Some(first) = values.first() else {
                continue;
            };
            let meant = encoded_word::decoded(first);
            let is_known = |name: &String| self.names.first().is_some_and(|known| known != name);
            if is_known(meant.as_ref().unwrap_or(first)) {
                self.note(Oddity::NamesDiffer);
            }
            for name in meant.iter().chain(values) {
                if !self.names.contains(name) {
                    self.names.push(name.clone());
                }
            }
        }
    }
}

/// True if a blank stands between the colon and the name of a field that says what the part is.
fn has_blank_before_colon(header: &[u8]) -> bool {
    header.split(|octet| *octet == b'\n').any(|line| {
        let name = line
            .iter()
            .position(|octet| matches!(octet, b' ' | b'\t' | b':'));
        let Some((name, rest)) = name.and_then(|length| line.split_at_checked(length)) else {
            return false;
        };
        !rest.starts_with(b":")
            && rest.trim_ascii_start().starts_with(b":")
            && name.len() > 8
            && name
                .get(..8)
                .is_some_and(|head| head.eq_ignore_ascii_case(b"Content-"))
    })
}

#[cfg(test)]
mod tests;
