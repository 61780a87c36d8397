//! Getting back what was kept: by command, and over the AM.PDP socket.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
};

use super::support::{client::Client, daemon::Daemon, next_hop::NextHop};

const RULES: &str = "banned_filename_re = { patterns = ['\\.exe$'] }\n";
const SOCKET: &str =
    "[policy.\"AM.PDP-SOCK\"]\nprotocol = \"AM.PDP\"\nauth_required_release = false\n";

/// A message with a file that is banned.
fn banned() -> String {
    "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: =?utf-8?Q?caf=C3=A9?= \x01now\r\nMessage-ID: <m1@example.com>\r\n\
     MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\n..dot\r\nlast\r\n"
        .to_owned()
}

/// A daemon that keeps mail, with a socket for AM.PDP; `more` are settings, `policy` those of the socket.
fn keeping(hop: &NextHop, more: &str, policy: &str) -> Daemon {
    let mut daemon = Daemon::prepare(hop.port(), "");
    let vault = daemon.path("vault");
    fs::create_dir(&vault).unwrap();
    // The daemon gives root up.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&vault, mode).unwrap();
    let port = hop.port();
    let settings = format!(
        "{RULES}quarantinedir = \"{}\"\nquarantine_subdir_levels = 1\nrequeue_method = \"smtp:[127.0.0.1]:{port}\"\n\
         listen_sockets = [\"127.0.0.1:0\", \"{}\"]\ninterface_policy = {{ SOCK = \"AM.PDP-SOCK\" }}\n{more}\n{policy}",
        vault.display(),
        socket(&daemon)
    );
    daemon.configure(port, &settings);
    daemon.launch();
    daemon
}

fn socket(daemon: &Daemon) -> String {
    daemon.path("home/amavisd.sock").display().to_string()
}

/// Has a message kept; gives the place and the mail id that the log names.
fn keep(daemon: &Daemon, to: &[&str], message: &str) -> (String, String) {
    Client::hello(daemon.address()).deliver("a@example.com", to, message);
    let log = daemon.wait_for_log("*quarantine: *mail_id: *");
    let line = log
        .lines()
        .rev()
        .find(|line| line.contains(", quarantine: "))
        .unwrap();
    let after = |word: &str| {
        let rest = line.split_once(word).unwrap().1;
        rest.split(',').next().unwrap().to_owned()
    };
    (after(", quarantine: "), after(", mail_id: "))
}

fn quarantine(daemon: &Daemon, arguments: &[&str]) -> (i32, String, String) {
    let config = daemon.config().display().to_string();
    let mut all = vec![
        "-X",
        "no_conf_file_writable_check",
        "-c",
        &config,
        "quarantine",
    ];
    all.extend(arguments);
    daemon.run(&all)
}

