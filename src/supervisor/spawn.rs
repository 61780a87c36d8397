//! Forking children. The seam where exec of a fresh image could take fork's place.
//!
//! # Guards
//! Decision 26: never more children than there shall be, retiring ones counted, so that busy sessions cannot exceed the number.

use std::os::fd::AsFd;

use super::{Birth, Child, Master, deadline::Watch};
use crate::{
    scoreboard::{Field, Scoreboard},
    sys::{
        clock::monotonic_ms,
        fault, fd,
        process::{self, Fork},
        signal,
    },
};

impl Master {
    /// Forks as many children as are missing.
    pub(super) fn fork_children(&mut self) {
        while self.stopping.is_none()
            && self.children.len() < self.target
            && self.throttle.is_open()
        {
            if !self.fork_one() {
                return;
            }
        }
    }

    /// Forks a child; false if that failed.
    fn fork_one(&mut self) -> bool {
        let used = |slot: &usize| self.children.iter().any(|child| child.slot == Some(*slot));
        let Some(index) = (0..Scoreboard::capacity()).find(|slot| !used(slot)) else {
            return false;
        };
        let Some(slot) = self.scoreboard.master_slot(index) else {
            return false;
        };
        slot.prepare();
        self.born += 1;
        match self.fork_into(index) {
            Ok(pid) => {
                slot.occupy(pid, self.generation);
                self.scoreboard.add(Field::Forks, 1);
                self.children.push(Child {
                    pid,
                    slot: Some(index),
                    generation: self.generation,
                    watch: Watch::new(monotonic_ms()),
                    last: None,
                    is_retiring: false,
                    killed_for: None,
                });
                true
            }
            Err(error) => {
                let wait = self.throttle.still_born();
                self.log.note(
                    -2,
                    format_args!(
                        "cannot fork a child: {error}; next try in {} s",
                        wait.as_secs()
                    ),
                );
                false
            }
        }
    }

    fn fork_into(&self, index: usize) -> std::io::Result<u32> {
        fault::point("supervisor.fork")?;
        // Closed before the fork and opened only by the child's waits: no signal can find it unprepared.
        let mask = signal::block_all()?;
        let forked = process::fork();
        match forked {
            Ok(Fork::Child) => self.be_child(index),
            Ok(Fork::Parent(pid)) => {
                signal::restore(mask)?;
                Ok(pid)
            }
            Err(error) => {
                signal::restore(mask)?;
                Err(error)
            }
        }
    }

    /// The new process. Nothing of the master is dropped here: it is not ours.
    fn be_child(&self, index: usize) -> ! {
        fd::close_in_child(self.lifeline.1.as_fd());
        let sockets = self.listeners.sockets();
        let birth = Birth {
            number: self.born,
            slot: index,
            master: process::parent(),
            config: &self.config,
            log: &self.log,
            scoreboard: self.scoreboard,
            sockets: &sockets,
            lifeline: &self.lifeline.0,
            identity: self.identity.as_ref(),
            keys: &self.keys,
            program: &self.context.name,
        };
        process::leave((self.hooks.child)(&birth))
    }

    /// TTIN and TTOU.
    pub(super) fn change_target(&mut self, by: isize) {
        let wanted = self
            .target
            .saturating_add_signed(by)
            .clamp(1, Scoreboard::capacity());
        self.target = wanted;
        self.scoreboard.set(Field::MaxServers, wanted as u64);
        self.log.note(
            0,
            format_args!("{wanted} children from now on, until the next reload"),
        );
        self.retire_surplus();
    }
}

impl Child {
    /// A child of the program that this one replaced.
    pub(super) const fn adopted(adopted: super::upgrade::Adopted) -> Self {
        Self {
            pid: adopted.pid,
            slot: adopted.slot,
            generation: adopted.generation,
            watch: Watch::new(adopted.now_ms),
            last: None,
            is_retiring: false,
            killed_for: None,
        }
    }
}
