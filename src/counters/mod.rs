//! Statistic counters in shared memory: one cell for each child and counter, so that nobody waits for anybody.
//!
//! # Guards
//! Decision 29: a cell has one writer, the child that holds its slot; readers add the cells of all slots.
//!
//! # Source
//! daemon.md 7.7 for the names; those that the original has not begin with a lower-case letter.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted. The numbers are places in shared memory: new ones go to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Counter {
    /// Connections served.
    Sessions = 0,
    /// Connections closed because their address is not allowed.
    SessionsDenied = 1,
    /// Commands refused.
    CommandsRefused = 2,
    /// Messages received whole.
    InMsgs = 3,
    /// Octets of those messages.
    InMsgsSize = 4,
    /// Recipients of those messages.
    InMsgsRecips = 5,
    /// Messages passed on, at least to some.
    InMsgsStatusRelayed = 6,
    /// Messages whose sender was told of a failure.
    InMsgsStatusBounced = 7,
    /// Messages not delivered, without a report because none is due.
    InMsgsStatusNoBounce = 8,
    /// Messages refused for good.
    InMsgsStatusRejected = 9,
    /// Messages refused for now.
    InMsgsStatusTempFailed = 10,
    /// Messages thrown away by decision.
    InMsgsStatusDiscarded = 11,
    /// Clean messages.
    ContentCleanMsgs = 12,
    /// Messages above a recipient's size limit.
    ContentOversizedMsgs = 13,
    /// Messages that the next hop refused.
    ContentMtaFailedMsgs = 14,
    /// Messages that were not looked into.
    ContentUncheckedMsgs = 15,
    /// Messages handed to a next hop.
    OutMsgs = 16,
    /// Of those, mail passed on.
    OutMsgsRelay = 17,
    /// Of those, reports of our own.
    OutMsgsSubmitDsn = 18,
    /// Octets handed to a next hop.
    OutMsgsSize = 19,
    /// Recipients that a next hop took.
    OutMsgsDelivers = 20,
    /// Recipients that a next hop refused for now, or that it could not be asked about.
    OutMsgsAttemptFails = 21,
    /// Recipients that a next hop refused for good.
    OutMsgsRejects = 22,
    /// Connections made to a next hop.
    OutConnNew = 23,
    /// Connections ended with QUIT.
    OutConnQuit = 24,
    /// Transactions begun with a next hop.
    OutConnTransact = 25,
    /// Kept connections found closed.
    OutConnReuseFail = 26,
    /// Kept connections used again soon.
    OutConnReuseRecent = 27,
    /// Kept connections used again after a NOOP.
    OutConnReuseRefreshed = 28,
    /// Milliseconds from MAIL to the final reply.
    TimeElapsedTotal = 29,
    /// Milliseconds of receiving.
    TimeElapsedReceiving = 30,
    /// Milliseconds of sending.
    TimeElapsedSending = 31,
    /// Refusals because there was no room for a message.
    SpoolFull = 32,
    /// Connections that broke or timed out in a transaction.
    SessionsBroken = 33,
    /// Internal errors answered with 451.
    InternalErrors = 34,
    /// Messages with something banned in them.
    ContentBannedMsgs = 35,
    /// Messages with a bad header section.
    ContentBadHdrMsgs = 36,
    /// Copies kept.
    QuarMsgs = 37,
    /// Decoder processes that died or were stopped.
    DecodersStopped = 38,
    /// Infected messages.
    ContentVirusMsgs = 39,
    /// Messages at or above the kill level.
    ContentSpamMsgs = 40,
    /// Messages at or above the second tag level.
    ContentSpammyMsgs = 41,
    /// Messages for which no virus scanner gave a verdict.
    VirusScansFailed = 42,
    /// Messages that no spam engine scored, though one is configured.
    MsgsNotScored = 43,
    /// Copies released, for each recipient.
    QuarReleases = 44,
    /// Notices to administrators and recipients handed over.
    OutMsgsSubmitNotif = 45,
    /// Messages that a client kept and was to go on with.
    InMsgsStatusAccepted = 46,
}

impl Counter {
    /// Every counter, in the order of a report.
    pub const ALL: [Self; 47] = [
        Self::Sessions,
        Self::SessionsDenied,
        Self::SessionsBroken,
        Self::CommandsRefused,
        Self::InMsgs,
        Self::InMsgsSize,
        Self::InMsgsRecips,
        Self::InMsgsStatusAccepted,
        Self::InMsgsStatusRelayed,
        Self::InMsgsStatusBounced,
        Self::InMsgsStatusNoBounce,
        Self::InMsgsStatusRejected,
        Self::InMsgsStatusTempFailed,
        Self::InMsgsStatusDiscarded,
        Self::ContentCleanMsgs,
        Self::ContentOversizedMsgs,
        Self::ContentMtaFailedMsgs,
        Self::ContentUncheckedMsgs,
        Self::ContentBadHdrMsgs,
        Self::ContentBannedMsgs,
        Self::ContentSpammyMsgs,
        Self::ContentSpamMsgs,
        Self::ContentVirusMsgs,
        Self::QuarMsgs,
        Self::QuarReleases,
        Self::OutMsgs,
        Self::OutMsgsRelay,
        Self::OutMsgsSubmitDsn,
        Self::OutMsgsSubmitNotif,
        Self::OutMsgsSize,
        Self::OutMsgsDelivers,
        Self::OutMsgsAttemptFails,
        Self::OutMsgsRejects,
        Self::OutConnNew,
        Self::OutConnQuit,
        Self::OutConnTransact,
        Self::OutConnReuseFail,
        Self::OutConnReuseRecent,
        Self::OutConnReuseRefreshed,
        Self::TimeElapsedTotal,
        Self::TimeElapsedReceiving,
        Self::TimeElapsedSending,
        Self::SpoolFull,
        Self::DecodersStopped,
        Self::VirusScansFailed,
        Self::MsgsNotScored,
        Self::InternalErrors,
    ];

