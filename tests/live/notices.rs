//! Who is told of mail that was not clean, and in which words.

use std::fs;

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

const HEAD: &str = "From: =?utf-8?Q?A_=C3=9C?= <a@example.com>\r\nTo: B <b@example.net>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
    Subject: hello\r\nMessage-ID: <m1@example.com>\r\n";
const RULES: &str = "banned_filename_re = { patterns = ['\\.exe$'] }\ntest_patterns = \"on\"\n";

fn banned() -> String {
    format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\nx\r\n"
    )
}

fn infected() -> String {
    // The test file, in two pieces here.
    format!(
        "{HEAD}\r\nX5O!P%@AP[4\\PZX54(P^)7CC)7}}$EICAR-{}\r\n",
        "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    )
}

fn daemon(hop: &NextHop, more: &str) -> Daemon {
    let mut daemon = Daemon::prepare(hop.port(), "");
    let vault = daemon.path("vault");
    fs::create_dir(&vault).unwrap();
    // The daemon gives root up.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&vault, mode).unwrap();
    let settings = format!("{RULES}quarantinedir = \"{}\"\n{more}\n", vault.display());
    daemon.configure(hop.port(), &settings);
    daemon.launch();
    daemon
}

fn deliver(daemon: &Daemon, from: &str, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver(from, to, message)
}

/// Envelope and text of everything that the next hop took.
fn taken(hop: &NextHop) -> Vec<(String, Vec<String>, String)> {
    hop.taken()
        .into_iter()
        .map(|taken| {
            let bare = |line: &str| {
                let path = line.split_once(":<").unwrap().1;
                path.split('>').next().unwrap().to_owned()
            };
            let rcpts = taken.rcpts.iter().map(|line| bare(line)).collect();
            (
                bare(&taken.mail),
                rcpts,
                String::from_utf8_lossy(&taken.content).into_owned(),
            )
        })
        .collect()
}

fn has_all(text: &str, wanted: &[&str]) {
    for want in wanted {
        assert!(text.contains(want), "{want}\n--- in:\n{text}");
    }
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    assert!(text.lines().all(|line| line.len() <= 998));
}

#[test]
fn administrators_are_told_once_of_what_was_found() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "virus_admin = \"virusalert@example.net\"\nnewvirus_admin = \"new@example.net\"\n\
         banned_admin_maps = [{ \"b@example.net\" = \"one@example.net\", \".\" = \"two@example.net\" }]\nbad_header_admin = \"\"\n",
    );
    let reply = deliver(
        &daemon,
        "a@example.com",
        &["b@example.net", "c@example.net"],
        &infected(),
    );
    assert!(reply.starts_with("250 2.7.0 Ok, discarded"), "{reply}");
    let got = taken(&hop);
    assert_eq!(got.len(), 1, "{got:?}");
    let (from, to, text) = &got[0];
    assert_eq!(from, "postmaster@filter.example.com");
    assert_eq!(to, &["virusalert@example.net", "new@example.net"]);
    has_all(
        text,
        &[
            "From: \"Content-filter at filter.example.com\" <postmaster@filter.example.com>\r\n",
            "Subject: VIRUS (Eicar-Test-Signature) in mail FROM ",
            "To: <virusalert@example.net>, <new@example.net>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Viruses found: Eicar-Test-Signature\r\n",
            "Category: Virus\r\n",
            "Quarantine: virus-",
            "Return-Path: <a@example.com>\r\n",
            "From: A =C3=9C <a@example.com>\r\n",
            "NOT delivered to:\r\n  <b@example.net>:\r\n    250 2.7.0 Ok, discarded, id=3D",
            "INFECTED: Eicar-Test-Sig",
            "The sender was not told.\r\n",
            "Content-Type: text/rfc822-headers; name=\"header.hdr\"",
            "Message-ID: <VA",
        ],
    );
    deliver(
        &daemon,
        "a@example.com",
        &["b@example.net", "c@example.net"],
        &banned(),
    );
    let got = taken(&hop);
    assert_eq!(got.len(), 2);
    assert_eq!(got[1].1, ["one@example.net", "two@example.net"]);
    has_all(
        &got[1].2,
        &["Subject: BANNED contents (", ",a.exe) in mail FROM"],
    );
    deliver(
        &daemon,
        "a@example.com",
        &["b@example.net"],
        "From: a@b\r\n\r\nx\r\n",
    );
    assert_eq!(taken(&hop).len(), 3, "the message alone");
    daemon.wait_for_log("*SEND from <postmaster@filter.example.com> -> <virusalert@example.net>,<new@example.net>, *");
    assert_eq!(daemon.status()["counters"]["OutMsgsSubmitNotif"], 2);
}

