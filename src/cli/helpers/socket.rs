//! Asking a running daemon over its AM.PDP socket.

use std::{path::Path, time::Duration};

use crate::{
    net::{connect, stream::Stream},
    sys::clock::Deadline,
    wire::ampdp::{Incoming, Receiver, Request, Response},
};

/// Where the original's programs look.
const SOCKET: &str = "/var/lib/amavis/amavisd.sock";
/// Names another one: a path, or `[host]:port`.
const VARIABLE: &str = "AMAVISD_SOCKET";
/// Longest wait for an answer: a message is checked, and handed on, meanwhile.
const PATIENCE: Duration = Duration::from_secs(1800);

/// A connection to the daemon.
pub(super) struct Connection {
    stream: Stream,
    receiver: Receiver,
    input: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Which socket, and why not.
    pub(super) fn open() -> Result<Self, String> {
        let place = std::env::var(VARIABLE).unwrap_or_else(|_| SOCKET.to_owned());
        let deadline = Deadline::after(Duration::from_secs(30));
        let stream = if place.starts_with('/') {
            connect::unix(Path::new(&place), deadline)
        } else {
            let (host, port) = place
                .rsplit_once(':')
                .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
                .ok_or_else(|| {
                    format!("{VARIABLE}: {place:?} is neither a path nor [host]:port")
                })?;
            connect::tcp(host.trim_matches(['[', ']']), port, None, deadline)
        };
        let stream =
            stream.map_err(|error| format!("Can't connect to AM.PDP socket {place}: {error}"))?;
        Ok(Self {
            stream,
            receiver: Receiver::default(),
            input: Vec::new(),
        })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn ask(&mut self, request: Response) -> Result<Request, String> {
        let deadline = Deadline::after(PATIENCE);
        let lost = |error: &dyn std::fmt::Display| format!("the daemon gave no answer: {error}");
        self.stream
            .send(&request.finish(), deadline)
            .map_err(|error| lost(&error))?;
        loop {
            match self.receiver.take(&mut self.input) {
                Incoming::Request(answer) => return Ok(answer),
                Incoming::TooLong => return Err("the daemon's answer is too long".to_owned()),
                Incoming::Part => {
                    self.stream
                        .receive(&mut self.input, 64 * 1024, deadline)
                        .map_err(|error| lost(&error))?;
                }
            }
        }
    }
}

/// The replies in an answer, as text.
pub(super) fn replies(answer: &Request) -> Vec<String> {
    answer
        .all("setreply")
        .map(|reply| crate::log::escape(String::from_utf8_lossy(reply).into_owned()))
        .collect()
}
