//! Templates of notices and log entries: expansion ends, within bounds, and gives well-formed mail.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    common::invariants::template::check(&String::from_utf8_lossy(octets));
});
