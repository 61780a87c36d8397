//! The configuration language of the original: read, or refused with a place that exists.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::config::check(&String::from_utf8_lossy(octets));
});
