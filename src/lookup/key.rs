//! The keys under which an address is looked up, in order.
//!
//! # Source
//! daemon.md 6.3: for `User+Foo@Sub.Example.com` the address as it is, then lower-cased with and without extension, then
//! the local part, then the domain and its parents.

use crate::mail::address::Address;

/// How addresses are compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// `localpart_is_case_sensitive`
    pub local_part_is_case_sensitive: bool,
    /// `recipient_delimiter`; empty for none.
    pub delimiter: String,
}

/// All keys for `address`, most special first. Octets that are no UTF-8 become U+FFFD, which no key holds.
#[must_use]
pub fn keys(address: &Address, rules: &Rules) -> Vec<String> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let whole = text(address.as_bytes());
    let domain = text(address.domain()).to_lowercase();
    let local = text(address.local_part());
    let local = if rules.local_part_is_case_sensitive {
        local
    } else {
        local.to_lowercase()
    };
    let user = without_extension(&local, &rules.delimiter);
    let mut keys = vec![whole];
    let mut add = |key: String| {
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    if !domain.is_empty() {
        add(format!("{local}@{domain}"));
        if let Some(user) = user {
            add(format!("{user}@{domain}"));
        }
    }
    if !local.is_empty() {
        add(format!("{local}@"));
        if let Some(user) = user {
            add(format!("{user}@"));
        }
    }
    add_domains(&domain, &mut add);
    add(".".to_owned());
    keys
}

/// `sub.example.com`, `.sub.example.com`, `.example.com`, `.com`. An address literal has no parents.
fn add_domains(domain: &str, add: &mut impl FnMut(String)) {
    if domain.is_empty() {
        return;
    }
    add(domain.to_owned());
    if domain.starts_with('[') {
        return;
    }
    let mut rest = Some(domain);
    while let Some(name) = rest {
        add(format!(".{name}"));
        rest = name
            .split_once('.')
            .map(|(_, parent)| parent)
            .filter(|parent| !parent.is_empty());
    }
}

/// The part before the first delimiter, unless that would be nothing.
fn without_extension<'l>(local: &'l str, delimiter: &str) -> Option<&'l str> {
    if delimiter.is_empty() {
        return None;
    }
    local
        .split_once(delimiter)
        .map(|(user, _)| user)
        .filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str, delimiter: &str) -> Vec<String> {
        let rules = Rules {
            local_part_is_case_sensitive: false,
            delimiter: delimiter.to_owned(),
        };
        keys(&Address::parse(address.as_bytes()).unwrap(), &rules)
    }

    #[test]
    fn keys_come_in_the_documented_order() {
        assert_eq!(
            of("User+Foo@Sub.Example.com", "+"),
            [
                "User+Foo@Sub.Example.com",
                "user+foo@sub.example.com",
                "user@sub.example.com",
                "user+foo@",
                "user@",
                "sub.example.com",
                ".sub.example.com",
                ".example.com",
                ".com",
                ".",
            ]
        );
        assert_eq!(
            of("a@[127.0.0.1]", ""),
            ["a@[127.0.0.1]", "a@", "[127.0.0.1]", "."]
        );
        assert_eq!(of("postmaster", ""), ["postmaster", "postmaster@", "."]);
        assert_eq!(of("", ""), ["", "."]);
    }
}
