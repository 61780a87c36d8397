//! What is decided about a message: settings of each recipient, and the decision. Pure: facts in, decisions out.

pub mod bank;
pub mod banned;
pub mod decide;
pub mod recipient;
pub mod senders;
pub mod spam;
