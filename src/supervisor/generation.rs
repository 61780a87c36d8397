//! Reload: a new configuration, and new children for it, one for each old one that leaves.
//!
//! # Guards
//! I12: all or nothing; a bad configuration leaves everything as it is. Decision 26: see `spawn`.
//!
//! # Source
//! architecture 5.7; daemon.md 1.3 (text of the rejection).

use std::rc::Rc;

use super::{Master, listeners::Listeners, start::check_writable};
use crate::{
    config::settled::Config,
    scoreboard::{Field, Stage, Text},
    sys::{
        clock::unix_seconds,
        process::{self, Send},
        service::{self, Notice},
    },
};

impl Master {
    pub(super) fn reload(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        service::notify(&[Notice::Reloading]);
        match self.try_reload() {
            Ok(()) => {
                self.scoreboard.add(Field::Reloads, 1);
                self.scoreboard.set(Field::ReloadedUnix, unix_seconds());
                self.log.note(
                    0,
                    format_args!(
                        "reloaded, generation {}, {} children",
                        self.generation, self.target
                    ),
                );
                self.announce_ready("Ready");
            }
            Err(errors) => {
                self.scoreboard.add(Field::RejectedReloads, 1);
                self.log.note(
                    -1,
                    format_args!("Rejecting reload, some config files unreadable or erroneous"),
                );
                for line in errors.lines() {
                    self.log.note(-1, format_args!("{line}"));
                }
                let first = errors.lines().next().unwrap_or_default();
                self.announce_ready(&format!("Reload failed: {first}"));
            }
        }
    }

    fn try_reload(&mut self) -> Result<(), String> {
        let mut config = self.sources.load().map_err(|errors| errors.to_string())?;
        check_writable(&config.process.temp_base, "$TEMPBASE")?;
        let put_off = self.put_off(&mut config);
        let log = (self.hooks.open_log)(&config, &self.context)
            .map_err(|error| format!("cannot open the log: {error}"))?;
        let listeners = self.listeners.changed(&config.listen)?;
        self.adopt(config, listeners);
        self.log = Rc::new(log);
        self.tell_of_settings();
        if !put_off.is_empty() {
            self.log.note(
                -1,
                format_args!(
                    "changed, but takes effect at the next start only: {}",
                    put_off.join(", ")
                ),
            );
        }
        Ok(())
    }

    /// Keeps what was settled at start and cannot change while we run; gives the names of the settings that wait.
    fn put_off(&self, config: &mut Config) -> Vec<&'static str> {
        let (new, old) = (&mut config.process, &self.config.process);
        let mut waiting = Vec::new();
        let mut keep = |name, changed: bool| {
            if changed {
                waiting.push(name);
            }
        };
        keep("$daemon_user", new.user != old.user);
        keep("@daemon_groups", new.groups != old.groups);
        keep("$pid_file", new.pid_file != old.pid_file);
        keep("$state_dir", new.state_dir != old.state_dir);
        new.user.clone_from(&old.user);
        new.groups.clone_from(&old.groups);
        new.pid_file.clone_from(&old.pid_file);
        new.state_dir.clone_from(&old.state_dir);
        waiting
    }

    fn adopt(&mut self, config: Config, listeners: Listeners) {
        self.target = config.process.max_servers;
        self.generation += 1;
        self.listeners = listeners;
        self.config = Rc::new(config);
        self.scoreboard.set(Field::MaxServers, self.target as u64);
        self.scoreboard.set(Field::Generation, self.generation);
        self.scoreboard
            .set_text(Text::Listeners, &self.listeners.names());
        self.retire_other_generations();
    }

    /// What deserves to be told at start and after each reload.
    pub(super) fn tell_of_settings(&self) {
        (self.hooks.examine)(&self.config, &self.scoreboard, &self.log);
        for warning in &self.config.warnings {
            self.log.note(-1, format_args!("{warning}"));
        }
        if !self.config.without_effect.is_empty() {
            self.log.note(
                0,
                format_args!(
                    "set, but has no effect: {}",
                    self.config.without_effect.join(", ")
                ),
            );
        }
    }

    /// Tells children of other generations to leave: idle ones now, busy ones after their session.
    pub(super) fn retire_other_generations(&mut self) {
        let generation = self.generation;
        for child in self
            .children
            .iter_mut()
            .filter(|child| child.generation != generation && !child.is_retiring)
        {
            child.is_retiring = true;
            // One that is dead already is reaped in a moment.
            drop(process::signal(child.pid, Send::HangUp));
        }
    }

    /// Tells children beyond the number that there shall be to leave, idle ones first.
    pub(super) fn retire_surplus(&mut self) {
        let staying = self
            .children
            .iter()
            .filter(|child| !child.is_retiring)
            .count();
        let mut surplus = staying.saturating_sub(self.target);
        for idle_only in [true, false] {
            for child in &mut self.children {
                let report = child.slot.and_then(|slot| self.scoreboard.report(slot));
                let is_idle = report.is_some_and(|report| report.stage == Some(Stage::Idle));
                if surplus == 0 || child.is_retiring || (idle_only && !is_idle) {
                    continue;
                }
                child.is_retiring = true;
                surplus -= 1;
                drop(process::signal(child.pid, Send::HangUp));
            }
        }
    }

    /// USR1.
    pub(super) fn reopen_log(&self) {
        match self.log.reopen() {
            Ok(()) => self.log.note(1, format_args!("log opened anew")),
            Err(error) => self
                .log
                .note(-1, format_args!("cannot reopen the log: {error}")),
        }
        for child in &self.children {
            drop(process::signal(child.pid, Send::User1));
        }
    }
}
