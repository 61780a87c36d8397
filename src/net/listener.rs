//! Listening sockets, and waiting for whoever comes to one of them.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    rc::Rc,
};

use super::stream::Stream;
use crate::sys::{
    clock::Deadline,
    socket::{self, Endpoint},
    wait::{Interest, Wake, wait},
};

/// A listening socket, shared by the master and all its children.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The socket, in non-blocking mode: another process may be faster.
    pub socket: Rc<OwnedFd>,
    /// Where it listens.
    pub endpoint: Endpoint,
}

/// Why waiting for a connection ended.
#[derive(Debug)]
pub enum Arrival {
    /// A connection to the listener with this index.
    Connection(usize, Stream),
    /// Others were faster, or a signal came: look at the flags and wait again.
    Nothing,
    /// The deadline passed.
    TimedOut,
    /// The descriptor that tells of the master's life was closed.
    MasterGone,
    /// Something happened on the extra descriptor.
    Extra,
}

/// Waits for a connection, the master's death (`lifeline`), or anything on `extra`; signals are heard.
///
/// # Errors
/// The kernel's: a full descriptor table or the like. The caller waits a little and tries again.
pub fn arrival(
    listeners: &[Listener],
    lifeline: BorrowedFd<'_>,
    extra: Option<BorrowedFd<'_>>,
    deadline: Option<Deadline>,
) -> io::Result<Arrival> {
    let mut interests: Vec<Interest<'_>> = listeners
        .iter()
        .map(|listener| Interest::reading(listener.socket.as_fd()))
        .collect();
    interests.push(Interest::reading(lifeline));
    interests.extend(extra.map(Interest::reading));
    match wait(&mut interests, deadline, true)? {
        Wake::Signal => return Ok(Arrival::Nothing),
        Wake::TimedOut => return Ok(Arrival::TimedOut),
        Wake::Ready => {}
    }
    let (listening, others) = interests.split_at(listeners.len().min(interests.len()));
    match others {
        // Nobody writes into the lifeline: readable means closed.
        [lifeline, ..] if lifeline.is_ready => return Ok(Arrival::MasterGone),
        [_, extra] if extra.is_ready => return Ok(Arrival::Extra),
        _ => {}
    }
    for (index, interest) in listening.iter().enumerate() {
        if interest.is_ready
            && let Some(connection) = socket::accept(interest.descriptor)?
        {
            return Ok(Arrival::Connection(index, Stream::new(connection)));
        }
    }
    Ok(Arrival::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        net::connect,
        sys::{fd::pipe, listen::bind_tcp},
    };
    use std::time::Duration;

    #[test]
    fn whoever_comes_first_is_told() {
        let socket = bind_tcp("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let endpoint = socket::local_endpoint(socket.as_fd()).unwrap();
        let listeners = [Listener {
            socket: Rc::new(socket),
            endpoint: endpoint.clone(),
        }];
        let (lifeline, master) = pipe().unwrap();
        let soon = || Some(Deadline::after(Duration::from_millis(10)));
        assert!(matches!(
            arrival(&listeners, lifeline.as_fd(), None, soon()),
            Ok(Arrival::TimedOut)
        ));
        let long = Deadline::after(Duration::from_secs(5));
        let _client = connect::tcp("127.0.0.1", endpoint.port().unwrap(), None, long).unwrap();
        assert!(matches!(
            arrival(&listeners, lifeline.as_fd(), None, Some(long)),
            Ok(Arrival::Connection(0, _))
        ));
        let (extra, other) = pipe().unwrap();
        drop(other);
        assert!(matches!(
            arrival(
                &listeners,
                lifeline.as_fd(),
                Some(extra.as_fd()),
                Some(long)
            ),
            Ok(Arrival::Extra)
        ));
        drop(master);
        assert!(matches!(
            arrival(
                &listeners,
                lifeline.as_fd(),
                Some(extra.as_fd()),
                Some(long)
            ),
            Ok(Arrival::MasterGone)
        ));
    }

    #[test]
    fn a_refused_connection_is_an_error_and_a_passed_deadline_another() {
        let gone = bind_tcp("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let port = socket::local_endpoint(gone.as_fd())
            .unwrap()
            .port()
            .unwrap();
        drop(gone);
        let long = Deadline::after(Duration::from_secs(5));
        assert_eq!(
            connect::tcp("127.0.0.1", port, None, long)
                .unwrap_err()
                .kind(),
            io::ErrorKind::ConnectionRefused
        );
        let past = Deadline::after(Duration::ZERO);
        assert_eq!(
            connect::tcp("127.0.0.1", port, None, past)
                .unwrap_err()
                .kind(),
            io::ErrorKind::TimedOut
        );
    }
}
