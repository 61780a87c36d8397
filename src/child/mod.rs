//! One child's life: prologue, wait for a connection, serve a session, report, leave.
//!
//! # Guards
//! Decision 25: a child is recycled at the end of a session, never in it. P7: a panic ends the session and the child, after its
//! client was told.
//!
//! # Order
//! See `prologue`: nothing of a client is read before it is through.
//!
//! # Source
//! architecture 5.5.

mod fence;
mod prologue;

use std::{hash::RandomState, os::fd::OwnedFd, rc::Rc, time::Duration};

use crate::{
    config::settled::Config,
    counters::Cells,
    log::{Log, Throttle},
    net::{
        listener::{Arrival, Listener, arrival},
        stream::Stream,
    },
    outbound::Outbound,
    pipeline::{Identifier, NoticeCount},
    scoreboard::{ChildSlot, Scoreboard, Stage},
    session::{self, Surroundings},
    spool::{Limits, Spool},
    sys::{
        clock::{Deadline, MailDate},
        process,
        signal::{self, Flag},
        title,
        user::Identity,
        wait::pause,
    },
};

/// What a child gets from its master.
#[derive(Debug)]
pub struct Birth {
    /// Ordinal of the child since the master's start, for the title.
    pub number: u64,
    /// Its place in the scoreboard.
    pub slot: usize,
    /// The master's process id.
    pub master: u32,
    /// Settings.
    pub config: Rc<Config>,
    /// The log.
    pub log: Rc<Log>,
    /// The scoreboard.
    pub scoreboard: Scoreboard,
    /// Sockets to accept on.
    pub listeners: Vec<Listener>,
    /// Read end of the pipe that closes when the master dies.
    pub lifeline: Rc<OwnedFd>,
    /// Whom the child must be by now, if the master was root.
    pub identity: Option<Identity>,
    /// Keys for digests.
    pub keys: Rc<RandomState>,
    /// Name of the program, for the title.
    pub program: String,
}

/// Exit status of a child that a panic ended.
pub const INTERNAL_ERROR: i32 = 70;
/// Exit status of a child that could not begin.
pub const NO_START: i32 = 71;

/// Lives a child's life; returns its exit status.
#[must_use]
pub fn live(birth: &Birth) -> i32 {
    let Some(mut slot) = birth.scoreboard.child_slot(birth.slot) else {
        return NO_START;
    };
    slot.enter(Stage::Starting, None);
    if let Err(error) = prologue::run(birth) {
        birth
            .log
            .note(-2, format_args!("child cannot start: {error}"));
        return NO_START;
    }
    let cells = birth
        .scoreboard
        .counter_words(birth.slot)
        .map_or_else(Cells::private, Cells::new);
    let mut child = Child::new(birth, slot, cells);
    let status = child.serve();
    child.put_in_order();
    status
}

struct Child<'b> {
    birth: &'b Birth,
    surroundings: Surroundings<'b>,
    sessions: u64,
    /// Sessions, or transactions where a session had more than one (decision 25).
    used: u64,
    accept_errors: Throttle,
}

impl<'b> Child<'b> {
    fn new(birth: &'b Birth, slot: ChildSlot, cells: Cells) -> Self {
        let config = &*birth.config;
        let limits = Limits {
            memory: config.process.spool_memory_limit,
            reserve: config.process.spool_min_free,
        };
        let surroundings = Surroundings {
            config,
            log: &birth.log,
            cells,
            slot,
            scoreboard: birth.scoreboard,
            keys: &birth.keys,
            spool: Spool::new(config.process.temp_base.clone(), limits),
            outbound: Outbound::new(
                config.delivery.clone(),
                config.identity.localhost_name.clone(),
                cells,
            ),
            identifier: Identifier::default(),
            date: MailDate::default(),
            notice_count: NoticeCount::default(),
            input: Vec::new(),
        };
        Self {
            birth,
            surroundings,
            sessions: 0,
            used: 0,
            accept_errors: Throttle::default(),
        }
    }

    /// Serves sessions until it is time to leave.
    fn serve(&mut self) -> i32 {
        self.set_title("idle");
        self.surroundings.slot.enter(Stage::Idle, None);
        while !self.is_done() {
            if signal::take(Flag::ReopenLog)
                && let Err(error) = self.birth.log.reopen()
            {
                self.birth
                    .log
                    .note(-1, format_args!("cannot reopen the log: {error}"));
            }
            let deadline = self.surroundings.outbound.keep_until();
            let watched = self.surroundings.outbound.watched();
            let lifeline = std::os::fd::AsFd::as_fd(&*self.birth.lifeline);
            match arrival(&self.birth.listeners, lifeline, watched, deadline) {
                Ok(Arrival::Connection(index, stream)) => {
                    if !self.serve_session(index, stream) {
                        return INTERNAL_ERROR;
                    }
                }
                Ok(Arrival::Nothing) => {}
                Ok(Arrival::TimedOut) => self.surroundings.outbound.expire(),
                Ok(Arrival::Extra) => self.surroundings.outbound.drop_kept(),
                Ok(Arrival::MasterGone) => break,
                Err(error) => self.accept_failed(&error),
            }
        }
        0
    }

    fn is_done(&self) -> bool {
        let limit = self.birth.config.process.max_requests;
        let told = [Flag::Stop, Flag::Retire, Flag::Orphaned]
            .into_iter()
            .any(signal::is_set);
        told || (limit > 0 && self.used >= limit)
    }

    /// Serves one session; false if a panic ended it.
    fn serve_session(&mut self, index: usize, mut stream: Stream) -> bool {
        let Some(listener) = self.birth.listeners.get(index) else {
            return true;
        };
        self.sessions += 1;
        self.set_title(&format!(
            "session {:05}-{:02}",
            process::id(),
            self.sessions
        ));
        let (ordinal, surroundings) = (self.sessions, &mut self.surroundings);
        let tasks =
            fence::run(|| session::serve(&mut stream, &listener.endpoint, ordinal, surroundings));
        let survived = match tasks {
            Ok(tasks) => {
                self.used += tasks.max(1);
                true
            }
            Err(panic) => {
                self.birth.log.note(
                    -3,
                    format_args!("session ended by an internal error: {panic}"),
                );
                let bye = b"421 4.3.2 Service shutting down, internal error\r\n";
                // The client may be gone; it repeats the message in any case.
                drop(stream.send(bye, Deadline::after(Duration::from_secs(5))));
                false
            }
        };
        drop(stream);
        if survived {
            self.surroundings.slot.enter(Stage::Idle, None);
            self.surroundings.outbound.end_of_session();
            self.set_title("idle");
        }
        survived
    }

    /// A full descriptor table and the like pass; a child that dies of them would help nobody.
    fn accept_failed(&mut self, error: &std::io::Error) {
        if let Some(more) = self.accept_errors.pass(10_000) {
            self.birth.log.note(
                -1,
                format_args!("cannot accept connections: {error} ({more} times more)"),
            );
        }
        pause(Duration::from_millis(200));
    }

    /// Ends the connection to the next hop in order, and removes the working directory.
    fn put_in_order(&mut self) {
        self.surroundings.slot.enter(
            Stage::Leaving,
            Some(Deadline::after(Duration::from_secs(15))),
        );
        self.set_title("leaving");
        self.surroundings.outbound.close();
        if let Err(error) = self.surroundings.spool.clean_up() {
            self.birth.log.note(
                -1,
                format_args!("cannot remove the working directory: {error}"),
            );
        }
    }

    fn set_title(&self, state: &str) {
        title::set(&format!(
            "{} (ch{}-{state})",
            self.birth.program, self.birth.number
        ));
    }
}
