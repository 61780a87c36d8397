//! A real daemon between a client and a next hop, both of the tests' own.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test that fails says where; not every test uses everything"
)]

#[path = "../support/mod.rs"]
mod support;

mod crashes;
mod delivery;
mod demo;
mod dialogs;
mod faults;
mod inspection;
mod log_forms;
mod mangling;
mod metrics;
mod notices;
mod programs;
mod quarantine;
mod scan;
mod scanner_protocols;
mod scanners;
mod service;
mod signals;
mod spam;
mod supervisor;
mod unpack;
