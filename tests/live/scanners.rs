//! What virus scanners say, and what happens when they say nothing. They are the tests' own.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::support::{
    client::Client,
    daemon::Daemon,
    next_hop::NextHop,
    scanner::{Scanner, Wire},
    wildcard::fits,
};

const HEAD: &str = "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n";

pub(super) fn message(body: &str) -> String {
    format!("{HEAD}Subject: x\r\n\r\n{body}\r\n")
}

pub(super) fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", to, message)
}

/// One clamd by stream on this port.
fn clamd(port: u16) -> String {
    format!(
        "av_scanners = [{{ name = \"first\", protocol = \"clamd\", socket = \"127.0.0.1:{port}\" }}]\n"
    )
}

#[test]
fn what_is_infected_is_stopped_and_what_is_clean_says_that_it_was_scanned() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("evil"));
    let daemon = Daemon::start(hop.port(), &clamd(scanner.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(
        content.starts_with("X-Virus-Scanned: amavis\r\nReceived: "),
        "{content}"
    );
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(
        fits("250 2.7.0 Ok, discarded, id=* - INFECTED: Test.Bad", &reply),
        "{reply}"
    );
    assert_eq!(hop.count(), 1);
    daemon.wait_for_log("(*) virus_scan: (Test.Bad), detected by 1 scanners: first");
    daemon.wait_for_log("(*) Blocked INFECTED (Test.Bad) {DiscardedInbound}, *");
    // The message itself and its only part, which are not the same.
    assert_eq!(scanner.heard_in_all(2), ["2", "2"]);
    assert_eq!(daemon.status()["counters"]["ContentVirusMsgs"], 1);
}

#[test]
fn lovers_get_it_with_a_warning_and_some_are_not_asked_about() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("evil"));
    let more = clamd(scanner.port())
        + "virus_lovers_maps = [[\"love@example.net\"]]\nbypass_virus_checks_maps = [[\"free@example.net\"]]\n";
    let daemon = Daemon::start(hop.port(), &more);
    let to = ["love@example.net", "free@example.net", "b@example.net"];
    let reply = deliver(&daemon, &to, &message("evil"));
    assert!(reply.starts_with("250 "), "{reply}");
    let mut taken = hop.taken();
    taken.sort_by_key(|taken| taken.rcpts.clone());
    let heads: Vec<(String, bool)> = taken
        .iter()
        .map(|taken| {
            let content = String::from_utf8_lossy(&taken.content).into_owned();
            (taken.rcpts.join(","), content.contains("X-Virus-Scanned"))
        })
        .collect();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert!(heads[0].0.contains("free@") && !heads[0].1, "{heads:?}");
    assert!(heads[1].0.contains("love@") && heads[1].1, "{heads:?}");
    daemon.wait_for_log("(*) Passed INFECTED (Test.Bad) {*RelayedTaggedInbound*}, *");
    let reply = deliver(&daemon, &["free@example.net"], &message("evil"));
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    assert_eq!(
        scanner.heard().len(),
        1,
        "nobody wanted the second one scanned"
    );
}

/// A way to misbehave; what the log says of it.
type Row = (&'static str, fn(&mut Wire) -> Option<String>, &'static str);

#[allow(clippy::too_many_lines, reason = "a table")]
fn misdeeds() -> [Row; 9] {
    [
        ("closes at once", |_| None, "closed the connection"),
        (
            "closes after the command",
            |wire| {
                wire.until(0);
                None
            },
            "closed the connection",
        ),
        (
            "closes in a content",
            |wire| {
                wire.until(0);
                wire.until(0);
                wire.exactly(20);
                None
            },
            "closed the connection",
        ),
        (
            "closes before the answer",
            |wire| {
                wire.until(0);
                wire.until(0);
                wire.chunks();
                None
            },
            "closed the connection",
        ),
        (
            "stalls",
            |wire| {
                wire.stall();
                None
            },
            "timed out",
        ),
        (
            "says something else",
            |wire| {
                wire.until(0);
                wire.until(0);
                wire.chunks();
                wire.say("1: stream: PERHAPS\0");
                wire.stall();
                None
            },
            "unexpected answer",
        ),
        (
            "answers about another one",
            |wire| {
                wire.until(0);
                wire.say("7: stream: OK\0");
                wire.stall();
                None
            },
            "unexpected answer",
        ),
        (
            "answers twice",
            |wire| {
                wire.until(0);
                wire.until(0);
                wire.chunks();
                wire.say("1: stream: OK\0\x31: stream: OK\0");
                wire.stall();
                None
            },
            "unexpected answer",
        ),
        (
            "never ends",
            |wire| {
                wire.say(&"x".repeat(300_000));
                wire.stall();
                None
            },
            "unexpected answer",
        ),
    ]
}

