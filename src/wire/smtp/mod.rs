//! SMTP and LMTP: both sides as state machines, and the codecs they share.
//!
//! # Source
//! RFC 5321, RFC 2033 (LMTP), RFC 1870 (SIZE), RFC 2034, RFC 2920 (PIPELINING), RFC 3461 (DSN), RFC 6152, RFC 6531,
//! Postfix `XFORWARD_README`; daemon.md sections 3 and 4 for the texts.

pub mod capabilities;
pub mod client;
pub mod command;
pub mod data;
pub mod parameter;
pub mod reply;
pub mod server;
pub mod xforward;
pub mod xtext;
