//! Sending the message itself: header fields of ours, the content with its dots stuffed, and the final dot, in as few calls
//! as can be.

use std::{io::IoSlice, os::fd::BorrowedFd, time::Duration};

use super::Outgoing;
use crate::{
    mail::{
        address::Address,
        content::DotLines,
        envelope::{Body, Orcpt, Recipient},
        reply::Reply,
    },
    net::stream::{Stream, StreamError},
    spool::message::{Content, Message},
    sys::{clock::Deadline, fault},
    wire::smtp::{
        capabilities::Capabilities,
        client::{Fate, Plan, Stage},
        data, xtext,
    },
};

/// Longest wait for a next hop that does not take data.
const BLOCK: Duration = Duration::from_secs(180);
/// Octets of a file that are sent without looking at the clock.
const STEP: u64 = 1 << 20;
/// A file with more dots than this is read and sent in pieces of [`STEP`].
const FEW_DOTS: usize = 32;
/// The end of the data.
const FINAL_DOT: &[u8] = b".\r\n";

/// Fates of a message that this next hop cannot take as it is; `None` if it can.
///
/// # Source
/// daemon.md 4.4 (texts); RFC 6152 section 3, RFC 6531 section 3.4.
pub(super) fn refusals(outgoing: &Outgoing<'_>, capabilities: &Capabilities) -> Option<Vec<Fate>> {
    let plan = &outgoing.plan;
    let all = |reply: Reply| vec![Fate::Refused(Stage::Mail, reply); plan.recipients.len()];
    if plan.body == Some(Body::EightBitMime) && !capabilities.eight_bit_mime {
        return Some(all(Reply::status(
            550,
            6,
            3,
            "Conversion to 7BIT required but not supported",
        )));
    }
    if capabilities.smtputf8 {
        return None;
    }
    if !plan.reverse_path.is_ascii() {
        return Some(all(Reply::status(
            550,
            6,
            7,
            "Non-ASCII addresses not permitted for sender",
        )));
    }
    if plan
        .recipients
        .iter()
        .all(|recipient| recipient.address.is_ascii())
    {
        return None;
    }
    let fates = plan.recipients.iter().enumerate().map(|(at, recipient)| {
        if recipient.address.is_ascii() {
            Fate::Later
        } else {
            Fate::Refused(
                Stage::Rcpt(at),
                Reply::status(553, 6, 7, "Non-ASCII addresses not permitted for recipient"),
            )
        }
    });
    Some(fates.collect())
}

/// The addresses of a plan with their domains in ASCII form.
#[derive(Debug)]
pub(super) struct InAscii {
    reverse_path: Address,
    recipients: Vec<Recipient>,
}

impl InAscii {
    pub(super) fn plan<'p>(&'p self, plan: &Plan<'p>) -> Plan<'p> {
        Plan {
            reverse_path: &self.reverse_path,
            recipients: &self.recipients,
            ..plan.clone()
        }
    }
}

/// For a next hop without SMTPUTF8: the addresses that can be said in ASCII; `None` if nothing changes. A recipient's is told in
/// ORCPT as it was (RFC 3461 section 4.2, RFC 6533 section 3).
///
/// # Source
/// daemon.md 4.4, 9.2.
pub(super) fn in_ascii(plan: &Plan<'_>, capabilities: &Capabilities) -> Option<InAscii> {
    if capabilities.smtputf8 {
        return None;
    }
    let is_plain = plan.reverse_path.is_ascii()
        && plan
            .recipients
            .iter()
            .all(|recipient| recipient.address.is_ascii());
    if is_plain {
        return None;
    }
    let recipient = |recipient: &Recipient| match recipient.address.with_ascii_domain() {
        Some(address) => Recipient {
            address,
            orcpt: recipient
                .orcpt
                .clone()
                .or_else(|| Some(original(&recipient.address))),
            ..recipient.clone()
        },
        None => recipient.clone(),
    };
    Some(InAscii {
        reverse_path: plan
            .reverse_path
            .with_ascii_domain()
            .unwrap_or_else(|| plan.reverse_path.clone()),
        recipients: plan.recipients.iter().map(recipient).collect(),
    })
}

