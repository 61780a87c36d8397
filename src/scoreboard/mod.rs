//! The scoreboard: what each child is doing, in a file that the master, its children and `filterd status` map.
//!
//! # Guards
//! I11: fixed layout, atomics only, one writer a field. Decision 27: what a child wrote is gossip. It is range-checked here, and
//! no decision about a process rests on it alone.
//!
//! # Source
//! architecture 5.4; Apache httpd's scoreboard for the idea of one writer a field.

mod health;
mod layout;
mod report;
mod slot;

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

pub use health::{ScannerCell, ScannerState};
pub use report::{Ident, Report};
pub use slot::{ChildSlot, MasterSlot, Stage};

use self::layout::{
    CAPACITY, HEADER, MAGIC, POISON, POISON_ENTRIES, RECORD, RECORDS, SLOT, TOTAL, VERSION,
};
use crate::sys::shm::Words;

/// Name of the file in the state folder.
pub const FILE_NAME: &str = "scoreboard";

/// The mapped scoreboard.
#[derive(Clone, Copy, Debug)]
pub struct Scoreboard {
    words: Words,
}

/// Numbers in the header; all written by the master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// Process id of the master.
    MasterPid = 3,
    /// Generation that new children belong to; grows by one with each reload.
    Generation = 4,
    /// Start of the master, milliseconds of the monotonic clock.
    StartedMs = 5,
    /// Start of the master, seconds since 1970.
    StartedUnix = 6,
    /// Children that there shall be.
    MaxServers = 7,
    /// Reloads that succeeded.
    Reloads = 8,
    /// Reloads that were rejected.
    RejectedReloads = 9,
    /// Last reload that succeeded, seconds since 1970.
    ReloadedUnix = 10,
    /// Children forked.
    Forks = 11,
    /// Children killed after their deadline.
    Kills = 12,
    /// Children that died of a signal or left with an error.
    Crashes = 13,
}

/// Texts in the header; all written by the master before it forks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Text {
    /// Sockets that are listened on, separated by blanks.
    Listeners,
    /// Configuration file.
    Configuration,
    /// Version of the program.
    Version,
}

impl Text {
    /// First word and number of words.
    const fn place(self) -> (usize, usize) {
        match self {
            Self::Version => (32, 8),
            Self::Listeners => (64, 96),
            Self::Configuration => (192, 128),
        }
    }
}

