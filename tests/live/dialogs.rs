//! Protocol dialogues as text files, run against the machine and against a live daemon.
//!
//! `C:` the client sends a line, `C!` raw octets (`\r \n \0 \xHH \\`), `S:` the server says a line (`*` is any text), `M!` the next hop
//! got a message that ends so, `X:` the server closes. `O:` at the head sets an option, in TOML; `W:` says that the dialogue means something only when what
//! the client sends arrives in one piece.

use std::{fs, path::PathBuf};

use filterd::{
    mail::{
        id::LogId,
        outcome::{Acceptance, Outcome},
        reply::Reply,
        settlement::{FinalReply, ReplyForm},
    },
    wire::smtp::server::{DataProgress, Options, Server, Wants},
};

use crate::support::{client::Client, daemon::Daemon, next_hop::NextHop, wildcard::fits};

#[derive(Debug)]
enum Step {
    Client(Vec<u8>),
    Server(String),
    Message(Vec<u8>),
    Closed,
}

#[derive(Debug)]
struct Dialog {
    name: String,
    options: Vec<String>,
    steps: Vec<Step>,
    only_whole: bool,
}

fn dialogs() -> Vec<Dialog> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialogs");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 5);
    files
        .iter()
        .map(|file| {
            parse(
                &file.file_stem().unwrap().to_string_lossy(),
                &fs::read_to_string(file).unwrap(),
            )
        })
        .collect()
}

fn parse(name: &str, text: &str) -> Dialog {
    let mut dialog = Dialog {
        name: name.to_owned(),
        options: Vec::new(),
        steps: Vec::new(),
        only_whole: false,
    };
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let (mark, rest) = line.split_at(2);
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        dialog.steps.push(match mark {
            "C:" => Step::Client(format!("{rest}\r\n").into_bytes()),
            "C!" => Step::Client(unescape(rest)),
            "S:" => Step::Server(rest.to_owned()),
            "M!" => Step::Message(unescape(rest)),
            "X:" => Step::Closed,
            "W:" => {
                dialog.only_whole = true;
                continue;
            }
            "O:" => {
                dialog.options.push(rest.to_owned());
                continue;
            }
            other => panic!("{name}: {other}"),
        });
    }
    dialog
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

/// Options that the machine knows by itself.
fn machine_options(dialog: &Dialog) -> Option<Options> {
    let mut options = Options::default();
    for option in &dialog.options {
        let (name, value) = option.split_once('=').unwrap();
        match name.trim() {
            "smtpd_recipient_limit" => options.most_recipients = value.trim().parse().unwrap(),
            "smtpd_hard_error_limit" => options.most_errors = value.trim().parse().unwrap(),
            "early_data" => options.refuses_early_data = value.contains("reject"),
            "max_requests" => {}
            // What needs a pipeline is for the live daemon alone.
            _ => return None,
        }
    }
    Some(options)
}

/// Feeds `pieces` to the machine; everything is accepted. What was said, the messages, and whether it closed.
fn converse(options: Options, pieces: &[&[u8]]) -> (String, Vec<Vec<u8>>, bool) {
    let mut server = Server::new(options);
    let (mut input, mut content, mut messages, mut said) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match server.wants() {
                Wants::Command => {
                    let mut rest = &input[..];
                    let event = server.receive(&mut rest);
                    input = rest.to_vec();
                    if event.is_none() && server.wants() == Wants::Command {
                        break;
                    }
                }
                Wants::Answer => server.accept(),
                Wants::Data => {
                    let from = content.len();
                    content.append(&mut input);
                    match server.receive_data(&mut content, from) {
                        DataProgress::More => break,
                        DataProgress::End(rest) => input = rest,
                    }
                }
                Wants::Verdict => {
                    messages.push(std::mem::take(&mut content));
                    server.answer(&verdict(&server));
                }
                Wants::Close => break,
            }
            said.extend(server.take_output());
        }
        said.extend(server.take_output());
    }
    (
        String::from_utf8_lossy(&said).into_owned(),
        messages,
        server.wants() == Wants::Close,
    )
}

fn verdict(server: &Server) -> FinalReply {
    let reply = Reply::status(250, 0, 0, "Ok: queued as Q1");
    let taken =
        Outcome::Delivered(Acceptance::by_next_hop("smtp:[127.0.0.1]:10025", &reply).unwrap());
    let recipients = &server.envelope().recipients;
    let (outcomes, id) = (vec![taken; recipients.len()], LogId::new(1, 1, 1));
    if server.speaks_lmtp() {
        FinalReply::for_lmtp(&outcomes, recipients, &id, ReplyForm::Guide)
    } else {
        FinalReply::for_smtp(&outcomes, &id, ReplyForm::Guide)
    }
}

