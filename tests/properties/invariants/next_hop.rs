//! The client side: replies of a next hop, and what is made of them.

use filterd::{
    mail::{address::Address, envelope::Recipient, reply::Reply},
    wire::smtp::{
        capabilities::Capabilities,
        client::{Fate, Plan, Stage, Step, Transaction},
        reply::{self, ReplyError, ReplyReader},
    },
};

/// Replies read from `pieces`, and the error that ended reading.
pub fn read(pieces: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>) {
    let (mut reader, mut replies) = (ReplyReader::default(), Vec::new());
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error)),
            }
        }
    }
    (replies, None)
}

/// However the octets are cut, the same replies come out; none holds a control; each can be said again; and a transaction that gets
/// them ends, with a fate for everyone that nothing but a 2xx makes a good one.
pub fn check(input: &[u8], cuts: &[u8]) {
    let (replies, error) = read(&[input]);
    let (cut, cut_error) = read(&super::pieces(input, cuts));
    assert_eq!(replies, cut, "packets make a difference");
    assert_eq!(error.is_some(), cut_error.is_some());
    for reply in &replies {
        assert!((200..600).contains(&reply.code()));
        let is_text = |c: char| c == '\n' || !c.is_ascii_control();
        assert!(reply.text().chars().all(is_text), "{reply:?}");
    }
    let flags = input.first().copied().unwrap_or_default();
    check_transaction(&replies, flags & 1 != 0, flags & 2 != 0);
}

/// Writing a reply and reading it gives the reply.
pub fn check_round_trip(reply: &Reply, cuts: &[u8]) {
    let mut wire = Vec::new();
    reply::write(reply, true, &mut wire);
    let (replies, error) = read(&super::pieces(&wire, cuts));
    assert_eq!(error, None);
    assert_eq!(replies.as_slice(), std::slice::from_ref(reply));
}

/// What the client side did with the replies it got.
#[derive(Default)]
struct Played {
    /// Content was sent.
    sent: bool,
    /// Codes of the replies to the final dot.
    ends: Vec<u16>,
}

/// Plays the next hop with `replies`, the connection breaking after the last one.
fn check_transaction(replies: &[Reply], lmtp: bool, one_fails_all: bool) {
    let recipient = Recipient {
        address: Address::parse(b"a@example.net").unwrap(),
        ..Recipient::default()
    };
    let recipients = vec![recipient; 3];
    let plan = Plan {
        reverse_path: &Address::default(),
        recipients: &recipients,
        body: None,
        smtputf8: false,
        ret: None,
        envid: None,
        client: None,
        passes_dsn_on: false,
        ends_success_reports: false,
        lmtp,
        one_fails_all,
    };
    let capabilities = Capabilities {
        pipelining: replies.len().is_multiple_of(2),
        ..Capabilities::default()
    };
    let mut transaction = Transaction::new(&plan, &capabilities);
    let played = play(&mut transaction, replies);
    assert_eq!(transaction.may_be_repeated(), !played.sent);
    check_fates(&transaction.into_fates(), &played, lmtp);
}

fn play(transaction: &mut Transaction, replies: &[Reply]) -> Played {
    let mut waiting = replies.iter().cloned();
    let (mut played, mut go_ahead) = (Played::default(), false);
    for _ in 0..100 {
        match transaction.step() {
            Step::Send(octets) => assert!(octets.ends_with(b"\r\n")),
            Step::SendContent => {
                assert!(go_ahead, "content without a 354");
                played.sent = true;
            }
            Step::Await(stage) => match waiting.next() {
                Some(reply) => {
                    go_ahead |= stage == Stage::Data && reply.code() == 354;
                    if stage == Stage::End {
                        played.ends.push(reply.code());
                    }
                    transaction.take_reply(reply);
                }
                None => transaction.fail(stage, &Reply::status(451, 4, 2, "lost")),
            },
            Step::Done { .. } => return played,
        }
    }
    panic!("the transaction does not end");
}

/// Nothing but a 2xx to the final dot makes a good fate: one for each recipient with LMTP, one for all with SMTP.
fn check_fates(fates: &[Fate], played: &Played, lmtp: bool) {
    assert_eq!(fates.len(), 3);
    let good = played.ends.iter().filter(|code| **code / 100 == 2).count();
    let most = if lmtp { good } else { good * 3 };
    let taken = |fate: &&Fate| matches!(fate, Fate::Taken(_));
    assert!(fates.iter().filter(taken).count() <= most, "{fates:?}");
    for fate in fates {
        match fate {
            Fate::Taken(reply) => assert!(played.sent && reply.is_success()),
            Fate::Refused(_, reply) => assert!(!reply.is_success()),
            Fate::GivenUp | Fate::Later => {}
        }
    }
}
