//! What arrives at the next hop, and what its behaviour means upstream.

use std::time::Duration;

use crate::support::{
    client::Client,
    daemon::Daemon,
    next_hop::{At, Deed, NextHop},
    wildcard::fits,
};

const MESSAGE: &str = "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <m1@example.com>\r\n\r\nHello.\r\n";

#[test]
fn a_message_passes_and_is_logged_in_the_documented_form() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD NAME=cl.example ADDR=192.0.2.25 PORT=4711 PROTO=ESMTP HELO=cl.example IDENT=4433C9D2139");
    let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    let port = hop.port();
    assert!(
        fits(
            &format!(
                "250 2.6.0 Ok, id=*-01, from MTA([127.0.0.1]:{port}): 250 2.0.0 Ok: queued as Q1"
            ),
            &reply
        ),
        "{reply}"
    );
    let taken = &hop.taken()[0];
    assert_eq!(taken.mail, "MAIL FROM:<a@example.com> BODY=7BIT");
    assert_eq!(taken.rcpts, ["RCPT TO:<b@example.net>"]);
    assert_eq!(
        taken.xforward,
        [
            "XFORWARD ADDR=192.0.2.25 NAME=cl.example PORT=4711 PROTO=ESMTP HELO=cl.example IDENT=4433C9D2139"
        ]
    );
    let content = String::from_utf8(taken.content.clone()).unwrap();
    let (trace, rest) = content.split_at(content.find("From: a@").unwrap());
    assert_eq!(rest, MESSAGE);
    let listening = daemon.address().port();
    let form = format!(
        "Received: from client.example ([127.0.0.1])\r\n by localhost (filter.example.com [127.0.0.1]) (amavis, port {listening}) with ESMTP\r\n \
         id * for <b@example.net>; *\r\n"
    );
    assert!(fits(&form, trace), "{trace}");
    daemon.wait_for_log(
        "(*-01) Passed CLEAN {RelayedInbound}, [192.0.2.25]:4711 [192.0.2.25] <a@example.com> -> <b@example.net>, \
         Queue-ID: 4433C9D2139, Message-ID: <m1@example.com>, mail_id: *, Hits: -, size: 100, queued_as: Q1, * ms",
    );
}

#[test]
fn several_messages_in_a_session_have_their_own_ids() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    for n in 1..=3 {
        let reply = client.deliver(
            "a@example.com",
            &["b@example.net", "c@example.org"],
            MESSAGE,
        );
        let id = if n == 1 {
            "*-01,"
        } else {
            &format!("*-01-{n},")
        };
        assert!(fits(&format!("250 2.6.0 Ok, id={id} *"), &reply), "{reply}");
    }
    daemon.wait_for_log("(*-01-3) Passed CLEAN {RelayedInbound,RelayedOpenRelay}, [127.0.0.1] <a@example.com> -> <b@example.net>,<c@example.org>, *");
    assert_eq!((hop.count(), hop.sessions()), (3, 1), "one kept connection");
}

