//! Single header fields.
//!
//! # Guards
//! P4: a field that the parser cannot digest is a field without a value. Callers run inside the pipeline's fence.
//!
//! # Source
//! RFC 5322 sections 3.6.4 and 3.6.7.

use std::net::IpAddr;

use mail_parser::{HeaderValue, parsers::MessageStream};
use memchr::memmem;

/// Longest field that is parsed, octets; what is longer is odd enough to have no value.
const LONGEST: usize = 16 * 1024;

/// The id in a Message-ID or Resent-Message-ID field, without its brackets; the raw text if it has not the form of an id.
#[must_use]
pub fn message_id(value: &[u8]) -> Option<String> {
    let value = limited(value)?;
    let parsed = match MessageStream::new(value).parse_id() {
        HeaderValue::Text(id) => Some(id.into_owned()),
        HeaderValue::TextList(ids) => ids.into_iter().next().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    parsed.filter(|id| !id.is_empty())
}

/// The address of the client in a Received field.
#[must_use]
pub fn received_from(value: &[u8]) -> Option<IpAddr> {
    let value = limited(value)?;
    if let Some(address) = last_literal(value) {
        return Some(address);
    }
    match MessageStream::new(value).parse_received() {
        HeaderValue::Received(received) => received.from_ip,
        _ => None,
    }
}

/// The last address in square brackets before ` by `: the form in which nearly all mail servers write down their client. A greeting
/// that looks like one comes before it.
fn last_literal(value: &[u8]) -> Option<IpAddr> {
    const MOST: usize = 45;
    let end = memmem::find(value, b" by ")
        .or_else(|| memmem::find(value, b"\tby "))
        .unwrap_or(value.len());
    let from = value.get(..end)?;
    let close = memchr::memrchr(b']', from)?;
    let open = memchr::memrchr(b'[', from.get(..close)?)?;
    let inner = from.get(open + 1..close)?;
    let inner = match inner.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case(b"IPv6:") => rest,
        _ => inner,
    };
    let inner = std::str::from_utf8(inner).ok()?;
    (inner.len() <= MOST).then(|| inner.parse().ok()).flatten()
}

/// The addresses in a field such as From or To, as they stand there, without names.
#[must_use]
pub fn addresses(value: &[u8]) -> Vec<String> {
    let Some(value) = limited(value) else {
        return Vec::new();
    };
    match MessageStream::new(value).parse_address() {
        HeaderValue::Address(addresses) => addresses
            .iter()
            .filter_map(|address| address.address())
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// A field's value on one line, without blanks around it, encoded words decoded; octets that are no UTF-8 are U+FFFD.
#[must_use]
pub fn text(value: &[u8]) -> String {
    let text = unfolded(value);
    super::encoded_word::decoded(&text).unwrap_or(text)
}

/// The same, with encoded words as they stand.
#[must_use]
pub fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value).replace(['\r', '\n'], "");
    text.trim().to_owned()
}

fn limited(value: &[u8]) -> Option<&[u8]> {
    (value.len() <= LONGEST).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found() {
        for (value, want) in [
            (
                &b" <clean@outside.example.net>\r\n"[..],
                Some("clean@outside.example.net"),
            ),
            (b"\r\n <folded@x>\r\n", Some("folded@x")),
            (b" (comment) <a@b> (other)\r\n", Some("a@b")),
            (b" \r\n", None),
            (b"", None),
        ] {
            assert_eq!(
                message_id(value).as_deref(),
                want,
                "{}",
                String::from_utf8_lossy(value)
            );
        }
        assert_eq!(message_id(&vec![b'x'; 20_000]), None);
    }

    #[test]
    fn the_client_of_a_hop_is_found() {
        for (value, want) in [
            (&b" from mx1.example.com (mx1.example.com [192.0.2.7])\r\n\tby relay (Postfix) with ESMTPS id 0A\r\n\tfor <u@x>; Mon, 2 Jun 2024 01:02:03 +0000\r\n"[..], Some("192.0.2.7")),
            (b" from x (unknown [IPv6:2001:db8::1]) by y with SMTP; Mon, 2 Jun 2024 01:02:03 +0000\r\n", Some("2001:db8::1")),
            (b" from [10.0.0.1] (helo.example [192.0.2.8] (may be forged)) by y; Mon, 2 Jun 2024 01:02:03 +0000\r\n", Some("192.0.2.8")),
            (b" from x ([192.0.2.9])\r\n\tby y [203.0.113.1]; Mon, 2 Jun 2024 01:02:03 +0000\r\n", Some("192.0.2.9")),
            (b" by y with local; Mon, 2 Jun 2024 01:02:03 +0000\r\n", None),
            (b" ((((\r\n", None),
        ] {
            assert_eq!(received_from(value), want.map(|ip| ip.parse().unwrap()), "{}", String::from_utf8_lossy(value));
        }
    }
}
