//! Debian's own programs on our AM.PDP socket: amavisd-milter between Postfix and filterd, and the original's `amavisd-release`.

use std::{
    fs,
    net::SocketAddr,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{
    postfix::{self, Postfix},
    support::{client::Client, daemon::Daemon, next_hop::NextHop, port::free_port, wait_for},
};

const HEAD: &str =
    "From: a@example.org\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: hello\r\n";

/// User and group of the daemon, when root runs the tests.
const NOBODY: u32 = 65_534;

/// Kills a program that the test has started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
}

/// A daemon with an AM.PDP socket, which keeps what is banned.
fn filter(next_hop: u16) -> Daemon {
    let mut daemon = Daemon::prepare(next_hop, "");
    let (vault, socket) = (daemon.path("vault"), daemon.path("home/amavisd.sock"));
    fs::create_dir(&vault).unwrap();
    open_to_all(&vault);
    daemon.configure(
        next_hop,
        &format!(
            "banned_filename_re = {{ patterns = ['\\.exe$'] }}\nquarantinedir = \"{}\"\nunix_socket_mode = \"0666\"\n\
             listen_sockets = [\"127.0.0.1:0\", \"{}\"]\ninterface_policy = {{ SOCK = \"AM.PDP-SOCK\" }}\nfinal_banned_destiny = \"D_REJECT\"\n\
             [policy.\"AM.PDP-SOCK\"]\nprotocol = \"AM.PDP\"\nauth_required_release = false\n",
            vault.display(),
            socket.display()
        ),
    );
    daemon.launch();
    daemon
}

fn banned() -> String {
    format!(
        "{HEAD}MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\n\r\nx\r\n"
    )
}

#[test]
#[allow(clippy::too_many_lines, reason = "one way, step by step")]
fn the_milter_of_debian_asks_us_and_postfix_does_as_we_say() {
    if !postfix::is_possible() {
        return;
    }
    if !Path::new("/usr/sbin/amavisd-milter").exists() {
        println!("skipped: amavisd-milter is not installed");
        return;
    }
    let (sink, entrance) = (NextHop::start(), free_port());
    let daemon = filter(sink.port());
    let milter_port = free_port();
    let work = daemon.path("tmp");
    // It wants a folder that is its own, and runs as the daemon does.
    fs::set_permissions(&work, PermissionsExt::from_mode(0o750)).unwrap();
    let milter = Command::new("/usr/sbin/amavisd-milter")
        .uid(NOBODY)
        .gid(NOBODY)
        .args(["-f", "-s", &format!("inet:{milter_port}@127.0.0.1")])
        .args([
            "-S",
            &daemon.path("home/amavisd.sock").display().to_string(),
        ])
        .args(["-w", &work.display().to_string()])
        .args(["-p", &daemon.path("home/milter.pid").display().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _milter = Running(milter);
    wait_for("amavisd-milter", || {
        std::net::TcpStream::connect(("127.0.0.1", milter_port)).ok()
    });
    let main = format!(
        "relay_transport = smtp:[127.0.0.1]:{}\nsmtpd_milters = inet:127.0.0.1:{milter_port}\nmilter_default_action = tempfail\n",
        sink.port()
    );
    let postfix = Postfix::start(
        &main,
        &format!("127.0.0.1:{entrance} inet n - n - - smtpd\n"),
    );
    let address = SocketAddr::from(([127, 0, 0, 1], entrance));
    postfix.launch(&[&address.to_string()]);
    let deliver = |message: &str| {
        Client::hello(address).deliver("a@example.org", &["b@example.net"], message)
    };
    let reply = deliver(&format!("{HEAD}\r\nclean\r\n"));
    assert!(
        reply.starts_with("250 "),
        "{reply}\n{}\n{}",
        postfix.log(),
        daemon.log()
    );
    wait_for("the clean message", || (sink.count() == 1).then_some(()));
    daemon.wait_for_log(
        "*Passed CLEAN {AcceptedInbound}, AM.PDP-SOCK*<a@example.org> -> <b@example.net>,*",
    );
    let reply = deliver(&banned());
    assert!(
        reply.starts_with("554 5.7.0 Reject, id=") || reply.starts_with("550 5.7.0 Reject"),
        "{reply}\n{}",
        daemon.log()
    );
    let reply = deliver(&format!("{HEAD}Subject: twice\r\n\r\nx\r\n"));
    assert!(reply.starts_with("250 "), "{reply}");
    let taken = wait_for("the message with the alert", || {
        let taken = sink.taken();
        (taken.len() == 2).then(|| taken[1].clone())
    });
    let content = String::from_utf8(taken.content).unwrap();
    assert!(
        content.contains(
            "X-Amavis-Alert: BAD HEADER SECTION, Duplicate header field: \"Subject\"\r\n"
        ) && content.contains("X-Quarantine-ID: <"),
        "{content}"
    );
    assert_eq!(
        fs::read_dir(&work).unwrap().count(),
        0,
        "nothing is left of a milter's folders"
    );
}

#[test]
fn the_originals_own_program_releases_from_our_quarantine() {
    let original = Path::new("/usr/sbin/amavisd-release");
    let is_perl = fs::read(original).is_ok_and(|text| text.starts_with(b"#!/usr/bin/perl"));
    if !is_perl {
        println!("skipped: the original's amavisd-release is not installed");
        return;
    }
    let sink = NextHop::start();
    let daemon = filter(sink.port());
    let reply =
        Client::hello(daemon.address()).deliver("a@example.org", &["b@example.net"], &banned());
    assert!(reply.starts_with("554 5.7.0"), "{reply}");
    let line = daemon.wait_for_log("*, quarantine: banned-*");
    let place = line.split_once(", quarantine: ").unwrap().1;
    let place = place.split(',').next().unwrap().to_owned();
    // The path of its socket is a constant in it.
    let socket = daemon.path("home/amavisd.sock").display().to_string();
    let text = fs::read_to_string(original).unwrap();
    assert!(text.contains("/var/lib/amavis/amavisd.sock"));
    let program = daemon.path("amavisd-release");
    fs::write(
        &program,
        text.replace("/var/lib/amavis/amavisd.sock", &socket),
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("perl")
            .arg("-T")
            .arg(&program)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = run(&[&place]);
    assert!(
        said.starts_with("250 2.0.0 from MTA(smtp:["),
        "{said}\n{}",
        daemon.log()
    );
    assert_eq!(sink.taken()[0].rcpts, ["RCPT TO:<b@example.net>"]);
    let said = run(&[&place, "d@example.net"]);
    assert!(said.starts_with("250 "), "{said}");
    assert_eq!(sink.taken()[1].rcpts, ["RCPT TO:<d@example.net>"]);
    let said = run(&["banned-AAAAAAAAAAAA"]);
    assert!(said.contains("554 5.5.0 ERROR: there is no copy"), "{said}");
    assert_eq!(sink.count(), 2);
}
