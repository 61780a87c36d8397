//! Scores: engines of the tests' own, levels, lists, fields.

use super::support::{
    client::Client,
    daemon::Daemon,
    next_hop::NextHop,
    scanner::{Scanner, Wire},
    wildcard::fits,
};

const HEAD: &str = "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n";

fn message(body: &str) -> String {
    format!("{HEAD}Subject: x\r\n\r\n{body}\r\n")
}

fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", to, message)
}

const LEVELS: &str =
    "sa_tag_level_deflt = \"2\"\nsa_tag2_level_deflt = \"6.2\"\nsa_kill_level_deflt = \"9\"\n";

fn spamd(port: u16) -> String {
    format!(
        "{LEVELS}spam_scanners = [{{ name = \"sa\", protocol = \"spamd\", socket = \"127.0.0.1:{port}\" }}]\n"
    )
}

/// A spamd that gives what the message's body asks for: `score 6.5 A=6,B=0.5`.
fn obedient(wire: &mut Wire) -> Option<String> {
    let (first, message) = wire.spamd_request();
    let order = message.lines().find_map(|line| line.strip_prefix("score "));
    let (score, tests) = order?.split_once(' ').unwrap();
    wire.spamd_reply(score, &format!("X-Spam-Tests: {tests}\r\nX-Spam-Status: Yes, score={score} tests=X autolearn=no autolearn_force=no\r\n"));
    Some(format!("{first}\n{message}"))
}

fn content(hop: &NextHop, at: usize) -> String {
    String::from_utf8(hop.taken()[at].content.clone()).unwrap()
}

#[test]
fn scores_become_fields_for_our_own_recipients_only() {
    let hop = NextHop::start();
    let engine = Scanner::start(obedient);
    let daemon = Daemon::start(hop.port(), &spamd(engine.port()));
    let text = format!(
        "X-Spam-Flag: NO\r\nX-Spam-Status: No,\r\n forged\r\n{}",
        message("score 6.5 LONG_NAME_OF_A_TEST=6.001,OTHER=0.5")
    );
    let reply = deliver(&daemon, &["b@example.net", "c@else.where"], &text);
    assert!(reply.starts_with("250 "), "{reply}");
    let form = "X-Spam-Flag: YES\r\nX-Spam-Score: 6.501\r\nX-Spam-Level: ******\r\n\
        X-Spam-Status: Yes, score=6.501 tagged_above=2 required=6.2\r\n tests=[LONG_NAME_OF_A_TEST=6.001, OTHER=0.5] autolearn=no autolearn_force=no\r\n\
        X-Spam-Tests: LONG_NAME_OF_A_TEST=6.001,OTHER=0.5\r\n\
        Received: *\r\nFrom: a@example.com\r\n*";
    assert!(fits(form, &content(&hop, 0)), "{}", content(&hop, 0));
    assert!(
        fits(
            "Received: *\r\nX-Spam-Flag: NO\r\nX-Spam-Status: No,\r\n forged\r\nFrom: *",
            &content(&hop, 1)
        ),
        "{}",
        content(&hop, 1)
    );
    daemon.wait_for_log(
        "(*) Passed SPAMMY {RelayedTaggedInbound,RelayedOpenRelay}, * Hits: 6.501, *",
    );
    let heard = engine.heard_in_all(1).remove(0);
    assert!(heard.starts_with("HEADERS SPAMC/1.5\nReturn-Path: <a@example.com>\nX-Envelope-To: <b@example.net>,\n <c@else.where>\nX-Amavis-MessageSize: "), "{heard}");
}

