//! Replies of a next hop, and the transaction that gets them.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (cuts, input) = common::split_cuts(octets);
    common::invariants::next_hop::check(input, cuts);
});
