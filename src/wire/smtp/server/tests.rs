#![allow(clippy::too_many_lines, reason = "tables of cases")]

use super::*;
use crate::mail::{
    id::LogId,
    outcome::{Acceptance, Outcome},
    settlement::ReplyForm,
};

/// Feeds `pieces`, says yes to everything, and acknowledges each message as the next hop's.
fn converse(options: Options, pieces: &[&[u8]]) -> (String, Vec<Vec<u8>>) {
    let mut server = Server::new(options);
    let (mut input, mut content, mut messages, mut said) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            said.extend(server.take_output());
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
                    let reply = Reply::status(250, 0, 0, "Ok: queued as 079474CE44");
                    let taken = Outcome::Delivered(
                        Acceptance::by_next_hop("smtp:[127.0.0.1]:10025", &reply).unwrap(),
                    );
                    let outcomes = vec![taken; server.envelope().recipients.len()];
                    let id = LogId::new(30897, 2, 1);
                    let verdict = if server.speaks_lmtp() {
                        FinalReply::for_lmtp(
                            &outcomes,
                            &server.envelope().recipients,
                            &id,
                            ReplyForm::Guide,
                        )
                    } else {
                        FinalReply::for_smtp(&outcomes, &id, ReplyForm::Guide)
                    };
                    server.answer(&verdict);
                }
                Wants::Close => break,
            }
        }
        said.extend(server.take_output());
    }
    (String::from_utf8(said).unwrap(), messages)
}

/// The replies to `line` in a fresh session after `before`.
fn reply_to(before: &str, line: &str) -> String {
    let skip = converse(Options::default(), &[before.as_bytes()]).0.len();
    let input = format!("{before}{line}\r\n");
    converse(Options::default(), &[input.as_bytes()]).0[skip..]
        .trim_end()
        .to_owned()
}

#[test]
fn the_guides_transcript_holds() {
    let input =
        b"HELO localhost\r\nMAIL FROM: <>\r\nRCPT TO: <postmaster>\r\nDATA\r\nSubject: x\r\n\r\nHi.\r\n.\r\nQUIT\r\n";
    let (said, messages) = converse(Options::default(), &[input]);
    assert_eq!(
        said,
        "220 [127.0.0.1] ESMTP amavisd-new service ready\r\n250 [127.0.0.1]\r\n250 2.1.0 Sender <> OK\r\n\
         250 2.1.5 Recipient <postmaster> OK\r\n354 End data with <CR><LF>.<CR><LF>\r\n\
         250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44\r\n\
         221 2.0.0 [127.0.0.1] amavisd-new closing transmission channel\r\n"
    );
    assert_eq!(messages, [b"Subject: x\r\n\r\nHi.\r\n"]);
}

#[test]
fn ehlo_announces_in_the_guides_order() {
    assert_eq!(
        reply_to("", "EHLO localhost"),
        "250-[127.0.0.1]\r\n250-VRFY\r\n250-PIPELINING\r\n250-SIZE\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n\
         250-SMTPUTF8\r\n250-DSN\r\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
    );
    let hidden = Options {
        hidden_keywords: vec!["8BITMIME".into(), "DSN".into()],
        size_limit: Some(9),
        ..Options::default()
    };
    let mut announced = String::new();
    hidden.announce(&mut announced);
    assert_eq!(
        announced,
        "\nVRFY\nPIPELINING\nSIZE 9\nENHANCEDSTATUSCODES\nXFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
    );
}

#[test]
fn octets_that_come_out_of_turn_are_no_message() {
    let mut server = Server::new(Options::default());
    let mut buffer = b"x\r\n.\r\n".to_vec();
    assert_eq!(server.receive_data(&mut buffer, 0), DataProgress::More);
    assert_eq!((server.wants(), buffer.len()), (Wants::Command, 6));
}

