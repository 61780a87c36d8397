//! Both ways from Postfix to filterd (guide 2.2.1, 2.2.2), and back (2.1.2, 2.3), with all mail filtered (3.1).

use super::{
    mail, postfix,
    site::{Plan, Site, Transport},
    support::wait_for,
};

/// One message on its whole way, and what is told of it.
fn follow_a_message(transport: Transport, protocol: &str) {
    if !postfix::is_possible() {
        return;
    }
    let site = Site::start(&Plan {
        transport,
        ..Plan::default()
    });
    mail::send(site.entrance, 0..1, 1);
    let taken = wait_for("the message at the sink", || site.sink.taken().pop());
    assert!(taken.mail.starts_with("MAIL FROM:<a@example.org>"));
    assert_eq!(taken.rcpts.len(), 1);
    let content = String::from_utf8(taken.content).unwrap();
    let body = mail::message(0);
    assert!(content.ends_with(&body), "altered:\n{content}");
    let unfolded = content.replace("\r\n ", " ").replace("\r\n\t", " ");
    let trace = format!(
        "(filter.example.com [127.0.0.1]) (amavis, port {}) with {protocol} id ",
        site.filter_port
    );
    assert!(unfolded.contains(&trace), "{trace} in\n{unfolded}");

    // Postfix's log: in, to the filter, back, out. Its queue ids tie the lines together.
    let log = site
        .postfix
        .wait_for_log(&["status=sent", "from MTA", "queued as"]);
    let queue_id = log.split(": ").nth(1).unwrap();
    let relay = format!("relay=127.0.0.1[127.0.0.1]:{}", site.filter_port);
    assert!(log.contains(&relay), "{log}");
    let back = log
        .rsplit("queued as ")
        .next()
        .unwrap()
        .trim_end_matches(')');
    let reply = format!(
        "(250 2.6.0 Ok, id=*, from MTA([127.0.0.1]:{}): 250 2.0.0 Ok: queued as {back})",
        site.back.port()
    );
    let fits = super::support::wildcard::fits(&format!("*{reply}*"), &log);
    assert!(fits, "{reply} in {log}");
    let own = site.filter.wait_for_log("Passed CLEAN");
    for part in [
        "{RelayedInbound}, [127.0.0.1]:",
        "<a@example.org> -> <b0@example.net>",
        &format!("Queue-ID: {queue_id}, "),
        &format!("queued_as: {back}, "),
    ] {
        assert!(own.contains(part), "{part} in {own}");
    }
    // XFORWARD went on: the second Postfix knows the client and the first queue id.
    site.postfix.wait_for_log(&[
        back,
        "client=localhost[127.0.0.1]",
        "orig_queue_id",
        queue_id,
    ]);
}

#[test]
fn by_lmtp() {
    follow_a_message(Transport::Lmtp, "LMTP");
}

#[test]
fn by_smtp() {
    follow_a_message(Transport::Smtp, "ESMTP");
}

/// Several recipients: with LMTP each has a reply, and one that the next hop refuses does not stop the others.
#[test]
fn each_recipient_has_its_own_fate_with_lmtp() {
    if !postfix::is_possible() {
        return;
    }
    let site = Site::start(&Plan {
        back: "    -o smtpd_recipient_restrictions=inline:{{nobody@example.net=reject}},permit_mynetworks,reject"
            .to_owned(),
        ..Plan::default()
    });
    let mut client = super::support::client::Client::hello(site.entrance);
    let reply = client.deliver(
        "",
        &["b@example.net", "nobody@example.net", "c@example.com"],
        &mail::message(1),
    );
    assert!(reply.starts_with("250 "), "{reply}");
    site.postfix.drain();
    let rcpts: Vec<String> = site
        .sink
        .taken()
        .into_iter()
        .flat_map(|taken| taken.rcpts)
        .collect();
    assert_eq!(rcpts.len(), 2, "{rcpts:?}");
    assert!(!rcpts.iter().any(|rcpt| rcpt.contains("nobody")));
    site.postfix
        .wait_for_log(&["to=<nobody@example.net>", "status=bounced"]);
}
