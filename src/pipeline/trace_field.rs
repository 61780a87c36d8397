//! The trace field that we put on top.
//!
//! # Source
//! daemon.md 4.4 ("Received field inserted at top"), RFC 5321 section 4.4.

use std::net::IpAddr;

use super::Arrived;
use crate::{config::settled::Config, mail::id::MailId, sys::clock::LocalTime};

/// Longest line, without its end; longer is only what cannot be parted.
const LINE: usize = 78;

/// `Received: from ... by ... with ... id ... for ...; date`, folded, with its line end.
pub(super) fn received(arrived: &Arrived<'_>, mail_id: &MailId, config: &Config) -> Vec<u8> {
    let identity = &config.identity;
    let product = identity.product.as_deref().unwrap_or("amavis");
    let peer = arrived
        .peer
        .map_or_else(String::new, |peer| format!(" ({})", literal(peer)));
    let host = arrived.local.map_or_else(String::new, |local| {
        format!(" ({} {})", identity.host_name, literal(local))
    });
    let place = arrived
        .port
        .map_or_else(|| "unix socket".to_owned(), |port| format!("port {port}"));
    let helo = harmless(arrived.hello_name);
    let helo = if helo.is_empty() {
        "unknown"
    } else {
        helo.as_str()
    };
    let recipients = &arrived.envelope.recipients;
    // RFC 5321 section 7.2: no more than one, or recipients would learn of each other.
    let mut parts = vec![
        format!("Received: from {helo}{peer}"),
        format!(" by {}{host} ({product}, {place})", identity.localhost_name),
        format!(" with {}", arrived.protocol),
        format!(" id {mail_id}"),
    ];
    if let [only] = recipients.as_slice() {
        parts.push(format!(" for {}", only.address));
    }
    if let Some(last) = parts.last_mut() {
        last.push(';');
    }
    parts.push(format!(" {}", LocalTime::now().for_mail()));
    folded(&parts).into_bytes()
}

/// Fills lines with parts, none of which is broken.
fn folded(parts: &[String]) -> String {
    let mut field = String::new();
    let mut column = 0;
    for part in parts {
        let length = part.chars().count();
        if column > 0 && column + length > LINE {
            field.push_str("\r\n");
            column = 0;
        }
        field.push_str(part);
        column += length;
    }
    field + "\r\n"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled_and_parts_are_kept_whole() {
        let fold = |parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            folded(&parts)
        };
        assert_eq!(
            fold(&["Received: x", " by y", " id z;"]),
            "Received: x by y id z;\r\n"
        );
        let by = format!(" by {}", "b".repeat(70));
        assert_eq!(by.len(), 74);
        assert_eq!(
            fold(&["R: x", &by]),
            format!("R: x{by}\r\n"),
            "78 columns fit"
        );
        assert_eq!(
            fold(&["R: xy", &by]),
            format!("R: xy\r\n{by}\r\n"),
            "79 do not"
        );
        let long = "l".repeat(100);
        assert_eq!(fold(&[&long, " id"]), format!("{long}\r\n id\r\n"));
    }
}
