//! A child is killed at each boundary of the way of a message, and the MTA comes again: nothing is lost, whatever its destiny.

use std::{fs, path::Path};

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

/// Where a child dies, and whether the next hop may have the message by then.
const BOUNDARIES: [(&str, bool); 12] = [
    ("session.receive", false),
    ("pipeline.begin", false),
    ("quarantine.create", false),
    ("quarantine.write", false),
    ("quarantine.sync", false),
    ("quarantine.rename", false),
    ("pipeline.kept", false),
    ("pipeline.deliver", false),
    ("pipeline.delivered", true),
    ("pipeline.acted", true),
    ("pipeline.notified", true),
    ("session.reply", true),
];
const HEAD: &str =
    "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <m1@x>\r\n";

fn banned() -> String {
    format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\nbody\r\nlast line\r\n"
    )
}

/// Sends a message; the reply, or nothing if the connection broke.
fn try_to_deliver(daemon: &Daemon) -> Option<String> {
    let mut client = Client::try_dial(daemon.address()).ok()?;
    client.try_reply()?;
    for line in [
        "EHLO x",
        "MAIL FROM:<a@example.com>",
        "RCPT TO:<b@example.net>",
        "DATA",
    ] {
        client.try_send(format!("{line}\r\n").as_bytes()).ok()?;
        client.try_reply()?;
    }
    client
        .try_send(format!("{}.\r\n", banned()).as_bytes())
        .ok()?;
    client.try_reply()
}

/// Whole copies in the quarantine; a torn one fails.
fn copies(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let whole = names.filter(|path| {
        let is_draft = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if !is_draft {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.ends_with("\nbody\nlast line\n"), "torn: {text}");
        }
        !is_draft
    });
    whole.count()
}

#[test]
fn nothing_is_lost_at_any_boundary_with_any_destiny() {
    let hop = NextHop::start();
    for destiny in ["D_PASS", "D_DISCARD", "D_BOUNCE", "D_REJECT", "D_TEMPFAIL"] {
        let mut daemon = Daemon::prepare(hop.port(), "");
        let vault = daemon.path("vault");
        fs::create_dir(&vault).unwrap();
        // The daemon gives root up.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(&vault, mode).unwrap();
        daemon.configure(
            hop.port(),
            &format!(
                "banned_filename_re = {{ patterns = ['\\.exe$'] }}\nquarantinedir = \"{}\"\nfinal_banned_destiny = \"{destiny}\"\n\
                 virus_admin = \"\"\nbanned_admin = \"adm@example.net\"\n",
                vault.display()
            ),
        );
        for (boundary, may_be_out) in BOUNDARIES {
            let case = format!("{destiny} at {boundary}");
            let (before, kept_before) = (hop.count(), copies(&vault));
            daemon.replace_environment("FILTERD_FAULTS", &format!("{boundary}=die@1"));
            daemon.launch();
            let first = try_to_deliver(&daemon);
            let is_dead = first.is_none();
            // Some boundaries are not on the way of every destiny.
            if !is_dead {
                assert!(
                    ["pipeline.deliver", "pipeline.delivered"].contains(&boundary)
                        && destiny != "D_PASS",
                    "{case}: {first:?}"
                );
            }
            daemon.stop();
            let out_early = hop.count() - before;
            assert!(!is_dead || may_be_out || out_early == 0, "{case}");
            fs::remove_file(daemon.path("log")).unwrap();
            daemon.replace_environment("FILTERD_FAULTS", "");
            daemon.launch();
            let reply = try_to_deliver(&daemon).unwrap();
            daemon.stop();
            fs::remove_file(daemon.path("log")).unwrap();
            let taken: Vec<String> = hop
                .taken()
                .into_iter()
                .skip(before)
                .map(|taken| taken.rcpts[0].clone())
                .collect();
            let to = |part: &str| taken.iter().filter(|rcpt| rcpt.contains(part)).count();
            let kept = copies(&vault) - kept_before;
            let tries = if is_dead && !may_be_out { 1 } else { 2 };
            let (code, mail, report) = match destiny {
                "D_PASS" => ("250", 1..=tries, 0..=0),
                "D_DISCARD" => ("250", 0..=0, 0..=0),
                "D_BOUNCE" => ("250", 0..=0, 1..=tries),
                "D_REJECT" => ("554", 0..=0, 0..=0),
                _ => ("450", 0..=0, 0..=0),
            };
            assert!(reply.starts_with(code), "{case}: {reply}");
            assert!(mail.contains(&to("<b@")), "{case}: {taken:?}");
            assert!(report.contains(&to("<a@")), "{case}: {taken:?}");
            assert!((1..=2).contains(&kept), "{case}: {kept} copies");
        }
    }
}
