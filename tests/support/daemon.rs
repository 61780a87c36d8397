//! A filterd of the test's own.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{PATIENCE, is_root, wait_for};

/// User and group that daemons drop to: nobody.
const NOBODY: u32 = 65534;

/// See the module's text.
#[derive(Debug)]
pub struct Daemon {
    pub folder: TempDir,
    child: Option<Child>,
    /// Process id of a master that went into the background.
    master: Option<u32>,
    faults: String,
    environment: Vec<(String, String)>,
    own_config: Option<PathBuf>,
}

impl Daemon {
    /// A daemon with one child, whose next hop is on `port`; `more` is added to its configuration (TOML).
    pub fn start(port: u16, more: &str) -> Self {
        let mut daemon = Self::prepare(port, more);
        daemon.launch();
        daemon
    }

    /// As [`Self::start`], with fault points (see `sys::fault`).
    pub fn start_with_faults(port: u16, more: &str, faults: &str) -> Self {
        let mut daemon = Self::prepare(port, more);
        faults.clone_into(&mut daemon.faults);
        daemon.launch();
        daemon
    }

    /// Everything but the start.
    pub fn prepare(port: u16, more: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("filterd-test-")
            .tempdir()
            .unwrap();
        let daemon = Self {
            folder,
            child: None,
            master: None,
            faults: String::new(),
            environment: Vec::new(),
            own_config: None,
        };
        for name in ["home", "tmp", "state"] {
            fs::create_dir(daemon.path(name)).unwrap();
        }
        daemon.give_away();
        daemon.configure(port, more);
        daemon
    }

    fn give_away(&self) {
        if is_root() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(self.folder.path(), mode).unwrap();
            for name in ["home", "tmp", "state"] {
                chown(self.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
    }

    /// Writes the configuration. Settings of `more` take the place of the usual ones.
    pub fn configure(&self, port: u16, more: &str) {
        let folder = self.folder.path().display();
        let mut lines: Vec<String> = vec![
            format!("myhome = \"{folder}/home\""),
            format!("tempbase = \"{folder}/tmp\""),
            format!("state_dir = \"{folder}/state\""),
            "myhostname = \"filter.example.com\"".to_owned(),
            "listen_sockets = [\"127.0.0.1:0\"]".to_owned(),
            format!("forward_method = \"smtp:[127.0.0.1]:{port}\""),
            format!("notify_method = \"smtp:[127.0.0.1]:{port}\""),
            "max_servers = 1".to_owned(),
            "local_domains_acl = [\".example.net\"]".to_owned(),
            "log_level = 1".to_owned(),
        ];
        if is_root() {
            lines.push("daemon_user = \"nobody\"".to_owned());
        }
        let name = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
        let set: Vec<String> = more
            .lines()
            .take_while(|line| !line.starts_with('['))
            .map(name)
            .collect();
        lines.retain(|line| !set.contains(&name(line)));
        fs::write(self.config(), format!("{}\n{more}\n", lines.join("\n"))).unwrap();
    }

    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The same, in place of what was set before.
    pub fn replace_environment(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.set_environment(name, value);
    }

    /// Starts it and waits until it is ready.
    pub fn launch(&mut self) {
        self.launch_without_waiting();
        wait_for("the daemon to be ready", || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("filterd ended with {status}:\n{}", self.log());
            }
            self.log().contains("ready, listening on").then_some(())
        });
    }

