//! Tables that map an address to a scalar.

use std::{cell::LazyCell, fmt, sync::Arc};

use super::{
    cdb::Cdb,
    key::{Keys, Rules, substitute},
};
use crate::{mail::address::Address, pattern::Pattern};

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

    /// The number it stands for, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        self.0
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// The number of octets it stands for, if it is a number that is not negative, with a unit (`k`, `M`, `G`, `T`) or without.
    #[must_use]
    pub fn as_octets(&self) -> Option<u64> {
        let text = self.0.trim();
        let shift = match text.chars().last()? {
            'k' | 'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ => return text.parse().ok(),
        };
        let digits = text.get(..text.len() - 1)?.trim_end();
        digits.parse::<u64>().ok()?.checked_mul(1 << shift)
    }
}

/// Results by key.
#[allow(
    clippy::disallowed_types,
    reason = "filled from the administrator's files before there are children; who asks adds nothing"
)]
pub type HashTable = std::collections::HashMap<String, Option<Scalar>>;

/// One table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Table {
    /// The same for everyone; without a value it says nothing.
    Constant(Option<Scalar>),
    /// By key; shared by all who ask.
    Hash(Arc<HashTable>),
    /// By key, in a constant database.
    Cdb(Arc<Cdb>),
    /// By order; says 1 or 0.
    List(Vec<ListEntry>),
    /// By pattern, in order; asked with the address as it is.
    Patterns(Vec<PatternEntry>),
}

/// An entry of [`Table::Patterns`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternEntry {
    /// The pattern.
    pub pattern: Pattern,
    /// What it says; groups of the pattern are put in.
    pub result: Option<Scalar>,
}

/// An entry of [`Table::List`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListEntry {
    /// `user@domain`, `.domain` (with all below it), `domain`, or `.` for everything; lower case but for a local part.
    pattern: String,
    verdict: bool,
}

impl ListEntry {
    /// Reads an entry with any number of leading `!`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pattern = text.trim_start_matches('!');
        let pattern = match pattern.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
            None => pattern.to_lowercase(),
        };
        Self {
            verdict: (text.len() - text.trim_start_matches('!').len()).is_multiple_of(2),
            pattern,
        }
    }

    fn matches(&self, keys: &Keys, rules: &Rules) -> bool {
        let pattern = self.pattern.as_str();
        match pattern.strip_prefix('.') {
            Some("") => true,
            Some(parent) => {
                keys.domain == parent
                    || keys
                        .domain
                        .strip_suffix(pattern)
                        .is_some_and(|rest| !rest.is_empty())
            }
            None if !pattern.contains('@') => keys.domain == pattern,
            None if rules.local_part_is_case_sensitive => keys.normal == pattern,
            None => keys.normal == pattern.to_lowercase(),
        }
    }
}

/// A table could not be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookupError(pub String);

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LookupError {}

/// What decided, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The result.
    pub value: Scalar,
    /// The key, entry or pattern that decided; empty for a constant.
    pub entry: String,
}

type LazyKeys<F> = LazyCell<Keys, F>;

impl Table {
    /// A hash from pairs; keys without case are the caller's wish.
    pub fn hash(pairs: impl IntoIterator<Item = (String, Option<Scalar>)>) -> Self {
        Self::Hash(Arc::new(pairs.into_iter().collect()))
    }

    /// A list from its entries' texts.
    pub fn list<'e>(entries: impl IntoIterator<Item = &'e str>) -> Self {
        Self::List(entries.into_iter().map(ListEntry::parse).collect())
    }

    /// `keys` are made when the first table asks for them.
    fn find(
        &self,
        keys: &LazyKeys<impl FnOnce() -> Keys>,
        rules: &Rules,
    ) -> Result<Option<Answer>, LookupError> {
        let answer = |value: String, entry: &str| Answer {
            value: Scalar(value),
            entry: entry.to_owned(),
        };
        Ok(match self {
            Self::Constant(value) => value.as_ref().map(|value| answer(value.0.clone(), "")),
            Self::Hash(entries) => {
                let found = keys
                    .in_order()
                    .find_map(|key| entries.get(key).map(|value| (key, value)));
                match found {
                    Some((key, Some(value))) if value.0.contains('$') => {
                        Some(answer(keys.substitute(&value.0), key))
                    }
                    Some((key, Some(value))) => Some(answer(value.0.clone(), key)),
                    Some((_, None)) | None => None,
                }
            }
            Self::Cdb(cdb) => {
                let found = keys
                    .in_order()
                    .find_map(|key| cdb.find(key).map(|value| (key, value)));
                found.map(|(key, value)| answer(keys.substitute(&value), key))
            }
            Self::List(entries) => {
                let found = entries.iter().find(|entry| entry.matches(keys, rules));
                found.map(|entry| {
                    let not = if entry.verdict { "" } else { "!" };
                    let verdict = if entry.verdict { "1" } else { "0" };
                    answer(verdict.to_owned(), &format!("{not}{}", entry.pattern))
                })
            }
            Self::Patterns(entries) => find_pattern(entries, &keys.whole)?,
        })
    }
}

