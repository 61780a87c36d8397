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

fn message(body: &str) -> String {
    format!("{HEAD}Subject: x\r\n\r\n{body}\r\n")
}

fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
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

/// `CONTSCAN` as Debian's configuration has it.
fn contscan(port: u16) -> String {
    format!(
        "av_scanners = [[\"ClamAV-clamd\", {{ code = \"ask_daemon\" }}, [\"CONTSCAN {{}}\\n\", \"127.0.0.1:{port}\"], \
         {{ pattern = '\\bOK$', flags = \"m\" }}, {{ pattern = '\\bFOUND$', flags = \"m\" }}, \
         {{ pattern = '^.*?: (?!Infected Archive)(.*) FOUND$', flags = \"m\" }}]]\n"
    )
}

#[test]
fn a_question_names_the_folder_with_all_parts() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| {
        let query = wire.line();
        let folder = query.strip_prefix("CONTSCAN ")?.to_owned();
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let bad = names.iter().find(|name| {
            fs::read_to_string(format!("{folder}/{name}"))
                .unwrap_or_default()
                .contains("evil")
        });
        match bad {
            Some(name) => wire.say(&format!("{folder}/{name}: Test.Bad FOUND\n")),
            None => wire.say(&format!("{folder}: OK\n")),
        }
        Some(names.join(" "))
    });
    let daemon = Daemon::start(hop.port(), &contscan(scanner.port()));
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    assert_eq!(
        scanner.heard_in_all(2),
        ["email.txt p001", "email.txt p001"]
    );
    for folder in daemon.work_dirs() {
        let parts = daemon.temp().join(folder).join("parts");
        assert_eq!(fs::read_dir(parts).unwrap().count(), 0, "nothing is left");
    }
}

#[test]
fn where_clamd_may_not_read_the_files_it_gets_their_contents() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| {
        let first = wire.exactly(1);
        if first.is_empty() {
            return None;
        }
        if first == b"z" {
            wire.until(0);
            wire.until(0);
            let found = String::from_utf8_lossy(&wire.chunks()).contains("evil");
            let verdict = if found { "Test.Bad FOUND" } else { "OK" };
            wire.say(&format!("1: stream: {verdict}\0"));
            wire.until(0);
            wire.chunks();
            wire.say("2: stream: OK\0");
            wire.until(0);
            return Some("stream".to_owned());
        }
        let folder = wire.line();
        let folder = folder.trim_start_matches("ONTSCAN ");
        wire.say(&format!(
            "{folder}: lstat() failed: Permission denied. ERROR\n"
        ));
        Some("question".to_owned())
    });
    let daemon = Daemon::start(hop.port(), &contscan(scanner.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    daemon.wait_for_log(
        "(*) (!)run_av: ClamAV-clamd may not read *: contents were streamed to it instead; *",
    );
    assert_eq!(scanner.heard_in_all(2), ["question", "stream"]);
}

#[test]
fn one_part_that_could_not_be_read_is_not_clean() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| {
        wire.line();
        wire.say("/x/p001: Can't allocate memory ERROR\n/x: OK\n");
        None
    });
    let daemon = Daemon::start(hop.port(), &contscan(scanner.port()));
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("451 4.5.0 "), "{reply}");
}

