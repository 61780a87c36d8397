//! The data codec: dot-stuffing, end of data, canonical line ends.
//!
//! Input whose lines all end in CRLF and do not begin with a dot passes without being copied. Everything else takes the
//! slow path, one state machine that the table of tests below describes.
//!
//! # Guards
//! I6: what leaves the decoder consists of lines ended by CRLF, without bare CR or LF; only CRLF `.` CRLF ends it.
//!
//! # Source
//! RFC 5321 section 4.5.2; architecture 4.3 (the table); decision 23 (bare CR and LF become CRLF).

use memchr::{memchr2, memmem};

use crate::mail::content::{ContentFacts, DotLines};

/// Decodes the octets between the reply to DATA and the final dot.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    at: At,
    facts: ContentFacts,
    /// Octets of the chunk that takes the slow path.
    scratch: Vec<u8>,
    /// Octets that came after the final dot.
    rest: Vec<u8>,
}

/// Where in a line the input stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum At {
    /// After CRLF, or at the very beginning.
    #[default]
    LineStart,
    /// After a bare CR or LF that was made CRLF: a dot here is content.
    BareLineStart,
    InLine,
    /// A CR was taken that is not yet given out.
    AfterCr,
    /// A dot at the start of a line was taken that is not yet given out.
    Dot,
    /// That dot and a CR.
    DotCr,
    /// The final dot was seen.
    End,
}

/// What [`Decoder::decode`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The message goes on.
    More,
    /// The final dot was seen; what followed it is in [`Decoder::take_rest`].
    End,
}

impl Decoder {
    /// Decodes `buffer[from..]` in place: afterwards the buffer holds the content, without stuffing and final dot.
    ///
    /// The buffer grows only where bare CR or LF become CRLF. After [`Progress::End`] further input is kept as rest.
    pub fn decode(&mut self, buffer: &mut Vec<u8>, from: usize) -> Progress {
        let chunk = buffer.get(from..).unwrap_or_default();
        if chunk.is_empty() {
            return self.progress();
        }
        if matches!(self.at, At::LineStart | At::InLine) {
            let (body, next) = hold_back(chunk, self.at);
            let survey = Survey::of(body, self.at);
            if !survey.is_odd {
                let kept = body.len();
                self.note(survey, kept);
                buffer.truncate(from + kept);
                self.at = next;
                return self.progress();
            }
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(chunk);
        buffer.truncate(from);
        let input = std::mem::take(&mut self.scratch);
        self.walk(&input, buffer, from);
        self.scratch = input;
        self.progress()
    }

    /// What followed the final dot: the client's next commands.
    #[must_use]
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    /// What is known of the content so far.
    #[must_use]
    pub const fn facts(&self) -> &ContentFacts {
        &self.facts
    }

    /// Ends decoding and gives the facts away.
    #[must_use]
    pub fn into_facts(self) -> ContentFacts {
        self.facts
    }

    fn progress(&self) -> Progress {
        if self.at == At::End {
            Progress::End
        } else {
            Progress::More
        }
    }

    fn note(&mut self, survey: Survey, octets: usize) {
        self.facts.size += octets as u64;
        self.facts.has_eight_bit |= survey.has_eight_bit;
        self.facts.has_nul |= survey.has_nul;
    }

    /// The slow path: takes `input`, appends content to `out`, whose content of this call begins at `from`.
    fn walk(&mut self, input: &[u8], out: &mut Vec<u8>, from: usize) {
        let before = self.facts.size;
        let mut rest = input;
        while let Some((&octet, tail)) = rest.split_first() {
            let here = before + (out.len() - from) as u64;
            match (self.at, octet) {
                (At::End, _) => {
                    self.rest.extend_from_slice(rest);
                    break;
                }
                (At::LineStart, b'.') => (self.at, rest) = (At::Dot, tail),
                (At::BareLineStart, b'.') => {
                    self.facts.dot_lines.note(here);
                    self.at = At::InLine;
                }
                (At::Dot, b'\r') => (self.at, rest) = (At::DotCr, tail),
                (At::Dot, b'.') => {
                    self.facts.dot_lines.note(here);
                    self.at = At::InLine;
                }
                (At::DotCr, b'\n') => (self.at, rest) = (At::End, tail),
                (At::DotCr, _) => self.at = At::AfterCr,
                (At::AfterCr, b'\n') => {
                    out.extend_from_slice(b"\r\n");
                    (self.at, rest) = (At::LineStart, tail);
                }
                (At::AfterCr, _) => self.make_newline(out),
                (At::LineStart | At::BareLineStart | At::Dot, _) => self.at = At::InLine,
                (At::InLine, _) => rest = self.run(rest, out),
            }
        }
        // Empty unless the end was seen: what follows the message is not its content.
        let consumed = input.get(..input.len() - rest.len()).unwrap_or(input);
        let survey = Survey {
            is_odd: true,
            has_eight_bit: !consumed.is_ascii(),
            has_nul: consumed.contains(&0),
        };
        self.note(survey, out.len() - from);
    }

    /// Copies up to the next CR or LF and takes that one; gives what remains.
    fn run<'i>(&mut self, input: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        let Some(end) = memchr2(b'\r', b'\n', input) else {
            out.extend_from_slice(input);
            return &[];
        };
        let (text, newline) = input.split_at(end);
        out.extend_from_slice(text);
        match newline.split_first() {
            Some((b'\r', tail)) => {
                self.at = At::AfterCr;
                tail
            }
            Some((_, tail)) => {
                self.make_newline(out);
                tail
            }
            None => &[],
        }
    }

    /// Gives CRLF out for a bare CR or LF.
    fn make_newline(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.facts.bare_newlines += 1;
        self.at = At::BareLineStart;
    }
}

