//! filterd: a mail content filter between Postfix and scanners, a drop-in for amavisd-new.
//!
//! Postfix hands a message to a child on 127.0.0.1:10024 by SMTP or LMTP; the child takes it in, decides for each recipient,
//! re-injects it on 127.0.0.1:10025, and only then says 250: so mail is always safe in one queue.
//!
//! # The house
//!
//! A module imports only from lower floors; `tests/layers.rs` holds the table and fails when that is not so.
//!
//! | floor | modules |
//! |---|---|
//! | 8 | [`cli`]: arguments, commands and wiring of every program |
//! | 7 | [`supervisor`]: the master; [`child`]: one child's life |
//! | 6 | [`session`]: one client connection |
//! | 5 | [`pipeline`]: one message, top to bottom; [`release`]: what was kept, back to its recipients |
//! | 4 | [`unpack`]: what is inside; [`scan`]: virus scanners and spam engines; [`quarantine`]: keeping copies; [`deliver`]: handing it on; [`notify`]: composing reports |
//! | 3 | [`policy`]: decisions; [`outbound`]: SMTP and LMTP to the next hop |
//! | 2 | [`config`]: two syntaxes, one struct; [`net`]: streams with deadlines; [`spool`]: the message in work |
//! | 1 | [`wire`]: protocols without I/O; [`mime`]: header fields; [`lookup`]: tables; [`log`]; [`counters`]; [`scoreboard`] |
//! | 0 | [`sys`]: the kernel boundary, the only `unsafe`; [`mail`]: the vocabulary; [`pattern`]: as Perl means them |
//!
//! # The way of a message
//!
//! bytes → `wire::smtp::server::Event` → `session` → `mail::envelope::Envelope` → `spool::message::Message` →
//! `mail::finding::Finding` → `mail::decision::Decision` → `mail::outcome::Outcome` → `mail::settlement::FinalReply` → bytes.
//! Each arrow consumes its left side; a 2xx comes only from outcomes that somebody took responsibility for.

pub mod child;
pub mod cli;
pub mod config;
pub mod counters;
pub mod deliver;
pub mod log;
pub mod lookup;
pub mod mail;
pub mod mime;
pub mod net;
pub mod notify;
pub mod outbound;
pub mod pattern;
pub mod pipeline;
pub mod policy;
pub mod quarantine;
pub mod release;
pub mod scan;
pub mod scoreboard;
pub mod session;
pub mod spool;
pub mod supervisor;
pub mod sys;
pub mod template;
pub mod unpack;
pub mod wire;
