//! What may happen to filterd while Postfix feeds it; mail is counted at both ends.

use std::time::{Duration, Instant};

use super::{
    mail, postfix,
    site::{Plan, Site},
    support::{PATIENCE, daemon::send_signal, wait_for},
};

const MESSAGES: usize = 300;

/// Sends messages while `trouble` is made again and again, until nearly all have come through; then lets the queue run empty. Gives
/// what came more than once.
fn under_load(site: &mut Site, every: Duration, mut trouble: impl FnMut(&mut Site)) -> Vec<usize> {
    let (entrance, begin) = (site.entrance, Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| mail::send(entrance, 0..MESSAGES, 4));
        while site.sink.count() < MESSAGES * 9 / 10 && begin.elapsed() < PATIENCE {
            std::thread::sleep(every);
            trouble(site);
        }
    });
    site.postfix.drain();
    let count = mail::count(&site.sink, 0..MESSAGES);
    assert_eq!(count.lost, Vec::<usize>::new(), "lost");
    let log = site.postfix.log();
    assert!(!log.contains("status=bounced"), "{log}");
    println!(
        "{} messages, {} tried again, {} doubled",
        MESSAGES,
        log.matches("status=deferred").count(),
        count.doubled.len()
    );
    count.doubled
}

#[test]
fn children_are_killed() {
    if !postfix::is_possible() {
        return;
    }
    let mut site = Site::start(&Plan::default());
    let mut killed = 0;
    let doubled = under_load(&mut site, Duration::from_millis(100), |site| {
        let children = site.filter.children();
        if let Some(child) = children.get(killed % children.len().max(1)) {
            send_signal(*child, "KILL");
            killed += 1;
        }
    });
    // A message is doubled only if its child died between the next hop's 250 and its own.
    assert!(
        killed > 3 && doubled.len() <= killed,
        "{killed}: {doubled:?}"
    );
    assert_eq!(site.filter.stop(), 0);
}

#[test]
fn the_master_is_killed_and_started_again() {
    if !postfix::is_possible() {
        return;
    }
    let mut site = Site::start(&Plan::default());
    let mut rounds = 0;
    let doubled = under_load(&mut site, Duration::from_millis(500), |site| {
        site.filter.kill_master();
        site.filter.launch();
        rounds += 1;
    });
    assert!(
        rounds > 0 && doubled.len() <= rounds * 2,
        "{rounds}: {doubled:?}"
    );
}

#[test]
fn the_configuration_is_reloaded() {
    if !postfix::is_possible() {
        return;
    }
    let mut site = Site::start(&Plan::default());
    let doubled = under_load(&mut site, Duration::from_millis(200), |site| {
        site.filter.signal("HUP");
    });
    assert_eq!(doubled, Vec::<usize>::new());
    let log = site.postfix.log();
    assert!(
        !log.contains("refused") && !log.contains("status=deferred"),
        "{log}"
    );
}

#[test]
fn the_program_is_replaced() {
    if !postfix::is_possible() {
        return;
    }
    let mut site = Site::start(&Plan::default());
    let mut upgrades = 0;
    let doubled = under_load(&mut site, Duration::from_millis(300), |site| {
        site.filter.signal("USR2");
        upgrades += 1;
        let ready = format!("ready, listening on 127.0.0.1:{}", site.filter_port);
        wait_for("the new program", || {
            (site.filter.log().matches(&ready).count() > upgrades).then_some(())
        });
    });
    assert_eq!(doubled, Vec::<usize>::new());
    let log = site.postfix.log();
    assert!(
        !log.contains("refused") && !log.contains("status=deferred"),
        "{log}"
    );
}

/// A child that does not move any more is killed at its deadline and named with its message; Postfix sends the message again.
#[test]
fn a_child_that_hangs_is_killed_and_its_message_delivered_later() {
    if !postfix::is_possible() {
        return;
    }
    let site = Site::start(&Plan {
        back: "    -o smtpd_data_restrictions=sleep,1".to_owned(),
        filter: "max_servers = 2\nchild_timeout = 3\n".to_owned(),
        ..Plan::default()
    });
    mail::send(site.entrance, 0..4, 4);
    let (pid, log_id, queue_id) = wait_for("a child in mid-message", || {
        let status = site.filter.status();
        let children = status["children"].as_array().unwrap().clone();
        let busy = children
            .into_iter()
            .find(|child| child["state"] == "delivering")?;
        let text = |name: &str| busy[name].as_str().unwrap_or_default().to_owned();
        Some((busy["pid"].as_u64()?, text("log_id"), text("queue_id")))
    });
    send_signal(u32::try_from(pid).unwrap(), "STOP");
    assert!(!log_id.is_empty() && !queue_id.is_empty());
    site.filter.wait_for_log(&format!(
        "child {pid} ended by SIGKILL (killed: its deadline has passed), in delivering, log id {log_id}, queue id {queue_id}"
    ));
    site.postfix
        .wait_for_log(&[&queue_id, "status=deferred", "lost connection"]);
    site.postfix.drain();
    let count = mail::count(&site.sink, 0..4);
    assert!(
        count.lost.is_empty() && count.doubled.is_empty(),
        "{count:?}"
    );
    // The others did not notice.
    let log = site.postfix.log();
    let deferred = |line: &&str| line.contains("status=deferred") && !line.contains(&queue_id);
    assert_eq!(log.lines().find(deferred), None);
    let children = site.filter.children();
    assert!(children.len() == 2 && !children.contains(&u32::try_from(pid).unwrap()));
}
