//! Delivery status notifications.
//!
//! # Source
//! RFC 3461 (when), RFC 3462 and RFC 3464 (form), RFC 5337 is not needed: addresses are given in xtext or UTF-8 as received.

use super::text::Text;
use crate::mail::{
    address::Address,
    envelope::Recipient,
    reply::{Enhanced, Reply},
};

/// What is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It was not delivered.
    Failed,
    /// It was handed to a system that makes no reports of its own.
    Relayed,
}

/// One recipient of a report.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// The recipient.
    pub recipient: &'s Recipient,
    /// What is reported.
    pub action: Action,
    /// The reply that decided.
    pub reply: &'s Reply,
    /// The host whose reply that is, if it is not our own.
    pub remote: Option<&'s str>,
}

/// The message that is reported on, and who reports.
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    /// The expanded template.
    pub text: &'r Text,
    /// What stands in the From field if the template has none.
    pub from: &'r str,
    /// Our fully qualified name.
    pub host: &'r str,
    /// To whom: the reverse-path of the message.
    pub sender: &'r Address,
    /// Its `ENVID`, in xtext.
    pub envid: Option<&'r str>,
    /// Who handed the message to us: `name ([address])`.
    pub received_from: Option<&'r str>,
    /// Recipients; at least one.
    pub subjects: &'r [Subject<'r>],
    /// Date of the report, as in a header field.
    pub date: &'r str,
    /// Unique text: for Message-ID and boundary.
    pub id: &'r str,
    /// Our log id and mail id of the message.
    pub log_id: &'r str,
    /// Its header section, or all of it, in canonical form.
    pub returned: &'r [u8],
    /// `returned` is all of it.
    pub returns_all: bool,
}

/// Composes the report, in canonical form.
#[must_use]
pub fn compose(report: &Report<'_>) -> Vec<u8> {
    let boundary = format!("=_{}/{}", report.id, report.host);
    let is_wide = |subject: &Subject<'_>| {
        let orcpt = subject.recipient.orcpt.as_ref();
        !(subject.recipient.address.is_ascii()
            && subject.reply.text().is_ascii()
            && orcpt.is_none_or(|orcpt| orcpt.xtext.is_ascii()))
    };
    let is_wide_status = report.subjects.iter().any(is_wide);
    let header = header(report, &boundary, is_wide_status);
    let status_encoding = if is_wide_status { "8bit" } else { "7bit" };
    let mut out = String::with_capacity(2048 + report.returned.len());
    out.push_str(&header);
    line(
        &mut out,
        "This is a report about a message, in three parts.",
    );
    line(&mut out, "");
    line(&mut out, &format!("--{boundary}"));
    out.push_str(&report.text.part());
    line(&mut out, "");
    line(&mut out, &format!("--{boundary}"));
    line(
        &mut out,
        "Content-Type: message/delivery-status; name=\"dsn_status.dsn\"",
    );
    line(
        &mut out,
        "Content-Disposition: inline; filename=\"dsn_status.dsn\"",
    );
    line(
        &mut out,
        &format!("Content-Transfer-Encoding: {status_encoding}"),
    );
    line(&mut out, "Content-Description: Delivery report");
    line(&mut out, "");
    status(&mut out, report);
    let mut octets = out.into_bytes();
    put_message(&mut octets, report, &boundary);
    octets
}

