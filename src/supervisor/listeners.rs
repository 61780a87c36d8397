//! The sockets that are listened on: bound at start, inherited, kept over a reload.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    rc::Rc,
    time::Duration,
};

use crate::{
    config::{listen::ListenAddress, settled::ListenConfig},
    sys::{
        clock::Deadline,
        fd,
        listen::{bind_tcp, bind_unix, has_family, holders_of},
        service::Inherited,
        socket::{self, Endpoint},
        wait::pause,
    },
};

/// All listeners.
#[derive(Clone, Debug, Default)]
pub struct Listeners {
    all: Vec<Bound>,
}

#[derive(Clone, Debug)]
struct Bound {
    /// What the configuration said; `None` for a socket that came from outside and is not in it.
    wanted: Option<ListenAddress>,
    endpoint: Endpoint,
    socket: Rc<OwnedFd>,
    /// Made by the service manager: it is not ours to shut down or to unlink.
    is_foreign: bool,
}

impl Listeners {
    /// How long a port may stay in use by children of a master that died: they finish their messages first.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Binds what the configuration wants and `inherited` has not.
    ///
    /// # Errors
    /// Which socket could not be bound, why, and what to do.
    pub fn bind(config: &ListenConfig, inherited: Vec<Inherited>) -> Result<Self, String> {
        let mut listeners = Self {
            all: inherited.into_iter().filter_map(adopt).collect(),
        };
        for address in &config.addresses {
            if !listeners.claim(address) {
                listeners.all.extend(bind(address, config)?);
            }
        }
        // What the program before this one listened on and the configuration no longer names.
        listeners
            .all
            .retain(|bound| bound.is_foreign || bound.wanted.is_some());
        if listeners.all.is_empty() {
            return Err(
                "no socket to listen on: the machine has no address family for any of them"
                    .to_owned(),
            );
        }
        Ok(listeners)
    }

    /// The listeners for a new configuration: equal ones are kept, new ones bound; those no longer wanted end with the last
    /// child that has them.
    ///
    /// # Errors
    /// As [`Self::bind`]; nothing was changed then.
    pub fn changed(&self, config: &ListenConfig) -> Result<Self, String> {
        let mut all: Vec<Bound> = self
            .all
            .iter()
            .filter(|bound| bound.is_foreign)
            .cloned()
            .collect();
        for address in &config.addresses {
            if all.iter().any(|bound| bound.serves(address)) {
                continue;
            }
            match self
                .all
                .iter()
                .find(|bound| bound.wanted.as_ref() == Some(address))
            {
                Some(kept) => all.push(kept.clone()),
                None => all.extend(bind(address, config)?),
            }
        }
        Ok(Self { all })
    }

    /// Marks an inherited socket as the one for `address`.
    fn claim(&mut self, address: &ListenAddress) -> bool {
        let exact = self.all.iter().position(|bound| bound.serves(address));
        let found = exact.or_else(|| self.all.iter().position(|bound| bound.may_serve(address)));
        match found.and_then(|at| self.all.get_mut(at)) {
            Some(bound) => {
                bound.wanted = Some(address.clone());
                true
            }
            None => false,
        }
    }

    /// Sockets and where they listen.
    #[must_use]
    pub fn sockets(&self) -> Vec<(Rc<OwnedFd>, Endpoint)> {
        self.all
            .iter()
            .map(|bound| (Rc::clone(&bound.socket), bound.endpoint.clone()))
            .collect()
    }

    /// Names and descriptors for a program that takes this one's place.
    #[must_use]
    pub fn hand_over(&self) -> Vec<(String, BorrowedFd<'_>)> {
        let name = |bound: &Bound| {
            if bound.is_foreign {
                "smtp.foreign"
            } else {
                "smtp"
            }
        };
        self.all
            .iter()
            .map(|bound| (name(bound).to_owned(), bound.socket.as_fd()))
            .collect()
    }

