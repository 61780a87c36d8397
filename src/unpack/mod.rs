//! What is inside a message: its parts, and what is in those, down to the last archive in an archive.
//!
//! The mail itself is taken apart in the child. What holds other things in a container format is opened in a decoder process, which has
//! nothing but memory, a processor and a pipe (decision 8); see [`process`].
//!
//! # Guards
//! D18, D25; T1-T9 of content.md 12.1. I8: everything is charged to one [`budget::Budget`].

pub mod budget;
mod builtin;
mod cursor;
pub mod decoder;
mod explorer;
mod members;
mod name;
pub mod process;
mod stream;

pub use explorer::Keep;
pub use process::{Explosion, explode, explode_here};
