//! Messages taken apart down to the last thing in them: within limits, twice the same.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(init: common::own_panics_only(), |octets: &[u8]| {
    common::invariants::contents::check(octets);
});
