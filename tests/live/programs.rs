//! The programs as a person meets them: what they say, and their exit statuses.

use std::{fs, net::TcpListener};

use crate::support::{
    client::Client,
    daemon::{Daemon, run},
    is_root,
    next_hop::NextHop,
    wildcard::fits,
};

const UNGUARDED: [&str; 2] = ["-X", "no_conf_file_writable_check"];

/// Writes `text` as the daemon's configuration in place of what is there, and starts a daemon that will not come up.
fn refused(daemon: &Daemon, text: &str) -> (i32, String) {
    fs::write(daemon.config(), text).unwrap();
    let config = daemon.config().display().to_string();
    let (status, _, told) = run(
        env!("CARGO_BIN_EXE_filterd"),
        &["-n", UNGUARDED[0], UNGUARDED[1], "-c", &config],
    );
    (status, told)
}

#[test]
fn a_broken_configuration_is_named_by_file_line_and_column() {
    let daemon = Daemon::prepare(25, "");
    let file = daemon.config().display().to_string();
    let cases = [
        (
            "max_servres = 2\n",
            ":1:1: unknown setting max_servres (did you mean max_servers?)",
        ),
        ("\nmax_servers = \"two\"\n", ":2:1: *number*"),
        ("max_servers = \n", ":1:1*"),
        ("max_servers = 0\n", ":1:*: *"),
        (
            "forward_method = \"smpt:[127.0.0.1]:10025\"
",
            ":1:1: *unknown protocol*",
        ),
        ("listen_sockets = [\"127.0.0.1:99999\"]\n", ":1:*: *"),
    ];
    for (text, want) in cases {
        let (status, told) = refused(&daemon, text);
        assert_eq!(status, 78, "{text}: {told}");
        assert!(
            told.lines()
                .any(|line| fits(&format!("*{file}{want}"), line)),
            "{text}: {told}"
        );
        let (status, told, _) =
            daemon.run(&["check-config", "-c", &file, UNGUARDED[0], UNGUARDED[1]]);
        assert_eq!(status, 78, "{text}: {told}");
        assert!(
            told.lines()
                .any(|line| fits(&format!("*error:*{file}{want}"), line)),
            "{text}: {told}"
        );
    }
    // All mistakes at once, not only the first.
    let (_, told) = refused(&daemon, "max_servres = 2\nchild_timout = 3\n");
    assert!(
        told.contains("max_servers?") && told.contains("child_timeout?"),
        "{told}"
    );
}

#[test]
fn a_broken_amavisd_conf_is_named_by_file_line_and_column() {
    let daemon = Daemon::prepare(25, "");
    let path = daemon.path("amavisd.conf").display().to_string();
    for (text, want) in [
        ("$max_servers = 2\n$max_requests = 3;\n1;\n", ":2:*"),
        (
            "use strict;\n$max_servres = 2;\n1;\n",
            ":2:1: *$max_servers*",
        ),
        ("$max_servers = 'two';\n1;\n", ":1:*"),
        ("system('rm -rf /');\n1;\n", ":1:1: *"),
    ] {
        fs::write(&path, text).unwrap();
        let (status, told, more) = run(
            env!("CARGO_BIN_EXE_amavisd"),
            &["-c", &path, UNGUARDED[0], UNGUARDED[1], "test-config"],
        );
        let told = format!("{told}{more}");
        assert_eq!(status, 1, "{text}: {told}");
        assert!(
            told.lines()
                .any(|line| fits(&format!("*{path}{want}"), line)),
            "{text}: {told}"
        );
        let (status, told, _) =
            daemon.run(&["check-config", "-c", &path, UNGUARDED[0], UNGUARDED[1]]);
        assert_eq!(status, 78, "{text}: {told}");
    }
}

#[test]
fn a_port_in_use_names_who_has_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let daemon = Daemon::prepare(25, &format!("listen_sockets = [\"{address}\"]\n"));
    let text = fs::read_to_string(daemon.config()).unwrap();
    let (status, told) = refused(&daemon, &text);
    assert_eq!(status, 69, "{told}");
    let want = format!(
        "*cannot listen on {address}: it is in use by process {} (*",
        std::process::id()
    );
    assert!(fits(&want, told.trim()), "{told}");
}

#[test]
fn a_missing_folder_and_a_wrong_owner_are_told_with_what_they_should_be() {
    let daemon = Daemon::prepare(25, "");
    let text = fs::read_to_string(daemon.config()).unwrap();
    fs::remove_dir(daemon.temp()).unwrap();
    let temp = daemon.temp().display().to_string();
    let (status, told) = refused(&daemon, &text);
    assert_eq!(status, 73, "{told}");
    assert!(
        fits(
            &format!("*{temp}*make it, owned by *mode 0750*"),
            told.trim()
        ),
        "{told}"
    );
    if is_root() {
        fs::create_dir(daemon.temp()).unwrap();
        let (status, told) = refused(&daemon, &text);
        assert_eq!(status, 73, "{told}");
        assert!(
            fits(&format!("*{temp}*root*nobody*"), told.trim()),
            "{told}"
        );
        // Without a user to become, root does not serve mail.
        let (status, told) = refused(
            &daemon,
            &text.replace("daemon_user = \"nobody\"", "daemon_user = \"root\""),
        );
        assert_eq!(status, 77, "{told}");
        let (status, told) = refused(
            &daemon,
            &text.replace("daemon_user = \"nobody\"", "daemon_user = \"no-such-user\""),
        );
        assert_ne!(status, 0);
        assert!(told.contains("no-such-user"), "{told}");
    }
}

