//! Keeping a copy of mail, so that somebody can look at it or have it after all.
//!
//! What is kept is on the disk before anybody is told that the message is taken.

pub mod file;
pub mod kept;
pub mod mailbox;
pub mod shelf;
