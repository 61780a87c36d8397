//! A message that is in: read-only from here on.

use std::{
    borrow::Cow,
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::FileExt,
    },
};

use super::Spool;
use crate::mail::content::ContentFacts;

/// One message: its content in canonical form, and what is known of it.
#[derive(Debug)]
pub struct Message {
    buffer: Vec<u8>,
    file: Option<File>,
    facts: ContentFacts,
}

/// Where the content is.
#[derive(Clone, Copy, Debug)]
pub enum Content<'m> {
    /// All of it in memory.
    Memory(&'m [u8]),
    /// All of it in a file, from offset 0.
    File(BorrowedFd<'m>),
}

impl Message {
    pub(super) const fn new(buffer: Vec<u8>, file: Option<File>, facts: ContentFacts) -> Self {
        Self {
            buffer,
            file,
            facts,
        }
    }

    /// A message made here, such as a report; `content` must be canonical, and `facts` its own.
    #[must_use]
    pub const fn composed(content: Vec<u8>, facts: ContentFacts) -> Self {
        Self {
            buffer: content,
            file: None,
            facts,
        }
    }

    /// Facts about the content.
    #[must_use]
    pub const fn facts(&self) -> &ContentFacts {
        &self.facts
    }

    /// Octets of the content.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.facts.size
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        match &self.file {
            Some(file) => Content::File(file.as_fd()),
            None => Content::Memory(&self.buffer),
        }
    }

    /// The first `most` octets, or all.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn head(&self, most: usize) -> io::Result<Cow<'_, [u8]>> {
        match &self.file {
            None => Ok(Cow::Borrowed(
                self.buffer.get(..most).unwrap_or(&self.buffer),
            )),
            Some(_) => self.read(0, most).map(Cow::Owned),
        }
    }

    /// Up to `most` octets from `offset` on; fewer only at the end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let left = self.facts.size.saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        match &self.file {
            None => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                Ok(self
                    .buffer
                    .get(from..from.saturating_add(length))
                    .unwrap_or_default()
                    .to_vec())
            }
            Some(file) => {
                let mut octets = vec![0; length];
                file.read_exact_at(&mut octets, offset)?;
                Ok(octets)
            }
        }
    }

    /// The message is done with: its memory goes back, its file is removed.
    pub fn release(self, spool: &mut Spool) {
        if self.file.is_some()
            && let Some(work_dir) = &spool.work_dir
        {
            // A file that stays is removed before the next one is made.
            drop(work_dir.remove_message());
        }
        spool.recycle(self.buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Limits;

    fn take(spool: &mut Spool, content: &[u8], step: usize) -> io::Result<Message> {
        let mut intake = spool.begin();
        for piece in content.chunks(step) {
            intake.buffer().extend_from_slice(piece);
            intake.settle(spool);
        }
        let facts = ContentFacts {
            size: content.len() as u64,
            ..ContentFacts::default()
        };
        intake.finish(facts, spool)
    }

    #[test]
    fn small_messages_stay_in_memory_and_large_ones_go_to_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(
            dir.path().to_owned(),
            Limits {
                memory: 100,
                reserve: 0,
            },
        );
        assert!(spool.has_room(1).unwrap() && !spool.has_room(u64::MAX).unwrap());
        let small = take(&mut spool, &[b'a'; 100], 7).unwrap();
        assert!(matches!(small.content(), Content::Memory(c) if c.len() == 100));
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            0,
            "nothing is made for a small message"
        );
        small.release(&mut spool);
        for (size, step) in [(101, 7), (5000, 64), (5000, 5000)] {
            let content: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
            let message = take(&mut spool, &content, step).unwrap();
            assert!(matches!(message.content(), Content::File(_)));
            assert_eq!(message.read(0, 9999).unwrap(), content);
            assert_eq!(message.head(10).unwrap(), &content[..10]);
            assert_eq!(message.read(100, 9999).unwrap(), &content[100..]);
            message.release(&mut spool);
        }
        spool.clean_up().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_an_error_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(
            dir.path().join("gone"),
            Limits {
                memory: 10,
                reserve: 0,
            },
        );
        assert!(spool.has_room(0).is_err());
        assert_eq!(
            take(&mut spool, &[b'a'; 1000], 100).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert!(take(&mut spool, b"small", 100).is_ok());
    }
}
