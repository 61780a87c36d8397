//! Messages taken apart: every octet belongs to a part, and decoding ends.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::parts::check(octets);
});
