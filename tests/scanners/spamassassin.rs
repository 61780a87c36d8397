//! spamd.

use std::fs;

use super::{
    daemons::Real,
    deliver, gtube, message,
    support::{daemon::Daemon, next_hop::NextHop, wildcard::fits},
};

const LEVELS: &str = "sa_tag_level_deflt = \"-999\"\nsa_tag2_level_deflt = \"6.2\"\nsa_kill_level_deflt = \"100\"\nfinal_spam_destiny = \"D_REJECT\"\nlog_level = 2\n";

fn config(spamd: &Real) -> String {
    format!(
        "{LEVELS}spam_scanners = [{{ name = \"sa\", protocol = \"spamd\", socket = \"127.0.0.1:{}\" }}]\n",
        spamd.port
    )
}

#[test]
fn scores_are_exact_and_recipients_have_their_levels() {
    let Some(spamd) = Real::spamd() else { return };
    let hop = NextHop::start();
    let more = config(&spamd)
        + "spam_kill_level_maps = [{ \"strict@example.net\" = \"3\" }, { setting = \"sa_kill_level_deflt\" }]\n";
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message(&gtube()));
    assert!(fits("554 5.7.0 Reject, id=* - spam", &reply), "{reply}");
    assert!(
        deliver(&daemon, &["b@example.net"], &message("filterd-test-word"))
            .starts_with("250 2.6.0")
    );
    let log = daemon.wait_for_log(
        "(*) spam-tag, <a@example.com> -> <b@example.net>, No, score=*MY_WORD=3.125*",
    );
    assert!(log.contains("autolearn="), "{log}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    let score = content
        .lines()
        .find_map(|line| line.strip_prefix("X-Spam-Score: "))
        .unwrap();
    assert!(
        score
            .split('.')
            .nth(1)
            .is_some_and(|digits| digits.len() == 3),
        "three digits: {score}"
    );
    let reply = deliver(
        &daemon,
        &["strict@example.net"],
        &message("filterd-test-word"),
    );
    assert!(fits("554 5.7.0 Reject, id=* - spam", &reply), "{reply}");
}

#[test]
fn what_is_learned_counts() {
    let Some(spamd) = Real::spamd() else { return };
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), &config(&spamd));
    let folder = tempfile::tempdir().unwrap();
    let learn = |kind: &str, name: &str, body: &str| {
        let file = folder.path().join(name);
        fs::write(&file, message(body).replace("<1@", &format!("<{name}@"))).unwrap();
        let file = file.display().to_string();
        let config = daemon.config().display().to_string();
        daemon.run(&[
            "learn",
            "-X",
            "no_conf_file_writable_check",
            "-c",
            &config,
            kind,
            &file,
        ])
    };
    let spam = "cheap watches replica luxury bargain wholesale discount offer";
    let score = || {
        let before = hop.count();
        assert!(deliver(&daemon, &["b@example.net"], &message(spam)).starts_with("250 "));
        let content = String::from_utf8(hop.taken()[before].content.clone()).unwrap();
        let score = content
            .lines()
            .find_map(|line| line.strip_prefix("X-Spam-Score: "))
            .unwrap();
        score.parse::<f64>().unwrap()
    };
    let before = score();
    let (status, out, err) = learn("spam", "s", spam);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("sa has learned it as spam"), "{out}");
    learn(
        "ham",
        "h",
        "minutes of the meeting about the garden and the fence of our house",
    );
    let after = score();
    assert!(after > before + 3.0, "{before} {after}");
    let (_, out, _) = learn("spam", "s", spam);
    assert!(out.contains("knew that already"), "{out}");
}
