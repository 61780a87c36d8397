//! The envelope of one transaction.
//!
//! # Source
//! RFC 5321 section 2.3.1; RFC 3461 (DSN); RFC 6152 (8BITMIME); RFC 6531 (SMTPUTF8).

use super::address::Address;

/// Who sent it, who shall get it, and what was asked for on the way.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Envelope {
    /// Reverse-path; `<>` for notifications.
    pub reverse_path: Address,
    /// Accepted recipients in the order of their RCPT commands.
    pub recipients: Vec<Recipient>,
    /// `BODY=` of the MAIL command.
    pub body: Option<Body>,
    /// `SMTPUTF8` was given.
    pub wants_smtputf8: bool,
    /// `SIZE=` in octets.
    pub declared_size: Option<u64>,
    /// `RET=`: how much of the message a delivery report shall return.
    pub ret: Option<Ret>,
    /// `ENVID=` as received, in xtext.
    pub envid: Option<String>,
}

/// One forward-path with its DSN wishes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recipient {
    /// Forward-path.
    pub address: Address,
    /// `NOTIFY=`; `None` if not given.
    pub notify: Option<Notify>,
    /// `ORCPT=`; `None` if not given.
    pub orcpt: Option<Orcpt>,
}

/// `BODY=` (RFC 6152).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

impl Body {
    /// The value as it is spelled on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
        }
    }
}

/// `RET=` (RFC 3461 section 4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header section.
    Headers,
}

impl Ret {
    /// The value as it is spelled on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

/// `NOTIFY=` (RFC 3461 section 4.1): a set of conditions; the empty set is `NEVER`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notify {
    /// Report success.
    pub success: bool,
    /// Report failure.
    pub failure: bool,
    /// Report delay.
    pub delay: bool,
}

impl Notify {
    /// `NOTIFY=NEVER`.
    pub const NEVER: Self = Self {
        success: false,
        failure: false,
        delay: false,
    };

    /// The value as it is spelled on the wire.
    #[must_use]
    pub fn as_text(self) -> String {
        let words = [
            (self.success, "SUCCESS"),
            (self.failure, "FAILURE"),
            (self.delay, "DELAY"),
        ];
        let given: Vec<&str> = words
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        if given.is_empty() {
            "NEVER".to_owned()
        } else {
            given.join(",")
        }
    }
}

/// `ORCPT=` (RFC 3461 section 4.2): the recipient as the sender first wrote it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Orcpt {
    /// Address type, such as `rfc822` or `utf-8`.
    pub kind: String,
    /// Address as received, still in xtext.
    pub xtext: String,
}

impl Orcpt {
    /// An ASCII address, in xtext (RFC 3461 section 4).
    #[must_use]
    pub fn rfc822(address: &Address) -> Self {
        let mut xtext = String::with_capacity(address.as_bytes().len());
        for &octet in address.as_bytes() {
            if octet.is_ascii_graphic() && !matches!(octet, b'+' | b'=') {
                xtext.push(char::from(octet));
            } else {
                xtext.push_str(&format!("+{octet:02X}"));
            }
        }
        Self {
            kind: "rfc822".to_owned(),
            xtext,
        }
    }
}

impl Recipient {
    /// True if a report about a failure may be sent (RFC 3461 section 4.1: the default is yes).
    #[must_use]
    pub fn wants_failure_report(&self) -> bool {
        self.notify.is_none_or(|notify| notify.failure)
    }

    /// True if a report about success was asked for.
    #[must_use]
    pub fn wants_success_report(&self) -> bool {
        self.notify.is_some_and(|notify| notify.success)
    }
}
