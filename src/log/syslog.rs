//! The system log, over the transport of the `syslog` crate.
//!
//! What the crate lacks is added here: the process id of the process that writes, local time, one reconnection when the
//! daemon was restarted, and a limit on how long a line may wait.
//!
//! # Source
//! RFC 3164; architecture 4.3 (what was found in the crate).

use std::{io, str::FromStr, time::Duration};

use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

use super::{Settings, own_id};
use crate::sys::clock::LocalTime;

/// How long a line may wait for a system log that does not read.
const PATIENCE: Duration = Duration::from_millis(500);

/// A connection to the system log, made when first needed.
pub(super) struct Syslog {
    form: Form,
    logger: Option<Logger<LoggerBackend, Form>>,
}

impl std::fmt::Debug for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syslog")
            .field("form", &self.form)
            .field("connected", &self.logger.is_some())
            .finish()
    }
}

/// The head of a line: `<priority>Nov 22 12:07:48 ident[pid]: `.
#[derive(Clone, Debug)]
struct Form {
    facility: u8,
    ident: String,
    pid: u32,
}

impl LogFormat<&str> for Form {
    fn format<W: io::Write>(
        &self,
        out: &mut W,
        severity: Severity,
        message: &str,
    ) -> syslog::Result<()> {
        let priority = self.facility | severity as u8;
        let time = LocalTime::now().for_log();
        // One call: the transport sends a datagram for each.
        write!(
            out,
            "<{priority}>{time} {}[{}]: {message}",
            self.ident, self.pid
        )
        .map_err(syslog::Error::Write)
    }
}

impl Syslog {
    pub(super) fn new(settings: &Settings) -> io::Result<Self> {
        let facility = Facility::from_str(&settings.facility).map_err(|()| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("unknown syslog facility {:?}", settings.facility),
            )
        })?;
        let form = Form {
            facility: facility as u8,
            ident: settings.ident.clone(),
            pid: own_id(),
        };
        let mut syslog = Self { form, logger: None };
        // It may come later: a machine's log is often started after its daemons.
        drop(syslog.connect());
        Ok(syslog)
    }

    pub(super) fn after_fork(&mut self) {
        self.form.pid = own_id();
        self.logger = None;
    }

    pub(super) fn send(&mut self, severity: u8, text: &str) -> io::Result<()> {
        if self.logger.is_none() {
            self.connect()?;
            return self.send_once(severity, text);
        }
        self.send_once(severity, text).or_else(|error| {
            if error.kind() == io::ErrorKind::WouldBlock {
                return Err(error);
            }
            // The daemon was restarted: its old socket is gone.
            self.connect()?;
            self.send_once(severity, text)
        })
    }

    fn connect(&mut self) -> io::Result<()> {
        self.logger = None;
        let logger = syslog::unix(self.form.clone()).map_err(io::Error::other)?;
        match &logger.backend {
            LoggerBackend::Unix(socket) => socket.set_write_timeout(Some(PATIENCE))?,
            LoggerBackend::UnixStream(stream) => {
                stream.get_ref().set_write_timeout(Some(PATIENCE))?;
            }
            LoggerBackend::Udp(..) | LoggerBackend::Tcp(_) => {}
        }
        self.logger = Some(logger);
        Ok(())
    }

    fn send_once(&mut self, severity: u8, text: &str) -> io::Result<()> {
        let logger = self.logger.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let result = match severity {
            ..=2 => logger.crit(text),
            3 => logger.err(text),
            4 => logger.warning(text),
            5 => logger.notice(text),
            6 => logger.info(text),
            _ => logger.debug(text),
        };
        result.map_err(|error| match error {
            syslog::Error::Write(error) | syslog::Error::Io(error) => error,
            syslog::Error::Initialization(error) => io::Error::other(error.to_string()),
        })
    }
}
