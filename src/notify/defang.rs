//! Mail wrapped in a message of our own, so that nothing in it comes to somebody unasked.
//!
//! # Source
//! content.md 9.6.

use crate::mail::header::{self, Field};

/// What stays in sight of the message's own header section.
const KEPT: [&[u8]; 25] = [
    b"Received",
    b"From",
    b"Sender",
    b"To",
    b"Cc",
    b"Reply-To",
    b"Date",
    b"Message-ID",
    b"Resent-From",
    b"Resent-Sender",
    b"Resent-To",
    b"Resent-Cc",
    b"Resent-Date",
    b"Resent-Message-ID",
    b"In-Reply-To",
    b"References",
    b"Subject",
    b"Comments",
    b"Keywords",
    b"Organization",
    b"Organisation",
    b"User-Agent",
    b"X-Mailer",
    b"List-Id",
    b"List-Unsubscribe",
];

/// What a wrapper is made of.
#[derive(Clone, Copy, Debug)]
pub struct Wrapper<'w> {
    /// Lines for people: why it is wrapped; printable ASCII.
    pub why: &'w [String],
    /// The message in canonical form, as it is to be delivered.
    pub message: &'w [u8],
    /// Reverse-path, with its brackets.
    pub sender: &'w str,
    /// Unique text, for the boundary.
    pub id: &'w str,
    /// Our name.
    pub host: &'w str,
    /// Addresses or fields are not ASCII.
    pub is_smtputf8: bool,
}

/// Wraps a message; gives all of it but the fields that are put on top.
#[must_use]
pub fn wrap(wrapper: &Wrapper<'_>) -> Vec<u8> {
    let message = wrapper.message;
    let mut out = Vec::with_capacity(message.len() + 4096);
    for field in header::fields(message) {
        if KEPT.iter().any(|name| field.is(name)) {
            put_field(&field, &mut out);
        }
    }
    let boundary = boundary(wrapper);
    let encoding = if message.is_ascii() { "7bit" } else { "8bit" };
    let kind = if wrapper.is_smtputf8 && !message.is_ascii() {
        "message/global"
    } else {
        "message/rfc822"
    };
    let mut text = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n\
         This is a message in two parts: an explanation, and the original message.\r\n\r\n--{boundary}\r\n\
         Content-Type: text/plain; charset=us-ascii\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    );
    text.push_str(&format!(
        "The mail filter at {} has put this message into an attachment:\r\n\r\n",
        wrapper.host
    ));
    for line in wrapper.why {
        text.push_str(&format!("  {line}\r\n"));
    }
    text.push_str(&format!(
        "\r\nOpen it only if you know what it is.\r\n\r\n--{boundary}\r\nContent-Type: {kind}; x-spam-type=original; name=\"message\"\r\n\
         Content-Disposition: attachment; filename=\"message\"\r\nContent-Transfer-Encoding: {encoding}\r\n\
         Content-Description: Original message\r\n\r\nReturn-Path: {}\r\n",
        wrapper.sender
    ));
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(message);
    if !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

/// A field as it stands, but with control characters shown and without lines of white space.
fn put_field(field: &Field<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(field.name);
    out.push(b':');
    let mut is_first = true;
    for line in field.value.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() && !is_first {
            continue;
        }
        if !is_first {
            out.extend_from_slice(b"\r\n");
        }
        is_first = false;
        for &octet in line.get(..line.len().min(980)).unwrap_or_default() {
            if octet == b'\t' || (octet >= 0x20 && octet != 0x7F) {
                out.push(octet);
            } else {
                out.extend_from_slice(format!("\\x{{{octet:02X}}}").as_bytes());
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A boundary that the message does not hold.
fn boundary(wrapper: &Wrapper<'_>) -> String {
    let mut number = 0;
    loop {
        let boundary = format!("----------=_{}-{number}", wrapper.id);
        if memchr::memmem::find(wrapper.message, boundary.as_bytes()).is_none() {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(message: &str) -> String {
        let octets = wrap(&Wrapper {
            why: &["it holds a virus: X".to_owned()],
            message: message.as_bytes(),
            sender: "<a@b>",
            id: "nzy8k6rC05Rj",
            host: "filter.example.com",
            is_smtputf8: false,
        });
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn a_message_is_whole_inside_and_harmless_outside() {
        let message = "From: a\r\nX-Evil: 1\r\nContent-Type: multipart/x; boundary=y\r\nSubject: a\x01\r\n \r\n b\r\n\r\n--y\r\nbody\r\n";
        let text = wrapped(message);
        assert!(
            text.starts_with("From: a\r\nSubject: a\\x{01}\r\n b\r\nMIME-Version: 1.0\r\n"),
            "{text}"
        );
        assert!(
            text.contains(&format!("\r\n\r\nReturn-Path: <a@b>\r\n{message}\r\n--")),
            "{text}"
        );
        assert!(text.contains("  it holds a virus: X\r\n"));
    }

    #[test]
    fn a_message_cannot_end_its_own_part() {
        let text = wrapped("From: a\r\n\r\n------------=_nzy8k6rC05Rj-0--\r\nx\r\n");
        assert!(
            text.contains("boundary=\"----------=_nzy8k6rC05Rj-1\""),
            "{text}"
        );
    }
}
