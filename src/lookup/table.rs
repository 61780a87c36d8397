//! Tables that map an address to a scalar.

use std::{cell::LazyCell, collections::BTreeMap};

use super::key::{Rules, keys};
use crate::mail::address::Address;

/// A value as configuration languages have it: text that may be a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar(String);

impl Scalar {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True unless it is empty or `0`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        !self.0.is_empty() && self.0 != "0"
    }

    /// The number of octets it stands for, if it is a number that is not negative.
    #[must_use]
    pub fn as_octets(&self) -> Option<u64> {
        self.0.trim().parse().ok()
    }
}

/// One table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Table {
    /// The same for everyone; without a value it says nothing.
    Constant(Option<Scalar>),
    /// By key.
    Hash(BTreeMap<String, Option<Scalar>>),
    /// By order; says 1 or 0.
    List(Vec<ListEntry>),
}

/// An entry of [`Table::List`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListEntry {
    /// `user@domain`, `.domain` (with all below it), `domain`, or `.` for everything; lower case.
    pattern: String,
    verdict: bool,
}

impl ListEntry {
    /// Reads an entry with any number of leading `!`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pattern = text.trim_start_matches('!');
        Self {
            verdict: (text.len() - pattern.len()).is_multiple_of(2),
            pattern: pattern.to_lowercase(),
        }
    }

    fn matches(&self, address: &str, domain: &str) -> bool {
        let pattern = self.pattern.as_str();
        match pattern.strip_prefix('.') {
            Some("") => true,
            Some(parent) => {
                domain == parent
                    || domain
                        .strip_suffix(pattern)
                        .is_some_and(|rest| !rest.is_empty())
            }
            None if pattern.contains('@') => address == pattern,
            None => domain == pattern,
        }
    }
}

impl Table {
    /// A hash from pairs; keys without case are the caller's wish.
    pub fn hash(pairs: impl IntoIterator<Item = (String, Option<Scalar>)>) -> Self {
        Self::Hash(pairs.into_iter().collect())
    }

    /// A list from its entries' texts.
    pub fn list<'e>(entries: impl IntoIterator<Item = &'e str>) -> Self {
        Self::List(entries.into_iter().map(ListEntry::parse).collect())
    }

    /// `keys` are made when the first table asks for them.
    fn find(
        &self,
        address: &Address,
        keys: &LazyCell<Vec<String>, impl FnOnce() -> Vec<String>>,
    ) -> Option<Scalar> {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Hash(entries) => keys
                .iter()
                .find_map(|key| entries.get(key))
                .cloned()
                .flatten(),
            Self::List(entries) => {
                let text = String::from_utf8_lossy(address.as_bytes()).to_lowercase();
                let domain = String::from_utf8_lossy(address.domain()).to_lowercase();
                let entry = entries.iter().find(|entry| entry.matches(&text, &domain))?;
                Some(Scalar::new(if entry.verdict { "1" } else { "0" }))
            }
        }
    }
}

/// Tables that are asked in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Maps {
    /// The tables.
    pub tables: Vec<Table>,
    /// How addresses are compared.
    pub rules: Rules,
}

impl Maps {
    /// The first defined result.
    #[must_use]
    pub fn find(&self, address: &Address) -> Option<Scalar> {
        let keys = LazyCell::new(|| keys(address, &self.rules));
        self.tables
            .iter()
            .find_map(|table| table.find(address, &keys))
    }

    /// True if the first defined result is true.
    #[must_use]
    pub fn is_true(&self, address: &Address) -> bool {
        self.find(address).is_some_and(|value| value.is_true())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn lists_match_in_order() {
        let maps = Maps {
            tables: vec![Table::list([
                "!host.example.com",
                ".example.com",
                "u@example.net",
                "example.org",
            ])],
            ..Maps::default()
        };
        for (text, want) in [
            ("a@example.com", Some("1")),
            ("a@sub.Example.com", Some("1")),
            ("a@host.example.com", Some("0")),
            ("U@example.net", Some("1")),
            ("v@example.net", None),
            ("a@example.org", Some("1")),
            ("a@sub.example.org", None),
            ("a@notexample.com", None),
            ("postmaster", None),
        ] {
            assert_eq!(
                maps.find(&address(text)).as_ref().map(Scalar::as_str),
                want,
                "{text}"
            );
        }
        assert!(
            Maps {
                tables: vec![Table::list(["."])],
                ..Maps::default()
            }
            .is_true(&address("postmaster"))
        );
    }

    #[test]
    fn the_first_defined_result_wins() {
        let hash = Table::hash([
            ("user@example.com".to_owned(), None),
            ("example.com".to_owned(), Some(Scalar::new("10"))),
            (".".to_owned(), Some(Scalar::new("0"))),
        ]);
        let maps = Maps {
            tables: vec![
                Table::Constant(None),
                hash,
                Table::Constant(Some(Scalar::new("7"))),
            ],
            ..Maps::default()
        };
        assert_eq!(
            maps.find(&address("x@example.com")).unwrap().as_octets(),
            Some(10)
        );
        assert_eq!(
            maps.find(&address("user@example.com")).unwrap().as_str(),
            "7",
            "an undefined value says nothing"
        );
        assert_eq!(maps.find(&address("x@else.where")).unwrap().as_str(), "0");
        assert!(!maps.is_true(&address("x@else.where")));
        assert_eq!(Maps::default().find(&address("x@y")), None);
    }
}
