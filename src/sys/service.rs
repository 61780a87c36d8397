//! The service manager: what it gave us, and what we tell it.
//!
//! # Source
//! `sd_notify(3)`, `sd_listen_fds(3)`; architecture 5.6.

use std::{
    os::fd::{AsFd, OwnedFd, RawFd},
    time::Duration,
};

use sd_notify::NotifyState;

use super::{clock::monotonic_us, fd};

/// What we say to the service manager.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Up, or up again after a reload.
    Ready,
    /// A reload begins.
    Reloading,
    /// The end begins.
    Stopping,
    /// One line for `systemctl status`.
    Status(String),
    /// Still alive.
    Watchdog,
    /// The main process.
    MainPid(u32),
}

/// Sends notices in one datagram; without a service manager nothing happens. A manager that does not take them is no reason
/// to stop serving mail.
pub fn notify(notices: &[Notice]) {
    let now = i128::from(monotonic_us());
    let mut states = Vec::with_capacity(notices.len() + 1);
    for notice in notices {
        match notice {
            Notice::Ready => states.push(NotifyState::Ready),
            Notice::Reloading => {
                states.extend([NotifyState::Reloading, NotifyState::MonotonicUsec(now)]);
            }
            Notice::Stopping => states.push(NotifyState::Stopping),
            Notice::Status(text) => states.push(NotifyState::Status(text)),
            Notice::Watchdog => states.push(NotifyState::Watchdog),
            Notice::MainPid(pid) => states.push(NotifyState::MainPid(*pid)),
        }
    }
    drop(sd_notify::notify(&states));
}

/// The time within which the service manager wants to hear [`Notice::Watchdog`] again.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// A descriptor that came with the start of the program.
#[derive(Debug)]
pub struct Inherited {
    /// Its name from `LISTEN_FDNAMES`; `unknown` without one.
    pub name: String,
    /// The descriptor, close-on-exec.
    pub descriptor: OwnedFd,
}

/// Takes over what `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` announce. To be called once.
///
/// The variables stay in the environment: their `LISTEN_PID` keeps others from taking the descriptors for theirs.
#[must_use]
pub fn inherited() -> Vec<Inherited> {
    const FIRST: RawFd = 3;
    const MOST: usize = 128;
    let text = |name: &str| std::env::var(name).unwrap_or_default();
    if text("LISTEN_PID").parse() != Ok(super::process::id()) {
        return Vec::new();
    }
    let count = text("LISTEN_FDS").parse::<usize>().unwrap_or(0).min(MOST);
    let names = text("LISTEN_FDNAMES");
    let mut names = names.split(':');
    let mut taken = Vec::new();
    for number in (FIRST..).take(count) {
        let name = names
            .next()
            .filter(|name| !name.is_empty())
            .unwrap_or("unknown")
            .to_owned();
        if let Some(descriptor) = fd::take_inherited(number)
            && fd::set_close_on_exec(descriptor.as_fd(), true).is_ok()
        {
            taken.push(Inherited { name, descriptor });
        }
    }
    taken
}
