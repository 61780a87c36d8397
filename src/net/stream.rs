//! One connection.
//!
//! The deadline is kept by limits on the socket, so that a receive that need not wait costs one system call: the limit is a
//! tick of [`TICK`] that is set once, and made shorter only when less than that remains.

use std::{
    io::{self, IoSlice},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use thiserror::Error;

use crate::sys::{
    clock::Deadline,
    socket::{self, Endpoint, Pending},
    wait::{Interest, Wake, wait},
};

/// Longest single wait of a socket call.
const TICK: Duration = Duration::from_secs(30);

/// Why a connection is of no more use.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The other side has closed it.
    #[error("connection closed by peer")]
    Closed,
    /// The deadline passed.
    #[error("timed out")]
    TimedOut,
    /// The kernel's error.
    #[error("{0}")]
    Broken(#[from] io::Error),
}

/// An open connection.
#[derive(Debug)]
pub struct Stream {
    socket: OwnedFd,
    /// Limits set on the socket; zero before the first call.
    receive_limit: Duration,
    send_limit: Duration,
}

impl Stream {
    /// Takes over a connected socket in blocking mode.
    #[must_use]
    pub const fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            receive_limit: Duration::ZERO,
            send_limit: Duration::ZERO,
        }
    }

    /// Receives at least one octet, at most `most`, and appends to `buffer`.
    ///
    /// # Errors
    /// See [`StreamError`]; the end of the stream is `Closed`.
    pub fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        most: usize,
        deadline: Deadline,
    ) -> Result<usize, StreamError> {
        loop {
            let limit = limit_for(deadline)?;
            if is_unfit(self.receive_limit, limit) {
                socket::set_receive_limit(self.socket.as_fd(), limit)?;
                self.receive_limit = limit;
            }
            match socket::receive(self.socket.as_fd(), buffer, most) {
                Ok(0) => return Err(StreamError::Closed),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_loss(&error) => return Err(StreamError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends all octets of `pieces`. `more_follows` lets the kernel wait for the next call before it fills a segment.
    ///
    /// # Errors
    /// See [`StreamError`]; some octets may have gone out.
    pub fn send_all(
        &mut self,
        pieces: &mut [IoSlice<'_>],
        more_follows: bool,
        deadline: Deadline,
    ) -> Result<(), StreamError> {
        // The kernel takes at most this many pieces in one call.
        const PIECES: usize = 1024;
        let mut rest = pieces;
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            self.limit_sending(deadline)?;
            let batch = rest.get(..rest.len().min(PIECES)).unwrap_or_default();
            match socket::send(
                self.socket.as_fd(),
                batch,
                more_follows || batch.len() < rest.len(),
            ) {
                Ok(sent) => IoSlice::advance_slices(&mut rest, sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_loss(&error) => return Err(StreamError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sends octets.
    ///
    /// # Errors
    /// As [`Self::send_all`].
    pub fn send(&mut self, octets: &[u8], deadline: Deadline) -> Result<(), StreamError> {
        self.send_all(&mut [IoSlice::new(octets)], false, deadline)
    }

    /// Sends `count` octets of a file from `offset` without copying them.
    ///
    /// # Errors
    /// As [`Self::send_all`]; `Broken` if the file is shorter.
    pub fn send_file(
        &mut self,
        file: BorrowedFd<'_>,
        offset: u64,
        count: u64,
        deadline: Deadline,
    ) -> Result<(), StreamError> {
        let (mut at, end) = (offset, offset.saturating_add(count));
        while at < end {
            self.limit_sending(deadline)?;
            let left = end - at;
            match socket::send_file(self.socket.as_fd(), file, &mut at, left) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_loss(&error) => return Err(StreamError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until something can be read, and hears signals meanwhile.
    ///
    /// # Errors
    /// The kernel's.
    pub fn wait_readable(&self, deadline: Deadline) -> io::Result<Wake> {
        wait(
            &mut [Interest::reading(self.socket.as_fd())],
            Some(deadline),
            true,
        )
    }

    /// True if the other side has neither sent nor closed: what a kept connection must be.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        socket::pending(self.socket.as_fd()) == Pending::Nothing
    }

    /// Ends sending, and reads what the other side still has to say, for a little while: closing with unread octets would
    /// destroy our own last words on their way.
    pub fn close_gently(&mut self, patience: Duration) {
        const MOST: usize = 1 << 20;
        socket::shut_down_sending(self.socket.as_fd());
        let (deadline, mut total, mut buffer) = (Deadline::after(patience), 0, Vec::new());
        while total < MOST {
            buffer.clear();
            match self.receive(&mut buffer, 16 * 1024, deadline) {
                Ok(count) => total += count,
                Err(_) => return,
            }
        }
    }

    /// Our end.
    ///
    /// # Errors
    /// The kernel's.
    pub fn local_endpoint(&self) -> io::Result<Endpoint> {
        socket::local_endpoint(self.socket.as_fd())
    }

    /// The other end.
    ///
    /// # Errors
    /// The kernel's.
    pub fn peer_endpoint(&self) -> io::Result<Endpoint> {
        socket::peer_endpoint(self.socket.as_fd())
    }

    fn limit_sending(&mut self, deadline: Deadline) -> Result<(), StreamError> {
        let limit = limit_for(deadline)?;
        if is_unfit(self.send_limit, limit) {
            socket::set_send_limit(self.socket.as_fd(), limit)?;
            self.send_limit = limit;
        }
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The limit for one call: a tick, or what remains if that is less.
fn limit_for(deadline: Deadline) -> Result<Duration, StreamError> {
    match deadline.remaining() {
        Duration::ZERO => Err(StreamError::TimedOut),
        remaining => Ok(remaining.min(TICK)),
    }
}

/// True if the limit set on the socket is too long, or so short that it would wake us for nothing.
fn is_unfit(set: Duration, wanted: Duration) -> bool {
    set > wanted || set < wanted / 8
}

/// True for errors that mean "the other side is gone".
fn is_loss(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "a peer of the test's own, which ends"
)]
mod tests {
    use std::{
        io::{Read, Seek, SeekFrom, Write},
        os::unix::net::UnixStream,
    };

    use super::*;

    fn pair() -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Stream::new(ours.into()), theirs)
    }

    #[test]
    fn a_silent_peer_costs_no_more_than_the_deadline() {
        let (mut stream, _peer) = pair();
        let begin = std::time::Instant::now();
        let result = stream.receive(
            &mut Vec::new(),
            10,
            Deadline::after(Duration::from_millis(30)),
        );
        assert!(matches!(result, Err(StreamError::TimedOut)));
        let octets = vec![0_u8; 10 << 20];
        let result = stream.send(&octets, Deadline::after(Duration::from_millis(30)));
        assert!(
            matches!(result, Err(StreamError::TimedOut)),
            "a peer that does not read"
        );
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn closing_is_told_apart_from_silence() {
        let (mut stream, mut peer) = pair();
        assert!(stream.is_quiet());
        peer.write_all(b"421 bye").unwrap();
        assert!(!stream.is_quiet());
        drop(peer);
        let mut buffer = Vec::new();
        let soon = Deadline::after(Duration::from_secs(5));
        assert_eq!(stream.receive(&mut buffer, 100, soon).unwrap(), 7);
        assert!(!stream.is_quiet());
        assert!(matches!(
            stream.receive(&mut buffer, 100, soon),
            Err(StreamError::Closed)
        ));
        assert!(matches!(stream.send(b"x", soon), Err(StreamError::Closed)));
    }

    #[test]
    fn many_pieces_and_files_arrive_in_order() {
        let (mut stream, mut peer) = pair();
        let soon = Deadline::after(Duration::from_secs(5));
        let texts: Vec<String> = (0..3000).map(|n| format!("{n} ")).collect();
        let mut pieces: Vec<IoSlice<'_>> =
            texts.iter().map(|t| IoSlice::new(t.as_bytes())).collect();
        pieces.insert(0, IoSlice::new(b""));
        stream.send_all(&mut pieces, true, soon).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"skip:content:skip").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        stream.send_file(file.as_fd(), 5, 7, soon).unwrap();
        assert!(matches!(
            stream.send_file(file.as_fd(), 5, 70, soon),
            Err(StreamError::Broken(_))
        ));
        drop(stream);
        let mut got = String::new();
        peer.read_to_string(&mut got).unwrap();
        assert_eq!(got, texts.concat() + "content" + "content:skip");
    }
}
