//! AM.PDP: requests of milters and helpers.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (cuts, octets) = common::split_cuts(octets);
    common::invariants::ampdp::check(octets, cuts);
});
