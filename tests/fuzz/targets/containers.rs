//! Containers taken apart: within limits, and nothing breaks.
#![no_main]
#![allow(dead_code, reason = "each target asks only its own questions")]

mod common;

libfuzzer_sys::fuzz_target!(init: common::own_panics_only(), |octets: &[u8]| {
    common::invariants::contents::check_container(octets);
});
