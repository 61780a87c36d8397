//! Numbers that bound a session, beyond those of the configuration.

use std::time::Duration;

/// Octets taken from the connection at a time while commands are expected.
pub(super) const INPUT: usize = 16 * 1024;
/// Octets taken from the connection at a time while a message is expected.
pub(super) const DATA: usize = 256 * 1024;
/// Octets at the head of a message by which it is known again if it has no queue id.
pub(super) const KEY: usize = 1024;
/// How long a client may take to read our last words.
pub(super) const LINGER: Duration = Duration::from_secs(2);
