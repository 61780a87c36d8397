//! Failures of the machine and of the client, at each stage. With the feature `faults` the program fails where it is told.

use crate::support::{
    client::Client, daemon::Daemon, load::Load, next_hop::NextHop, wait_for, wildcard::fits,
};

const MESSAGE: &str = "Message-ID: <m1@example.com>\r\nSubject: x\r\n\r\nHello.\r\n";

fn deliver(daemon: &Daemon) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", &["b@example.net"], MESSAGE)
}

/// What must hold after any trouble: the daemon serves, and nothing is left behind.
fn is_well(daemon: &Daemon, hop: &NextHop) {
    hop.behave();
    let before = hop.count();
    let reply = deliver(daemon);
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    assert_eq!(hop.count(), before + 1);
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_full_disk_is_a_temporary_refusal_and_loses_nothing() {
    for (fault, want) in [
        ("spool.mkdir=ENOSPC@1", "452 4.3.1 *"),
        ("spool.create=ENOSPC@1", "452 4.3.1 *"),
        ("spool.write=ENOSPC@1", "452 4.3.1 *"),
        ("spool.write=EDQUOT@1", "452 4.3.1 *"),
        ("spool.write=EIO@1", "451 4.3.0 *"),
    ] {
        let hop = NextHop::start();
        let settings = "spool_memory_limit = 4096\nmax_requests = 0\n";
        let daemon = Daemon::start_with_faults(hop.port(), settings, fault);
        let mut client = Client::hello(daemon.address());
        let big = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(100_000));
        let reply = client.deliver("a@example.com", &["b@example.net"], &big);
        assert!(fits(want, &reply), "{fault}: {reply}");
        assert_eq!(hop.count(), 0, "{fault}");
        // The session goes on, and the next message finds room.
        let reply = client.deliver("a@example.com", &["b@example.net"], &big);
        assert!(reply.starts_with("250 2.6.0"), "{fault}: {reply}");
        assert!(hop.taken()[0].content.ends_with(big.as_bytes()), "{fault}");
    }
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn too_little_room_is_told_before_the_message_is_sent() {
    let hop = NextHop::start();
    let daemon =
        Daemon::start_with_faults(hop.port(), "max_requests = 0\n", "spool.space=ENOSPC@1");
    let mut client = Client::hello(daemon.address());
    let reply = client.say("MAIL FROM:<a@example.com> SIZE=5000000");
    let reply = if reply.starts_with('2') {
        client.say("RSET");
        client.deliver(
            "a@example.com",
            &["b@example.net"],
            &format!("\r\n{}", "0123456789\r\n".repeat(200_000)),
        )
    } else {
        client.say("RSET");
        reply
    };
    assert!(reply.starts_with("452 4.3.1 "), "{reply}");
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
}

/// A small file system of its own, really full.
#[test]
fn a_real_file_system_that_is_full_loses_nothing() {
    let hop = NextHop::start();
    let daemon = Daemon::prepare(
        hop.port(),
        "spool_memory_limit = 4096\nspool_min_free = 0\nmax_servers = 2\n",
    );
    let temp = daemon.temp().display().to_string();
    let mount = std::process::Command::new("mount")
        .args([
            "-t",
            "tmpfs",
            "-o",
            "size=512k,uid=65534,mode=750",
            "tmpfs",
            &temp,
        ])
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cannot mount a file system here (needs root)");
        return;
    }
    let mut daemon = Mounted { daemon, temp };
    daemon.daemon.launch();
    let mut client = Client::hello(daemon.daemon.address());
    let big = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(100_000));
    let reply = client.deliver("a@example.com", &["b@example.net"], &big);
    assert!(reply.starts_with("452 4.3.1 "), "{reply}");
    assert_eq!(hop.count(), 0);
    let load = Load::start(daemon.daemon.address(), 2, 2);
    wait_for("small messages to pass", || {
        (load.acknowledged() > 50).then_some(())
    });
    let count = load.stop(&hop);
    assert!(
        count.lost.is_empty() && count.refused.is_empty() && count.doubled == 0,
        "{count:?}"
    );
}

struct Mounted {
    daemon: Daemon,
    temp: String,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.daemon.log());
        }
        if self.daemon.is_running() {
            self.daemon.stop();
        }
        drop(
            std::process::Command::new("umount")
                .arg(&self.temp)
                .status(),
        );
    }
}

/// Whatever happens to the child at whatever point: no 2xx without a taker, and the service goes on.
#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_child_that_dies_panics_or_spins_at_any_point_loses_nothing() {
    let points = [
        "session.receive",
        "pipeline.begin",
        "pipeline.inspect",
        "pipeline.deliver",
        "outbound.transact",
        "outbound.content",
        "pipeline.delivered",
        "pipeline.acted",
        "session.reply",
    ];
    for point in points {
        for what in ["die", "abort", "panic"] {
            trouble_at(point, what);
        }
    }
}

