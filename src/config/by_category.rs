//! Lookup tables by content category: `%..._by_ccat`.
//!
//! # Source
//! content.md 1.3: a key is `major,minor` or `major`; the first that is there decides, whatever it says.

use std::collections::BTreeMap;

use crate::{lookup::table::Maps, mail::category::Category};

/// See the module's text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ByCategory {
    /// By `major,minor`, or by `major`.
    pub entries: BTreeMap<String, Maps>,
}

impl ByCategory {
    /// The tables for a category; `None` if nothing is said about it here.
    #[must_use]
    pub fn of(&self, category: Category) -> Option<&Maps> {
        if self.entries.is_empty() {
            return None;
        }
        let major = category.major as u8;
        let exact = (category.minor > 0)
            .then(|| self.entries.get(&format!("{major},{}", category.minor)))
            .flatten();
        exact.or_else(|| self.entries.get(&major.to_string()))
    }

    /// True if nothing is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Texts by content category.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TextByCategory<T> {
    /// By `major,minor`, or by `major`.
    pub entries: BTreeMap<String, T>,
}

impl<T> TextByCategory<T> {
    /// The text for a category; `None` if nothing is said about it here.
    #[must_use]
    pub fn of(&self, category: Category) -> Option<&T> {
        if self.entries.is_empty() {
            return None;
        }
        let major = category.major as u8;
        let exact = self.entries.get(&format!("{major},{}", category.minor));
        exact
            .or_else(|| self.entries.get(&major.to_string()))
            .or_else(|| self.entries.get("0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::table::{Scalar, Table};

    #[test]
    fn the_minor_category_comes_first() {
        let constant = |text: &str| Maps {
            tables: vec![Table::Constant(Some(Scalar::new(text)))],
            ..Maps::default()
        };
        let entries = [("4,3", "a"), ("4", "b"), ("9", "c")];
        let maps = ByCategory {
            entries: entries
                .into_iter()
                .map(|(key, text)| (key.to_owned(), constant(text)))
                .collect(),
        };
        for (category, want) in [
            (Category::bad_header(3), Some("a")),
            (Category::bad_header(5), Some("b")),
            (Category::VIRUS, Some("c")),
            (Category::BANNED, None),
        ] {
            assert_eq!(maps.of(category), want.map(constant).as_ref());
        }
    }
}
