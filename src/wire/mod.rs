//! Protocols without I/O: bytes in, events and bytes out. No socket, no clock, no file.

pub mod ampdp;
pub mod clamd;
pub mod http;
pub mod smtp;
pub mod spamd;
