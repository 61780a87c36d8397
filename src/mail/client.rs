//! What is known of the SMTP client that handed the message to the MTA.

use std::net::IpAddr;

/// Facts about the original client, from XFORWARD; every field may be unknown.
///
/// Texts hold printable octets only (0x21-0x7E, 0x80-0xFF), at most 255.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientFacts {
    /// Host name as the MTA found it (XFORWARD NAME).
    pub name: Option<String>,
    /// Address (XFORWARD ADDR); IPv4-mapped addresses are given as IPv4.
    pub address: Option<IpAddr>,
    /// TCP port (XFORWARD PORT).
    pub port: Option<u16>,
    /// Protocol the client spoke with the MTA, such as `ESMTP` (XFORWARD PROTO).
    pub protocol: Option<String>,
    /// Name it greeted the MTA with (XFORWARD HELO).
    pub helo: Option<String>,
    /// Queue id of the message in the MTA (XFORWARD IDENT).
    pub queue_id: Option<String>,
    /// Whether the message came from inside (XFORWARD SOURCE).
    pub source: Option<ClientSource>,
}

/// XFORWARD SOURCE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientSource {
    /// `LOCAL`: submitted on the MTA's own machine or by a trusted network.
    Local,
    /// `REMOTE`.
    Remote,
}

impl ClientSource {
    /// The value as XFORWARD spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "LOCAL",
            Self::Remote => "REMOTE",
        }
    }
}

impl ClientFacts {
    /// `[address]` or `[address]:port` as the log shows a client; `None` if the address is unknown.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let address = self.address?;
        Some(match self.port {
            Some(port) if port != 0 => format!("[{address}]:{port}"),
            _ => format!("[{address}]"),
        })
    }
}
