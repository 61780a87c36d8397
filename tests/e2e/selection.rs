//! Which mail goes through the filter: by recipient (guide 3.3), by sender (3.4), by content (3.5). By service is in `namespace`.

use super::{
    postfix,
    site::{Plan, Site},
    support::client::Client,
};

/// A system in which `main` decides; two messages, of which the first is to be filtered and the second not.
fn check(main: &str, table: Option<(&str, &str)>, messages: [(&str, &str, &str); 2]) {
    if !postfix::is_possible() {
        return;
    }
    let plan = Plan {
        main: main.to_owned(),
        ..Plan::default()
    };
    let mut site = Site::prepare(&plan);
    if let Some((name, text)) = table {
        let text = text.replace("10024", &site.filter_port.to_string());
        if name == "filter_header" {
            std::fs::write(site.postfix.path(name), text).unwrap();
        } else {
            site.postfix.table(name, &text);
        }
        site.postfix.control("reload");
    }
    site.filter.launch();
    for (from, to, subject) in messages {
        let text = format!("Subject: {subject}\r\n\r\ntext\r\n");
        let reply = Client::hello(site.entrance).deliver(from, &[to], &text);
        assert!(reply.starts_with("250 "), "{reply}");
    }
    site.postfix.drain();
    let taken = site.sink.taken();
    assert_eq!(taken.len(), 2);
    let mark = format!("(amavis, port {})", site.filter_port);
    for (is_filtered, (_, to, subject)) in [true, false].into_iter().zip(messages) {
        let subject = format!("Subject: {subject}\r\n");
        let found = taken.iter().find(|taken| {
            let content = String::from_utf8_lossy(&taken.content).into_owned();
            content.contains(&subject) && taken.rcpts.iter().any(|rcpt| rcpt.contains(to))
        });
        let content = String::from_utf8_lossy(&found.unwrap().content).replace("\r\n ", " ");
        assert_eq!(content.contains(&mark), is_filtered, "{content}");
    }
}

const FILTERED: &str = "example.com               FILTER amavisfeed:[127.0.0.1]:10024\n";

#[test]
fn by_recipient_domain() {
    check(
        "smtpd_recipient_restrictions = check_recipient_access hash:{folder}/filter_recipient_domains, permit_mynetworks, reject",
        Some(("filter_recipient_domains", FILTERED)),
        [
            ("a@example.org", "b@example.com", "one"),
            ("a@example.org", "b@example.net", "two"),
        ],
    );
}

#[test]
fn by_sender_domain() {
    check(
        "smtpd_recipient_restrictions = check_sender_access hash:{folder}/filter_sender_domains, permit_mynetworks, reject",
        Some(("filter_sender_domains", FILTERED)),
        [
            ("a@example.com", "b@example.net", "one"),
            ("a@example.org", "c@example.net", "two"),
        ],
    );
}

#[test]
fn by_content() {
    check(
        "header_checks = regexp:{folder}/filter_header",
        Some((
            "filter_header",
            "/^Subject:.*offer/   FILTER amavisfeed:[127.0.0.1]:10024\n",
        )),
        [
            ("a@example.org", "b@example.net", "an offer for you"),
            ("a@example.org", "c@example.net", "nothing"),
        ],
    );
}
