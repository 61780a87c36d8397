//! How many children there are, and what becomes of those that hang, die or are told to leave.

use std::{fs, os::unix::fs::FileExt, time::Duration};

use crate::support::{
    client::Client,
    daemon::{Daemon, send_signal},
    load::Load,
    next_hop::{At, Deed, NextHop},
    wait_for,
};

const MESSAGE: &str = "Message-ID: <m1@example.com>\r\nSubject: x\r\n\r\nHello.\r\n";

/// Does `deed` `times` times, with `pause` after each; then waits until the load has delivered a hundred messages more.
fn meanwhile(load: &Load, times: usize, pause: Duration, mut deed: impl FnMut()) {
    for _ in 0..times {
        deed();
        std::thread::sleep(pause);
    }
    let delivered = load.acknowledged();
    wait_for("deliveries", || {
        (load.acknowledged() >= delivered + 100).then_some(())
    });
}

#[test]
fn the_next_hop_never_sees_more_sessions_than_max_servers() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 3\nmax_requests = 3\n");
    let load = Load::start(daemon.address(), 8, 2);
    meanwhile(&load, 1, Duration::ZERO, || {});
    meanwhile(&load, 10, Duration::from_millis(200), || {
        daemon.signal("HUP");
    });
    let mut round = 0;
    meanwhile(&load, 10, Duration::from_millis(200), || {
        round += 1;
        daemon.signal(if round % 3 == 1 { "USR2" } else { "HUP" });
    });
    let count = load.stop(&hop);
    assert!(
        hop.most_sessions() <= 3,
        "{} sessions at once",
        hop.most_sessions()
    );
    assert_eq!(hop.most_sessions(), 3, "the load is shared");
    assert_eq!(
        (
            count.lost.len(),
            count.doubled,
            count.broken,
            count.refused_connections
        ),
        (0, 0, 0, 0),
        "{count:?}"
    );
    assert!(count.refused.is_empty(), "{count:?}");
    daemon.wait_for_log("upgrade: executing *");
    assert!(daemon.log().matches("reloaded, generation").count() > 3);
}

#[test]
fn a_further_connection_waits_and_is_served() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\n");
    let first = Client::hello(daemon.address());
    let _second = Client::hello(daemon.address());
    wait_for("both children to be busy", || {
        (daemon.status()["busy"] == 2).then_some(())
    });
    let mut third = Client::dial(daemon.address());
    drop(first);
    assert!(third.reply().starts_with("220 "));
    assert!(third.say("EHLO x").starts_with("250"));
    assert!(
        third
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
}

#[test]
fn children_are_recycled_after_max_requests_at_the_end_of_a_session() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_requests = 2\n");
    let first = daemon.children();
    // A session with more messages than that is not cut short.
    let mut client = Client::hello(daemon.address());
    for _ in 0..5 {
        assert!(
            client
                .deliver("a@example.com", &["b@example.net"], MESSAGE)
                .starts_with("250 2.6.0")
        );
    }
    client.say("QUIT");
    wait_for("another child", || {
        (daemon.children() != first).then_some(())
    });
    let status = daemon.status();
    assert_eq!(
        (&status["crashes"], &status["kills"]),
        (&0.into(), &0.into()),
        "{status}"
    );
    assert_eq!(
        status["counters"]["InMsgs"], 5,
        "counters outlive the child: {status}"
    );
}

/// A client that has begun a message with queue id `QUEUED`.
fn in_mid_message(daemon: &Daemon) -> Client {
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=QUEUED");
    client.say("MAIL FROM:<a@example.com>");
    client.say("RCPT TO:<b@example.net>");
    assert!(client.say("DATA").starts_with("354"));
    client.send(b"Subject: x\r\n");
    client
}

fn busy_child(daemon: &Daemon) -> (u32, u64) {
    wait_for("a child in mid-message", || {
        let status = daemon.status();
        let children = status["children"].as_array().unwrap();
        let busy = children
            .iter()
            .find(|child| child["state"] == "receiving" && child["queue_id"] == "QUEUED")?;
        Some((
            u32::try_from(busy["pid"].as_u64().unwrap()).unwrap(),
            busy["slot"].as_u64().unwrap(),
        ))
    })
}

#[test]
fn a_child_that_is_stopped_in_mid_message_is_killed_and_replaced() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\nchild_timeout = 1\n");
    let mut client = in_mid_message(&daemon);
    let (pid, _) = busy_child(&daemon);
    send_signal(pid, "STOP");
    // The other one serves meanwhile.
    let mut other = Client::hello(daemon.address());
    assert!(
        other
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
    daemon.wait_for_log(&format!("killing child {pid}: its deadline has passed, in receiving, log id {pid:05}-01, queue id QUEUED"));
    daemon.wait_for_log(&format!("child {pid} ended by SIGKILL (killed: its deadline has passed), in receiving, log id {pid:05}-01, queue id QUEUED"));
    assert!(
        client.line().is_none(),
        "no reply, so the client keeps the message"
    );
    let children = wait_for("a replacement", || {
        Some(daemon.children()).filter(|children| children.len() == 2)
    });
    assert!(!children.contains(&pid));
    let status = daemon.status();
    assert_eq!(
        (&status["crashes"], &status["kills"]),
        (&1.into(), &1.into()),
        "{status}"
    );
    assert!(
        daemon.work_dirs().len() < 2,
        "the dead child's folder is gone: {:?}",
        daemon.work_dirs()
    );
    // The retry is served.
    let mut client = Client::hello(daemon.address());
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
}

