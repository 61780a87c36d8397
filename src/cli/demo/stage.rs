//! What the demonstration runs on: folders, a configuration, the next hop's process and the master's.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    scoreboard::{Field, Scoreboard, Text},
    sys::{
        clock::Deadline,
        helper::{self, Endowment},
        process::{self, Send},
        random,
        user::{self, Identity},
        wait::pause,
    },
};

/// Whom the children become if root starts the demonstration.
const NOBODY: &str = "nobody";
/// Longest wait for the daemon to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that was started; ends with [`Stage::strike`].
#[derive(Debug)]
pub(super) struct Stage {
    /// Folders of the daemon.
    run: PathBuf,
    log: PathBuf,
    maildir: PathBuf,
    /// The folder is ours alone and goes with us.
    is_passing: bool,
    next_hop: Option<u32>,
    next_hop_at: SocketAddr,
    master: u32,
    listens_at: SocketAddr,
}

impl Stage {
    /// Sets everything up below `folder`; `next_hop` tells whether there is to be one.
    pub(super) fn set(folder: &Path, next_hop: bool) -> Result<Self, String> {
        let within = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| format!("{what}: {error}")
        };
        fs::create_dir_all(folder).map_err(within(&folder.display().to_string()))?;
        let folder = fs::canonicalize(folder).map_err(within(&folder.display().to_string()))?;
        let (run, is_passing) =
            daemon_folder(&folder).map_err(within("cannot make the daemon's folder"))?;
        let maildir = folder.join("Maildir");
        let log = folder.join("filterd.log");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(within("cannot listen on 127.0.0.1"))?;
        let next_hop_at = listener.local_addr().map_err(within("127.0.0.1"))?;
        let program = process::program().map_err(within("cannot find this program"))?;
        // Without a next hop, nobody listens on its port.
        let next_hop = if next_hop {
            let pid = start_next_hop(&program, listener.into(), &maildir)
                .map_err(within("cannot start the next hop"))?;
            Some(pid)
        } else {
            drop(listener);
            None
        };
        let config = run.join("filterd.toml");
        fs::write(&config, configuration(&run, next_hop_at))
            .map_err(within(&config.display().to_string()))?;
        let errors = File::create(&log).map_err(within(&log.display().to_string()))?;
        let master = start_master(&program, &config, errors.into())
            .map_err(within("cannot start the daemon"))?;
        let mut stage = Self {
            run,
            log,
            maildir,
            is_passing,
            next_hop,
            next_hop_at,
            master,
            listens_at: next_hop_at,
        };
        match stage.wait_until_ready() {
            Ok(()) => Ok(stage),
            Err(why) => {
                stage.strike();
                Err(why)
            }
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let (deadline, state) = (Deadline::after(PATIENCE), self.state_dir());
        loop {
            while let Ok(Some((pid, _))) = process::reap() {
                if pid == self.master {
                    let told = self.log_text();
                    return Err(format!("the daemon did not start:\n{}", told.trim_end()));
                }
            }
            if let Ok(board) = Scoreboard::open(&state)
                && board.get(Field::MasterPid) == u64::from(self.master)
                && let Ok(address) = board.text(Text::Listeners).parse()
            {
                self.listens_at = address;
                return Ok(());
            }
            if deadline.has_passed() {
                let told = self.log_text();
                return Err(format!("the daemon is not ready:\n{}", told.trim_end()));
            }
            pause(Duration::from_millis(2));
        }
    }

    /// Ends everything in order and removes what nobody needs any more.
    pub(super) fn strike(&mut self) {
        end(self.master);
        if let Some(pid) = self.next_hop.take() {
            end(pid);
        }
        if self.is_passing {
            // It lies in a folder for temporary files, and we have said nowhere that it stays.
            drop(fs::remove_dir_all(&self.run));
        }
    }

    /// Where the daemon listens.
    pub(super) const fn listens_at(&self) -> SocketAddr {
        self.listens_at
    }

    /// Where the next hop listens.
    pub(super) const fn next_hop_at(&self) -> SocketAddr {
        self.next_hop_at
    }

    /// The daemon's process id.
    pub(super) const fn master(&self) -> u32 {
        self.master
    }

    /// The next hop's Maildir.
    pub(super) fn maildir(&self) -> &Path {
        &self.maildir
    }