#[test]
fn levels_decide_by_recipient() {
    let hop = NextHop::start();
    let engine = Scanner::start(obedient);
    let more = spamd(engine.port())
        + "final_spam_destiny = \"D_REJECT\"\nlog_level = 2\n\
           spam_kill_level_maps = [{ \"strict@example.net\" = \"5\", \"lax@example.net\" = \"50\" }, { setting = \"sa_kill_level_deflt\" }]\n\
           spam_lovers_maps = [[\"love@example.net\"]]\nbypass_spam_checks_maps = [[\"free@example.net\"]]\n";
    let daemon = Daemon::start(hop.port(), &more);
    let try_one = |to: &str, score: &str| {
        deliver(
            &daemon,
            &[to],
            &message(&format!("score {score} A={score}")),
        )
    };
    for (to, score, reply) in [
        ("b@example.net", "9.0", "554 5.7.0 Reject, id=* - spam"),
        ("b@example.net", "8.9", "250 2.6.0 Ok*"),
        ("strict@example.net", "5.0", "554 5.7.0 Reject, id=* - spam"),
        ("lax@example.net", "49.0", "250 2.6.0 Ok*"),
        ("love@example.net", "49.0", "250 2.6.0 Ok*"),
        ("free@example.net", "49.0", "250 2.6.0 Ok*"),
    ] {
        let got = try_one(to, score);
        assert!(fits(reply, &got), "{to} {score}: {got}");
    }
    daemon.wait_for_log("(*) Blocked SPAM {RejectedInbound}, * Hits: 9, *");
    daemon.wait_for_log("(*) spam-tag, <a@example.com> -> <b@example.net>, Yes, score=9 tagged_above=2 required=6.2 tests=[A=9] autolearn=no autolearn_force=no");
    let last = hop.count() - 1;
    assert!(
        content(&hop, last).starts_with("Received: "),
        "who does without gets no fields: {}",
        content(&hop, last)
    );
}

#[test]
fn lists_and_points_of_senders_count() {
    let hop = NextHop::start();
    let engine = Scanner::start(obedient);
    let more = spamd(engine.port())
        + "final_spam_destiny = \"D_REJECT\"\nwhitelist_sender_maps = [[\"good@example.com\"]]\nblacklist_sender_maps = [[\"bad@example.com\"]]\n\
           score_sender_maps = [{ \".\" = [{ \"soft@example.com\" = \"3.5\" }] }]\n";
    let daemon = Daemon::start(hop.port(), &more);
    let from = |sender: &str, score: &str| {
        Client::hello(daemon.address()).deliver(
            sender,
            &["b@example.net"],
            &message(&format!("score {score} A={score}")),
        )
    };
    assert!(from("good@example.com", "50.0").starts_with("250 "));
    let reply = from("bad@example.com", "0.0");
    assert!(fits("554 5.7.0 Reject, id=* - spam", &reply), "{reply}");
    assert_eq!(engine.heard().len(), 0, "who is on a list is not scored");
    assert!(from("soft@example.com", "3.0").starts_with("250 "));
    let last = content(&hop, hop.count() - 1);
    assert!(
        last.contains("score=6.5 tagged_above=2 required=6.2 tests=[AM.WBL=3.5,\r\n A=3]"),
        "{last}"
    );
}

/// A way to misbehave; what the log says of it.
type Row = (&'static str, fn(&mut Wire) -> Option<String>, &'static str);

#[allow(clippy::too_many_lines, reason = "a table")]
fn misdeeds() -> [Row; 7] {
    [
        ("closes at once", |_| None, "closed the connection"),
        (
            "closes after the request",
            |wire| {
                wire.spamd_request();
                None
            },
            "closed the connection",
        ),
        (
            "stalls",
            |wire| {
                wire.spamd_request();
                wire.stall();
                None
            },
            "timed out",
        ),
        (
            "fails",
            |wire| {
                wire.spamd_request();
                wire.say("SPAMD/1.0 75 EX_TEMPFAIL\r\n\r\n");
                None
            },
            "75 EX_TEMPFAIL",
        ),
        (
            "gives no score",
            |wire| {
                wire.spamd_request();
                wire.say("SPAMD/1.5 0 EX_OK\r\nContent-length: 0\r\n\r\n");
                None
            },
            "no score",
        ),
        (
            "talks nonsense",
            |wire| {
                wire.spamd_request();
                wire.say("220 hello\r\n\r\n");
                None
            },
            "unexpected answer",
        ),
        (
            "breaks off",
            |wire| {
                wire.spamd_request();
                wire.say(
                    "SPAMD/1.5 0 EX_OK\r\nSpam: True ; 50.0 / 5.0\r\nContent-length: 100\r\n\r\nX",
                );
                None
            },
            "closed the connection",
        ),
    ]
}

