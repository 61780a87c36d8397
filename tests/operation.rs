//! What an administrator does with a daemon: starts it in the background, changes its settings, upgrades it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test that fails says where; not every test uses everything"
)]

#[path = "support/mod.rs"]
mod support;

use std::{
    fs,
    process::{Command, Stdio},
};

use support::{
    client::Client,
    daemon::{Daemon, send_signal},
    wait_for,
};

/// Stops the daemon in the background when the test ends, however it ends.
struct Background<'d>(&'d Daemon);

impl Background<'_> {
    fn pid(&self) -> u32 {
        let text = fs::read_to_string(self.0.path("home/amavisd.pid")).unwrap();
        text.trim().parse().unwrap()
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        if let Ok(text) = fs::read_to_string(self.0.path("home/amavisd.pid")) {
            send_signal(text.trim().parse().unwrap(), "TERM");
            wait_for("the daemon in the background to end", || {
                (!self.0.path("home/amavisd.pid").exists()).then_some(())
            });
        }
    }
}

/// `filterd -c filterd.toml`, started in the folder of that file.
fn start(daemon: &Daemon) -> String {
    // Not by pipes: a daemon that kept one open would hold the test up.
    let said = daemon.path("said");
    let status = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .args(["-X", "no_conf_file_writable_check", "-c", "filterd.toml"])
        .current_dir(daemon.folder.path())
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&said).unwrap())
        .status()
        .unwrap();
    let said = fs::read_to_string(said).unwrap();
    assert!(status.success(), "{status}: {said}");
    said
}

#[test]
fn a_daemon_started_with_a_relative_path_survives_its_upgrade() {
    let log = "do_syslog = false\nlogfile = \"LOG\"\n";
    let daemon = Daemon::prepare(1, "");
    let log = log.replace("LOG", &daemon.path("home/log").display().to_string());
    daemon.configure(1, &log);
    assert_eq!(start(&daemon), "");
    let background = Background(&daemon);
    let pid = background.pid();
    let folder = || fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    assert_eq!(folder().to_str(), Some("/"));
    send_signal(pid, "USR2");
    wait_for("the new program", || {
        let log = fs::read_to_string(daemon.path("home/log")).unwrap();
        assert!(!log.contains("Rejecting upgrade"), "{log}");
        (log.matches("ready, listening on").count() == 2).then_some(())
    });
    assert_eq!(background.pid(), pid);
    assert_eq!(daemon.status()["generation"], 2);
    assert_eq!(folder().to_str(), Some("/"));
}

#[test]
fn a_daemon_without_a_place_for_its_log_says_so() {
    let daemon = Daemon::prepare(1, "");
    let said = start(&daemon);
    let _background = Background(&daemon);
    assert!(
        said.contains("in the background, the log goes nowhere"),
        "{said}"
    );
}

#[test]
fn a_reload_to_a_folder_that_is_not_there_is_rejected() {
    let mut daemon = Daemon::start(1, "");
    daemon.configure(1, "tempbase = \"/no-such-folder\"\n");
    daemon.signal("HUP");
    daemon.wait_for_log("(!)Rejecting reload, some config files unreadable or erroneous");
    daemon.wait_for_log("(!)$TEMPBASE: * cannot write in /no-such-folder: *");
    assert_eq!(daemon.status()["rejected_reloads"], 1);
    assert_eq!(daemon.stop(), 0);
}

/// The table of tests/configuration, whose messages are compared there.
#[test]
fn no_broken_configuration_stops_a_daemon_that_runs() {
    let mut daemon = Daemon::start(1, "");
    let table = include_str!("configuration/broken.txt");
    let mut rejected = 0;
    for case in table.split("=== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap();
        let (text, _) = rest.split_once("---\n").unwrap();
        if head.ends_with(" conf") {
            fs::write(daemon.path("broken.conf"), text).unwrap();
            fs::write(daemon.config(), "include = [\"broken.conf\"]\n").unwrap();
        } else {
            fs::write(daemon.config(), text).unwrap();
        }
        daemon.signal("HUP");
        rejected += 1;
        // The folder of the scoreboard is not in that configuration.
        wait_for("the reload to be rejected", || {
            let count = daemon.log().matches("Rejecting reload").count();
            (count == rejected).then_some(())
        });
    }
    assert!(rejected >= 60, "{rejected}");
    let mut client = Client::hello(daemon.address());
    assert!(client.say("QUIT").starts_with("221 "));
    daemon.configure(1, "log_level = 1\n");
    daemon.signal("HUP");
    wait_for("the good configuration", || {
        (daemon.status()["reloads"] == 1).then_some(())
    });
    assert_eq!(daemon.status()["rejected_reloads"], rejected);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn what_a_reload_cannot_change_is_told_of_and_kept() {
    let mut daemon = Daemon::start(1, "");
    fs::create_dir(daemon.path("elsewhere")).unwrap();
    let elsewhere = daemon.path("elsewhere").display().to_string();
    daemon.configure(
        1,
        &format!("state_dir = \"{elsewhere}\"\npid_file = \"{elsewhere}/pid\"\nlog_level = 2\n"),
    );
    daemon.signal("HUP");
    daemon
        .wait_for_log("(!)changed, but takes effect at the next start only: $pid_file, $state_dir");
    wait_for("the reload", || {
        (daemon.status()["reloads"] == 1).then_some(())
    });
    assert_eq!(daemon.stop(), 0);
    assert!(!daemon.path("state/scoreboard").exists());
}

#[test]
fn recipients_are_counted_when_the_next_hop_cannot_be_reached() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let daemon = Daemon::start(port, "");
    let recipients = ["b@example.net", "c@example.net"];
    let reply = Client::hello(daemon.address()).deliver("a@example.org", &recipients, "Hello.\r\n");
    assert!(reply.starts_with("451 4.5.0 id="), "{reply}");
    assert_eq!(daemon.status()["counters"]["OutMsgsAttemptFails"], 2);
}

#[test]
fn the_drop_in_says_in_the_background_what_it_says_in_the_foreground() {
    let daemon = Daemon::prepare(1, "");
    daemon.configure(1, "tempbase = \"/no-such-folder\"\n");
    let config = daemon.config().display().to_string();
    for verb in ["start", "foreground"] {
        let arguments = ["-X", "no_conf_file_writable_check", "-c", &config, verb];
        let (status, _, error) = support::daemon::run(env!("CARGO_BIN_EXE_amavisd"), &arguments);
        assert_eq!(status, 2, "{verb}: {error}");
        let line = error.lines().last().unwrap();
        assert!(
            line.starts_with("TROUBLE in pre_loop_hook: No TEMPBASE directory: /no-such-folder ("),
            "{verb}: {error}"
        );
    }
}

#[test]
fn a_log_file_that_is_not_logged_to_need_not_be_there() {
    let mut daemon = Daemon::prepare(1, "");
    let log = daemon.path("home/never-written").display().to_string();
    daemon.configure(1, &format!("logfile = \"{log}\"\n"));
    daemon.launch();
    assert_eq!(daemon.stop(), 0);
    assert!(!daemon.path("home/never-written").exists());
}
