//! Stopping: children finish the message in work; those that take too long are killed.
//!
//! # Source
//! decision 24; D2.

use std::time::Duration;

use super::Master;
use crate::{
    scoreboard::Scoreboard,
    sys::{
        clock::Deadline,
        process::{self, Send},
        service::{self, Notice},
    },
};

/// How to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// TERM: wait for `$stop_grace`; a second one, no longer.
    Graceful,
    /// QUIT: wait as long as messages may take.
    Patient,
}

/// The state of stopping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    /// When children are killed.
    deadline: Deadline,
    has_killed: bool,
}

impl Stopping {
    pub(super) fn wait(&self) -> Duration {
        if self.has_killed {
            Duration::from_millis(200)
        } else {
            self.deadline.remaining()
        }
    }
}

impl Master {
    pub(super) fn stop(&mut self, manner: Manner) {
        let process = &self.config.process;
        let patience = match (manner, &self.stopping) {
            // The second TERM.
            (Manner::Graceful, Some(_)) => Duration::ZERO,
            (Manner::Graceful, None) => process.stop_grace,
            // No limit but that of a message.
            (Manner::Patient, _) => process.child_timeout + Duration::from_secs(15),
        };
        self.log.note(
            0,
            format_args!(
                "stopping: {} children have up to {} s to finish",
                self.children.len(),
                patience.as_secs()
            ),
        );
        service::notify(&[Notice::Stopping, Notice::Status("Stopping".to_owned())]);
        let is_first = self.stopping.is_none();
        self.stopping = Some(Stopping {
            deadline: Deadline::after(patience),
            has_killed: false,
        });
        if is_first {
            self.signal_children(Send::Terminate);
        }
        self.listeners.close();
    }

    fn signal_children(&self, what: Send) {
        for child in &self.children {
            // One that is dead already is reaped in a moment.
            drop(process::signal(child.pid, what));
        }
    }

    /// True when the last child is gone; kills those whose time is up.
    pub(super) fn is_stopped(&mut self) -> bool {
        let Some(stopping) = self.stopping.as_mut() else {
            return false;
        };
        if self.children.is_empty() {
            return true;
        }
        if stopping.deadline.has_passed() && !stopping.has_killed {
            stopping.has_killed = true;
            self.log.note(
                -1,
                format_args!(
                    "killing {} children that did not finish in time",
                    self.children.len()
                ),
            );
            for child in &mut self.children {
                child.killed_for = Some("stopping");
                // The group, or at least the child itself.
                if process::signal_group(child.pid, Send::Kill).is_err() {
                    drop(process::signal(child.pid, Send::Kill));
                }
            }
        }
        false
    }

    /// The last steps.
    pub(super) fn finish(&mut self) {
        if let Some(pid_file) = self.pid_file.take()
            && let Err(error) = pid_file.remove()
        {
            self.log.note(-1, format_args!("{error}"));
        }
        // Whoever asks for the status then learns that nothing runs.
        drop(std::fs::remove_file(Scoreboard::path(
            &self.config.process.state_dir,
        )));
        self.log.note(0, format_args!("stopped"));
    }
}