#[test]
fn every_command_in_every_state() {
    let envelope = "EHLO c\r\nMAIL FROM:<a@b>\r\n";
    let ready = "EHLO c\r\n";
    let cases = [
        (ready, "NOOP", "250 2.0.0 Ok NOOP"),
        (ready, "NOOP foo", "250 2.0.0 Ok NOOP"),
        (ready, "  noop  ", "250 2.0.0 Ok NOOP"),
        (ready, "VRFY", "501 5.5.2 Syntax: VRFY address"),
        (ready, "VRFY joe", "252 2.0.0 Argument not checked"),
        (
            ready,
            "EXPN x",
            "502 5.5.1 Error: command EXPN not implemented",
        ),
        (
            ready,
            "SEND FROM:<a@b>",
            "502 5.5.1 Error: command SEND not implemented",
        ),
        (
            ready,
            "BDAT 10 LAST",
            "500 5.5.2 Error: command BDAT not recognized",
        ),
        (
            ready,
            "FOO bar",
            "500 5.5.2 Error: command FOO not recognized",
        ),
        (
            ready,
            "AUTH PLAIN x",
            "500 5.5.2 Error: command AUTH not recognized",
        ),
        (ready, "STARTTLS", "502 5.5.1 Error: command not available"),
        (
            ready,
            "STARTTLS x",
            "501 5.5.4 Error: STARTTLS does not accept arguments",
        ),
        (ready, "", "500 5.5.2 Error: bad syntax"),
        (ready, "NOOP\nNOOP", "500 5.5.2 Error: bad syntax"),
        (
            ready,
            "QUIT now",
            "501 5.5.4 Error: QUIT does not accept arguments",
        ),
        (
            ready,
            "RSET arg",
            "501 5.5.4 Error: RSET does not accept arguments",
        ),
        (ready, "RSET", "250 2.0.0 Ok RSET"),
        (
            ready,
            "RCPT TO:<a@b>",
            "503 5.5.1 Need MAIL command before RCPT",
        ),
        (ready, "DATA", "503 5.5.1 Need MAIL command before DATA"),
        (
            ready,
            "MAIL FROM:<@x,@y:a@b>",
            "250 2.1.0 Sender <@x,@y:a@b> OK",
        ),
        (
            ready,
            "MAIL FROM: <a b@example.com>",
            "501 5.5.2 Syntax: MAIL FROM:<address>",
        ),
        (
            ready,
            "MAIL FROM :<q@example.com>",
            "501 5.5.2 Syntax: MAIL FROM:<address>",
        ),
        (ready, "XFORWARD", "250 2.5.0 Ok XFORWARD"),
        (ready, "XFORWARD NAME= ADDR=", "250 2.5.0 Ok XFORWARD"),
        (
            ready,
            "XFORWARD ADDR",
            "501 5.5.4 Syntax error in XFORWARD parameters",
        ),
        (
            envelope,
            "XFORWARD ADDR=1.2.3.4",
            "503 5.5.1 Error: XFORWARD not allowed within transaction",
        ),
        (
            envelope,
            "MAIL FROM:<a@b>",
            "503 5.5.1 Error: nested MAIL command",
        ),
        (envelope, "RCPT", "501 5.5.2 Syntax: RCPT TO:<address>"),
        (
            envelope,
            "RCPT TO:b@example.com",
            "501 5.5.2 Syntax: RCPT TO:<address>",
        ),
        (
            envelope,
            "RCPT TO:<a\"b@example.com>",
            "501 5.5.2 Syntax: RCPT TO:<address>",
        ),
        (envelope, "RCPT TO:<>", "250 2.1.5 Recipient <> OK"),
        (
            envelope,
            "DATA x",
            "501 5.5.4 Error: DATA does not accept arguments",
        ),
        (envelope, "DATA", "503 5.5.1 Need RCPT command before DATA"),
        (
            "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:x\r\n",
            "DATA",
            "554 5.1.1 Error (DATA): no valid recipients",
        ),
        (
            "LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:x\r\n",
            "DATA",
            "503 5.1.1 Error (DATA): no valid recipients",
        ),
    ];
    for (before, line, want) in cases {
        assert_eq!(reply_to(before, line), want, "{line}");
    }
}

#[test]
fn recipients_are_counted_whatever_became_of_them() {
    let options = Options {
        most_recipients: 2,
        ..Options::default()
    };
    let input =
        b"MAIL FROM:<a@b>\r\nRCPT TO:x\r\nRCPT TO:<r1@c>\r\nRCPT TO:<r2@c>\r\nRCPT TO:<r3@c>\r\n";
    let (said, _) = converse(options, &[input]);
    let codes: Vec<&str> = said.lines().map(|l| &l[..3]).collect();
    assert_eq!(codes, ["220", "250", "501", "250", "452", "452"]);
}

