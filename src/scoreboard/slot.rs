//! The two writing sides of a slot.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{layout::slot, report::store_text};
use crate::sys::clock::{Deadline, tick_ms};

/// What a child is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Stage {
    /// Between fork and the first wait for a connection.
    Starting = 1,
    /// Waiting for a connection; the only stage without a deadline.
    Idle = 2,
    /// In a session, waiting for a command.
    Waiting = 3,
    /// Reading a message.
    Receiving = 4,
    /// Looking at it and deciding.
    Deciding = 5,
    /// Handing it to the next hop.
    Delivering = 6,
    /// Handing reports to the next hop.
    Notifying = 7,
    /// Saying what became of it.
    Replying = 8,
    /// Putting things in order before the end.
    Leaving = 9,
    /// Having it scanned for viruses.
    Scanning = 10,
    /// Having it scored.
    Scoring = 11,
}

impl Stage {
    /// The stage with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Starting,
            2 => Self::Idle,
            3 => Self::Waiting,
            4 => Self::Receiving,
            5 => Self::Deciding,
            6 => Self::Delivering,
            7 => Self::Notifying,
            8 => Self::Replying,
            9 => Self::Leaving,
            10 => Self::Scanning,
            11 => Self::Scoring,
            _ => return None,
        })
    }

    /// The word in the log and in `filterd status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Receiving => "receiving",
            Self::Deciding => "deciding",
            Self::Delivering => "delivering",
            Self::Notifying => "notifying",
            Self::Replying => "replying",
            Self::Leaving => "leaving",
            Self::Scanning => "scanning",
            Self::Scoring => "scoring",
        }
    }

    /// True if a session is being served.
    #[must_use]
    pub const fn is_busy(self) -> bool {
        !matches!(self, Self::Starting | Self::Idle | Self::Leaving)
    }
}

fn store(words: &[AtomicU64], at: usize, value: u64) {
    if let Some(word) = words.get(at) {
        word.store(value, Ordering::Release);
    }
}

/// The master's side: identity.
#[derive(Clone, Copy, Debug)]
pub struct MasterSlot {
    words: &'static [AtomicU64],
}

impl MasterSlot {
    pub(super) const fn new(words: &'static [AtomicU64]) -> Self {
        Self { words }
    }

    /// Clears what an earlier child left, before a new one is forked.
    pub fn prepare(&self) {
        for word in self.words {
            word.store(0, Ordering::Relaxed);
        }
        store(self.words, slot::STAGE, Stage::Starting as u64);
        store(self.words, slot::SINCE, tick_ms());
    }

    /// Gives the slot to a child.
    pub fn occupy(&self, pid: u32, generation: u64) {
        store(self.words, slot::GENERATION, generation);
        store(self.words, slot::STARTED, tick_ms());
        store(self.words, slot::PID, u64::from(pid));
    }

    /// Frees the slot.
    pub fn vacate(&self) {
        store(self.words, slot::PID, 0);
    }
}

/// The child's side: what it is doing.
#[derive(Debug)]
pub struct ChildSlot {
    words: &'static [AtomicU64],
}

impl ChildSlot {
    pub(super) const fn new(words: &'static [AtomicU64]) -> Self {
        Self { words }
    }

    /// Publishes a stage and until when it may last.
    pub fn enter(&mut self, stage: Stage, deadline: Option<Deadline>) {
        store(
            self.words,
            slot::DEADLINE,
            deadline.map_or(0, Deadline::as_ms),
        );
        store(self.words, slot::SINCE, tick_ms());
        store(self.words, slot::STAGE, stage as u64);
    }

    /// Publishes a new deadline for the same stage.
    pub fn extend(&mut self, deadline: Deadline) {
        store(self.words, slot::DEADLINE, deadline.as_ms());
    }

    /// Publishes the message in work; empty texts when there is none.
    pub fn name_message(&mut self, log_id: &str, queue_id: &str, key: u64) {
        self.bump_sequence();
        store(self.words, slot::KEY, key);
        for ((first, count), text) in [(slot::LOG_ID, log_id), (slot::QUEUE_ID, queue_id)] {
            store_text(
                self.words.get(first..first + count).unwrap_or_default(),
                text.as_bytes(),
            );
        }
        self.bump_sequence();
    }

    /// Counts a session.
    pub fn count_session(&mut self) {
        self.add(slot::SESSIONS);
    }

    /// Counts a transaction.
    pub fn count_task(&mut self) {
        self.add(slot::TASKS);
    }

    fn bump_sequence(&mut self) {
        self.add(slot::SEQUENCE);
        std::sync::atomic::fence(Ordering::SeqCst);
    }

    fn add(&mut self, at: usize) {
        if let Some(word) = self.words.get(at) {
            word.store(
                word.load(Ordering::Relaxed).wrapping_add(1),
                Ordering::Release,
            );
        }
    }
}
