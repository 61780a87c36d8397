//! The keys under which an address is looked up, in order.
//!
//! # Source
//! daemon.md 6.3, content.md 6.2: for `User+Foo@Sub.Example.com` the address as it is, then lower-cased with and without
//! extension, then the local part, then the domain and its parents.

use crate::mail::{address::Address, domain};

/// How addresses are compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// `localpart_is_case_sensitive`
    pub local_part_is_case_sensitive: bool,
    /// `recipient_delimiter`: each of its characters separates; empty for none.
    pub delimiter: String,
}

/// Most domains that are looked up for an address.
const MOST_DOMAINS: usize = 20;

/// An address, taken apart for lookups. Octets that are no UTF-8 become U+FFFD, which no table holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keys {
    /// The address as it is.
    pub whole: String,
    /// The local part as it is.
    pub local_part: String,
    /// The local part without its extension, in lower case unless case counts.
    pub user: String,
    /// The extension with its delimiter; may be empty.
    pub extension: String,
    /// The domain, in lower case and ASCII.
    pub domain: String,
    /// The address in lower case, unless case counts in its local part; an `@` is in it even without a domain.
    pub normal: String,
    /// The user with the domain, which may be empty, if there is an extension.
    without_extension: Option<String>,
    /// How much of `normal` is the local part with its `@`; 0 if there is none.
    local_at: usize,
    /// The domain with a dot in front; its ends are the keys of the domains above.
    dotted: String,
}

impl Keys {
    /// Takes an address apart.
    #[must_use]
    pub fn of(address: &Address, rules: &Rules) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let whole = text(address.as_bytes());
        let domain = domain::to_ascii(&String::from_utf8_lossy(address.domain()));
        let local_part = text(address.local_part());
        let local = if rules.local_part_is_case_sensitive {
            local_part.clone()
        } else {
            local_part.to_lowercase()
        };
        let (user, extension) = split_extension(&local, &rules.delimiter);
        let (user, extension) = (user.to_owned(), extension.to_owned());
        let has_domain = !domain.is_empty();
        Self {
            normal: if has_domain || !local.is_empty() {
                format!("{local}@{domain}")
            } else {
                String::new()
            },
            without_extension: (!extension.is_empty()).then(|| format!("{user}@{domain}")),
            local_at: if local.is_empty() { 0 } else { local.len() + 1 },
            dotted: if has_domain {
                format!(".{domain}")
            } else {
                String::new()
            },
            whole,
            local_part,
            user,
            extension,
            domain,
        }
    }

    /// All keys, most special first; some may come twice.
    pub fn in_order(&self) -> impl Iterator<Item = &str> {
        let has_domain = !self.domain.is_empty();
        let of_user = self
            .without_extension
            .as_deref()
            .and_then(|key| key.get(..=self.user.len()));
        let addresses = [
            Some(self.whole.as_str()),
            Some(self.normal.as_str()),
            self.without_extension.as_deref(),
            self.normal
                .get(..self.local_at)
                .filter(|key| !key.is_empty()),
            of_user,
            has_domain.then_some(self.domain.as_str()),
        ];
        addresses
            .into_iter()
            .flatten()
            .chain(self.parents())
            .chain(std::iter::once("."))
    }

    /// `.sub.example.com`, `.example.com`, `.com`. An address literal has no parents.
    fn parents(&self) -> impl Iterator<Item = &str> {
        let first = (!self.domain.is_empty() && !self.domain.starts_with('['))
            .then_some(self.dotted.as_str());
        std::iter::successors(first, parent_of).take(MOST_DOMAINS)
    }

    /// Puts parts of the address in for `$1` to `$5`: the address, its local part, user, extension, domain.
    #[must_use]
    pub fn substitute(&self, text: &str) -> String {
        let parts = [
            &self.whole,
            &self.local_part,
            &self.user,
            &self.extension,
            &self.domain,
        ];
        substitute(text, |number| {
            number
                .checked_sub(1)
                .and_then(|at| parts.get(at))
                .map(|part| part.as_str())
        })
    }
}

/// Puts `part(n)` in for `$n`, `${n}` and `$(n)`; what there is not is empty.
pub(super) fn substitute<'p>(text: &str, part: impl Fn(usize) -> Option<&'p str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let closer = match after.chars().next() {
            Some('{') => "}",
            Some('(') => ")",
            _ => "",
        };
        let inner = after.get(closer.len()..).unwrap_or_default();
        let digits = inner
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(inner.len());
        let tail = inner.get(digits..).unwrap_or_default();
        match (
            inner.get(..digits).map(str::parse),
            tail.strip_prefix(closer),
        ) {
            (Some(Ok(number)), Some(tail)) => {
                out.push_str(part(number).unwrap_or_default());
                rest = tail;
            }
            _ => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `.example.com` for `.sub.example.com`.
fn parent_of<'k>(key: &&'k str) -> Option<&'k str> {
    let dot = key.get(1..)?.find('.')?;
    key.get(dot + 1..).filter(|parent| parent.len() > 1)
}

/// The part before the first delimiter, and the rest; a user without a name has no extension, and names that mailing lists use
/// are whole.
fn split_extension<'l>(local: &'l str, delimiter: &str) -> (&'l str, &'l str) {
    let is_delimiter = |c: char| delimiter.contains(c);
    let at = match local.find(is_delimiter) {
        None | Some(0) => return (local, ""),
        Some(at) => at,
    };
    let is_list =
        delimiter.contains('-') && (local.starts_with("owner-") || local.ends_with("-request"));
    if is_list {
        return (local, "");
    }
    local.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str, delimiter: &str) -> Vec<String> {
        let rules = Rules {
            local_part_is_case_sensitive: false,
            delimiter: delimiter.to_owned(),
        };
        let keys = Keys::of(&Address::parse(address.as_bytes()).unwrap(), &rules);
        let mut list: Vec<String> = Vec::new();
        for key in keys.in_order() {
            if !list.iter().any(|known| known == key) {
                list.push(key.to_owned());
            }
        }
        list
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
        let deep = of(&format!("a@{}", vec!["b"; 100].join(".")), "");
        assert!(deep.len() < 30, "{}", deep.len());
    }

    #[test]
    fn parts_are_put_in() {
        let part = |number| ["zero", "one"].get(number).copied();
        for (text, want) in [
            ("$0$1", "zeroone"),
            ("${1}2$(0)", "one2zero"),
            ("$9|${1|$(1}|$", "|${1|$(1}|$"),
            ("$x $$1", "$x $one"),
            ("$99999999999999999999", "$99999999999999999999"),
        ] {
            assert_eq!(substitute(text, part), want);
        }
    }
}
