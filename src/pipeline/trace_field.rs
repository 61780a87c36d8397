//! The trace field that we put on top.
//!
//! # Source
//! daemon.md 4.4 ("Received field inserted at top"), RFC 5321 section 4.4.

use std::{fmt, net::IpAddr};

use super::Arrived;
use crate::{config::settled::Config, mail::id::MailId};

/// Longest line, without its end; longer is only what cannot be parted.
const LINE: usize = 78;

/// `Received: from ... by ... with ... id ... for ...; date`, folded, with its line end; without a mail id for the log, which has it
/// beside.
pub(super) fn received(
    arrived: &Arrived<'_>,
    mail_id: Option<&MailId>,
    config: &Config,
    date: &str,
) -> Vec<u8> {
    let identity = &config.identity;
    let mut field = Folded::with_capacity(400);
    field.put(format_args!("Received: from "));
    let before = field.text.len();
    harmless(arrived.hello_name, &mut field.text);
    if field.text.len() == before {
        field.put(format_args!("unknown"));
    }
    if let Some(peer) = arrived.peer {
        field.put(format_args!(" ({})", Literal(peer)));
    }
    field.end_part();
    field.put(format_args!(" by {}", identity.localhost_name));
    if let Some(local) = arrived.local {
        field.put(format_args!(" ({} {})", identity.host_name, Literal(local)));
    }
    let product = identity.product.as_deref().unwrap_or("amavis");
    match arrived.port {
        Some(port) => field.put(format_args!(" ({product}, port {port})")),
        None => field.put(format_args!(" ({product}, unix socket)")),
    }
    field.end_part();
    field.put(format_args!(" with {}", arrived.protocol));
    field.end_part();
    if let Some(mail_id) = mail_id {
        field.put(format_args!(" id {mail_id}"));
    }
    // RFC 5321 section 7.2: no more than one, or recipients would learn of each other.
    if let [only] = arrived.envelope.recipients.as_slice() {
        field.end_part();
        field.put(format_args!(" for {}", only.address));
    }
    field.put(format_args!(";"));
    field.end_part();
    field.put(format_args!(" {date}"));
    field.end_part();
    field.text.push_str("\r\n");
    field.text.into_bytes()
}

/// A field that is made of parts, none of which is broken; each begins with a blank, before which a line may end.
struct Folded {
    text: String,
    /// Where the line begins that is being filled.
    line: usize,
    /// Where the part begins that is being written.
    part: usize,
}

impl Folded {
    fn with_capacity(octets: usize) -> Self {
        Self {
            text: String::with_capacity(octets),
            line: 0,
            part: 0,
        }
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        let written = fmt::write(&mut self.text, text);
        debug_assert!(written.is_ok(), "writing to a String");
    }

    /// Moves the part to a line of its own if the one that it is on has become too long.
    fn end_part(&mut self) {
        let line = self.text.get(self.line..).unwrap_or_default();
        if self.part > self.line && line.len() > LINE && line.chars().count() > LINE {
            self.text.insert_str(self.part, "\r\n");
            self.line = self.part + 2;
        }
        self.part = self.text.len();
    }
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`
struct Literal(IpAddr);

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "[{v4}]"),
            IpAddr::V6(v6) => write!(f, "[IPv6:{v6}]"),
        }
    }
}

/// A greeting is the client's own word: nothing in it may look like another part of the field.
fn harmless(name: &str, out: &mut String) {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    out.extend(
        name.chars()
            .take(255)
            .map(|c| if is_plain(c) { c } else { '?' }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled_and_parts_are_kept_whole() {
        let fold = |parts: &[&str]| {
            let mut field = Folded::with_capacity(0);
            for part in parts {
                field.put(format_args!("{part}"));
                field.end_part();
            }
            field.text + "\r\n"
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
