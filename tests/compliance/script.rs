//! Checks as text: what the client says, what is to be said, handed on and logged.
//!
//! A file holds checks for one configuration. At its head `O:` adds a line to the configuration. `## name` begins a check, in a
//! session of its own that begins after the banner and is ended by QUIT, if it is still open. `A:` at the head names the address to listen on.
//!
//! | mark | meaning |
//! |---|---|
//! | `C:` `C!` | the client sends a line; raw octets (`\r \n \0 \xHH \\`) |
//! | `E:` | the client sends a line whose reply does not matter here |
//! | `T:` | a transaction up to the end of data: `sender > recipient…`, a usual message, each step accepted |
//! | `W:` | the client sends no more |
//! | `R:` | the client vanishes, another one comes |
//! | `S:` | the server says a line (`*` is any text) |
//! | `I:` | the server says so many lines that do not matter here |
//! | `X:` | the server closes without another word |
//! | `N:` | the next hop is told: `Stage reply`, `Stage drop`, `Stage close reply`, `rcpt part reply`, `hide KEYWORD`, `xforward ATTRIBUTES` |
//! | `H:` | the next hop got a line, in this order; those of a session are not counted unless the check names one |
//! | `M!` | a line of the message that the next hop took last, in this order, complete |
//! | `K:` | the next hop took so many messages |
//! | `L:` | a line was logged |
//! | `<<key>>` | the steps of this name in [`crate::differences`] |
//!
//! `{port}` and `{hop}` are ports, `{n*x}` is n times x.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{
    differences::{self, key_of},
    program::Program,
};

/// One thing to do or to see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Send(Vec<u8>),
    SendForAnyReply(String),
    Transact(String, Vec<String>),
    EndSending,
    Reconnect,
    Reply(String),
    AnyReplies(usize),
    Closed,
    Tell(String),
    HopLine(String),
    MessageLine(Vec<u8>),
    MessageCount(usize),
    Logged(String),
}

#[derive(Clone, Debug)]
pub struct Check {
    pub name: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Script {
    /// Where the daemon listens.
    pub host: String,
    pub options: String,
    pub checks: Vec<Check>,
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compliance/checks")
}

pub fn text_of(name: &str) -> String {
    let path = folder().join(format!("{name}.check"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Keys of differences that a text refers to.
pub fn keys_in(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(key_of).map(str::to_owned).collect()
}

/// Parses a file's text, as it is meant for `program`.
pub fn parse(text: &str, program: Program) -> Script {
    let mut script = Script {
        host: "127.0.0.1".to_owned(),
        options: String::new(),
        checks: Vec::new(),
    };
    for line in text.lines() {
        match key_of(line) {
            Some(key) => differences::expectation(key, program)
                .lines()
                .for_each(|line| take_line(&mut script, line)),
            None => take_line(&mut script, line),
        }
    }
    script
}

fn take_line(script: &mut Script, line: &str) {
    if let Some(name) = line.strip_prefix("## ") {
        script.checks.push(Check {
            name: name.to_owned(),
            steps: Vec::new(),
        });
    } else if let Some(host) = line.strip_prefix("A: ") {
        host.clone_into(&mut script.host);
    } else if let Some(option) = line.strip_prefix("O: ") {
        assert!(script.checks.is_empty(), "{line}: only at the head");
        script.options.push_str(option);
        script.options.push('\n');
    } else if !line.trim().is_empty() && !line.starts_with('#') {
        let check = script.checks.last_mut();
        let check = check.unwrap_or_else(|| panic!("{line}: outside of a check"));
        check.steps.push(step(line));
    }
}

fn step(line: &str) -> Step {
    let (mark, rest) = line.split_at_checked(2).unwrap_or((line, ""));
    let rest = &repeat(rest.strip_prefix(' ').unwrap_or(rest));
    match mark {
        "C:" => Step::Send(format!("{rest}\r\n").into_bytes()),
        "C!" => Step::Send(unescape(rest)),
        "E:" => Step::SendForAnyReply(rest.clone()),
        "T:" => {
            let (sender, recipients) = rest.split_once(" > ").unwrap();
            let sender = sender.trim_matches(['<', '>']);
            Step::Transact(
                sender.to_owned(),
                recipients.split(' ').map(str::to_owned).collect(),
            )
        }
        "W:" => Step::EndSending,
        "R:" => Step::Reconnect,
        "S:" => Step::Reply(rest.clone()),
        "I:" => Step::AnyReplies(rest.parse().unwrap()),
        "X:" => Step::Closed,
        "N:" => Step::Tell(rest.clone()),
        "H:" => Step::HopLine(rest.clone()),
        "M!" => Step::MessageLine(unescape(rest)),
        "K:" => Step::MessageCount(rest.parse().unwrap()),
        "L:" => Step::Logged(rest.clone()),
        _ => panic!("{line}: unknown mark"),
    }
}

/// Writes `{n*x}` out.
fn repeat(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let inner = tail.split_once('}');
        let parts = inner.and_then(|(inner, after)| {
            let (count, what) = inner.split_once('*')?;
            Some((count.parse::<usize>().ok()?, what, after))
        });
        if let Some((count, what, after)) = parts {
            out.push_str(&what.repeat(count));
            rest = after;
        } else {
            out.push('{');
            rest = tail;
        }
    }
    out + rest
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        if octet != b'\\' {
            out.push(octet);
            continue;
        }
        match octets.next().unwrap() {
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'0' => out.push(0),
            b'x' => {
                let digits: String = octets.by_ref().take(2).map(char::from).collect();
                out.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            other => out.push(other),
        }
    }
    out
}

#[test]
fn a_script_is_read_as_it_is_written() {
    let text = "# remark\nO: $x = 1;\n\n## one\nC: NOOP {3*a}{b}\nC! \\x41\\r\\n\nS: 250 *\n## two\nT: <> > b@c d@e\nK: 2\n";
    let script = parse(text, Program::Filterd);
    assert_eq!(script.options, "$x = 1;\n");
    assert_eq!(script.checks.len(), 2);
    let want = [
        Step::Send(b"NOOP aaa{b}\r\n".to_vec()),
        Step::Send(b"A\r\n".to_vec()),
        Step::Reply("250 *".to_owned()),
    ];
    assert_eq!(script.checks[0].steps, want);
    let recipients = vec!["b@c".to_owned(), "d@e".to_owned()];
    let want = [
        Step::Transact(String::new(), recipients),
        Step::MessageCount(2),
    ];
    assert_eq!(script.checks[1].steps, want);
}
