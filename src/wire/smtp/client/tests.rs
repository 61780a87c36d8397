#![allow(clippy::too_many_lines, reason = "tables of cases")]

use super::*;

fn recipients(count: usize) -> Vec<Recipient> {
    (0..count)
        .map(|n| Recipient {
            address: Address::parse(format!("r{n}@example.net").as_bytes()).unwrap(),
            ..Recipient::default()
        })
        .collect()
}

fn all_capabilities() -> Capabilities {
    Capabilities {
        pipelining: true,
        eight_bit_mime: true,
        smtputf8: true,
        dsn: true,
        enhanced_status_codes: true,
        size: None,
        xforward: ["NAME", "ADDR", "PORT", "PROTO", "HELO", "SOURCE", "IDENT"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn plan<'p>(sender: &'p Address, recipients: &'p [Recipient]) -> Plan<'p> {
    Plan {
        reverse_path: sender,
        recipients,
        body: Some(Body::SevenBit),
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

/// Runs a transaction against scripted replies; gives the trace of what was sent and the fates in short form.
fn run(plan: &Plan<'_>, capabilities: &Capabilities, replies: &[&str]) -> (String, String) {
    let mut transaction = Transaction::new(plan, capabilities);
    let (mut trace, mut replies) = (String::new(), replies.iter());
    let usable = loop {
        match transaction.step() {
            Step::Send(octets) => {
                trace.push_str(&String::from_utf8(octets).unwrap().replace("\r\n", "|"));
            }
            Step::SendContent => trace.push_str("<content>"),
            Step::Await(stage) => match replies.next() {
                Some(text) => {
                    let code = text.parse().unwrap();
                    transaction.take_reply(Reply::new(code, None, "text"));
                }
                None => transaction.fail(stage, &Reply::status(450, 4, 2, "lost")),
            },
            Step::Done { session_is_usable } => break session_is_usable,
        }
    };
    assert_eq!(replies.next(), None, "replies left over after {trace}");
    let short = |fate: Fate| match fate {
        Fate::Taken(reply) => format!("taken{}", reply.code()),
        Fate::Refused(stage, reply) => format!(
            "{}{}",
            stage.command().split(' ').next().unwrap(),
            reply.code()
        ),
        Fate::GivenUp => "given-up".to_owned(),
        Fate::Later => "later".to_owned(),
    };
    let fates: Vec<String> = transaction.into_fates().into_iter().map(short).collect();
    (
        trace,
        format!(
            "{} {}",
            fates.join(","),
            if usable { "usable" } else { "broken" }
        ),
    )
}

#[test]
fn pipelined_transactions() {
    let (sender, two) = (Address::parse(b"a@example.com").unwrap(), recipients(2));
    let head = "MAIL FROM:<a@example.com> BODY=7BIT|RCPT TO:<r0@example.net>|RCPT TO:<r1@example.net>|DATA|";
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["250", "250", "250", "354", "250"],
            "<content>",
            "taken250,taken250 usable",
        ),
        (
            &["250", "250", "250", "354", "550"],
            "<content>",
            "data-dot550,data-dot550 usable",
        ),
        (
            &["250", "250", "250", "354", "451"],
            "<content>",
            "data-dot451,data-dot451 usable",
        ),
        (
            &["250", "250", "250", "354", "354"],
            "<content>",
            "data-dot451,data-dot451 usable",
        ),
        (
            &["250", "250", "250", "354"],
            "<content>",
            "data-dot450,data-dot450 broken",
        ),
        (
            &["250", "250", "250", "250", "250"],
            "RSET|",
            "DATA451,DATA451 usable",
        ),
        (
            &["250", "250", "250", "554", "250"],
            "RSET|",
            "DATA554,DATA554 usable",
        ),
        (&["550", "503", "503", "503"], "", "MAIL550,MAIL550 usable"),
        (&["550", "503", "503", "354"], "", "MAIL550,MAIL550 broken"),
        (&["421", "503", "503", "503"], "", "MAIL421,MAIL421 broken"),
        (
            &["250", "550", "250", "354", "250"],
            "<content>",
            "RCPT550,taken250 usable",
        ),
        (
            &["250", "550", "550", "354", "554"],
            ".|",
            "RCPT550,RCPT550 usable",
        ),
        (
            &["250", "550", "550", "554", "250"],
            "RSET|",
            "RCPT550,RCPT550 usable",
        ),
        (&["250", "450", "250", "354"], "", "RCPT450,given-up broken"),
        (
            &["250", "250", "450", "554", "250"],
            "RSET|",
            "DATA554,RCPT450 usable",
        ),
        (
            &["250", "250", "452", "354", "250"],
            "<content>",
            "taken250,later usable",
        ),
        (
            &["250", "452", "452", "554", "250"],
            "RSET|",
            "RCPT452,RCPT452 usable",
        ),
        (
            &["250", "250", "250", "554", "502"],
            "RSET|",
            "DATA554,DATA554 broken",
        ),
        (&["250", "250"], "", "RCPT450,RCPT450 broken"),
        (&[], "", "MAIL450,MAIL450 broken"),
    ];
    for (replies, trace, fates) in cases {
        let got = run(&plan(&sender, &two), &all_capabilities(), replies);
        assert_eq!(
            got,
            (format!("{head}{trace}"), (*fates).to_owned()),
            "{replies:?}"
        );
    }
}

#[test]
fn step_by_step_transactions() {
    let (sender, two) = (Address::parse(b"a@example.com").unwrap(), recipients(2));
    let none = Capabilities::default();
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["250", "250", "250", "354", "250"],
            "MAIL FROM:<a@example.com>|RCPT TO:<r0@example.net>|RCPT TO:<r1@example.net>|DATA|<content>",
            "taken250,taken250 usable",
        ),
        (
            &["550"],
            "MAIL FROM:<a@example.com>|",
            "MAIL550,MAIL550 usable",
        ),
        (
            &["250", "450", "250", "250"],
            "MAIL FROM:<a@example.com>|RCPT TO:<r0@example.net>|RCPT TO:<r1@example.net>|RSET|",
            "RCPT450,given-up usable",
        ),
        (
            &["250", "550", "550", "250"],
            "MAIL FROM:<a@example.com>|RCPT TO:<r0@example.net>|RCPT TO:<r1@example.net>|RSET|",
            "RCPT550,RCPT550 usable",
        ),
        (
            &["250", "250", "452", "354", "250"],
            "MAIL FROM:<a@example.com>|RCPT TO:<r0@example.net>|RCPT TO:<r1@example.net>|DATA|<content>",
            "taken250,later usable",
        ),
    ];
    for (replies, trace, fates) in cases {
        let got = run(&plan(&sender, &two), &none, replies);
        assert_eq!(
            got,
            ((*trace).to_owned(), (*fates).to_owned()),
            "{replies:?}"
        );
    }
    let three = recipients(3);
    let got = run(
        &plan(&sender, &three),
        &none,
        &["250", "250", "452", "354", "250"],
    );
    assert_eq!(got.1, "taken250,later,later usable");
}

#[test]
fn lmtp_has_a_fate_for_each_and_no_bailing_out() {
    let (sender, three) = (Address::parse(b"a@example.com").unwrap(), recipients(3));
    let plan = Plan {
        lmtp: true,
        one_fails_all: false,
        ..plan(&sender, &three)
    };
    let got = run(
        &plan,
        &all_capabilities(),
        &["250", "250", "450", "250", "354", "250", "552"],
    );
    assert_eq!(got.1, "taken250,RCPT450,data-dot552 usable");
    let got = run(
        &plan,
        &all_capabilities(),
        &["250", "250", "250", "250", "354", "250", "250"],
    );
    assert_eq!(
        got.1, "taken250,taken250,data-dot450 broken",
        "the third reply is missing"
    );
    let got = run(
        &plan,
        &all_capabilities(),
        &["250", "550", "550", "550", "354"],
    );
    assert_eq!(got.1, "RCPT550,RCPT550,RCPT550 broken");
    assert!(
        got.0.ends_with("DATA|"),
        "a lone dot has no reply, since nobody is there to get one: {}",
        got.0
    );
}

#[test]
fn options_are_passed_on_only_where_offered() {
    let sender = Address::parse(b"a@example.com").unwrap();
    let mut one = recipients(1);
    one[0].notify = Some(Notify {
        success: true,
        failure: true,
        delay: false,
    });
    one[0].orcpt = Some(crate::mail::envelope::Orcpt {
        kind: "rfc822".into(),
        xtext: "o+2Bx@y".into(),
    });
    let client = ClientFacts {
        address: Some("192.0.2.1".parse().unwrap()),
        ..ClientFacts::default()
    };
    let full = Plan {
        ret: Some(Ret::Headers),
        envid: Some("e+2Bid"),
        client: Some(&client),
        smtputf8: true,
        ..plan(&sender, &one)
    };
    assert_eq!(
        run(
            &full,
            &all_capabilities(),
            &["250", "250", "250", "354", "250"]
        )
        .0,
        "XFORWARD ADDR=192.0.2.1|MAIL FROM:<a@example.com> RET=HDRS BODY=7BIT ENVID=e+2Bid SMTPUTF8|\
         RCPT TO:<r0@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;o+2Bx@y|DATA|<content>"
    );
    assert_eq!(
        run(
            &full,
            &Capabilities {
                pipelining: true,
                ..Capabilities::default()
            },
            &["250", "250", "354", "250"]
        )
        .0,
        "MAIL FROM:<a@example.com>|RCPT TO:<r0@example.net>|DATA|<content>"
    );
    let ended = Plan {
        ends_success_reports: true,
        ..full.clone()
    };
    assert!(
        run(
            &ended,
            &all_capabilities(),
            &["250", "250", "250", "354", "250"]
        )
        .0
        .contains("NOTIFY=FAILURE ORCPT")
    );
    let null = Address::default();
    let bounce = Plan {
        reverse_path: &null,
        ..full
    };
    assert!(
        !run(
            &bounce,
            &all_capabilities(),
            &["250", "250", "250", "354", "250"]
        )
        .0
        .contains("NOTIFY")
    );
    // A refused XFORWARD changes nothing.
    assert!(
        run(
            &ended,
            &all_capabilities(),
            &["550", "250", "250", "354", "250"]
        )
        .1
        .starts_with("taken250")
    );
}
