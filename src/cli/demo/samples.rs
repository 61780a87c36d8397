//! The messages that the demonstration sends, and their envelopes.

use crate::mail::{
    address::{Address, AddressError},
    client::ClientFacts,
    envelope::{Body, Envelope, Recipient},
};

/// One message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// What it is there to show.
    pub(super) what: &'static str,
    /// Reverse-path; empty for notifications.
    pub(super) from: &'static str,
    /// Forward-paths.
    pub(super) to: &'static [&'static str],
    /// The file, with the line ends of this machine.
    text: &'static str,
}

/// All of them, in order.
pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        what: "plain text",
        from: "ann@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/plain.eml"),
    },
    Sample {
        what: "three recipients",
        from: "carla@example.org",
        to: &[
            "sales@example.net",
            "support@example.net",
            "ben@example.net",
        ],
        text: include_str!("../../../tests/samples/several.eml"),
    },
    Sample {
        what: "attachment",
        from: "dora@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/attachment.eml"),
    },
    Sample {
        what: "8-bit text",
        from: "juergen@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/umlauts.eml"),
    },
    Sample {
        what: "lines of dots",
        from: "emil@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/dots.eml"),
    },
    Sample {
        what: "bounce",
        from: "",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/bounce.eml"),
    },
    Sample {
        what: "SMTPUTF8 sender",
        from: "zoë@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/address.eml"),
    },
];

/// Messages that are held back, or marked, in order.
pub(super) const HELD: &[Sample] = &[
    Sample {
        what: "virus test file",
        from: "frank@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/infected.eml"),
    },
    Sample {
        what: "spam test line",
        from: "greta@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/spam.eml"),
    },
    Sample {
        what: "program in a zip",
        from: "accounts@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/banned.eml"),
    },
    Sample {
        what: "header section without a date",
        from: "henry@example.com",
        to: &["ben@example.net"],
        text: include_str!("../../../tests/samples/header.eml"),
    },
];

/// What scanners are tried with stands in no file of ours, or scanners would find it there: each is put together here.
const PLACEHOLDERS: [(&str, &[&str]); 2] = [
    (
        "{eicar}",
        &[
            "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-",
            "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
        ],
    ),
    (
        "{gtube}",
        &[
            "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
            "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
        ],
    ),
];

impl Sample {
    /// The message as it goes over the wire, dots not stuffed.
    pub(super) fn content(&self) -> Vec<u8> {
        let mut text = self.text.to_owned();
        for (name, pieces) in PLACEHOLDERS {
            if text.contains(name) {
                text = text.replace(name, &pieces.concat());
            }
        }
        text.replace('\n', "\r\n").into_bytes()
    }

    /// Its envelope.
    pub(super) fn envelope(&self) -> Result<Envelope, AddressError> {
        let recipient = |to: &&str| {
            Address::parse(to.as_bytes()).map(|address| Recipient {
                address,
                ..Recipient::default()
            })
        };
        Ok(Envelope {
            reverse_path: Address::parse(self.from.as_bytes())?,
            recipients: self.to.iter().map(recipient).collect::<Result<_, _>>()?,
            body: (!self.text.is_ascii()).then_some(Body::EightBitMime),
            wants_smtputf8: !self.from.is_ascii(),
            ..Envelope::default()
        })
    }

    /// The mail server that it came from, as Postfix would tell it. The address is one for documentation (RFC 5737).
    pub(super) fn client(at: usize) -> ClientFacts {
        ClientFacts {
            name: Some("mail.example.com".to_owned()),
            address: "192.0.2.25".parse().ok(),
            port: Some(34_567),
            protocol: Some("ESMTP".to_owned()),
            helo: Some("mail.example.com".to_owned()),
            queue_id: Some(format!("DEM0{at:05}")),
            source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_a_message_with_an_envelope() {
        for sample in SAMPLES.iter().chain(HELD) {
            let envelope = sample.envelope().unwrap();
            assert_eq!(envelope.recipients.len(), sample.to.len());
            let content = String::from_utf8(sample.content()).unwrap();
            assert!(content.starts_with("From: ") && content.ends_with("\r\n"));
            assert!(
                content.contains("\r\n\r\n") && !content.contains("\r\r"),
                "{}",
                sample.what
            );
        }
    }
}
