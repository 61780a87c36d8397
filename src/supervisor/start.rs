//! From the command line to a master without privileges, step by step; each step is a type, so that none can be left out.
//!
//! [`Started`] knows what is wanted, [`Bound`] has opened everything that needs privileges, [`Unprivileged`] has dropped them
//! for good. Only the last one makes a master.
//!
//! # Guards
//! I4.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::Path,
    rc::Rc,
};

use thiserror::Error;

use super::{
    Hooks, StartContext,
    listeners::Listeners,
    pid_file::PidFile,
    upgrade::{self, Adopted},
};
use crate::{
    config::{
        files::Sources,
        settled::{self, Config},
    },
    log::Log,
    scoreboard::{Field, Scoreboard, Text},
    sys::{
        clock::{monotonic_ms, unix_seconds},
        fd::pipe,
        process,
        service::Inherited,
        user::{self, Identity},
    },
};

/// Why the daemon does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Something in the configuration, or in the system that it names.
    #[error("{0}")]
    Setup(String),
    /// A socket cannot be had.
    #[error("{0}")]
    Socket(String),
    /// A daemon runs already.
    #[error("{0}")]
    AlreadyRunning(String),
    /// Privileges are missing, or cannot be dropped.
    #[error("{0}")]
    Privileges(String),
    /// A folder that messages need.
    #[error("{0}")]
    Folder(String),
}

/// What is wanted.
#[derive(Debug)]
pub struct Started {
    /// How the program was started.
    pub context: StartContext,
    /// Where the configuration is.
    pub sources: Sources,
    /// The configuration.
    pub config: Config,
    /// Descriptors that came with the start.
    pub inherited: Vec<Inherited>,
    /// `FILTERD_CHILDREN`, after an upgrade.
    pub children: String,
    /// `FILTERD_GENERATION`, after an upgrade.
    pub generation: String,
}

/// Everything is open that needs privileges.
#[derive(Debug)]
pub struct Bound {
    parts: Parts,
}

/// Privileges are dropped.
#[derive(Debug)]
pub struct Unprivileged {
    parts: Parts,
}

/// What a master is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) context: StartContext,
    pub(super) sources: Sources,
    pub(super) config: Config,
    pub(super) log: Log,
    pub(super) identity: Option<Identity>,
    pub(super) scoreboard: Scoreboard,
    pub(super) scoreboard_file: File,
    pub(super) pid_file: Option<PidFile>,
    pub(super) listeners: Listeners,
    pub(super) lifeline: (Rc<OwnedFd>, Rc<OwnedFd>),
    pub(super) adopted: Vec<Adopted>,
    pub(super) generation: u64,
}

/// What a program before this one handed over.
#[derive(Debug, Default)]
struct Legacy {
    lifeline_read: Option<OwnedFd>,
    lifeline_write: Option<OwnedFd>,
    scoreboard: Option<OwnedFd>,
    pid_file: Option<OwnedFd>,
    sockets: Vec<Inherited>,
}

impl Legacy {
    fn sort(inherited: Vec<Inherited>) -> Self {
        let mut legacy = Self::default();
        for item in inherited {
            match item.name.as_str() {
                upgrade::LIFELINE_READ => legacy.lifeline_read = Some(item.descriptor),
                upgrade::LIFELINE_WRITE => legacy.lifeline_write = Some(item.descriptor),
                upgrade::SCOREBOARD => legacy.scoreboard = Some(item.descriptor),
                upgrade::PID_FILE => legacy.pid_file = Some(item.descriptor),
                _ => legacy.sockets.push(item),
            }
        }
        legacy
    }
}

