//! The protocol machine of the server: packets make no difference, replies have their form, messages end at CRLF dot CRLF.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (cuts, input) = common::split_cuts(octets);
    common::invariants::server::check(input, cuts);
});
