//! The vocabulary: what flows from the first byte of a transaction to its last reply. Data only: no clock, no file, no socket.
//!
//! One word for one thing, the field's own: envelope, reverse-path, recipient, finding, content category,
//! destiny, decision, outcome, reply. Nothing later in the flow writes to something earlier.

pub mod address;
pub mod category;
pub mod client;
pub mod content;
pub mod decision;
pub mod domain;
pub mod envelope;
pub mod finding;
pub mod header;
pub mod id;
pub mod node;
pub mod outcome;
pub mod part;
pub mod reply;
pub mod score;
pub mod settlement;
pub mod text;
