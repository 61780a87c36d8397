//! What the daemon does with mail that it has looked into.

use std::{fs, path::Path};

use super::support::{
    client::Client,
    daemon::Daemon,
    next_hop::{At, Deed, NextHop},
    wildcard::fits,
};

const HEAD: &str = "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n";
const RULES: &str = "banned_filename_re = { patterns = [[{ pattern = '^\\.txt$' }, 0], { pattern = '\\.exe$', flags = \"i\" }] }\n\
    banned_filename_maps = [{ \"free@example.net\" = \"NONE\", \".\" = \"DEFAULT\" }]\n";

/// A gzip file that holds `hello` under this name.
fn with_gzip(name: &str) -> String {
    format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: application/gzip; name=\"{name}.gz\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\r\n"
    )
}

fn deliver(daemon: &Daemon, to: &[&str], message: &str) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", to, message)
}

fn files(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    found
}

/// A daemon that keeps what it does not deliver.
fn keeping(hop: &NextHop, more: &str) -> Daemon {
    keeping_with_faults(hop, more, "")
}

fn keeping_with_faults(hop: &NextHop, more: &str, faults: &str) -> Daemon {
    let mut daemon = Daemon::prepare(hop.port(), "");
    daemon.set_environment("FILTERD_FAULTS", faults);
    let vault = daemon.path("vault");
    fs::create_dir(&vault).unwrap();
    // The daemon gives root up.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&vault, mode).unwrap();
    let more = format!("{RULES}quarantinedir = \"{}\"\n{more}", vault.display());
    daemon.configure(hop.port(), &more);
    daemon.launch();
    daemon
}

#[test]
fn what_is_banned_is_kept_and_not_delivered() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "");
    let reply = deliver(&daemon, &["b@example.net"], &with_gzip("bad.exe"));
    assert!(
        fits(
            "250 2.7.0 Ok, discarded, id=*-01 - BANNED: .asc,bad.exe",
            &reply
        ),
        "{reply}"
    );
    assert_eq!(hop.count(), 0);
    let kept = files(&daemon.path("vault"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with("banned-"), "{kept:?}");
    let copy = fs::read_to_string(daemon.path("vault").join(&kept[0])).unwrap();
    let form = "Return-Path: <a@example.com>\nDelivered-To: banned-quarantine\nX-Envelope-From: <a@example.com>\n\
        X-Envelope-To: <b@example.net>\nX-Envelope-To-Blocked: <b@example.net>\nX-Quarantine-ID: <*>\n\
        X-Amavis-Alert: BANNED, message contains .asc,bad.exe\nReceived: from client.example *\nFrom: a@example.com\nDate: *";
    assert!(fits(form, &copy), "{copy}");
    assert!(
        copy.ends_with("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\n"),
        "{copy}"
    );
    daemon.wait_for_log(
        "(*-01) p.path BANNED:1 <b@example.net>: \"P=p001,L=1,M=application/gzip,T=gz,N=bad.exe.gz | P=p002,L=1/1,T=asc,N=bad.exe\", \
         matching_key=\"qr/*exe$/i\"",
    );
    daemon.wait_for_log(
        "(*-01) Blocked BANNED (.asc,bad.exe) {DiscardedInbound,Quarantined}, * -> <b@example.net>, quarantine: banned-*, mail_id: *",
    );
}

#[test]
fn each_recipient_has_rules_of_his_own() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "");
    let to = ["b@example.net", "free@example.net"];
    let reply = deliver(&daemon, &to, &with_gzip("bad.exe"));
    assert!(
        fits(
            "250 2.6.0 Ok, id=*, from MTA*queued as Q1, but 1 DISCARD",
            &reply
        ),
        "{reply}"
    );
    assert_eq!(hop.taken()[0].rcpts, ["RCPT TO:<free@example.net>"]);
    let reply = deliver(&daemon, &["b@example.net"], &with_gzip("good.txt"));
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
}

#[test]
fn what_cannot_be_kept_is_neither_lost_nor_acknowledged() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "");
    fs::remove_dir(daemon.path("vault")).unwrap();
    let reply = deliver(&daemon, &["b@example.net"], &with_gzip("bad.exe"));
    assert!(reply.starts_with("451 4.5.0 "), "{reply}");
    daemon.wait_for_log("(*-01) (!!)TROUBLE in check_mail: cannot keep a copy in */vault: *");
    // Without a folder, nothing that should be kept is thrown away.
    let daemon = Daemon::start(hop.port(), RULES);
    let reply = deliver(&daemon, &["b@example.net"], &with_gzip("bad.exe"));
    assert!(
        fits("554 5.7.0 Reject, id=* - BANNED: .asc,bad.exe", &reply),
        "{reply}"
    );
    assert_eq!(hop.count(), 0);
}

