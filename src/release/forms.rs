//! A message inside another one: attached, as text, as a report of abuse, or as one of non-delivery.
//!
//! # Source
//! RFC 5965 (abuse reports), RFC 3464 (delivery reports); content.md 8.5.

use super::{Parts, Verb, resend::shown};
use crate::{
    config::settled::ReleaseFormat,
    mail::{
        header,
        text::{folded, printable},
    },
    sys::clock::LocalTime,
};

/// The message that carries the copy, in canonical form.
pub(super) fn compose(parts: &Parts<'_>, format: ReleaseFormat) -> Vec<u8> {
    let boundary = boundary(parts);
    let mut out = heading(parts, format, &boundary).into_bytes();
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    if format == ReleaseFormat::Plain {
        put(&explanation(parts, format));
        put("\r\n");
        out.extend_from_slice(parts.copy.message());
        return out;
    }
    put(&format!(
        "This is a message in several parts.\r\n\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\nContent-Disposition: inline\r\n\r\n{}\r\n",
        explanation(parts, format)
    ));
    match format {
        ReleaseFormat::Arf => put(&format!("--{boundary}\r\n{}\r\n", feedback(parts))),
        ReleaseFormat::Dsn => put(&format!("--{boundary}\r\n{}\r\n", status(parts))),
        _ => {}
    }
    put(&format!(
        "--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: {}\r\nContent-Disposition: attachment; \
         filename=\"msg-{}.eml\"\r\nContent-Description: Original message\r\n\r\n",
        encoding(parts),
        parts.copy.label.mail_id.as_ref().unwrap_or(parts.new_id)
    ));
    out.extend_from_slice(parts.copy.message());
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

fn encoding(parts: &Parts<'_>) -> &'static str {
    if parts.copy.message().is_ascii() {
        "7bit"
    } else {
        "8bit"
    }
}

/// A boundary that the message does not hold.
fn boundary(parts: &Parts<'_>) -> String {
    let mut number = 0;
    loop {
        let boundary = format!("=_{}/{number}", parts.new_id);
        if memchr::memmem::find(parts.copy.message(), boundary.as_bytes()).is_none() {
            return boundary;
        }
        number += 1;
    }
}

fn heading(parts: &Parts<'_>, format: ReleaseFormat, boundary: &str) -> String {
    let config = parts.config;
    let (from, prefix, kind) = match parts.request.verb {
        Verb::Report => (&config.release.report_from, "ARF", "report about"),
        Verb::Release | Verb::Requeue => (&config.release.from, "QRA", "release from quarantine:"),
    };
    let to = match parts.recipients {
        [only] => shown(only),
        _ => "undisclosed-recipients:;".to_owned(),
    };
    let subject = printable(&parts.copy.label.subject, 200);
    let mut fields = vec![
        format!("From: {from}"),
        format!("To: {to}"),
        format!("Subject: [{kind}] {subject}"),
        format!("Date: {}", LocalTime::now().for_mail()),
        format!(
            "Message-ID: <{prefix}{}@{}>",
            parts.new_id, config.identity.host_name
        ),
        "MIME-Version: 1.0".to_owned(),
    ];
    let kind = match format {
        ReleaseFormat::Plain => "text/plain; charset=utf-8".to_owned(),
        ReleaseFormat::Arf => {
            format!("multipart/report; report-type=feedback-report; boundary=\"{boundary}\"")
        }
        ReleaseFormat::Dsn => {
            format!("multipart/report; report-type=delivery-status; boundary=\"{boundary}\"")
        }
        _ => format!("multipart/mixed; boundary=\"{boundary}\""),
    };
    fields.push(format!("Content-Type: {kind}"));
    fields.push("Content-Transfer-Encoding: 8bit".to_owned());
    let folded: Vec<String> = fields.iter().map(|field| folded(field)).collect();
    format!("{}\r\n\r\n", folded.join("\r\n"))
}

fn explanation(parts: &Parts<'_>, format: ReleaseFormat) -> String {
    let label = &parts.copy.label;
    let mut lines = vec![
        format!(
            "The mail filter at {} had kept this message back.",
            parts.config.identity.host_name
        ),
        String::new(),
        format!("Sender:     {}", parts.sender),
    ];
    lines.extend(
        label
            .recipients
            .iter()
            .map(|recipient| format!("Recipient:  {recipient}")),
    );
    lines.extend(
        label
            .alerts
            .iter()
            .map(|alert| format!("Reason:     {}", printable(alert, 400))),
    );
    if let Some(status) = &label.spam_status {
        lines.push(format!("Spam:       {}", printable(status, 400)));
    }
    lines.push(format!("Quarantine: {}", parts.request.place));
    lines.push(String::new());
    lines.push(
        if format == ReleaseFormat::Plain {
            "The message as it was received follows."
        } else {
            "The message as it was received is attached. Take care: it may be harmful."
        }
        .to_owned(),
    );
    format!("{}\r\n", lines.join("\r\n"))
}

/// What RFC 5965 calls for.
fn feedback(parts: &Parts<'_>) -> String {
    let mut lines = vec![
        "Content-Type: message/feedback-report".to_owned(),
        "Content-Disposition: inline".to_owned(),
        "Content-Description: Feedback report".to_owned(),
        String::new(),
        "Version: 1".to_owned(),
        format!("User-Agent: filterd/{}", env!("CARGO_PKG_VERSION")),
        "Feedback-Type: abuse".to_owned(),
        format!("Original-Mail-From: {}", parts.sender),
        format!("Arrival-Date: {}", arrival(parts)),
        format!("Reporting-MTA: dns; {}", parts.config.identity.host_name),
    ];
    let rcpts = parts.copy.label.recipients.iter();
    lines.extend(rcpts.map(|recipient| format!("Original-Rcpt-To: {recipient}")));
    format!("{}\r\n", lines.join("\r\n"))
}

/// What RFC 3464 calls for.
fn status(parts: &Parts<'_>) -> String {
    let mut lines = vec![
        "Content-Type: message/delivery-status".to_owned(),
        "Content-Disposition: inline".to_owned(),
        "Content-Description: Delivery report".to_owned(),
        String::new(),
        format!("Reporting-MTA: dns; {}", parts.config.identity.host_name),
        format!("Arrival-Date: {}", arrival(parts)),
    ];
    let label = &parts.copy.label;
    for recipient in label.blocked.as_ref().unwrap_or(&label.recipients) {
        lines.extend([
            String::new(),
            format!("Final-Recipient: rfc822; {}", shown(recipient)),
            "Action: failed".to_owned(),
            "Status: 5.7.0".to_owned(),
        ]);
    }
    format!("{}\r\n", lines.join("\r\n"))
}

/// The date of our own trace field, or now.
fn arrival(parts: &Parts<'_>) -> String {
    let trace = header::fields(parts.copy.message()).find(|field| field.is(b"Received"));
    let date = trace.and_then(|field| {
        let text = String::from_utf8_lossy(field.value).replace(['\r', '\n'], "");
        Some(printable(text.rsplit_once(';')?.1.trim(), 100))
    });
    date.unwrap_or_else(|| LocalTime::now().for_mail())
}
