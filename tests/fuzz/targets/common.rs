//! The questions that the property tests ask, and how octets become their arguments.

#[path = "../../properties/invariants/mod.rs"]
pub mod invariants;

/// Takes the first octet as the number of cuts, then the cuts; the rest is the input.
pub fn split_cuts(octets: &[u8]) -> (&[u8], &[u8]) {
    let Some((&count, rest)) = octets.split_first() else {
        return (&[], &[]);
    };
    rest.split_at(usize::from(count % 8).min(rest.len()))
}
