//! The forms of the log: templates, the report for programs, where the time went.

use std::fs;

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

const HEAD: &str = "From: A \"B\" <a@example.com>\r\nTo: b@example.net\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: hel\x01lo\r\n\
    Message-ID: <m1@example.com>\r\nUser-Agent: x/1\r\n";

fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", to, message)
}

/// The short form as a template gives what is written without one.
#[test]
fn the_short_template_gives_the_usual_entries() {
    let hop = NextHop::start();
    let rules = "banned_filename_re = { patterns = ['\\.exe$'] }\nbanned_files_lovers_maps = [[\"lover@example.net\"]]\n\
        final_banned_destiny = \"D_DISCARD\"\nbanned_files_quarantine_method = \"\"\nspam_lovers_maps = []\n";
    let banned = format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\nx\r\n"
    );
    let clean = format!("{HEAD}\r\nx\r\n");
    let bad = "From: a@b\r\n\r\nx\r\n".to_owned();
    let table = [
        (&clean, &["b@example.net", "c@example.org"][..]),
        (&banned, &["b@example.net"]),
        (&banned, &["b@example.net", "lover@example.net"]),
        (&bad, &["b@example.net"]),
    ];
    let template = include_str!("../../src/config/texts/log-short.txt");
    let entries = |more: &str| {
        let daemon = Daemon::start(hop.port(), &format!("{rules}{more}"));
        let mut lines = Vec::new();
        for (message, to) in &table {
            deliver(&daemon, to, message);
        }
        daemon.wait_for_log("*BAD-HEADER*");
        let log = daemon.log();
        for line in log
            .lines()
            .filter(|line| line.contains("Passed ") || line.contains("Blocked "))
        {
            // What differs from run to run.
            let text = line.split_once(") ").unwrap().1;
            let mut text = text.to_owned();
            for (from, to) in [("mail_id: ", ","), ("queued_as: ", ","), (", ", " ms")] {
                if let Some(at) = text.rfind(from) {
                    let begin = at + from.len();
                    let end = text[begin..].find(to).map_or(text.len(), |end| begin + end);
                    text.replace_range(begin..end, "*");
                }
            }
            lines.push(text);
        }
        lines
    };
    let usual = entries("");
    assert_eq!(usual.len(), 5, "{usual:?}");
    // A blank more, so that it is not known as the usual one.
    let by_template = entries(&format!("log_templ = '''{template} '''\n"));
    assert_eq!(by_template, usual);
}

#[test]
fn other_templates_write_what_they_say_and_nothing_raw() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        "log_templ = \"one %s [:report_json|mail_from subject]\\ntwo %j\"\nlog_recip_templ = \"recip %. [:0] %R [:kill_level]\"\nlog_level = 2\n",
    );
    deliver(
        &daemon,
        &["b@example.net", "c@example.org"],
        &format!("{HEAD}\r\nx\r\n"),
    );
    daemon.wait_for_log(
        "*) one <a@example.com> {\"mail_from\":\"a@example.com\",\"subject\":\"hel?lo\"}",
    );
    daemon.wait_for_log("*) two hel?lo");
    daemon.wait_for_log("*) recip 1 L <b@example.net> *");
    daemon.wait_for_log("*) recip 2 0 <c@example.org> *");
    daemon.wait_for_log("*size: *, TIMING *total * ms* - SMTP DATA: *");
    assert!(!daemon.log().contains(") Passed "));
}

