//! AM.PDP: requests of milters and helpers, as lines of attributes.
//!
//! # Guards
//! A request is bounded in lines, line length and octets; what is no attribute is counted, not kept.
//!
//! # Source
//! daemon.md 5.1 (framing, encoding).

use std::fmt::Write;

use memchr::memchr;

/// Longest line, octets.
pub const LONGEST_LINE: usize = 16 * 1024;
/// Most octets of a request.
pub const LARGEST: usize = 4 << 20;

/// One request: its attributes in order, decoded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    attributes: Vec<(String, Vec<u8>)>,
    /// Lines that were no attributes.
    pub strange: Vec<String>,
}

/// What came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// More is needed.
    Part,
    /// A request.
    Request(Request),
    /// A line or a request is longer than anybody needs.
    TooLong,
}

/// Takes requests out of a stream.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    request: Request,
    size: usize,
}

impl Receiver {
    /// Takes whole lines from the beginning of `input`, up to the end of a request.
    pub fn take(&mut self, input: &mut Vec<u8>) -> Incoming {
        loop {
            let Some(end) = memchr(b'\n', input) else {
                return if input.len() > LONGEST_LINE {
                    Incoming::TooLong
                } else {
                    Incoming::Part
                };
            };
            self.size += end + 1;
            if end > LONGEST_LINE || self.size > LARGEST {
                return Incoming::TooLong;
            }
            let line: Vec<u8> = input.drain(..=end).collect();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                self.size = 0;
                return Incoming::Request(std::mem::take(&mut self.request));
            }
            self.request.add(line);
        }
    }

    /// True if a request has begun and not ended.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.size > 0
    }
}

impl Request {
    fn add(&mut self, line: &[u8]) {
        let end = line
            .iter()
            .position(|&b| matches!(b, b'=' | b':'))
            .unwrap_or_default();
        let name = decoded(line.get(..end).unwrap_or_default());
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if end == 0 || name.is_empty() || !name.iter().all(is_name) {
            let shown = String::from_utf8_lossy(line.get(..200).unwrap_or(line));
            // A few tell enough.
            if self.strange.len() < 10 {
                self.strange.push(shown.into_owned());
            }
            return;
        }
        let mut value = line.get(end + 1..).unwrap_or_default();
        // `name: value`
        if line.get(end) == Some(&b':') {
            value = value.trim_ascii_start();
        }
        let name = String::from_utf8_lossy(&name).into_owned();
        self.attributes.push((name, decoded(value)));
    }

    /// All values of an attribute, in order.
    pub fn all<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        self.attributes
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The value of an attribute, if it is text and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut backwards = self.attributes.iter().rev();
        let (_, value) = backwards.find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok().filter(|v| !v.is_empty())
    }

    /// Names of all attributes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }
}

/// With `%HH` decoded; anything else after a `%` stands for itself.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        let hex = |at: usize| {
            text.get(at)
                .and_then(|&b| char::from(b).to_digit(16))
                .and_then(|digit| u8::try_from(digit).ok())
        };
        match (octet, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            _ => {
                out.push(octet);
                at += 1;
            }
        }
    }
    out
}

/// A word of a value: everything but printable ASCII as `%hh`.
fn encoded(word: &[u8], out: &mut String) {
    for &octet in word {
        if (0x21..=0x7E).contains(&octet) && octet != b'%' {
            out.push(char::from(octet));
        } else {
            // Writing to a text cannot fail.
            let _written = write!(out, "%{octet:02x}");
        }
    }
}

/// Attributes to send.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Response {
    text: String,
}

impl Response {
    /// Adds an attribute whose value is made of words.
    pub fn add(&mut self, name: &str, words: &[&[u8]]) {
        self.text.push_str(name);
        self.text.push('=');
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                self.text.push(' ');
            }
            encoded(word, &mut self.text);
        }
        self.text.push_str("\r\n");
    }

    /// Adds one with a single word.
    pub fn add_text(&mut self, name: &str, value: &str) {
        self.add(name, &[value.as_bytes()]);
    }

    /// The octets to send, with the line that ends them.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.text.push_str("\r\n");
        self.text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        let mut input = text.as_bytes().to_vec();
        match Receiver::default().take(&mut input) {
            Incoming::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn attributes_are_read_in_both_forms() {
        let got = request(
            "request=AM.PDP\r\nsender=<a%40b>\nrecipient=<c@d>\nrecipient: <e@f>\nhelo_name=a=b\nfoo\n=x\na b=c\n\n",
        );
        assert_eq!(got.text("request"), Some("AM.PDP"));
        assert_eq!(got.text("sender"), Some("<a@b>"));
        let recipients: Vec<&[u8]> = got.all("recipient").collect();
        assert_eq!(recipients, [&b"<c@d>"[..], b"<e@f>"]);
        assert_eq!(got.text("helo_name"), Some("a=b"));
        assert_eq!(got.strange, ["foo", "=x", "a b=c"]);
        assert_eq!(got.text("nothing"), None);
    }

    #[test]
    fn requests_come_in_pieces_and_one_after_another() {
        let mut receiver = Receiver::default();
        let mut input = b"request=x\nse".to_vec();
        assert_eq!(receiver.take(&mut input), Incoming::Part);
        assert!(receiver.is_inside());
        input.extend_from_slice(b"nder=a\n\nrequest=y\n\n");
        let mut names = Vec::new();
        while let Incoming::Request(request) = receiver.take(&mut input) {
            names.push(request.text("request").unwrap().to_owned());
        }
        assert_eq!(names, ["x", "y"]);
        assert!(!receiver.is_inside() && input.is_empty());
    }

    #[test]
    fn nobody_needs_endless_lines_or_requests() {
        let mut input = vec![b'a'; LONGEST_LINE + 1];
        assert_eq!(Receiver::default().take(&mut input), Incoming::TooLong);
        let mut receiver = Receiver::default();
        let line = format!("recipient={}\n", "a".repeat(1000));
        let mut last = Incoming::Part;
        for _ in 0..=LARGEST / line.len() {
            last = receiver.take(&mut line.clone().into_bytes());
        }
        assert_eq!(last, Incoming::TooLong);
    }

    #[test]
    fn words_are_encoded_apart() {
        let mut response = Response::default();
        response.add("setreply", &[b"250", b"2.5.0", b"Ok, 100%\n"]);
        response.add_text("exit_code", "0");
        assert_eq!(
            String::from_utf8(response.finish()).unwrap(),
            "setreply=250 2.5.0 Ok,%20100%25%0a\r\nexit_code=0\r\n\r\n"
        );
        assert_eq!(decoded(b"a%2Bb%zz%4"), b"a+b%zz%4");
    }
}
