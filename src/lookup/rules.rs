//! Rules that are chosen by recipient: tables of patterns, and maps that say which of them hold for whom.
//!
//! # Source
//! content.md 2.9 (`banned_filename_maps`).

use std::{collections::BTreeMap, sync::Arc};

use super::{
    key::{Keys, Rules},
    table::PatternEntry,
};
use crate::mail::address::Address;

/// What a list of rules holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuleItem {
    /// Patterns, for everybody.
    Patterns(Vec<Arc<PatternEntry>>),
    /// What holds for whom.
    Map(BTreeMap<String, Vec<Self>>),
}

/// All rules, and how addresses are compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleMaps {
    /// In order.
    pub items: Vec<RuleItem>,
    /// How addresses are compared.
    pub rules: Rules,
}

impl RuleMaps {
    /// The patterns that hold for a recipient, of all maps that know him, in order.
    #[must_use]
    pub fn of(&self, recipient: &Address) -> Vec<Arc<PatternEntry>> {
        let mut found = Vec::new();
        if !self.items.is_empty() {
            collect(&self.items, &Keys::of(recipient, &self.rules), &mut found);
        }
        found
    }
}

/// How deep maps can hold maps is limited where they are read.
fn collect(items: &[RuleItem], keys: &Keys, found: &mut Vec<Arc<PatternEntry>>) {
    for item in items {
        match item {
            RuleItem::Patterns(patterns) => found.extend(patterns.iter().cloned()),
            RuleItem::Map(entries) => {
                if let Some(items) = keys.in_order().find_map(|key| entries.get(key)) {
                    collect(items, keys, found);
                }
            }
        }
    }
}
