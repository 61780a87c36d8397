//! filterd behind a private, real Postfix, set up as the integration guide tells.
//!
//! Nothing of the machine's own mail system is touched: every Postfix here has its queue, its data and its log in a folder of its own,
//! and listens on loopback. Without root or without Postfix the tests say that they are skipped.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test that fails says where; not every test uses everything"
)]

#[path = "../support/mod.rs"]
mod support;

mod by_hand;
mod concurrency;
mod faults;
mod mail;
mod milter;
mod namespace;
mod postfix;
mod selection;
mod site;
mod transports;