#[test]
fn programs_are_scanners_too() {
    let hop = NextHop::start();
    let tool = tempfile::tempdir().unwrap();
    fs::set_permissions(
        tool.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let program = tool.path().join("scan");
    let script = "#!/bin/sh\nfor file; do if grep -q stall \"$file\"; then sleep 100; fi; if grep -q evil \"$file\"; then echo \"$file: Test.Bad FOUND\"; found=1; fi; \
        if grep -q strange \"$file\"; then exit 9; fi; done\n[ -z \"$found\" ] || exit 1\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let more = format!(
        "virus_scan_timeout = 2\nav_scanners = [[\"tool\", [\"/no/such/tool\", \"{}\"], \"{{}}/*\", [0], [1], {{ pattern = '^.*?: (.*) FOUND$', flags = \"m\" }}]]\n",
        program.display()
    );
    let daemon = Daemon::start(hop.port(), &more);
    assert!(deliver(&daemon, &["b@example.net"], &message("good")).starts_with("250 2.6.0"));
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    let reply = deliver(&daemon, &["b@example.net"], &message("strange"));
    assert!(
        reply.starts_with("451 ") && reply.contains("exit status 9 means neither"),
        "{reply}"
    );
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message("stall"));
    assert!(
        reply.starts_with("451 ") && reply.contains("timed out"),
        "{reply}"
    );
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
fn a_mail_server_can_be_a_scanner() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire: &mut Wire| {
        wire.say("220 hello\r\n");
        for reply in [
            "250-me\r\n250 SIZE\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
        ] {
            if wire.line().is_empty() {
                return None;
            }
            wire.say(reply);
        }
        let mut text = String::new();
        loop {
            let line = wire.line();
            if line == "." {
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        let reply = if text.contains("evil") {
            "554 5.7.1 virus Test.Bad found\r\n"
        } else {
            "250 2.0.0 ok\r\n"
        };
        wire.say(reply);
        Some(text)
    });
    let more = format!(
        "av_scanners = [[\"mta\", {{ code = \"ask_daemon\" }}, [\"*\", \"smtp:127.0.0.1:{}\"], {{ pattern = '^250' }}, {{ pattern = '^5.*virus' }}, {{ pattern = 'virus (\\S+)' }}]]\n",
        scanner.port()
    );
    let daemon = Daemon::start(hop.port(), &more);
    assert!(
        deliver(&daemon, &["b@example.net"], &message("good\r\n..dot")).starts_with("250 2.6.0")
    );
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    assert!(scanner.heard_in_all(1)[0].contains("\n..dot"), "stuffed");
}

/// A scanner of a protocol of its own that finds `evil` in the folder it is told of.
fn finds_evil(folder: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let text = fs::read(entry.unwrap().path()).unwrap_or_default();
        String::from_utf8_lossy(&text).contains("evil")
    })
}

fn is_evil(file: &str) -> bool {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).contains("evil")
}

/// sophie: one line for each folder.
fn sophie(wire: &mut Wire) -> Option<String> {
    let query = wire.line();
    let folder = query.strip_suffix('/')?;
    wire.say(if finds_evil(folder) {
        "1:Test.Bad\n"
    } else {
        "0\n"
    });
    wire.stall();
    None
}

/// fpscand: one line for each file, over one connection.
fn fpscand(wire: &mut Wire) -> Option<String> {
    loop {
        let query = wire.line();
        let file = query.strip_prefix("SCAN FILE ")?;
        wire.say(&if is_evil(file) {
            format!("1 <infected: Test.Bad> {file}\n")
        } else {
            format!("0 <clean> {file}\n")
        });
    }
}

/// savdid.
fn sssp(wire: &mut Wire) -> Option<String> {
    wire.say("OK SSSP/1.0\r\n");
    let query = wire.line();
    let folder = query.strip_prefix("SSSP/1.0 SCANDIRR ")?;
    wire.say("ACC 1234/1\r\n");
    if finds_evil(folder) {
        wire.say(&format!(
            "VIRUS Test.Bad {folder}/p001\r\nDONE OK 0203 Virus found during virus scan\r\n\r\n"
        ));
    } else {
        wire.say("DONE OK 0000 The function call succeeded\r\n\r\n");
    }
    Some(wire.line())
}

/// SAVAPI.
fn savapi(wire: &mut Wire) -> Option<String> {
    wire.say("100 SAVAPI:4.0\n");
    loop {
        let query = wire.line();
        if let Some(file) = query.strip_prefix("SCAN ") {
            wire.say(if is_evil(file) {
                "401 whatever\n310 Test.Bad <<< bad thing\n319 done\n"
            } else {
                "200 ok\n"
            });
        } else if query.starts_with("SET ") {
            wire.say("100 ok\n");
        } else {
            return Some(query);
        }
    }
}

