//! Command lines: verb, arguments, paths.
//!
//! # Source
//! RFC 5321 section 4.1; the accepted shapes are those of daemon.md 3.1 and 3.2.

use memchr::memchr2;

use crate::mail::address::Address;

/// A verb with its arguments; blanks around both are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandLine<'l> {
    /// As the client wrote it; compare without case.
    pub verb: &'l [u8],
    /// What follows it.
    pub arguments: &'l [u8],
}

/// Splits a line (without CRLF); `None` if it has no verb of a letter and alphanumerics.
#[must_use]
pub fn split(line: &[u8]) -> Option<CommandLine<'_>> {
    let line = trim_blanks(line);
    let end = line
        .iter()
        .position(|b| !b.is_ascii_alphanumeric())
        .unwrap_or(line.len());
    let (verb, arguments) = line.split_at_checked(end)?;
    let fits = verb.first().is_some_and(u8::is_ascii_alphabetic)
        && matches!(arguments.first(), None | Some(b' ' | b'\t'));
    let whole = !line.iter().any(|&b| b == b'\n' || b == b'\r');
    (fits && whole).then(|| CommandLine {
        verb,
        arguments: trim_blanks(arguments),
    })
}

/// A path argument: `FROM:<path> parameters`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathArgument<'l> {
    /// The path with its brackets, as received.
    pub shown: &'l [u8],
    /// The path in canonical form.
    pub address: Address,
    /// What follows the closing bracket.
    pub parameters: &'l [u8],
}

/// Reads `keyword` (`FROM:` or `TO:`), optional blanks, `<path>`; `None` if anything is amiss.
#[must_use]
pub fn path_argument<'l>(arguments: &'l [u8], keyword: &[u8]) -> Option<PathArgument<'l>> {
    let (head, rest) = arguments.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = trim_blanks(rest);
    let end = closing_bracket(rest)?;
    let (shown, parameters) = rest.split_at_checked(end + 1)?;
    if !matches!(parameters.first(), None | Some(b' ' | b'\t')) {
        return None;
    }
    let inner = shown.get(1..end)?;
    Some(PathArgument {
        shown,
        address: Address::parse(inner).ok()?,
        parameters: trim_blanks(parameters),
    })
}

/// Offset of the `>` that ends the path at the head of `text`; quoted strings may hold one.
fn closing_bracket(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'<') {
        return None;
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, &octet) in text.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Cuts blanks and tabs from both ends.
#[must_use]
pub fn trim_blanks(text: &[u8]) -> &[u8] {
    let mut text = text;
    while let Some((b' ' | b'\t', rest)) = text.split_first() {
        text = rest;
    }
    while let Some((b' ' | b'\t', rest)) = text.split_last() {
        text = rest;
    }
    text
}

/// Splits at blanks and tabs; no empty words.
pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = trim_blanks(text);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        let (word, tail) = rest.split_at_checked(end)?;
        rest = trim_blanks(tail);
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_documented_shape() {
        for (line, want) in [
            (&b"NOOP"[..], Some((&b"NOOP"[..], &b""[..]))),
            (b"  NOOP  ", Some((b"NOOP", b""))),
            (b"noop foo bar", Some((b"noop", b"foo bar"))),
            (b"MAIL\tFROM:<a>", Some((b"MAIL", b"FROM:<a>"))),
            (b"", None),
            (b"   ", None),
            (b"1ABC", None),
            (b"MAIL:FROM", None),
            (b"NO\0OP", None),
            (b"NOOP\nNOOP", None),
            (b"NOOP a\rb", None),
        ] {
            let got = split(line).map(|c| (c.verb, c.arguments));
            assert_eq!(got, want, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn paths_need_their_brackets() {
        let path = path_argument(b"FROM: <a@b> SIZE=1", b"FROM:").unwrap();
        assert_eq!(
            (path.shown, path.parameters),
            (&b"<a@b>"[..], &b"SIZE=1"[..])
        );
        assert!(
            path_argument(b"FROM:<>", b"FROM:")
                .unwrap()
                .address
                .is_null()
        );
        assert_eq!(
            path_argument(b"from:<\"x>y\"@b>", b"FROM:")
                .unwrap()
                .address
                .as_bytes(),
            b"\"x>y\"@b"
        );
        for bad in [
            &b"FROM :<a@b>"[..],
            b"FROM:a@b",
            b"FROM:<a@b",
            b"FROM:<a@b>SIZE=1",
            b"FROM",
            b"",
            b"FROM:<a b@c>",
            b"FROM:<a\"b@c>",
            b"TO:<a@b>",
        ] {
            assert!(
                path_argument(bad, b"FROM:").is_none(),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }

    #[test]
    fn words_are_split_at_blanks() {
        let got: Vec<&[u8]> = words(b"  a \t b=c  ").collect();
        assert_eq!(got, [&b"a"[..], b"b=c"]);
        assert_eq!(words(b"  ").count(), 0);
    }
}
