//! The programs around the one that is measured: sender, sink, and the daemons.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::tree::Tree;

/// Whom daemons drop to.
const NOBODY: u32 = 65534;
const ORIGINAL: &str = "/usr/sbin/amavisd";

/// What is between sender and sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Nothing,
    Filterd,
    Original,
}

impl Target {
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Filterd, Self::Original];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "direct",
            Self::Filterd => "filterd",
            Self::Original => "amavisd-new",
        }
    }

    pub fn is_there(self) -> bool {
        self != Self::Original || Path::new(ORIGINAL).exists()
    }

    /// By how much fewer messages it gets, so that nobody waits for an hour.
    pub const fn slowness(self) -> usize {
        match self {
            Self::Nothing | Self::Filterd => 1,
            Self::Original => 10,
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Nothing | Self::Filterd => env!("CARGO_BIN_EXE_amavisd"),
            Self::Original => ORIGINAL,
        }
    }

    /// Starts it, with the same configuration whichever it is.
    pub fn start(self, sink: &Sink, children: usize) -> Daemon {
        let folder = tempfile::Builder::new()
            .prefix("filterd-bench-")
            .tempdir()
            .unwrap();
        if self == Self::Nothing {
            return Daemon {
                folder,
                child: None,
                port: sink.port,
                start_up: Duration::ZERO,
            };
        }
        let port = free_port();
        let config = prepare(&folder, port, sink.port, children);
        let begin = Instant::now();
        let mut command = Command::new(self.program());
        command.arg("-c").arg(config).arg("foreground");
        if !is_root() {
            command.args(["-X", "no_conf_file_writable_check"]);
        }
        let log = fs::File::create(folder.path().join("out")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let child = command.spawn().unwrap();
        let mut daemon = Daemon {
            folder,
            child: Some(child),
            port,
            start_up: Duration::ZERO,
        };
        daemon.start_up = daemon.wait_for_banner(begin);
        daemon
    }
}

/// One that runs.
#[derive(Debug)]
pub struct Daemon {
    folder: TempDir,
    child: Option<Child>,
    port: u16,
    start_up: Duration,
}

impl Daemon {
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From its start to its first banner.
    pub const fn start_up(&self) -> Duration {
        self.start_up
    }

    pub fn tree(&self) -> Tree {
        Tree {
            root: self.child.as_ref().map_or(0, Child::id),
        }
    }

    fn wait_for_banner(&mut self, begin: Instant) -> Duration {
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                let mut line = String::new();
                if BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220 ") {
                    return begin.elapsed();
                }
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            let told = || fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
            assert!(
                ended.is_none() && begin.elapsed() < Duration::from_secs(60),
                "it does not start: {ended:?}\n{}",
                told()
            );
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            stop(child);
        }
    }
}

/// Where everything ends: `smtp-sink`.
#[derive(Debug)]
pub struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(path_of("smtp-sink").unwrap());
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        command.arg(format!("127.0.0.1:{port}")).arg("200");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "smtp-sink does not start"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn stop(child: &mut Child) {
    let mut kill = Command::new("kill");
    kill.arg(child.id().to_string()).status().unwrap();
    child.wait().unwrap();
}

/// Sends `count` messages through `sessions` connections at a time; ends the program if one is refused.
pub fn send(port: u16, octets: usize, count: usize, sessions: usize, keeps_open: bool) {
    let mut command = Command::new(path_of("smtp-source").unwrap());
    if keeps_open {
        command.arg("-d");
    }
    let number = |number: usize| number.to_string();
    command.args([
        "-s",
        &number(sessions),
        "-l",
        &number(octets),
        "-m",
        &number(count),
    ]);
    command.args([
        "-f",
        "sender@example.org",
        "-t",
        "rcpt@example.net",
        "-M",
        "source.example.org",
    ]);
    let output = command.arg(format!("127.0.0.1:{port}")).output().unwrap();
    assert!(
        output.status.success(),
        "smtp-source: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn prepare(folder: &TempDir, port: u16, sink: u16, children: usize) -> PathBuf {
    let root = folder.path();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["home", "home/tmp", "home/db", "home/virusmails"] {
        fs::create_dir(root.join(name)).unwrap();
        if is_root() {
            chown(root.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let home = root.join("home").display().to_string();
    let user = if is_root() {
        "$daemon_user = 'nobody';"
    } else {
        ""
    };
    let text = format!(
        "$MYHOME = '{home}';\n$TEMPBASE = \"$MYHOME/tmp\";\n$db_home = \"$MYHOME/db\";\n$helpers_home = $MYHOME;\n\
         $QUARANTINEDIR = \"$MYHOME/virusmails\";\n{user}\n$mydomain = 'example.net';\n$myhostname = 'filter.example.com';\n\
         @local_domains_maps = (['.example.net']);\n$max_servers = {children};\n$max_requests = 20;\n$unix_socketname = undef;\n\
         $inet_socket_bind = '127.0.0.1';\n$inet_socket_port = {port};\n$forward_method = 'smtp:[127.0.0.1]:{sink}';\n\
         $notify_method = $forward_method;\n$enable_db = 0;\n$enable_zmq = 0;\n$enable_dkim_verification = 0;\n\
         $enable_dkim_signing = 0;\n$do_syslog = 0;\n$logfile = \"$MYHOME/amavis.log\";\n$log_recip_templ = undef;\n\
         @bypass_virus_checks_maps = (1);\n@bypass_banned_checks_maps = (1);\n@bypass_header_checks_maps = (1);\n\
         @bypass_spam_checks_maps = (1);\n$bypass_decode_parts = 1;\n@av_scanners = ();\n@av_scanners_backup = ();\n1;\n"
    );
    let path = root.join("amavisd.conf");
    fs::write(&path, text).unwrap();
    path
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub fn is_there(program: &str) -> bool {
    path_of(program).is_some()
}

fn path_of(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    folders
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
}