#[test]
fn a_configuration_that_the_daemon_could_change_is_refused() {
    let daemon = Daemon::prepare(25, "");
    let config = daemon.config().display().to_string();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(&config, mode).unwrap();
    let (status, _, told) = daemon.run(&["-n", "-c", &config]);
    assert_eq!(status, 78, "{told}");
    assert!(told.contains(&config) && told.contains("writ"), "{told}");
}

#[test]
fn status_reload_and_stop_say_when_nothing_runs() {
    let daemon = Daemon::prepare(25, "");
    let state = daemon.path("state").display().to_string();
    for command in ["status", "reload", "stop"] {
        let (status, _, told) = daemon.run(&[command, "--state-dir", &state]);
        assert_eq!(status, 69, "{told}");
        assert_eq!(
            told,
            format!("filterd: no filterd is running: {state}/scoreboard does not exist\n")
        );
    }
    // A scoreboard that a crash left behind.
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "");
    let state = daemon.path("state").display().to_string();
    let pid = daemon.pid();
    daemon.kill_master();
    let (status, _, told) = daemon.run(&["status", "--state-dir", &state]);
    assert_eq!(status, 69, "{told}");
    assert!(
        told.contains(&format!(
            "process {pid}, which {state}/scoreboard names, is gone"
        )),
        "{told}"
    );
}

#[test]
fn status_reload_and_stop_reach_the_running_daemon() {
    let hop = NextHop::start();
    let mut daemon = Daemon::start(hop.port(), "max_servers = 2\n");
    let state = daemon.path("state").display().to_string();
    let mut client = Client::hello(daemon.address());
    client.say("XFORWARD IDENT=4433C9D2139");
    client.say("MAIL FROM:<a@example.com>");
    let (status, told, _) = daemon.run(&["status", "--state-dir", &state]);
    assert_eq!(status, 0);
    for want in [
        format!("filterd *, process {}, up *", daemon.pid()),
        format!("listening on * {}", daemon.address()),
        "children * 2 of 2: 1 busy, 1 idle".to_owned(),
        "*waiting*4433C9D2139*".to_owned(),
    ] {
        assert!(
            told.lines().any(|line| fits(&want, line.trim_end())),
            "{want} in\n{told}"
        );
    }
    let (status, _, told) = daemon.run(&["reload", "--state-dir", &state]);
    assert_eq!((status, told.as_str()), (0, ""));
    assert_eq!(daemon.status()["generation"], 2);
    let good = fs::read_to_string(daemon.config()).unwrap();
    fs::write(daemon.config(), "nonsense = 1\n").unwrap();
    let (status, _, told) = daemon.run(&["reload", "--state-dir", &state]);
    assert_eq!(status, 69, "{told}");
    assert!(
        told.contains("rejected the configuration and goes on with the old one"),
        "{told}"
    );
    fs::write(daemon.config(), good).unwrap();
    let (status, _, told) = daemon.run(&["stop", "--state-dir", &state]);
    assert_eq!((status, told.as_str()), (0, ""));
    assert_eq!(daemon.wait_for_end(), 0);
}

