//! Scanners that are mail servers: what they say after the message tells.
//!
//! # Source
//! content.md 4.4 (smtp, lmtp): the whole message to a recipient that does not matter, and the configuration's patterns.

use super::{Found, LONGEST_ANSWER, ScanError, expected::judge};
use crate::{
    config::scanner::{ScannerAddress, VirusScanner},
    scan::{contents::Contents, link::Link},
    sys::clock::Deadline,
};

/// Lines of a reply that are read.
const MOST_LINES: usize = 100;

pub(super) fn ask(
    scanner: &VirusScanner,
    addresses: &[ScannerAddress],
    is_lmtp: bool,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let mut link = Link::open(addresses, deadline, LONGEST_ANSWER)?;
    reply(&mut link, "220")?;
    let hello = if is_lmtp { "LHLO" } else { "EHLO" };
    let commands = [
        (format!("{hello} localhost\r\n"), "250"),
        ("MAIL FROM:<>\r\n".to_owned(), "250"),
        ("RCPT TO:<dummy@localhost>\r\n".to_owned(), "25"),
        ("DATA\r\n".to_owned(), "354"),
    ];
    for (command, expected) in commands {
        link.send(&[command.as_bytes()])?;
        reply(&mut link, expected)?;
    }
    link.send(&[&stuffed(contents.message()), b".\r\n"])?;
    let answer = reply(&mut link, "")?;
    // It closes at the end in any case.
    let _sent = link.send(&[b"QUIT\r\n"]);
    let mut found = Found::default();
    judge(scanner, "", &answer, None, &mut found)?;
    Ok(found)
}

/// A whole reply, which must begin with `expected`.
fn reply(link: &mut Link, expected: &str) -> Result<String, ScanError> {
    let mut text = String::new();
    for _ in 0..MOST_LINES {
        let line = link.line()?;
        text.push_str(&line);
        text.push('\n');
        if line.as_bytes().get(3) == Some(&b'-') {
            continue;
        }
        if text.starts_with(expected) {
            return Ok(text);
        }
        break;
    }
    Err(ScanError::Strange(text.chars().take(200).collect()))
}

/// Lines that begin with a dot get another one; the last line has an end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            text.push(b'.');
        }
        text.extend_from_slice(line);
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed() {
        assert_eq!(stuffed(b"a\r\n.b\r\n..\r\n"), b"a\r\n..b\r\n...\r\n");
        assert_eq!(stuffed(b".x"), b"..x\r\n");
        assert_eq!(stuffed(b""), b"");
    }
}