/// The last part: the message, or its header section.
fn put_message(octets: &mut Vec<u8>, report: &Report<'_>, boundary: &str) {
    let kind = if report.returns_all {
        "message/rfc822"
    } else {
        "text/rfc822-headers; name=\"header.hdr\""
    };
    let encoding = if report.returned.is_ascii() {
        "7bit"
    } else {
        "8bit"
    };
    let head = format!(
        "--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\nContent-Description: The message\r\n\r\n"
    );
    octets.extend_from_slice(head.as_bytes());
    octets.extend_from_slice(report.returned);
    if !report.returned.ends_with(b"\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
}

/// The report's own header section, with the empty line.
fn header(report: &Report<'_>, boundary: &str, is_wide_status: bool) -> String {
    let host = report.host;
    let to = format!("<{}>", String::from_utf8_lossy(report.sender.as_bytes()));
    let message_id = format!("<DSN{}@{host}>", report.id);
    let mut out = report.text.header(&[
        ("From", report.from),
        ("To", &to),
        ("Subject", "Delivery report"),
        ("Date", report.date),
        ("Message-ID", &message_id),
        ("Auto-Submitted", "auto-replied"),
    ]);
    let eight_bit = is_wide_status || !report.returned.is_ascii() || !out.is_ascii();
    let encoding = if eight_bit { "8bit" } else { "7bit" };
    line(
        &mut out,
        "Content-Type: multipart/report; report-type=delivery-status;",
    );
    line(&mut out, &format!(" boundary=\"{boundary}\""));
    line(&mut out, &format!("Content-Transfer-Encoding: {encoding}"));
    line(&mut out, "");
    out
}

/// The part for programs (RFC 3464 section 2).
fn status(out: &mut String, report: &Report<'_>) {
    if let Some(envid) = report.envid {
        line(out, &format!("Original-Envelope-Id: {envid}"));
    }
    line(out, &format!("Reporting-MTA: dns; {}", report.host));
    if let Some(name) = report.received_from {
        line(out, &format!("Received-From-MTA: dns; {name}"));
    }
    line(out, &format!("Arrival-Date: {}", report.date));
    line(out, "");
    for subject in report.subjects {
        status_of(out, subject, report);
    }
}

/// The fields for one recipient.
fn status_of(out: &mut String, subject: &Subject<'_>, report: &Report<'_>) {
    let (action, class) = match subject.action {
        Action::Failed => ("failed", 5),
        Action::Relayed => ("relayed", 2),
    };
    if let Some(orcpt) = &subject.recipient.orcpt {
        line(
            out,
            &format!("Original-Recipient: {}; {}", orcpt.kind, orcpt.xtext),
        );
    }
    let address = &subject.recipient.address;
    let kind = if address.is_ascii() {
        "rfc822"
    } else {
        "utf-8"
    };
    let status = subject
        .reply
        .enhanced()
        .filter(|e| e.class == class)
        .unwrap_or(Enhanced::new(class, 0, 0));
    line(
        out,
        &format!(
            "Final-Recipient: {kind}; {}",
            String::from_utf8_lossy(address.as_bytes())
        ),
    );
    line(out, &format!("Action: {action}"));
    line(out, &format!("Status: {status}"));
    if let Some(host) = subject.remote {
        line(out, &format!("Remote-MTA: dns; {host}"));
    }
    line(
        out,
        &format!(
            "Diagnostic-Code: smtp; {}",
            wrapped(&subject.reply.to_string(), 70).join("\r\n ")
        ),
    );
    line(out, &format!("Last-Attempt-Date: {}", report.date));
    line(out, &format!("Final-Log-ID: {}", report.log_id));
    line(out, "");
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\r\n");
}

/// Breaks a text at blanks, and long words anywhere, into lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_ascii_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (at, piece) in characters.chunks(width).enumerate() {
            let piece: String = piece.iter().collect();
            match lines.last_mut() {
                Some(line) if line.is_empty() => line.push_str(&piece),
                Some(line)
                    if at == 0 && line.chars().count() + 1 + piece.chars().count() <= width =>
                {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::envelope::Orcpt;

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn a_report_says_who_what_and_why() {
        let address = |text: &str| Address::parse(text.as_bytes()).unwrap();
        let recipient = |text: &str| Recipient {
            address: address(text),
            ..Recipient::default()
        };
        let mut first = recipient("b@example.net");
        first.orcpt = Some(Orcpt {
            kind: "rfc822".into(),
            xtext: "orig+2Bb@example.net".into(),
        });
        let second = recipient("c@example.net");
        let refusal = Reply::status(
            550,
            1,
            1,
            format!(
                "id=1-2 - Rejected by next-hop MTA on relaying: {}",
                "x".repeat(300)
            ),
        );
        let relayed = Reply::status(250, 0, 0, "Ok");
        let subjects = [
            Subject {
                recipient: &first,
                action: Action::Failed,
                reply: &refusal,
                remote: None,
            },
            Subject {
                recipient: &second,
                action: Action::Relayed,
                reply: &relayed,
                remote: Some("mx.example.net"),
            },
        ];
        let octets = compose(&Report {
            text: &Text::read("Subject: x\n\nSorry.\n"),
            from: "me <m@mail.example.com>",
            received_from: Some("client ([192.0.2.1])"),
            host: "mail.example.com",
            sender: &address("a@example.com"),
            envid: Some("e+2Bid"),
            subjects: &subjects,
            date: "Sun, 22 Nov 2026 12:18:09 +0000 (UTC)",
            id: "n28x6IR504pV",
            log_id: "00001-02",
            returned: b"From: a@example.com\r\nSubject: x\r\n",
            returns_all: false,
        });
        let text = String::from_utf8(octets).unwrap();
        for line in [
            "To: <a@example.com>",
            "Message-ID: <DSNn28x6IR504pV@mail.example.com>",
            "Auto-Submitted: auto-replied",
            "Original-Envelope-Id: e+2Bid",
            "Original-Recipient: rfc822; orig+2Bb@example.net",
            "Final-Recipient: rfc822; b@example.net",
            "Action: failed",
            "Status: 5.1.1",
            "Final-Recipient: rfc822; c@example.net",
            "Action: relayed",
            "Status: 2.0.0",
            "Content-Type: text/rfc822-headers; name=\"header.hdr\"",
            "Remote-MTA: dns; mx.example.net",
            "Received-From-MTA: dns; client ([192.0.2.1])",
            "Final-Log-ID: 00001-02",
            "Subject: x",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n--- in:\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 120), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        assert!(text.is_ascii());
        let parsed = mail_parser_view(&text);
        assert_eq!(
            parsed,
            [
                "text/plain",
                "message/delivery-status",
                "text/rfc822-headers"
            ]
        );
    }

    #[test]
    fn a_report_with_eight_bits_says_so_wherever_they_came_from() {
        let mut recipient = Recipient {
            address: Address::parse(b"b@example.net").unwrap(),
            ..Recipient::default()
        };
        let report = |recipient: &Recipient, text: &str| {
            let refusal = Reply::status(550, 1, 1, text.to_owned());
            let octets = compose(&Report {
                text: &Text::read("Subject: x\n\nSorry.\n"),
                from: "me <m@mail.example.com>",
                received_from: None,
                host: "mail.example.com",
                sender: &Address::parse(b"a@example.com").unwrap(),
                envid: None,
                subjects: &[Subject {
                    recipient,
                    action: Action::Failed,
                    reply: &refusal,
                    remote: None,
                }],
                date: "Sun, 22 Nov 2026 12:18:09 +0000 (UTC)",
                id: "n28x6IR504pV",
                log_id: "00001-02",
                returned: b"Subject: x\r\n",
                returns_all: false,
            });
            let text = String::from_utf8(octets).unwrap();
            let (header, _) = text.split_once("\r\n\r\n").unwrap();
            let says_seven_bit = header.contains("Content-Transfer-Encoding: 7bit");
            assert_eq!(says_seven_bit, text.is_ascii(), "{text}");
            text
        };
        assert!(report(&recipient, "no").is_ascii());
        assert!(!report(&recipient, "Empf\u{e4}nger unbekannt").is_ascii());
        recipient.orcpt = Some(Orcpt {
            kind: "utf-8".into(),
            xtext: "\u{e4}@example.net".into(),
        });
        assert!(!report(&recipient, "no").is_ascii());
    }

    /// The content types of the parts, read naively.
    fn mail_parser_view(text: &str) -> Vec<String> {
        let boundary = text
            .split("boundary=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let marker = format!("\r\n--{boundary}\r\n");
        text.split(&marker)
            .skip(1)
            .map(|part| {
                part.strip_prefix("Content-Type: ")
                    .unwrap()
                    .split([';', '\r'])
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    }
}
