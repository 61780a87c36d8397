//! Lookup tables that are chosen by recipient.
//!
//! # Source
//! content.md 5.6 (`score_sender_maps`, `per_recip_*_sender_lookup_tables`).

use std::collections::BTreeMap;

use super::{
    key::{Keys, Rules},
    table::Maps,
};
use crate::mail::address::Address;

/// Maps from recipients to lookup tables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ByRecipient {
    /// In order.
    pub maps: Vec<BTreeMap<String, Maps>>,
    /// How addresses are compared.
    pub rules: Rules,
}

impl ByRecipient {
    /// The tables for a recipient: of each map those of the first key that is his.
    #[must_use]
    pub fn of(&self, recipient: &Address) -> Vec<&Maps> {
        if self.maps.is_empty() {
            return Vec::new();
        }
        let keys = Keys::of(recipient, &self.rules);
        let found = self
            .maps
            .iter()
            .filter_map(|map| keys.in_order().find_map(|key| map.get(key)));
        found.collect()
    }
}
