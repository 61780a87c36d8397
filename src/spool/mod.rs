//! Where a message is while it is in work: in memory, and from a size on in a file of the child's own working directory.
//!
//! The MTA keeps the message until we acknowledge it, so nothing here is flushed to the disk: what is lost here was never ours.
//!
//! # Guards
//! I9: names are made here, never from mail. P6: memory, disk and message size are bounded.

pub mod intake;
pub mod message;
pub mod work_dir;

use std::{io, path::PathBuf};

use self::{intake::Intake, work_dir::WorkDir};
use crate::sys::{clock::tick_ms, dir::Folder};

/// What a child needs to take messages in.
#[derive(Debug)]
pub struct Spool {
    base: PathBuf,
    /// Opened when first needed.
    folder: Option<Folder>,
    work_dir: Option<WorkDir>,
    limits: Limits,
    /// Kept from message to message, so that its memory need not be had anew.
    buffer: Vec<u8>,
    /// Octets of the buffer that have memory, about.
    touched: usize,
    /// Free octets at the last look, and when that was in milliseconds of the monotonic clock.
    room: Option<(u64, u64)>,
}

/// Bounds of one message's stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Larger messages go to a file, octets.
    pub memory: usize,
    /// Space that must be left on the file system beyond the message, octets.
    pub reserve: u64,
}

/// True if space is missing, and not something that will not mend itself.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl Spool {
    /// How long the free space on the file system is taken for known, milliseconds.
    const GLANCE_MS: u64 = 1000;
    /// Memory that is kept between messages, octets.
    const KEPT: usize = 512 * 1024;

    /// A spool below `base` (`$TEMPBASE`); nothing is made there before it is needed.
    #[must_use]
    pub const fn new(base: PathBuf, limits: Limits) -> Self {
        Self {
            base,
            folder: None,
            work_dir: None,
            limits,
            buffer: Vec::new(),
            touched: 0,
            room: None,
        }
    }

    /// True if a message of `octets` and the reserve fit on the file system, as it was at most [`Self::GLANCE_MS`] ago; a write that
    /// finds it full all the same is refused then.
    ///
    /// # Errors
    /// If the folder cannot be opened or asked.
    pub fn has_room(&mut self, octets: u64) -> io::Result<bool> {
        let wanted = self.limits.reserve.saturating_add(octets);
        let now = tick_ms();
        if let Some((free, looked_ms)) = self.room
            && now.saturating_sub(looked_ms) < Self::GLANCE_MS
            && free >= wanted
        {
            return Ok(true);
        }
        let free = self.folder()?.free_space()?;
        self.room = Some((free, now));
        Ok(free >= wanted)
    }

    /// Begins a message.
    #[must_use]
    pub fn begin(&mut self) -> Intake {
        Intake::new(std::mem::take(&mut self.buffer), self.limits.memory)
    }

    /// Takes back the memory of a message that is done with.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        if self.touched > Self::KEPT {
            buffer.shrink_to(Self::KEPT);
            self.touched = Self::KEPT;
        }
        if buffer.capacity() > self.buffer.capacity() {
            self.buffer = buffer;
        }
    }

    /// The folder for parts that somebody wants to see as files, and its path; made if need be, and empty between messages.
    ///
    /// # Errors
    /// The kernel's.
    pub fn parts(&mut self) -> io::Result<(&Folder, PathBuf)> {
        let base = self.base.clone();
        self.work_dir()?.parts(&base)
    }

    /// Removes the working directory. To be called before the child leaves.
    ///
    /// # Errors
    /// The kernel's; the supervisor tries again.
    pub fn clean_up(&mut self) -> io::Result<()> {
        match self.work_dir.take() {
            Some(work_dir) => work_dir.remove(self.folder()?),
            None => Ok(()),
        }
    }

    fn folder(&mut self) -> io::Result<&Folder> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => Folder::open(&self.base)?,
        };
        Ok(self.folder.insert(folder))
    }

    /// The working directory, made if need be.
    fn work_dir(&mut self) -> io::Result<&mut WorkDir> {
        let work_dir = match self.work_dir.take() {
            Some(work_dir) => work_dir,
            None => WorkDir::create(self.folder()?)?,
        };
        Ok(self.work_dir.insert(work_dir))
    }
}