/// What each misbehaviour of the next hop, at each of its stages, means for the client.
#[test]
fn every_misbehaviour_of_the_next_hop_is_mapped() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "child_timeout = 2\nmax_requests = 1\n");
    let stages = [
        At::Greeting,
        At::Hello,
        At::Mail,
        At::Rcpt,
        At::Data,
        At::Content,
        At::End,
    ];
    let mut failures = Vec::new();
    let mut expected = 0;
    for at in stages {
        let deeds = [
            (Deed::Say("451 4.3.0 later"), "4"),
            (Deed::Say("421 4.3.2 going down"), "4"),
            (Deed::Say("554 5.7.1 never"), "5"),
            (Deed::Say("garbage"), "4"),
            (Deed::Say("354 what"), "4"),
            (Deed::Say("250-half\r\n550 mixed"), "4"),
            (Deed::Drop, "4"),
            (Deed::Stall(Duration::from_secs(5)), "4"),
        ];
        for (deed, class) in deeds {
            // Nothing is said where data is read; a greeting or a go-ahead has codes of its own.
            let is_said = matches!(deed, Deed::Say(_));
            if (at == At::Content && is_said)
                || (at == At::Data && matches!(deed, Deed::Say("354 what")))
            {
                continue;
            }
            // A refused EHLO is followed by HELO, which must be refused as well. Each session is a child's only one, so that
            // none begins with a kept connection.
            hop.tell(at, deed.clone(), 2);
            let mut client = Client::hello(daemon.address());
            let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
            client.say("QUIT");
            hop.behave();
            if !reply.starts_with(class) {
                failures.push(format!("{at:?} {deed:?}: {reply}"));
            }
            // The next message passes: nothing stuck.
            let mut client = Client::hello(daemon.address());
            let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
            expected += 1;
            if !reply.starts_with("250 2.6.0") {
                failures.push(format!("after {at:?} {deed:?}: {reply}"));
            }
            client.say("QUIT");
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(hop.count() >= expected);
}

#[test]
fn a_success_to_data_is_not_a_success() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    hop.tell(At::Data, Deed::Say("250 2.0.0 Ok"), 1);
    let reply =
        Client::hello(daemon.address()).deliver("a@example.com", &["b@example.net"], MESSAGE);
    assert!(reply.starts_with("451 "), "{reply}");
    assert_eq!(hop.count(), 0);
}

#[test]
fn a_kept_connection_that_was_closed_is_replaced_silently() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    // Closed right after the first message: known before the second.
    hop.tell(At::End, Deed::SayAndDrop("250 2.0.0 Ok: queued as Q1"), 1);
    client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    // Closed when the next command comes, and turned away with 421: tried again on a fresh connection.
    for deed in [Deed::Drop, Deed::SayAndDrop("421 4.4.2 timeout")] {
        hop.tell(At::Mail, deed, 1);
        let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
        assert!(reply.starts_with("250 2.6.0"), "{reply}");
    }
    assert_eq!(hop.count(), 3, "Q1 was said, not counted");
}

#[test]
fn lmtp_gives_each_recipient_its_own_reply() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    hop.answer_rcpt("no@", "550 5.1.1 no such user");
    hop.answer_rcpt("later@", "450 4.2.0 mailbox busy");
    let mut client = Client::dial(daemon.address());
    client.reply();
    client.say("LHLO client.example");
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<no@example.net>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<later@example.net>\r\nDATA\r\n");
    for _ in 0..4 {
        assert!(client.reply().starts_with("250 "));
    }
    assert!(client.reply().starts_with("354 "));
    client.send(MESSAGE.as_bytes());
    client.send(b".\r\n");
    let replies: Vec<String> = (0..3).map(|_| client.reply()).collect();
    assert!(
        replies[0].starts_with("550 5.1.1 id=") && replies[0].ends_with("550 5.1.1 no such user"),
        "{replies:#?}"
    );
    assert!(replies[1].starts_with("250 2.6.0 Ok, id="), "{replies:#?}");
    assert!(replies[2].starts_with("450 4.2.0 id="), "{replies:#?}");
    assert_eq!(hop.count(), 1);
    daemon.wait_for_log("Passed CLEAN {RejectedInbound,RelayedInbound,TempFailedInbound}, *");
    daemon
        .wait_for_log("Blocked MTA-BLOCKED {RejectedInbound,RelayedInbound,TempFailedInbound}, *");
}

#[test]
fn smtp_delivers_to_all_or_to_none_when_one_must_wait() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    hop.answer_rcpt("later@", "450 4.2.0 mailbox busy");
    let mut client = Client::hello(daemon.address());
    let reply = client.deliver(
        "a@example.com",
        &["b@example.net", "later@example.net"],
        MESSAGE,
    );
    assert!(reply.starts_with("450 4.2.0 id="), "{reply}");
    assert_eq!(hop.count(), 0);
}

