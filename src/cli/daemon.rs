//! Starting a master, in the foreground or in the background.

use std::{
    ffi::{CString, OsString},
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::ffi::OsStringExt},
    path::PathBuf,
};

use super::{exit, print, wiring::HOOKS};
use crate::{
    config::{files::Sources, settled::Config},
    supervisor::{
        Ended, Master, StartContext,
        start::{StartError, Started},
        upgrade,
    },
    sys::{fd, process, process::Fork, service, title},
};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Stay in the foreground.
    pub(super) foreground: bool,
    /// The log goes to standard error.
    pub(super) logs_to_standard_error: bool,
    /// Name for titles.
    pub(super) name: String,
    /// Who says what went wrong.
    pub(super) program: Program,
    /// Arguments with which the same program checks the same configuration.
    pub(super) check_arguments: Vec<OsString>,
}

/// Which program speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Program {
    /// In our own words.
    Filterd,
    /// In those of the original (daemon.md 1.1).
    Amavisd,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Filterd => "filterd",
            Self::Amavisd => "amavisd",
        }
    }

    fn words(self, error: &StartError) -> String {
        match (self, error) {
            (Self::Amavisd, StartError::AlreadyRunning(text)) => text.clone(),
            (Self::Amavisd, StartError::Folder(text)) => {
                format!("TROUBLE in pre_loop_hook: {text}")
            }
            _ => format!("{}: {error}", self.name()),
        }
    }
}

/// How a start failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The daemon cannot start.
    Start(StartError),
    /// The kernel refused something.
    System(io::Error),
    /// Told by the process in the background: its exit status, and that it has printed its reason.
    Told(u8),
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl Failure {
    /// Prints the reason in the program's words and gives the exit status of `filterd`.
    pub(super) fn report(&self, program: Program) -> u8 {
        match self {
            Self::Start(error) => {
                print::error(&program.words(error));
                exit::of_start_error(error)
            }
            Self::System(error) => {
                print::error(&format!("{}: {error}", program.name()));
                exit::OS
            }
            Self::Told(status) => *status,
        }
    }
}

/// Starts a master with `config`, which came from `sources`, and runs it to its end. For a daemon, the process that was started
/// comes back as soon as the daemon is ready.
pub(super) fn run(sources: Sources, config: Config, wish: Wish) -> Result<(), Failure> {
    fd::reserve_standard_streams()?;
    title::prepare();
    let folder = std::env::current_dir().unwrap_or_else(|_| "/".into());
    process::set_umask(0o027);
    let inherited = service::inherited();
    let is_upgrade = inherited
        .iter()
        .any(|item| item.name == upgrade::LIFELINE_READ);
    let detached = if wish.foreground || is_upgrade || !config.process.daemonize {
        None
    } else {
        if logs_nowhere(&config) {
            let what =
                "neither $do_syslog nor $logfile is set: in the background, the log goes nowhere";
            print::error(&format!("{}: warning: {what}", wish.name));
        }
        match detach()? {
            Detached::Starter(status) => {
                return if status == exit::OK {
                    Ok(())
                } else {
                    Err(Failure::Told(status))
                };
            }
            Detached::Daemon(report) => Some(report),
        }
    };
    let is_foreground = wish.foreground || !config.process.daemonize;
    if !is_foreground {
        // No file system is kept busy; a program that took another's place comes from where that one was started.
        std::env::set_current_dir("/")?;
    }
    let program = wish.program;
    let started = started(sources, config, wish, is_foreground, inherited, folder)?;
    let name = started.context.name.clone();
    let prepared = started
        .bind(&HOOKS)
        .and_then(|bound| bound.drop_privileges(&HOOKS));
    let unprivileged = match (prepared, &detached) {
        (Ok(unprivileged), _) => unprivileged,
        (Err(error), Some(report)) => {
            let failure = Failure::Start(error);
            let status = failure.report(program);
            report.send(status);
            return Err(Failure::Told(status));
        }
        (Err(error), None) => return Err(error.into()),
    };
    let master = Master::new(unprivileged, HOOKS)?;
    if let Some(report) = detached {
        report.send(exit::OK);
        fd::detach_standard_streams()?;
    }
    title::set(&format!("{name} (master)"));
    match master.run()? {
        Ended::Stopped => Ok(()),
    }
}

/// True if the log goes to standard error, which a process in the background does not have.
const fn logs_nowhere(config: &Config) -> bool {
    !config.log.to_syslog && config.log.file.is_none()
}

fn started(
    sources: Sources,
    config: Config,
    wish: Wish,
    is_foreground: bool,
    inherited: Vec<service::Inherited>,
    folder: PathBuf,
) -> Result<Started, Failure> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let arguments: Result<Vec<CString>, _> = std::env::args_os()
        .map(|argument| CString::new(argument.into_vec()))
        .collect();
    let context = StartContext {
        program: process::program()?,
        arguments: arguments.map_err(io::Error::from)?,
        folder,
        check_arguments: wish.check_arguments,
        name: wish.name,
        is_foreground,
        logs_to_standard_error: wish.logs_to_standard_error,
    };
    Ok(Started {
        context,
        sources,
        config,
        inherited,
        children: variable(upgrade::CHILDREN),
        generation: variable(upgrade::GENERATION),
    })
}

/// Which of the two processes this is.
enum Detached {
    /// The one that was started; the other one has said this.
    Starter(u8),
    /// The one in the background.
    Daemon(Report),
}

/// The background process's line to the one that was started.
struct Report(OwnedFd);

impl Report {
    fn send(&self, status: u8) {
        if let Ok(copy) = self.0.try_clone() {
            // If nobody listens any more, nobody has to be told.
            drop(std::fs::File::from(copy).write_all(&[status]));
        }
    }
}

/// Goes into the background: a new session.
fn detach() -> io::Result<Detached> {
    let (read, write) = fd::pipe()?;
    match process::fork()? {
        Fork::Parent(_) => {
            drop(write);
            let mut status = [exit::SOFTWARE];
            // Without a word, the other one has died.
            drop(std::fs::File::from(read).read_exact(&mut status));
            let [status] = status;
            Ok(Detached::Starter(status))
        }
        Fork::Child => {
            drop(read);
            process::become_session_leader()?;
            Ok(Detached::Daemon(Report(write)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{error::Place, raw::RawConfig, resolve::resolve, value::Value};

    #[test]
    fn a_log_needs_a_place_in_the_background() {
        let nowhere = |name: &str, value: &str| {
            let mut raw = RawConfig::default();
            raw.set(name, Value::text(value), Place::default()).unwrap();
            logs_nowhere(&resolve(&raw).unwrap())
        };
        assert!(nowhere("$log_level", "5"));
        assert!(nowhere("$do_syslog", "0"));
        assert!(!nowhere("$do_syslog", "1"));
        assert!(!nowhere("$logfile", "/var/log/filterd.log"));
    }
}