#[test]
fn an_engine_that_fails_delays_nothing_and_is_told_of() {
    for (name, deed, words) in misdeeds() {
        let hop = NextHop::start();
        let engine = Scanner::start(deed);
        let daemon = Daemon::start(
            hop.port(),
            &spamd(engine.port())
                .replace("sa_tag_level_deflt = \"2\"\n", "spam_scan_timeout = 2\n"),
        );
        let reply = deliver(&daemon, &["b@example.net"], &message("x"));
        assert!(reply.starts_with("250 2.6.0 Ok"), "{name}: {reply}");
        daemon.wait_for_log(&format!(
            "(*) (!)spam_scan (sa) FAILED, not scored by it: *{words}*"
        ));
        daemon.wait_for_log("(*) not scored: no spam engine answered");
        assert!(
            content(&hop, 0).contains("X-Spam-Status: No, score=x "),
            "{name}: {}",
            content(&hop, 0)
        );
        assert_eq!(daemon.status()["counters"]["msgsNotScored"], 1, "{name}");
    }
}

#[test]
fn rspamd_is_told_of_the_envelope_and_its_symbols_are_tests() {
    let hop = NextHop::start();
    let engine = Scanner::start(|wire: &mut Wire| {
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let line = wire.line();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("Content-Length: ") {
                length = number.parse().unwrap();
            }
            head.push(line);
        }
        if length == 0 {
            return None;
        }
        wire.exactly(length);
        let body = r#"{"is_skipped":false,"score":13.0,"symbols":{"B_SYM":{"score":12.5},"A_SYM":{"score":0.5}},"milter":{"add_headers":{"X-Spamd-Result":{"value":"default: False"}}}}"#;
        wire.say(&format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ));
        Some(head.join("\n"))
    });
    let more = format!(
        "{LEVELS}spam_scanners = [[\"Rspamd\", \"Amavis::SpamControl::RspamdClient\", \"score_factor\", \"0.5\", \"url\", \"http://127.0.0.1:{}/checkv2\", \"password\", \"secret\"]]\n",
        engine.port()
    );
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net", "c@example.net"], &message("x"));
    assert!(reply.starts_with("250 "), "{reply}");
    let heard = engine.heard_in_all(1).remove(0);
    for line in [
        "POST /checkv2 HTTP/1.1",
        "From: <a@example.com>",
        "Rcpt: <b@example.net>",
        "Rcpt: <c@example.net>",
        "MTA-Name: filter.example.com",
        "Password: secret",
    ] {
        assert!(heard.lines().any(|heard| heard == line), "{line}: {heard}");
    }
    let got = content(&hop, 0);
    assert!(got.contains("score=6.5 tagged_above=2 required=6.2 tests=[A_SYM=0.25,\r\n B_SYM=6.25] autolearn=unavailable\r\nX-Spamd-Result: default: False\r\n"), "{got}");
}

#[test]
fn engines_add_up_and_users_have_their_own_preferences() {
    let hop = NextHop::start();
    let one = Scanner::start(|wire: &mut Wire| {
        let (first, _) = wire.spamd_request();
        if first.is_empty() {
            return None;
        }
        let score = if first.contains("User: anna") {
            "9.0"
        } else {
            "1.0"
        };
        wire.spamd_reply(score, "ONE");
        Some(first)
    });
    let other = Scanner::start(|wire: &mut Wire| {
        wire.spamd_request();
        wire.spamd_reply("0.5", "OTHER\r\n");
        None
    });
    let more = format!(
        "{LEVELS}sa_username_maps = [{{ \"anna@example.net\" = \"anna\", \".\" = \"all\" }}]\nspam_scanners = [\
         {{ name = \"one\", protocol = \"spamd\", socket = \"127.0.0.1:{}\" }}, {{ name = \"other\", protocol = \"spamd\", socket = \"127.0.0.1:{}\" }}]\n",
        one.port(),
        other.port()
    );
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(
        &daemon,
        &["anna@example.net", "b@example.net"],
        &message("x"),
    );
    assert!(reply.starts_with("250 "), "{reply}");
    daemon.wait_for_log(
        "(*) Passed SPAM {RelayedTaggedInbound,RelayedInbound*}, * Hits: 1.5..9.5, *",
    );
    let mut users = one.heard_in_all(2);
    users.sort();
    assert_eq!(
        users,
        [
            "HEADERS SPAMC/1.5 User: all",
            "HEADERS SPAMC/1.5 User: anna"
        ]
    );
    let all = [content(&hop, 0), content(&hop, 1)].concat();
    assert!(
        all.contains("score=9.5 ") && all.contains("tests=[ONE, OTHER]"),
        "{all}"
    );
}

