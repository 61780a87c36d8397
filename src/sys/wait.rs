//! Waiting for descriptors, until a deadline, with the signal mask open if the caller wants to hear of signals.

use std::{io, os::fd::BorrowedFd, time::Duration};

use nix::{
    poll::{PollFd, PollFlags, ppoll},
    sys::{signal::SigSet, time::TimeSpec},
};

use super::{clock::Deadline, signal};

/// What is waited for on one descriptor, and what came.
#[derive(Clone, Copy, Debug)]
pub struct Interest<'f> {
    /// The descriptor.
    pub descriptor: BorrowedFd<'f>,
    /// Wait until it can be written; otherwise until it can be read.
    pub for_writing: bool,
    /// Set by the wait: it can be read or written, or it failed.
    pub is_ready: bool,
    /// Set by the wait: the other side is gone.
    pub is_closed: bool,
}

impl<'f> Interest<'f> {
    /// Waits until it can be read.
    #[must_use]
    pub const fn reading(descriptor: BorrowedFd<'f>) -> Self {
        Self {
            descriptor,
            for_writing: false,
            is_ready: false,
            is_closed: false,
        }
    }

    /// Waits until it can be written.
    #[must_use]
    pub const fn writing(descriptor: BorrowedFd<'f>) -> Self {
        Self {
            descriptor,
            for_writing: true,
            is_ready: false,
            is_closed: false,
        }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// Some descriptor is ready.
    Ready,
    /// A signal was taken.
    Signal,
    /// The deadline passed.
    TimedOut,
}

/// Waits until a descriptor is ready, the deadline passes, or (with `hears_signals`) a signal comes.
///
/// Signals that are pending when the wait begins end it at once if it has to wait; if a descriptor is ready all along, they do so
/// within [`signal::OVERLOOKED`]. `None` waits without limit; only a child that is idle and the lifeline's watcher may do that.
///
/// # Errors
/// The kernel's.
pub fn wait(
    interests: &mut [Interest<'_>],
    deadline: Option<Deadline>,
    hears_signals: bool,
) -> io::Result<Wake> {
    let mut polls: Vec<PollFd<'_>> = interests.iter().map(poll_entry).collect();
    let mask = hears_signals.then(SigSet::empty);
    loop {
        let timeout = deadline.map(|deadline| TimeSpec::from_duration(deadline.remaining()));
        match ppoll(&mut polls, timeout, mask) {
            Ok(0) => return Ok(Wake::TimedOut),
            Ok(_) if hears_signals && signal::deliver_overlooked()? => return Ok(Wake::Signal),
            Ok(_) => break,
            Err(nix::errno::Errno::EINTR) if hears_signals => return Ok(Wake::Signal),
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for (interest, poll) in interests.iter_mut().zip(&polls) {
        let came = poll.revents().unwrap_or(PollFlags::POLLERR);
        interest.is_ready = !came.is_empty();
        interest.is_closed =
            came.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL);
    }
    Ok(Wake::Ready)
}

fn poll_entry<'f>(interest: &Interest<'f>) -> PollFd<'f> {
    PollFd::new(
        interest.descriptor,
        if interest.for_writing {
            PollFlags::POLLOUT
        } else {
            PollFlags::POLLIN
        },
    )
}

/// Lets time pass; for pauses between tries, never for keeping others waiting.
pub fn pause(span: Duration) {
    let deadline = Deadline::after(span);
    while !deadline.has_passed() {
        if wait(&mut [], Some(deadline), false).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::fd::pipe;

    #[test]
    fn a_wait_ends_with_its_deadline_or_its_descriptor() {
        let (reader, writer) = pipe().unwrap();
        let mut interests = [Interest::reading(reader.as_fd())];
        let soon = Deadline::after(Duration::from_millis(5));
        assert_eq!(
            wait(&mut interests, Some(soon), false).unwrap(),
            Wake::TimedOut
        );
        drop(writer);
        assert_eq!(wait(&mut interests, None, false).unwrap(), Wake::Ready);
        assert!(interests[0].is_ready && interests[0].is_closed);
    }
}
