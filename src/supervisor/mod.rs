//! The master: binds, forks, counts, reaps, retires, kills past deadlines, reloads, upgrades. It reads no mail and no client.
//!
//! # Guards
//! I3: this module cannot name what parses mail. I4: [`Master::run`] takes an [`Unprivileged`] start. Decision 27: nothing that a
//! child wrote into shared memory is trusted.
//!
//! # Order
//! One thread; handlers only set flags. The loop is: wait, take signals, reap, look at the slots, fork, publish.
//!
//! # Source
//! architecture section 5; Postfix `src/master` for the division of labour.

pub mod deadline;
mod generation;
pub mod listeners;
pub mod pid_file;
mod poison;
mod publish;
mod reap;
mod signals;
mod spawn;
pub mod start;
mod stop;
pub mod throttle;
pub mod upgrade;

use std::{
    hash::RandomState,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use self::{
    deadline::{Limits, Watch},
    listeners::Listeners,
    poison::PoisonTable,
    publish::Publisher,
    signals::{Order, Signals},
    start::Unprivileged,
    stop::Stopping,
    throttle::Throttle,
    upgrade::Upgrade,
};
use crate::{
    config::{files::Sources, settled::Config},
    log::Log,
    scoreboard::{Field, Report, Scoreboard},
    sys::{process, service, socket::Endpoint, user::Identity},
};

/// What the master cannot do itself, because it would have to know what mail is.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Looks whether those are there whom the configuration names, and tells who is not.
    pub examine: fn(&Config, &Scoreboard, &Log),
    /// Lives a child's life in the new process; its result is the exit status.
    pub child: fn(&Birth<'_>) -> i32,
    /// Removes what a dead child left below the folder; gives the number of folders removed.
    pub tidy: fn(&Path, Option<u32>) -> io::Result<usize>,
    /// Makes a log from a configuration.
    pub open_log: fn(&Config, &StartContext) -> io::Result<Log>,
}

/// What a child is born with.
#[derive(Clone, Copy, Debug)]
pub struct Birth<'b> {
    /// Ordinal since the master's start.
    pub number: u64,
    /// Place in the scoreboard.
    pub slot: usize,
    /// The master's process id.
    pub master: u32,
    /// Settings.
    pub config: &'b Rc<Config>,
    /// The log.
    pub log: &'b Rc<Log>,
    /// The scoreboard.
    pub scoreboard: Scoreboard,
    /// Sockets and where they listen.
    pub sockets: &'b [(Rc<OwnedFd>, Endpoint)],
    /// Read end of the lifeline.
    pub lifeline: &'b Rc<OwnedFd>,
    /// Whom the child must be by now.
    pub identity: Option<&'b Identity>,
    /// Keys for digests, the same in all children.
    pub keys: &'b Rc<RandomState>,
    /// Name of the program.
    pub program: &'b str,
}

/// How the program was started; needed to be able to do it again.
#[derive(Clone, Debug)]
pub struct StartContext {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments, `argv[0]` included.
    pub arguments: Vec<std::ffi::CString>,
    /// Where it was started: relative paths among the arguments begin there.
    pub folder: PathBuf,
    /// Arguments that check the configuration and bind nothing, `argv[0]` left out.
    pub check_arguments: Vec<std::ffi::OsString>,
    /// Name for titles and messages.
    pub name: String,
    /// Not a daemon.
    pub is_foreground: bool,
    /// The log goes to standard error, whatever the configuration says.
    pub logs_to_standard_error: bool,
}

/// One child, as the master knows it. Nothing of this is in shared memory.
#[derive(Clone, Debug)]
struct Child {
    pid: u32,
    /// `None` for a child of a predecessor whose scoreboard had another layout: it is not watched, only waited for.
    slot: Option<usize>,
    generation: u64,
    watch: Watch,
    /// What its slot said when it last made sense: if it is damaged, this tells what was in work.
    last: Option<Report>,
    /// Told to leave.
    is_retiring: bool,
    /// Killed by us, and why.
    killed_for: Option<&'static str>,
}

