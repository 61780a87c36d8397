//! Replies on the wire: writing ours, reading theirs.
//!
//! # Guards
//! Our lines hold no octet outside printable ASCII, or UTF-8 where the client asked for it; theirs are bounded in length
//! and number.
//!
//! # Source
//! RFC 5321 section 4.2; daemon.md 3.1 (at most 510 octets a line, codes repeated on each).

use memchr::memchr;
use thiserror::Error;

use crate::mail::reply::{Enhanced, Reply};

/// Longest line we send, without its CRLF.
const LINE: usize = 510;

/// Appends `reply` to `out`. Without `utf8`, octets above 0x7F become `?`.
pub fn write(reply: &Reply, utf8: bool, out: &mut Vec<u8>) {
    // Longest enhanced code, `5.999.999 `, allowed for.
    const ROOM: usize = LINE - 14;
    let mut lines = reply.text().split('\n').peekable();
    while let Some(mut line) = lines.next() {
        while line.len() > ROOM {
            let cut = line.floor_char_boundary(ROOM);
            let (head, tail) = line.split_at(cut);
            write_line(reply, head, false, utf8, out);
            line = tail;
        }
        write_line(reply, line, lines.peek().is_none(), utf8, out);
    }
}

fn write_line(reply: &Reply, text: &str, is_last: bool, utf8: bool, out: &mut Vec<u8>) {
    put_number(reply.code(), out);
    out.push(if is_last { b' ' } else { b'-' });
    if let Some(Enhanced {
        class,
        subject,
        detail,
    }) = reply.enhanced()
    {
        put_number(class.into(), out);
        for number in [subject, detail] {
            out.push(b'.');
            put_number(number, out);
        }
        out.push(b' ');
    }
    if utf8 || text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.extend(text.bytes().map(|b| if b.is_ascii() { b } else { b'?' }));
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a number in decimal digits.
fn put_number(number: u16, out: &mut Vec<u8>) {
    let begin = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(begin..) {
        digits.reverse();
    }
}

/// Why a reply could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReplyError {
    /// A line that is no reply line; its printable beginning.
    #[error("not a reply: {0:?}")]
    Garbage(String),
    /// The lines of one reply carry different codes.
    #[error("reply changes its code from {0} to {1}")]
    Mixed(u16, u16),
    /// Too long a line, or too many lines.
    #[error("reply is too long")]
    TooLong,
}

/// Reads replies from a stream of octets; holds what is not complete yet.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    input: Vec<u8>,
    /// Octets of `input` already consumed.
    taken: usize,
    /// Code and text of the lines of the reply that is being read.
    open: Option<(u16, Option<Enhanced>, String, usize)>,
}

impl ReplyReader {
    /// Longest line that is read, RFC 5321 has 512.
    pub const LONGEST_LINE: usize = 4096;
    /// Most lines of one reply.
    pub const MOST_LINES: usize = 128;

    /// Adds octets from the peer.
    pub fn feed(&mut self, octets: &[u8]) {
        // What remains is less than a line: a peer that always begins the next one makes nothing grow.
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.extend_from_slice(octets);
    }

    /// True if nothing is held: no octet waits to be read as part of a reply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken == self.input.len() && self.open.is_none()
    }

    /// The next whole reply; `None` if more octets are needed.
    ///
    /// # Errors
    /// See [`ReplyError`]. After an error the connection is of no use.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        loop {
            let pending = self.input.get(self.taken..).unwrap_or_default();
            let Some(end) = memchr(b'\n', pending) else {
                let line = pending.strip_suffix(b"\r").unwrap_or(pending);
                return if line.len() > Self::LONGEST_LINE {
                    Err(ReplyError::TooLong)
                } else {
                    Ok(None)
                };
            };
            let line = pending.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > Self::LONGEST_LINE {
                return Err(ReplyError::TooLong);
            }
            let (code, more, text) = split_line(line).ok_or_else(|| garbage(line))?;
            self.taken += end + 1;
            if let Some(reply) = self.take_line(code, more, text)? {
                return Ok(Some(reply));
            }
        }
    }

    /// Adds one line to the open reply; gives the reply if the line was its last.
    fn take_line(
        &mut self,
        code: u16,
        more: bool,
        text: String,
    ) -> Result<Option<Reply>, ReplyError> {
        let (enhanced, own) = match Enhanced::split(&text) {
            Some((enhanced, rest)) if u16::from(enhanced.class) == code / 100 => {
                (Some(enhanced), rest.to_owned())
            }
            _ => (None, text),
        };
        let (first, status, mut whole, lines) = match self.open.take() {
            None => (code, enhanced, own, 1),
            Some((first, status, mut whole, lines)) => {
                whole.push('\n');
                whole.push_str(&own);
                (first, status.or(enhanced), whole, lines + 1)
            }
        };
        if first != code {
            return Err(ReplyError::Mixed(first, code));
        }
        if lines > Self::MOST_LINES {
            return Err(ReplyError::TooLong);
        }
        if more {
            self.open = Some((first, status, whole, lines));
            return Ok(None);
        }
        whole.truncate(whole.trim_end().len());
        Ok(Some(Reply::new(code, status, whole)))
    }
}

