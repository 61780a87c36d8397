//! `filterd status` in its other forms: metrics for a collector, and the view that stays.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

const MESSAGE: &str =
    "From: a@example.com\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n\r\nx\r\n";

/// Samples by name and labels; every line is checked against the grammar of the text format.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let name = regex::Regex::new(r"^[a-z_]+$").unwrap();
    let sample = regex::Regex::new(
        r#"^([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\d+(?:\.\d+)?)$"#,
    )
    .unwrap();
    let (mut found, mut families) = (BTreeMap::new(), BTreeSet::new());
    let mut current = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let family = help.split(' ').next().unwrap();
            assert!(name.is_match(family), "{line}");
            assert!(families.insert(family.to_owned()), "{line}: told twice");
            family.clone_into(&mut current);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (family, kind) = kind.split_once(' ').unwrap();
            assert_eq!(family, current, "{line}");
            assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
        } else {
            let parts = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&parts[1], current, "{line}");
            let key = format!("{}{}", &parts[1], parts.get(2).map_or("", |m| m.as_str()));
            let before = found.insert(key, parts[3].parse().unwrap());
            assert_eq!(before, None, "{line}: told twice");
        }
    }
    found
}

#[test]
fn metrics_tell_what_happened() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\ntest_patterns = \"on\"\n");
    let state = daemon.path("state").display().to_string();
    let mut client = Client::hello(daemon.address());
    for message in [MESSAGE, MESSAGE] {
        client.deliver(
            "a@example.com",
            &["b@example.net", "c@example.net"],
            message,
        );
    }
    let read = || {
        let (status, told, error) = daemon.run(&["status", "--metrics", "--state-dir", &state]);
        assert_eq!((status, error.as_str()), (0, ""));
        samples(&told)
    };
    let samples = read();
    let size = MESSAGE.len() as f64;
    for (name, want) in [
        ("filterd_messages_total{result=\"relayed\"}", 2.0),
        ("filterd_messages_category_total{category=\"clean\"}", 2.0),
        ("filterd_messages_total{result=\"tempfail\"}", 0.0),
        ("filterd_recipients_total", 4.0),
        ("filterd_message_bytes_total", 2.0 * size),
        ("filterd_workers{state=\"busy\"}", 1.0),
        ("filterd_workers_limit", 2.0),
        ("filterd_events_total{name=\"InMsgs\"}", 2.0),
    ] {
        assert_eq!(samples.get(name), Some(&want), "{name}: {samples:?}");
    }
    // A counter never goes down.
    client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    let later = read();
    for (name, value) in samples.iter().filter(|(name, _)| name.contains("_total")) {
        assert!(later[name] >= *value, "{name}");
    }
    for both in [
        ["--metrics", "--json"],
        ["--metrics", "--watch"],
        ["--json", "--watch"],
    ] {
        let (status, _, error) = daemon.run(&["status", both[0], both[1], "--state-dir", &state]);
        assert_eq!(status, 64, "{error}");
    }
}

#[test]
fn watching_goes_on_until_the_daemon_is_gone() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "");
    let state = daemon.path("state").display().to_string();
    let (status, _, error) =
        daemon.run(&["status", "--watch", "--interval=0", "--state-dir", &state]);
    assert_eq!(status, 64, "{error}");
    let mut watch = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .args(["status", "--watch", "--interval=1", "--state-dir", &state])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut pages = 0;
    for line in lines.map(Result::unwrap) {
        assert!(!line.contains('\x1b'), "no colours into a pipe: {line:?}");
        pages += usize::from(line.starts_with("filterd "));
        if line.starts_with("in the last 1 s: ") {
            // Something went through between two looks; now it is to see that nobody is there.
            daemon.stop();
        }
    }
    assert!(pages >= 2);
    assert_eq!(watch.wait().unwrap().code(), Some(69));
}

#[test]
fn the_watchers_of_the_original_are_there() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    for name in ["amavisd-nanny", "amavisd-agent"] {
        let program = daemon.path(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_filterd"), &program).unwrap();
        let output = Command::new(&program)
            .args(["-c", "2", "-w", "0.1"])
            .env("AMAVISD_DB_HOME", daemon.path("state"))
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert_eq!(told.matches("\nlistening on ").count(), 2, "{told}");
        assert_eq!(
            told.matches("\nin the last 0.1 s: 0 messages").count(),
            1,
            "{told}"
        );
        let wrong = Command::new(&program).arg("-x").output().unwrap();
        assert_eq!(wrong.status.code(), Some(64));
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("unknown argument \"-x\""));
    }
}