#[test]
fn a_disk_that_fails_is_a_temporary_refusal_and_leaves_no_torn_copy() {
    if !cfg!(feature = "faults") {
        return;
    }
    let hop = NextHop::start();
    for fault in [
        "quarantine.create=ENOSPC",
        "quarantine.write=ENOSPC",
        "quarantine.write=EIO",
        "quarantine.sync=EIO",
        "quarantine.rename=EIO",
    ] {
        let daemon = keeping_with_faults(&hop, "", &format!("{fault}@1"));
        let mut client = Client::hello(daemon.address());
        let message = with_gzip("bad.exe");
        let mut send = || client.deliver("a@example.com", &["b@example.net"], &message);
        let reply = send();
        assert!(reply.starts_with("451 4.5.0 "), "{fault}: {reply}");
        assert_eq!(
            files(&daemon.path("vault")),
            Vec::<String>::new(),
            "{fault}"
        );
        // The client tries again, and nothing is in the way.
        let reply = send();
        assert!(reply.starts_with("250 2.7.0 "), "{fault}: {reply}");
        assert_eq!(files(&daemon.path("vault")).len(), 1, "{fault}");
    }
    // Killed with the copy half written: nothing that looks like one is left, and the message is the client's.
    let daemon = keeping_with_faults(&hop, "", "quarantine.sync=die@1");
    let mut client = Client::hello(daemon.address());
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
    for _ in 0..3 {
        client.reply();
    }
    client.send(format!("{}.\r\n", with_gzip("bad.exe")).as_bytes());
    assert_eq!(client.try_reply(), None);
    let left = files(&daemon.path("vault"));
    assert!(left.iter().all(|name| name.starts_with('.')), "{left:?}");
    assert_eq!(hop.count(), 0);
}

#[test]
fn a_bad_header_section_passes_and_is_kept() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "quarantine_subdir_levels = 1\n");
    let message = "Subject: x\r\n\r\nHello.\r\n";
    let reply = deliver(&daemon, &["b@example.net"], message);
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    let form = "X-Quarantine-ID: <*>\r\nX-Amavis-Alert: BAD HEADER SECTION, Missing required header field: \"Date\"\r\nReceived: *";
    assert!(fits(form, &content), "{content}");
    assert!(content.ends_with(message));
    daemon.wait_for_log(
        "(*-01) Passed BAD-HEADER-7 {RelayedInbound,Quarantined}, * -> <b@example.net>, quarantine: */badh-*, mail_id: *",
    );
}

#[test]
fn a_bad_header_section_that_is_refused_is_told_with_its_kind() {
    let hop = NextHop::start();
    // T11: not as number 0, and not only as a bad header.
    let daemon = Daemon::start(hop.port(), "final_bad_header_destiny = \"D_REJECT\"\n");
    let reply = deliver(&daemon, &["b@example.net"], "Subject: x\r\n\r\nHello.\r\n");
    assert!(
        fits(
            "554 5.6.0 Reject, id=* - BAD HEADER: missing required header field",
            &reply
        ),
        "{reply}"
    );
    daemon.wait_for_log("(*-01) Blocked BAD-HEADER-7 {RejectedInbound}, *");
    let eight_bit =
        "From: a@b\r\nDate: x\r\nSubject: \u{e4}\r\n\r\nx\r\n".replace('\u{e4}', "\u{85}");
    let reply = deliver(&daemon, &["b@example.net"], &eight_bit);
    assert!(
        fits(
            "554 5.6.3 Reject, id=* - BAD HEADER: nonencoded 8-bit character",
            &reply
        ),
        "{reply}"
    );
}

#[test]
fn what_could_not_be_looked_into_says_so() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "maxlevels = 1\n");
    let deep = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--\r\n"
    );
    let reply = deliver(&daemon, &["b@example.net"], &deep);
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(
        content.starts_with("X-Amavis-Alert: UNCHECKED, Maximum decoding depth (1) exceeded\r\n"),
        "{content}"
    );
    daemon.wait_for_log("(*-01) Passed UNCHECKED {RelayedInbound}, *");
    let unended =
        format!("{HEAD}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n");
    let reply = deliver(&daemon, &["b@example.net"], &unended);
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    daemon.wait_for_log("Passed BAD-HEADER-1 {RelayedInbound}, *");
    let pgp = format!(
        "{HEAD}Content-Type: multipart/encrypted; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n"
    );
    let reply = deliver(&daemon, &["b@example.net"], &pgp);
    assert!(reply.starts_with("250 2.6.0 Ok"), "{reply}");
    daemon.wait_for_log("Passed UNCHECKED-ENCRYPTED {RelayedInbound}, *");
}

#[test]
fn a_next_hop_that_refuses_makes_no_difference_to_what_is_kept() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "");
    hop.tell(At::End, Deed::Say("451 4.3.0 later"), 1);
    let reply = deliver(&daemon, &["b@example.net"], "Subject: x\r\n\r\nHello.\r\n");
    assert!(reply.starts_with("451 4.3.0 "), "{reply}");
    assert_eq!(files(&daemon.path("vault")).len(), 1);
}
