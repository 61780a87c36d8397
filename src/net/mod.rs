//! Blocking streams on which every wait has a deadline: TCP and UNIX.
//!
//! # Guards
//! I5: nothing here waits beyond the deadline that its caller passes. D15: no-delay is set on every connection, and what
//! belongs together is sent with one call.

pub mod connect;
pub mod listener;
pub mod stream;
