//! Composing reports as octets. Nothing is sent from here.

pub mod defang;
pub mod dsn;
pub mod notice;
pub mod text;
