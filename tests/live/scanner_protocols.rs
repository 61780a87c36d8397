//! Virus scanners with other protocols than clamd's stream: questions about a folder, programs, mail servers.

use std::fs;

use super::{
    scanners::{deliver, message},
    support::{
        daemon::Daemon,
        next_hop::NextHop,
        scanner::{Scanner, Wire},
    },
};

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
    let script = "#!/bin/sh\nfor file; do if grep -q stall \"$file\"; then sleep 100; fi; if grep -q hush \"$file\"; then exec 1>&- 2>&-; sleep 100; fi; if grep -q evil \"$file\"; then echo \"$file: Test.Bad FOUND\"; found=1; fi; \
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
    // One that closes its outputs and goes on has not ended.
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message("hush"));
    assert!(
        reply.starts_with("451 ") && reply.contains("timed out"),
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

#[test]
fn thousands_of_parts_have_their_answers() {
    let hop = NextHop::start();
    let scanner = Scanner::start(|wire| wire.clamd("part 14999."));
    let more = format!(
        "av_scanners = [{{ protocol = \"clamd\", socket = \"127.0.0.1:{}\" }}]\nmaxfiles = 40000\n",
        scanner.port()
    );
    let daemon = Daemon::start(hop.port(), &more);
    let parts: String = (0..15_000)
        .map(|n| format!("--x\r\n\r\npart {n}.\r\n"))
        .collect();
    let text = message("").replace("Subject: x", "Content-Type: multipart/mixed; boundary=x");
    let reply = deliver(
        &daemon,
        &["b@example.net"],
        &format!("{text}{parts}--x--\r\n"),
    );
    assert!(reply.contains("INFECTED: Test.Bad"), "{reply}");
    assert_eq!(scanner.heard_in_all(1), ["15001"]);
}
