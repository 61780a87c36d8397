//! Lookup tables: what a configuration says about an address or a host.
//!
//! A setting named `*_maps` is a list of tables; the first one that gives a defined result decides.
//!
//! # Source
//! daemon.md 6.3 and content.md 6 (kinds of tables, order of keys).

pub mod by_recipient;
pub mod cdb;
pub mod key;
pub mod network;
pub mod rules;
pub mod table;

#[cfg(test)]
mod tests;
