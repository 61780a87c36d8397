//! Delivery methods: `smtp:[127.0.0.1]:10025` and the like.
//!
//! # Source
//! daemon.md 4.2.

use std::{fmt, path::PathBuf};

/// One way to hand mail on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Method {
    /// LMTP instead of SMTP.
    pub lmtp: bool,
    /// Where to.
    pub target: Target,
}

/// Where a method leads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// TCP; `None` is the wildcard: the client's own address, and our port plus one.
    Tcp {
        /// Address or name.
        host: Option<String>,
        /// Port.
        port: Option<u16>,
    },
    /// A UNIX stream socket.
    Unix(PathBuf),
}

impl Method {
    /// Reads a method.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (protocol, rest) = text.split_once(':').ok_or_else(|| {
            format!("{text:?} is no delivery method such as smtp:[127.0.0.1]:10025")
        })?;
        let lmtp = match protocol.to_ascii_lowercase().as_str() {
            "smtp" => false,
            "lmtp" => true,
            "local" | "bsmtp" | "pipe" | "sql" => {
                return Err(format!(
                    "method {protocol}: is not supported for passing mail on yet"
                ));
            }
            _ => {
                return Err(format!(
                    "unknown protocol {protocol:?} in delivery method {text:?}"
                ));
            }
        };
        let path = rest.strip_prefix("unix:").unwrap_or(rest);
        if path.starts_with('/') {
            return Ok(Self {
                lmtp,
                target: Target::Unix(PathBuf::from(path)),
            });
        }
        let (host, port) = rest
            .rsplit_once(':')
            .ok_or_else(|| format!("{text:?} lacks a port"))?;
        let host = host
            .strip_prefix('[')
            .map_or(Some(host), |inner| inner.strip_suffix(']'));
        let host = host
            .filter(|host| is_host(host))
            .ok_or_else(|| format!("{text:?} lacks a host"))?;
        let port = match port {
            "*" => None,
            port => Some(
                port.parse()
                    .ok()
                    .filter(|&port: &u16| port > 0)
                    .ok_or_else(|| format!("{port:?} is no port in {text:?}"))?,
            ),
        };
        Ok(Self {
            lmtp,
            target: Target::Tcp {
                host: (host != "*").then(|| host.to_owned()),
                port,
            },
        })
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '_' | '*' | '%'))
}

/// The canonical form: `smtp:[127.0.0.1]:10025`.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.lmtp { "lmtp:" } else { "smtp:" })?;
        match &self.target {
            Target::Unix(path) => write!(f, "{}", path.display()),
            Target::Tcp { host, port } => {
                write!(f, "[{}]:", host.as_deref().unwrap_or("*"))?;
                match port {
                    Some(port) => write!(f, "{port}"),
                    None => f.write_str("*"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, want) in [
            ("smtp:[127.0.0.1]:10025", "smtp:[127.0.0.1]:10025"),
            ("smtp:127.0.0.1:10025", "smtp:[127.0.0.1]:10025"),
            ("lmtp:mail.example.com:24", "lmtp:[mail.example.com]:24"),
            ("smtp:[::1]:10025", "smtp:[::1]:10025"),
            ("SMTP:[::1]:10025", "smtp:[::1]:10025"),
            ("smtp:*:*", "smtp:[*]:*"),
            ("smtp:[*]:10025", "smtp:[*]:10025"),
            ("smtp:host:*", "smtp:[host]:*"),
            ("lmtp:/run/x.sock", "lmtp:/run/x.sock"),
            ("lmtp:unix:/run/x.sock", "lmtp:/run/x.sock"),
        ] {
            assert_eq!(Method::parse(text).unwrap().to_string(), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_method_says_why() {
        for (text, want) in [
            ("10025", "is no delivery method"),
            ("smtp:[127.0.0.1]", "lacks a port"),
            ("smtp:[127.0.0.1]:0", "is no port"),
            ("smtp:[127.0.0.1]:65536", "is no port"),
            ("smtp::25", "lacks a host"),
            ("smtp:[x:25", "lacks a host"),
            ("smtp:a b:25", "lacks a host"),
            ("http:x:1", "unknown protocol"),
            ("pipe:argv=x", "not supported"),
        ] {
            assert!(Method::parse(text).unwrap_err().contains(want), "{text}");
        }
    }
}
