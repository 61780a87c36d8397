//! What is wrong with a header section.
//!
//! # Guards
//! Every octet that a text quotes is printable. Time is linear in the size of the section.
//!
//! # Source
//! content.md 3 (tests, texts, minor categories); RFC 5322 section 3.6 (fields that occur once).

use std::collections::BTreeMap;

/// Something wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Minor category of BAD-HEADER.
    pub minor: u8,
    /// In words, printable.
    pub text: String,
}

/// Which tests are made: `%allowed_header_tests`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the configuration"
)]
pub struct Tests {
    /// Lines that are no fields.
    pub syntax: bool,
    /// Folded lines of blanks.
    pub empty: bool,
    /// Lines of more than 998 octets.
    pub long: bool,
    /// NUL and bare CR.
    pub control: bool,
    /// Octets above 127 that are no UTF-8, and control characters in UTF-8.
    pub eight_bit: bool,
    /// UTF-8 in a message that was not announced with SMTPUTF8.
    pub utf8: bool,
    /// Fields that must be there.
    pub missing: bool,
    /// Fields that may occur once.
    pub multiple: bool,
    /// Multiparts that do not end.
    pub mime: bool,
}

impl Tests {
    /// No test at all.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            syntax: false,
            empty: false,
            long: false,
            control: false,
            eight_bit: false,
            utf8: false,
            missing: false,
            multiple: false,
            mime: false,
        }
    }

    /// Switches the test with this name, as `%allowed_header_tests` has it; false if there is none.
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        let test = match name {
            "syntax" => &mut self.syntax,
            "empty" => &mut self.empty,
            "long" => &mut self.long,
            "control" => &mut self.control,
            "8bit" => &mut self.eight_bit,
            "utf8" => &mut self.utf8,
            "missing" => &mut self.missing,
            "multiple" => &mut self.multiple,
            "mime" => &mut self.mime,
            _ => return false,
        };
        *test = on;
        true
    }
}

impl Default for Tests {
    fn default() -> Self {
        Self {
            syntax: true,
            empty: true,
            long: true,
            control: true,
            eight_bit: true,
            utf8: false,
            missing: true,
            multiple: true,
            mime: true,
        }
    }
}

/// Most problems that are told.
const MOST: usize = 100;
/// Longest line without its end (RFC 5322 section 2.1.1).
const LONGEST_LINE: usize = 998;
/// Fields that may occur once; the first two must be there.
const ONCE: [&str; 18] = [
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Message-ID",
    "References",
    "In-Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-ID",
    "Content-Description",
    "Content-Disposition",
    "Auto-Submitted",
];
const REQUIRED: usize = 2;

/// Checks a header section; `is_smtputf8` if the message was announced as internationalized. Of each field the first problem is told.
#[must_use]
pub fn check(header: &[u8], is_smtputf8: bool, tests: &Tests) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for field in fields(header) {
        let name = name_of(field);
        if let Some(known) = name.and_then(known_name) {
            *counts.entry(known).or_default() += 1;
        }
        if problems.len() < MOST {
            problems.extend(check_field(field, name, is_smtputf8, tests));
        }
    }
    for (at, name) in ONCE.iter().enumerate() {
        let text = match counts.get(name).copied().unwrap_or_default() {
            0 if at < REQUIRED && tests.missing => {
                problems.push(problem(
                    7,
                    format!("Missing required header field: \"{name}\""),
                ));
                continue;
            }
            2 => format!("Duplicate header field: \"{name}\""),
            count if count > 2 => {
                format!("Header field occurs more than once: \"{name}\" occurs {count} times")
            }
            _ => continue,
        };
        if tests.multiple {
            problems.push(problem(8, text));
        }
    }
    problems.truncate(MOST);
    problems
}

fn problem(minor: u8, text: String) -> Problem {
    Problem { minor, text }
}

/// Fields with their continuation lines, line ends included; the empty line ends the section.
fn fields(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = header;
    std::iter::from_fn(move || {
        if rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
            return None;
        }
        let mut length = line_length(rest);
        while let Some(tail) = rest.get(length..) {
            if !matches!(tail.first(), Some(b' ' | b'\t')) {
                break;
            }
            length += line_length(tail);
        }
        let (field, tail) = rest.split_at(length.min(rest.len()));
        rest = tail;
        Some(field)
    })
}

