//! Handing a message on, and saying what that means for each recipient.

pub mod reports;
pub mod smtp;
mod wording;