fn ask(daemon: &Daemon, request: &str) -> String {
    let mut stream = UnixStream::connect(socket(daemon)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.replace("\r\n", "\n")
}

#[test]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "one way, step by step"
)]
fn what_is_kept_is_listed_shown_released_and_removed() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "", SOCKET);
    let (place, id) = keep(&daemon, &["b@example.net", "c@example.org"], &banned());
    assert_eq!(hop.count(), 0);
    let (status, said, _) = quarantine(&daemon, &["list", "--json", "--recipient", "B@EXAMPLE"]);
    assert_eq!(status, 0);
    let list: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1, "{said}");
    assert_eq!(
        (&list[0]["file"], &list[0]["mail_id"], &list[0]["kind"]),
        (&place.clone().into(), &id.clone().into(), &"banned".into())
    );
    assert_eq!(list[0]["subject"], "caf\u{e9} \u{1}now");
    assert_eq!(list[0]["blocked"].as_array().unwrap().len(), 2);
    for none in [
        ["--recipient", "nobody"],
        ["--kind", "spam"],
        ["--sender", "b@"],
        ["--subject", "other"],
        ["--older", "1h"],
    ] {
        let (status, said, _) = quarantine(&daemon, &[&["list"][..], &none].concat());
        assert_eq!((status, said.as_str()), (0, "Nothing is kept that fits.\n"));
    }
    let (_, table, _) = quarantine(&daemon, &["list"]);
    assert!(
        table.contains(&id) && table.contains("caf\u{e9} \\x01now"),
        "{table}"
    );
    let (status, shown, _) = quarantine(&daemon, &["show", &id]);
    assert!(
        status == 0 && shown.contains("BANNED, message contains"),
        "{shown}"
    );

    let (status, said, complained) = quarantine(&daemon, &["release", &id]);
    assert_eq!((status, complained.as_str()), (0, ""), "{said}");
    let taken = hop.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].mail, "MAIL FROM:<a@example.com> BODY=7BIT");
    assert_eq!(
        taken[0].rcpts,
        ["RCPT TO:<b@example.net>", "RCPT TO:<c@example.org>"]
    );
    let content = String::from_utf8(taken[0].content.clone()).unwrap();
    for field in [
        "Resent-From: \"Content-filter at filter.example.com\"\r\n <postmaster@filter.example.com>\r\n",
        "Resent-To: undisclosed-recipients:;\r\n",
        "Resent-Date: ",
        &format!("Resent-Message-ID: <{id}-"),
    ] {
        assert!(content.contains(field), "{field}: {content}");
    }
    assert!(!content.contains("X-Envelope") && !content.contains("X-Quarantine-ID"));
    assert!(
        content.ends_with(&banned().replace("..dot", ".dot")),
        "the message itself is as it came: {content}"
    );

    let (status, ..) = quarantine(&daemon, &["delete", &place]);
    assert_eq!(status, 0);
    for verb in ["release", "show", "delete"] {
        let (status, said, complained) = quarantine(&daemon, &[verb, &id]);
        assert_eq!((status, said.as_str()), (66, ""));
        assert!(complained.contains("there is no copy"), "{complained}");
    }
}

#[test]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "one way, step by step"
)]
fn a_copy_goes_to_whom_it_is_sent_and_in_the_form_that_is_asked_for() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "", SOCKET);
    let (_, id) = keep(&daemon, &["b@example.net"], &banned());
    for (arguments, rcpt, has) in [
        (
            &["requeue"][..],
            "b@example.net",
            "Resent-To: b@example.net\r\n",
        ),
        (
            &[
                "release",
                "--to",
                "d@example.net",
                "--requested-by",
                "adm@example.net",
            ],
            "d@example.net",
            "Resent-From: adm@example.net\r\n",
        ),
        (
            &["report", "--to", "abuse@example.net"],
            "abuse@example.net",
            "Content-Type: message/feedback-report\r\n",
        ),
        (
            &["release", "--format", "attach"],
            "b@example.net",
            "filename=\"msg-",
        ),
        (
            &["release", "--format", "dsn"],
            "b@example.net",
            "Content-Type: message/delivery-status\r\n",
        ),
        (
            &["release", "--all", "--format", "plain"],
            "b@example.net",
            "Content-Type: text/plain; charset=utf-8\r\n",
        ),
    ] {
        let (status, _, complained) = quarantine(&daemon, &[arguments, &[id.as_str()]].concat());
        assert_eq!((status, complained.as_str()), (0, ""), "{arguments:?}");
        let taken = hop.taken().pop().unwrap();
        let content = String::from_utf8(taken.content).unwrap();
        assert!(
            taken.rcpts[0].starts_with(&format!("RCPT TO:<{rcpt}>")),
            "{taken:?}",
            taken = taken.rcpts
        );
        assert!(content.contains(has), "{arguments:?}: {content}");
        assert!(content.contains("\r\n.dot\r\nlast\r\n"));
    }
    let (status, _, complained) = quarantine(&daemon, &["report", &id]);
    assert!(status == 64 && complained.contains("--to"), "{complained}");
    hop.answer_rcpt("b@example.net", "550 5.1.1 gone");
    let (status, _, complained) = quarantine(&daemon, &["release", "--delete", &id]);
    assert!(
        status == 69 && complained.contains("550 5.1.1 gone"),
        "{complained}"
    );
    assert_eq!(
        quarantine(&daemon, &["show", &id]).0,
        0,
        "what nobody took is still there"
    );
}