    /// Where they listen, separated by blanks.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<String> = self
            .all
            .iter()
            .map(|bound| bound.endpoint.to_string())
            .collect();
        names.join(" ")
    }

    /// Stops listening: who connects is refused at once, and does not wait in vain.
    pub fn close(&mut self) {
        for bound in self.all.drain(..) {
            if bound.is_foreign {
                continue;
            }
            socket::shut_down_listening(bound.socket.as_fd());
            if let Endpoint::Unix(path) = &bound.endpoint {
                drop(std::fs::remove_file(path));
            }
        }
    }
}

impl Bound {
    fn serves(&self, address: &ListenAddress) -> bool {
        match (&self.endpoint, address) {
            (Endpoint::Tcp(here), ListenAddress::Tcp(there)) => here == there,
            (Endpoint::Unix(here), ListenAddress::Unix(there)) => {
                std::path::Path::new(here) == there
            }
            _ => false,
        }
    }

    /// True for a socket of the program before this one whose port the kernel chose, if a port is still to be chosen.
    fn may_serve(&self, address: &ListenAddress) -> bool {
        match (&self.endpoint, address) {
            (Endpoint::Tcp(here), ListenAddress::Tcp(there)) => {
                there.port() == 0
                    && here.ip() == there.ip()
                    && self.wanted.is_none()
                    && !self.is_foreign
            }
            _ => false,
        }
    }
}

/// Takes over an inherited socket, if it is a listening one.
fn adopt(inherited: Inherited) -> Option<Bound> {
    if !socket::is_listener(inherited.descriptor.as_fd()) {
        return None;
    }
    fd::set_nonblocking(inherited.descriptor.as_fd(), true).ok()?;
    socket::set_no_delay(inherited.descriptor.as_fd()).ok()?;
    let endpoint = socket::local_endpoint(inherited.descriptor.as_fd()).ok()?;
    // `smtp` is the name under which a program before this one handed over what it had bound itself.
    let is_foreign = inherited.name != "smtp";
    Some(Bound {
        wanted: None,
        endpoint,
        socket: Rc::new(inherited.descriptor),
        is_foreign,
    })
}

/// Binds one socket; `None` if the machine lacks its address family.
fn bind(address: &ListenAddress, config: &ListenConfig) -> Result<Option<Bound>, String> {
    let bound = match address {
        ListenAddress::Tcp(tcp) if !has_family(tcp) => return Ok(None),
        ListenAddress::Tcp(tcp) => match bind_patiently(*tcp, config.backlog) {
            // `[::1]` on a machine whose loopback has no IPv6 address.
            Err(error)
                if tcp.is_ipv6()
                    && error.kind() == io::ErrorKind::AddrNotAvailable
                    && tcp.ip().is_loopback() =>
            {
                return Ok(None);
            }
            result => result.map_err(|error| explain_tcp(*tcp, &error))?,
        },
        ListenAddress::Unix(path) => bind_unix(path, config.unix_mode, config.backlog)
            .map_err(|error| explain_unix(&path.display().to_string(), &error))?,
    };
    let endpoint = socket::local_endpoint(bound.as_fd())
        .map_err(|error| format!("cannot ask where {address} listens: {error}"))?;
    Ok(Some(Bound {
        wanted: Some(address.clone()),
        endpoint,
        socket: Rc::new(bound),
        is_foreign: false,
    }))
}