#[test]
fn recipients_are_told_if_they_are_ours() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "warnbannedrecip = true\nwarnvirusrecip_maps = [{ \"b@example.net\" = 1 }]\nmailfrom_notify_recip = \"\"\n",
    );
    deliver(
        &daemon,
        "a@example.com",
        &["b@example.net", "c@example.org"],
        &banned(),
    );
    let got = taken(&hop);
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(
        (got[0].0.as_str(), &got[0].1),
        ("", &vec!["b@example.net".to_owned()])
    );
    has_all(
        &got[0].2,
        &[
            "Subject: BANNED contents (",
            ",a.exe) in mail TO YOU\r\n from <a@example.com>\r\n",
            "To: B <b@example.net>\r\n",
            "A message to you was held back by the mail filter at filter.example.com.",
            "It was kept.",
        ],
    );
    deliver(&daemon, "a@example.com", &["b@example.net"], &infected());
    deliver(&daemon, "a@example.com", &["d@example.net"], &infected());
    assert_eq!(taken(&hop).len(), 2);
}

#[test]
fn a_report_to_the_sender_has_the_words_of_its_template() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "final_banned_destiny = \"D_BOUNCE\"\ndsn_bcc = \"copy@example.net\"\nhdrfrom_notify_sender = \"Filter <filter@example.net>\"\n",
    );
    let reply = deliver(&daemon, "a@example.com", &["b@example.net"], &banned());
    assert!(reply.starts_with("250 2.5.0 Ok, id="), "{reply}");
    let got = taken(&hop);
    assert_eq!((got[0].0.as_str(), got[0].1.len()), ("", 2), "{got:?}");
    has_all(
        &got[0].2,
        &[
            "From: Filter <filter@example.net>\r\n",
            "To: <a@example.com>\r\n",
            "Subject: BANNED contents from you (",
            "Message-ID: <VS",
            "Content-Type: multipart/report; report-type=delivery-status;",
            "What is not accepted here was found in it:",
            "Final-Recipient: rfc822; b@example.net\r\nAction: failed\r\nStatus: 5.7.0\r\n",
            "Diagnostic-Code: smtp; 554 5.7.0 Bounce, id=",
            "Final-Log-ID: ",
            "Return-Path: <a@example.com>\r\nFrom: =?utf-8?Q?A_=C3=9C?= <a@example.com>\r\n",
        ],
    );
    // Mail that nobody answers gets no report: lists, robots.
    let list = banned().replacen("Subject", "List-Id: <x>\r\nSubject", 1);
    let reply = deliver(&daemon, "a@example.com", &["b@example.net"], &list);
    assert!(
        reply.ends_with("DISCARD(bounce.suppressed)\r\n") || reply.contains("bounce.suppressed"),
        "{reply}"
    );
    assert_eq!(taken(&hop).len(), 1);
}

#[test]
fn a_sites_own_texts_are_used_and_an_empty_one_ends_notices() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "virus_admin = \"adm@example.net\"\nnotify_virus_admin_templ = \"\"\"Subject: [? %#V |no|%V] \u{fc}ber %s\nX-Own: %n\n\nBody %R [:uc|%V]\n\"\"\"\n\
         warnvirusrecip = true\nnotify_virus_recips_templ = \"\"\n",
    );
    deliver(&daemon, "a@example.com", &["b@example.net"], &infected());
    let got = taken(&hop);
    assert_eq!(got.len(), 1, "{got:?}");
    has_all(
        &got[0].2,
        &[
            "Subject: Eicar-Test-Signature =?UTF-8?Q?=C3=BCber?= <a@example.com>\r\n",
            "X-Own: ",
            "Body <b@example.net> EICAR-TEST-SIGNATURE\r\n",
        ],
    );
}

