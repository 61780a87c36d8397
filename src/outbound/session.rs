//! One connection to a next hop.

use std::{
    fmt,
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use super::{
    Outgoing, content,
    target::{Place, Route},
};
use crate::{
    mail::reply::Reply,
    net::{
        connect,
        stream::{Stream, StreamError},
    },
    sys::clock::{Deadline, tick_ms},
    wire::smtp::{
        capabilities::Capabilities,
        client::{Fate, Stage, Step, Transaction},
        reply::{ReplyError, ReplyReader},
    },
};

/// Octets taken from the connection at a time.
const CHUNK: usize = 4096;

/// An open session, between transactions.
#[derive(Debug)]
pub(super) struct Session {
    route: Route,
    name: String,
    stream: Stream,
    replies: ReplyReader,
    input: Vec<u8>,
    capabilities: Capabilities,
    opened_ms: u64,
    used_ms: u64,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No connection.
    Connect(std::io::Error),
    /// Lost or silent.
    Lost(Stage, Trouble),
    /// The next hop said no.
    Replied(Stage, Reply),
    /// An LMTP server that lacks what LMTP requires (RFC 2033 section 5).
    Lacks(&'static str),
}

impl Refusal {
    /// What the next hop said, if it was the one who refused.
    pub(super) const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Replied(_, reply) => Some(reply),
            Self::Connect(_) | Self::Lost(..) | Self::Lacks(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "Can't connect: {error}"),
            Self::Lost(stage, trouble) => write!(f, "{trouble} at {}", stage.command()),
            Self::Replied(stage, reply) => write!(f, "refused at {}: {reply}", stage.command()),
            Self::Lacks(what) => write!(f, "LMTP server does not offer {what}"),
        }
    }
}

/// Why no reply came.
#[derive(Debug)]
pub(super) enum Trouble {
    Stream(StreamError),
    Reply(ReplyError),
}

impl Trouble {
    /// The connection is gone, as one that was closed for being idle.
    const fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::Stream(StreamError::Closed | StreamError::Broken(_))
        )
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(error) => write!(f, "{error}"),
            Self::Reply(error) => write!(f, "{error}"),
        }
    }
}

/// How a transaction ended.
#[derive(Debug)]
pub(super) struct Transacted {
    pub(super) fates: Vec<Fate>,
    pub(super) session_is_usable: bool,
    /// Closed or turned away (421) before the message was begun, so that the whole may be tried again on a fresh session.
    pub(super) may_be_repeated: bool,
    /// It ended by our own words, not by the next hop's.
    pub(super) is_our_failure: bool,
}

impl Session {
    /// Longest waits for replies (daemon.md 4.5).
    const GREETING: Duration = Duration::from_secs(300);
    const COMMAND: Duration = Duration::from_secs(300);
    const DATA: Duration = Duration::from_secs(120);
    const END: Duration = Duration::from_secs(600);
    const RESET: Duration = Duration::from_secs(20);
    const NOOP: Duration = Duration::from_secs(15);

    /// Connects and greets.
    pub(super) fn open(
        route: &Route,
        hello_name: &str,
        from: Option<IpAddr>,
        connect_by: Deadline,
        deadline: Deadline,
    ) -> Result<Self, Refusal> {
        let stream = match &route.place {
            Place::Tcp(host, port) => connect::tcp(host, *port, from, connect_by),
            Place::Unix(path) => connect::unix(path, connect_by),
        };
        let now = tick_ms();
        let mut session = Self {
            route: route.clone(),
            name: route.to_string(),
            stream: stream.map_err(Refusal::Connect)?,
            replies: ReplyReader::default(),
            input: Vec::new(),
            capabilities: Capabilities::default(),
            opened_ms: now,
            used_ms: now,
        };
        let deadline = deadline.or_after(Self::GREETING);
        let greeting = session
            .reply(deadline)
            .map_err(|trouble| Refusal::Lost(Stage::Greeting, trouble))?;
        if !greeting.is_success() {
            return Err(Refusal::Replied(Stage::Greeting, greeting));
        }
        session.hello(hello_name, deadline)?;
        Ok(session)
    }

    /// EHLO, or HELO if that is refused; LHLO for LMTP.
    fn hello(&mut self, hello_name: &str, deadline: Deadline) -> Result<(), Refusal> {
        let lost = |trouble| Refusal::Lost(Stage::Hello, trouble);
        let verb = if self.route.lmtp { "LHLO" } else { "EHLO" };
        let reply = self
            .command(&format!("{verb} {hello_name}\r\n"), deadline)
            .map_err(lost)?;
        if reply.is_success() {
            self.capabilities = Capabilities::read(&reply);
        } else if self.route.lmtp || reply.code() == 421 {
            return Err(Refusal::Replied(Stage::Hello, reply));
        } else {
            let reply = self
                .command(&format!("HELO {hello_name}\r\n"), deadline)
                .map_err(lost)?;
            if !reply.is_success() {
                return Err(Refusal::Replied(Stage::Hello, reply));
            }
        }
        match (
            self.route.lmtp,
            self.capabilities.pipelining,
            self.capabilities.enhanced_status_codes,
        ) {
            (true, false, _) => Err(Refusal::Lacks("PIPELINING")),
            (true, _, false) => Err(Refusal::Lacks("ENHANCEDSTATUSCODES")),
            _ => Ok(()),
        }
    }