#[test]
fn old_copies_expire() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "", SOCKET);
    let (place, _) = keep(&daemon, &["b@example.net"], &banned());
    let (_, said, _) = quarantine(&daemon, &["expire", "--older", "1d"]);
    assert!(said.starts_with("0 of 1 copies removed"), "{said}");
    let (_, said, _) = quarantine(&daemon, &["expire", "--max-size", "1", "--dry-run"]);
    assert!(said.starts_with("1 of 1 copies would be removed"), "{said}");
    assert!(daemon.path("vault").join(&place).exists());
    let (_, said, _) = quarantine(&daemon, &["expire", "--max-size", "1"]);
    assert!(said.starts_with("1 of 1 copies removed"), "{said}");
    assert!(!daemon.path("vault").join(&place).exists());
}

#[test]
fn mail_that_everybody_got_is_released_to_those_who_are_named_only() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "", SOCKET);
    let bad = "From: a@example.com\r\nSubject: x\r\n\r\nno date\r\n";
    let (place, id) = keep(&daemon, &["b@example.net"], bad);
    assert!(place.contains("badh-") && hop.count() == 1);
    let (status, _, complained) = quarantine(&daemon, &["release", &id]);
    assert!(
        status == 66 && complained.contains("name those who"),
        "{complained}"
    );
    let answer = ask(
        &daemon,
        &format!("request=release\nmail_id={id}\nmail_file={place}\n\n"),
    );
    assert!(answer.starts_with("setreply=554 5.5.0 ERROR:"), "{answer}");
    assert_eq!(hop.count(), 1);
    assert_eq!(quarantine(&daemon, &["release", "--all", &id]).0, 0);
    assert_eq!(hop.count(), 2);
}

#[test]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "one way, step by step"
)]
fn the_socket_releases_what_is_named_rightly_and_nothing_else() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "", SOCKET);
    let (place, id) = keep(&daemon, &["b@example.net"], &banned());
    let other = "AAAAAAAAAAAA";
    for (request, want) in [
        (
            format!("mail_id={other}\nmail_file={place}"),
            "554 5.5.0 ERROR:%20copy",
        ),
        (
            format!("mail_id={other}"),
            "554 5.5.0 ERROR:%20there%20is%20no%20copy",
        ),
        (
            format!("mail_file={place}"),
            "554 5.5.0 ERROR:%20Missing%20'mail_id'",
        ),
        (
            "mail_id=../../etc".to_owned(),
            "554 5.5.0 ERROR:%20Invalid%20mail_id",
        ),
        (
            format!("mail_id={id}\nmail_file=../../etc/passwd\nsecret_id=AAAAAAAAAAAA"),
            "554 5.5.0 ERROR:%20Secret_id%20does%20not",
        ),
        (
            format!("mail_id={id}\nmail_file={place}\nrecipient=<a b>"),
            "554 5.5.0 ERROR:",
        ),
    ] {
        let answer = ask(&daemon, &format!("request=release\n{request}\n\n"));
        assert!(
            answer.starts_with(&format!("setreply={want}")),
            "{request}: {answer}"
        );
        assert!(answer.contains("return_value=reject\n"), "{answer}");
    }
    assert_eq!(hop.count(), 0);
    let answer = ask(
        &daemon,
        &format!("request=release\nmail_id={id}\nmail_file={place}\nquar_type=F\n\n"),
    );
    assert!(
        answer.starts_with("setreply=250 2.0.0 from%20MTA("),
        "{answer}"
    );
    assert_eq!(answer.lines().count(), 2, "{answer}");
    assert_eq!(hop.count(), 1);
    daemon.wait_for_log(&format!(
        "*(rel-*) Quarantine release of {place}: <a@example.com> -> <b@example.net>, 250*"
    ));
    // The programs of the same name as the original's.
    for (program, arguments, status) in [
        ("amavisd-release", vec![place.as_str()], 0),
        ("amavisd-release", vec![place.as_str(), "d@example.net"], 0),
        ("amavisd-release", vec!["banned-AAAAAAAAAAAA"], 1),
        ("amavisd-release", vec!["nonsense"], 255),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_amavisd-release"))
            .args(&arguments)
            .env("AMAVISD_SOCKET", socket(&daemon))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{program} {arguments:?} {output:?}"
        );
    }
    assert_eq!(hop.count(), 3);
    assert_eq!(hop.taken()[2].rcpts[0], "RCPT TO:<d@example.net>");
}