impl Scoreboard {
    /// Makes a new file, clears it, and puts it into `folder` in one step, so that a reader finds the old or the new one.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create(folder: &Path, max_servers: usize) -> io::Result<(Self, File)> {
        let path = folder.join(FILE_NAME);
        let draft = folder.join(format!("{FILE_NAME}.new"));
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(&draft)?;
        file.set_len(TOTAL as u64 * 8)?;
        let board = Self {
            words: Words::map(&file, TOTAL, true)?,
        };
        board.set_word(0, MAGIC);
        board.set_word(1, VERSION);
        board.set_word(2, CAPACITY as u64);
        board.set(Field::MaxServers, max_servers as u64);
        std::fs::rename(&draft, &path)?;
        Ok((board, file))
    }

    /// Takes over the file of the program that this one replaced; `None` if its layout is another one.
    ///
    /// # Errors
    /// The kernel's.
    pub fn adopt(file: &File) -> io::Result<Option<Self>> {
        let board = match Words::map(file, TOTAL, true) {
            Ok(words) => Self { words },
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(board.has_our_layout().then_some(board))
    }

    /// Maps the file in `folder` for reading.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`; `InvalidData` if the file is that of another version.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = File::open(Self::path(folder))?;
        let other = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the scoreboard was written by another version",
            )
        };
        let words = Words::map(&file, TOTAL, false).map_err(|_| other())?;
        let board = Self { words };
        if board.has_our_layout() {
            Ok(board)
        } else {
            Err(other())
        }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE_NAME)
    }

    /// Most children there can be.
    #[must_use]
    pub const fn capacity() -> usize {
        CAPACITY
    }

    /// Reads a number of the header.
    #[must_use]
    pub fn get(&self, field: Field) -> u64 {
        self.word(field as usize)
    }

    /// Writes a number of the header. Master only.
    pub fn set(&self, field: Field, value: u64) {
        self.set_word(field as usize, value);
    }

    /// Adds to a number of the header. Master only.
    pub fn add(&self, field: Field, count: u64) {
        self.set(field, self.get(field).saturating_add(count));
    }

    /// Reads a text of the header.
    #[must_use]
    pub fn text(&self, text: Text) -> String {
        let (first, count) = text.place();
        report::text(self.part(first, count))
    }

    /// Writes a text of the header, cut to its room. Master only.
    pub fn set_text(&self, text: Text, value: &str) {
        let (first, count) = text.place();
        report::store_text(self.part(first, count), value.as_bytes());
    }

    /// The master's side of slot `index`.
    #[must_use]
    pub fn master_slot(&self, index: usize) -> Option<MasterSlot> {
        self.slot_words(index).map(MasterSlot::new)
    }

    /// The child's side of slot `index`.
    #[must_use]
    pub fn child_slot(&self, index: usize) -> Option<ChildSlot> {
        self.slot_words(index).map(ChildSlot::new)
    }

    /// What slot `index` says.
    #[must_use]
    pub fn report(&self, index: usize) -> Option<Report> {
        self.slot_words(index).map(Report::read)
    }

    /// The counters that the child in slot `index` writes.
    #[must_use]
    pub fn counter_words(&self, index: usize) -> Option<&'static [AtomicU64]> {
        (index < CAPACITY).then(|| self.part(RECORDS + index * RECORD + SLOT, RECORD - SLOT))
    }

    /// How often the message with this key was in work when its child died; 0 if never. Written by the master.
    #[must_use]
    pub fn poison_tries(&self, key: u64) -> u64 {
        let entries = self.part(POISON, POISON_ENTRIES * 2).chunks_exact(2);
        let tries = entries.filter_map(|entry| match entry {
            [known, tries] if known.load(Ordering::Acquire) == key => {
                Some(tries.load(Ordering::Relaxed))
            }
            _ => None,
        });
        if key == 0 {
            0
        } else {
            tries.max().unwrap_or(0)
        }
    }

    /// Sets entry `at` of the poison table. Master only.
    pub fn set_poison(&self, at: usize, key: u64, tries: u64) {
        if let [known, count] = self.part(POISON + (at % POISON_ENTRIES) * 2, 2) {
            known.store(0, Ordering::Release);
            count.store(tries, Ordering::Relaxed);
            known.store(key, Ordering::Release);
        }
    }

    /// Entries of the poison table.
    #[must_use]
    pub const fn poison_entries() -> usize {
        POISON_ENTRIES
    }

    fn slot_words(&self, index: usize) -> Option<&'static [AtomicU64]> {
        (index < CAPACITY).then(|| self.part(RECORDS + index * RECORD, SLOT))
    }

    fn part(&self, first: usize, count: usize) -> &'static [AtomicU64] {
        self.words
            .as_slice()
            .get(first..first + count)
            .unwrap_or_default()
    }

    fn word(&self, at: usize) -> u64 {
        self.part(at, 1)
            .first()
            .map_or(0, |word| word.load(Ordering::Acquire))
    }

    fn set_word(&self, at: usize, value: u64) {
        if let Some(word) = self.part(at.min(HEADER), 1).first() {
            word.store(value, Ordering::Release);
        }
    }

    fn has_our_layout(&self) -> bool {
        self.word(0) == MAGIC && self.word(1) == VERSION && self.word(2) == CAPACITY as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mail::id::LogId, sys::clock::Deadline};

    #[test]
    fn what_a_child_writes_a_reader_sees() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 2).unwrap();
        board.set_text(Text::Listeners, "127.0.0.1:10024 [::1]:10024");
        board.master_slot(1).unwrap().occupy(4711, 3);
        let mut child = board.child_slot(1).unwrap();
        child.enter(
            Stage::Receiving,
            Some(Deadline::after(std::time::Duration::from_secs(9))),
        );
        child.name_message(LogId::new(4711, 1, 1).as_str(), "4433C9D2139", 77);
        child.count_session();
        let reader = Scoreboard::open(dir.path()).unwrap();
        let report = reader.report(1).unwrap();
        assert_eq!(
            (report.pid, report.generation, report.stage),
            (4711, 3, Some(Stage::Receiving))
        );
        assert_eq!((report.sessions, report.tasks), (1, 0));
        let ident = report.ident.unwrap();
        assert_eq!(
            (ident.log_id.as_str(), ident.queue_id.as_str(), ident.key),
            ("04711-01", "4433C9D2139", 77)
        );
        assert!(report.deadline_ms > 0);
        assert_eq!(reader.text(Text::Listeners), "127.0.0.1:10024 [::1]:10024");
        assert_eq!(reader.report(0).unwrap().pid, 0);
        assert!(reader.report(Scoreboard::capacity()).is_none());
        board.master_slot(1).unwrap().vacate();
        assert_eq!(reader.report(1).unwrap().pid, 0);
    }

    #[test]
    fn garbage_in_a_slot_is_told_from_news() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 2).unwrap();
        for word in board.slot_words(0).unwrap() {
            word.store(0xDEAD_BEEF_DEAD_BEEF, Ordering::Relaxed);
        }
        let report = board.report(0).unwrap();
        assert_eq!(report.stage, None);
        assert!(
            report.ident.is_none(),
            "an odd sequence number never settles"
        );
    }

    #[test]
    fn poison_is_remembered_by_key() {
        let dir = tempfile::tempdir().unwrap();
        let (board, _file) = Scoreboard::create(dir.path(), 2).unwrap();
        board.set_poison(3, 99, 2);
        assert_eq!(
            (
                board.poison_tries(99),
                board.poison_tries(98),
                board.poison_tries(0)
            ),
            (2, 0, 0)
        );
    }

    #[test]
    fn another_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            Scoreboard::open(dir.path()).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        std::fs::write(dir.path().join(FILE_NAME), "short").unwrap();
        assert_eq!(
            Scoreboard::open(dir.path()).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        let (board, file) = Scoreboard::create(dir.path(), 2).unwrap();
        board.set_word(1, VERSION + 1);
        assert!(Scoreboard::adopt(&file).unwrap().is_none());
        board.set_word(1, VERSION);
        assert!(Scoreboard::adopt(&file).unwrap().is_some());
    }
}