/// The first pattern that matches decides, even if it says nothing.
fn find_pattern(entries: &[PatternEntry], text: &str) -> Result<Option<Answer>, LookupError> {
    for entry in entries {
        let captures = entry.pattern.captures(text).map_err(|_| {
            let what = format!("{:?} takes too many steps for {text:?}", entry.pattern);
            LookupError(what)
        })?;
        let Some(captures) = captures else { continue };
        return Ok(entry.result.as_ref().map(|result| {
            let part = |number: usize| captures.get(number).copied().flatten();
            Answer {
                value: Scalar(substitute(&result.0, part)),
                entry: format!("{:?}", entry.pattern),
            }
        }));
    }
    Ok(None)
}

fn matches_any(entries: &[PatternEntry], text: &str) -> Result<bool, LookupError> {
    for entry in entries {
        let is_match = entry.pattern.is_match(text).map_err(|_| {
            let what = format!("{:?} takes too many steps for {text:?}", entry.pattern);
            LookupError(what)
        })?;
        if is_match {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tables that are asked in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Maps {
    /// The tables.
    pub tables: Vec<Table>,
    /// How each table is called when something is explained.
    pub names: Vec<String>,
    /// How addresses are compared.
    pub rules: Rules,
}

impl Maps {
    /// The first defined result.
    ///
    /// # Errors
    /// If a table could not be asked: what the others say does not count then.
    pub fn find(&self, address: &Address) -> Result<Option<Scalar>, LookupError> {
        Ok(self.explain(address)?.map(|(_, answer)| answer.value))
    }

    /// The first defined result, with the place of its table in the list.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn explain(&self, address: &Address) -> Result<Option<(usize, Answer)>, LookupError> {
        let keys = LazyCell::new(|| Keys::of(address, &self.rules));
        for (at, table) in self.tables.iter().enumerate() {
            if let Some(answer) = table.find(&keys, &self.rules)? {
                return Ok(Some((at, answer)));
            }
        }
        Ok(None)
    }

    /// The first defined result for a name that is no address: of a table its own entry, or that of `.`.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_name(&self, name: &str) -> Result<Option<Scalar>, LookupError> {
        for table in &self.tables {
            let found = match table {
                Table::Constant(value) => value.clone(),
                Table::Hash(entries) => {
                    let entry = entries.get(name).or_else(|| entries.get("."));
                    entry.cloned().flatten()
                }
                Table::Cdb(cdb) => cdb.find(name).map(Scalar::new),
                Table::List(_) => None,
                Table::Patterns(entries) => find_pattern(entries, name)?.map(|answer| answer.value),
            };
            if found.is_some() {
                return Ok(found);
            }
            if let Table::Patterns(entries) = table
                && matches_any(entries, name)?
            {
                // A pattern that says nothing ends the search: it is an exception.
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// All defined results, in order.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_all(&self, address: &Address) -> Result<Vec<Scalar>, LookupError> {
        let keys = LazyCell::new(|| Keys::of(address, &self.rules));
        let mut found = Vec::new();
        for table in &self.tables {
            found.extend(table.find(&keys, &self.rules)?.map(|answer| answer.value));
        }
        Ok(found)
    }

    /// True if the first defined result is true.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn is_true(&self, address: &Address) -> Result<bool, LookupError> {
        Ok(self.find(address)?.is_some_and(|value| value.is_true()))
    }

    /// True if the answer is true whoever is asked for, because a constant comes first.
    #[must_use]
    pub fn is_always_true(&self) -> bool {
        let mut tables = self
            .tables
            .iter()
            .filter(|table| !matches!(table, Table::Constant(None)));
        matches!(tables.next(), Some(Table::Constant(Some(value))) if value.is_true())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_defined_result_wins_and_all_can_be_had() {
        let hash = Table::hash([
            ("user@example.com".to_owned(), None),
            ("example.com".to_owned(), Some(Scalar::new("10"))),
        ]);
        let maps = Maps {
            tables: vec![
                Table::Constant(None),
                hash,
                Table::list(["!host.example.com", ".example.com"]),
                Table::Constant(Some(Scalar::new("7"))),
            ],
            ..Maps::default()
        };
        let all = |text: &str| -> Vec<String> {
            let found = maps.find_all(&address(text)).unwrap();
            found.into_iter().map(|value| value.0).collect()
        };
        assert_eq!(all("x@example.com"), ["10", "1", "7"]);
        assert_eq!(
            all("user@example.com"),
            ["1", "7"],
            "an undefined value says nothing"
        );
        assert_eq!(all("x@host.example.com"), ["0", "7"]);
        assert_eq!(all("x@else.where"), ["7"]);
        let (at, answer) = maps
            .explain(&address("x@host.example.com"))
            .unwrap()
            .unwrap();
        assert_eq!((at, answer.entry.as_str()), (2, "!host.example.com"));
        assert!(!maps.is_true(&address("x@host.example.com")).unwrap());
        assert_eq!(Maps::default().find(&address("x@y")), Ok(None));
    }

    #[test]
    fn a_pattern_that_takes_too_long_is_an_error() {
        let maps = Maps {
            tables: vec![Table::Patterns(vec![PatternEntry {
                pattern: Pattern::compile("^((a|aa)+)+(?!x)\\1x$", "").unwrap(),
                result: Some(Scalar::new("1")),
            }])],
            ..Maps::default()
        };
        let error = maps
            .find(&address(&format!("{}@b", "a".repeat(60))))
            .unwrap_err();
        assert!(
            error.to_string().contains("takes too many steps"),
            "{error}"
        );
    }
}
