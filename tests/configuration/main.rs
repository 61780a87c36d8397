//! Whole configurations: real ones in their language and in TOML, and broken ones with the message that each must give.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that fails says where"
)]

mod broken;
mod commands;
mod fixtures;
mod world;