/// An address as it was before it was changed.
fn original(address: &Address) -> Orcpt {
    Orcpt {
        kind: "utf-8".to_owned(),
        xtext: xtext::encode_unicode(&String::from_utf8_lossy(address.as_bytes())),
    }
}

/// Sends everything from the first header field to the final dot.
pub(super) fn send(
    stream: &mut Stream,
    outgoing: &Outgoing<'_>,
    deadline: Deadline,
) -> Result<(), StreamError> {
    fault::pass("outbound.content");
    let message = outgoing.message;
    match (message.content(), &message.facts().dot_lines) {
        (Content::Memory(content), DotLines::Known(dots)) => {
            send_memory(stream, outgoing.prefix, content, dots, deadline)
        }
        (Content::Memory(content), DotLines::TooMany) => {
            let dots: Vec<u64> = data::dot_lines(content, 0, true).collect();
            send_memory(stream, outgoing.prefix, content, &dots, deadline)
        }
        (Content::File(file), DotLines::Known(dots)) if dots.len() <= FEW_DOTS => {
            stream.send_all(
                &mut [IoSlice::new(outgoing.prefix)],
                true,
                deadline.or_after(BLOCK),
            )?;
            send_file(stream, file, message.size(), dots, deadline)
        }
        (Content::File(_), _) => {
            stream.send_all(
                &mut [IoSlice::new(outgoing.prefix)],
                true,
                deadline.or_after(BLOCK),
            )?;
            send_read(stream, message, deadline)
        }
    }
}

/// Everything in one call, from where it is.
fn send_memory(
    stream: &mut Stream,
    prefix: &[u8],
    content: &[u8],
    dots: &[u64],
    deadline: Deadline,
) -> Result<(), StreamError> {
    let mut pieces = Vec::with_capacity(dots.len() * 2 + 3);
    pieces.push(IoSlice::new(prefix));
    add_stuffed(content, 0, dots, &mut pieces);
    pieces.push(IoSlice::new(FINAL_DOT));
    stream.send_all(&mut pieces, false, deadline.or_after(BLOCK))
}

/// Adds `content`, which begins at offset `base` of the whole, with a dot more at each of `dots`.
fn add_stuffed<'c>(content: &'c [u8], base: u64, dots: &[u64], pieces: &mut Vec<IoSlice<'c>>) {
    data::stuff(content, base, dots, |piece| {
        pieces.push(IoSlice::new(piece));
    });
}

/// From the file to the socket, without a copy; the few dots in between.
fn send_file(
    stream: &mut Stream,
    file: BorrowedFd<'_>,
    size: u64,
    dots: &[u64],
    deadline: Deadline,
) -> Result<(), StreamError> {
    let mut at = 0;
    for end in dots.iter().copied().chain([size]) {
        while at < end {
            let step = (end - at).min(STEP);
            stream.send_file(file, at, step, deadline.or_after(BLOCK))?;
            at += step;
        }
        if end < size {
            stream.send_all(&mut [IoSlice::new(b".")], true, deadline.or_after(BLOCK))?;
        }
    }
    stream.send(FINAL_DOT, deadline.or_after(BLOCK))
}

/// Read, stuffed and sent in pieces.
fn send_read(
    stream: &mut Stream,
    message: &Message,
    deadline: Deadline,
) -> Result<(), StreamError> {
    let (mut at, mut starts_line) = (0, true);
    while at < message.size() {
        let content = message.read(at, usize::try_from(STEP).unwrap_or(usize::MAX))?;
        let dots: Vec<u64> = data::dot_lines(&content, at, starts_line).collect();
        let mut pieces = Vec::with_capacity(dots.len() * 2 + 1);
        add_stuffed(&content, at, &dots, &mut pieces);
        stream.send_all(&mut pieces, true, deadline.or_after(BLOCK))?;
        at += content.len() as u64;
        starts_line = content.ends_with(b"\n");
    }
    stream.send(FINAL_DOT, deadline.or_after(BLOCK))
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "a peer of the test's own, which ends"
)]
mod tests;
