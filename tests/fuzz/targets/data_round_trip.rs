//! The data codec: does what its model does, and gives back what was sent.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (cuts, input) = common::split_cuts(octets);
    common::invariants::data::check(input, cuts);
    let content = common::invariants::data::canonical(input);
    common::invariants::data::check_round_trip(&content, cuts);
});