fn line_length(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

/// The name, if the field has the form of one.
fn name_of(field: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', field)?;
    let name = field.get(..colon)?.trim_ascii_end();
    let is_name = |octet: &u8| matches!(octet, b'!'..=b'9' | b';'..=b'~') || *octet >= 0x80;
    (!name.is_empty() && name.iter().all(is_name) && !name.starts_with(b"--")).then_some(name)
}

fn known_name(name: &[u8]) -> Option<&'static str> {
    ONCE.into_iter()
        .find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn check_field(
    field: &[u8],
    name: Option<&[u8]>,
    is_smtputf8: bool,
    tests: &Tests,
) -> Option<Problem> {
    if tests.syntax {
        match name {
            None => {
                let shown = shown(field.get(..field.len().min(200)).unwrap_or_default());
                let text = format!("Invalid header field syntax: {}", shown.trim_end());
                return Some(problem(6, text));
            }
            Some(name) if !name.is_ascii() => {
                let text = "Invalid header field name, contains non-ASCII char";
                return Some(problem(6, text.to_owned()));
            }
            Some(_) => {}
        }
    }
    if tests.empty
        && let Some(found) = blank_line(field)
    {
        let text = "Improper folded header field made up entirely of whitespace";
        return Some(problem(4, quoted(text, field, found)));
    }
    if tests.long
        && let Some(line) = long_line(field)
    {
        let head = shown(line.get(..50).unwrap_or_default());
        let text = format!("Header line longer than {LONGEST_LINE} characters: {head}[...]");
        return Some(problem(5, text));
    }
    if tests.control
        && let Some(at) = control(field)
    {
        let text = "Improper use of control character";
        return Some(problem(3, quoted(text, field, at..at + 1)));
    }
    check_octets(field, is_smtputf8, tests)
}

fn check_octets(field: &[u8], is_smtputf8: bool, tests: &Tests) -> Option<Problem> {
    let first = field.iter().position(|octet| *octet >= 0x80)?;
    let run = field.get(first..)?;
    let length = run
        .iter()
        .take(4)
        .take_while(|octet| **octet >= 0x80)
        .count();
    let text = match std::str::from_utf8(field) {
        Err(_) if tests.eight_bit => "Non-encoded non-ASCII data (and not UTF-8)",
        Err(_) => return None,
        Ok(text) if tests.eight_bit && text.chars().any(is_c0) => {
            "UTF-8 string contains C0 Controls"
        }
        Ok(text) if tests.eight_bit && text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)) => {
            "UTF-8 string contains C1 Controls"
        }
        Ok(_) if tests.utf8 && !is_smtputf8 => "Non-encoded UTF-8 string in non-EAI mail",
        Ok(_) => return None,
    };
    Some(problem(2, quoted(text, field, first..first + length)))
}

fn is_c0(character: char) -> bool {
    character < ' ' && !matches!(character, '\t' | '\n' | '\r')
}

/// A continuation line of blanks alone.
fn blank_line(field: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut at = line_length(field);
    while at < field.len() {
        let line = field.get(at..).unwrap_or_default();
        let length = line_length(line);
        let bare = line.get(..length).unwrap_or_default();
        let bare = bare.strip_suffix(b"\n").unwrap_or(bare);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        if bare.iter().all(|octet| matches!(octet, b' ' | b'\t')) {
            return Some(at..at + bare.len());
        }
        at += length;
    }
    None
}

