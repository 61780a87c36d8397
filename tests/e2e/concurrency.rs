//! As many sessions as there are children (guide 4.1), and more.

use super::{
    mail, postfix,
    site::{Plan, Site, Transport},
};

const MESSAGES: usize = 500;

/// Sends many messages; none may be lost, doubled, or meet a closed door.
fn check(plan: &Plan) -> Site {
    let site = Site::start(plan);
    mail::send(site.entrance, 0..MESSAGES, 8);
    site.postfix.drain();
    let count = mail::count(&site.sink, 0..MESSAGES);
    assert!(
        count.lost.is_empty() && count.doubled.is_empty(),
        "{count:?}"
    );
    let log = site.postfix.log();
    for trouble in [
        "refused",
        "lost connection",
        "timed out",
        "status=deferred",
        "fatal:",
        "panic:",
    ] {
        // The tests' own look at whether Postfix listens yet ends after CONNECT.
        let line = log
            .lines()
            .find(|line| line.contains(trouble) && !line.contains("after CONNECT"));
        assert_eq!(line, None);
    }
    let own = site.filter.log();
    assert_eq!(own.matches("Passed CLEAN").count(), MESSAGES);
    assert!(!own.contains("(!)"), "{own}");
    site
}

#[test]
fn as_many_clients_as_children() {
    if !postfix::is_possible() {
        return;
    }
    for transport in [Transport::Lmtp, Transport::Smtp] {
        check(&Plan {
            transport,
            ..Plan::default()
        });
    }
}

/// The other way to limit the clients that the guide names.
#[test]
fn the_limit_in_main_cf() {
    if !postfix::is_possible() {
        return;
    }
    let main = "content_filter = amavisfeed:[127.0.0.1]:{filter}\namavisfeed_destination_concurrency_limit = 2\n";
    check(&Plan {
        maxproc: 100,
        main: main.to_owned(),
        ..Plan::default()
    });
}

#[test]
fn more_clients_than_children_wait_and_are_served() {
    if !postfix::is_possible() {
        return;
    }
    check(&Plan {
        maxproc: 10,
        ..Plan::default()
    });
}