#[test]
fn a_secret_is_needed_unless_the_socket_says_otherwise() {
    let hop = NextHop::start();
    let policy = "[policy.\"AM.PDP-SOCK\"]\nprotocol = \"AM.PDP\"\n";
    let daemon = keeping(&hop, "", policy);
    let (place, id) = keep(&daemon, &["b@example.net"], &banned());
    let answer = ask(
        &daemon,
        &format!("request=release\nmail_id={id}\nmail_file={place}\n\n"),
    );
    assert!(
        answer.starts_with("setreply=554 5.5.0 ERROR:%20Secret_id%20is%20required"),
        "{answer}"
    );
    assert_eq!(hop.count(), 0);
}

/// Puts a message where a milter would, and gives its folder.
fn milter_folder(daemon: &Daemon, name: &str, message: &str) -> String {
    let folder = daemon.path("tmp").join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("email.txt"), message.replace("\r\n", "\n")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&folder, mode).unwrap();
    folder.display().to_string()
}

#[test]
fn a_milter_gets_a_verdict_and_what_to_change() {
    let hop = NextHop::start();
    let daemon = keeping(
        &hop,
        "final_banned_destiny = \"D_REJECT\"\nbanned_files_lovers_maps = [[\"lover@example.net\"]]\nx_header_tag = \"\"\n",
        SOCKET,
    );
    let clean = "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nx\r\n";
    let headless = "From: a@example.com\r\n\r\nx\r\n";
    let table = [
        (
            clean,
            "recipient=<b@example.net>",
            "setreply=250 2.5.0 Ok,%20id=T0-*,%20continue%20delivery\nreturn_value=continue\nexit_code=0\n\n",
        ),
        (
            &banned(),
            "recipient=<b@example.net>",
            "setreply=554 5.7.0 Reject,%20id=T1-*%20-%20BANNED:%20*\nreturn_value=reject\nexit_code=69\n\n",
        ),
        (
            &banned(),
            "recipient=<b@example.net>\nrecipient=lover@example.net",
            "setreply=250 2.5.0 Ok,%20id=T2-*,%20continue%20delivery,%20but%201%20REJECT\ndelrcpt=<b@example.net>\n\
             insheader=0 X-Amavis-Alert BANNED,%20*\ninsheader=0 X-Quarantine-ID <*>\nreturn_value=continue\nexit_code=0\n\n",
        ),
        (
            headless,
            "recipient=<b@example.net>",
            "setreply=250 2.5.0 Ok,%20id=T3-*,%20continue%20delivery\ninsheader=0 X-Amavis-Alert BAD%20HEADER%20SECTION,*\n\
             insheader=0 X-Quarantine-ID <*>\nreturn_value=continue\nexit_code=0\n\n",
        ),
    ];
    for (at, (message, recipients, want)) in table.iter().enumerate() {
        let folder = milter_folder(&daemon, &format!("amavis-milter-T{at}"), message);
        let answer = ask(
            &daemon,
            &format!(
                "request=AM.PDP\nsender=<a@example.com>\n{recipients}\ntempdir={folder}\nqueue_id=Q1\nclient_address=192.0.2.9\n\n"
            ),
        );
        let want = format!("version_server=2\nlog_id=T{at}-*\n{want}");
        assert!(
            super::support::wildcard::fits(&want, &answer),
            "{answer}\n{want}"
        );
        assert!(
            !std::path::Path::new(&folder).exists(),
            "it is ours to remove"
        );
    }
    daemon.wait_for_log("*(T0-*) Passed CLEAN {AcceptedInbound}, AM.PDP-SOCK [192.0.2.9] [192.0.2.9] <a@example.com> -> <b@example.net>, Queue-ID: Q1, *");
    let taken = hop.taken();
    assert_eq!(taken.len(), 1, "only the report about the rejection");
    assert!(taken[0].mail.starts_with("MAIL FROM:<> "));
}

