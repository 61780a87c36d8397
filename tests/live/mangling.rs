//! How mail is changed on its way: wrapped, with an extension, repaired.

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

const HEAD: &str = "From: a@example.com\r\nTo: b@example.net\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: hello\r\nX-Own: 1\r\n";

fn infected() -> String {
    // The test file, in two pieces here.
    format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n..dot\r\n--b\r\n\r\n\
         X5O!P%@AP[4\\PZX54(P^)7CC)7}}$EICAR-{}\r\n--b--\r\n",
        "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    )
}

const PASSING: &str = "test_patterns = \"on\"\nfinal_virus_destiny = \"D_PASS\"\n";

fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", to, message)
}

#[test]
fn mail_for_our_own_is_wrapped_and_whole_inside() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        &format!("{PASSING}defang_virus = [{{ \"free@example.net\" = 0, \".\" = 1 }}]\n"),
    );
    let reply = deliver(
        &daemon,
        &["b@example.net", "free@example.net", "c@example.org"],
        &infected(),
    );
    assert!(reply.starts_with("250 "), "{reply}");
    let taken = hop.taken();
    assert_eq!(taken.len(), 3);
    let find = |rcpt: &str| {
        let found = taken
            .iter()
            .find(|t| t.rcpts.iter().any(|r| r.contains(rcpt)));
        String::from_utf8(found.unwrap().content.clone()).unwrap()
    };
    let original = infected().replace("..dot", ".dot");
    let wrapped = find("<b@example.net>");
    for want in [
        "X-Amavis-Modified: Mail body modified (using defanged) - filter.example.com\r\n",
        "X-Amavis-Alert: INFECTED, message contains virus: Eicar-Test-Signature\r\n",
        "\r\nSubject: ***INFECTED*** hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;",
        "  INFECTED, message contains virus: Eicar-Test-Signature\r\n",
        "Content-Type: message/rfc822; x-spam-type=original; name=\"message\"\r\n",
        "\r\n\r\nReturn-Path: <a@example.com>\r\nFrom: a@example.com\r\n",
    ] {
        assert!(wrapped.contains(want), "{want}: {wrapped}");
    }
    let (outer, inner) = wrapped.split_once("Return-Path:").unwrap();
    assert!(!outer.contains("X-Own") && inner.contains("X-Own: 1\r\n"));
    assert!(inner.contains(original.split_once("\r\n\r\n").unwrap().1));
    for plain in [find("<free@example.net>"), find("<c@example.org>")] {
        assert!(
            !plain.contains("X-Amavis-Modified")
                && plain.ends_with(original.split_once("\r\n\r\n").unwrap().1)
        );
    }
}

#[test]
fn an_extension_is_put_in_and_the_sender_knows_whom_he_wrote_to() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        &format!("{PASSING}recipient_delimiter = \"+\"\naddr_extension_virus = \"virus\"\n"),
    );
    deliver(&daemon, &["b+x@example.net", "c@example.org"], &infected());
    let rcpts: Vec<String> = hop
        .taken()
        .into_iter()
        .flat_map(|taken| taken.rcpts)
        .collect();
    assert!(
        rcpts.contains(&"RCPT TO:<b+virus@example.net> ORCPT=rfc822;b+2Bx@example.net".to_owned()),
        "{rcpts:?}"
    );
    assert!(rcpts.contains(&"RCPT TO:<c@example.org>".to_owned()));
    daemon.wait_for_log(
        "*Passed INFECTED (Eicar-Test-Signature) {RelayedTaggedInbound,RelayedTaggedOpenRelay},*",
    );
    deliver(&daemon, &["b@example.net"], &format!("{HEAD}\r\nclean\r\n"));
    assert_eq!(
        hop.taken().pop().unwrap().rcpts,
        ["RCPT TO:<b@example.net>"]
    );
}

#[test]
fn header_sections_are_repaired_unless_they_are_not_to_be() {
    let long = "x".repeat(1200);
    let message = format!("{HEAD}X-A: b\r\n \t\r\n c\r\nX-Long: {long}\r\n\r\nbody\r\n");
    for (more, is_repaired) in [
        ("", true),
        ("allow_fixing_improper_header = false\n", false),
    ] {
        let hop = NextHop::start();
        let daemon = Daemon::start(hop.port(), more);
        deliver(&daemon, &["b@example.net"], &message);
        let content = String::from_utf8(hop.taken().pop().unwrap().content).unwrap();
        assert_eq!(
            content.contains("X-A: b\r\n c\r\n"),
            is_repaired,
            "{content}"
        );
        assert_eq!(content.contains(&long), !is_repaired);
        assert_eq!(content.lines().all(|line| line.len() <= 998), is_repaired);
    }
}