/// Binds; tries again for a little while if the port is in use by orphans of an earlier master, which are about to let it go.
fn bind_patiently(address: SocketAddr, backlog: Option<u32>) -> io::Result<OwnedFd> {
    let deadline = Deadline::after(Listeners::PATIENCE);
    loop {
        match bind_tcp(address, backlog) {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && !deadline.has_passed()
                    && is_held_by_orphans(address.port()) =>
            {
                pause(Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

/// True if children without a master hold the port, or if it was let go meanwhile.
fn is_held_by_orphans(port: u16) -> bool {
    holders_of(port).is_none_or(|holders| {
        !holders.is_empty() && holders.iter().all(|holder| holder.title.contains(" (ch"))
    })
}

fn explain_tcp(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => match holders_of(address.port()).unwrap_or_default().first() {
            Some(holder) => {
                format!(
                    "it is in use by process {} ({}): stop that, or choose another port",
                    holder.pid, holder.title
                )
            }
            None => "it is in use: see by whom with ss -ltnp (as root)".to_owned(),
        },
        io::ErrorKind::PermissionDenied => "ports below 1024 need root at start".to_owned(),
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address: see ip addr".to_owned()
        }
        _ => error.to_string(),
    };
    format!("cannot listen on {address}: {advice}")
}

fn explain_unix(path: &str, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "somebody listens there: see who with ss -lxp".to_owned(),
        io::ErrorKind::AlreadyExists => {
            "there is a file of another kind: remove it, or choose another path".to_owned()
        }
        io::ErrorKind::NotFound => {
            "its folder does not exist: make it, owned by the daemon's user".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "its folder cannot be written to: it must belong to the daemon's user".to_owned()
        }
        _ => error.to_string(),
    };
    format!("cannot listen on {path}: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(addresses: &[String]) -> ListenConfig {
        let addresses = addresses
            .iter()
            .flat_map(|text| crate::config::listen::parse(text, &[]).unwrap())
            .collect();
        ListenConfig {
            addresses,
            unix_mode: 0o660,
            backlog: None,
            protocol: crate::config::settled::Protocol::Smtp,
        }
    }

    #[test]
    fn equal_listeners_survive_a_reload_and_a_failed_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s").display().to_string();
        let first = Listeners::bind(&config(&["127.0.0.1:0".into()]), Vec::new()).unwrap();
        let name = first.names();
        // The same wish is the same socket, although its port was chosen by the kernel.
        let second = first
            .changed(&config(&["127.0.0.1:0".into(), path.clone()]))
            .unwrap();
        assert_eq!(second.names(), format!("{name} {path}"));
        let error = second
            .changed(&config(&["/no-such-folder/s".into()]))
            .unwrap_err();
        assert_eq!(
            error,
            "cannot listen on /no-such-folder/s: its folder does not exist: make it, owned by the daemon's user"
        );
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = explain_tcp(address, &bind_tcp(address, None).unwrap_err());
        assert!(
            error.contains(&format!("in use by process {}", std::process::id())),
            "{error}"
        );
        let mut third = second
            .changed(&config(std::slice::from_ref(&path)))
            .unwrap();
        assert_eq!(third.names(), path);
        third.close();
        assert!(!std::path::Path::new(&path).exists());
    }

    #[test]
    fn an_inherited_socket_serves_the_address_it_has() {
        let socket = bind_tcp("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let endpoint = socket::local_endpoint(socket.as_fd()).unwrap();
        let inherited = vec![Inherited {
            name: "unknown".into(),
            descriptor: socket,
        }];
        let listeners = Listeners::bind(&config(&[endpoint.to_string()]), inherited).unwrap();
        assert_eq!(listeners.names(), endpoint.to_string());
        assert_eq!(listeners.hand_over()[0].0, "smtp.foreign");
    }

    #[test]
    fn the_sockets_of_the_program_before_are_kept_only_if_they_are_wanted() {
        let wishes = config(&["127.0.0.1:0".into(), "127.0.0.1:0".into()]);
        let first = Listeners::bind(&wishes, Vec::new()).unwrap();
        let inherited = |listeners: &Listeners| {
            let copy = |(name, descriptor): (String, BorrowedFd<'_>)| Inherited {
                name,
                descriptor: descriptor.try_clone_to_owned().unwrap(),
            };
            listeners.hand_over().into_iter().map(copy).collect()
        };
        let second = Listeners::bind(&wishes, inherited(&first)).unwrap();
        assert_eq!(second.names(), first.names());
        let names = first.names();
        let one = names.split(' ').nth(1).unwrap().to_owned();
        let third =
            Listeners::bind(&config(std::slice::from_ref(&one)), inherited(&second)).unwrap();
        assert_eq!(third.names(), one);
    }
}
