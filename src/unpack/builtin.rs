//! The decoders, one format a file.

pub(super) mod ar;
pub(super) mod arj;
pub(super) mod cab;
pub(super) mod cpio;
mod deflate;
pub(super) mod iso;
pub(super) mod lha;
pub(super) mod lzop;
mod lzw;
pub(super) mod mail;
pub(super) mod ole;
pub(super) mod onenote;
pub(super) mod outlook;
pub(super) mod pdf;
pub(super) mod rar;
pub(super) mod rpm;
pub(super) mod rtf;
pub(super) mod seven_zip;
pub(super) mod smime;
pub(super) mod stream;
pub(super) mod tar;
pub(super) mod text;
pub(super) mod zip;
