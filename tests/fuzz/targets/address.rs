//! Envelope addresses: what is taken can be sent, and stays the same.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::address::check(octets);
});