/// Writes an amavisd.conf for a daemon of the test's own; gives its path.
fn original_config(daemon: &Daemon, next_hop: u16) -> String {
    let path = daemon.path("amavisd.conf").display().to_string();
    let folder = daemon.folder.path().display().to_string();
    let user = if is_root() {
        "$daemon_user = 'nobody'; $daemon_group = 'nogroup';\n"
    } else {
        ""
    };
    let text = format!(
        "use strict;\n{user}$MYHOME = '{folder}/home';\n$TEMPBASE = '{folder}/tmp';\n$state_dir = '{folder}/state';\n\
         $pid_file = '{folder}/home/amavisd.pid';\n$myhostname = 'filter.example.com';\n$max_servers = 2;\n\
         $inet_socket_port = 0; $inet_socket_bind = '127.0.0.1';\n\
         $do_syslog = 0; $LOGFILE = '{folder}/home/amavis.log';\n\
         $forward_method = 'smtp:[127.0.0.1]:{next_hop}';\n$notify_method = $forward_method;\n1;\n"
    );
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn amavisd_controls_the_daemon_in_the_words_of_the_original() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "");
    let path = original_config(&daemon, hop.port());
    let amavisd = |arguments: &[&str]| {
        let all = [&["-c", &path, UNGUARDED[0], UNGUARDED[1]], arguments].concat();
        run(env!("CARGO_BIN_EXE_amavisd"), &all)
    };
    let pid_file = daemon.path("home/amavisd.pid");
    let (status, _, told) = amavisd(&["stop"]);
    assert_eq!(status, 1);
    assert_eq!(
        told,
        format!(
            "The amavisd daemon is apparently not running, no PID file {}\n",
            pid_file.display()
        )
    );
    let (status, out, told) = amavisd(&["start"]);
    assert_eq!((status, out.as_str(), told.as_str()), (0, "", ""));
    let pid: u32 = fs::read_to_string(&pid_file)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    daemon.watch_master(pid);
    let (status, _, told) = amavisd(&[]);
    assert_eq!(status, 1);
    assert_eq!(
        told,
        format!("The amavisd daemon is already running, PID: [{pid}]\n")
    );
    let address = daemon.address();
    let mut client = Client::hello(address);
    let message = "From: a@b\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\n";
    let reply = client.deliver("a@example.com", &["b@example.net"], message);
    assert!(reply.starts_with("250 2.6.0"));
    client.say("QUIT");
    let (status, _, told) = amavisd(&["reload"]);
    assert_eq!(status, 0, "{told}");
    let (status, told, more) = amavisd(&["stop"]);
    let told = format!("{told}{more}");
    assert_eq!(status, 0, "{told}");
    assert!(
        told.contains(&format!("Daemon [{pid}] terminated by SIGTERM")),
        "{told}"
    );
    assert!(Client::try_dial(address).is_err());
    let log = fs::read_to_string(daemon.path("home/amavis.log")).unwrap();
    assert!(log.contains("Passed CLEAN {RelayedOpenRelay}"), "{log}");
    daemon.forget_master();
    assert_eq!(
        amavisd(&["-V"]),
        (1, "amavis-2.13.0 (20230106)\n".to_owned(), String::new())
    );
    assert_eq!(amavisd(&["frobnicate"]).0, 1);
}

#[test]
fn check_config_warns_where_postfix_does_not_fit() {
    let daemon = Daemon::prepare(
        10025,
        "max_servers = 2\nlisten_sockets = [\"127.0.0.1:10024\"]\n",
    );
    let postfix = daemon.path("postfix");
    fs::create_dir(&postfix).unwrap();
    let main = "content_filter = amavisfeed:[127.0.0.1]:10024\n";
    let warnings = |main: &str, maxproc: &str| {
        fs::write(postfix.join("main.cf"), main).unwrap();
        let master = format!(
            "amavisfeed unix - - n - {maxproc} lmtp\n  -o lmtp_data_done_timeout=1200\n  -o lmtp_send_xforward_command=yes\n\
             127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n"
        );
        fs::write(postfix.join("master.cf"), master).unwrap();
        let (status, told, _) = daemon.run(&[
            "check-config",
            "-c",
            &daemon.config().display().to_string(),
            UNGUARDED[0],
            UNGUARDED[1],
            "--postfix",
            &postfix.display().to_string(),
        ]);
        assert_eq!(status, 0, "{told}");
        told.lines()
            .filter(|line| line.starts_with("warning:"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings(main, "2"), Vec::<String>::new());
    let told = warnings(main, "10").join("\n");
    assert!(
        told.contains("may open 10 sessions to 2 children (maxproc 10"),
        "{told}"
    );
    let told = warnings(
        &format!("{main}amavisfeed_destination_concurrency_limit = 7\n"),
        "2",
    )
    .join("\n");
    assert!(told.contains("concurrency") && told.contains('7'), "{told}");
}

#[test]
fn scanners_that_nobody_needs_are_not_missed() {
    let scanner =
        "av_scanners = [{ name = \"ClamAV\", protocol = \"clamd\", socket = \"127.0.0.1:1\" }]\n";
    let check = |more: &str| {
        let daemon = Daemon::prepare(25, &format!("{scanner}{more}"));
        let config = daemon.config().display().to_string();
        let (_, told, _) = daemon.run(&["check-config", "--json", "-c", &config]);
        serde_json::from_str::<serde_json::Value>(&told)
            .unwrap_or_else(|error| panic!("{error}: {told}"))
    };
    let lists = |found: &serde_json::Value, list: &str, what: &str| {
        let list = found[list].as_array().unwrap();
        list.iter()
            .any(|line| line.as_str().unwrap().contains(what))
    };
    let asked = check("");
    assert!(lists(&asked, "warnings", "scanner ClamAV: "), "{asked}");
    let idle = check("bypass_virus_checks_maps = [1]\n");
    assert!(!lists(&idle, "warnings", "ClamAV"), "{idle}");
    assert!(
        lists(&idle, "notes", "virus scanners are not asked: "),
        "{idle}"
    );
    assert!(
        lists(&idle, "notes", "virus scanner ClamAV does not answer"),
        "{idle}"
    );
    // One who is not bypassed is enough for it to be missed.
    let some = check("bypass_virus_checks_maps = [{ \"a@example.net\" = 0 }, 1]\n");
    assert!(lists(&some, "warnings", "scanner ClamAV: "), "{some}");
}
