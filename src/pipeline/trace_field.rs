//! The trace field that we put on top.
//!
//! # Source
//! daemon.md 4.4 ("Received field inserted at top"), RFC 5321 section 4.4.

use std::net::IpAddr;

use super::Arrived;
use crate::{config::settled::Config, mail::id::MailId, sys::clock::LocalTime};

/// Longest line, without its end.
const LINE: usize = 79;

/// `Received: from ... by ... id ...; date`, folded, with its line end.
pub(super) fn received(arrived: &Arrived<'_>, mail_id: &MailId, config: &Config) -> Vec<u8> {
    let identity = &config.identity;
    let product = identity.product.as_deref().unwrap_or("amavis");
    let peer = arrived
        .peer
        .map_or_else(|| "[127.0.0.1]".to_owned(), literal);
    let place = arrived
        .port
        .map_or_else(|| "unix socket".to_owned(), |port| format!("port {port}"));
    let helo = harmless(arrived.hello_name);
    let helo = if helo.is_empty() {
        "localhost"
    } else {
        helo.as_str()
    };
    let recipients = &arrived.envelope.recipients;
    // RFC 5321 section 7.2: no more than one, or recipients would learn of each other.
    let for_whom = match recipients.as_slice() {
        [only] => format!(" for {}", only.address),
        _ => String::new(),
    };
    let mut field = format!(
        "Received: from {helo} ({peer})\r\n by {} ({} [127.0.0.1]) ({product}, {place}) with {}\r\n",
        identity.localhost_name, identity.host_name, arrived.protocol
    );
    let (id, date) = (
        format!(" id {mail_id}{for_whom};"),
        LocalTime::now().for_mail(),
    );
    let fold = if id.chars().count() + 1 + date.len() > LINE {
        "\r\n "
    } else {
        " "
    };
    field.push_str(&format!("{id}{fold}{date}\r\n"));
    field.into_bytes()
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

/// A greeting is the client's own word: nothing in it may look like another part of the field.
fn harmless(name: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    name.chars()
        .take(255)
        .map(|c| if is_plain(c) { c } else { '?' })
        .collect()
}
