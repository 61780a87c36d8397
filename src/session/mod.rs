//! One client connection: moves octets between the network and the protocol machine, and turns transactions into pipeline calls.
//!
//! # Guards
//! P9, D17: everything here is made anew for a connection; the buffers that are kept (the spool's) are empty between messages.
//! D2: a message in work is finished, whatever the master says; between messages the session ends.

mod ampdp;
mod greeting;
mod limits;
mod receive;
mod transaction;

use std::hash::RandomState;

use crate::{
    config::settled::{Config, Protocol},
    counters::{Cells, Counter},
    log::Log,
    mail::{client::ClientFacts, id::LogId, reply::Reply},
    net::stream::{Stream, StreamError},
    outbound::Outbound,
    pipeline::{Identifier, NoticeCount},
    policy::{
        bank::{Chosen, Interface},
        recipient::RecipientSettings,
    },
    scoreboard::{ChildSlot, Scoreboard, Stage},
    spool::Spool,
    sys::{
        clock::{Deadline, MailDate},
        process,
        signal::{self, Flag},
        socket::Endpoint,
        wait::Wake,
    },
    wire::smtp::server::{Event, Server, Wants},
};

/// What a child has for its sessions; lives as long as the child.
#[derive(Debug)]
pub struct Surroundings<'s> {
    /// Settings.
    pub config: &'s Config,
    /// The log.
    pub log: &'s Log,
    /// Counters.
    pub cells: Cells,
    /// Where the child says what it does.
    pub slot: ChildSlot,
    /// Where crashes of earlier children are noted.
    pub scoreboard: Scoreboard,
    /// Keys for digests, the same in all children.
    pub keys: &'s RandomState,
    /// Takes messages in.
    pub spool: Spool,
    /// Sends messages on.
    pub outbound: Outbound,
    /// Makes mail ids.
    pub identifier: Identifier,
    /// The date for trace fields.
    pub date: MailDate,
    /// Notices to administrators of late.
    pub notice_count: NoticeCount,
    /// Memory for commands, empty between sessions.
    pub input: Vec<u8>,
}

/// Serves one connection from greeting to end; gives the number of transactions begun.
///
/// `ordinal` is the number of the session in this child, from 1; `ours` is the listener's address.
pub fn serve(
    stream: &mut Stream,
    ours: &Endpoint,
    ordinal: u64,
    surroundings: &mut Surroundings<'_>,
) -> u64 {
    surroundings.cells.count(Counter::Sessions);
    surroundings.slot.count_session();
    let Ok(peer) = stream.peer_endpoint() else {
        return 0;
    };
    let local = match stream.local_endpoint() {
        Ok(local) => local,
        Err(_) => ours.clone(),
    };
    let chosen = Chosen::for_session(surroundings.config, interface(&local, ours));
    surroundings.log.set_level(chosen.config.log.level);
    if !is_allowed(&peer, chosen.config, surroundings) {
        return 0;
    }
    if chosen.config.listen.protocol == Protocol::AmPdp {
        return ampdp::serve(stream, &peer, ordinal, &chosen, surroundings);
    }
    let server = Server::new(greeting::options(chosen.config, &local));
    let mut session = Session {
        stream,
        server,
        input: std::mem::take(&mut surroundings.input),
        peer,
        local,
        ordinal,
        messages: 0,
        chosen,
        transaction: None,
        line_deadline: None,
        surroundings,
    };
    let ended = session.run();
    let tasks = session.messages;
    session.report_end(ended);
    let mut input = session.input;
    input.clear();
    input.shrink_to(limits::INPUT);
    surroundings.input = input;
    surroundings.slot.name_message("", "", 0);
    tasks
}

/// Where the session comes in; a path is the listener's, for a connection has none of its own.
fn interface<'e>(local: &Endpoint, ours: &'e Endpoint) -> Interface<'e> {
    match (local, ours) {
        (Endpoint::Tcp(address), _) | (_, Endpoint::Tcp(address)) => Interface::Tcp(*address),
        (_, Endpoint::Unix(path)) => Interface::Unix(path),
    }
}

/// The access list; UNIX sockets have file modes instead.
fn is_allowed(peer: &Endpoint, config: &Config, surroundings: &Surroundings<'_>) -> bool {
    let Some(address) = peer.address() else {
        return true;
    };
    let allowed = config.smtpd.access.contains(address);
    if !allowed {
        surroundings.cells.count(Counter::SessionsDenied);
        surroundings.log.note(
            -1,
            format_args!(
                "DENIED ACCESS from IP {address}, policy bank '{}'",
                config.bank_path
            ),
        );
    }
    allowed
}

/// One connection's state.
struct Session<'a, 's> {
    stream: &'a mut Stream,
    server: Server,
    /// Octets received and not taken by the machine yet.
    input: Vec<u8>,
    peer: Endpoint,
    local: Endpoint,
    ordinal: u64,
    /// Transactions begun.
    messages: u64,
    /// What holds between transactions.
    chosen: Chosen<'s>,
    transaction: Option<InWork<'s>>,
    /// Until when the command line that has begun must be complete.
    line_deadline: Option<Deadline>,
    surroundings: &'a mut Surroundings<'s>,
}

/// A transaction in work.
#[derive(Debug)]
struct InWork<'s> {
    log_id: LogId,
    /// What holds for it: policy banks of the client and the sender over those of the session.
    config: &'s Config,
    began_ms: u64,
    /// The original client; the MTA itself if XFORWARD told nothing.
    client: ClientFacts,
    recipients: Vec<RecipientSettings>,
}

