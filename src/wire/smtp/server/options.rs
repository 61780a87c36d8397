//! What the protocol machine needs to know about its surroundings.

use crate::wire::smtp::xforward;

/// Settings of one session; plain values, so that this floor knows no configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// `[127.0.0.1]`: what the server calls itself.
    pub helo_name: String,
    /// Text of the greeting after `220 `.
    pub greeting: String,
    /// Text of the goodbye after `221 2.0.0 `.
    pub goodbye: String,
    /// Begin with LMTP semantics; LHLO, EHLO and HELO change it.
    pub speaks_lmtp: bool,
    /// Announced in `SIZE`, octets; `None` announces no limit.
    pub size_limit: Option<u64>,
    /// EHLO keywords that are not announced, upper case.
    pub hidden_keywords: Vec<String>,
    /// Most RCPT commands in one transaction, refused ones counted.
    pub most_recipients: usize,
    /// Most protocol errors in one session before it is closed.
    pub most_errors: u32,
    /// Octets that arrive before they may: taken as pipelined input, or the end of the session.
    pub refuses_early_data: bool,
}

impl Options {
    /// Longest command line that is taken, CRLF included (RFC 5321 section 4.5.3.1.4 asks for 512; XFORWARD is longer).
    pub const LONGEST_LINE: usize = 4096;

    /// Appends the lines of the reply to EHLO after the first, in the guide's order, each with a line end before it.
    pub(super) fn announce(&self, out: &mut String) {
        const KEYWORDS: [&str; 8] = [
            "VRFY",
            "PIPELINING",
            "SIZE",
            "ENHANCEDSTATUSCODES",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "XFORWARD",
        ];
        for keyword in KEYWORDS {
            if self.hides(keyword) || (keyword == "SMTPUTF8" && self.hides("8BITMIME")) {
                continue;
            }
            out.push('\n');
            out.push_str(keyword);
            match (keyword, self.size_limit) {
                ("SIZE", Some(limit)) => {
                    out.push(' ');
                    out.push_str(&limit.to_string());
                }
                ("XFORWARD", _) => {
                    out.push(' ');
                    out.push_str(xforward::ATTRIBUTES);
                }
                _ => {}
            }
        }
    }

    fn hides(&self, keyword: &str) -> bool {
        self.hidden_keywords
            .iter()
            .any(|hidden| hidden.eq_ignore_ascii_case(keyword))
    }
}

/// The greeting as the guide shows it; a start for tests and for the demo's next hop.
impl Default for Options {
    fn default() -> Self {
        Self {
            helo_name: "[127.0.0.1]".to_owned(),
            greeting: "[127.0.0.1] ESMTP amavisd-new service ready".to_owned(),
            goodbye: "[127.0.0.1] amavisd-new closing transmission channel".to_owned(),
            speaks_lmtp: false,
            size_limit: None,
            hidden_keywords: Vec::new(),
            most_recipients: 1100,
            most_errors: 100,
            refuses_early_data: false,
        }
    }
}
