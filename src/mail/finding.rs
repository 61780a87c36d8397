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
    /// Not inspected; the text says why, for the log and the alert header.
    Unchecked {
        /// Reason in our own words: never text from the message.
        why: String,
    },
}