/// How a session ended.
enum Ended {
    /// With a goodbye, ours or the client's.
    Properly,
    /// By a broken connection or a silent client.
    By(StreamError),
}

impl<'s> Session<'_, 's> {
    /// The settings in effect: of the transaction, if there is one.
    fn config(&self) -> &'s Config {
        self.transaction
            .as_ref()
            .map_or(self.chosen.config, |transaction| transaction.config)
    }

    fn run(&mut self) -> Ended {
        loop {
            let result = match self.server.wants() {
                Wants::Command => self.take_commands(),
                Wants::Data => self.receive_message(),
                // Both are answered where they come up.
                Wants::Answer | Wants::Verdict => Ok(()),
                Wants::Close => {
                    let result = self.flush();
                    return result.map_or_else(Ended::By, |()| Ended::Properly);
                }
            };
            if let Err(error) = result {
                return Ended::By(error);
            }
        }
    }

    /// Takes commands that are here; waits for more if there are none.
    fn take_commands(&mut self) -> Result<(), StreamError> {
        let mut rest = self.input.as_slice();
        let event = self.server.receive(&mut rest);
        let taken = self.input.len() - rest.len();
        self.input.drain(..taken);
        match event {
            Some(event) => {
                self.handle(event);
                Ok(())
            }
            None if self.server.wants() == Wants::Command => self.wait_for_input(),
            None => Ok(()),
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Mail => self.begin_transaction(),
            Event::Recipient => self.judge_recipient(),
            Event::Data => self.server.accept(),
            Event::Abandoned => self.end_transaction(),
            Event::Refused { line, reply } => {
                self.surroundings.cells.count(Counter::CommandsRefused);
                let id = self
                    .transaction
                    .as_ref()
                    .map(|transaction| &transaction.log_id);
                let line = String::from_utf8_lossy(&line);
                self.surroundings.log.write(
                    0,
                    id,
                    format_args!(
                        "{}: {reply}; smtp_resp: {line}",
                        self.server.protocol_name()
                    ),
                );
            }
        }
    }

    /// Sends what was said and waits for the next command, for a signal, or for the end of patience.
    fn wait_for_input(&mut self) -> Result<(), StreamError> {
        self.flush()?;
        let timeout = self.config().smtpd.timeout;
        // A line that comes octet by octet has no more time than one that comes at once.
        let deadline = match self.line_deadline {
            Some(deadline) if !self.input.is_empty() => deadline,
            _ => Deadline::after(timeout),
        };
        self.line_deadline = Some(deadline);
        self.surroundings.slot.enter(Stage::Waiting, Some(deadline));
        if Self::must_leave() {
            return self.say_shutting_down("");
        }
        match self.wait_readable(deadline)? {
            Wake::Ready => {}
            Wake::Signal => {
                return if Self::must_leave() {
                    self.say_shutting_down("")
                } else {
                    Ok(())
                };
            }
            Wake::TimedOut => {
                self.surroundings.cells.count(Counter::SessionsBroken);
                self.surroundings.log.note(
                    0,
                    format_args!(
                        "client {} was silent for {} s",
                        self.peer,
                        timeout.as_secs()
                    ),
                );
                return self.say_shutting_down(", during waiting for input from client");
            }
        }
        self.stream
            .receive(&mut self.input, limits::INPUT, deadline)?;
        Ok(())
    }

    /// As the stream's; shows the master at least once in `$child_timeout` that this child is alive.
    fn wait_readable(&mut self, deadline: Deadline) -> Result<Wake, StreamError> {
        loop {
            let beat = self.beat(deadline);
            match self.stream.wait_readable(beat)? {
                Wake::TimedOut if !deadline.has_passed() => {}
                wake => return Ok(wake),
            }
        }
    }

    /// The end of the next wait, and with it the time at which the master may take this child for hung.
    fn beat(&mut self, deadline: Deadline) -> Deadline {
        let beat = deadline.or_after(self.config().process.child_timeout);
        self.surroundings.slot.extend(beat);
        beat
    }

    /// True if the master wants this child to go, or is gone itself.
    fn must_leave() -> bool {
        signal::is_set(Flag::Stop) || signal::is_set(Flag::Orphaned)
    }

    fn say_shutting_down(&mut self, why: &str) -> Result<(), StreamError> {
        self.server.close(&Reply::status(
            421,
            3,
            2,
            format!("Service shutting down, closing channel{why}"),
        ));
        self.flush()
    }

    /// Sends the replies that have come together.
    fn flush(&mut self) -> Result<(), StreamError> {
        if !self.server.has_output() {
            return Ok(());
        }
        let deadline = Deadline::after(self.config().smtpd.timeout);
        let result = self.stream.send(self.server.output(), deadline);
        self.server.clear_output();
        result
    }

    /// Says how the session ended, if not in order; a client that is still sending must be able to read our last words.
    fn report_end(&mut self, ended: Ended) {
        match ended {
            Ended::Properly => {
                if !self.server.has_quit() {
                    self.stream.close_gently(limits::LINGER);
                }
            }
            Ended::By(error) => {
                let in_transaction = self.transaction.is_some();
                if in_transaction {
                    self.surroundings.cells.count(Counter::SessionsBroken);
                }
                let id = self
                    .transaction
                    .as_ref()
                    .map(|transaction| &transaction.log_id);
                let level = if in_transaction { 0 } else { 2 };
                self.surroundings.log.write(
                    level,
                    id,
                    format_args!("session with {} ended: {error}", self.peer),
                );
            }
        }
        self.end_transaction();
    }

    /// The log id of the `message`-th transaction.
    fn log_id(&self, message: u64) -> LogId {
        LogId::new(process::id(), self.ordinal, message)
    }
}