impl Started {
    /// Opens pid file, sockets, scoreboard and log.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn bind(self, hooks: &Hooks) -> Result<Bound, StartError> {
        let identity = self.identity()?;
        let mut legacy = Legacy::sort(self.inherited);
        let process = &self.config.process;
        check_folder(&process.temp_base, "$TEMPBASE", identity.as_ref())?;
        check_folder(&process.state_dir, "$state_dir", identity.as_ref())?;
        let pid_file = open_pid_file(
            &self.config,
            self.context.is_foreground,
            legacy.pid_file.take(),
            identity.as_ref(),
        )?;
        let listeners = Listeners::bind(&self.config.listen, std::mem::take(&mut legacy.sockets))
            .map_err(StartError::Socket)?;
        own_sockets(&self.config, identity.as_ref())?;
        let (scoreboard, scoreboard_file, is_adopted) =
            open_scoreboard(&self.config, legacy.scoreboard.take(), identity.as_ref())?;
        let mut adopted = upgrade::adopted(&self.children);
        if !is_adopted {
            adopted.iter_mut().for_each(|child| child.slot = None);
        }
        describe(&scoreboard, &listeners, &self.sources, is_adopted);
        let log = (hooks.open_log)(&self.config, &self.context)
            .map_err(|error| StartError::Setup(format!("cannot open the log: {error}")))?;
        own(
            self.config
                .log
                .file
                .as_deref()
                // Only the file that is logged to is there.
                .filter(|_| !self.config.log.to_syslog && !self.context.logs_to_standard_error),
            identity.as_ref(),
        )?;
        let lifeline = match (legacy.lifeline_read.take(), legacy.lifeline_write.take()) {
            (Some(read), Some(write)) => (read, write),
            _ => {
                pipe().map_err(|error| StartError::Setup(format!("cannot make a pipe: {error}")))?
            }
        };
        // A new program is a new generation: its predecessor's children leave one by one.
        let generation = self
            .generation
            .parse::<u64>()
            .map_or(1, |generation| generation + 1);
        scoreboard.set(Field::Generation, generation);
        Ok(Bound {
            parts: Parts {
                context: self.context,
                sources: self.sources,
                config: self.config,
                log,
                identity,
                scoreboard,
                scoreboard_file,
                pid_file,
                listeners,
                lifeline: (Rc::new(lifeline.0), Rc::new(lifeline.1)),
                adopted,
                generation,
            },
        })
    }

    /// Whom to become; nobody if we are not root.
    fn identity(&self) -> Result<Option<Identity>, StartError> {
        if !user::is_superuser() {
            return Ok(None);
        }
        let process = &self.config.process;
        let Some(name) = &process.user else {
            let text = "started as root, and $daemon_user is not set: mail is not handled as root; set it, or use -u";
            return Err(StartError::Privileges(text.to_owned()));
        };
        let identity = Identity::look_up(name, &process.groups)
            .map_err(|error| StartError::Setup(format!("$daemon_user: {error}")))?;
        if identity.is_root() {
            return Err(StartError::Privileges(
                "$daemon_user is root: mail is not handled as root".to_owned(),
            ));
        }
        Ok(Some(identity))
    }
}

impl Bound {
    /// Drops privileges for good, and checks that messages can be kept.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn drop_privileges(self, hooks: &Hooks) -> Result<Unprivileged, StartError> {
        let parts = self.parts;
        if let Some(identity) = &parts.identity {
            identity.assume().map_err(|error| {
                StartError::Privileges(format!("cannot become {}: {error}", identity.name))
            })?;
        }
        let process = &parts.config.process;
        check_writable(&process.temp_base, "$TEMPBASE").map_err(StartError::Folder)?;
        check_writable(&process.state_dir, "$state_dir").map_err(StartError::Folder)?;
        // What an earlier life left; what is locked is in use.
        match (hooks.tidy)(&process.temp_base, None) {
            Ok(0) => {}
            Ok(count) => parts.log.note(
                0,
                format_args!("removed {count} working directories of an earlier life"),
            ),
            Err(error) => parts.log.note(
                -1,
                format_args!("cannot clean {}: {error}", process.temp_base.display()),
            ),
        }
        Ok(Unprivileged { parts })
    }
}

impl Unprivileged {
    /// The log, for what is told before the master runs.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.parts.log
    }

    pub(super) fn into_parts(self) -> std::io::Result<Parts> {
        self.parts
            .scoreboard
            .set(Field::MasterPid, u64::from(process::id()));
        if let Some(pid_file) = &self.parts.pid_file {
            pid_file.write()?;
        }
        Ok(self.parts)
    }
}

