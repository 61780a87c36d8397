//! Sockets: connect, accept, receive, send. Deadlines are the caller's business (`net`); here each call has a time limit
//! that was set on the socket before.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    path::Path,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::{
        socket::{
            AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, SockaddrLike,
            SockaddrStorage, UnixAddr, accept4, bind, connect, getpeername, getsockname, recv,
            sendmsg, setsockopt, socket, sockopt,
        },
        time::TimeVal,
    },
};

use super::fault::{self, Fault};

/// Address of one end of a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// TCP.
    Tcp(SocketAddr),
    /// UNIX; the path, empty for an unnamed socket.
    Unix(String),
}

impl Endpoint {
    /// The IP address, IPv4-mapped ones as IPv4; `None` for UNIX sockets.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip().to_canonical()),
            Self::Unix(_) => None,
        }
    }

    /// The TCP port.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

/// `127.0.0.1:10024`, `[::1]:10024` or the path.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

/// Connects over TCP; the call itself takes no longer than `limit`. No-delay is set: what is written goes out.
///
/// # Errors
/// The kernel's; `TimedOut` when the limit passed.
pub fn connect_tcp(to: SocketAddr, from: Option<IpAddr>, limit: Duration) -> io::Result<OwnedFd> {
    let family = if to.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    fault::point("net.connect")?;
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
    if let Some(from) = from {
        bind(
            socket.as_raw_fd(),
            &SockaddrStorage::from(SocketAddr::new(from, 0)),
        )?;
    }
    finish_connect(socket, &SockaddrStorage::from(to), limit)
}

/// Connects to a UNIX stream socket.
///
/// # Errors
/// As [`connect_tcp`].
pub fn connect_unix(path: &Path, limit: Duration) -> io::Result<OwnedFd> {
    fault::point("net.connect")?;
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    finish_connect(socket, &UnixAddr::new(path)?, limit)
}

