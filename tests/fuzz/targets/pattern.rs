//! Patterns in Perl's syntax: compiled or refused, and matching ends.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::pattern::check(&String::from_utf8_lossy(octets));
});
