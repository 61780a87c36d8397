//! A new program in place of this one: same process, same sockets, same children.
//!
//! # Order
//! The new program checks the configuration in a process of its own; only if that is well are signals blocked, descriptors placed,
//! and the new image executed. Signals stay blocked until its handlers stand (D3).
//!
//! # Source
//! architecture 5.8.

use std::{
    ffi::CString,
    os::fd::{AsFd, BorrowedFd},
    path::{Path, PathBuf},
    time::Duration,
};

use super::Master;
use crate::sys::{
    clock::{Deadline, monotonic_ms},
    helper::{self, Endowment},
    reexec::{self, HandOver},
    signal,
};

/// Names of what is handed over, besides the listeners.
pub const LIFELINE_READ: &str = "filterd.lifeline-r";
/// See [`LIFELINE_READ`].
pub const LIFELINE_WRITE: &str = "filterd.lifeline-w";
/// See [`LIFELINE_READ`].
pub const SCOREBOARD: &str = "filterd.scoreboard";
/// See [`LIFELINE_READ`].
pub const PID_FILE: &str = "filterd.pid-file";
/// Variable with the children: `pid:slot:generation`, separated by commas.
pub const CHILDREN: &str = "FILTERD_CHILDREN";
/// Variable with the generation.
pub const GENERATION: &str = "FILTERD_GENERATION";

/// An upgrade that is being checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upgrade {
    pid: u32,
    deadline: Deadline,
}

impl Upgrade {
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.deadline.has_passed()
    }
}

/// A child that the program before this one forked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Adopted {
    /// Process id.
    pub pid: u32,
    /// Place in the scoreboard; `None` if that was not taken over.
    pub slot: Option<usize>,
    /// Generation.
    pub generation: u64,
    /// Time of the adoption.
    pub now_ms: u64,
}

/// Reads [`CHILDREN`].
#[must_use]
pub fn adopted(text: &str) -> Vec<Adopted> {
    let now_ms = monotonic_ms();
    let entry = |entry: &str| {
        let mut numbers = entry.split(':');
        let (pid, slot, generation) = (
            numbers.next()?.parse().ok()?,
            numbers.next()?.parse().ok(),
            numbers.next()?.parse().ok()?,
        );
        numbers.next().is_none().then_some(Adopted {
            pid,
            slot,
            generation,
            now_ms,
        })
    };
    text.split(',').filter_map(entry).collect()
}

impl Master {
    /// USR2: begins with the check.
    pub(super) fn begin_upgrade(&mut self) {
        if self.stopping.is_some() || self.upgrade.is_some() {
            return;
        }
        match helper::start(
            &self.context.program,
            &self.context.check_arguments,
            &[],
            Endowment::default(),
        ) {
            Ok(pid) => {
                self.log.note(
                    0,
                    format_args!(
                        "upgrade: {} checks the configuration",
                        self.context.program.display()
                    ),
                );
                self.upgrade = Some(Upgrade {
                    pid,
                    deadline: Deadline::after(Duration::from_secs(30)),
                });
            }
            Err(error) => {
                self.log.note(
                    -1,
                    format_args!(
                        "Rejecting upgrade: cannot start {}: {error}",
                        self.context.program.display()
                    ),
                );
            }
        }
    }

    fn hand_over(&self) -> (Vec<CString>, Vec<(String, BorrowedFd<'_>)>) {
        let children: Vec<String> = self
            .children
            .iter()
            .map(|child| {
                format!(
                    "{}:{}:{}",
                    child.pid,
                    child.slot.map_or_else(String::new, |slot| slot.to_string()),
                    child.generation
                )
            })
            .collect();
        let mut environment =
            reexec::environment_without(&["LISTEN_", "FILTERD_CHILDREN", "FILTERD_GENERATION"]);
        for (name, value) in [
            (CHILDREN, children.join(",")),
            (GENERATION, self.generation.to_string()),
        ] {
            environment.extend(CString::new(format!("{name}={value}")));
        }
        let mut descriptors = self.listeners.hand_over();
        descriptors.push((LIFELINE_READ.to_owned(), self.lifeline.0.as_fd()));
        descriptors.push((LIFELINE_WRITE.to_owned(), self.lifeline.1.as_fd()));
        descriptors.push((SCOREBOARD.to_owned(), self.scoreboard_file.as_fd()));
        if let Some(pid_file) = &self.pid_file {
            descriptors.push((PID_FILE.to_owned(), pid_file.as_fd()));
        }
        (environment, descriptors)
    }
}

/// Executes the new image. Comes back only if that failed; then everything is as before.
pub(super) fn replace(master: &Master) {
    let (environment, descriptors) = master.hand_over();
    let hand_over = HandOver {
        program: &master.context.program,
        arguments: &master.context.arguments,
        environment,
        descriptors: &descriptors,
    };
    master.log.note(
        0,
        format_args!("upgrade: executing {}", master.context.program.display()),
    );
    let error = match signal::block_all() {
        Ok(mask) => {
            let left = go_to(&master.context.folder);
            let error = reexec::execute(&hand_over);
            left.as_deref().map(go_to);
            // The mask was read a moment ago: putting it back cannot fail.
            drop(signal::restore(mask));
            error
        }
        Err(error) => error,
    };
    master.log.note(
        -2,
        format_args!(
            "Rejecting upgrade: cannot execute {}: {error}",
            master.context.program.display()
        ),
    );
}

/// Changes the working folder; gives the one that was left. Where the new one is closed to us no file in it could be read
/// either, and absolute paths do not need it.
fn go_to(folder: &Path) -> Option<PathBuf> {
    let left = std::env::current_dir().ok()?;
    std::env::set_current_dir(folder).ok().map(|()| left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_read_from_the_hand_over() {
        let read: Vec<(u32, Option<usize>, u64)> = adopted("4711:0:3,4712::4,x:1:1,1:2,1:2:3:4")
            .iter()
            .map(|a| (a.pid, a.slot, a.generation))
            .collect();
        assert_eq!(read, [(4711, Some(0), 3), (4712, None, 4)]);
        assert!(adopted("").is_empty());
    }
}