/// Splits `250-text` into code, "more lines follow" and text.
fn split_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(code)
        .ok()
        .filter(|c| c.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    if !(200..600).contains(&code) {
        return None;
    }
    let (more, text) = match rest.split_first() {
        None => (false, &[][..]),
        Some((b' ', text)) => (false, text),
        Some((b'-', text)) => (true, text),
        Some(_) => return None,
    };
    Some((code, more, String::from_utf8_lossy(text).into_owned()))
}

/// The error for a line that is no reply.
fn garbage(line: &[u8]) -> ReplyError {
    let shown = line.get(..line.len().min(80)).unwrap_or_default();
    ReplyError::Garbage(
        shown
            .iter()
            .map(|&b| {
                if (0x20..0x7F).contains(&b) {
                    char::from(b)
                } else {
                    '?'
                }
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> String {
        let mut out = Vec::new();
        write(reply, false, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_and_many_line_replies_repeat_their_codes() {
        assert_eq!(
            written(&Reply::new(250, None, "a\nb")),
            "250-a\r\n250 b\r\n"
        );
        assert_eq!(
            written(&Reply::status(214, 0, 0, "x\ny")),
            "214-2.0.0 x\r\n214 2.0.0 y\r\n"
        );
        let long = written(&Reply::status(550, 7, 1, "x".repeat(1200)));
        let lines: Vec<&str> = long.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|l| l.len() <= 510 && l.contains("5.7.1 ")));
        assert!(lines[0].starts_with("550-") && lines[2].starts_with("550 "));
        assert_eq!(written(&Reply::new(250, None, "\u{e9}")), "250 ??\r\n");
    }

    #[test]
    fn replies_are_read_whatever_the_cuts() {
        let input = b"220 mx ESMTP\r\n250-mx\r\n250-SIZE 10\r\n250 DSN\r\n550 5.1.1 no\r\n354\r\n";
        let want = ["220 mx ESMTP", "250 mx SIZE 10 DSN", "550 5.1.1 no", "354"];
        for cut in 0..=input.len() {
            let mut reader = ReplyReader::default();
            let mut got = Vec::new();
            for piece in [&input[..cut], &input[cut..]] {
                reader.feed(piece);
                while let Some(reply) = reader.next_reply().unwrap() {
                    got.push(reply.to_string().trim_end().to_owned());
                }
            }
            assert_eq!(got, want, "cut at {cut}");
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn the_longest_line_may_be_cut_before_its_end() {
        let line = format!("250 {}", "x".repeat(ReplyReader::LONGEST_LINE - 4));
        for end in ["\r\n", "\n"] {
            let input = format!("{line}{end}");
            for cut in line.len()..=input.len() {
                let mut reader = ReplyReader::default();
                reader.feed(&input.as_bytes()[..cut]);
                let early = reader.next_reply().unwrap();
                reader.feed(&input.as_bytes()[cut..]);
                let reply = early.or_else(|| reader.next_reply().unwrap());
                assert_eq!(reply.map(|r| r.code()), Some(250), "{end:?} cut at {cut}");
            }
            let mut reader = ReplyReader::default();
            reader.feed(format!("{line}x\r").as_bytes());
            assert_eq!(reader.next_reply(), Err(ReplyError::TooLong));
        }
    }

    #[test]
    fn what_was_read_is_not_kept() {
        let mut reader = ReplyReader::default();
        reader.feed(b"250 Ok\r\n25");
        for _ in 0..1000 {
            assert!(reader.next_reply().unwrap().is_some());
            reader.feed(b"0 Ok\r\n25");
        }
        assert!(reader.input.len() < 30, "{} octets", reader.input.len());
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for input in [
            &b"hello\r\n"[..],
            b"2x0 a\r\n",
            b"\r\n",
            b"99\r\n",
            b"700 x\r\n",
            b"150 x\r\n",
            b"250_x\r\n",
            b"\xff\xff\xff\r\n",
        ] {
            let mut reader = ReplyReader::default();
            reader.feed(input);
            assert!(
                reader.next_reply().is_err(),
                "{}",
                String::from_utf8_lossy(input)
            );
        }
        let mut reader = ReplyReader::default();
        reader.feed(b"250-a\r\n550 b\r\n");
        assert_eq!(reader.next_reply(), Err(ReplyError::Mixed(250, 550)));
        let mut reader = ReplyReader::default();
        reader.feed(&vec![b'2'; 5000]);
        assert_eq!(reader.next_reply(), Err(ReplyError::TooLong));
        let mut reader = ReplyReader::default();
        reader.feed("250-x\r\n".repeat(200).as_bytes());
        assert_eq!(reader.next_reply(), Err(ReplyError::TooLong));
    }
}