#[test]
fn a_recipient_that_changes_on_the_way_keeps_its_original_address() {
    for (path, parameters, want) in [
        ("<b@example.net>", "", None),
        ("<>", "", None),
        (r#"<"b.c"@example.net>"#, "", Some(r#""b.c"@example.net"#)),
        (
            "<@relay.example:d+e@example.net>",
            "",
            Some("@relay.example:d+2Be@example.net"),
        ),
        (r#"<"b"@example.net>"#, " ORCPT=rfc822;x", Some("x")),
        (r#"<"ö"@example.net>"#, "", None),
    ] {
        let mut server = Server::new(Options::default());
        let session = format!("MAIL FROM:<>\r\nRCPT TO:{path}{parameters}\r\n");
        let mut input = session.as_bytes();
        while server.receive(&mut input).is_some() {
            server.accept();
        }
        let recipient = &server.envelope().recipients[0];
        let orcpt = recipient.orcpt.as_ref().map(|orcpt| orcpt.xtext.as_str());
        assert_eq!(orcpt, want, "{path}");
    }
}

#[test]
fn lmtp_answers_once_for_each_recipient() {
    let input =
        b"LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";
    let (said, _) = converse(Options::default(), &[input]);
    assert_eq!(said.matches("250 2.6.0 Ok, id=").count(), 2);
}

#[test]
fn xforward_facts_outlive_a_failed_mail_and_end_with_the_transaction() {
    let mut server = Server::new(Options::default());
    let mut input =
        &b"EHLO c\r\nXFORWARD ADDR=192.0.2.1\r\nMAIL FROM:bad\r\nMAIL FROM:<a@b> SMTPUTF8\r\n"[..];
    while server.wants() == Wants::Command {
        server.receive(&mut input);
    }
    assert!(server.client().address.is_some());
    assert_eq!(server.protocol_name(), "UTF8SMTP");
    server.refuse(&Reply::status(452, 3, 1, "full"));
    assert!(server.client().address.is_some());
    assert_eq!(server.protocol_name(), "ESMTP");
    let mut input = &b"MAIL FROM:<a@b>\r\n"[..];
    server.receive(&mut input);
    server.accept();
    let mut input = &b"RSET\r\n"[..];
    assert_eq!(server.receive(&mut input), Some(Event::Abandoned));
    assert!(server.client().address.is_none());
}

#[test]
fn over_long_lines_are_refused_once_and_the_session_goes_on() {
    let mut input = vec![b'A'; 200_000];
    input.extend_from_slice(b"\r\nNOOP\r\n");
    for step in [1, 4095, 4096, 4097, 200_000] {
        let pieces: Vec<&[u8]> = input.chunks(step).collect();
        if step == 1 && pieces.len() > 10_000 {
            continue;
        }
        let (said, _) = converse(Options::default(), &pieces);
        assert_eq!(
            said.lines().skip(1).collect::<Vec<_>>(),
            ["500 5.5.2 Error: line too long", "250 2.0.0 Ok NOOP"],
            "{step}"
        );
    }
}

#[test]
fn too_many_errors_end_the_session() {
    let options = Options {
        most_errors: 3,
        ..Options::default()
    };
    let (said, _) = converse(options, &[b"A\r\nB\r\nC\r\nD\r\nNOOP\r\n"]);
    assert!(
        said.ends_with("421 4.7.0 [127.0.0.1] Error: too many errors\r\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 5);
}

#[test]
fn data_in_the_same_packet_is_taken_or_refused_but_never_hangs() {
    let input = b"MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\nx\r\n.\r\n";
    let (said, messages) = converse(Options::default(), &[input]);
    assert_eq!(messages, [b"x\r\n"]);
    assert!(said.contains("354 ") && said.contains("250 2.6.0"));
    let options = Options {
        refuses_early_data: true,
        ..Options::default()
    };
    let (said, messages) = converse(options, &[input]);
    assert!(messages.is_empty());
    assert!(
        said.ends_with("554 5.5.0 Error: data before the go-ahead\r\n"),
        "{said}"
    );
}

#[test]
fn nothing_but_a_verdict_answers_a_message() {
    let mut server = Server::new(Options::default());
    let mut input = &b"MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n"[..];
    while server.wants() != Wants::Data {
        server.receive(&mut input);
        server.accept();
    }
    let mut content = b"x\r\n.\r\nQUIT\r\n".to_vec();
    assert_eq!(
        server.receive_data(&mut content, 0),
        DataProgress::End(b"QUIT\r\n".to_vec())
    );
    let _said = server.take_output();
    server.accept();
    server.refuse(&Reply::status(451, 0, 0, "no"));
    let mut rest = &b"QUIT\r\n"[..];
    assert_eq!(server.receive(&mut rest), None);
    assert_eq!(rest, b"QUIT\r\n");
    assert!(!server.has_output() && server.wants() == Wants::Verdict);
    server.answer(&FinalReply::refusal(Reply::status(451, 3, 0, "later"), 1));
    assert_eq!(server.take_output(), b"451 4.3.0 later\r\n");
    assert_eq!(server.wants(), Wants::Command);
}
