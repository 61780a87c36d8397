//! From a delivery method to a place to connect to.

use std::{fmt, net::IpAddr, path::PathBuf};

use crate::{
    config::method::{Method, Target},
    sys::random,
};

/// A next hop without wildcards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// LMTP instead of SMTP.
    pub lmtp: bool,
    /// Where it is.
    pub place: Place,
}

/// Where a next hop is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Host and port.
    Tcp(String, u16),
    /// Path of a UNIX socket.
    Unix(PathBuf),
}

impl Route {
    /// Fills the wildcards of `method` in: the host is the client's, the port ours plus one.
    ///
    /// # Errors
    /// What is not known.
    pub fn new(
        method: &Method,
        client: Option<IpAddr>,
        our_port: Option<u16>,
    ) -> Result<Self, String> {
        let place = match &method.target {
            Target::Unix(path) => Place::Unix(path.clone()),
            Target::Tcp { host, port } => {
                let host = match (host, client) {
                    (Some(host), _) => host.clone(),
                    (None, Some(address)) => address.to_string(),
                    (None, None) => {
                        return Err("Wildcarded host, but client's address not known".to_owned());
                    }
                };
                let next = || our_port.and_then(|port| port.checked_add(1));
                let port = port
                    .or_else(next)
                    .ok_or("Wildcarded port, but our port not known")?;
                Place::Tcp(host, port)
            }
        };
        Ok(Self {
            lmtp: method.lmtp,
            place,
        })
    }
}

/// `smtp:[127.0.0.1]:10025`
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.lmtp { "lmtp:" } else { "smtp:" })?;
        match &self.place {
            Place::Tcp(host, port) => write!(f, "[{host}]:{port}"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The numbers below `count`, beginning with a random one.
pub(super) fn shuffled(count: usize) -> impl Iterator<Item = usize> {
    let mut octets = [0_u8; 8];
    let first = match count {
        0 | 1 => 0,
        _ => match random::fill(&mut octets) {
            Ok(()) => usize::try_from(u64::from_le_bytes(octets) % count as u64).unwrap_or(0),
            Err(_) => 0,
        },
    };
    (0..count).map(move |at| (first + at) % count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_filled_in() {
        let client = Some("192.0.2.1".parse().unwrap());
        for (method, client, port, want) in [
            (
                "smtp:*:*",
                client,
                Some(10024),
                Ok("smtp:[192.0.2.1]:10025"),
            ),
            ("smtp:[*]:25", client, None, Ok("smtp:[192.0.2.1]:25")),
            ("lmtp:host:*", None, Some(1), Ok("lmtp:[host]:2")),
            ("lmtp:/run/x", None, None, Ok("lmtp:/run/x")),
            (
                "smtp:*:25",
                None,
                None,
                Err("Wildcarded host, but client's address not known"),
            ),
            (
                "smtp:host:*",
                client,
                None,
                Err("Wildcarded port, but our port not known"),
            ),
            (
                "smtp:host:*",
                client,
                Some(65535),
                Err("Wildcarded port, but our port not known"),
            ),
        ] {
            let got = Route::new(&Method::parse(method).unwrap(), client, port)
                .map(|route| route.to_string());
            assert_eq!(
                got,
                want.map(str::to_owned).map_err(str::to_owned),
                "{method}"
            );
        }
    }

    #[test]
    fn every_route_is_tried_once() {
        for count in [0, 1, 2, 5] {
            let mut tried: Vec<usize> = shuffled(count).collect();
            tried.sort_unstable();
            assert_eq!(tried, (0..count).collect::<Vec<_>>());
        }
        let firsts: std::collections::BTreeSet<usize> =
            (0..200).filter_map(|_| shuffled(3).next()).collect();
        assert_eq!(firsts.len(), 3, "the last one included");
    }
}
