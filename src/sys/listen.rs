//! Listening sockets: binding them, and saying who is in the way.

use std::{
    collections::BTreeSet,
    fs, io,
    net::SocketAddr,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{FileTypeExt, PermissionsExt},
    },
    path::Path,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, listen,
        setsockopt, socket, sockopt,
    },
};

use super::socket::connect_unix;

/// The kernel's own limit applies when this is larger.
const BACKLOG: i32 = 4096;

/// Binds a TCP listener: non-blocking, close-on-exec, address reusable, accepted sockets without delay.
///
/// # Errors
/// The kernel's; `AddrInUse` is the one that needs [`holders_of`].
pub fn bind_tcp(address: SocketAddr, backlog: Option<u32>) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let socket = socket(
        family,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::TcpNoDelay, &true)?;
    if address.is_ipv6() {
        setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&socket, backlog_of(backlog))?;
    Ok(socket)
}

/// Binds a UNIX stream listener with file mode `mode`. A socket file that nobody listens on is replaced.
///
/// # Errors
/// The kernel's; `AddrInUse` if someone listens there, `AlreadyExists` if the path is no socket.
pub fn bind_unix(path: &Path, mode: u32, backlog: Option<u32>) -> io::Result<OwnedFd> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(_) if connect_unix(path, Duration::from_secs(1)).is_ok() => {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    listen(&socket, backlog_of(backlog))?;
    Ok(socket)
}

fn backlog_of(wish: Option<u32>) -> Backlog {
    let wish = wish
        .and_then(|wish| i32::try_from(wish).ok())
        .unwrap_or(BACKLOG)
        .clamp(1, BACKLOG);
    Backlog::new(wish).unwrap_or(Backlog::MAXCONN)
}

/// True if this machine can have sockets of the address's family at all.
#[must_use]
pub fn has_family(address: &SocketAddr) -> bool {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    !matches!(
        socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None),
        Err(Errno::EAFNOSUPPORT)
    )
}

/// A process that listens on a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its title.
    pub title: String,
}

/// Who listens on a TCP port, as far as `/proc` shows it to us; `None` if nobody does.
#[must_use]
pub fn holders_of(port: u16) -> Option<Vec<Holder>> {
    let inodes = listening_inodes(port);
    if inodes.is_empty() {
        return None;
    }
    let mut holders = Vec::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(descriptors) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = descriptors.flatten().any(|descriptor| {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            let text = target.to_string_lossy();
            text.strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'))
                .is_some_and(|inode| inodes.contains(inode))
        });
        if holds {
            holders.push(Holder {
                pid,
                title: super::process::command_name(pid).unwrap_or_default(),
            });
        }
    }
    Some(holders)
}

/// Inodes of the sockets in state LISTEN on `port`.
fn listening_inodes(port: u16) -> BTreeSet<String> {
    const LISTEN: &str = "0A";
    let mut inodes = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table)
            .unwrap_or_default()
            .lines()
            .skip(1)
        {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            if let [_, local, _, LISTEN, _, _, _, _, _, inode, ..] = fields.as_slice()
                && local
                    .rsplit_once(':')
                    .and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok())
                    == Some(port)
            {
                inodes.insert((*inode).to_owned());
            }
        }
    }
    inodes
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::socket::{Endpoint, local_endpoint};

    #[test]
    fn a_port_in_use_names_its_holder() {
        let first = bind_tcp("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let Endpoint::Tcp(address) = local_endpoint(first.as_fd()).unwrap() else {
            panic!("not TCP")
        };
        let error = bind_tcp(address, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let holders = holders_of(address.port()).unwrap();
        assert!(
            holders
                .iter()
                .any(|holder| holder.pid == std::process::id()),
            "{holders:?}"
        );
        assert_eq!(holders_of(1), None);
    }

    #[test]
    fn a_stale_unix_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let first = bind_unix(&path, 0o660, None).unwrap();
        assert_eq!(
            bind_unix(&path, 0o660, None).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        drop(first);
        assert!(path.exists());
        bind_unix(&path, 0o600, None).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let file = dir.path().join("f");
        fs::write(&file, "x").unwrap();
        assert_eq!(
            bind_unix(&file, 0o660, None).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }
}
