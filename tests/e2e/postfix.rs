//! A Postfix of the test's own.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::support::{is_root, wait_for};

/// Longest that the queue may take to become empty.
const DRAIN: Duration = Duration::from_secs(90);

/// True if the tests can run; otherwise it says why not.
pub fn is_possible() -> bool {
    let what = if !is_root() {
        "the tests behind Postfix need root"
    } else if !Path::new("/usr/sbin/postfix").exists() {
        "postfix is not installed"
    } else {
        return true;
    };
    println!("skipped: {what}");
    false
}

/// A running Postfix; it is stopped and removed with this value.
#[derive(Debug)]
pub struct Postfix {
    folder: TempDir,
}

/// Services that every Postfix needs.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// Starts one with `main` added to a plain main.cf and `services` to master.cf; `{folder}` in them is its folder.
    pub fn start(main: &str, services: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("filterd-postfix-")
            .tempdir()
            .unwrap();
        let postfix = Self { folder };
        postfix.make_folders();
        let folder = postfix.path("").display().to_string();
        let folder = folder.trim_end_matches('/');
        let mut text = PLAIN_MAIN.replace("{folder}", folder);
        writeln!(text, "{}", main.replace("{folder}", folder)).unwrap();
        fs::write(postfix.path("main.cf"), text).unwrap();
        let services = services.replace("{folder}", folder);
        fs::write(postfix.path("master.cf"), format!("{SERVICES}{services}\n")).unwrap();
        postfix
    }

    fn make_folders(&self) {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(self.folder.path(), mode).unwrap();
        for name in ["queue", "data"] {
            fs::create_dir(self.path(name)).unwrap();
        }
        run(
            "chown",
            &["postfix", &self.path("data").display().to_string()],
        );
        fs::copy("/etc/postfix/postfix-files", self.path("postfix-files")).unwrap();
        fs::write(self.path("dynamicmaps.cf"), "").unwrap();
        for name in ["postfix-files.d", "dynamicmaps.cf.d"] {
            fs::create_dir(self.path(name)).unwrap();
        }
    }

    /// Starts it, and waits until each of `ports` answers.
    pub fn launch(&self, addresses: &[&str]) {
        self.control("start");
        for address in addresses {
            wait_for(&format!("Postfix on {address}:\n{}", self.log()), || {
                std::net::TcpStream::connect(address).ok()
            });
        }
    }

    /// `postfix COMMAND`.
    pub fn control(&self, command: &str) {
        let output = Command::new("/usr/sbin/postfix")
            .args(["-c", &self.path("").display().to_string(), command])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "postfix {command}: {output:?}\n{}",
            self.log()
        );
    }

    /// Makes a table of `text` that the configuration calls `hash:{folder}/NAME`.
    pub fn table(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        let folder = self.path("").display().to_string();
        let file = format!("hash:{}", self.path(name).display());
        run("/usr/sbin/postmap", &["-c", &folder, &file]);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The mail log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The first line of the log that holds all of `parts`.
    pub fn wait_for_log(&self, parts: &[&str]) -> String {
        wait_for(&format!("{parts:?} in\n{}", self.log()), || {
            let log = self.log();
            let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
            log.lines().find(fits).map(str::to_owned)
        })
    }

    /// Has everything in the queue tried again until nothing is left.
    pub fn drain(&self) {
        let begin = Instant::now();
        let folder = self.path("").display().to_string();
        loop {
            let output = Command::new("/usr/sbin/postqueue")
                .args(["-c", &folder, "-p"])
                .output()
                .unwrap();
            let listing = String::from_utf8_lossy(&output.stdout).into_owned();
            if listing.contains("Mail queue is empty") {
                return;
            }
            assert!(
                begin.elapsed() < DRAIN,
                "the queue does not become empty:\n{listing}\n{}",
                self.log()
            );
            // What failed has made its destination wait; flushing lets it be tried at once.
            if listing
                .lines()
                .any(|line| line.starts_with('(') || line.contains("(connect"))
                || begin.elapsed().as_secs() % 3 == 2
            {
                run("/usr/sbin/postqueue", &["-c", &folder, "-f"]);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of Postfix:\n{}", self.log());
        }
        let folder = self.path("").display().to_string();
        let stopped = Command::new("/usr/sbin/postfix")
            .args(["-c", &folder, "stop"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        drop(stopped);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}

/// Loopback only, no DNS, mail for example.net and example.com goes to the sink; what is tried again is tried soon.
const PLAIN_MAIN: &str = "\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
meta_directory = {folder}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
myhostname = mail.example.org
myorigin = example.net
mydestination =
relay_domains = example.net, example.com
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtp_tls_security_level = none
smtpd_tls_security_level = none
queue_run_delay = 2s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 2s
";
