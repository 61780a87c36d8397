//! The data codec.

use filterd::{
    mail::content::{ContentFacts, DotLines},
    wire::smtp::data::{Decoder, Progress, dot_lines, facts_of, stuff},
};

/// What a decoder made of its input: the content, the facts, and what followed the final dot; `None` if it never came.
#[derive(PartialEq, Eq, Debug)]
pub struct Decoded {
    pub content: Vec<u8>,
    pub facts: ContentFacts,
    pub rest: Option<Vec<u8>>,
}

/// Decodes `pieces`, each where the last one ended.
pub fn decode(pieces: &[&[u8]]) -> Decoded {
    let (mut decoder, mut content) = (Decoder::default(), Vec::new());
    let mut ended = false;
    for piece in pieces {
        let from = content.len();
        content.extend_from_slice(piece);
        ended = decoder.decode(&mut content, from) == Progress::End;
    }
    let rest = decoder.take_rest();
    assert!(ended || rest.is_empty(), "a rest without an end");
    Decoded {
        content,
        facts: decoder.into_facts(),
        rest: ended.then_some(rest),
    }
}

/// Lines end in CRLF, and CR and LF are nowhere else; the last line may be open.
pub fn check_canonical(content: &[u8]) {
    for (at, octet) in content.iter().enumerate() {
        let fits = match octet {
            b'\n' => at > 0 && content[at - 1] == b'\r',
            b'\r' => content.get(at + 1) == Some(&b'\n'),
            _ => true,
        };
        assert!(fits, "bare CR or LF at {at}");
    }
}

/// The slow and simple way: one octet after the other, as the table in the guide to the codec has it. Content, number of bare CR and
/// LF, and what follows the final dot.
fn model(input: &[u8]) -> (Vec<u8>, u64, Option<Vec<u8>>) {
    let (mut out, mut bare, mut at) = (Vec::new(), 0, 0);
    // A dot at the start of a line is stuffing only where the line before ended in CRLF.
    let mut starts_line = true;
    while at < input.len() {
        let tail = &input[at..];
        if starts_line && tail.starts_with(b".\r\n") {
            return (out, bare, Some(tail[3..].to_vec()));
        }
        let lone_dot = starts_line && tail[0] == b'.';
        if lone_dot && b".\r\n".starts_with(tail) {
            // Not decided yet.
            return (out, bare, None);
        }
        starts_line = false;
        if lone_dot {
            at += 1;
            continue;
        }
        if tail.starts_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
            (at, starts_line) = (at + 2, true);
        } else if tail == b"\r" {
            return (out, bare, None);
        } else if matches!(tail[0], b'\r' | b'\n') {
            out.extend_from_slice(b"\r\n");
            (at, bare) = (at + 1, bare + 1);
        } else {
            out.push(tail[0]);
            at += 1;
        }
    }
    (out, bare, None)
}

/// The codec does what the model does, however the input is cut; what it gives is canonical; its facts are true.
pub fn check(input: &[u8], cuts: &[u8]) {
    let whole = decode(&[input]);
    let cut = decode(&super::pieces(input, cuts));
    assert_eq!(whole, cut, "packets make a difference");
    let (content, bare, rest) = model(input);
    assert_eq!(whole.rest, rest);
    assert_eq!(whole.content, content);
    assert_eq!(whole.facts.bare_newlines, bare);
    check_canonical(&content);
    check_facts(&whole);
}

fn check_facts(decoded: &Decoded) {
    let (content, facts) = (&decoded.content, &decoded.facts);
    assert_eq!(facts.size, content.len() as u64);
    assert_eq!(facts.has_eight_bit, !content.is_ascii());
    assert_eq!(facts.has_nul, content.contains(&0));
    let dots: Vec<u64> = dot_lines(content, 0, true).collect();
    match &facts.dot_lines {
        DotLines::Known(known) => assert_eq!(*known, dots),
        DotLines::TooMany => assert!(dots.len() > DotLines::MOST),
    }
}

/// What is sent is what arrives: any canonical content, through stuffing and decoding; and nothing within it ends it.
pub fn check_round_trip(content: &[u8], cuts: &[u8]) {
    let facts = facts_of(content);
    let dots: Vec<u64> = dot_lines(content, 0, true).collect();
    let mut wire = Vec::new();
    stuff(content, 0, &dots, |piece| wire.extend_from_slice(piece));
    if !wire.ends_with(b"\r\n") && !wire.is_empty() {
        wire.extend_from_slice(b"\r\n");
    }
    let sent = wire.len();
    wire.extend_from_slice(b".\r\nQUIT\r\n");
    let decoded = decode(&super::pieces(&wire, cuts));
    assert_eq!(decoded.rest.as_deref(), Some(&b"QUIT\r\n"[..]));
    assert_eq!(decoded.content.get(..content.len()), Some(content));
    assert!(decoded.content.len() <= sent);
    if content.ends_with(b"\r\n") || content.is_empty() {
        assert_eq!(decoded.facts, facts);
    }
}

/// Brings any octets into canonical form, so that every input is a test of the round trip.
pub fn canonical(octets: &[u8]) -> Vec<u8> {
    model(&[b"x", octets].concat()).0.split_off(1)
}
