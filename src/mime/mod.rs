//! What header fields say, and what a message is made of. The only importer of mail-parser, which is used for single fields only.

pub mod authors;
pub mod bulk;
pub mod charset;
pub mod encoded_word;
pub mod field;
pub mod header_check;
pub mod kind;
pub mod parameters;
pub mod trace;
pub mod transfer;
pub mod walk;