/// The third time that a child comes to `point`, it gets into trouble.
fn trouble_at(point: &str, what: &str) {
    let hop = NextHop::start();
    let fault = format!("{point}={what}@3");
    let daemon = Daemon::start_with_faults(hop.port(), "max_requests = 0\n", &fault);
    let reply = (0..3).find_map(|_| {
        let (before, reply) = (
            hop.count(),
            try_deliver(&mut Client::hello(daemon.address())),
        );
        let was_acknowledged = reply.as_ref().is_some_and(|reply| reply.starts_with('2'));
        assert!(
            !was_acknowledged || hop.count() == before + 1,
            "{fault}: {reply:?}"
        );
        (!was_acknowledged).then_some((reply, hop.count() > before))
    });
    let (reply, was_taken) = reply.unwrap_or_else(|| panic!("{fault}: no trouble"));
    assert!(
        reply.as_ref().is_none_or(|reply| reply.starts_with('4')),
        "{fault}: {reply:?}"
    );
    // I13: the one window in which a message may come twice is after the next hop took it.
    let is_after = ["pipeline.delivered", "pipeline.acted", "session.reply"].contains(&point);
    assert_eq!(was_taken, is_after, "{fault}: {reply:?}");
    daemon.wait_for_log(match what {
        "panic" => "internal error",
        "die" => "ended by SIGKILL, in ",
        _ => "ended by SIGABRT, in ",
    });
    is_well(&daemon, &hop);
    assert!(daemon.work_dirs().len() < 2, "{:?}", daemon.work_dirs());
}

fn try_deliver(client: &mut Client) -> Option<String> {
    client
        .try_send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
        .ok()?;
    for _ in 0..3 {
        client.try_reply()?;
    }
    client.try_send(format!("{MESSAGE}.\r\n").as_bytes()).ok()?;
    client.try_reply()
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_child_that_spins_is_killed_and_the_message_is_not_tried_for_ever() {
    let hop = NextHop::start();
    let settings = "child_timeout = 1\nmax_servers = 2\n";
    let daemon = Daemon::start_with_faults(hop.port(), settings, "pipeline.inspect=spin@1");
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    assert_eq!(try_deliver(&mut client), None);
    daemon.wait_for_log(
        "killing child *: its deadline has passed, in *, log id *-01, queue id QUEUED",
    );
    // The same message kills the next child as well; the third time it is not inspected any more.
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    assert_eq!(try_deliver(&mut client), None);
    daemon.wait_for_log(
        "queue id QUEUED was in work for the 2. time when its child died: it will not be checked",
    );
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    let reply = try_deliver(&mut client).unwrap();
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(content.contains("X-Amavis-Alert: "), "{content}");
    daemon.wait_for_log("Passed UNCHECKED*");
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn short_writes_change_nothing() {
    for fault in ["net.send=short", "spool.write=short"] {
        let hop = NextHop::start();
        let daemon = Daemon::start_with_faults(hop.port(), "spool_memory_limit = 4096\n", fault);
        let mut client = Client::hello(daemon.address());
        let content = format!("Subject: x\r\n\r\n{}", "..0123456789\r\n".repeat(3000));
        let stuffed = content.replace("\r\n.", "\r\n..");
        let reply = client.deliver("a@example.com", &["b@example.net"], &stuffed);
        assert!(reply.starts_with("250 2.6.0"), "{fault}: {reply}");
        assert!(
            hop.taken()[0].content.ends_with(content.as_bytes()),
            "{fault}"
        );
    }
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn failures_of_connections_are_temporary() {
    for (fault, want) in [
        ("net.connect=ECONNREFUSED", "451 4.5.0 *"),
        ("net.connect=ENETUNREACH", "451 4.5.0 *"),
        ("net.connect=EMFILE", "451 4.5.0 *"),
    ] {
        let hop = NextHop::start();
        let daemon = Daemon::start_with_faults(hop.port(), "", fault);
        let reply = deliver(&daemon);
        assert!(fits(want, &reply), "{fault}: {reply}");
        assert_eq!(hop.count(), 0);
    }
    let hop = NextHop::start();
    let daemon = Daemon::start_with_faults(hop.port(), "", "net.accept=EMFILE@1");
    assert!(deliver(&daemon).starts_with("250"));
    daemon.wait_for_log("cannot accept connections: *");
    let daemon =
        Daemon::start_with_faults(hop.port(), "max_servers = 2\n", "supervisor.fork=EAGAIN@1");
    assert!(deliver(&daemon).starts_with("250"));
    daemon.wait_for_log("cannot fork a child: *; next try in 1 s");
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_log_that_cannot_be_written_stops_no_mail() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "max_requests = 2\n");
    daemon.launch();
    drop(daemon);
    let daemon = Daemon::start_with_faults(hop.port(), "", "log.write=EIO@2");
    assert!(deliver(&daemon).starts_with("250"));
    assert!(deliver(&daemon).starts_with("250"));
}

/// A client that goes away or falls silent at each point of the session.
#[test]
fn a_client_that_drops_at_any_point_leaves_nothing() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\n");
    let talk = format!(
        "EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n{MESSAGE}."
    );
    for cut in 0..talk.len() {
        let mut client = Client::dial(daemon.address());
        drop(client.try_send(&talk.as_bytes()[..cut]));
    }
    wait_for("the children to be idle", || {
        (daemon.status()["idle"] == 2).then_some(())
    });
    assert_eq!(hop.count(), 0);
    let status = daemon.status();
    assert_eq!(
        (&status["crashes"], &status["kills"]),
        (&0.into(), &0.into())
    );
    is_well(&daemon, &hop);
}

#[test]
fn a_client_that_stalls_is_sent_away() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "smtpd_timeout = 5\nmax_servers = 4\n");
    let pieces: [&[u8]; 4] = [
        b"",
        b"EHLO x\r\nMAIL FR",
        b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n",
        b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nSubject: x\r\n",
    ];
    let mut clients: Vec<Client> = pieces
        .iter()
        .map(|piece| {
            let mut client = Client::dial(daemon.address());
            client.send(piece);
            client
        })
        .collect();
    for client in &mut clients {
        let mut last = String::new();
        while let Some(line) = client.line() {
            last = line;
        }
        assert!(last.starts_with("421 4.3.2 Service shutting down, closing channel, during waiting for input from client"), "{last}");
    }
    is_well(&daemon, &hop);
}

