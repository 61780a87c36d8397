//! How far a long piece of work is, for somebody who waits at a terminal.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use crate::sys::terminal;

/// How long a command works before it shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it shows it then.
const TICK: Duration = Duration::from_millis(100);
/// Characters of the bar.
const WIDTH: usize = 30;

/// A bar on standard error; nothing if that is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    done: usize,
    began: Instant,
    shown: Option<Instant>,
    is_on: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        Self {
            what,
            total,
            done: 0,
            began: Instant::now(),
            shown: None,
            is_on: terminal::error_is_terminal(),
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        let is_due = match self.shown {
            None => self.began.elapsed() >= PATIENCE,
            Some(shown) => shown.elapsed() >= TICK,
        };
        if self.is_on && is_due {
            self.shown = Some(Instant::now());
            let filled = self.done.saturating_mul(WIDTH) / self.total.max(1);
            let bar: String = (0..WIDTH)
                .map(|at| if at < filled { '#' } else { '.' })
                .collect();
            // A terminal that is gone needs no bar.
            drop(write!(
                io::stderr(),
                "\r{} [{bar}] {}/{}",
                self.what,
                self.done,
                self.total
            ));
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if self.shown.is_some() {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }
}