    /// Its name, as in daemon.md 7.7 where the original has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::SessionsDenied => "sessionsDenied",
            Self::SessionsBroken => "sessionsBroken",
            Self::CommandsRefused => "commandsRefused",
            Self::InMsgs => "InMsgs",
            Self::InMsgsSize => "InMsgsSize",
            Self::InMsgsRecips => "InMsgsRecips",
            Self::InMsgsStatusAccepted => "InMsgsStatusAccepted",
            Self::InMsgsStatusRelayed => "InMsgsStatusRelayed",
            Self::InMsgsStatusBounced => "InMsgsStatusBounced",
            Self::InMsgsStatusNoBounce => "InMsgsStatusNoBounce",
            Self::InMsgsStatusRejected => "InMsgsStatusRejected",
            Self::InMsgsStatusTempFailed => "InMsgsStatusTempFailed",
            Self::InMsgsStatusDiscarded => "InMsgsStatusDiscarded",
            Self::ContentCleanMsgs => "ContentCleanMsgs",
            Self::ContentOversizedMsgs => "ContentOversizedMsgs",
            Self::ContentMtaFailedMsgs => "ContentMtaFailedMsgs",
            Self::ContentVirusMsgs => "ContentVirusMsgs",
            Self::ContentSpamMsgs => "ContentSpamMsgs",
            Self::ContentSpammyMsgs => "ContentSpammyMsgs",
            Self::VirusScansFailed => "virusScansFailed",
            Self::MsgsNotScored => "msgsNotScored",
            Self::ContentUncheckedMsgs => "ContentUncheckedMsgs",
            Self::OutMsgs => "OutMsgs",
            Self::OutMsgsRelay => "OutMsgsRelay",
            Self::OutMsgsSubmitDsn => "OutMsgsSubmitDsn",
            Self::OutMsgsSubmitNotif => "OutMsgsSubmitNotif",
            Self::OutMsgsSize => "OutMsgsSize",
            Self::OutMsgsDelivers => "OutMsgsDelivers",
            Self::OutMsgsAttemptFails => "OutMsgsAttemptFails",
            Self::OutMsgsRejects => "OutMsgsRejects",
            Self::OutConnNew => "OutConnNew",
            Self::OutConnQuit => "OutConnQuit",
            Self::OutConnTransact => "OutConnTransact",
            Self::OutConnReuseFail => "OutConnReuseFail",
            Self::OutConnReuseRecent => "OutConnReuseRecent",
            Self::OutConnReuseRefreshed => "OutConnReuseRefreshed",
            Self::TimeElapsedTotal => "TimeElapsedTotal",
            Self::TimeElapsedReceiving => "TimeElapsedReceiving",
            Self::TimeElapsedSending => "TimeElapsedSending",
            Self::SpoolFull => "spoolFull",
            Self::InternalErrors => "internalErrors",
            Self::ContentBannedMsgs => "ContentBannedMsgs",
            Self::ContentBadHdrMsgs => "ContentBadHdrMsgs",
            Self::QuarMsgs => "QuarMsgs",
            Self::QuarReleases => "QuarReleases",
            Self::DecodersStopped => "decodersStopped",
        }
    }
}

/// The cells of one child.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    words: &'static [AtomicU64],
}

impl Cells {
    /// Cells in `words`, the counter part of a scoreboard record.
    #[must_use]
    pub const fn new(words: &'static [AtomicU64]) -> Self {
        Self { words }
    }

    /// Cells that nobody else sees; for programs without a scoreboard.
    #[must_use]
    pub fn private() -> Self {
        let words: Vec<AtomicU64> = Counter::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self {
            words: Box::leak(words.into_boxed_slice()),
        }
    }

    /// Adds to a counter; it wraps around after 2^64.
    pub fn add(&self, counter: Counter, count: u64) {
        if let Some(word) = self.words.get(counter as usize) {
            // One writer: no read-modify-write is needed.
            word.store(
                word.load(Ordering::Relaxed).wrapping_add(count),
                Ordering::Relaxed,
            );
        }
    }

    /// Adds one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Reads a counter.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.words
            .get(counter as usize)
            .map_or(0, |word| word.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_has_its_own_cell_and_name() {
        let cells = Cells::private();
        let mut names = std::collections::BTreeSet::new();
        for (n, counter) in Counter::ALL.iter().enumerate() {
            cells.add(*counter, n as u64 + 1);
            assert!(names.insert(counter.name()));
        }
        for (n, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(cells.get(*counter), n as u64 + 1, "{}", counter.name());
        }
        assert!(
            Counter::ALL.len() <= 96,
            "a scoreboard record has room for 96"
        );
    }
}
