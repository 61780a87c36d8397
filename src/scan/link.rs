//! A connection to a scanner: made for one message, and closed with it, so that no late answer is taken for the next one.

use std::{
    io::IoSlice,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use super::failure::{ScanError, connecting};
use crate::{
    config::scanner::ScannerAddress,
    net::{connect, stream::Stream},
    sys::{clock::Deadline, socket},
};

/// Longest wait for a connection.
const CONNECTING: Duration = Duration::from_secs(10);
/// Octets that are received at a time.
const STEP: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Link {
    stream: Stream,
    address: String,
    received: Vec<u8>,
    deadline: Deadline,
    /// Octets of all answers that are taken.
    room: usize,
}

impl Link {
    /// Connects to the first of `addresses` that takes us.
    pub(super) fn open(
        addresses: &[ScannerAddress],
        deadline: Deadline,
        most: usize,
    ) -> Result<Self, ScanError> {
        let mut failure = ScanError::Program("no address is configured".to_owned());
        for address in addresses {
            let limit = deadline.or_after(CONNECTING);
            let result = match address {
                ScannerAddress::Unix(path) => connect::unix(path, limit),
                ScannerAddress::Tcp(host, port) => connect::tcp(host, *port, None, limit),
            };
            let address = address.to_string();
            match result {
                Ok(stream) => {
                    return Ok(Self {
                        stream,
                        address,
                        received: Vec::new(),
                        deadline,
                        room: most,
                    });
                }
                Err(error) => failure = connecting(&address, &error),
            }
        }
        Err(failure)
    }

    pub(super) fn send(&mut self, pieces: &[&[u8]]) -> Result<(), ScanError> {
        let mut pieces: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        self.stream
            .send_all(&mut pieces, false, self.deadline)
            .map_err(|error| ScanError::of(&self.address, error))
    }

    /// Sends a few octets, and an open descriptor with the first of them.
    pub(super) fn send_with_descriptor(
        &mut self,
        octets: &[u8],
        descriptor: BorrowedFd<'_>,
    ) -> Result<(), ScanError> {
        let sent = socket::send_descriptor(self.stream.as_fd(), octets, descriptor);
        let sent = sent.map_err(|error| ScanError::Unreachable {
            address: self.address.clone(),
            why: error.to_string(),
        })?;
        match octets.get(sent..) {
            None | Some([]) => Ok(()),
            Some(rest) => self.send(&[rest]),
        }
    }

    fn more(&mut self) -> Result<(), ScanError> {
        if self.room == 0 {
            return Err(ScanError::Strange("it does not end".to_owned()));
        }
        let most = STEP.min(self.room);
        let count = self
            .stream
            .receive(&mut self.received, most, self.deadline)
            .map_err(|error| ScanError::of(&self.address, error))?;
        self.room = self.room.saturating_sub(count);
        Ok(())
    }

    /// Everything up to the first `end`, which is taken away.
    pub(super) fn until(&mut self, end: u8) -> Result<Vec<u8>, ScanError> {
        loop {
            if let Some(at) = memchr::memchr(end, &self.received) {
                let rest = self.received.split_off(at + 1);
                let mut line = std::mem::replace(&mut self.received, rest);
                line.pop();
                return Ok(line);
            }
            self.more()?;
        }
    }

    /// Exactly `count` octets.
    pub(super) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, ScanError> {
        while self.received.len() < count {
            self.more()?;
        }
        let rest = self.received.split_off(count);
        Ok(std::mem::replace(&mut self.received, rest))
    }

    /// Everything up to the end of the connection.
    pub(super) fn until_closed(&mut self) -> Result<Vec<u8>, ScanError> {
        loop {
            match self.more() {
                Ok(()) => {}
                Err(ScanError::Closed(_)) => return Ok(std::mem::take(&mut self.received)),
                Err(error) => return Err(error),
            }
        }
    }

    /// One line without its end.
    pub(super) fn line(&mut self) -> Result<String, ScanError> {
        let mut line = self.until(b'\n')?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    pub(super) fn shut_down(&self) {
        socket::shut_down_sending(self.stream.as_fd());
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}
