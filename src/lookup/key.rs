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
    /// The address in lower case, unless case counts in its local part.
    pub normal: String,
    /// All keys, most special first.
    pub list: Vec<String>,
}

impl Keys {
    /// Takes an address apart.
    #[must_use]
    pub fn of(address: &Address, rules: &Rules) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let whole = text(address.as_bytes());
        let domain = domain::to_ascii(&text(address.domain()));
        let local_part = text(address.local_part());
        let local = if rules.local_part_is_case_sensitive {
            local_part.clone()
        } else {
            local_part.to_lowercase()
        };
        let (user, extension) = split_extension(&local, &rules.delimiter);
        let (user, extension) = (user.to_owned(), extension.to_owned());
        let normal = if domain.is_empty() {
            local.clone()
        } else {
            format!("{local}@{domain}")
        };
        let mut keys = Self {
            whole,
            local_part,
            user,
            extension,
            domain,
            normal,
            list: Vec::new(),
        };
        keys.list = keys.in_order(&local);
        keys
    }

    fn in_order(&self, local: &str) -> Vec<String> {
        let mut list = vec![self.whole.clone()];
        let mut add = |key: String| {
            if !list.contains(&key) {
                list.push(key);
            }
        };
        let has_extension = !self.extension.is_empty();
        if !self.domain.is_empty() {
            add(format!("{local}@{}", self.domain));
            if has_extension {
                add(format!("{}@{}", self.user, self.domain));
            }
        }
        if !local.is_empty() {
            add(format!("{local}@"));
            if has_extension {
                add(format!("{}@", self.user));
            }
        }
        add_domains(&self.domain, &mut add);
        add(".".to_owned());
        list
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
    for _ in 0..MOST_DOMAINS {
        let Some(name) = rest else { return };
        add(format!(".{name}"));
        rest = name
            .split_once('.')
            .map(|(_, parent)| parent)
            .filter(|parent| !parent.is_empty());
    }
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
        Keys::of(&Address::parse(address.as_bytes()).unwrap(), &rules).list
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