#[test]
fn who_does_not_know_headers_is_asked_for_symbols() {
    let hop = NextHop::start();
    let engine = Scanner::start(|wire: &mut Wire| {
        let (first, _) = wire.spamd_request();
        if first.starts_with("SYMBOLS") {
            wire.spamd_reply("7.0", "A_TEST,B_TEST\r\n");
        } else {
            wire.say("SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n");
        }
        Some(first)
    });
    let daemon = Daemon::start(hop.port(), &spamd(engine.port()));
    assert!(deliver(&daemon, &["b@example.net"], &message("x")).starts_with("250 "));
    let got = content(&hop, 0);
    assert!(
        got.contains("score=7 tagged_above=2 required=6.2 tests=[A_TEST, B_TEST]\r\n"),
        "{got}"
    );
}

#[test]
fn the_test_line_is_known_without_any_engine() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        &format!("{LEVELS}final_spam_destiny = \"D_DISCARD\"\n"),
    );
    let line = [
        "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
        "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
    ]
    .concat();
    let reply = deliver(&daemon, &["b@example.net"], &message(&line));
    assert!(
        fits("250 2.7.0 Ok, discarded, id=* - spam", &reply),
        "{reply}"
    );
    assert!(deliver(&daemon, &["b@example.net"], &message("x")).starts_with("250 2.6.0"));
    assert!(
        content(&hop, 0).starts_with("Received: "),
        "nothing is said where nothing scores"
    );
}

#[test]
fn a_configuration_of_the_original_gets_spamd_and_is_told() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "");
    let folder = daemon.folder.path().display().to_string();
    let user = if super::support::is_root() {
        "$daemon_user = 'nobody';\n"
    } else {
        ""
    };
    let text = format!(
        "use strict;\n$MYHOME = '{folder}/home'; $TEMPBASE = '{folder}/tmp'; $state_dir = '{folder}/state'; $myhostname = 'filter.example.com';\n\
         @listen_sockets = ('127.0.0.1:0'); $forward_method = 'smtp:[127.0.0.1]:{}'; $notify_method = $forward_method; $max_servers = 1;\n\
         {user}@local_domains_acl = ('.example.net');\n1;\n",
        hop.port()
    );
    std::fs::write(daemon.path("amavisd.conf"), text).unwrap();
    std::fs::write(daemon.config(), "include = [\"amavisd.conf\"]\n").unwrap();
    daemon.launch();
    daemon.wait_for_log(
        "SpamAssassin does not run in this daemon: spamd at 127.0.0.1:783 is asked instead",
    );
}

