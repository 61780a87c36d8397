//! Findings: facts about a message. Only [`crate::mail::decision`] types give them meaning, and only `policy` makes decisions.

/// One fact that inspection established.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Larger than the limit of the recipient with this index in the envelope.
    Oversized {
        /// Index of the recipient.
        recipient: usize,
        /// Its limit in octets.
        limit: u64,
    },
    /// Not looked into, or not wholly; the text says why, for the log and the alert header.
    Unchecked {
        /// Which kind.
        cause: Unchecked,
        /// Reason in our own words: never text from the message.
        why: String,
    },
    /// Something in it is banned for the recipient with this index.
    Banned {
        /// Index of the recipient.
        recipient: usize,
        /// What is known of it: `.exe,.exe-ms,hello.exe`.
        reason: String,
        /// The rule wants it to be thrown away without a word to the sender.
        is_discarded: bool,
    },
    /// Virus scanners found something.
    Infected {
        /// What, as they call it, each once; printable.
        names: Vec<String>,
        /// The sender is not who it seems to be.
        is_sender_faked: bool,
    },
    /// Its header section is not as it should be.
    BadHeader {
        /// Minor category.
        minor: u8,
        /// The first problem, printable.
        problem: String,
    },
}

/// Why a message is unchecked; the numbers are minor categories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Unchecked {
    /// Something in it cannot be decoded, or its check failed.
    Undecodable = 0,
    /// Something in it is encrypted.
    Encrypted = 1,
    /// It goes beyond a limit.
    OverLimits = 2,
    /// It can be read in two ways.
    Ambiguous = 3,
}
