//! Copies at the end of a mailbox: one file for many messages.
//!
//! # Guards
//! P1: fsynced before the message is acknowledged; what could not be written whole is cut off again. Who waits for the lock waits no
//! longer than the message's time.
//!
//! # Source
//! content.md 8.2: `From ` lines, and `>` before lines that look like one (mboxrd).

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::AsFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::Path,
    time::Duration,
};

use crate::{
    spool::message::Message,
    sys::{
        clock::{Deadline, LocalTime},
        fault, lock,
        wait::pause,
    },
};

/// Appends a message, with `head` before it, to the mailbox at `path`, which is made if it is not there.
///
/// # Errors
/// The kernel's, or that the lock was not to be had in time. The mailbox is as it was then.
pub fn append(
    path: &Path,
    sender: &str,
    head: &[u8],
    message: &Message,
    deadline: Deadline,
) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o640)
        .open(path)?;
    wait_for_lock(&file, deadline)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    let size = facts.len();
    let result = write(&file, size, sender, head, message);
    if result.is_err() {
        // A torn copy would spoil the next one.
        drop(file.set_len(size));
    }
    result
}

fn wait_for_lock(file: &File, deadline: Deadline) -> io::Result<()> {
    while !lock::try_exclusive(file.as_fd())? {
        if deadline.has_passed() {
            return Err(io::Error::other("is locked by somebody else"));
        }
        pause(Duration::from_millis(20));
    }
    Ok(())
}

/// Writes from `at` on.
struct At<'f> {
    file: &'f File,
    at: u64,
}

impl Write for At<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        fault::point("quarantine.write")?;
        let count = self.file.write_at(octets, self.at)?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(file: &File, size: u64, sender: &str, head: &[u8], message: &Message) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, At { file, at: size });
    let sender = if sender.is_empty() {
        "MAILER-DAEMON"
    } else {
        sender
    };
    writeln!(out, "From {sender} {}", LocalTime::for_mailbox_now())?;
    out.write_all(head)?;
    let size = usize::try_from(message.size()).unwrap_or(usize::MAX);
    let content = message.read(0, size)?;
    for line in content.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let bare = line
            .iter()
            .position(|&octet| octet != b'>')
            .and_then(|at| line.get(at..));
        if bare.is_some_and(|bare| bare.starts_with(b"From ")) {
            out.write_all(b">")?;
        }
        out.write_all(line)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    fault::point("quarantine.sync")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::content::ContentFacts;

    #[test]
    fn messages_stand_one_after_another_and_can_be_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mbox");
        let content = b"A: b\r\n\r\nFrom me\r\n>From you\r\n>> From\r\nlast\r\n";
        let facts = ContentFacts {
            size: content.len() as u64,
            ..ContentFacts::default()
        };
        let message = Message::composed(content.to_vec(), facts);
        let soon = Deadline::after(Duration::from_secs(5));
        append(&path, "a@b", b"Head: 1\n", &message, soon).unwrap();
        append(&path, "", b"Head: 2\n", &message, soon).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let froms: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("From "))
            .collect();
        assert_eq!(froms.len(), 2);
        assert!(froms[0].starts_with("From a@b ") && froms[1].starts_with("From MAILER-DAEMON "));
        assert!(
            text.contains("Head: 1\nA: b\n\n>From me\n>>From you\n>> From\nlast\n\nFrom MAILER")
        );
    }

    #[test]
    fn a_mailbox_that_somebody_holds_is_waited_for_and_not_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mbox");
        let holder = File::create(&path).unwrap();
        assert!(lock::try_exclusive(holder.as_fd()).unwrap());
        let message = Message::composed(Vec::new(), ContentFacts::default());
        let soon = Deadline::after(Duration::from_millis(50));
        let error = append(&path, "a@b", b"", &message, soon).unwrap_err();
        assert!(error.to_string().contains("locked"));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }
}
