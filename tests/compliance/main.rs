//! The same checks against the original (Debian's amavisd-new 2.13) and against filterd: what is meant to be equal is equal.
//!
//! Only what others can see counts: what is said on the wire, what the next hop gets, what is logged, files, exit statuses. Both programs get the
//! same text of configuration, with `reply_form = "2.13"`. Each check passes on the original first; where filterd differs on purpose, both
//! expectations and the reason are in `differences.rs`. `FILTERD_UNDER_TEST=amavisd` or `=filterd` chooses one of them; without it, both are
//! tested, the original only where it is installed.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test that fails says where; not every test uses everything"
)]

#[path = "../support/mod.rs"]
mod support;

mod command_line;
mod differences;
mod play;
mod process;
mod program;
mod script;
mod subject;
mod tables;

use std::collections::BTreeSet;

use program::Program;

/// Runs a set of checks with one program, or says why not.
fn with(program: Program, checks: impl FnOnce(Program)) {
    match program.reason_to_skip() {
        Some(reason) => eprintln!("skipped: {program:?}: {reason}"),
        None => checks(program),
    }
}

/// What a test does: plays scripts that share a daemon, or calls the function of its name in a module.
macro_rules! checks {
    ($test:ident [$($script:ident)*]) => { |program| play::play_all(&[$(stringify!($script)),*], program) };
    ($test:ident $module:ident) => { $module::$test };
}

/// Names of scripts.
macro_rules! scripts {
    ([$($script:ident)*]) => { &[$(stringify!($script)),*] };
    ($module:ident) => { &[] };
}

/// Makes each test for both programs.
macro_rules! for_both {
    ($($test:ident: $what:tt;)*) => {
        mod amavisd {
            use super::*;
            $(#[test] fn $test() { with(Program::Original, checks!($test $what)); })*
        }
        mod filterd {
            use super::*;
            $(#[test] fn $test() { with(Program::Filterd, checks!($test $what)); })*
        }

        /// Scripts that are played, by test.
        const SCRIPTS: &[&[&str]] = &[$(scripts!($what)),*];
    };
}

for_both! {
    usual: [commands envelope delivery content lmtp log];
    next_hops: [next_hop next_hop_abilities];
    no_next_hop: [no_next_hop];
    failover: [failover];
    lmtp_next_hop: [lmtp_next_hop];
    limits: [limits];
    recipient_limits: [recipient_limits];
    banners: [banners];
    lmtp_socket: [lmtp_socket];
    access: [access];
    idle: [idle];
    banks: [banks];
    one_child: [one_child];
    command_lines: command_line;
    foreground_and_term: process;
    pid_file_and_hup: process;
    term_with_a_message_in_work: process;
    hup_with_a_message_in_work: process;
    children_and_quit: process;
    background: process;
}

#[test]
fn every_script_is_played_once() {
    let mut files: Vec<String> = std::fs::read_dir(script::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut played: Vec<&str> = SCRIPTS.concat();
    files.sort_unstable();
    played.sort_unstable();
    assert_eq!(files, played);
}

#[test]
fn every_difference_is_one_and_is_checked_somewhere() {
    let mut used: BTreeSet<String> = SCRIPTS
        .concat()
        .iter()
        .flat_map(|name| script::keys_in(&script::text_of(name)))
        .collect();
    used.extend(command_line::keys());
    used.extend(process::KEYS.iter().map(|key| (*key).to_owned()));
    let mut known = BTreeSet::new();
    for difference in differences::DIFFERENCES.iter().chain(differences::GAPS) {
        let key = difference.key;
        assert!(known.insert(key.to_owned()), "{key}: twice in the table");
        assert_ne!(
            difference.original, difference.filterd,
            "{key}: no difference"
        );
        assert!(!difference.because.is_empty(), "{key}: no reason");
    }
    assert_eq!(known, used);
}
