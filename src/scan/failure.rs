//! Why a scanner gave no verdict, in words for whoever must act.

use std::io;

use thiserror::Error;

use crate::net::stream::StreamError;

/// Why a scanner gave no verdict.
#[derive(Debug, Error)]
pub enum ScanError {
    /// It cannot be reached.
    #[error("cannot connect to {address}: {why}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why, and what to do.
        why: String,
    },
    /// It closed the connection before it had answered.
    #[error("{0} closed the connection")]
    Closed(String),
    /// It did not answer in time.
    #[error("timed out waiting for {0}")]
    TimedOut(String),
    /// Its answer means nothing to us.
    #[error("unexpected answer: {0:?}")]
    Strange(String),
    /// It cannot read what it is to scan.
    #[error("it may not read the files it is to scan: {0}")]
    MayNotRead(String),
    /// It takes nothing of this size.
    #[error("larger than it takes: {0}")]
    TooLarge(String),
    /// A program could not be run, or ended as it should not.
    #[error("{0}")]
    Program(String),
    /// Known to be down, and not yet time for the next try.
    #[error("is down, next try in {0} s")]
    Down(u64),
    /// Something here went wrong.
    #[error("{0}")]
    Ours(#[from] io::Error),
}

impl ScanError {
    /// The words for what went wrong with a connection to `address`.
    pub(super) fn of(address: &str, error: StreamError) -> Self {
        match error {
            StreamError::Closed => Self::Closed(address.to_owned()),
            StreamError::TimedOut => Self::TimedOut(address.to_owned()),
            StreamError::Broken(error) => Self::Unreachable {
                address: address.to_owned(),
                why: error.to_string(),
            },
        }
    }

    /// True if another try at once may go better: a scanner that restarts is back soon.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Closed(_))
    }

    /// The level at which the log has it: that a scanner is down was told when it went down.
    pub(super) const fn level(&self) -> i32 {
        match self {
            Self::Down(_) => 2,
            _ => -1,
        }
    }

    /// True if another message may fare better: it is not the scanner as such that failed.
    pub(super) const fn may_be_about_message(&self) -> bool {
        matches!(self, Self::Strange(_) | Self::MayNotRead(_))
    }

    /// True if it is about this message, and not about the scanner.
    #[must_use]
    pub const fn is_about_message(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::Ours(_))
    }
}

/// What an error of connecting means, and what to do.
pub(super) fn connecting(address: &str, error: &io::Error) -> ScanError {
    if error.kind() == io::ErrorKind::TimedOut {
        return ScanError::TimedOut(address.to_owned());
    }
    let advice = match error.kind() {
        io::ErrorKind::NotFound => ": does it run, and is this its socket?",
        io::ErrorKind::ConnectionRefused => ": nothing listens there",
        io::ErrorKind::PermissionDenied => {
            ": the daemon's user may not use it: add the user to the scanner's group, or change the socket's mode"
        }
        _ => "",
    };
    ScanError::Unreachable {
        address: address.to_owned(),
        why: format!("{error}{advice}"),
    }
}