#[test]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "one way, step by step"
)]
fn what_fails_for_now_is_never_thrown_away_and_nonsense_is_refused() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "final_banned_destiny = \"D_TEMPFAIL\"\n", SOCKET);
    let folder = milter_folder(&daemon, "amavis-T1", &banned());
    let request = |rest: &str| {
        ask(
            &daemon,
            &format!("request=AM.PDP\nsender=<a@example.com>\n{rest}\n\n"),
        )
    };
    let answer = request(&format!(
        "recipient=<b@example.net>\ntempdir={folder}\ntempdir_removed_by=client"
    ));
    assert!(
        answer.contains("setreply=450 4.7.0 Temporary%20failure,"),
        "{answer}"
    );
    assert!(
        answer.contains("return_value=tempfail\nexit_code=75\n"),
        "{answer}"
    );
    assert!(fs::exists(format!("{folder}/email.txt")).unwrap());
    for (rest, want) in [
        (
            "recipient=<b@example.net>\ntempdir=/etc",
            "Suspicious%20temporary%20directory%20name%20\"/etc\"",
        ),
        (
            "recipient=<b@example.net>",
            "Missing%20'mail_file'%20and%20'tempdir'",
        ),
        (
            "recipient=<b@example.net>\nmail_file=/etc/passwd",
            "Unsafe%20filename",
        ),
        ("tempdir=x", "Missing%20'recipient'"),
        ("recipient=<>", "An%20empty%20recipient"),
        (
            &format!(
                "recipient=<b@c>\ntempdir={}/none",
                daemon.path("tmp").display()
            ),
            "does%20not%20exist",
        ),
    ] {
        let answer = request(rest);
        assert!(
            answer.starts_with("setreply=450 4.5.0 Failure:%20") && answer.contains(want),
            "{rest}: {answer}"
        );
        assert!(
            answer.contains("return_value=tempfail\nexit_code=75\n"),
            "{answer}"
        );
    }
    for (text, want) in [
        (
            "request=smtpd_access_policy\nprotocol_state=RCPT\n\n",
            "action=DUNNO\n\n",
        ),
        ("foo\nrequest=smtpd_access_policy\n\n", "action=DUNNO\n\n"),
    ] {
        assert_eq!(ask(&daemon, text), want);
    }
    assert!(ask(&daemon, "sender=x\n\n").contains("Missing%20'request'"));
    assert!(ask(&daemon, &"a".repeat(100_000)).contains("too%20long"));
    assert_eq!(hop.count(), 0);
}

