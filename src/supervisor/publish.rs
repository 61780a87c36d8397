//! What the master tells the service manager: that it is alive, and how it is doing.

use std::time::Duration;

use super::Master;
use crate::{
    scoreboard::Stage,
    sys::{
        clock::Deadline,
        service::{self, Notice},
    },
};

/// When to speak next.
#[derive(Debug)]
pub(super) struct Publisher {
    watchdog: Option<Duration>,
    next_watchdog: Option<Deadline>,
    next_status: Deadline,
    last_status: String,
}

impl Publisher {
    /// Least time between two status lines.
    const STATUS: Duration = Duration::from_secs(5);

    pub(super) fn new(watchdog: Option<Duration>) -> Self {
        // Half of the time that the service manager allows.
        let watchdog = watchdog.map(|limit| limit / 2);
        Self {
            watchdog,
            next_watchdog: watchdog.map(Deadline::after),
            next_status: Deadline::after(Duration::ZERO),
            last_status: String::new(),
        }
    }

    pub(super) fn wait(&self) -> Option<Duration> {
        self.next_watchdog.map(Deadline::remaining)
    }

    /// True if it is time for a sign of life.
    fn is_watchdog_due(&mut self) -> bool {
        let due = self.next_watchdog.is_some_and(Deadline::has_passed);
        if due {
            self.next_watchdog = self.watchdog.map(Deadline::after);
        }
        due
    }

    /// True if `status` is news and there was none for a while.
    fn is_status_due(&mut self, status: &str) -> bool {
        let due = self.next_status.has_passed() && status != self.last_status;
        if due {
            self.next_status = Deadline::after(Self::STATUS);
            status.clone_into(&mut self.last_status);
        }
        due
    }
}

impl Master {
    pub(super) fn publish(&mut self) {
        let mut notices = Vec::new();
        if self.publisher.is_watchdog_due() {
            notices.push(Notice::Watchdog);
        }
        if self.publisher.next_status.has_passed() {
            let status = self.status_line();
            if self.publisher.is_status_due(&status) {
                notices.push(Notice::Status(status));
            }
        }
        if !notices.is_empty() {
            service::notify(&notices);
        }
    }

    /// Up, or up again.
    pub(super) fn announce_ready(&self, state: &str) {
        let status = format!("{state}. {}", self.status_line());
        service::notify(&[
            Notice::Ready,
            Notice::MainPid(crate::sys::process::id()),
            Notice::Status(status),
        ]);
    }

    fn status_line(&self) -> String {
        let stages = self
            .children
            .iter()
            .filter_map(|child| self.scoreboard.report(child.slot?)?.stage);
        let (mut busy, mut idle) = (0, 0);
        for stage in stages {
            busy += usize::from(stage.is_busy());
            idle += usize::from(stage == Stage::Idle);
        }
        format!(
            "{} children: {busy} busy, {idle} idle; generation {}",
            self.children.len(),
            self.generation
        )
    }
}