#[test]
fn a_scanner_that_misbehaves_is_never_taken_for_one_that_found_nothing() {
    for (name, deed, words) in misdeeds() {
        let hop = NextHop::start();
        let scanner = Scanner::start(deed);
        let more = clamd(scanner.port()) + "virus_scan_timeout = 2\n";
        let daemon = Daemon::start(hop.port(), &more);
        let reply = deliver(&daemon, &["b@example.net"], &message("good"));
        assert!(
            reply.starts_with("451 4.5.0 ") && reply.contains("ALL VIRUS SCANNERS FAILED"),
            "{name}: {reply}"
        );
        daemon.wait_for_log(&format!("(*) (!)run_av (first) FAILED: *{words}*"));
        assert_eq!(hop.count(), 0, "{name}");
        let status = daemon.status();
        // A strange answer may be about this message only.
        let is_strange = words == "unexpected answer";
        assert_eq!(status["scanners"][0]["is_up"], is_strange, "{name}");
        assert_eq!(status["counters"]["virusScansFailed"], 1, "{name}");
    }
}

#[test]
fn where_failure_is_not_fatal_mail_is_unchecked_and_says_so() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|_| None);
    let more = clamd(scanner.port()) + "virus_scanners_failure_is_fatal = false\n";
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(
        content.starts_with(
            "X-Amavis-Alert: UNCHECKED, not scanned for viruses: all scanners failed\r\nReceived: "
        ),
        "{content}"
    );
    daemon.wait_for_log("(*) Passed UNCHECKED {RelayedInbound}, *");
}

#[test]
fn a_scanner_that_is_back_is_asked_again_and_each_change_is_told_once() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let hop = NextHop::start();
    // It fails twice: at once, and at the second try for the same message.
    let scanner = Scanner::start(|wire| {
        if CALLS.fetch_add(1, Ordering::SeqCst) < 3 {
            return None;
        }
        wire.clamd("evil")
    });
    let daemon = Daemon::start(hop.port(), &clamd(scanner.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("451 "), "{reply}");
    let reply = super::support::wait_for("the scanner to be asked again", || {
        let reply = deliver(&daemon, &["b@example.net"], &message("good"));
        reply.starts_with("250 ").then_some(reply)
    });
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    daemon.wait_for_log("(*) virus scanner first is up again, after * s");
    assert_eq!(daemon.log().matches("is down: ").count(), 1);
    assert_eq!(daemon.log().matches("is up again").count(), 1);
}

#[test]
fn backups_are_asked_only_where_no_primary_gave_a_verdict() {
    let hop = NextHop::start();
    let backup = Scanner::start(|wire| wire.clamd("evil"));
    let good = Scanner::start(|wire| wire.clamd("nothing"));
    let with = |first: u16| {
        clamd(first)
            + &format!(
                "av_scanners_backup = [{{ name = \"second\", protocol = \"clamd\", socket = \"127.0.0.1:{}\" }}]\n",
                backup.port()
            )
    };
    let daemon = Daemon::start(hop.port(), &with(good.port()));
    assert!(deliver(&daemon, &["b@example.net"], &message("evil")).starts_with("250 2.6.0"));
    assert_eq!(backup.heard().len(), 0);
    let dead = Scanner::start(|_| None);
    let daemon = Daemon::start(hop.port(), &with(dead.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    daemon.wait_for_log("(*) (!)all primary virus scanners failed, considering backups");
}

#[test]
fn what_is_too_large_for_a_scanner_is_unchecked_and_the_rest_is_scanned() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| {
        wire.until(0);
        wire.until(0);
        let length = u32::from_be_bytes(wire.exactly(4).try_into().ok()?) as usize;
        if wire.exactly(length).starts_with(b"From: ") {
            wire.say("INSTREAM size limit exceeded. ERROR\0");
            return Some("large".to_owned());
        }
        None
    });
    let daemon = Daemon::start(hop.port(), &clamd(scanner.port()));
    let base64 = "QUFB".repeat(2500);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let message = format!(
        "{HEAD}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    );
    // The message is too large; at its part the scanner breaks off.
    let reply = deliver(&daemon, &["b@example.net"], &message);
    assert!(reply.starts_with("451 "), "{reply}");
    let honest = Scanner::start(|wire| {
        if wire.until(0) != b"zIDSESSION\0" {
            return None;
        }
        wire.until(0);
        let length = u32::from_be_bytes(wire.exactly(4).try_into().ok()?) as usize;
        let content = wire.exactly(length);
        if content.starts_with(b"From: ") {
            wire.say("INSTREAM size limit exceeded. ERROR\0");
        } else {
            wire.exactly(4);
            wire.say("1: stream: OK\0");
            wire.until(0);
        }
        Some(length.to_string())
    });
    let daemon = Daemon::start(hop.port(), &clamd(honest.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message);
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    daemon.wait_for_log("(*) Passed UNCHECKED {RelayedInbound}, *");
    let content = String::from_utf8(hop.taken().last().unwrap().content.clone()).unwrap();
    assert!(
        content.contains("X-Amavis-Alert: UNCHECKED, not scanned: email.txt is larger than"),
        "{content}"
    );
    assert!(!content.contains("X-Virus-Scanned"), "{content}");
    assert_eq!(honest.heard_in_all(3).len(), 3);
}

#[test]
fn scanners_are_asked_at_the_same_time() {
    let hop = NextHop::start();
    // Each waits for the other one to be asked.
    let meeting = std::sync::Arc::new(std::sync::Barrier::new(2));
    let start = || {
        let meeting = std::sync::Arc::clone(&meeting);
        Scanner::start(move |wire| {
            let first = wire.until(0);
            if first.is_empty() {
                return None;
            }
            meeting.wait();
            wire.until(0);
            wire.chunks();
            wire.say("1: stream: OK\0");
            wire.until(0);
            wire.chunks();
            wire.say("2: stream: OK\0");
            Some(String::new())
        })
    };
    let (one, other) = (start(), start());
    let more = format!(
        "av_scanners = [{{ name = \"one\", protocol = \"clamd\", socket = \"127.0.0.1:{}\" }}, {{ name = \"other\", protocol = \"clamd\", socket = \"127.0.0.1:{}\" }}]\n",
        one.port(),
        other.port()
    );
    let daemon = Daemon::start(hop.port(), &more);
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
}

#[test]
fn the_test_file_is_known_without_any_scanner() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let file = [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$",
        "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat();
    let reply = deliver(&daemon, &["b@example.net"], &message(&file));
    assert!(reply.contains("INFECTED: Eicar-Test-Signature"), "{reply}");
    daemon.wait_for_log(
        "(*) virus_scan: (Eicar-Test-Signature), detected by 1 scanners: test-patterns",
    );
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(
        !content.contains("X-Virus-Scanned"),
        "it is no scanner: {content}"
    );
    let daemon = Daemon::start(hop.port(), "test_patterns = \"off\"\n");
    assert!(deliver(&daemon, &["b@example.net"], &message(&file)).starts_with("250 2.6.0"));
}

#[test]
fn names_that_stand_for_a_score_are_no_viruses() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("evil"));
    let more = clamd(scanner.port())
        + "virus_name_to_spam_score_maps = [{ \"Test.Bad\" = \"5.5\" }]\nsa_tag2_level_deflt = \"5\"\n";
    let daemon = Daemon::start(hop.port(), &more);
    assert!(deliver(&daemon, &["b@example.net"], &message("evil")).starts_with("250 2.6.0"));
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    let form = "X-Virus-Scanned: amavis\r\nX-Spam-Flag: YES\r\nX-Spam-Score: 5.5\r\nX-Spam-Level: *****\r\n\
        X-Spam-Status: Yes, score=5.5 required=5 tests=[AV:Test.Bad=5.5]\r\n autolearn=unavailable\r\nReceived: *";
    assert!(fits(form, &content), "{content}");
    daemon.wait_for_log("(*) Passed SPAMMY {RelayedTaggedInbound}, * Hits: 5.5, *");
}

