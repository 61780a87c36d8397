//! The protocol machine of the server.

use filterd::{
    mail::{
        id::LogId,
        outcome::{Acceptance, Outcome},
        reply::Reply,
        settlement::{FinalReply, ReplyForm},
    },
    wire::smtp::server::{DataProgress, Options, Server, Wants},
};

/// Longest reply line, with its CRLF (RFC 5321 section 4.5.3.1.5).
const LONGEST_REPLY: usize = 512;

/// What came of a conversation.
#[derive(PartialEq, Eq, Debug)]
pub struct Talk {
    /// Everything the server said.
    pub said: Vec<u8>,
    /// The messages, in order.
    pub messages: Vec<Vec<u8>>,
    /// The server has closed the session.
    pub closed: bool,
}

/// Feeds `pieces` to a machine that accepts whatever it is asked about.
pub fn converse(options: Options, pieces: &[&[u8]]) -> Talk {
    let mut server = Server::new(options);
    let mut talk = Talk {
        said: server.take_output(),
        messages: Vec::new(),
        closed: false,
    };
    let (mut input, mut content) = (Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        while go_on(&mut server, &mut input, &mut content, &mut talk.messages) {}
        talk.said.extend(server.take_output());
    }
    talk.closed = server.wants() == Wants::Close;
    talk
}

/// One step; false when more input is needed.
fn go_on(
    server: &mut Server,
    input: &mut Vec<u8>,
    content: &mut Vec<u8>,
    messages: &mut Vec<Vec<u8>>,
) -> bool {
    match server.wants() {
        Wants::Command => {
            let mut rest = &input[..];
            let event = server.receive(&mut rest);
            let taken = input.len() - rest.len();
            input.drain(..taken);
            event.is_some() || server.wants() != Wants::Command
        }
        Wants::Answer => {
            server.accept();
            true
        }
        Wants::Data => {
            let from = content.len();
            content.append(input);
            match server.receive_data(content, from) {
                DataProgress::More => false,
                DataProgress::End(rest) => {
                    *input = rest;
                    true
                }
            }
        }
        Wants::Verdict => {
            messages.push(std::mem::take(content));
            server.answer(&taken(server));
            true
        }
        Wants::Close => false,
    }
}

/// Everyone's copy was taken.
fn taken(server: &Server) -> FinalReply {
    let reply = Reply::status(250, 0, 0, "Ok: queued as Q1");
    let by = Acceptance::by_next_hop("smtp:[127.0.0.1]:10025", &reply).unwrap();
    let recipients = &server.envelope().recipients;
    assert!(
        !recipients.is_empty(),
        "a message for nobody came to its end"
    );
    let outcomes = vec![Outcome::Delivered(by); recipients.len()];
    let id = LogId::new(1, 1, 1);
    if server.speaks_lmtp() {
        FinalReply::for_lmtp(&outcomes, recipients, &id, ReplyForm::Guide)
    } else {
        FinalReply::for_smtp(&outcomes, &id, ReplyForm::Guide)
    }
}

/// However the octets of a client are cut into packets, the same is said and the same messages are taken; replies have their form;
/// no message ends without CRLF `.` CRLF.
pub fn check(input: &[u8], cuts: &[u8]) {
    let whole = converse(Options::default(), &[input]);
    let cut = converse(Options::default(), &super::pieces(input, cuts));
    assert_eq!(whole, cut, "packets make a difference");
    check_replies(&whole.said, input);
    let ends = memchr::memmem::find_iter(input, b"\n.\r\n").count();
    assert!(
        whole.messages.len() <= ends,
        "{} messages of {ends} ends",
        whole.messages.len()
    );
    for message in &whole.messages {
        super::data::check_canonical(message);
    }
}

/// Each line is a code, a blank or a hyphen, and printable text, no longer than it may be.
fn check_replies(said: &[u8], input: &[u8]) {
    assert!(said.starts_with(b"220 ") && said.ends_with(b"\r\n"));
    // Text beyond ASCII is said only to a client that asked for it.
    let may_be_utf8 = memchr::memmem::find(&input.to_ascii_uppercase(), b"SMTPUTF8").is_some();
    for line in said.split_inclusive(|&octet| octet == b'\n') {
        assert!(
            line.len() <= LONGEST_REPLY,
            "a reply line of {}",
            line.len()
        );
        let (text, end) = line.split_at(line.len() - 2);
        assert_eq!(end, b"\r\n");
        let (code, rest) = text.split_at(3);
        assert!(code.iter().all(u8::is_ascii_digit) && (b'2'..=b'5').contains(&code[0]));
        assert!(matches!(rest.first(), Some(b' ' | b'-')));
        assert!(rest.iter().all(|&octet| octet >= 0x20 && octet != 0x7F));
        assert!(may_be_utf8 || rest.is_ascii(), "eight bits unasked");
        assert!(std::str::from_utf8(rest).is_ok());
    }
}
