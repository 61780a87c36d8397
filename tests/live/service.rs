//! The service manager: readiness, reloads, status, watchdog, sockets that it opened; and the pid file.

use std::{
    fs,
    net::TcpListener,
    os::{fd::AsRawFd, unix::net::UnixDatagram},
    process::{Command, Stdio},
};

use crate::support::{PATIENCE, client::Client, daemon::Daemon, next_hop::NextHop, wait_for};

const MESSAGE: &str = "Subject: x\r\n\r\nHello.\r\n";

/// The service manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn new(daemon: &mut Daemon) -> Self {
        let path = daemon.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(&path, mode).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        daemon.set_environment("NOTIFY_SOCKET", &path.display().to_string());
        Self(socket)
    }

    /// The next notice that contains `what`.
    fn wait_for(&self, what: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let count = self
                .0
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("no {what}: {error}"));
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if text.contains(what) {
                return text;
            }
        }
    }
}

#[test]
fn the_service_manager_is_told_what_happens() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "max_servers = 2\n");
    let manager = Manager::new(&mut daemon);
    daemon.set_environment("WATCHDOG_USEC", "400000");
    daemon.launch();
    let ready = manager.wait_for("READY=1");
    assert!(
        ready.contains(&format!("MAINPID={}", daemon.pid())),
        "{ready}"
    );
    assert!(
        ready.contains("STATUS=Ready. 2 children: 0 busy, "),
        "{ready}"
    );
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    let _client = Client::hello(daemon.address());
    manager.wait_for("STATUS=2 children: 1 busy, 1 idle; generation 1");
    daemon.signal("HUP");
    let reloading = manager.wait_for("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert!(manager.wait_for("READY=1").contains("STATUS=Ready. "));
    fs::write(daemon.config(), "nonsense = 1\n").unwrap();
    daemon.signal("HUP");
    manager.wait_for("RELOADING=1");
    let failed = manager.wait_for("READY=1");
    assert!(
        failed.contains("STATUS=Reload failed: ") && failed.contains("nonsense"),
        "{failed}"
    );
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
}

#[test]
fn a_socket_of_the_service_manager_is_served_and_outlives_the_daemon() {
    let hop = NextHop::start();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut daemon = Daemon::prepare(hop.port(), &format!("listen_sockets = [\"{address}\"]\n"));
    let fd = socket.as_raw_fd();
    // The shell puts the descriptor where the protocol wants it, and knows its own number.
    let line = format!(
        "exec 3<&{fd}; export LISTEN_FDS=1 LISTEN_PID=$$; exec {} -n -X no_conf_file_writable_check -c {}",
        env!("CARGO_BIN_EXE_filterd"),
        daemon.config().display()
    );
    filterd_inherits(fd);
    let log = fs::File::create(daemon.path("log")).unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &line]).stdin(Stdio::null()).stderr(log);
    daemon.adopt_process(shell.spawn().unwrap());
    daemon.wait_for_log(&format!("ready, listening on {address}, 1 children"));
    let mut client = Client::hello(address);
    assert!(
        client
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250 2.6.0")
    );
    client.say("QUIT");
    // An upgrade keeps it, a reload as well.
    daemon.signal("USR2");
    daemon.wait_for_log("upgrade: executing *");
    wait_for("the new program", || {
        (daemon.log().matches("ready, listening on").count() == 2).then_some(())
    });
    daemon.signal("HUP");
    daemon.wait_for_log("reloaded, generation 3, *");
    assert!(
        Client::hello(address)
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
    assert_eq!(daemon.stop(), 0);
    // It is still open: who connects now waits for the next start.
    Client::try_dial(address).unwrap();
}

/// Lets a program that is started keep the descriptor.
fn filterd_inherits(fd: i32) {
    // Duplicates made by the standard library are close-on-exec; the flag is taken away for this one.
    let flags = nix::fcntl::FdFlag::empty();
    // SAFETY: the descriptor is open as long as the test holds the listener.
    #[allow(unsafe_code, reason = "a test that hands over a descriptor")]
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_SETFD(flags)).unwrap();
}

#[test]
fn a_daemon_keeps_a_locked_pid_file_and_a_second_one_does_not_start() {
    let hop = NextHop::start();
    let mut daemon = Daemon::prepare(hop.port(), "");
    let path = daemon.path("home/filterd.pid");
    let more = format!("pid_file = \"{}\"\n", path.display());
    daemon.configure(hop.port(), &more);
    // One that is left over from a crash, whose number another program has by now.
    fs::write(&path, format!("{}\n", std::process::id())).unwrap();
    daemon.launch();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{}\n", daemon.pid())
    );
    let config = daemon.config().display().to_string();
    let (status, _, told) = daemon.run(&["-n", "-X", "no_conf_file_writable_check", "-c", &config]);
    assert_eq!(status, 69, "{told}");
    assert!(
        told.contains(&format!("already running, PID: [{}]", daemon.pid())),
        "{told}"
    );
    assert!(
        Client::hello(daemon.address())
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
    // After an upgrade it is the same process, and still locked.
    daemon.signal("USR2");
    wait_for("the new program", || {
        (daemon.log().matches("ready, listening on").count() == 2).then_some(())
    });
    let (status, _, told) = daemon.run(&["-n", "-X", "no_conf_file_writable_check", "-c", &config]);
    assert_eq!(status, 69, "{told}");
    assert_eq!(daemon.stop(), 0);
    assert!(!path.exists() || fs::read_to_string(&path).unwrap().is_empty());
}

#[test]
fn an_upgrade_that_cannot_read_the_configuration_does_not_happen() {
    let hop = NextHop::start();
    let daemon = Daemon::start(hop.port(), "");
    let good = fs::read_to_string(daemon.config()).unwrap();
    fs::write(daemon.config(), "nonsense = 1\n").unwrap();
    daemon.signal("USR2");
    daemon.wait_for_log(
        "Rejecting upgrade: the new program's check of the configuration ended by exit status 78",
    );
    assert!(
        Client::hello(daemon.address())
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
    fs::write(daemon.config(), good).unwrap();
    let (children, pid) = (daemon.children(), daemon.pid());
    daemon.signal("USR2");
    daemon.wait_for_log("upgrade: executing *");
    wait_for("new children", || {
        Some(daemon.children()).filter(|now| *now != children && now.len() == 1)
    });
    assert_eq!(daemon.status()["master_pid"], pid);
    assert_eq!(daemon.status()["generation"], 2);
    assert!(
        Client::hello(daemon.address())
            .deliver("a@example.com", &["b@example.net"], MESSAGE)
            .starts_with("250")
    );
}