/// Splits off the end of a chunk that cannot be given out yet, and tells the state after the chunk.
fn hold_back(chunk: &[u8], at: At) -> (&[u8], At) {
    if at == At::LineStart {
        match chunk {
            b".\r\n" => return (&[], At::End),
            b".\r" => return (&[], At::DotCr),
            b"." => return (&[], At::Dot),
            _ => {}
        }
    }
    for (tail, held, next) in [
        (&b"\r\n.\r\n"[..], 3, At::End),
        (b"\r\n.\r", 2, At::DotCr),
        (b"\r\n.", 1, At::Dot),
        (b"\r\n", 0, At::LineStart),
        (b"\r", 1, At::AfterCr),
    ] {
        if chunk.ends_with(tail) {
            return (chunk.get(..chunk.len() - held).unwrap_or_default(), next);
        }
    }
    (chunk, At::InLine)
}

/// One look at every octet of a chunk.
#[derive(Clone, Copy, Debug)]
struct Survey {
    /// Something needs the slow path: a dot at the start of a line, a bare CR or LF.
    is_odd: bool,
    has_eight_bit: bool,
    has_nul: bool,
}

impl Survey {
    /// Looks at `body`. Written as one pass over pairs that the compiler turns into vector code.
    fn of(body: &[u8], at: At) -> Self {
        let (Some((&first, behind)), Some((&last, ahead))) =
            (body.split_first(), body.split_last())
        else {
            return Self {
                is_odd: false,
                has_eight_bit: false,
                has_nul: false,
            };
        };
        let (mut odd, mut any, mut nul) = (0_u8, last, u8::from(last == 0));
        for (&here, &next) in ahead.iter().zip(behind) {
            odd |= u8::from(here == b'\r') ^ u8::from(next == b'\n');
            odd |= u8::from(here == b'\n') & u8::from(next == b'.');
            any |= here;
            nul |= u8::from(here == 0);
        }
        let edges_odd = first == b'\n' || last == b'\r' || (first == b'.' && at == At::LineStart);
        Self {
            is_odd: odd != 0 || edges_odd,
            has_eight_bit: any & 0x80 != 0,
            has_nul: nul != 0,
        }
    }
}

/// Finds the lines of `content` that begin with a dot; for content of our own making, and where the decoder lost count.
///
/// `starts_line` tells whether `content` begins at the start of a line, `base` its offset in the whole.
pub fn dot_lines(content: &[u8], base: u64, starts_line: bool) -> impl Iterator<Item = u64> + '_ {
    let first = (starts_line && content.first() == Some(&b'.')).then_some(base);
    first
        .into_iter()
        .chain(memmem::find_iter(content, b"\n.").map(move |at| base + at as u64 + 1))
}

/// Gives `content`, which begins at offset `base` of the whole, to `take` in pieces, with a dot more before each of `dots`.
///
/// `dots` are the offsets of lines that begin with a dot, in ascending order.
pub fn stuff<'c>(content: &'c [u8], base: u64, dots: &[u64], mut take: impl FnMut(&'c [u8])) {
    let mut rest = content;
    let mut at = base;
    for &dot in dots {
        let Some((piece, tail)) = usize::try_from(dot - at)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
        else {
            break;
        };
        take(piece);
        take(b".");
        (rest, at) = (tail, dot);
    }
    take(rest);
}

/// The facts about content of our own making, which is canonical already.
#[must_use]
pub fn facts_of(content: &[u8]) -> ContentFacts {
    let mut lines = DotLines::default();
    for offset in dot_lines(content, 0, true) {
        lines.note(offset);
    }
    ContentFacts {
        size: content.len() as u64,
        has_eight_bit: !content.is_ascii(),
        has_nul: content.contains(&0),
        bare_newlines: 0,
        dot_lines: lines,
    }
}

#[cfg(test)]
mod tests;
