//! Configuration: two syntaxes, one struct.
//!
//! Reading has two steps. A reader (`toml`, `perl`) turns files into a [`raw::RawConfig`]: exactly what they say, with file, line and
//! column. [`resolve`] checks that against the settings table and yields a [`settled::Config`], which never changes and is
//! inherited by children.
//!
//! # Guards
//! I12: a configuration is whole or it is an error; nothing in it is ignored in silence.
//!
//! # Source
//! daemon.md section 8 and appendix A; architecture 2.7.

pub mod by_category;
pub mod dump;
pub mod dynamic;
pub mod error;
pub mod files;
pub mod listen;
pub mod mangling;
pub mod method;
pub mod notices;
pub mod original;
pub mod perl;
pub mod quarantine;
pub mod raw;
pub mod release;
pub mod resolve;
pub mod scanner;
pub mod secure_open;
pub mod settings;
pub mod settled;
pub mod spam;
pub mod special;
pub mod table_file;
pub mod toml;
pub mod value;
