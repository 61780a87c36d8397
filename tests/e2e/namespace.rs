//! The guide's own addresses and ports, in a network of the test's own: 10024, 10025, and three addresses (3.2).

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    postfix::{self, Postfix},
    site::{Transport, transport},
    support::{client::Client, daemon::Daemon, next_hop::NextHop, wait_for},
};

/// Set in the process that runs inside.
const INSIDE: &str = "FILTERD_TEST_NAMESPACE";

#[test]
fn addresses_and_ports_of_the_guide() {
    if !postfix::is_possible() {
        return;
    }
    if std::env::var_os(INSIDE).is_some() {
        inside();
        return;
    }
    if !["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"]
        .iter()
        .any(|path| Path::new(path).exists())
    {
        println!("skipped: ip (package iproute2) is not installed");
        return;
    }
    let possible = Command::new("unshare").args(["--net", "true"]).status();
    if !possible.is_ok_and(|status| status.success()) {
        println!("skipped: a network namespace is not possible here");
        return;
    }
    let output = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "namespace::addresses_and_ports_of_the_guide",
            "--nocapture",
        ])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// The guide's master.cf of 3.2, word for word.
const SERVICES: &str = "\
192.0.34.166:25 inet n    -       n       -       -     smtpd
    -o content_filter=amavisfeed:[127.0.0.1]:10024
    -o receive_override_options=no_address_mappings

10.0.0.254:25   inet n    -       n       -       -     smtpd

127.0.0.1:10025 inet n    -       n       -       -     smtpd
    -o content_filter=
    -o smtpd_delay_reject=no
    -o smtpd_client_restrictions=permit_mynetworks,reject
    -o smtpd_helo_restrictions=
    -o smtpd_sender_restrictions=
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
    -o smtpd_data_restrictions=reject_unauth_pipelining
    -o smtpd_end_of_data_restrictions=
    -o smtpd_restriction_classes=
    -o mynetworks=127.0.0.0/8
    -o smtpd_error_sleep_time=0
    -o smtpd_soft_error_limit=1001
    -o smtpd_hard_error_limit=1000
    -o smtpd_client_connection_count_limit=0
    -o smtpd_client_connection_rate_limit=0
    -o receive_override_options=no_header_body_checks,no_unknown_recipient_checks,no_milters
    -o local_header_rewrite_clients=
";

/// The lines of amavisd.conf that the guide shows; folders and user are the test's own.
const AMAVISD_CONF: &str = "\
use strict;
$MYHOME = '{folder}/home';
$TEMPBASE = '{folder}/tmp';
$pid_file = '{folder}/state/amavisd.pid';
$lock_file = '{folder}/state/amavisd.lock';
$daemon_user = 'nobody';
$daemon_group = 'nogroup';
$mydomain = 'example.net';
$myhostname = 'filter.example.com';
@local_domains_maps = ( [\".$mydomain\"] );
$do_syslog = 0;
$inet_socket_port = 10024;
$forward_method = 'smtp:[127.0.0.1]:10025';
$notify_method  = 'smtp:[127.0.0.1]:10025';
$max_servers = 2;
$max_requests = 20;
$child_timeout = 8*60;
1;
";

fn inside() {
    for arguments in [
        "link set lo up",
        "address add 192.0.34.166/32 dev lo",
        "address add 10.0.0.254/32 dev lo",
    ] {
        let status = Command::new("ip").args(arguments.split(' ')).status();
        assert!(status.unwrap().success(), "ip {arguments}");
    }
    let sink = NextHop::start();
    let main = format!(
        "relay_transport = smtp:[127.0.0.1]:{}\ninet_interfaces = 127.0.0.1, 192.0.34.166, 10.0.0.254\n",
        sink.port()
    );
    let services = format!("{}\n{SERVICES}", transport(Transport::Lmtp, 2));
    let postfix = Postfix::start(&main, &services);
    let (wan, lan) = ("192.0.34.166:25", "10.0.0.254:25");
    postfix.launch(&[wan, lan, "127.0.0.1:10025"]);
    let filter = start_amavisd();
    for (address, subject) in [(wan, "from outside"), (lan, "from inside")] {
        let address: SocketAddr = address.parse().unwrap();
        let reply = Client::hello(address).deliver(
            "a@example.org",
            &["b@example.net"],
            &format!("Subject: {subject}\r\n\r\ntext\r\n"),
        );
        assert!(reply.starts_with("250 "), "{reply}");
    }
    let taken = wait_for("both messages", || {
        Some(sink.taken()).filter(|taken| taken.len() == 2)
    });
    for message in taken {
        let content = String::from_utf8(message.content)
            .unwrap()
            .replace("\r\n ", " ");
        let is_filtered = content.contains("(amavis, port 10024) with LMTP id ");
        assert_eq!(is_filtered, content.contains("from outside"), "{content}");
    }
    filter.wait_for_log("queued_as: ");
    postfix.wait_for_log(&["from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as "]);
}

fn start_amavisd() -> Daemon {
    let mut daemon = Daemon::prepare(10025, "");
    let folder = daemon.folder.path().display().to_string();
    let config = daemon.path("amavisd.conf");
    fs::write(&config, AMAVISD_CONF.replace("{folder}", &folder)).unwrap();
    let log = fs::File::create(daemon.path("log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_amavisd"))
        .arg("-c")
        .arg(config)
        .arg("foreground")
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    daemon.adopt_process(child);
    daemon.wait_for_log("ready, listening on 127.0.0.1:10024");
    daemon
}
