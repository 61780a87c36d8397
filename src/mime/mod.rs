//! What header fields say. The only importer of mail-parser, which is used for single fields only.

pub mod field;
pub mod trace;
