//! The native configuration language: read, or refused with a place that exists; shown, it is the same.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::config::check_toml(&String::from_utf8_lossy(octets));
});
