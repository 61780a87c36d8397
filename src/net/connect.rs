//! Making connections.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::Path,
    time::Duration,
};

use super::stream::Stream;
use crate::sys::{clock::Deadline, socket};

/// Connects to `host` (an address or a name) over TCP; every address of the name is tried.
///
/// Names are asked of the system's resolver, which keeps its own time limits (`resolv.conf(5)`); next hops are
/// best given as addresses.
///
/// # Errors
/// The last address's.
pub fn tcp(host: &str, port: u16, from: Option<IpAddr>, deadline: Deadline) -> io::Result<Stream> {
    let mut result = Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!("no address for host {host:?}"),
    ));
    for address in addresses(host, port)? {
        let remaining = deadline.remaining();
        if remaining == Duration::ZERO {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // A source address of the other family cannot be used.
        let from = from.filter(|from| from.is_ipv4() == address.is_ipv4());
        result = socket::connect_tcp(address, from, remaining).map(Stream::new);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
        Err(_) => Ok((host, port).to_socket_addrs()?.collect()),
    }
}

/// Connects to a UNIX stream socket.
///
/// # Errors
/// The kernel's.
pub fn unix(path: &Path, deadline: Deadline) -> io::Result<Stream> {
    match deadline.remaining() {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        remaining => socket::connect_unix(path, remaining).map(Stream::new),
    }
}
