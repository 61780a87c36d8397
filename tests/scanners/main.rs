//! The real scanners of Debian, private ones that the tests start: clamd with two signatures of the tests' own and without its own
//! unpacking, spamd with local rules only, rspamd without modules. What is not installed is skipped, and says so.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::too_many_lines,
    clippy::large_stack_arrays,
    missing_docs,
    reason = "a test that fails says where; not every test uses everything"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../corpus/carriers.rs"]
mod carriers;
#[path = "../corpus/packers.rs"]
mod packers;

mod clamav;
mod daemons;
mod original;
mod rspamd;
mod spamassassin;

const HEAD: &str = "From: a@example.com\r\nTo: b@example.net\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n";

fn message(body: &str) -> String {
    format!("{HEAD}Subject: x\r\n\r\n{body}\r\n")
}

/// The line that every spam engine knows, made here.
fn gtube() -> String {
    [
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
        "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
    ]
    .concat()
}

/// The file that every virus scanner knows, made here.
fn eicar() -> String {
    [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$",
        "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat()
}

fn deliver(daemon: &support::daemon::Daemon, to: &[&str], message: &str) -> String {
    support::client::Client::hello(daemon.address()).deliver("a@example.com", to, message)
}