fn finish_connect(socket: OwnedFd, to: &dyn SockaddrLike, limit: Duration) -> io::Result<OwnedFd> {
    set_send_limit(socket.as_fd(), limit)?;
    loop {
        match connect(socket.as_raw_fd(), to) {
            Ok(()) | Err(Errno::EISCONN) => return Ok(socket),
            // Stopped and continued while it waited: the second call waits for the same connection.
            Err(Errno::EINTR) => {}
            Err(Errno::EINPROGRESS | Errno::EAGAIN | Errno::EALREADY) => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Accepts a connection from a non-blocking listener; `None` if there is none (another child was faster).
///
/// # Errors
/// The kernel's, for the caller to wait a little: they come from a full descriptor table or the like.
pub fn accept(listener: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    fault::point("net.accept")?;
    match accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
        // SAFETY: the kernel has just made this descriptor for us.
        Ok(number) => Ok(Some(unsafe { OwnedFd::from_raw_fd(number) })),
        // EINVAL: the master has shut the socket down, and a signal that says so is on its way.
        Err(Errno::EAGAIN | Errno::ECONNABORTED | Errno::EINTR | Errno::EPROTO | Errno::EINVAL) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends small writes at once; without effect on UNIX sockets.
///
/// # Errors
/// The kernel's.
pub fn set_no_delay(socket: BorrowedFd<'_>) -> io::Result<()> {
    match setsockopt(&socket, sockopt::TcpNoDelay, &true) {
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOPROTOOPT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ends every later receive on the socket after `limit` at the latest.
///
/// # Errors
/// The kernel's.
pub fn set_receive_limit(socket: BorrowedFd<'_>, limit: Duration) -> io::Result<()> {
    Ok(setsockopt(
        &socket,
        sockopt::ReceiveTimeout,
        &time_value(limit),
    )?)
}

/// Ends every later send on the socket after `limit` at the latest.
///
/// # Errors
/// The kernel's.
pub fn set_send_limit(socket: BorrowedFd<'_>, limit: Duration) -> io::Result<()> {
    Ok(setsockopt(
        &socket,
        sockopt::SendTimeout,
        &time_value(limit),
    )?)
}

/// Zero would mean "no limit": at least one millisecond.
fn time_value(limit: Duration) -> TimeVal {
    let limit = limit.clamp(Duration::from_millis(1), Duration::from_secs(86_400));
    let seconds = libc::time_t::try_from(limit.as_secs()).unwrap_or(86_400);
    TimeVal::new(seconds, libc::suseconds_t::from(limit.subsec_micros()))
}

/// Receives and appends to `buffer`, at most `most` octets, without clearing memory first. Zero is the end of the stream.
///
/// # Errors
/// `WouldBlock` when the receive limit passed; otherwise the kernel's. Interruptions are repeated.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    /// Less room than this is not worth a call.
    const WORTHWHILE: usize = 16 * 1024;
    fault::point("net.receive")?;
    if buffer.capacity() - buffer.len() < most.min(WORTHWHILE) {
        // Grows by doubling, as the message does.
        buffer.reserve(most.min(WORTHWHILE));
    }
    loop {
        let room = buffer.spare_capacity_mut();
        let length = room.len().min(most);
        // SAFETY: pointer and length are those of the vector's own spare room.
        let got = unsafe { libc::recv(socket.as_raw_fd(), room.as_mut_ptr().cast(), length, 0) };
        match usize::try_from(got) {
            Ok(got) => {
                let filled = buffer.len() + got;
                // SAFETY: the kernel has written `got` octets, `got <= length <= room.len()`.
                unsafe { buffer.set_len(filled) };
                return Ok(got);
            }
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// What can be read without waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pending {
    /// Nothing yet.
    Nothing,
    /// Octets.
    Octets,
    /// The other side has closed, or the connection broke.
    Closed,
}

/// Looks whether something can be read, without taking it.
#[must_use]
pub fn pending(socket: BorrowedFd<'_>) -> Pending {
    let mut octet = [0_u8];
    match recv(
        socket.as_raw_fd(),
        &mut octet,
        MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT,
    ) {
        Ok(0) => Pending::Closed,
        Ok(_) => Pending::Octets,
        Err(Errno::EAGAIN | Errno::EINTR) => Pending::Nothing,
        Err(_) => Pending::Closed,
    }
}

/// Sends from several places in one call; gives the number of octets taken, which may be fewer. `more_follows` lets the kernel
/// wait for the next call before it fills a segment.
///
/// # Errors
/// `WouldBlock` when the send limit passed; otherwise the kernel's. Interruptions are repeated.
pub fn send(
    socket: BorrowedFd<'_>,
    pieces: &[IoSlice<'_>],
    more_follows: bool,
) -> io::Result<usize> {
    let pieces = match fault::point("net.send")? {
        Fault::None => pieces,
        Fault::Short => return short_send(socket, pieces),
    };
    let mut flags = MsgFlags::MSG_NOSIGNAL;
    flags.set(MsgFlags::from_bits_retain(libc::MSG_MORE), more_follows);
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), pieces, &[], flags, None) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Sends an open descriptor with a few octets over a UNIX socket; gives the number of octets taken.
///
/// # Errors
/// The kernel's; interruptions are repeated.
pub fn send_descriptor(
    socket: BorrowedFd<'_>,
    octets: &[u8],
    descriptor: BorrowedFd<'_>,
) -> io::Result<usize> {
    let descriptors = [descriptor.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&descriptors)];
    let piece = [IoSlice::new(octets)];
    loop {
        match sendmsg::<()>(
            socket.as_raw_fd(),
            &piece,
            &control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        ) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

fn short_send(socket: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let first: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.iter().copied())
        .take(1)
        .collect();
    Ok(sendmsg::<()>(
        socket.as_raw_fd(),
        &[IoSlice::new(&first)],
        &[],
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?)
}

/// Sends part of a file: up to `count` octets from `*offset`, which moves on.
///
/// # Errors
/// As [`send`]; `UnexpectedEof` if the file ends before.
pub fn send_file(
    socket: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: &mut u64,
    count: u64,
) -> io::Result<usize> {
    fault::point("net.send")?;
    let mut at = libc::off64_t::try_from(*offset).map_err(|_| io::ErrorKind::InvalidInput)?;
    // The kernel takes less than 2 GiB in one call.
    let count = usize::try_from(count.min(1 << 30)).unwrap_or(1 << 30);
    loop {
        match nix::sys::sendfile::sendfile64(socket, file, Some(&mut at), count) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            result => {
                let sent = result?;
                *offset += sent as u64;
                return Ok(sent);
            }
        }
    }
}

/// Ends sending: the other side sees the end of the stream.
pub fn shut_down_sending(socket: BorrowedFd<'_>) {
    // SAFETY: no memory is involved; a socket that is closed already is not an error that matters.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) };
}

/// Ends listening on a socket for all processes that share it: new connections are refused at once.
pub fn shut_down_listening(socket: BorrowedFd<'_>) {
    // SAFETY: no memory is involved.
    unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
}

/// Our end of a socket.
///
/// # Errors
/// The kernel's, or `Unsupported` for other families.
pub fn local_endpoint(socket: BorrowedFd<'_>) -> io::Result<Endpoint> {
    endpoint(&getsockname::<SockaddrStorage>(socket.as_raw_fd())?)
}

/// The other end of a socket.
///
/// # Errors
/// As [`local_endpoint`].
pub fn peer_endpoint(socket: BorrowedFd<'_>) -> io::Result<Endpoint> {
    endpoint(&getpeername::<SockaddrStorage>(socket.as_raw_fd())?)
}

fn endpoint(address: &SockaddrStorage) -> io::Result<Endpoint> {
    if let Some(v4) = address.as_sockaddr_in() {
        Ok(Endpoint::Tcp(SocketAddr::new(
            IpAddr::V4(v4.ip()),
            v4.port(),
        )))
    } else if let Some(v6) = address.as_sockaddr_in6() {
        Ok(Endpoint::Tcp(SocketAddr::new(
            IpAddr::V6(v6.ip()),
            v6.port(),
        )))
    } else if let Some(unix) = address.as_unix_addr() {
        Ok(Endpoint::Unix(
            unix.path()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
        ))
    } else {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// True if the socket is a listening stream socket of the internet or UNIX family.
#[must_use]
pub fn is_listener(socket: BorrowedFd<'_>) -> bool {
    let listens = nix::sys::socket::getsockopt(&socket, sockopt::AcceptConn).unwrap_or(false);
    listens && local_endpoint(socket).is_ok()
}