/// The master.
#[derive(Debug)]
pub struct Master {
    context: StartContext,
    sources: Sources,
    config: Rc<Config>,
    log: Rc<Log>,
    hooks: Hooks,
    identity: Option<Identity>,
    scoreboard: Scoreboard,
    scoreboard_file: std::fs::File,
    pid_file: Option<pid_file::PidFile>,
    listeners: Listeners,
    lifeline: (Rc<OwnedFd>, Rc<OwnedFd>),
    keys: Rc<RandomState>,
    children: Vec<Child>,
    /// Children that there shall be; TTIN and TTOU change it until the next reload.
    target: usize,
    generation: u64,
    born: u64,
    throttle: Throttle,
    poison: PoisonTable,
    stopping: Option<Stopping>,
    upgrade: Option<Upgrade>,
    publisher: Publisher,
}

/// How the master ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// As it was told to.
    Stopped,
}

impl Master {
    /// Longest time between two looks at the slots.
    const TICK: Duration = Duration::from_secs(1);

    /// Takes over what was opened before privileges were dropped.
    ///
    /// # Errors
    /// The kernel's, when the lifeline is made.
    pub fn new(start: Unprivileged, hooks: Hooks) -> io::Result<Self> {
        let publisher = Publisher::new(service::watchdog());
        let start = start.into_parts()?;
        let target = start.config.process.max_servers;
        start.scoreboard.set(Field::MaxServers, target as u64);
        Ok(Self {
            context: start.context,
            sources: start.sources,
            config: Rc::new(start.config),
            log: Rc::new(start.log),
            hooks,
            identity: start.identity,
            scoreboard: start.scoreboard,
            scoreboard_file: start.scoreboard_file,
            pid_file: start.pid_file,
            listeners: start.listeners,
            lifeline: start.lifeline,
            keys: Rc::new(RandomState::new()),
            children: start.adopted.into_iter().map(Child::adopted).collect(),
            target,
            generation: start.generation,
            born: 0,
            throttle: Throttle::default(),
            poison: PoisonTable::default(),
            stopping: None,
            upgrade: None,
            publisher,
        })
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// If signals cannot be received; children are not left behind.
    pub fn run(mut self) -> io::Result<Ended> {
        let mut signals = Signals::new()?;
        self.retire_other_generations();
        self.reap();
        process::prepare_children();
        self.fork_children();
        self.tell_of_settings();
        self.log.note(
            0,
            format_args!(
                "ready, listening on {}, {} children",
                self.listeners.names(),
                self.target
            ),
        );
        self.announce_ready("Ready");
        loop {
            let orders = signals.wait(self.next_wake())?;
            for order in orders {
                self.obey(order);
            }
            self.reap();
            self.watch_children();
            self.watch_upgrade();
            if self.is_stopped() {
                self.finish();
                return Ok(Ended::Stopped);
            }
            self.fork_children();
            self.publish();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Stop => self.stop(stop::Manner::Graceful),
            Order::Quit => self.stop(stop::Manner::Patient),
            Order::Reload => self.reload(),
            Order::ReopenLog => self.reopen_log(),
            Order::Upgrade => self.begin_upgrade(),
            Order::OneMore => self.change_target(1),
            Order::OneFewer => self.change_target(-1),
            // Reaping happens in every round.
            Order::Reap => {}
        }
    }

    /// How long the next wait may last.
    fn next_wake(&self) -> Duration {
        let waits = [
            self.throttle.wait(),
            self.stopping.as_ref().map(Stopping::wait),
            self.publisher.wait(),
        ];
        waits
            .into_iter()
            .flatten()
            .chain([Self::TICK])
            .min()
            .unwrap_or(Self::TICK)
            .max(Duration::from_millis(1))
    }

    /// The limits by which children are judged.
    fn limits(&self) -> Limits {
        Limits::new(self.config.process.child_timeout, self.config.smtpd.timeout)
    }
}