/// Octets without an end, where a line or a message is due.
#[test]
fn a_client_that_floods_is_bounded() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        "max_servers = 2\nsmtpd_message_size_limit = 100000\n",
    );
    for (before, flood) in [
        ("", "A".repeat(1 << 20)),
        (
            "EHLO x\r\n",
            "MAIL FROM:<".to_owned() + &"a".repeat(1 << 20),
        ),
        ("EHLO x\r\n", "NOOP\r\n".repeat(200_000)),
        ("EHLO x\r\n", "BOGUS\r\n".repeat(200_000)),
        (
            "EHLO x\r\nMAIL FROM:<a@example.com>\r\n",
            "RCPT TO:<b@example.net>\r\n".repeat(20_000),
        ),
        (
            "EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n",
            "x".repeat(16 << 20),
        ),
    ] {
        let mut client = Client::dial(daemon.address());
        let mut reading = client.clone_stream();
        let reader = std::thread::spawn(move || std::io::copy(&mut reading, &mut std::io::sink()));
        drop(client.try_send(before.as_bytes()));
        // It may close on us.
        drop(client.try_send(flood.as_bytes()));
        client.shut_down_sending_if_open();
        drop(reader.join());
    }
    for pid in daemon.children() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        let kilobytes: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(kilobytes < 64 * 1024, "{peak}");
    }
    assert_eq!(hop.count(), 0);
    is_well(&daemon, &hop);
}

/// Each child of this daemon panics over its first message, and cannot be cured.
#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_message_that_cannot_be_looked_into_passes_the_second_time_unchecked() {
    let hop = NextHop::start();
    let daemon = Daemon::start_with_faults(hop.port(), "", "pipeline.inspect=panic");
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    let reply = try_deliver(&mut client);
    assert_eq!(
        reply.as_deref(),
        Some("421 4.3.2 Service shutting down, internal error")
    );
    daemon.wait_for_log(
        "session ended by an internal error: fault point pipeline.inspect at src/sys/fault.rs:*",
    );
    daemon.wait_for_log("child * ended by exit status 70, in *, log id *, queue id QUEUED");
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    let reply = try_deliver(&mut client).unwrap();
    assert!(reply.starts_with("250 2.6.0"), "{reply}");
    daemon.wait_for_log("not checked: an internal error stopped its check, not for the first time");
    daemon.wait_for_log("Passed UNCHECKED*");
}

#[test]
#[cfg_attr(not(feature = "faults"), ignore = "needs --features faults")]
fn a_message_that_cannot_be_read_back_stays_with_the_client() {
    let hop = NextHop::start();
    let daemon = Daemon::start_with_faults(hop.port(), "", "pipeline.inspect=EIO@1");
    let reply = deliver(&daemon);
    assert!(reply.starts_with("451 4.5.0 "), "{reply}");
    daemon.wait_for_log("TROUBLE in check_mail: cannot read the message back: *");
    is_well(&daemon, &hop);
}
