//! Who a message says it is from, and whether somebody whom we trust has verified that.
//!
//! # Source
//! RFC 5322 section 3.6.2; RFC 8601 (`Authentication-Results`); decision 33.

use mail_parser::{HeaderValue, parsers::MessageStream};

use crate::mail::{address::Address, header};

/// Longest field that is parsed, octets.
const LONGEST: usize = 16 * 1024;
/// Most authors.
const MOST: usize = 20;

/// The addresses in From fields.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Authors {
    /// Each once.
    pub addresses: Vec<Address>,
    /// Domains that a trusted field says have passed DMARC, or DKIM; lower case.
    verified: Vec<String>,
}

impl Authors {
    /// Reads the header section at the head of `message`; of `Authentication-Results` fields those count that one of `trusted` has
    /// put in.
    #[must_use]
    pub fn read(message: &[u8], trusted: &[String]) -> Self {
        let mut authors = Self::default();
        for field in header::fields(message) {
            if field.value.len() > LONGEST {
                continue;
            }
            if field.is(b"From") {
                authors.add(field.value);
            } else if !trusted.is_empty() && field.is(b"Authentication-Results") {
                let value = String::from_utf8_lossy(field.value);
                authors.verified.extend(passed(&value, trusted));
            }
        }
        authors
    }

    fn add(&mut self, value: &[u8]) {
        let HeaderValue::Address(parsed) = MessageStream::new(value).parse_address() else {
            return;
        };
        for address in parsed.iter().filter_map(|addr| addr.address.as_deref()) {
            if let Ok(address) = Address::parse(address.as_bytes())
                && self.addresses.len() < MOST
                && !self.addresses.contains(&address)
            {
                self.addresses.push(address);
            }
        }
    }

    /// True if the address' domain has passed, or one above it.
    #[must_use]
    pub fn is_verified(&self, address: &Address) -> bool {
        let domain = String::from_utf8_lossy(address.domain()).to_ascii_lowercase();
        self.verified.iter().any(|verified| {
            domain == *verified
                || domain
                    .strip_suffix(verified.as_str())
                    .is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

/// Domains for which `dmarc=pass` or `dkim=pass` stands in a field of one of `trusted`.
fn passed(value: &str, trusted: &[String]) -> Vec<String> {
    let value = without_comments(value);
    let mut items = value.split(';');
    let id = items.next().unwrap_or_default();
    let id = id.split_whitespace().next().unwrap_or_default();
    let id = id.trim_matches('"').to_ascii_lowercase();
    if !trusted.contains(&id) {
        return Vec::new();
    }
    let mut domains = Vec::new();
    for item in items {
        let item = item.to_ascii_lowercase();
        let words: Vec<&str> = item.split_whitespace().collect();
        let property = match words.first() {
            Some(&"dmarc=pass") => "header.from=",
            Some(&"dkim=pass") => "header.d=",
            _ => continue,
        };
        let domain = words.iter().find_map(|word| word.strip_prefix(property));
        let domain = domain.map(|domain| domain.trim_matches('"'));
        // A name without a dot stands for all that end in it.
        domains.extend(
            domain
                .filter(|domain| domain.contains('.'))
                .map(str::to_owned),
        );
    }
    domains
}

fn without_comments(value: &str) -> String {
    let mut depth = 0_u32;
    let mut is_quoted = false;
    let keep = |c: char| match c {
        '"' if depth == 0 => {
            is_quoted = !is_quoted;
            true
        }
        '(' if !is_quoted => {
            depth += 1;
            false
        }
        ')' if !is_quoted && depth > 0 => {
            depth -= 1;
            false
        }
        _ => depth == 0,
    };
    let mut keep = keep;
    value.chars().filter(|c| keep(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<(String, bool)> {
        let authors = Authors::read(header.as_bytes(), &["mx.example.com".to_owned()]);
        let shown = authors.addresses.iter();
        shown
            .map(|a| (a.to_string(), authors.is_verified(a)))
            .collect()
    }

    #[test]
    fn authors_count_as_verified_only_by_whom_we_trust() {
        let from = "From: \"A, B\" <a@Sub.Example.net>, c@else.where\r\n";
        let shown =
            |results: &str| read(&format!("Authentication-Results: {results}\r\n{from}\r\n"));
        let plain = |first: bool, second: bool| {
            vec![
                ("<a@Sub.Example.net>".to_owned(), first),
                ("<c@else.where>".to_owned(), second),
            ]
        };
        for (results, first, second) in [
            (
                "mx.example.com; dmarc=pass header.from=example.net",
                true,
                false,
            ),
            (
                "mx.example.com 1; spf=pass; dkim=pass (x; dkim=pass header.d=else.where)\r\n header.d=sub.example.net",
                true,
                false,
            ),
            (
                "mx.example.com; dkim=fail header.d=example.net",
                false,
                false,
            ),
            (
                "evil.example; dmarc=pass header.from=example.net",
                false,
                false,
            ),
            ("mx.example.com; dmarc=pass header.from=net", false, false),
            (
                "mx.example.com; dmarc=pass header.from=le.net",
                false,
                false,
            ),
            (
                "mx.example.com (evil); dmarc=pass header.from=ELSE.where",
                false,
                true,
            ),
        ] {
            assert_eq!(shown(results), plain(first, second), "{results}");
        }
    }
}
