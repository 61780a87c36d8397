//! A running daemon, of either program, from the same text of configuration.

use std::{
    fs,
    net::TcpStream,
    os::unix::{fs::chown, process::CommandExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    program::Program,
    support::{
        PATIENCE,
        daemon::{run, send_signal},
        is_root,
        port::free_port,
        wait_for,
    },
};

/// Whom daemons drop to.
const USER: &str = "nobody";
pub const USER_ID: u32 = 65534;

/// See the module's text.
#[derive(Debug)]
pub struct Subject {
    pub program: Program,
    pub port: u16,
    host: String,
    folder: TempDir,
    child: Option<Child>,
}

impl Subject {
    /// Starts one in the foreground and waits until it answers. `options` is added to its configuration.
    pub fn start(program: Program, host: &str, hop: u16, options: &str) -> Self {
        let mut subject = Self::prepare(program, host, hop, options);
        subject.launch(&[]);
        subject
    }

    /// Everything but the start.
    pub fn prepare(program: Program, host: &str, hop: u16, options: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("compliance-")
            .tempdir()
            .unwrap();
        let subject = Self {
            program,
            port: free_port(),
            host: host.to_owned(),
            folder,
            child: None,
        };
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(subject.folder.path(), mode).unwrap();
        for name in ["home", "home/tmp", "home/db", "home/virusmails"] {
            fs::create_dir(subject.path(name)).unwrap();
            if is_root() {
                chown(subject.path(name), Some(USER_ID), Some(USER_ID)).unwrap();
            }
        }
        subject.configure(hop, options);
        subject
    }

    /// Writes the configuration. Everything that looks into a message is switched off.
    pub fn configure(&self, hop: u16, options: &str) {
        let home = self.path("home").display().to_string();
        let user = if is_root() {
            format!("$daemon_user = '{USER}';")
        } else {
            String::new()
        };
        let (host, port, hop) = (&self.host, self.port, format!("smtp:[127.0.0.1]:{hop}"));
        let options = options.replace("{port}", &port.to_string());
        let text = format!(
            "$MYHOME = '{home}';\n$TEMPBASE = \"$MYHOME/tmp\";\n$db_home = \"$MYHOME/db\";\n$helpers_home = $MYHOME;\n\
             $QUARANTINEDIR = \"$MYHOME/virusmails\";\n{user}\n$mydomain = 'example.net';\n$myhostname = 'filter.example.com';\n\
             @local_domains_maps = (['.example.net']);\n@mynetworks = qw(127.0.0.0/8);\n$max_servers = 2;\n\
             $unix_socketname = undef;\n$inet_socket_bind = '{host}';\n$inet_socket_port = {port};\n\
             $forward_method = '{hop}';\n$notify_method = $forward_method;\n\
             $enable_db = 0;\n$enable_zmq = 0;\n$enable_dkim_verification = 0;\n$enable_dkim_signing = 0;\n\
             $do_syslog = 0;\n$logfile = \"$MYHOME/amavis.log\";\n$log_level = 1;\n$log_recip_templ = undef;\n\
             @bypass_virus_checks_maps = (1);\n@bypass_banned_checks_maps = (1);\n@bypass_header_checks_maps = (1);\n\
             @bypass_spam_checks_maps = (1);\n$bypass_decode_parts = 1;\n@av_scanners = ();\n@av_scanners_backup = ();\n\
             # Known to filterd alone.\n$reply_form = '2.13';\n{options}\n1;\n"
        );
        fs::write(self.config(), text).unwrap();
    }

    /// Starts it in the foreground, with more arguments, and waits until it answers.
    pub fn launch(&mut self, arguments: &[&str]) {
        let out = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("out"))
            .unwrap();
        let mut command = Command::new(self.program.path());
        command
            .arg("-c")
            .arg(self.config())
            .args(self.usual_arguments())
            .args(arguments)
            .arg("foreground");
        command.env_remove("NOTIFY_SOCKET").env_remove("MAINPID");
        // A group of its own: a terminal's Ctrl-C is for the tests, which then stop it.
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        self.child = Some(command.spawn().unwrap());
        wait_for("the daemon to answer", || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", self.story());
            }
            TcpStream::connect(self.address()).ok().map(drop)
        });
    }

    /// Runs the program to its end, with the usual arguments before its own. The status, and what it said on both streams.
    pub fn command(&self, arguments: &[&str]) -> (i32, String) {
        let usual = self.usual_arguments();
        let (status, out, err) = run(self.program.path(), &[usual, arguments].concat());
        let mut said = out + &err;
        if !usual.is_empty() {
            // The original says of each -X that it knows what it does.
            said = said
                .split_inclusive('\n')
                .filter(|line| !line.starts_with("I know what I'm doing: "))
                .collect();
        }
        (status, said)
    }

    /// Root owns the configuration if we are root; else nobody could have made it safe.
    pub fn usual_arguments(&self) -> &'static [&'static str] {
        if is_root() {
            &[]
        } else {
            &["-X", "no_conf_file_writable_check"]
        }
    }

    /// Where it listens.
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("amavisd.conf")
    }

    /// All that was logged.
    pub fn log(&self) -> String {
        let octets = fs::read(self.path("home/amavis.log")).unwrap_or_default();
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// What there is to know when something went wrong.
    pub fn story(&self) -> String {
        let out = fs::read_to_string(self.path("out")).unwrap_or_default();
        format!("{out}--- its log\n{}", self.log())
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn signal(&self, signal: &str) {
        send_signal(self.pid(), signal);
    }

    /// The exit status, once it has ended; -1 if by a signal.
    pub fn wait_for_end(&mut self) -> i32 {
        let status = wait_for("the daemon to end", || {
            self.child.as_mut().unwrap().try_wait().unwrap()
        });
        end_group(self.child.take().unwrap().id());
        status.code().unwrap_or(-1)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        send_signal(child.id(), "TERM");
        let begin = std::time::Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begin.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        end_group(child.id());
    }
}

/// Ends children that outlived their master: the original forgets those it is just about to start.
fn end_group(leader: u32) {
    let group = format!("-{leader}");
    let mut kill = Command::new("kill");
    kill.args(["-KILL", "--", &group]).stderr(Stdio::null());
    kill.status().unwrap();
}