#[test]
fn a_message_is_submitted_by_the_program_of_the_original() {
    let hop = NextHop::start();
    let daemon = keeping(&hop, "final_banned_destiny = \"D_REJECT\"\n", SOCKET);
    let temp = daemon.path("tmp");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(&temp, mode).unwrap();
    let submit = |message: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_amavisd-submit"))
            .args(["a@example.com", "b@example.net"])
            .env("AMAVISD_SOCKET", socket(&daemon))
            .env("AMAVISD_TEMPBASE", &temp)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(message.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let clean = "From: a@example.com\nDate: Sun, 22 Nov 2026 12:00:00 +0000\n\nx\n";
    if super::support::is_root() {
        // Root's folder is not readable for the daemon, as with the original: its user submits.
        let (status, said) = submit(clean);
        assert!(matches!(status, Some(0 | 75)), "{said}");
    } else {
        assert_eq!(submit(clean), (Some(0), String::new()));
        let (status, said) = submit(&banned());
        assert_eq!(status, Some(69), "{said}");
        assert!(said.starts_with("554 5.7.0 Reject"), "{said}");
    }
    assert_eq!(hop.count(), 0);
}

#[test]
#[allow(
    clippy::too_many_lines,
    clippy::cognitive_complexity,
    reason = "one way, step by step"
)]
fn copies_go_where_the_recipients_table_says() {
    let hop = NextHop::start();
    let daemon = Daemon::prepare(hop.port(), "");
    let base = daemon.path("home").display().to_string();
    fs::create_dir(format!("{base}/dir")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(format!("{base}/dir"), mode).unwrap();
    let port = hop.port();
    let settings = format!(
        "{RULES}local_delivery_aliases = {{ dir-quarantine = \"{base}/dir\", mbox-quarantine = \"{base}/mbox\", named = [\"{base}/dir\", \"x-%m\"], none = \"\" }}\n\
         quarantinedir = \"{base}/dir\"\n\
         banned_quarantine_to_maps = [{{ \"d@example.net\" = \"dir-quarantine\", \"m@example.net\" = \"mbox-quarantine\", \
         \"a@example.net\" = \"keeper@example.net\", \"n@example.net\" = \"named\", \"q@example.net\" = \"none\", \".\" = \"\" }}]\n\
         mailfrom_to_quarantine = \"\"\nnotify_method = \"smtp:[127.0.0.1]:{port}\"\n"
    );
    daemon.configure(port, &settings);
    let mut daemon = daemon;
    daemon.launch();
    let deliver =
        |to: &str| Client::hello(daemon.address()).deliver("a@example.com", &[to], &banned());
    let files = || fs::read_dir(format!("{base}/dir")).unwrap().count();
    for to in ["d@example.net", "n@example.net"] {
        assert!(deliver(to).starts_with("250 2.7.0"));
    }
    assert_eq!(files(), 2);
    for _ in 0..2 {
        assert!(deliver("m@example.net").starts_with("250 2.7.0"));
    }
    let mbox = fs::read_to_string(format!("{base}/mbox")).unwrap();
    assert_eq!(mbox.matches("\nX-Quarantine-ID: <").count(), 2);
    assert!(
        mbox.starts_with("From a@example.com ")
            && mbox.contains("\n.dot\nlast\n\nFrom a@example.com "),
        "{mbox}"
    );
    for to in ["q@example.net", "other@example.net"] {
        assert!(
            deliver(to).starts_with("250 2.7.0"),
            "thrown away as configured"
        );
    }
    assert_eq!((files(), hop.count()), (2, 0));
    assert!(deliver("a@example.net").starts_with("250 2.7.0"));
    let taken = hop.taken();
    assert_eq!(taken.len(), 1);
    assert!(
        taken[0].mail.starts_with("MAIL FROM:<>")
            && taken[0].rcpts[0].starts_with("RCPT TO:<keeper@example.net>")
    );
    let content = String::from_utf8(taken[0].content.clone()).unwrap();
    assert!(content.starts_with("Return-Path: <a@example.com>\r\nX-Envelope-From: <a@example.com>\r\nX-Envelope-To: <a@example.net>\r\n"), "{content}");
    daemon.wait_for_log("*quarantine: keeper@example.net,*");
    hop.answer_rcpt("keeper@", "550 5.1.1 gone");
    let reply = deliver("a@example.net");
    assert!(
        reply.starts_with("451 4.5.0"),
        "what cannot be kept is not thrown away: {reply}"
    );
}

#[test]
fn clean_mail_and_all_mail_can_be_kept_and_are_no_quarantine_for_recipients() {
    let hop = NextHop::start();
    let daemon = keeping(
        &hop,
        "clean_quarantine_method = \"local:clean-%m\"\narchive_quarantine_method = \"local:archive/%m.gz\"\n",
        SOCKET,
    );
    let clean =
        "From: a@example.com\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: y\r\n\r\nx\r\n";
    let reply = Client::hello(daemon.address()).deliver("a@example.com", &["b@example.net"], clean);
    assert!(reply.starts_with("250 "), "{reply}");
    let content = String::from_utf8(hop.taken()[0].content.clone()).unwrap();
    assert!(!content.contains("X-Quarantine-ID"), "{content}");
    let (_, said, _) = quarantine(&daemon, &["list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2, "{said}");
    daemon.wait_for_log("*Passed CLEAN {RelayedInbound,Quarantined,Archived}, *quarantine: *,*");
    let (_, id) = (
        list[0]["file"].clone(),
        list[0]["mail_id"].as_str().unwrap().to_owned(),
    );
    let (status, _, complained) = quarantine(&daemon, &["release", "--all", &id]);
    assert!(
        status == 66 && complained.contains("more than once"),
        "{complained}"
    );
}
