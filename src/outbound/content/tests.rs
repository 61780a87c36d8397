use std::{io::Read, os::unix::net::UnixStream, path::Path};

use super::*;
use crate::{
    mail::{address::Address, content::ContentFacts, envelope::Recipient, id::LogId},
    spool::{Limits, Spool},
    wire::smtp::{
        client::Plan,
        data::{Decoder, Progress},
    },
};

fn plan<'p>(sender: &'p Address, recipients: &'p [Recipient]) -> Plan<'p> {
    Plan {
        reverse_path: sender,
        recipients,
        body: None,
        smtputf8: false,
        ret: None,
        envid: None,
        client: None,
        passes_dsn_on: true,
        ends_success_reports: false,
        lmtp: false,
        one_fails_all: true,
    }
}

/// Takes `content` in as a client would send it.
fn message(dir: &Path, content: &[u8], memory: usize) -> (Message, Spool) {
    let mut spool = Spool::new(dir.to_owned(), Limits { memory, reserve: 0 });
    let mut intake = spool.begin();
    let mut facts = data::facts_of(content);
    for chunk in content.chunks(50_000) {
        intake.buffer().extend_from_slice(chunk);
        intake.settle(&mut spool);
    }
    if let DotLines::Known(dots) = &facts.dot_lines
        && dots.len() > 1000
    {
        facts = ContentFacts {
            dot_lines: DotLines::TooMany,
            ..facts
        };
    }
    (intake.finish(facts, &mut spool).unwrap(), spool)
}

fn sent(message: &Message) -> Vec<u8> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let reader = std::thread::Builder::new().spawn(move || {
        let mut octets = Vec::new();
        theirs.read_to_end(&mut octets).unwrap();
        octets
    });
    let (sender, id) = (Address::default(), LogId::default());
    let outgoing = Outgoing {
        plan: plan(&sender, &[]),
        prefix: b"Received: x\r\n",
        message,
        log_id: &id,
    };
    send(
        &mut Stream::new(ours.into()),
        &outgoing,
        Deadline::after(Duration::from_secs(20)),
    )
    .unwrap();
    reader.unwrap().join().unwrap()
}

#[test]
fn what_arrives_is_what_was_taken_in() {
    let dir = tempfile::tempdir().unwrap();
    let many_dots = ".\r\n".repeat(5000).into_bytes();
    let big = [
        b"..start\r\n".to_vec(),
        b"x".repeat(3_000_000),
        b"\r\n.end\r\n".to_vec(),
    ]
    .concat();
    let dots_in_big = [
        ".dot\r\n".repeat(100).into_bytes(),
        b"y".repeat(2_500_000),
        b"\r\n".to_vec(),
    ]
    .concat();
    let contents: [&[u8]; 7] = [
        b"",
        b"\r\n",
        b"plain\r\n",
        b".dot\r\na\r\n.\r\n..\r\n",
        &many_dots,
        &big,
        &dots_in_big,
    ];
    for content in contents {
        for memory in [0, 10_000_000] {
            let (message, _spool) = message(dir.path(), content, memory);
            let octets = sent(&message);
            let wire = octets.strip_prefix(b"Received: x\r\n").unwrap();
            let mut decoded = wire.to_vec();
            let mut decoder = Decoder::default();
            assert_eq!(decoder.decode(&mut decoded, 0), Progress::End);
            assert!(decoder.take_rest().is_empty());
            assert!(
                decoded == content,
                "{} octets, memory {memory}",
                content.len()
            );
        }
    }
}

#[test]
fn what_a_next_hop_cannot_take_is_refused_before_it_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (message, _spool) = message(dir.path(), b"x\r\n", 100);
    let (plain, wide) = (
        Address::parse(b"a@b").unwrap(),
        Address::parse("\u{e4}@b".as_bytes()).unwrap(),
    );
    let recipient = |address: &Address| Recipient {
        address: address.clone(),
        ..Recipient::default()
    };
    let both = [recipient(&plain), recipient(&wide)];
    let id = LogId::default();
    let outgoing = |plan| Outgoing {
        plan,
        prefix: b"",
        message: &message,
        log_id: &id,
    };
    let codes = |fates: Option<Vec<Fate>>| -> Vec<u16> {
        let code = |fate| match fate {
            Fate::Refused(_, reply) => reply.code(),
            _ => 0,
        };
        fates.unwrap_or_default().into_iter().map(code).collect()
    };
    let old = Capabilities::default();
    let new = Capabilities {
        smtputf8: true,
        eight_bit_mime: true,
        ..Capabilities::default()
    };
    let eight_bit = Plan {
        body: Some(Body::EightBitMime),
        ..plan(&plain, &both)
    };
    assert_eq!(
        codes(refusals(&outgoing(eight_bit.clone()), &old)),
        [550, 550]
    );
    assert_eq!(refusals(&outgoing(eight_bit), &new), None);
    assert_eq!(
        codes(refusals(&outgoing(plan(&wide, &both)), &old)),
        [550, 550]
    );
    assert_eq!(
        codes(refusals(&outgoing(plan(&plain, &both)), &old)),
        [0, 553]
    );
    assert_eq!(refusals(&outgoing(plan(&plain, &both[..1])), &old), None);
}