#[test]
fn what_is_not_installed_is_not_asked_and_nobody_left_is_no_verdict() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("evil"));
    let missing = "[\"Gone\", [\"/no/such/tool\", \"no-such-tool\"], \"{}\", [0], [1]], [\"Library\", { code = \"sophos_savi\" }]";
    let one = format!(
        "{{ name = \"first\", protocol = \"clamd\", socket = \"127.0.0.1:{}\" }}",
        scanner.port()
    );
    let daemon = Daemon::start(hop.port(), &format!("av_scanners = [{missing}, {one}]\n"));
    daemon.wait_for_log("virus scanners that are not installed are not asked: Gone, Library");
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
    assert!(!daemon.log().contains("FAILED"), "{}", daemon.log());
    let daemon = Daemon::start(hop.port(), &format!("av_scanners = [{missing}]\n"));
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(
        reply.starts_with("451 ")
            && reply.contains("none of those that are configured is installed"),
        "{reply}"
    );
}

#[test]
fn a_socket_that_may_not_be_used_is_told_of_with_what_to_do() {
    if !super::support::is_root() {
        eprintln!("skipped: not root");
        return;
    }
    let hop = NextHop::start();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let socket = folder.path().join("clamd.ctl");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let more = format!(
        "av_scanners = [{{ name = \"first\", protocol = \"clamd\", socket = \"{}\" }}]\n",
        socket.display()
    );
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("451 "), "{reply}");
    daemon.wait_for_log(
        "*virus scanner first is down: *Permission denied*add the user to the scanner's group*",
    );
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_message_that_broke_children_is_scanned_as_it_came() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("evil"));
    let daemon =
        Daemon::start_with_faults(hop.port(), &clamd(scanner.port()), "pipeline.inspect=panic");
    let mut reply = String::new();
    for _ in 0..2 {
        let mut client = Client::hello(daemon.address());
        client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
        for _ in 0..3 {
            client.reply();
        }
        client.send(format!("{}.\r\n", message("evil")).as_bytes());
        if let Some(said) = client.try_reply() {
            reply = said;
        }
    }
    assert!(
        reply.contains("INFECTED: Test.Bad"),
        "{reply}\n{}",
        daemon.log()
    );
    assert_eq!(hop.count(), 0);
}