#[test]
fn a_child_whose_slot_is_filled_with_garbage_is_killed_and_named() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 2\n");
    let client = in_mid_message(&daemon);
    let (pid, slot) = busy_child(&daemon);
    // Not before the master has looked once: only what it saw can it tell.
    std::thread::sleep(Duration::from_millis(1500));
    let board = fs::File::options()
        .write(true)
        .open(daemon.path("state/scoreboard"))
        .unwrap();
    let (header, poison, record) = (512, 256 * 2, 128);
    let words_before = header + poison + slot * record;
    board.write_all_at(&[0xA5; 256], words_before * 8).unwrap();
    daemon.wait_for_log(&format!(
        "killing child {pid}: its slot was overwritten, in receiving, log id {pid:05}-01, queue id QUEUED, as last known"
    ));
    drop(client);
    wait_for("a replacement", || {
        Some(daemon.children()).filter(|children| children.len() == 2 && !children.contains(&pid))
    });
    let mut client = Client::hello(daemon.address());
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
}

#[test]
fn killed_children_lose_nothing() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "max_servers = 4\n");
    let load = Load::start(daemon.address(), 6, 3);
    let (mut at, mut kills) = (0, 0);
    meanwhile(&load, 20, Duration::from_millis(100), || {
        let children = daemon.children();
        at += 1;
        kills += 1;
        send_signal(children[at % children.len()], "KILL");
    });
    let count = load.stop(&hop);
    assert!(count.lost.is_empty(), "{count:?}");
    assert!(count.doubled <= kills, "{count:?} after {kills} kills");
    assert!(
        kills > 3 && count.refused_connections == 0,
        "{count:?} after {kills} kills"
    );
    assert!(
        daemon.log().contains("ended by SIGKILL, in "),
        "deaths are told"
    );
    wait_for("the folders of the dead to be gone", || {
        (daemon.work_dirs().len() <= 4).then_some(())
    });
}

#[test]
fn a_killed_master_leaves_no_orphans_and_loses_nothing() {
    let hop = NextHop::start();
    let port = free_port();
    let mut daemon = Daemon::prepare(
        hop.port(),
        &format!("max_servers = 4\nlisten_sockets = [\"127.0.0.1:{port}\"]\n"),
    );
    daemon.launch();
    let load = Load::start(daemon.address(), 6, 3);
    let mut kills = 0;
    meanwhile(&load, 5, Duration::from_millis(300), || {
        let children = daemon.children();
        daemon.kill_master();
        kills += 1;
        wait_for("the children to leave", || {
            children
                .iter()
                .all(|pid| fs::metadata(format!("/proc/{pid}")).is_err())
                .then_some(())
        });
        fs::write(daemon.path("log"), "").unwrap();
        daemon.launch();
    });
    let count = load.stop(&hop);
    assert!(
        count.lost.is_empty() && kills > 0,
        "{count:?} after {kills} kills"
    );
    // Children end the message in work when their master dies, so that not even this doubles anything.
    assert_eq!(count.doubled, 0, "{count:?}");
    assert!(daemon.work_dirs().len() <= 4, "{:?}", daemon.work_dirs());
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn the_fork_is_throttled_when_children_die_at_once() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "max_servers = 2\n");
    daemon.launch();
    for pid in daemon.children() {
        send_signal(pid, "KILL");
    }
    daemon.wait_for_log("child died before its first session; next fork in 1 s");
    wait_for("children", || (daemon.children().len() == 2).then_some(()));
    let mut client = Client::hello(daemon.address());
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
}

#[test]
fn the_soft_limit_refuses_in_order() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "child_timeout = 2\n");
    let pid = daemon.children()[0];
    hop.tell(At::End, Deed::Stall(Duration::from_secs(8)), 1);
    let mut client = Client::hello(daemon.address());
    let reply = client.deliver("a@example.com", &["b@example.net"], MESSAGE);
    assert!(reply.starts_with("450 4.4.2 id="), "{reply}");
    assert!(client.say("QUIT").starts_with("221 "));
    assert_eq!(daemon.children(), [pid], "the child lives");
}

#[test]
fn a_client_that_is_slow_is_not_taken_for_a_child_that_hangs() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "child_timeout = 1\n");
    let mut client = in_mid_message(&daemon);
    // Longer than the limit and its grace: time is what this is about.
    std::thread::sleep(Duration::from_millis(3500));
    client.send(b"\r\nHello.\r\n");
    assert!(client.say(".").starts_with("250 2.6.0"));
    assert_eq!(daemon.status()["kills"], 0);
}

/// A system call with a time limit is interrupted when its process is continued, handlers or not (signal(7)).
#[test]
fn a_child_that_was_stopped_and_continued_goes_on() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let interrupt = |pid| {
        for signal in ["STOP", "CONT"] {
            send_signal(pid, signal);
        }
    };
    let mut client = in_mid_message(&daemon);
    let (pid, _) = busy_child(&daemon);
    interrupt(pid);
    hop.tell(At::End, Deed::Stall(Duration::from_secs(1)), 1);
    client.send(b"\r\nHello.\r\n.\r\n");
    wait_for("the delivery to begin", || {
        (daemon.status()["children"][0]["state"] == "delivering").then_some(())
    });
    interrupt(pid);
    assert!(client.reply().starts_with("250 2.6.0"));
    interrupt(pid);
    assert!(client.say("QUIT").starts_with("221"));
    interrupt(pid);
    assert_eq!(daemon.children(), [pid]);
}