#[test]
fn smtp_reports_a_partial_rejection_to_the_sender() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    hop.answer_rcpt("no@", "550 5.1.1 no such user");
    let mut client = Client::hello(daemon.address());
    let reply = client.deliver(
        "a@example.com",
        &["b@example.net", "no@example.net"],
        MESSAGE,
    );
    assert!(
        reply.starts_with("250 2.6.0 ") && reply.ends_with(", but 1 REJECT"),
        "{reply}"
    );
    let taken = hop.taken();
    assert_eq!(taken.len(), 2);
    let report = String::from_utf8(taken[1].content.clone()).unwrap();
    assert!(
        taken[1].mail.starts_with("MAIL FROM:<> "),
        "{}",
        taken[1].mail
    );
    assert_eq!(
        taken[1].rcpts,
        ["RCPT TO:<a@example.com> ORCPT=rfc822;a@example.com"]
    );
    assert!(
        report.contains(
            "Final-Recipient: rfc822; no@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        ),
        "{report}"
    );
    assert!(report.contains("Message-ID: <m1@example.com>"), "{report}");
    daemon.wait_for_log(
        "Blocked MTA-BLOCKED {BouncedInbound,RelayedInbound}, * -> <no@example.net>, *",
    );
    // A null sender gets no report, and all rejected is said in the session.
    let reply = client.deliver("", &["b@example.net", "no@example.net"], MESSAGE);
    assert!(reply.starts_with("250 2.6.0 "), "{reply}");
    assert_eq!(hop.count(), 3);
    let reply = client.deliver("a@example.com", &["no@example.net"], MESSAGE);
    assert!(reply.starts_with("550 5.1.1 id="), "{reply}");
    assert_eq!(hop.count(), 3);
}

#[test]
fn a_report_that_is_not_taken_leaves_the_message_with_the_client() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    hop.answer_rcpt("no@", "550 5.1.1 no such user");
    hop.answer_rcpt("a@example.com", "451 4.3.0 later");
    let mut client = Client::hello(daemon.address());
    let reply = client.deliver(
        "a@example.com",
        &["b@example.net", "no@example.net"],
        MESSAGE,
    );
    assert!(reply.starts_with("451 4.5.0 "), "{reply}");
}

#[test]
fn success_is_reported_where_the_next_hop_will_not() {
    let hop = NextHop::start();
    hop.hide("DSN");
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    client.say("MAIL FROM:<a@example.com> RET=HDRS ENVID=abc");
    client.say("RCPT TO:<b@example.net> NOTIFY=SUCCESS ORCPT=rfc822;o+2Bb@example.net");
    client.say("DATA");
    client.send(MESSAGE.as_bytes());
    assert!(client.say(".").starts_with("250 2.6.0"));
    let taken = hop.taken();
    assert_eq!(taken[0].rcpts, ["RCPT TO:<b@example.net>"]);
    let report = String::from_utf8(taken[1].content.clone()).unwrap();
    for line in [
        "Action: relayed",
        "Original-Recipient: rfc822; o+2Bb@example.net",
        "Original-Envelope-Id: abc",
    ] {
        assert!(report.contains(line), "{report}");
    }
}

#[test]
fn dsn_wishes_are_passed_on() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    client.say("MAIL FROM:<a@example.com> RET=HDRS ENVID=e+2Bid BODY=8BITMIME SIZE=9999");
    client.say("RCPT TO:<\"q q\"@example.net>");
    client.say("RCPT TO:<c@example.net> NOTIFY=NEVER ORCPT=rfc822;x@y");
    client.say("DATA");
    client.send(MESSAGE.as_bytes());
    assert!(client.say(".").starts_with("250 "));
    let taken = &hop.taken()[0];
    assert_eq!(
        taken.mail,
        "MAIL FROM:<a@example.com> RET=HDRS BODY=7BIT ENVID=e+2Bid"
    );
    assert_eq!(
        taken.rcpts,
        [
            "RCPT TO:<\"q q\"@example.net>",
            "RCPT TO:<c@example.net> NOTIFY=NEVER ORCPT=rfc822;x@y"
        ]
    );
}

