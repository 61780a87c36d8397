//! What signals do to a running daemon, and the way it stops.

use std::{fs, time::Duration};

use crate::support::{
    client::Client,
    daemon::Daemon,
    next_hop::{At, Deed, NextHop},
    wait_for,
};

const MESSAGE: &str = "From: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nHello.\r\n";

fn deliver(daemon: &Daemon) -> String {
    Client::hello(daemon.address()).deliver("a@example.com", &["b@example.net"], MESSAGE)
}

/// A client whose message is on its way to a next hop that takes its time.
fn in_work(daemon: &Daemon, hop: &NextHop, stall: Duration) -> Client {
    hop.tell(At::End, Deed::Stall(stall), 1);
    let mut client = Client::hello(daemon.address());
    client.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
    for _ in 0..3 {
        client.reply();
    }
    client.send(format!("{MESSAGE}.\r\n").as_bytes());
    wait_for("the delivery to begin", || {
        let status = daemon.status();
        let children = status["children"].as_array().unwrap();
        children
            .iter()
            .any(|child| child["state"] == "delivering")
            .then_some(())
    });
    client
}

#[test]
fn term_lets_messages_in_work_end() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "max_servers = 3\n");
    let mut client = in_work(&daemon, &hop, Duration::from_secs(2));
    let mut idle = Client::hello(daemon.address());
    let address = daemon.address();
    daemon.signal("TERM");
    assert_eq!(
        idle.reply(),
        "421 4.3.2 Service shutting down, closing channel"
    );
    daemon.wait_for_log("stopping: * children have up to 50 s to finish");
    wait_for("connections to be refused", || {
        Client::try_dial(address).err()
    });
    let reply = client.reply();
    assert!(reply.starts_with("250 2.6.0 Ok, id="), "{reply}");
    assert!(client.reply().starts_with("421 4.3.2 "));
    assert_eq!(daemon.wait_for_end(), 0);
    assert_eq!(hop.count(), 1);
    assert!(daemon.work_dirs().is_empty(), "{:?}", daemon.work_dirs());
    assert!(!daemon.path("state/scoreboard").exists());
    daemon.wait_for_log("stopped");
}

#[test]
fn a_second_term_ends_the_waiting() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "");
    let mut client = in_work(&daemon, &hop, Duration::from_secs(20));
    daemon.signal("TERM");
    daemon.wait_for_log("stopping: *");
    daemon.signal("INT");
    assert_eq!(daemon.wait_for_end(), 0);
    assert!(
        client.line().is_none(),
        "no reply: the client keeps the message"
    );
    daemon.wait_for_log("killing 1 children that did not finish in time");
    assert!(daemon.work_dirs().is_empty(), "{:?}", daemon.work_dirs());
}

#[test]
fn stop_grace_is_the_longest_that_term_waits() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "stop_grace = 1\n");
    let _client = in_work(&daemon, &hop, Duration::from_secs(20));
    assert_eq!(daemon.stop(), 0);
    daemon.wait_for_log("killing 1 children that did not finish in time");
}

#[test]
fn quit_waits_as_long_as_a_message_may_take() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "stop_grace = 1\nchild_timeout = 60\n");
    let mut client = in_work(&daemon, &hop, Duration::from_secs(3));
    daemon.signal("QUIT");
    assert!(client.reply().starts_with("250 2.6.0"));
    assert_eq!(daemon.wait_for_end(), 0);
}

#[test]
fn hup_reads_the_configuration_anew_and_a_bad_one_changes_nothing() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let good = fs::read_to_string(daemon.config()).unwrap();
    fs::write(
        daemon.config(),
        good.replace("max_servers = 1", "max_server = 3"),
    )
    .unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("Rejecting reload, some config files unreadable or erroneous");
    daemon.wait_for_log("max_server*max_servers");
    assert!(deliver(&daemon).starts_with("250 2.6.0"));
    assert_eq!(daemon.status()["rejected_reloads"], 1);
    // A port that somebody else has.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    fs::write(
        daemon.config(),
        good.replace("127.0.0.1:0", &address.to_string()),
    )
    .unwrap();
    daemon.signal("HUP");
    // By whom, only root may see.
    daemon.wait_for_log(&format!("cannot listen on {address}: it is in use*"));
    assert!(deliver(&daemon).starts_with("250 2.6.0"));
    fs::write(
        daemon.config(),
        good.replace("max_servers = 1", "max_servers = 3"),
    )
    .unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("reloaded, generation 2, 3 children");
    wait_for("three children", || {
        (daemon.children().len() == 3).then_some(())
    });
    assert!(deliver(&daemon).starts_with("250 2.6.0"));
    // A further listener, and the first one gone.
    let further = good.replace("[\"127.0.0.1:0\"]", "[\"127.0.0.1:0\", \"[::1]:0\"]");
    fs::write(daemon.config(), further).unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("reloaded, generation 3, 1 children");
}

#[test]
fn busy_children_of_the_old_configuration_end_their_session_first() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\n");
    let mut client = Client::hello(daemon.address());
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
    daemon.signal("HUP");
    daemon.wait_for_log("reloaded, generation 2, 2 children");
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
    assert!(client.say("QUIT").starts_with("221"));
    wait_for("two children of the new generation", || {
        let status = daemon.status();
        let children = status["children"].as_array().unwrap();
        (children.len() == 2 && children.iter().all(|child| child["generation"] == 2)).then_some(())
    });
}

#[test]
fn ttin_and_ttou_change_the_number_of_children() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    daemon.signal("TTIN");
    daemon.wait_for_log("2 children from now on, until the next reload");
    wait_for("two children", || {
        (daemon.children().len() == 2).then_some(())
    });
    daemon.signal("TTOU");
    daemon.wait_for_log("1 children from now on, until the next reload");
    wait_for("one child", || (daemon.children().len() == 1).then_some(()));
    daemon.signal("TTOU");
    assert!(
        deliver(&daemon).starts_with("250 2.6.0"),
        "there is always one"
    );
}

#[test]
fn usr1_opens_the_log_file_anew() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "");
    let log = daemon.path("home/filterd.log");
    let more = format!("do_syslog = false\nlogfile = \"{}\"\n", log.display());
    daemon.configure(hop.port(), &more);
    daemon.launch_as_daemon();
    assert!(deliver(&daemon).starts_with("250 2.6.0"));
    let moved = daemon.path("home/filterd.log.1");
    fs::rename(&log, &moved).unwrap();
    daemon.signal("USR1");
    wait_for("a new log file", || log.exists().then_some(()));
    assert!(deliver(&daemon).starts_with("250 2.6.0"));
    wait_for("the message in the new file", || {
        fs::read_to_string(&log)
            .unwrap()
            .contains("Passed CLEAN")
            .then_some(())
    });
    assert_eq!(
        fs::read_to_string(&moved)
            .unwrap()
            .matches("Passed CLEAN")
            .count(),
        1
    );
}
