//! Where things are in the scoreboard, in words of eight octets.
//!
//! A change here needs a new [`VERSION`]: a program that replaces another one in place then makes a new file.

/// First word of the file: `filterdS`.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"filterdS");
/// Second word.
pub(super) const VERSION: u64 = 2;
/// Most children; the file is sparse, so unused slots cost nothing.
pub(super) const CAPACITY: usize = 1024;

/// Words of the header.
pub(super) const HEADER: usize = 512;
/// First word of the poison table: key and tries.
pub(super) const POISON: usize = HEADER;
/// Entries of the poison table.
pub(super) const POISON_ENTRIES: usize = 256;
/// First word of the records.
pub(super) const RECORDS: usize = POISON + POISON_ENTRIES * 2;
/// Words of a record: a slot and its counters, 1 KiB, so that no two children write to one cache line.
pub(super) const RECORD: usize = 128;
/// Words of the slot at the head of a record.
pub(super) const SLOT: usize = 32;
/// First word of what is known of scanners.
pub(super) const HEALTH: usize = RECORDS + CAPACITY * RECORD;
/// Most scanners.
pub(super) const SCANNERS: usize = 64;
/// Words of a scanner.
pub(super) const SCANNER: usize = 32;
/// Words of the whole file.
pub(super) const TOTAL: usize = HEALTH + SCANNERS * SCANNER;

/// Words of a scanner; all children write here.
pub(super) mod scanner {
    /// Key of its name; 0 is a free place.
    pub(in super::super) const KEY: usize = 0;
    /// Failing since, seconds since 1970; 0 if it is up.
    pub(in super::super) const FAILING: usize = 1;
    /// Not to be tried before, milliseconds of the monotonic clock.
    pub(in super::super) const NEXT: usize = 2;
    /// Failures in a row.
    pub(in super::super) const FAILURES: usize = 3;
    /// Answers in all.
    pub(in super::super) const ANSWERS: usize = 4;
    /// Failures in all.
    pub(in super::super) const FAILED: usize = 5;
    /// Its name, 64 octets.
    pub(in super::super) const NAME: (usize, usize) = (6, 8);
    /// Why it failed last, 144 octets.
    pub(in super::super) const WHY: (usize, usize) = (14, 18);
}

/// Words of a slot. The first three are the master's, the others the child's.
pub(super) mod slot {
    /// Process id; 0 is a free slot. Master.
    pub(in super::super) const PID: usize = 0;
    /// Generation. Master.
    pub(in super::super) const GENERATION: usize = 1;
    /// Start, milliseconds of the monotonic clock. Master.
    pub(in super::super) const STARTED: usize = 2;
    /// `Stage`. Child.
    pub(in super::super) const STAGE: usize = 3;
    /// Since when, milliseconds of the monotonic clock. Child.
    pub(in super::super) const SINCE: usize = 4;
    /// Deadline, milliseconds of the monotonic clock; 0 is none. Child.
    pub(in super::super) const DEADLINE: usize = 5;
    /// Sessions served. Child.
    pub(in super::super) const SESSIONS: usize = 6;
    /// Transactions begun. Child.
    pub(in super::super) const TASKS: usize = 7;
    /// Odd while the words below are being written. Child.
    pub(in super::super) const SEQUENCE: usize = 8;
    /// Key of the message in work. Child.
    pub(in super::super) const KEY: usize = 9;
    /// Log id, 32 octets. Child.
    pub(in super::super) const LOG_ID: (usize, usize) = (10, 4);
    /// Queue id, 48 octets. Child.
    pub(in super::super) const QUEUE_ID: (usize, usize) = (14, 6);
}