#[test]
fn recipients_beyond_the_next_hops_limit_get_a_transaction_of_their_own() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    // The third and fourth RCPT are too many, once.
    hop.tell(At::Rcpt, Deed::Say("250 2.1.5 Ok"), 2);
    hop.tell(At::Rcpt, Deed::Say("452 4.5.3 too many"), 2);
    let mut client = Client::hello(daemon.address());
    let reply = client.deliver(
        "a@example.com",
        &[
            "r1@example.net",
            "r2@example.net",
            "r3@example.net",
            "r4@example.net",
        ],
        MESSAGE,
    );
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    let last: Vec<usize> = hop.taken().iter().map(|taken| taken.rcpts.len()).collect();
    assert_eq!(last.len(), 2);
    assert_eq!(
        hop.taken()[1].rcpts,
        ["RCPT TO:<r3@example.net>", "RCPT TO:<r4@example.net>"]
    );
    // Without progress it stops.
    hop.tell(At::Rcpt, Deed::Say("452 4.5.3 too many"), 1);
    assert!(
        client
            .deliver("a@example.com", &["r1@example.net"], MESSAGE)
            .starts_with("452 4.5.3")
    );
}

#[test]
fn eight_bit_mail_needs_a_next_hop_that_takes_it() {
    let hop = NextHop::start();
    hop.hide("8BITMIME");
    hop.hide("SMTPUTF8");
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    client.say("MAIL FROM:<a@example.com> BODY=8BITMIME");
    client.say("RCPT TO:<b@example.net>");
    client.say("DATA");
    client.send("Subject: \u{e4}\r\n\r\n".as_bytes());
    let reply = client.say(".");
    assert!(reply.starts_with("550 5.6.3 id="), "{reply}");
    let reply = client.deliver("\u{e4}@example.com", &["b@example.net"], MESSAGE);
    assert!(reply.starts_with("550 5.6.7 id="), "{reply}");
}

#[test]
fn each_recipient_has_its_own_size_limit() {
    let hop = NextHop::start();
    let settings = "enforce_smtpd_message_size_limit_64kb_min = false\nmessage_size_limit_maps = [{ \"small@example.net\" = 1000 }]\n";
    let daemon = Daemon::start(hop.port(), settings);
    let big = format!(
        "{MESSAGE}{}",
        "0123456789012345678901234567890123456789012345678\r\n".repeat(40)
    );
    let mut client = Client::hello(daemon.address());
    // Declared: refused at RCPT, for this recipient alone.
    client.say("MAIL FROM:<a@example.com> SIZE=5000");
    assert_eq!(
        client.say("RCPT TO:<small@example.net>"),
        "552 5.3.4 Declared message size (5000 B) exceeds size limit for recipient <small@example.net>"
    );
    assert!(client.say("RCPT TO:<b@example.net>").starts_with("250 "));
    client.say("RSET");
    // Not declared: only the small one is refused (D14), which in SMTP is a report.
    let reply = client.deliver(
        "a@example.com",
        &["small@example.net", "b@example.net"],
        &big,
    );
    assert!(
        reply.starts_with("250 2.6.0") && reply.ends_with(", but 1 BOUNCE"),
        "{reply}"
    );
    assert_eq!(hop.taken()[0].rcpts, ["RCPT TO:<b@example.net>"]);
    // Everyone is limited: refused while it comes in.
    let reply = client.deliver("a@example.com", &["small@example.net"], &big);
    assert!(
        fits("552 5.3.4 Message size (* B) exceeds size limit", &reply),
        "{reply}"
    );
    daemon.wait_for_log("Blocked OVERSIZED {BouncedInbound,RelayedInbound}, *");
}