#[test]
fn the_report_for_programs_is_a_line_of_json() {
    let hop = NextHop::start();
    let daemon = Daemon::prepare(hop.port(), "");
    let file = daemon.path("home/report.json");
    daemon.configure(
        hop.port(),
        &format!(
            "json_log = \"{}\"\ntest_patterns = \"on\"\nlog_templ = \"\"\n",
            file.display()
        ),
    );
    let mut daemon = daemon;
    daemon.launch();
    deliver(
        &daemon,
        &["b@example.net", "c@example.org"],
        &format!("{HEAD}\r\nx\r\n"),
    );
    let infected = format!(
        "{HEAD}\r\nX5O!P%@AP[4\\PZX54(P^)7CC)7}}$EICAR-{}\r\n",
        "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    );
    deliver(&daemon, &["b@example.net"], &infected);
    let text = fs::read_to_string(&file).unwrap();
    let reports: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(reports.len(), 2);
    let first = &reports[0];
    for (key, want) in [
        ("type", "amavis"),
        ("host", "filter.example.com"),
        ("mail_from", "a@example.com"),
        ("content_type", "Clean"),
        ("message_id", "<m1@example.com>"),
        ("subject", "hel?lo"),
        ("user_agent", "User-Agent: x/1"),
        ("actions_performed", "RelayedInbound RelayedOpenRelay"),
        ("src_ip", "127.0.0.1"),
        ("protocol", "ESMTP"),
    ] {
        assert_eq!(first[key], want, "{key}: {first}");
    }
    assert_eq!(
        first["rcpt_to"],
        serde_json::json!(["b@example.net", "c@example.org"])
    );
    assert_eq!(first["action"], serde_json::json!(["PASS"]));
    assert_eq!(first["recipients"][0]["rcpt_is_local"], true);
    assert_eq!(first["recipients"][1].get("rcpt_is_local"), None);
    assert_eq!(first["smtp_code"], serde_json::json!(["250"]));
    assert!(first["elapsed"]["Total"].is_number() && first.get("is_mlist").is_none());
    let second = &reports[1];
    assert_eq!(second["content_type"], "Virus");
    assert_eq!(
        second["virusnames"],
        serde_json::json!(["Eicar-Test-Signature"])
    );
    assert_eq!(second["recipients"][0]["ccat_blocking"], "Virus");
    assert!(!daemon.log().contains(") Blocked "));
}

/// What log analysers look for behind `Passed ` and `Blocked `: logwatch's way to read an entry.
const ANALYSER: &str = concat!(
    r"^(CLEAN|SPAM(?:MY)?|INFECTED \(.*?\)|BANNED \(.*?\)|BAD-HEADER(?:-\d)?|UNCHECKED|MTA-BLOCKED|OVERSIZED|OTHER|TEMPFAIL)",
    r"(?: \{[^}]+\})?, ([^\[]+ )?(?:([^<]+) )?[<(](.*?)[>)] -> ([(<].*?[>)]), ",
    r"(?:.*Hits: ([-+.\d]+))(?:.* size: (\d+))?(?:.* autolearn=(\w+))?",
);

/// What the entry says first, the recipient, the message.
fn entries() -> Vec<(&'static str, &'static str, String)> {
    let executable = "MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a, b (c).exe\"\r\n\r\nx\r\n";
    vec![
        ("CLEAN", "b@example.net", format!("{HEAD}\r\nx\r\n")),
        (
            "CLEAN",
            "\"a > b, c\"@example.net",
            format!("{HEAD}\r\nx\r\n"),
        ),
        ("BANNED", "b@example.net", format!("{HEAD}{executable}")),
        (
            "BAD-HEADER-7",
            "b@example.net",
            "From: a@b\r\n\r\nx\r\n".to_owned(),
        ),
        (
            "INFECTED",
            "b@example.net",
            format!(
                "{HEAD}\r\nX5O!P%@AP[4\\PZX54(P^)7CC)7}}$EICAR-{}\r\n",
                "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
            ),
        ),
        (
            "SPAM",
            "b@example.net",
            format!(
                "{HEAD}\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*{}\r\n",
                "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
            ),
        ),
        (
            "OVERSIZED",
            "big@example.net",
            format!("{HEAD}\r\n{}", "x\r\n".repeat(2000)),
        ),
    ]
}

#[test]
fn log_analysers_read_every_kind_of_entry() {
    let hop = NextHop::start();
    let daemon = Daemon::start(
        hop.port(),
        "test_patterns = \"on\"\nsa_tag2_level_deflt = 5\nsa_kill_level_deflt = 6\nbanned_filename_re = { patterns = ['\\.exe$'] }\nenforce_smtpd_message_size_limit_64kb_min = false\nmessage_size_limit_maps = [{ \"big@example.net\" = 2000 }]\n",
    );
    let pattern = regex::Regex::new(ANALYSER).unwrap();
    for (kind, to, message) in entries() {
        let from = daemon.log().len();
        // Beside one without a limit: alone, the message is refused before it has an entry.
        let both = ["b@example.net", to];
        let recipients = if kind == "OVERSIZED" {
            &both[..]
        } else {
            &both[1..]
        };
        deliver(&daemon, recipients, &message);
        daemon.wait_for_log(&format!("* {kind}*"));
        let log = daemon.log();
        let entry = log[from..]
            .lines()
            .find_map(|line| {
                let (_, rest) = line
                    .split_once(") Passed ")
                    .or_else(|| line.split_once(") Blocked "))?;
                Some(rest.to_owned()).filter(|rest| rest.starts_with(kind))
            })
            .unwrap_or_else(|| panic!("{kind}: {log}"));
        let found = pattern
            .captures(&entry)
            .unwrap_or_else(|| panic!("{kind}: {entry}"));
        assert!(found[1].starts_with(kind), "{kind}: {entry}");
        assert_eq!(&found[4], "a@example.com", "{entry}");
        assert!(
            found[5].starts_with('<') && found.get(6).is_some(),
            "{entry}"
        );
        assert!(found[7].parse::<u64>().is_ok(), "{entry}");
    }
}
