//! Just enough of HTTP/1.1 to ask a scanner: one request, one reply, no redirects.
//!
//! # Source
//! RFC 9112 sections 3, 4, 6, 7.1.

/// What a reply's header section says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// How long the body is.
    pub length: Length,
}

/// How long a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// This many octets.
    Octets(usize),
    /// In chunks, each with its size.
    Chunked,
    /// Up to the end of the connection.
    ToEnd,
}

/// Reads a header section, without its empty line.
#[must_use]
pub fn head(section: &str) -> Option<Head> {
    let mut lines = section.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let version = words.next()?;
    let status = words.next()?.parse().ok()?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let mut length = Length::ToEnd;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") && length != Length::Chunked {
            length = Length::Octets(value.parse().ok()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding")
            && value.eq_ignore_ascii_case("chunked")
        {
            length = Length::Chunked;
        }
    }
    Some(Head { status, length })
}

/// The size of a chunk from its first line.
#[must_use]
pub fn chunk_size(line: &str) -> Option<usize> {
    let digits = line.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).ok()
}

/// A field's value: what could end the line is left out.
#[must_use]
pub fn value(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let cases = [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y",
                Some((200, Length::Octets(12))),
            ),
            (
                "HTTP/1.0 403 No way\r\ntransfer-encoding: CHUNKED\r\nContent-Length: 9",
                Some((403, Length::Chunked)),
            ),
            ("HTTP/1.1 200", Some((200, Length::ToEnd))),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1", None),
            ("SMTP/1.1 200 OK", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(status, length)| Head { status, length });
            assert_eq!(head(text), expected, "{text}");
        }
        assert_eq!(chunk_size("1a;x=y"), Some(26));
        assert_eq!(chunk_size("zz"), None);
        assert_eq!(value("a\r\nb: c"), "ab: c");
    }
}