    /// Runs a transaction.
    pub(super) fn transact(&mut self, outgoing: &Outgoing<'_>, deadline: Deadline) -> Transacted {
        let ascii = content::in_ascii(&outgoing.plan, &self.capabilities);
        let converted;
        let outgoing = match &ascii {
            Some(ascii) => {
                converted = Outgoing {
                    plan: ascii.plan(&outgoing.plan),
                    ..outgoing.clone()
                };
                &converted
            }
            None => outgoing,
        };
        if let Some(refused) = content::refusals(outgoing, &self.capabilities) {
            return Transacted {
                fates: refused,
                session_is_usable: true,
                may_be_repeated: false,
                is_our_failure: false,
            };
        }
        let mut transaction = Transaction::new(&outgoing.plan, &self.capabilities);
        let mut stage = Stage::Mail;
        let (mut is_our_failure, mut was_lost, mut was_turned_away) = (false, false, false);
        let session_is_usable = loop {
            let result = match transaction.step() {
                Step::Done { session_is_usable } => break session_is_usable,
                Step::Send(octets) => self
                    .stream
                    .send(&octets, deadline.or_after(Self::COMMAND))
                    .map_err(Trouble::Stream),
                Step::Await(awaited) => {
                    stage = awaited;
                    self.reply(deadline.or_after(patience(awaited)))
                        .map(|reply| {
                            was_turned_away |= reply.code() == 421;
                            transaction.take_reply(reply);
                        })
                }
                Step::SendContent => {
                    stage = Stage::Content;
                    content::send(&mut self.stream, outgoing, deadline).map_err(Trouble::Stream)
                }
            };
            if let Err(trouble) = result {
                is_our_failure = true;
                was_lost |= trouble.is_loss();
                transaction.fail(stage, &self.trouble_reply(stage, &trouble, outgoing));
            }
        };
        self.used_ms = tick_ms();
        let may_be_repeated = transaction.may_be_repeated() && (was_lost || was_turned_away);
        Transacted {
            fates: transaction.into_fates(),
            // Octets that belong to no reply: the two sides do not agree on where they are.
            session_is_usable: session_is_usable && self.replies.is_empty(),
            may_be_repeated,
            is_our_failure,
        }
    }

    /// The refusal for a connection that gave no reply.
    fn trouble_reply(&self, stage: Stage, trouble: &Trouble, outgoing: &Outgoing<'_>) -> Reply {
        let (section, id) = (stage.section(), outgoing.log_id);
        match trouble {
            Trouble::Stream(StreamError::TimedOut) => Reply::status(
                450,
                4,
                2,
                format!("Timed out during {section}, MTA({}), id={id}", self.name),
            ),
            Trouble::Stream(StreamError::Closed) => {
                let text = format!(
                    "From MTA({}) during {section} (No resp. to {}: connection closed): id={id}",
                    self.name,
                    stage.command()
                );
                Reply::status(451, 5, 0, text)
            }
            Trouble::Stream(StreamError::Broken(error)) => Reply::status(
                451,
                5,
                0,
                format!(
                    "From MTA({}) during {section} ({error}): id={id}",
                    self.name
                ),
            ),
            Trouble::Reply(error) => {
                let text = format!(
                    "From MTA({}) during {section} (Bad resp. to {}: {error}): id={id}",
                    self.name,
                    stage.command()
                );
                Reply::status(451, 5, 0, text)
            }
        }
    }

    /// Sends a command and reads its reply.
    fn command(&mut self, line: &str, deadline: Deadline) -> Result<Reply, Trouble> {
        self.stream
            .send(line.as_bytes(), deadline)
            .map_err(Trouble::Stream)?;
        self.reply(deadline)
    }

    fn reply(&mut self, deadline: Deadline) -> Result<Reply, Trouble> {
        loop {
            if let Some(reply) = self.replies.next_reply().map_err(Trouble::Reply)? {
                return Ok(reply);
            }
            self.input.clear();
            self.stream
                .receive(&mut self.input, CHUNK, deadline)
                .map_err(Trouble::Stream)?;
            self.replies.feed(&self.input);
        }
    }

    /// Asks whether the session still works.
    pub(super) fn refresh(&mut self, deadline: Deadline) -> bool {
        let answer = self.command("NOOP\r\n", deadline.or_after(Self::NOOP));
        self.used_ms = tick_ms();
        answer.is_ok_and(|reply| reply.is_success())
    }

    /// Ends the session in order: waits for the goodbye and for the next hop to close, so that it counts one session less
    /// before anyone opens another.
    pub(super) fn quit(mut self, deadline: Deadline) {
        if self.command("QUIT\r\n", deadline).is_ok() {
            self.input.clear();
            while self
                .stream
                .receive(
                    &mut self.input,
                    CHUNK,
                    deadline.or_after(Duration::from_secs(1)),
                )
                .is_ok()
            {
                self.input.clear();
            }
        }
    }

    /// True if the next hop reports delivery itself.
    pub(super) const fn offers_dsn(&self) -> bool {
        self.capabilities.dsn
    }

    pub(super) const fn route(&self) -> &Route {
        &self.route
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// True if nothing came that was not asked for, and the next hop has not closed.
    pub(super) fn is_quiet(&self) -> bool {
        self.replies.is_empty() && self.stream.is_quiet()
    }

    pub(super) fn idle_ms(&self) -> u64 {
        tick_ms().saturating_sub(self.used_ms)
    }

    pub(super) fn age_ms(&self) -> u64 {
        tick_ms().saturating_sub(self.opened_ms)
    }
}

impl AsFd for Session {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The longest wait for the reply at a stage.
const fn patience(stage: Stage) -> Duration {
    match stage {
        Stage::Greeting | Stage::Hello | Stage::Xforward | Stage::Mail | Stage::Rcpt(_) => {
            Session::COMMAND
        }
        Stage::Data => Session::DATA,
        Stage::Content | Stage::End => Session::END,
        Stage::Reset => Session::RESET,
    }
}
