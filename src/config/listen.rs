//! Where to listen: ports, addresses with ports, paths.
//!
//! # Source
//! daemon.md 8.6, `@listen_sockets`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

/// A socket to listen on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ListenAddress {
    /// TCP.
    Tcp(SocketAddr),
    /// UNIX.
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Reads one element; a bare port is combined with each address of `bind`.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str, bind: &[IpAddr]) -> Result<Vec<ListenAddress>, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is neither a port, nor address:port, nor a path");
    if let Some(path) = text
        .strip_prefix("unix:")
        .or(Some(text))
        .filter(|path| path.starts_with('/'))
    {
        return Ok(vec![ListenAddress::Unix(PathBuf::from(path))]);
    }
    let bare = text
        .strip_prefix("inet6:")
        .or_else(|| text.strip_prefix("inet:"))
        .unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(bind
            .iter()
            .map(|address| ListenAddress::Tcp(SocketAddr::new(*address, port)))
            .collect());
    }
    let (host, port) = bare.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let addresses = address(host)?;
    Ok(addresses
        .into_iter()
        .map(|address| ListenAddress::Tcp(SocketAddr::new(address, port)))
        .collect())
}

/// Reads an address to listen on; nothing or `*` stands for all of both families.
///
/// # Errors
/// What is wrong with it.
pub fn address(text: &str) -> Result<Vec<IpAddr>, String> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    match bare {
        "" | "*" => Ok(vec![
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv6Addr::UNSPECIFIED.into(),
        ]),
        "localhost" => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        _ => bare
            .parse()
            .map(|address| vec![address])
            .map_err(|_| format!("{text:?} is no address to listen on")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let bind = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        for (text, want) in [
            ("10024", "127.0.0.1:10024 [::1]:10024"),
            ("192.0.2.1:10024", "192.0.2.1:10024"),
            ("[::1]:10024", "[::1]:10024"),
            ("inet:127.0.0.2:25", "127.0.0.2:25"),
            ("inet6:[::1]:25", "[::1]:25"),
            ("*:25", "0.0.0.0:25 [::]:25"),
            ("/run/x.sock", "/run/x.sock"),
            ("unix:/run/x.sock", "/run/x.sock"),
            ("0", "127.0.0.1:0 [::1]:0"),
        ] {
            let got: Vec<String> = parse(text, &bind)
                .unwrap()
                .iter()
                .map(ListenAddress::to_string)
                .collect();
            assert_eq!(got.join(" "), want, "{text}");
        }
        for bad in [
            "",
            "x",
            "70000",
            "host:25",
            "127.0.0.1",
            "127.0.0.1:x",
            "run/x.sock",
        ] {
            assert!(parse(bad, &bind).is_err(), "{bad}");
        }
    }
}
