//! Deaths of children, and the looks that may bring them about.

use super::{Child, Master, deadline::Verdict, upgrade};
use crate::{
    scoreboard::{Field, Report, Stage},
    sys::{
        clock::monotonic_ms,
        process::{self, Exit, Send},
    },
};

impl Master {
    /// Reaps every dead child.
    pub(super) fn reap(&mut self) {
        loop {
            match process::reap() {
                Ok(Some((pid, exit))) => self.buried(pid, exit),
                Ok(None) => return,
                Err(error) => {
                    self.log
                        .note(-1, format_args!("cannot reap children: {error}"));
                    return;
                }
            }
        }
    }

    fn buried(&mut self, pid: u32, exit: Exit) {
        if let Some(at) = self.children.iter().position(|child| child.pid == pid) {
            let child = self.children.swap_remove(at);
            self.child_ended(&child, exit);
        } else if self
            .upgrade
            .as_ref()
            .is_some_and(|upgrade| upgrade.pid() == pid)
        {
            self.upgrade_checked(exit);
        } else {
            // An orphan that was given to us because we are process 1, or the like.
            self.log.note(
                2,
                format_args!("process {pid} ended by {exit}, which is none of ours"),
            );
        }
    }

    fn child_ended(&mut self, child: &Child, exit: Exit) {
        let slot = child.slot;
        let report = slot
            .and_then(|slot| self.scoreboard.report(slot))
            .unwrap_or_else(Report::unknown);
        if let Some(slot) = slot.and_then(|slot| self.scoreboard.master_slot(slot)) {
            slot.vacate();
        }
        let in_order = exit == Exit::Status(0);
        if in_order || report.sessions > 0 {
            self.throttle.served();
        }
        if in_order {
            return;
        }
        self.tidy_after(child.pid);
        if self.stopping.is_some() && child.killed_for.is_some() {
            return;
        }
        self.scoreboard.add(Field::Crashes, 1);
        self.log
            .note(-2, format_args!("{}", obituary(child, exit, &report)));
        self.note_poison(child.credible(&report));
        if report.sessions == 0 && !child.is_retiring {
            let wait = self.throttle.still_born();
            self.log.note(
                -1,
                format_args!(
                    "child died before its first session; next fork in {} s",
                    wait.as_secs()
                ),
            );
        }
    }

    /// Removes the dead child's working directory (D5).
    fn tidy_after(&self, pid: u32) {
        let folder = &self.config.process.temp_base;
        if let Err(error) = (self.hooks.tidy)(folder, Some(pid)) {
            self.log.note(
                -1,
                format_args!(
                    "cannot remove what child {pid} left in {}: {error}",
                    folder.display()
                ),
            );
        }
    }

    /// Remembers the message that was in work.
    fn note_poison(&mut self, report: &Report) {
        let Some(ident) = report.ident.as_ref().filter(|ident| ident.key != 0) else {
            return;
        };
        let tries = self.poison.note(ident.key, &self.scoreboard);
        if tries > 1 {
            let name = if ident.queue_id.is_empty() {
                "a message".to_owned()
            } else {
                format!("queue id {}", ident.queue_id)
            };
            self.log.note(
                -2,
                format_args!("{name} was in work for the {tries}. time when its child died: it will not be checked"),
            );
        }
    }

    /// Kills children whose time is up, or whose slot makes no sense.
    pub(super) fn watch_children(&mut self) {
        let (now, limits) = (monotonic_ms(), self.limits());
        for at in 0..self.children.len() {
            let Some(child) = self.children.get_mut(at) else {
                return;
            };
            let Some(report) = child.slot.and_then(|slot| self.scoreboard.report(slot)) else {
                continue;
            };
            match child.watch.judge(child.pid, &report, limits, now) {
                Verdict::Fine => child.last = Some(report),
                Verdict::Kill(_) if child.killed_for.is_some() => {}
                Verdict::Kill(why) => {
                    child.killed_for = Some(why);
                    let (pid, circumstances) = (child.pid, circumstances(child, &report));
                    self.kill(pid, why, &circumstances);
                }
            }
        }
    }

    fn kill(&self, pid: u32, why: &str, circumstances: &str) {
        self.scoreboard.add(Field::Kills, 1);
        self.log.note(
            -2,
            format_args!("killing child {pid}: {why}, {circumstances}"),
        );
        // The group first, for the child's helpers; a child that has not yet made its group is reached by its number.
        if process::signal_group(pid, Send::Kill).is_err()
            && let Err(error) = process::signal(pid, Send::Kill)
        {
            self.log
                .note(-1, format_args!("cannot kill child {pid}: {error}"));
        }
    }

    /// Ends an upgrade check that takes too long.
    pub(super) fn watch_upgrade(&mut self) {
        if let Some(upgrade) = &self.upgrade
            && upgrade.is_overdue()
            && process::signal_group(upgrade.pid(), Send::Kill).is_err()
        {
            self.log
                .note(-1, format_args!("cannot end the check of the new program"));
            self.upgrade = None;
        }
    }

    fn upgrade_checked(&mut self, exit: Exit) {
        self.upgrade = None;
        if exit == Exit::Status(0) {
            upgrade::replace(self);
        } else {
            self.log.note(
                -1,
                format_args!("Rejecting upgrade: the new program's check of the configuration ended by {exit}"),
            );
        }
    }
}

/// `child 4711 ended by SIGSEGV in delivering, log id 04711-03, queue id 4433C9D2139`
fn obituary(child: &Child, exit: Exit, report: &Report) -> String {
    let why = child
        .killed_for
        .map(|why| format!(" (killed: {why})"))
        .unwrap_or_default();
    format!(
        "child {} ended by {exit}{why}, {}",
        child.pid,
        circumstances(child, report)
    )
}

/// What a child was doing, by its own account.
fn circumstances(child: &Child, report: &Report) -> String {
    let credible = child.credible(report);
    let stage = credible.stage.map_or("no known stage", Stage::name);
    let mut text = format!("in {stage}");
    if let Some(ident) = &credible.ident {
        text.push_str(&format!(", log id {}", ident.log_id));
        if !ident.queue_id.is_empty() {
            text.push_str(&format!(", queue id {}", ident.queue_id));
        }
    }
    if credible != report {
        text.push_str(", as last known");
    }
    text
}

impl Child {
    /// The report, or what was last known if its slot is damaged.
    fn credible<'r>(&'r self, report: &'r Report) -> &'r Report {
        let is_damaged = report.stage.is_none() || report.pid != self.pid;
        self.last.as_ref().filter(|_| is_damaged).unwrap_or(report)
    }
}