#[test]
fn scanners_with_protocols_of_their_own_are_understood() {
    let patterns = |clean: &str, infected: &str, names: &str| {
        format!(
            "{{ pattern = '{clean}', flags = \"m\" }}, {{ pattern = '{infected}', flags = \"m\" }}, {{ pattern = '{names}', flags = \"m\" }}"
        )
    };
    type Row = (
        &'static str,
        &'static str,
        fn(&mut Wire) -> Option<String>,
        String,
    );
    let rows: [Row; 4] = [
        (
            "Sophie",
            "{}/\\n",
            sophie,
            patterns(
                "(?x)^ 0+ ( : | [\\000\\r\\n]* $)",
                "(?x)^ 1 ( : | [\\000\\r\\n]* $)",
                "(?x)^ [-+]? \\d+ : (.*?) [\\000\\r\\n]* $",
            ),
        ),
        (
            "F-Prot fpscand",
            "SCAN FILE {}/*\\n",
            fpscand,
            patterns(
                "^(0|8|64) ",
                "^([1235679]|1[01345]) |<[^>:]*(?i)(infected|suspicious|unwanted)",
                "(?i)<[^>:]*(?:infected|suspicious|unwanted)[^>:]*: ([^>]*)>",
            ),
        ),
        (
            "Sophos-SSSP",
            "{}",
            sssp,
            patterns("^DONE OK 0000 ", "^VIRUS", "^VIRUS ([^ ]*) "),
        ),
        (
            "Avira SAVAPI",
            "*",
            savapi,
            patterns("^(200|210)", "^(310|420|319)", "^310[ ,]+([^ ]*)"),
        ),
    ];
    for (name, query, speak, patterns) in rows {
        let hop = NextHop::start();
        let scanner = Scanner::start(speak);
        let more = format!(
            "virus_scan_timeout = 3\nav_scanners = [[\"{name}\", {{ code = \"ask_daemon\" }}, [\"{query}\", \"127.0.0.1:{}\"], {patterns}]]\n",
            scanner.port()
        );
        let daemon = Daemon::start(hop.port(), &more);
        let reply = deliver(&daemon, &["b@example.net"], &message("good"));
        assert!(reply.starts_with("250 2.6.0"), "{name}: {reply}");
        let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
        assert!(reply.contains("INFECTED: Test.Bad"), "{name}: {reply}");
        // And one that does not speak it gives no verdict.
        let stranger = Scanner::start(|wire| {
            wire.say("220 who are you?\r\n");
            wire.stall();
            None
        });
        let daemon = Daemon::start(
            hop.port(),
            &more.replace(
                &format!(":{}\"", scanner.port()),
                &format!(":{}\"", stranger.port()),
            ),
        );
        let reply = deliver(&daemon, &["b@example.net"], &message("good"));
        assert!(reply.starts_with("451 "), "{name}: {reply}");
    }
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

#[test]
fn what_is_no_clamd_on_a_socket_is_asked_as_configured() {
    use std::{
        io::{BufRead, BufReader, Write},
        os::unix::net::UnixListener,
    };
    let hop = NextHop::start();
    let folder = tempfile::tempdir().unwrap();
    let mode = |mode| <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode);
    fs::set_permissions(folder.path(), mode(0o755)).unwrap();
    let socket = folder.path().join("scanner");
    let listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, mode(0o666)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let answer = match line.strip_prefix("CONTSCAN ") {
                Some(folder) if finds_evil(folder.trim_end()) => "x: Test.Bad FOUND\n",
                Some(_) => "x: OK\n",
                None => "UNKNOWN COMMAND\n",
            };
            let _gone = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    let more = contscan(1).replace("127.0.0.1:1", &socket.display().to_string());
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message("good"));
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    let reply = deliver(&daemon, &["b@example.net"], &message("evil"));
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
}
