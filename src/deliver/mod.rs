//! Handing a message on, and saying what that means for each recipient.

pub mod smtp;
pub mod submission;
mod wording;
