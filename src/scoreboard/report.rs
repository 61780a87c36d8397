//! The reading side of a slot.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{layout::slot, slot::Stage};

/// What a slot says; all of it but the first three fields is a child's word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Process id, 0 for a free slot.
    pub pid: u32,
    /// Generation of the child.
    pub generation: u64,
    /// Start, milliseconds of the monotonic clock.
    pub started_ms: u64,
    /// `None` if the number is no stage: the child's memory is damaged.
    pub stage: Option<Stage>,
    /// Since when, milliseconds of the monotonic clock.
    pub since_ms: u64,
    /// Until when, milliseconds of the monotonic clock; 0 if no limit was set.
    pub deadline_ms: u64,
    /// Sessions served.
    pub sessions: u64,
    /// Transactions begun.
    pub tasks: u64,
    /// The message in work; `None` if there is none, or if it could not be read in one piece.
    pub ident: Option<Ident>,
}

/// Names of a message; printable ASCII.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ident {
    /// Log id.
    pub log_id: String,
    /// The MTA's queue id; empty if not known.
    pub queue_id: String,
    /// Key in the poison table; 0 if none.
    pub key: u64,
}

impl Report {
    /// What is said of a child without a slot.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            pid: 0,
            generation: 0,
            started_ms: 0,
            stage: None,
            since_ms: 0,
            deadline_ms: 0,
            sessions: 0,
            tasks: 0,
            ident: None,
        }
    }

    pub(super) fn read(words: &[AtomicU64]) -> Self {
        let word = |at: usize| words.get(at).map_or(0, |word| word.load(Ordering::Acquire));
        Self {
            pid: u32::try_from(word(slot::PID)).unwrap_or(0),
            generation: word(slot::GENERATION),
            started_ms: word(slot::STARTED),
            stage: Stage::from_number(word(slot::STAGE)),
            since_ms: word(slot::SINCE),
            deadline_ms: word(slot::DEADLINE),
            sessions: word(slot::SESSIONS),
            tasks: word(slot::TASKS),
            ident: ident(words),
        }
    }
}

/// Reads the names in one piece: the sequence number is even and the same before and after.
fn ident(words: &[AtomicU64]) -> Option<Ident> {
    const TRIES: usize = 16;
    let word = |at: usize| words.get(at).map_or(0, |word| word.load(Ordering::Acquire));
    for _ in 0..TRIES {
        let before = word(slot::SEQUENCE);
        if before % 2 == 1 {
            std::hint::spin_loop();
            continue;
        }
        let read = |(first, count): (usize, usize)| {
            text(words.get(first..first + count).unwrap_or_default())
        };
        let ident = Ident {
            log_id: read(slot::LOG_ID),
            queue_id: read(slot::QUEUE_ID),
            key: word(slot::KEY),
        };
        std::sync::atomic::fence(Ordering::SeqCst);
        if word(slot::SEQUENCE) == before {
            return (!ident.log_id.is_empty()).then_some(ident);
        }
    }
    None
}

/// Reads a text: up to the first NUL; what is not printable ASCII becomes `?`.
pub(super) fn text(words: &[AtomicU64]) -> String {
    let octets = words
        .iter()
        .flat_map(|word| word.load(Ordering::Acquire).to_le_bytes());
    octets
        .take_while(|&b| b != 0)
        .map(|b| {
            if (0x20..0x7F).contains(&b) {
                char::from(b)
            } else {
                '?'
            }
        })
        .collect()
}

/// Writes a text, cut to the room there is, padded with NUL.
pub(super) fn store_text(words: &[AtomicU64], octets: &[u8]) {
    let mut octets = octets.iter().copied();
    for word in words {
        let mut eight = [0_u8; 8];
        for (to, from) in eight.iter_mut().zip(octets.by_ref()) {
            *to = from;
        }
        word.store(u64::from_le_bytes(eight), Ordering::Release);
    }
}
