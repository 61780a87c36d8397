//! rspamd.

use super::{
    daemons::Real,
    deliver, gtube, message,
    support::{daemon::Daemon, next_hop::NextHop, wildcard::fits},
};

#[test]
fn it_scores_and_its_test_line_is_known() {
    let Some(rspamd) = Real::rspamd() else { return };
    let hop = NextHop::start();
    let more = format!(
        "sa_tag2_level_deflt = \"6\"\nsa_kill_level_deflt = \"10\"\nfinal_spam_destiny = \"D_REJECT\"\n\
         spam_scanners = [{{ name = \"rspamd\", protocol = \"rspamd\", url = \"http://127.0.0.1:{}/checkv2\" }}]\n",
        rspamd.port
    );
    let daemon = Daemon::start(hop.port(), &more);
    let reply = deliver(&daemon, &["b@example.net"], &message(&gtube()));
    assert!(fits("554 5.7.0 Reject, id=* - spam", &reply), "{reply}");
    assert!(deliver(&daemon, &["b@example.net"], &message("hello")).starts_with("250 2.6.0"));
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(
        content.starts_with("X-Spam-Flag: NO\r\nX-Spam-Score: 0\r\n"),
        "{content}"
    );
    let config = daemon.config().display().to_string();
    let (_, probed, _) = daemon.run(&[
        "check-config",
        "--probe",
        "-X",
        "no_conf_file_writable_check",
        "-c",
        &config,
    ]);
    assert!(
        probed.contains("spam engine rspamd (Rspamd): knows the GTUBE line"),
        "{probed}"
    );
}