    pub fn launch_without_waiting(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_filterd"));
        command
            .args(["-n", "-X", "no_conf_file_writable_check", "-c"])
            .arg(self.config());
        command
            .env_remove("NOTIFY_SOCKET")
            .env("FILTERD_FAULTS", &self.faults);
        command.envs(self.environment.iter().cloned());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Takes a process that the test has started itself for the daemon.
    pub fn adopt_process(&mut self, child: Child) {
        self.child = Some(child);
    }

    /// Watches a master that somebody else has started in the background.
    pub fn watch_master(&mut self, pid: u32) {
        self.master = Some(pid);
    }

    /// The opposite.
    pub fn forget_master(&mut self) {
        self.master = None;
    }

    /// Starts it in the background, without a terminal; it logs where its configuration says.
    pub fn launch_as_daemon(&mut self) {
        let output = Command::new(env!("CARGO_BIN_EXE_filterd"))
            .args(["-X", "no_conf_file_writable_check", "-c"])
            .arg(self.config())
            .env_remove("NOTIFY_SOCKET")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let pid = self.status()["master_pid"].as_u64().unwrap();
        self.master = Some(u32::try_from(pid).unwrap());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        let own = self.own_config.clone();
        own.unwrap_or_else(|| self.path("filterd.toml"))
    }

    /// Another configuration than the one that was written by [`Self::configure`].
    pub fn use_config(&mut self, file: &Path) {
        self.own_config = Some(file.to_owned());
    }

    pub fn temp(&self) -> PathBuf {
        self.path("tmp")
    }

    /// All that was logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits for a line that fits `pattern`, in which `*` stands for any text.
    pub fn wait_for_log(&self, pattern: &str) -> String {
        let pattern = format!("*{pattern}*");
        wait_for(&format!("{pattern} in\n{}", self.log()), || {
            self.log()
                .lines()
                .find(|line| super::wildcard::fits(&pattern, line))
                .map(str::to_owned)
        })
    }

    /// Where it listens; the last ready line counts.
    pub fn address(&self) -> SocketAddr {
        self.addresses()[0]
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        let log = if self.master.is_some() {
            let listeners = self.status()["listeners"].clone();
            let names = listeners.as_array().unwrap().iter();
            let names: Vec<&str> = names.map(|name| name.as_str().unwrap()).collect();
            format!("ready, listening on {}", names.join(" "))
        } else {
            self.log()
        };
        let line = log
            .lines()
            .rev()
            .find_map(|line| line.split_once("ready, listening on "))
            .unwrap()
            .1;
        let sockets = line.split(',').next().unwrap();
        sockets
            .split(' ')
            .filter_map(|socket| socket.parse().ok())
            .collect()
    }

    pub fn pid(&self) -> u32 {
        self.master
            .unwrap_or_else(|| self.child.as_ref().unwrap().id())
    }

    pub fn signal(&self, signal: &str) {
        send_signal(self.pid(), signal);
    }

    /// `filterd status --json`.
    pub fn status(&self) -> serde_json::Value {
        let output = self.run(&[
            "status",
            "--json",
            "--state-dir",
            &self.path("state").display().to_string(),
        ]);
        serde_json::from_str(&output.1).unwrap_or_else(|error| panic!("{error} in {output:?}"))
    }

    /// Process ids of the children.
    pub fn children(&self) -> Vec<u32> {
        let status = self.status();
        status["children"]
            .as_array()
            .unwrap()
            .iter()
            .map(|child| u32::try_from(child["pid"].as_u64().unwrap()).unwrap())
            .collect()
    }

    /// Runs `filterd` with arguments; exit status, standard output, standard error.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(env!("CARGO_BIN_EXE_filterd"), arguments)
    }

    /// The exit status, once the daemon has ended.
    pub fn wait_for_end(&mut self) -> i32 {
        let status = wait_for("the daemon to end", || {
            self.child.as_mut().unwrap().try_wait().unwrap()
        });
        self.child = None;
        status.code().unwrap_or(-1)
    }

    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// TERM, and the exit status.
    pub fn stop(&mut self) -> i32 {
        self.signal("TERM");
        self.wait_for_end()
    }

    /// Kills the master alone.
    pub fn kill_master(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Working directories that are there now.
    pub fn work_dirs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.temp()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(master) = self.master {
            send_signal(master, "TERM");
            wait_for("the daemon to end", || {
                fs::metadata(format!("/proc/{master}"))
                    .is_err()
                    .then_some(())
            });
        }
        if let Some(mut child) = self.child.take() {
            send_signal(child.id(), "TERM");
            let begin = std::time::Instant::now();
            while child.try_wait().unwrap().is_none() {
                if begin.elapsed() > PATIENCE {
                    child.kill().unwrap();
                    child.wait().unwrap();
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        if std::thread::panicking() {
            eprintln!("--- log of the daemon:\n{}", self.log());
        }
    }
}

pub fn send_signal(pid: u32, signal: &str) {
    let status = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    status.unwrap();
}

pub fn run(program: impl AsRef<Path>, arguments: &[&str]) -> (i32, String, String) {
    run_with(program, arguments, &[])
}

/// As [`run`], with variables in its environment.
pub fn run_with(
    program: impl AsRef<Path>,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (i32, String, String) {
    let output = Command::new(program.as_ref())
        .args(arguments)
        .env_remove("MAINPID")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}
