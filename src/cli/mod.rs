//! Arguments, sub-commands and wiring of every program; the only place that names both `supervisor` and `child`.

pub mod amavisd;
mod check_config;
mod config;
mod control;
mod daemon;
mod decoders;
mod demo;
mod exit;
mod explain;
pub mod filterd;
pub mod helpers;
mod learn;
mod postfix;
mod predecessor;
mod print;
mod probe;
mod progress;
mod quarantine;
mod scan;
mod status;
mod table;
mod wiring;
