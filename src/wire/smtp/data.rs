//! The data codec: dot-stuffing, end of data, canonical line ends.
//!
//! Input whose lines all end in CRLF and do not begin with a dot passes without being copied; where lines begin with a dot, the text
//! between them is moved at once. Bare CR and LF take the slow path, a state machine that the table of tests below describes.
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
    /// What the first octets of a chunk became; kept for its memory.
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
        let from = self.settle(buffer, from);
        let chunk = buffer.get(from..).unwrap_or_default();
        if chunk.is_empty() || self.at == At::End {
            return self.progress();
        }
        let (body, next) = hold_back(chunk, self.at);
        let survey = Survey::of(body, self.at);
        if survey.has_bare_newlines {
            self.walk(buffer, from);
        } else if survey.has_dots {
            let kept = body.len();
            self.unstuff(buffer, from, kept, next);
        } else {
            let kept = body.len();
            self.facts.note(body);
            let held = buffer.get(from + kept..).unwrap_or_default();
            debug_assert!(held.len() <= 3, "only a line end and a dot are held back");
            buffer.truncate(from + kept);
            self.at = next;
        }
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

    /// Takes the octets that decide what the last chunk ended with; gives where the rest of this one begins.
    fn settle(&mut self, buffer: &mut Vec<u8>, from: usize) -> usize {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let mut taken = 0;
        while !matches!(self.at, At::LineStart | At::InLine | At::End) {
            let Some(&octet) = buffer.get(from + taken) else {
                break;
            };
            let here = self.facts.size + out.len() as u64;
            taken += usize::from(self.step(octet, here, &mut out));
        }
        if self.at == At::End {
            self.rest
                .extend_from_slice(buffer.get(from + taken..).unwrap_or_default());
            taken = buffer.len() - from;
        }
        if taken > 0 || !out.is_empty() {
            buffer.splice(from..from + taken, out.iter().copied());
        }
        let begins = from + out.len();
        self.facts.size += out.len() as u64;
        self.scratch = out;
        begins
    }

    /// One step beside the text of lines: takes `octet`, or leaves it (false) to the state that follows.
    fn step(&mut self, octet: u8, here: u64, out: &mut Vec<u8>) -> bool {
        let (next, is_taken) = match (self.at, octet) {
            (At::LineStart, b'.') => (At::Dot, true),
            (At::BareLineStart | At::Dot, b'.') => {
                self.facts.dot_lines.note(here);
                (At::InLine, false)
            }
            (At::Dot, b'\r') => (At::DotCr, true),
            (At::DotCr, b'\n') => (At::End, true),
            (At::DotCr, _) => (At::AfterCr, false),
            (At::AfterCr, b'\n') => {
                out.extend_from_slice(b"\r\n");
                (At::LineStart, true)
            }
            (At::AfterCr, _) => {
                self.make_newline(out);
                (At::BareLineStart, false)
            }
            (At::LineStart | At::BareLineStart | At::Dot, _) => (At::InLine, false),
            (At::InLine | At::End, _) => (self.at, false),
        };
        self.at = next;
        is_taken
    }

    /// Takes `buffer[from..from + kept]`, whose line ends are all CRLF and whose last octets are decided: removes the dots of
    /// stuffed lines, and ends at the final one. `next` is the state behind it.
    fn unstuff(&mut self, buffer: &mut Vec<u8>, from: usize, kept: usize, next: At) {
        let end = from + kept;
        // Text is moved from `read` to `write` as far as the next dot that goes.
        let (mut read, mut write) = (from, from);
        let mut looked = from;
        let starts_line = self.at == At::LineStart;
        let mut dot = (starts_line && buffer.get(from) == Some(&b'.')).then_some(from);
        loop {
            let found = dot.take().or_else(|| {
                let text = buffer.get(looked..end)?;
                memmem::find(text, b"\n.").map(|at| looked + at + 1)
            });
            let Some(at) = found else {
                break;
            };
            buffer.copy_within(read..at, write);
            (write, read, looked) = (write + at - read, at + 1, at + 1);
            match buffer.get(read) {
                Some(b'\r') => {
                    self.at = At::End;
                    self.rest
                        .extend_from_slice(buffer.get(read + 2..).unwrap_or_default());
                    buffer.truncate(write);
                    self.facts.note(buffer.get(from..).unwrap_or_default());
                    return;
                }
                Some(b'.') => {
                    let here = self.facts.size + (write - from) as u64;
                    self.facts.dot_lines.note(here);
                }
                _ => {}
            }
        }
        buffer.copy_within(read..end, write);
        buffer.truncate(write + end - read);
        self.facts.note(buffer.get(from..).unwrap_or_default());
        self.at = next;
    }

    /// The slow path, for bare CR and LF: takes `buffer[from..]` apart and puts it together again.
    fn walk(&mut self, buffer: &mut Vec<u8>, from: usize) {
        let before = self.facts.size;
        let input = buffer.split_off(from);
        let mut rest = input.as_slice();
        while let Some((&octet, tail)) = rest.split_first() {
            match self.at {
                At::End => {
                    self.rest.extend_from_slice(rest);
                    break;
                }
                At::InLine => rest = self.run(rest, buffer),
                _ => {
                    let here = before + (buffer.len() - from) as u64;
                    if self.step(octet, here, buffer) {
                        rest = tail;
                    }
                }
            }
        }
        self.facts.note(buffer.get(from..).unwrap_or_default());
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
                self.at = At::BareLineStart;
                tail
            }
            None => &[],
        }
    }

    /// Gives CRLF out for a bare CR or LF.
    fn make_newline(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.facts.bare_newlines += 1;
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

/// What kind of work a chunk makes.
#[derive(Clone, Copy, Debug)]
struct Survey {
    /// A CR without LF, or an LF without CR.
    has_bare_newlines: bool,
    /// A dot at the start of a line.
    has_dots: bool,
}

impl Survey {
    /// Looks at `body`, in one pass over pairs that the compiler turns into vector code.
    fn of(body: &[u8], at: At) -> Self {
        let (Some((&first, behind)), Some((&last, ahead))) =
            (body.split_first(), body.split_last())
        else {
            return Self {
                has_bare_newlines: false,
                has_dots: false,
            };
        };
        let mut bare = u8::from(first == b'\n') | u8::from(last == b'\r');
        let mut dots = u8::from(first == b'.' && at == At::LineStart);
        for (&here, &next) in ahead.iter().zip(behind) {
            bare |= u8::from(here == b'\r') ^ u8::from(next == b'\n');
            dots |= u8::from(here == b'\n') & u8::from(next == b'.');
        }
        Self {
            has_bare_newlines: bare != 0,
            has_dots: dots != 0,
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
    let mut facts = ContentFacts {
        dot_lines: lines,
        ..ContentFacts::default()
    };
    facts.note(content);
    facts
}

#[cfg(test)]
mod tests;
