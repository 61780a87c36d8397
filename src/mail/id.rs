//! Identifiers that appear in log lines, replies and trace fields.
//!
//! # Source
//! daemon.md 2.2. The random bits come from the caller: this floor has no source of randomness.

use std::fmt;

/// `am_id`: names one message in the log of one day, `PPPPP-NN` or `PPPPP-NN-M`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogId(String);

impl LogId {
    /// The id of the `message`-th message (from 1) of the `session`-th session (from 1) of child `pid`.
    #[must_use]
    pub fn new(pid: u32, session: u64, message: u64) -> Self {
        if message <= 1 {
            Self(format!("{pid:05}-{session:02}"))
        } else {
            Self(format!("{pid:05}-{session:02}-{message}"))
        }
    }

    /// The id of what is sent from the quarantine.
    #[must_use]
    pub fn of_release(mail_id: &MailId) -> Self {
        Self(format!("rel-{mail_id}"))
    }

    /// The id that a client gives: at most 50 letters, digits and `-_.+`; `None` for anything else.
    #[must_use]
    pub fn from_client(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
        let fits = (1..=50).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The text as it is printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `mail_id`: names one message for ever; base64url characters, the first and last alphanumeric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailId(String);

impl MailId {
    /// Takes `text` if it has the form of a mail id: so it can be a file name or part of one (I9).
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let bytes = text.as_bytes();
        let edges = bytes.first().zip(bytes.last());
        let edges_fit =
            edges.is_some_and(|(a, z)| a.is_ascii_alphanumeric() && z.is_ascii_alphanumeric());
        let fits = (12..=16).contains(&bytes.len()) && edges_fit && bytes.iter().all(|&b| inner(b));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text as it is printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ids_have_the_documented_form() {
        for (args, want) in [
            ((827, 1, 1), "00827-01"),
            ((4317, 1, 2), "04317-01-2"),
            ((1_234_567, 101, 30), "1234567-101-30"),
        ] {
            assert_eq!(LogId::new(args.0, args.1, args.2).as_str(), want);
        }
    }

    #[test]
    fn a_mail_id_can_be_a_file_name() {
        assert!(MailId::from_text("nzy8k6rC05Rj").is_some());
        for bad in [
            "",
            "short",
            "-zy8k6rC05Rj",
            "nzy8k6rC05R_",
            "nzy8k6/C05Rj",
            "nzy8k6rC05Rj12345",
            "nzy8k6.C05Rj",
        ] {
            assert!(MailId::from_text(bad).is_none(), "{bad}");
        }
    }
}
