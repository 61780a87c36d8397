//! What a next hop announces in its reply to EHLO or LHLO.
//!
//! # Source
//! RFC 5321 section 4.1.1.1; daemon.md 4.3 (`KEYWORD` or `KEYWORD=` before the arguments).

use crate::mail::reply::Reply;

/// The extensions of a next hop that we make use of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Capabilities {
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub enhanced_status_codes: bool,
    /// SIZE (RFC 1870): the limit; `None` inside if the server names none.
    pub size: Option<Option<u64>>,
    /// XFORWARD: the attributes it takes.
    pub xforward: Vec<String>,
}

impl Capabilities {
    /// Reads the lines after the first; a line that is no keyword is passed over.
    #[must_use]
    pub fn read(reply: &Reply) -> Self {
        let mut capabilities = Self::default();
        for line in reply.text().split('\n').skip(1) {
            let line = line.trim();
            let end = line.find([' ', '=']).unwrap_or(line.len());
            let (keyword, arguments) = line.split_at(end);
            let arguments = arguments.trim_start_matches([' ', '=']);
            match keyword.to_ascii_uppercase().as_str() {
                "PIPELINING" => capabilities.pipelining = true,
                "8BITMIME" => capabilities.eight_bit_mime = true,
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "DSN" => capabilities.dsn = true,
                "ENHANCEDSTATUSCODES" => capabilities.enhanced_status_codes = true,
                "SIZE" => {
                    capabilities.size = Some(arguments.parse().ok().filter(|&limit| limit != 0));
                }
                "XFORWARD" => {
                    capabilities.xforward = arguments
                        .split_ascii_whitespace()
                        .map(str::to_ascii_uppercase)
                        .collect();
                }
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read() {
        let text = "mx.example\nPIPELINING\nSIZE 40960000\n8bitmime\nXFORWARD name addr\nAUTH=PLAIN\n???\nDSN";
        let got = Capabilities::read(&Reply::new(250, None, text));
        assert!(got.pipelining && got.eight_bit_mime && got.dsn && !got.smtputf8);
        assert_eq!(got.size, Some(Some(40_960_000)));
        assert_eq!(got.xforward, ["NAME", "ADDR"]);
        assert_eq!(
            Capabilities::read(&Reply::new(250, None, "PIPELINING")),
            Capabilities::default()
        );
        assert_eq!(
            Capabilities::read(&Reply::new(250, None, "x\nSIZE")).size,
            Some(None)
        );
    }
}
