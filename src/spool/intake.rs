//! A message on its way in.

use std::{
    fs::File,
    io::{self, Write},
};

use super::{Spool, message::Message};
use crate::{
    mail::content::ContentFacts,
    sys::{
        fault::{self, Fault},
        pages,
    },
};

/// Receives the content of one message. A failure is kept for the end: the rest of the message is swallowed, because the
/// client sends it whatever we think.
#[derive(Debug)]
pub struct Intake {
    /// Content that is not in the file.
    buffer: Vec<u8>,
    file: Option<File>,
    memory: usize,
    failure: Option<io::Error>,
    /// Nothing more is kept.
    is_discarding: bool,
}

impl Intake {
    /// Room beyond what is kept in memory, for the octets that one look at the network may give.
    const BEYOND: usize = 256 * 1024;
    /// Most room that is had before it is known to be needed.
    const MOST: usize = 4 * 1024 * 1024;

    /// All the room that a message in memory can need is had at once, so that nothing is moved when it grows: room costs nothing
    /// before it is touched.
    pub(super) fn new(mut buffer: Vec<u8>, memory: usize) -> Self {
        let whole = memory.saturating_add(Self::BEYOND).min(Self::MOST);
        buffer.reserve_exact(whole);
        Self {
            buffer,
            file: None,
            memory,
            failure: None,
            is_discarding: false,
        }
    }

    /// The buffer to which content is appended.
    pub const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// To be called before more content is appended: has the memory for a little of it, if it was not touched yet.
    pub fn expect_more(&mut self, spool: &mut Spool) {
        /// What is had at a time, octets.
        const AHEAD: usize = 64 * 1024;
        let wanted = self.buffer.len() + AHEAD / 2;
        if spool.touched < wanted && wanted < self.buffer.capacity() {
            pages::prepare(&mut self.buffer, AHEAD);
            spool.touched = self.buffer.len() + AHEAD;
        }
    }

    /// To be called after content was appended: moves it to the file when there is too much for memory.
    pub fn settle(&mut self, spool: &mut Spool) {
        spool.touched = spool.touched.max(self.buffer.len());
        if self.is_discarding {
            self.buffer.clear();
        } else if self.buffer.len() > self.memory {
            self.spill(spool);
        }
    }

    /// From now on nothing is kept: the message is refused already.
    pub fn discard(&mut self) {
        self.is_discarding = true;
        self.file = None;
        self.buffer.clear();
    }

    /// The message is in.
    ///
    /// # Errors
    /// The first error of writing: there is no message then. Its buffer goes back to the spool.
    pub fn finish(mut self, facts: ContentFacts, spool: &mut Spool) -> io::Result<Message> {
        if self.file.is_some() && !self.buffer.is_empty() && self.failure.is_none() {
            self.spill(spool);
        }
        match self.failure {
            Some(error) => {
                spool.recycle(self.buffer);
                Err(error)
            }
            None => Ok(Message::new(self.buffer, self.file, facts)),
        }
    }

    /// Gives the message up.
    pub fn abandon(self, spool: &mut Spool) {
        spool.recycle(self.buffer);
    }

    fn spill(&mut self, spool: &mut Spool) {
        if let Err(error) = self.try_spill(spool) {
            self.failure = Some(error);
            self.discard();
        }
        self.buffer.clear();
    }

    fn try_spill(&mut self, spool: &mut Spool) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(spool.work_dir()?.create_message()?),
        };
        match fault::point("spool.write")? {
            Fault::None => file.write_all(&self.buffer),
            // A short write that is followed by the rest.
            Fault::Short => self
                .buffer
                .chunks(1000)
                .try_for_each(|chunk| file.write_all(chunk)),
        }
    }
}