#[test]
fn a_notice_that_is_not_taken_holds_up_no_mail_and_a_rate_holds() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "virus_admin = \"gone@example.net\"\nnewvirus_admin = \"adm@example.net\"\nadmin_notice_rate = 2\n",
    );
    hop.answer_rcpt("gone@example.net", "450 4.2.1 later");
    for _ in 0..4 {
        let reply = deliver(&daemon, "a@example.com", &["b@example.net"], &infected());
        assert!(reply.starts_with("250 2.7.0"), "{reply}");
    }
    assert_eq!(taken(&hop).len(), 2);
    daemon.wait_for_log("*450 4.2.1 later*");
    daemon.wait_for_log("*no more notices to administrators in this hour: more than 2*");
}

#[test]
fn mail_that_the_mta_will_bring_again_is_told_of_when_it_is_settled() {
    let hop = NextHop::start();
    let daemon = daemon(
        &hop,
        "virus_admin = \"adm@example.net\"\nfinal_virus_destiny = \"D_TEMPFAIL\"\n",
    );
    let reply = deliver(&daemon, "a@example.com", &["b@example.net"], &infected());
    assert!(reply.starts_with("450 4.7.0"), "{reply}");
    assert_eq!(hop.count(), 0);
}

/// The texts that Debian's package of the original brings are templates, and every name in them is known.
#[test]
fn the_originals_own_texts_are_filled_in() {
    let folder = std::path::Path::new("/etc/amavis/en_US");
    if !folder.exists() {
        eprintln!("left out: {} is not there", folder.display());
        return;
    }
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "");
    let text = fs::read_to_string(daemon.config()).unwrap();
    let conf = daemon.path("filterd.conf");
    let get = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once("= ")
            .unwrap()
            .1
            .trim_matches('"')
            .to_owned()
    };
    fs::write(
        &conf,
        format!(
            "use strict;\n$MYHOME='{}'; $TEMPBASE='{}'; $state_dir='{}'; $myhostname='filter.example.com'; @listen_sockets=('127.0.0.1:0');\n\
             $forward_method=$notify_method='{}'; $max_servers=1; $log_level=1; {}\n\
             @local_domains_acl=('.example.net'); read_l10n_templates('/etc/amavis/en_US');\n\
             $virus_admin='adm@example.net'; $spam_admin='sadm@example.net'; $warnvirusrecip=1; $final_spam_destiny=D_BOUNCE;\n\
             $sa_tag2_level_deflt=5; $sa_kill_level_deflt=6; $test_patterns='on'; $final_virus_destiny=D_BOUNCE; @viruses_that_fake_sender_maps=();\n1;\n",
            get("myhome"),
            get("tempbase"),
            get("state_dir"),
            get("forward_method"),
            if super::support::is_root() {
                "$daemon_user='nobody';"
            } else {
                ""
            },
        ),
    )
    .unwrap();
    daemon.use_config(&conf);
    daemon.launch();
    deliver(&daemon, "a@example.com", &["b@example.net"], &infected());
    let gtube = format!(
        "{HEAD}\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
    );
    deliver(&daemon, "a@example.com", &["b@example.net"], &gtube);
    let got = taken(&hop);
    let subjects: Vec<&str> = got
        .iter()
        .map(|(_, _, text)| text.lines().find(|l| l.starts_with("Subject: ")).unwrap())
        .collect();
    assert_eq!(got.len(), 5, "{subjects:?}\n{}", daemon.log());
    for (_, _, text) in &got {
        let body = text.split_once("\r\n\r\n").unwrap().1;
        for sign in ["[?", "[:", "|]", "%#"] {
            assert!(!body.contains(sign), "{sign}: {text}");
        }
    }
}
