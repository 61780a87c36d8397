//! What spam engines are told of a message.

use std::{borrow::Cow, net::IpAddr};

/// Longest header section that is given, octets.
const HEADER: usize = 64 * 1024;
/// A body that is longer than the limit by no more than this is given whole.
const SLACK: u64 = 5 * 1024;

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The message, in canonical form.
    pub message: &'r [u8],
    /// `<a@b>`
    pub sender: &'r str,
    /// `<c@d>`, each.
    pub recipients: &'r [String],
    /// Address of the client.
    pub client: Option<IpAddr>,
    /// Name of the client.
    pub client_name: Option<&'r str>,
    /// What the client said in its greeting.
    pub hello: Option<&'r str>,
    /// The MTA's queue id.
    pub queue_id: Option<&'r str>,
    /// Our host name.
    pub host: &'r str,
    /// Whose preferences count.
    pub user: Option<&'r str>,
    /// Policy banks.
    pub banks: &'r str,
    /// What virus scanners found that is no virus: `AV:NAME=score`.
    pub virus_tests: &'r [String],
    /// Octets of a body that are given at most, where an engine has no limit of its own.
    pub body_limit: Option<u64>,
}

impl Request<'_> {
    /// The message with lines that end in LF, below pseudo fields that rules can ask for; long ones are cut.
    ///
    /// # Source
    /// content.md 5.2, 5.3.
    pub(super) fn with_pseudo_fields(&self, own_limit: Option<u64>) -> Vec<u8> {
        let (header, body, is_cut) = self.cut(own_limit.or(self.body_limit));
        let mut text = Vec::with_capacity(header.len() + body.len() + 512);
        let mut put = |line: String| text.extend_from_slice(line.as_bytes());
        put(format!("Return-Path: {}\n", self.sender));
        put(format!("X-Envelope-To: {}\n", self.recipients.join(",\n ")));
        if !self.virus_tests.is_empty() {
            put(format!(
                "X-Amavis-AV-Status: {}\n",
                self.virus_tests.join(", ")
            ));
        }
        if !self.banks.is_empty() {
            put(format!("X-Amavis-PolicyBank: {}\n", self.banks));
        }
        let size = self.message.len();
        if is_cut {
            let given = header.len() + body.len();
            put(format!(
                "X-Amavis-MessageSize: {size}, TRUNCATED to {given}\n"
            ));
        } else {
            put(format!("X-Amavis-MessageSize: {size}\n"));
        }
        put_lines(header, &mut text);
        put_lines(body, &mut text);
        if is_cut {
            text.extend_from_slice(b"\n[...]\n");
        }
        text
    }

    /// The message as it is, unless the engine has a limit.
    pub(super) fn whole(&self, own_limit: Option<u64>) -> Cow<'_, [u8]> {
        let (header, body, is_cut) = self.cut(own_limit);
        if is_cut {
            Cow::Owned([header, body].concat())
        } else {
            Cow::Borrowed(self.message)
        }
    }

    /// Header section with its empty line, body, and whether something is missing.
    fn cut(&self, limit: Option<u64>) -> (&[u8], &[u8], bool) {
        let end = memchr::memmem::find(self.message, b"\r\n\r\n").map(|at| at + 4);
        let (header, body) = self
            .message
            .split_at_checked(end.unwrap_or(self.message.len()))
            .unwrap_or((self.message, b""));
        let Some(limit) = limit else {
            return (header, body, false);
        };
        let is_long = body.len() as u64 > limit.saturating_add(SLACK);
        let is_cut = is_long || header.len() > HEADER;
        let kept = usize::try_from(limit).unwrap_or(usize::MAX);
        let body = if is_long {
            body.get(..kept).unwrap_or(body)
        } else {
            body
        };
        (header.get(..HEADER).unwrap_or(header), body, is_cut)
    }
}

/// CRLF becomes LF.
fn put_lines(octets: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memchr_iter(b'\r', octets) {
        if octets.get(at + 1) == Some(&b'\n') {
            out.extend_from_slice(octets.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    out.extend_from_slice(octets.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bodies_are_cut_and_lines_end_in_lf() {
        let message = format!("Subject: x\r\n\r\n{}", "line\r\n".repeat(2000));
        let recipients = ["<b@c>".to_owned()];
        let request = Request {
            message: message.as_bytes(),
            sender: "<a@b>",
            recipients: &recipients,
            client: None,
            client_name: None,
            hello: None,
            queue_id: None,
            host: "h",
            user: None,
            banks: "",
            virus_tests: &[],
            body_limit: Some(600),
        };
        let text = String::from_utf8(request.with_pseudo_fields(None)).unwrap();
        assert!(!text.contains('\r'));
        let (head, body) = text.split_once("\n\n").unwrap();
        assert_eq!(
            head,
            "Return-Path: <a@b>\nX-Envelope-To: <b@c>\nX-Amavis-MessageSize: 12014, TRUNCATED to 614\nSubject: x"
        );
        assert_eq!(body, "line\n".repeat(100) + "\n[...]\n");
        assert_eq!(request.whole(None).len(), message.len());
        let text = request.with_pseudo_fields(Some(7000));
        assert!(
            text.ends_with(b"line\n"),
            "little more than the limit is given whole"
        );
    }
}