#[test]
fn mail_that_can_be_read_in_two_ways_is_wrapped_by_default() {
    let message = format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a\"\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --a\r\nContent-Type: text/plain\r\n\r\nx\r\n--a--\r\n--b\r\nContent-Type: application/octet-stream; name=x.exe\r\n\r\ny\r\n--b--\r\n"
    );
    for (more, is_wrapped) in [("", true), ("defang_ambiguous = 0\n", false)] {
        let hop = NextHop::start();
        let daemon = Daemon::start(hop.port(), more);
        let reply = deliver(&daemon, &["b@example.net"], &message);
        assert!(reply.starts_with("250 "), "{reply}");
        let content = String::from_utf8(hop.taken().pop().unwrap().content).unwrap();
        assert!(content.contains("X-Amavis-Alert: UNCHECKED"), "{content}");
        assert_eq!(content.contains("using defanged"), is_wrapped, "{content}");
    }
}

#[test]
fn tables_by_category_come_before_single_settings() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        "test_patterns = \"on\"\nrecipient_delimiter = \"+\"\ndefang_bad_header = false\n\
         final_destiny_maps_by_ccat = { 9 = [{ \"pass@example.net\" = \"D_PASS\", \".\" = \"D_REJECT\" }] }\n\
         lovers_maps_by_ccat = { 9 = [[\"lover@example.net\"]] }\n\
         smtp_reason_by_ccat = { 9 = \"%n says: [:uc|%V] is not for %R\" }\n\
         defang_maps_by_ccat = { \"4,3\" = 1, 9 = 0 }\naddr_extension_maps_by_ccat = { 9 = \"sick\" }\n\
         subject_tag_maps_by_ccat = { \"4,3\" = \"[odd] \" }\nadmin_maps_by_ccat = { 9 = \"nine@example.net\", \"4\" = { undef = true } }\n\
         warnrecip_maps_by_ccat = { 4 = 1 }\n",
    );
    let reply = deliver(&daemon, &["b@example.net"], &infected());
    assert!(
        reply.starts_with("554 5.7.0 Reject, ")
            && reply.contains(" says: EICAR-TEST-SIGNATURE is not for <b@example.net>"),
        "{reply}"
    );
    for (to, rcpt) in [
        ("pass@example.net", "RCPT TO:<pass+sick@example.net> "),
        ("lover@example.net", "RCPT TO:<lover+sick@example.net> "),
    ] {
        let before = hop.count();
        assert!(deliver(&daemon, &[to], &infected()).starts_with("250 "));
        let taken = hop.taken();
        assert_eq!(taken.len(), before + 2);
        assert!(
            taken[before].rcpts[0].starts_with(rcpt),
            "{:?}",
            taken[before].rcpts
        );
        assert!(taken[before + 1].rcpts[0].starts_with("RCPT TO:<nine@example.net>"));
    }
    let before = hop.count();
    let odd = HEAD.replace("hello", "hel\0lo") + "\r\nx\r\n";
    assert!(deliver(&daemon, &["b@example.net"], &odd).starts_with("250 "));
    let taken = hop.taken();
    let content = String::from_utf8_lossy(&taken[before].content).into_owned();
    assert!(
        content.contains("using defanged") && content.contains("Subject: [odd] hel"),
        "{content}"
    );
    assert!(
        taken[before + 1].rcpts[0].starts_with("RCPT TO:<b@example.net>"),
        "the recipient is told"
    );
    assert_eq!(taken.len(), before + 2);
}

#[test]
fn somebody_gets_everything_and_nothing_depends_on_him() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "always_bcc = \"all@example.org\"\n");
    let clean = format!("{HEAD}\r\nx\r\n");
    assert!(deliver(&daemon, &["b@example.net"], &clean).starts_with("250 "));
    let rcpts: Vec<String> = hop
        .taken()
        .into_iter()
        .flat_map(|taken| taken.rcpts)
        .collect();
    assert_eq!(
        rcpts,
        [
            "RCPT TO:<b@example.net>",
            "RCPT TO:<all@example.org> NOTIFY=NEVER"
        ]
    );
    hop.answer_rcpt("all@", "451 4.3.0 later");
    assert!(deliver(&daemon, &["b@example.net"], &clean).starts_with("250 "));
    assert_eq!(hop.count(), 3);
    daemon.wait_for_log("*-> <all@example.org>, *451 4.3.0 later*");
}
