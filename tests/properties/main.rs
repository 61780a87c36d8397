//! Properties: what must hold for every input, asked of many that nobody thought of.
//!
//! A failure prints the smallest input that shows it; keep it as an ordinary test beside the code that it concerns.
#![allow(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test that fails says where"
)]

mod invariants;
mod protocol;
mod text;

use proptest::{prelude::*, test_runner::Config};

/// `cases` inputs, and no file of failures beside the code.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Lengths of packets, less one.
fn cuts() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>().prop_map(|cut| cut % 40), 1..6)
}

/// A sequence of words, put together; the words are what the code under test looks for.
fn words(words: &'static [&'static [u8]], most: usize) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(word, 0..most).prop_map(|words| words.concat())
}