fn check_machine(dialog: &Dialog, how: &str, pieces: &[&[u8]]) {
    let (said, messages, is_closed) = converse(machine_options(dialog).unwrap(), pieces);
    let mut lines = said.lines();
    let mut messages = messages.iter();
    for step in &dialog.steps {
        match step {
            Step::Server(want) => {
                let got = lines
                    .next()
                    .unwrap_or_else(|| panic!("{} {how}: nothing instead of {want}", dialog.name));
                assert!(
                    fits(want, got),
                    "{} {how}: {got} instead of {want}",
                    dialog.name
                );
            }
            Step::Message(want) => {
                let got = messages
                    .next()
                    .unwrap_or_else(|| panic!("{} {how}: no message", dialog.name));
                assert!(
                    got.ends_with(want),
                    "{} {how}: {:?}",
                    dialog.name,
                    String::from_utf8_lossy(got)
                );
            }
            Step::Closed => assert!(is_closed, "{} {how}: not closed", dialog.name),
            Step::Client(_) => {}
        }
    }
    assert_eq!(
        lines.next(),
        None,
        "{} {how}: too much was said",
        dialog.name
    );
    assert_eq!(
        messages.len(),
        0,
        "{} {how}: too many messages",
        dialog.name
    );
}

fn input_of(dialog: &Dialog) -> Vec<u8> {
    let sent = dialog.steps.iter().filter_map(|step| match step {
        Step::Client(octets) => Some(octets.clone()),
        _ => None,
    });
    sent.collect::<Vec<_>>().concat()
}

#[test]
fn the_machine_says_what_the_dialogues_say_whatever_the_cuts() {
    let mut tried = 0;
    for dialog in dialogs()
        .iter()
        .filter(|dialog| machine_options(dialog).is_some())
    {
        let input = input_of(dialog);
        check_machine(dialog, "whole", &[&input]);
        tried += 1;
        if dialog.only_whole {
            continue;
        }
        check_machine(
            dialog,
            "octet by octet",
            &input.chunks(1).collect::<Vec<_>>(),
        );
        let step = (input.len() / 3000).max(1);
        for cut in (0..=input.len()).step_by(step) {
            let (head, tail) = input.split_at(cut);
            check_machine(dialog, &format!("cut at {cut}"), &[head, tail]);
        }
    }
    assert!(tried > 5);
}

#[test]
fn a_live_daemon_says_what_the_dialogues_say() {
    let hop = NextHop::start();
    let mut daemons: Vec<(Vec<String>, Daemon)> = Vec::new();
    for dialog in dialogs() {
        let at = daemons
            .iter()
            .position(|(options, _)| *options == dialog.options)
            .unwrap_or_else(|| {
                daemons.push((
                    dialog.options.clone(),
                    Daemon::start(hop.port(), &dialog.options.join("\n")),
                ));
                daemons.len() - 1
            });
        let address = daemons[at].1.address();
        for octet_by_octet in [false, !dialog.only_whole] {
            converse_live(&dialog, Client::dial(address), &hop, octet_by_octet);
        }
    }
}

fn converse_live(dialog: &Dialog, mut client: Client, hop: &NextHop, octet_by_octet: bool) {
    let mut seen = hop.count();
    for step in &dialog.steps {
        match step {
            Step::Client(octets) if octet_by_octet && octets.len() < 300 => {
                octets.chunks(1).for_each(|octet| client.send(octet));
            }
            // The daemon may have said its last word already.
            Step::Client(octets) => drop(client.try_send(octets)),
            Step::Server(want) => {
                let got = client
                    .line()
                    .unwrap_or_else(|| panic!("{}: closed instead of {want}", dialog.name));
                assert!(fits(want, &got), "{}: {got} instead of {want}", dialog.name);
            }
            Step::Message(want) => {
                let taken = hop.taken();
                assert!(taken.len() > seen, "{}: no message", dialog.name);
                assert!(
                    taken[seen].content.ends_with(want),
                    "{}: {:?}",
                    dialog.name,
                    String::from_utf8_lossy(&taken[seen].content)
                );
                seen += 1;
            }
            Step::Closed => assert!(client.is_closed(), "{}: not closed", dialog.name),
        }
    }
    assert_eq!(hop.count(), seen, "{}: too many messages", dialog.name);
}