    /// The daemon's log file.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Everything that the daemon has logged.
    pub(super) fn log_text(&self) -> String {
        let octets = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Where the daemon's configuration is.
    pub(super) fn config(&self) -> PathBuf {
        self.run.join("filterd.toml")
    }

    /// Where it keeps mail that it holds back.
    pub(super) fn quarantine(&self) -> PathBuf {
        self.run.join("quarantine")
    }

    /// The folder of the scoreboard.
    pub(super) fn state_dir(&self) -> PathBuf {
        self.run.join("state")
    }
}

/// The daemon's folders: below `folder`, or where nobody can reach it if we are root; then they are ours alone.
fn daemon_folder(folder: &Path) -> io::Result<(PathBuf, bool)> {
    let is_root = user::is_superuser();
    let run = if is_root {
        let mut seed = [0_u8; 8];
        random::fill(&mut seed)?;
        let name = format!("filterd-demo-{}", data_encoding::HEXLOWER.encode(&seed));
        // A name that nobody can guess, and which must not be there.
        let run = std::env::temp_dir().join(name);
        fs::create_dir(&run)?;
        run
    } else {
        let run = folder.join("run");
        fs::create_dir_all(&run)?;
        run
    };
    open_to_all(&run)?;
    for name in ["home", "tmp", "state", "quarantine"] {
        let path = run.join(name);
        fs::create_dir_all(&path)?;
        if is_root {
            Identity::look_up(NOBODY, &[])?.own(&path)?;
        }
    }
    Ok((run, is_root))
}

fn open_to_all(path: &Path) -> io::Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(path, mode)
}

/// What an administrator would write, but for the folders and ports.
fn configuration(run: &Path, next_hop: SocketAddr) -> String {
    let run = run.display();
    let user = if user::is_superuser() {
        format!("daemon_user = \"{NOBODY}\"\n")
    } else {
        String::new()
    };
    format!(
        "# The demonstration's configuration: see filterd.toml(5).\n\
         {user}myhome = '{run}/home'\ntempbase = '{run}/tmp'\nstate_dir = '{run}/state'\n\
         myhostname = \"demo.filterd.example\"\nlocal_domains_acl = [\".example.net\"]\n\n\
         max_servers = 2\nmax_requests = 20\nchild_timeout = 10\nstop_grace = 5\nlog_level = 1\n\n\
         # What is found, kept and told.\n\
         test_patterns = \"on\"\nbanned_filename_re = {{ patterns = ['\\.(exe|com|pif|scr)$', '^\\.exe$'] }}\n\
         quarantinedir = '{run}/quarantine'\nvirus_admin = \"admin@example.net\"\nspam_admin = \"admin@example.net\"\n\
         sa_tag_level_deflt = 2\nsa_tag2_level_deflt = 6.2\nsa_kill_level_deflt = 6.9\nsa_spam_subject_tag = \"***SPAM*** \"\n\n\
         listen_sockets = [\"127.0.0.1:0\"]\n\
         forward_method = \"smtp:[127.0.0.1]:{0}\"\nnotify_method = \"smtp:[127.0.0.1]:{0}\"\n",
        next_hop.port()
    )
}

fn start_next_hop(program: &Path, listener: OwnedFd, maildir: &Path) -> io::Result<u32> {
    let arguments: Vec<OsString> = vec!["demo-next-hop".into(), maildir.into()];
    let endowment = Endowment {
        input: Some(listener),
        ..Endowment::default()
    };
    helper::start(program, &arguments, &[], endowment)
}

fn start_master(program: &Path, config: &Path, errors: OwnedFd) -> io::Result<u32> {
    let arguments: Vec<OsString> = vec![
        "-n".into(),
        "-X".into(),
        "no_conf_file_writable_check".into(),
        "-c".into(),
        config.into(),
    ];
    let endowment = Endowment {
        error: Some(errors),
        ends_gently: true,
        ..Endowment::default()
    };
    helper::start(program, &arguments, &[], endowment)
}

fn end(pid: u32) {
    // One that is gone already needs no signal.
    drop(process::signal(pid, Send::Terminate));
    let deadline = Deadline::after(PATIENCE);
    while process::is_alive(pid) {
        while let Ok(Some(_)) = process::reap() {}
        if deadline.has_passed() {
            drop(process::signal_group(pid, Send::Kill));
            return;
        }
        pause(Duration::from_millis(2));
    }
}
