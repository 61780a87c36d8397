//! Mail in something else: a message that was attached encoded, or that lies in an archive.

use super::super::members::{Failure, Members};

pub(in super::super) fn decode(
    content: &[u8],
    members: &mut Members<'_, '_>,
) -> Result<(), Failure> {
    members.mail(content)
}

/// Fields that a message begins with, and a text does not.
const BEGINS: &[&[u8]] = &[
    b"received:",
    b"return-path:",
    b"delivered-to:",
    b"mime-version:",
    b"message-id:",
    b"x-",
    b"from:",
    b"date:",
    b"subject:",
    b"content-type:",
    b"dkim-signature:",
];

/// True for content that begins with a header section which says that it holds MIME.
pub(in super::super) fn is_mail(content: &[u8]) -> bool {
    let head = content
        .get(..content.len().min(16 * 1024))
        .unwrap_or_default();
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let begins = |line: &[u8], field: &[u8]| {
        line.get(..field.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(field))
    };
    if !BEGINS.iter().any(|field| begins(head, field)) && !head.starts_with(b"From ") {
        return false;
    }
    let lines = head.split(|octet| *octet == b'\n');
    lines
        .take_while(|line| !line.trim_ascii().is_empty())
        .any(|line| begins(line, b"content-type:") || begins(line, b"mime-version:"))
}
