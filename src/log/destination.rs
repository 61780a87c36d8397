//! Where lines go: standard error, a file, the system log.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{Line, Settings, Target, own_id, severity, syslog::Syslog};
use crate::sys::{
    clock::{LocalTime, unix_seconds},
    fault, terminal,
};

/// An open destination.
#[derive(Debug)]
pub(super) struct Destination {
    kind: Kind,
    pid: u32,
    /// The second for which `stamp` was made.
    stamped: u64,
    stamp: String,
    /// Lines that could not be written.
    lost: u64,
}

#[derive(Debug)]
enum Kind {
    /// With the time of day if a person is looking, else with the service manager's priority prefix.
    StandardError {
        is_terminal: bool,
    },
    File(File),
    Syslog(Syslog),
}

impl Destination {
    pub(super) fn open(settings: &Settings) -> io::Result<Self> {
        let kind = match &settings.target {
            Target::StandardError => Kind::StandardError {
                is_terminal: terminal::error_is_terminal(),
            },
            Target::File(path) => Kind::File(open_file(path)?),
            Target::Syslog => Kind::Syslog(Syslog::new(settings)?),
        };
        Ok(Self::of(kind))
    }

    /// Standard error, which needs no opening.
    pub(super) fn standard_error() -> Self {
        Self::of(Kind::StandardError {
            is_terminal: terminal::error_is_terminal(),
        })
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            pid: own_id(),
            stamped: u64::MAX,
            stamp: String::new(),
            lost: 0,
        }
    }

    pub(super) fn after_fork(&mut self) {
        self.pid = own_id();
        if let Kind::Syslog(syslog) = &mut self.kind {
            syslog.after_fork();
        }
    }

    pub(super) fn write(&mut self, settings: &Settings, line: &Line<'_>) {
        if self.try_write(settings, line).is_err() {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let body = format!("{lost} log lines were lost before this one");
            if self
                .try_write(
                    settings,
                    &Line {
                        level: -1,
                        head: "",
                        mark: "(!)",
                        body: &body,
                    },
                )
                .is_err()
            {
                self.lost = lost;
            }
        }
    }

    fn try_write(&mut self, settings: &Settings, line: &Line<'_>) -> io::Result<()> {
        fault::point("log.write")?;
        let pid = self.pid;
        let Line {
            head, mark, body, ..
        } = *line;
        match &mut self.kind {
            Kind::Syslog(syslog) => line
                .parts(settings.longest_line)
                .iter()
                .try_for_each(|part| syslog.send(severity(line.level), part)),
            Kind::File(_) => {
                self.make_stamp();
                let text = format!(
                    "{} {} {}[{pid}]: {head}{mark}{body}\n",
                    self.stamp, settings.host, settings.program
                );
                match &mut self.kind {
                    // One write, so that lines of several processes do not mix.
                    Kind::File(file) => file.write_all(text.as_bytes()),
                    Kind::StandardError { .. } | Kind::Syslog(_) => Ok(()),
                }
            }
            Kind::StandardError { is_terminal: false } => {
                let text = format!("<{}>{head}{mark}{body}\n", severity(line.level));
                io::stderr().lock().write_all(text.as_bytes())
            }
            Kind::StandardError { is_terminal: true } => {
                self.make_stamp();
                let time = self.stamp.get(7..).unwrap_or_default();
                let (on, off) = match line.level {
                    ..=-1 => ("\x1b[1;31m", "\x1b[0m"),
                    0 => ("", ""),
                    _ => ("\x1b[2m", "\x1b[0m"),
                };
                let text = format!("{time} [{pid}] {on}{head}{mark}{body}{off}\n");
                io::stderr().lock().write_all(text.as_bytes())
            }
        }
    }

    /// Makes the timestamp, once a second.
    fn make_stamp(&mut self) {
        let now = unix_seconds();
        if now != self.stamped {
            self.stamped = now;
            self.stamp = LocalTime::from_unix(now).for_log();
        }
    }
}

/// Opens a log file to append to; new ones get mode 0640. A link is followed: the path is the administrator's.
fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
}