fn check_folder(path: &Path, name: &str, identity: Option<&Identity>) -> Result<(), StartError> {
    let wanted = identity.map_or_else(
        || "the user that starts the daemon".to_owned(),
        |identity| format!("user {}", identity.name),
    );
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(StartError::Folder(format!(
            "{name}: {} is not a folder",
            path.display()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let advice = format!("make it, owned by {wanted}, mode 0750");
            Err(StartError::Folder(format!(
                "No {} directory: {} ({advice})",
                name.trim_start_matches('$'),
                path.display()
            )))
        }
        Err(error) => Err(StartError::Folder(format!(
            "{name}: {}: {error}",
            path.display()
        ))),
    }
}

/// Checks that we can make files in `folder`, the value of setting `name`.
///
/// # Errors
/// Whose it is, and whose it should be.
pub(super) fn check_writable(folder: &Path, name: &str) -> Result<(), String> {
    if user::can_write_in(folder) {
        Ok(())
    } else {
        Err(owner_advice(folder, name))
    }
}

/// Whose a folder is, and whose it should be.
fn owner_advice(folder: &Path, name: &str) -> String {
    let us = user::name_of(user::effective_user());
    let found = std::fs::metadata(folder)
        .map(|status| {
            format!(
                "it belongs to {}, mode {:04o}",
                user::name_of(status.uid()),
                status.mode() & 0o7777
            )
        })
        .unwrap_or_else(|error| error.to_string());
    format!(
        "{name}: {us} cannot write in {}: {found}; it should belong to {us}, mode 0750",
        folder.display()
    )
}

fn open_pid_file(
    config: &Config,
    is_foreground: bool,
    inherited: Option<OwnedFd>,
    identity: Option<&Identity>,
) -> Result<Option<PidFile>, StartError> {
    let path = match &config.process.pid_file {
        settled::PidFile::Set(path) => path,
        settled::PidFile::Default(path) if !is_foreground => path,
        settled::PidFile::Default(_) | settled::PidFile::None => return Ok(None),
    };
    if let Some(descriptor) = inherited {
        return Ok(Some(PidFile::adopt(path, descriptor)));
    }
    let pid_file = PidFile::create(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => StartError::AlreadyRunning(error.to_string()),
        _ => StartError::Setup(format!(
            "cannot write the pid file {}: {error}",
            path.display()
        )),
    })?;
    own(Some(path), identity)?;
    Ok(Some(pid_file))
}

/// Gives a file that root made to the daemon's user.
fn own(path: Option<&Path>, identity: Option<&Identity>) -> Result<(), StartError> {
    match (path, identity) {
        (Some(path), Some(identity)) => identity.own(path).map_err(|error| {
            StartError::Setup(format!(
                "cannot give {} to {}: {error}",
                path.display(),
                identity.name
            ))
        }),
        _ => Ok(()),
    }
}

fn own_sockets(config: &Config, identity: Option<&Identity>) -> Result<(), StartError> {
    for address in &config.listen.addresses {
        if let crate::config::listen::ListenAddress::Unix(path) = address {
            own(Some(path), identity)?;
        }
    }
    Ok(())
}

/// Takes the predecessor's scoreboard over if its layout is ours, else makes a new one; tells which.
fn open_scoreboard(
    config: &Config,
    inherited: Option<OwnedFd>,
    identity: Option<&Identity>,
) -> Result<(Scoreboard, File, bool), StartError> {
    let folder = &config.process.state_dir;
    let failed = |error: std::io::Error| {
        StartError::Setup(format!(
            "cannot make the scoreboard in {}: {error}",
            folder.display()
        ))
    };
    if let Some(descriptor) = inherited {
        let file = File::from(descriptor);
        if let Some(scoreboard) = Scoreboard::adopt(&file).map_err(failed)? {
            return Ok((scoreboard, file, true));
        }
    }
    let (scoreboard, file) =
        Scoreboard::create(folder, config.process.max_servers).map_err(failed)?;
    own(Some(&Scoreboard::path(folder)), identity)?;
    Ok((scoreboard, file, false))
}

/// Writes what does not change into the scoreboard's header.
fn describe(scoreboard: &Scoreboard, listeners: &Listeners, sources: &Sources, is_adopted: bool) {
    if !is_adopted {
        scoreboard.set(Field::StartedMs, monotonic_ms());
        scoreboard.set(Field::StartedUnix, unix_seconds());
    }
    let files: Vec<String> = sources
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    scoreboard.set_text(Text::Configuration, &files.join(" "));
    scoreboard.set_text(Text::Listeners, &listeners.names());
    scoreboard.set_text(Text::Version, env!("CARGO_PKG_VERSION"));
}