fn long_line(field: &[u8]) -> Option<&[u8]> {
    field
        .split(|octet| *octet == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .find(|line| line.len() > LONGEST_LINE)
}

/// A NUL, or a CR that is not before a line feed.
fn control(field: &[u8]) -> Option<usize> {
    let is_wrong = |(at, octet): (usize, &u8)| match octet {
        0 => true,
        b'\r' => field.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    field.iter().enumerate().position(is_wrong)
}

/// `TEXT (char XX hex): Name: before CHARS after[...]`
fn quoted(text: &str, field: &[u8], found: std::ops::Range<usize>) -> String {
    const BEFORE: usize = 50;
    const AFTER: usize = 15;
    const CHARS: usize = 4;
    let octets = field.get(found.clone()).unwrap_or_default();
    let hex: Vec<String> = octets
        .iter()
        .take(CHARS)
        .map(|octet| format!("{octet:02X}"))
        .collect();
    let before = field.get(..found.start).unwrap_or_default();
    let before = if before.len() > BEFORE {
        let name = name_of(field).unwrap_or_default();
        let name = name.get(..name.len().min(BEFORE)).unwrap_or_default();
        let kept = before.get(before.len() - 20..).unwrap_or_default();
        format!("{}: ...{}", shown(name), shown(kept))
    } else {
        shown(before)
    };
    let after = field.get(found.end..).unwrap_or_default().trim_ascii_end();
    let kept = shown(after.get(..after.len().min(AFTER)).unwrap_or_default());
    let more = if after.len() > AFTER { "[...]" } else { "" };
    format!(
        "{text} (char {} hex): {before}{}{kept}{more}",
        hex.join(" "),
        shown(octets)
    )
}

/// Printable: line ends are left out, everything else that acts or is no text becomes `\x{HH}`.
fn shown(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let escape = |octets: &[u8], out: &mut String| {
        for octet in octets {
            out.push_str(&format!("\\x{{{octet:02X}}}"));
        }
    };
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\r' | '\n' => {}
                '\t' => out.push(' '),
                control if control.is_control() => {
                    let mut buffer = [0; 4];
                    escape(control.encode_utf8(&mut buffer).as_bytes(), &mut out);
                }
                other => out.push(other),
            }
        }
        escape(chunk.invalid(), &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "From: a@b\r\nDate: x\r\n";

    fn texts(more: &[u8], tests: &Tests) -> Vec<String> {
        let header = [GOOD.as_bytes(), more, b"\r\n"].concat();
        let problems = check(&header, false, tests);
        problems
            .iter()
            .map(|problem| format!("{} {}", problem.minor, problem.text))
            .collect()
    }

    /// Texts as in the samples of the original.
    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn problems_have_the_documented_texts() {
        let long = format!("X-Long: {}\r\n", "a".repeat(1000));
        let far = format!("Subject: {}\u{0}b\r\n", "x".repeat(100));
        for (more, want) in [
            (
                &b"Subject: caf\xE9 test\r\n"[..],
                "2 Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Subject: caf\\x{E9} test",
            ),
            (b"Subject: caf\xC3\xA9 test\r\n", ""),
            (
                b"Subject: a\0b\r\n",
                "3 Improper use of control character (char 00 hex): Subject: a\\x{00}b",
            ),
            (
                b"Subject: a\rb\r\n",
                "3 Improper use of control character (char 0D hex): Subject: ab",
            ),
            (
                b"Subject: one\r\nSUBJECT: two\r\n",
                "8 Duplicate header field: \"Subject\"",
            ),
            (
                b"To: 1\nTo: 2\nTo : 3\n",
                "8 Header field occurs more than once: \"To\" occurs 3 times",
            ),
            (
                long.as_bytes(),
                "5 Header line longer than 998 characters: X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa[...]",
            ),
            (
                b"X-Blank: foo\r\n \t \r\n bar\r\n",
                "4 Improper folded header field made up entirely of whitespace (char 20 09 20 hex): X-Blank: foo    bar",
            ),
            (
                b"This is not a header\r\n",
                "6 Invalid header field syntax: This is not a header",
            ),
            (b"--x: y\r\n", "6 Invalid header field syntax: --x: y"),
            (
                b"S\xC3\xBCbject: y\r\n",
                "6 Invalid header field name, contains non-ASCII char",
            ),
            (
                b"X: \xC2\x85\r\n",
                "2 UTF-8 string contains C1 Controls (char C2 85 hex): X: \\x{C2}\\x{85}",
            ),
            (
                b"X: \xC3\xA9\x1b[2J\r\n",
                "2 UTF-8 string contains C0 Controls (char C3 A9 hex): X: \u{e9}\\x{1B}[2J",
            ),
            (
                far.as_bytes(),
                "3 Improper use of control character (char 00 hex): Subject: ...xxxxxxxxxxxxxxxxxxxx\\x{00}b",
            ),
        ] {
            assert_eq!(
                texts(more, &Tests::default()).join("|"),
                want,
                "{}",
                String::from_utf8_lossy(more)
            );
        }
        let missing = check(b"To: x\n\nDate: in the body\n", false, &Tests::default());
        let missing: Vec<&str> = missing
            .iter()
            .map(|problem| problem.text.as_str())
            .collect();
        assert_eq!(
            missing,
            [
                "Missing required header field: \"Date\"",
                "Missing required header field: \"From\""
            ]
        );
    }

    #[test]
    fn tests_can_be_switched_off_and_utf8_on() {
        let none = Tests::none();
        let bad = b"no field\nTo: 1\nTo: 2\nX: \xE9\0\n  \n";
        assert!(texts(bad, &none).is_empty());
        assert!(check(b"", false, &none).is_empty());
        let utf8 = Tests {
            utf8: true,
            ..Tests::default()
        };
        let text = "X: \u{e9}\n";
        assert_eq!(texts(text.as_bytes(), &utf8).len(), 1);
        let header = format!("{GOOD}{text}");
        assert!(check(header.as_bytes(), true, &utf8).is_empty());
    }

    #[test]
    fn a_large_section_has_a_limited_number_of_problems() {
        let header = "bad\n".repeat(1_000_000);
        assert_eq!(
            check(header.as_bytes(), false, &Tests::default()).len(),
            MOST
        );
        let header = format!("X:{}", "\n \n".repeat(1_000_000));
        assert_eq!(check(header.as_bytes(), false, &Tests::default()).len(), 3);
    }
}
