//! The connection that is kept for the next message.
//!
//! # Source
//! daemon.md 4.6 (ages and the on-demand rule).

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use super::{session::Session, target::Route};
use crate::sys::clock::{Deadline, tick_ms};

/// A connection used this recently needs no question whether it still works.
const RECENT_MS: u64 = 18_000;
/// An idle connection is ended after this time.
const IDLE: Duration = Duration::from_secs(30);
/// A connection is not kept beyond this age.
const AGE_MS: u64 = 60_000;
/// Messages this far apart are not worth a kept connection...
const SPARSE_MS: u64 = 15_000;
/// ... and messages this close are, again.
const DENSE_MS: u64 = 5_000;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Keep {
    is_enabled: bool,
    on_demand: bool,
    /// Messages follow each other closely.
    is_worth_it: bool,
    last_use_ms: Option<u64>,
    kept: Option<Session>,
}

impl Keep {
    pub(super) const fn new(is_enabled: bool, on_demand: bool) -> Self {
        Self {
            is_enabled,
            on_demand,
            is_worth_it: true,
            last_use_ms: None,
            kept: None,
        }
    }

    /// The kept connection, if it leads to one of `routes` and works; and whether it was used recently.
    pub(super) fn take(&mut self, routes: &[Route], deadline: Deadline) -> Option<(Session, bool)> {
        self.note_use();
        let mut session = self.kept.take()?;
        if !routes.contains(session.route()) || !session.is_quiet() {
            return None;
        }
        let is_recent = session.idle_ms() <= RECENT_MS;
        (is_recent || session.refresh(deadline)).then_some((session, is_recent))
    }

    /// Decides whether messages come closely enough.
    fn note_use(&mut self) {
        let now = tick_ms();
        let gap = self
            .last_use_ms
            .replace(now)
            .map(|last| now.saturating_sub(last));
        match gap {
            Some(gap) if gap >= SPARSE_MS => self.is_worth_it = false,
            Some(gap) if gap < DENSE_MS => self.is_worth_it = true,
            _ => {}
        }
    }

    /// Keeps a connection that is between transactions; for the session in work at least.
    pub(super) fn put(&mut self, session: Session) {
        self.kept = Some(session);
    }

    /// At the end of a client's session: the connection, if it is not worth keeping.
    pub(super) fn rundown(&mut self) -> Option<Session> {
        let stays = self.is_enabled && (self.is_worth_it || !self.on_demand);
        self.kept
            .take_if(|session| !stays || session.idle_ms() >= 30_000 || session.age_ms() >= AGE_MS)
    }

    /// The connection, if it has been idle for too long.
    pub(super) fn expired(&mut self) -> Option<Session> {
        self.kept
            .take_if(|session| Duration::from_millis(session.idle_ms()) >= IDLE)
    }

    pub(super) fn until(&self) -> Option<Deadline> {
        let idle = Duration::from_millis(self.kept.as_ref()?.idle_ms());
        Some(Deadline::after(IDLE.saturating_sub(idle)))
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.kept.as_ref().map(Session::as_fd)
    }

    pub(super) fn drop_kept(&mut self) {
        self.kept = None;
    }

    pub(super) fn take_any(&mut self) -> Option<Session> {
        self.kept.take()
    }
}
