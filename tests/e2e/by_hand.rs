//! The guide's tests by hand: 2.4.1, 2.4.2, 2.4.3; and a message sent with swaks.

use std::{net::SocketAddr, path::Path, process::Command};

use super::{
    postfix,
    site::{Plan, Site},
    support::{client::Client, wait_for},
};

#[test]
fn the_conversations_of_the_guide() {
    if !postfix::is_possible() {
        return;
    }
    let site = Site::start(&Plan::default());
    let filter = SocketAddr::from(([127, 0, 0, 1], site.filter_port));

    // 2.4.1: the filter answers.
    let mut telnet = Client::dial(filter);
    assert_eq!(
        telnet.reply(),
        "220 [127.0.0.1] ESMTP amavisd-new service ready"
    );
    assert_eq!(
        telnet.say("EHLO localhost"),
        "250-[127.0.0.1]\n250-VRFY\n250-PIPELINING\n250-SIZE\n250-ENHANCEDSTATUSCODES\n250-8BITMIME\n250-SMTPUTF8\n\
         250-DSN\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
    );
    assert_eq!(
        telnet.say("QUIT"),
        "221 2.0.0 [127.0.0.1] amavisd-new closing transmission channel"
    );

    // 2.4.2: the way back answers.
    let mut telnet = Client::dial(site.back);
    assert!(
        telnet
            .reply()
            .starts_with("220 mail.example.org ESMTP Postfix")
    );
    assert!(telnet.say("EHLO localhost").contains("250-XFORWARD "));
    assert_eq!(telnet.say("QUIT"), "221 2.0.0 Bye");

    // 2.4.3: the whole chain.
    let mut telnet = Client::dial(filter);
    telnet.reply();
    assert_eq!(telnet.say("HELO localhost"), "250 [127.0.0.1]");
    assert!(telnet.say("MAIL FROM: <>").starts_with("250 2.1.0 Sender "));
    assert!(
        telnet
            .say("RCPT TO: <postmaster>")
            .starts_with("250 2.1.5 Recipient ")
    );
    assert_eq!(telnet.say("DATA"), "354 End data with <CR><LF>.<CR><LF>");
    telnet.send(
        b"From: virus-tester\r\nTo: undisclosed-recipients:;\r\nSubject: amavisd test - simple - no spam test pattern\r\n\r\n\
          This is a simple test message from the amavisd-new test-messages.\r\n",
    );
    let reply = telnet.say(".");
    let want = format!(
        "250 2.6.0 Ok, id=*-*, from MTA([127.0.0.1]:{}): 250 2.0.0 Ok: queued as *",
        site.back.port()
    );
    assert!(super::support::wildcard::fits(&want, &reply), "{reply}");
    let queued = reply.rsplit(' ').next().unwrap();
    let own = site.filter.wait_for_log("Passed BAD-HEADER-7");
    assert!(own.contains("<> -> <postmaster>"), "{own}");
    assert!(own.contains(&format!("queued_as: {queued}, ")), "{own}");
    site.postfix
        .wait_for_log(&[queued, "to=<postmaster@example.net>", "status=sent"]);
    site.postfix.wait_for_log(&[queued, "removed"]);
}

#[test]
fn a_message_from_swaks() {
    if !postfix::is_possible() {
        return;
    }
    if !Path::new("/usr/bin/swaks").exists() {
        println!("skipped: swaks is not installed");
        return;
    }
    let site = Site::start(&Plan::default());
    let output = Command::new("swaks")
        .args([
            "--server",
            "127.0.0.1",
            "--port",
            &site.filter_port.to_string(),
        ])
        .args([
            "--from",
            "a@example.org",
            "--to",
            "b@example.net,c@example.net",
        ])
        .args([
            "--header",
            "Subject: by hand",
            "--body",
            ".a line with a dot",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("<-  250 2.6.0 Ok, id="), "{said}");
    let taken = wait_for("the message at the sink", || site.sink.taken().pop());
    assert_eq!(taken.rcpts.len(), 2);
    let content = String::from_utf8(taken.content).unwrap();
    assert!(content.contains("\r\n.a line with a dot\r\n"), "{content}");
}