#[test]
fn fail_over_and_unix_sockets() {
    let (first, second) = (NextHop::start(), NextHop::start());
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let methods = format!(
        "forward_method = [\"smtp:[127.0.0.1]:{closed}\", \"smtp:[127.0.0.1]:{}\", \"smtp:[127.0.0.1]:{}\"]\nmax_requests = 1\n",
        first.port(),
        second.port()
    );
    let daemon = Daemon::start(first.port(), &methods);
    for _ in 0..20 {
        let mut client = Client::hello(daemon.address());
        assert!(
            client
                .deliver("a@example.com", &["b@example.net"], MESSAGE)
                .starts_with("250 2.6.0")
        );
        client.say("QUIT");
    }
    assert_eq!(first.count() + second.count(), 20);
    assert!(
        first.count() > 0 && second.count() > 0,
        "the load is spread"
    );
    let dead = Daemon::start(closed, "");
    let reply = Client::hello(dead.address()).deliver("a@example.com", &["b@example.net"], MESSAGE);
    let want = format!(
        "451 4.5.0 id=*-01 - Temporary MTA failure on relaying, From MTA() during fwd-connect (All attempts (1) failed connecting to \
         smtp:[127.0.0.1]:{closed}): id=*-01"
    );
    assert!(fits(&want, &reply), "{reply}");
}

#[test]
fn octets_pass_unchanged_and_bare_newlines_become_crlf() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "spool_memory_limit = 4096\n");
    let mut client = Client::hello(daemon.address());
    let odd = b"Subject: \xff\0\r\n\r\n\0\x01\x80\xff\r\n..dot\r\n.\r\n".to_vec();
    let long = [
        b"X: y\r\n\r\n".to_vec(),
        vec![b'z'; 300_000],
        b"\r\n".to_vec(),
    ]
    .concat();
    for (content, sent) in [
        (
            odd.clone(),
            b"Subject: \xff\0\r\n\r\n\0\x01\x80\xff\r\n...dot\r\n..\r\n".to_vec(),
        ),
        (long.clone(), long),
    ] {
        client.say("MAIL FROM:<a@example.com>");
        client.say("RCPT TO:<b@example.net>");
        client.say("DATA");
        client.send(&sent);
        assert!(client.say(".").starts_with("250 "));
        let taken = hop.taken().pop().unwrap().content;
        assert!(taken.ends_with(&content), "{} octets", content.len());
    }
    let reply = client.deliver(
        "a@example.com",
        &["b@example.net"],
        "a\rb\nc\r\n.\rd\n.\ne\r\n",
    );
    assert!(reply.starts_with("250 "), "{reply}");
    assert!(
        hop.taken()
            .pop()
            .unwrap()
            .content
            .ends_with(b"a\r\nb\r\nc\r\n\r\nd\r\n.\r\ne\r\n")
    );
    daemon.wait_for_log("message holds 5 bare CR or LF, made CRLF");
}

#[test]
fn domains_are_said_in_ascii_where_the_next_hop_knows_nothing_else() {
    let hop = NextHop::start();
    hop.hide("SMTPUTF8");
    let daemon = Daemon::start(hop.port(), "");
    let mut client = Client::hello(daemon.address());
    client.say("MAIL FROM:<a@ex\u{e4}mple.com> SMTPUTF8");
    client.say("RCPT TO:<b@ex\u{e4}mple.net>");
    client.say("DATA");
    client.send(MESSAGE.as_bytes());
    assert!(client.say(".").starts_with("250 2.6.0"));
    let taken = &hop.taken()[0];
    assert_eq!(taken.mail, "MAIL FROM:<a@xn--exmple-cua.com> BODY=7BIT");
    assert_eq!(
        taken.rcpts,
        ["RCPT TO:<b@xn--exmple-cua.net> ORCPT=utf-8;b@ex\\x{E4}mple.net"]
    );
}