/// What it says, and what the log says of it.
type Reply = (&'static str, &'static str, &'static str);

const fn replies() -> [Reply; 7] {
    [
        (
            "refuses",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!!",
            "HTTP status 403: no!!",
        ),
        ("talks nonsense", "220 hello\r\n\r\n", "unexpected answer"),
        (
            "gives no JSON",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<p/>",
            "no JSON of a check",
        ),
        (
            "gives no score",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "no score",
        ),
        (
            "reports an error",
            "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"error\":\"oh\"}",
            "oh",
        ),
        (
            "breaks off",
            "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"score\":50",
            "closed the connection",
        ),
        (
            "never ends",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
            "it does not end",
        ),
    ]
}

#[test]
fn an_rspamd_that_fails_delays_nothing_and_is_told_of() {
    for (name, reply, words) in replies() {
        let hop = NextHop::start();
        let engine = Scanner::start(move |wire: &mut Wire| {
            let mut length = 0;
            loop {
                let line = wire.line();
                if line.is_empty() {
                    break;
                }
                if let Some(number) = line.strip_prefix("Content-Length: ") {
                    length = number.parse().unwrap();
                }
            }
            wire.exactly(length);
            wire.say(reply);
            None
        });
        let more = format!(
            "{LEVELS}spam_scan_timeout = 3\nspam_scanners = [{{ name = \"rs\", protocol = \"rspamd\", url = \"http://127.0.0.1:{}/checkv2\" }}]\n",
            engine.port()
        );
        let daemon = Daemon::start(hop.port(), &more);
        let got = deliver(&daemon, &["b@example.net"], &message("x"));
        assert!(got.starts_with("250 2.6.0 Ok"), "{name}: {got}");
        daemon.wait_for_log(&format!(
            "(*) (!)spam_scan (rs) FAILED, not scored by it: *{words}*"
        ));
        assert_eq!(daemon.status()["counters"]["msgsNotScored"], 1, "{name}");
    }
}

#[test]
fn a_copy_that_is_kept_has_the_fields_of_all_recipients() {
    let hop = NextHop::start();
    let engine = Scanner::start(obedient);
    let mut daemon = Daemon::prepare(hop.port(), "");
    let vault = daemon.path("vault");
    std::fs::create_dir(&vault).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&vault, mode).unwrap();
    let more = spamd(engine.port())
        + &format!(
            "final_spam_destiny = \"D_DISCARD\"\nspam_quarantine_method = \"local:spam-%m\"\nquarantinedir = \"{}\"\n",
            vault.display()
        )
        + "spam_quarantine_cutoff_level_maps = [{ \"b@example.net\" = \"50\" }]\n\
           score_sender_maps = [{ \"strict@example.net\" = [{ \"a@example.com\" = \"2\" }] }]\n";
    daemon.configure(hop.port(), &more);
    daemon.launch();
    let reply = deliver(
        &daemon,
        &["b@example.net", "strict@example.net"],
        &message("score 9.5 A=9.5"),
    );
    assert!(
        fits("250 2.7.0 Ok, discarded, id=* - spam", &reply),
        "{reply}"
    );
    daemon.wait_for_log(
        "(*) Blocked SPAM {DiscardedInbound,Quarantined}, * quarantine: spam-*, Hits: 9.5..11.5, *",
    );
    let file = std::fs::read_dir(&vault)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let copy = std::fs::read_to_string(file).unwrap();
    let form = "*X-Quarantine-ID: <*>\nX-Spam-Flag: YES\nX-Spam-Score: 11.5\nX-Spam-Level: ***********\n\
        X-Spam-Status: Yes, score=9.5..11.5 tag=2 tag2=6.2 kill=9 tests=[AM.WBL=2,\n A=9.5] autolearn=no autolearn_force=no\nReceived: *";
    assert!(fits(form, &copy), "{copy}");
    // What is beyond any doubt is not kept.
    let reply = deliver(&daemon, &["b@example.net"], &message("score 60.0 A=60"));
    assert!(
        fits("250 2.7.0 Ok, discarded, id=* - spam", &reply),
        "{reply}"
    );
    assert_eq!(std::fs::read_dir(&vault).unwrap().count(), 1);
}

#[test]
fn the_subject_of_spam_is_tagged_for_our_own_recipients() {
    let hop = NextHop::start();
    let engine = Scanner::start(obedient);
    let more = spamd(engine.port())
        + "sa_spam_subject_tag = \"***SPAM _SCORE_*** \"\nsa_spam_subject_tag1 = \"(maybe) \"\n";
    let daemon = Daemon::start(hop.port(), &more);
    let to = ["b@example.net", "c@else.where"];
    for (score, subject) in [
        ("7.0", "Subject: ***SPAM 7*** x"),
        ("3.0", "Subject: (maybe) x"),
        ("1.0", "Subject: x"),
    ] {
        let before = hop.count();
        let body = format!("score {score} A={score}\r\n..dot");
        assert!(deliver(&daemon, &to, &message(&body)).starts_with("250 "));
        for taken in &hop.taken()[before..] {
            let text = String::from_utf8(taken.content.clone()).unwrap();
            let ours = taken.rcpts.iter().any(|rcpt| rcpt.contains("b@"));
            let want = if ours { subject } else { "Subject: x" };
            assert!(text.contains(&format!("\r\n{want}\r\n")), "{score}: {text}");
            assert!(text.ends_with("\r\n.dot\r\n"), "{text}");
        }
    }
}
