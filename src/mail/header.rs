//! The header section: where its fields are, without judging or changing them.
//!
//! # Source
//! RFC 5322 section 2.2. Content is in canonical CRLF form here (see `ContentFacts`).

use memchr::memchr;

/// One header field: its name and everything after the colon, folding and final line end included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field<'m> {
    /// Octets before the colon, trailing blanks cut.
    pub name: &'m [u8],
    /// Octets after the colon.
    pub value: &'m [u8],
}

impl Field<'_> {
    /// True if the field has this name; case does not count.
    #[must_use]
    pub const fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Iterates over the fields at the head of `message`, up to the first empty line.
///
/// Lines that are no field (no colon, or a continuation with nothing before it) are passed over: a check of the header's
/// form is another module's job.
#[must_use]
pub const fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

/// See [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'m> {
    rest: &'m [u8],
}

impl<'m> Iterator for Fields<'m> {
    type Item = Field<'m>;

    fn next(&mut self) -> Option<Field<'m>> {
        loop {
            let line = field_length(self.rest);
            let (field, rest) = self.rest.split_at_checked(line)?;
            if field.is_empty() || field == b"\r\n" || field == b"\n" {
                self.rest = &[];
                return None;
            }
            self.rest = rest;
            let Some(colon) = memchr(b':', field) else {
                continue;
            };
            let (name, value) = field.split_at_checked(colon)?;
            let name = name.trim_ascii_end();
            if !name.is_empty()
                && !name
                    .iter()
                    .any(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
            {
                return Some(Field {
                    name,
                    value: value.get(1..).unwrap_or_default(),
                });
            }
        }
    }
}

/// Octets up to the end of the first line and of the continuation lines that follow it.
fn field_length(text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        let Some(newline) = memchr(b'\n', rest) else {
            return text.len();
        };
        let was_empty_line = end == 0 && matches!(rest.get(..newline), Some(b"" | b"\r"));
        end += newline + 1;
        if was_empty_line || !matches!(text.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(message: &[u8]) -> Vec<String> {
        fields(message)
            .map(|f| String::from_utf8_lossy(f.name).into_owned())
            .collect()
    }

    #[test]
    fn fields_end_at_the_empty_line() {
        let message = b"From: a\r\nSubject : x\r\n y\r\nReceived:\r\n\tfrom z\r\n\r\nTo: body\r\n";
        assert_eq!(names(message), ["From", "Subject", "Received"]);
        let subject = fields(message).nth(1).unwrap();
        assert!(subject.is(b"SUBJECT"));
        assert_eq!(subject.value, b" x\r\n y\r\n");
    }

    #[test]
    fn odd_headers_are_survived() {
        assert_eq!(names(b""), Vec::<String>::new());
        assert_eq!(names(b"\r\n"), Vec::<String>::new());
        assert_eq!(names(b" continuation\r\nA: b\r\n"), ["A"]);
        assert_eq!(names(b"no colon\r\nA: b"), ["A"]);
        assert_eq!(names(b": x\r\nA: b"), ["A"]);
        assert_eq!(names(b"two words: x\r\nA: b"), ["A"]);
    }
}
