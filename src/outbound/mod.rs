//! Sending one message over SMTP or LMTP: connections, the one that is kept, and the transaction.
//!
//! # Guards
//! I1: what counts as taken is decided by `wire::smtp::client` alone. I5: every wait ends with the message's deadline.
//! D4: a kept connection that the next hop closed is noticed before it is used; if it breaks before anything was
//! acknowledged, a fresh one is tried, once.
//!
//! # Source
//! daemon.md 4.3 to 4.6.

mod content;
mod keep;
mod session;
mod target;

use std::{os::fd::BorrowedFd, time::Duration};

pub use target::Route;

use self::{keep::Keep, session::Session};
use crate::{
    config::settled::DeliveryConfig,
    counters::{Cells, Counter},
    log::Log,
    mail::{id::LogId, reply::Reply},
    spool::message::Message,
    sys::{
        clock::{Deadline, monotonic_ms},
        fault,
    },
    wire::smtp::client::{Fate, Plan, Stage},
};

/// Sends messages; keeps one connection.
#[derive(Debug)]
pub struct Outbound {
    config: DeliveryConfig,
    hello_name: String,
    cells: Cells,
    keep: Keep,
}

/// One message to send.
#[derive(Clone, Debug)]
pub struct Outgoing<'o> {
    /// Envelope and wishes.
    pub plan: Plan<'o>,
    /// Header fields to put before the message, canonical, ended by CRLF; may be empty.
    pub prefix: &'o [u8],
    /// The message.
    pub message: &'o Message,
    /// For the log.
    pub log_id: &'o LogId,
}

/// What became of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// The next hop, as `smtp:[127.0.0.1]:10025`.
    pub hop: String,
    /// One fate for each recipient of the plan.
    pub fates: Vec<Fate>,
    /// The refusals are our own words, not the next hop's: it could not be reached, or was lost.
    pub is_our_failure: bool,
    /// The next hop offers DSN, so that reports about success are its business.
    pub offers_dsn: bool,
}

impl Outbound {
    /// Longest waits (daemon.md 4.5); all end with the message's deadline as well.
    const CONNECT: Duration = Duration::from_secs(35);
    const RUNDOWN: Duration = Duration::from_secs(5);

    /// Makes a sender without connections.
    #[must_use]
    pub fn new(config: DeliveryConfig, hello_name: String, cells: Cells) -> Self {
        let keep = Keep::new(config.keeps_connections, config.keeps_on_demand);
        Self {
            config,
            hello_name,
            cells,
            keep,
        }
    }

    /// Takes on the settings of a message's policy banks; a kept connection that was made under another name or from another
    /// address is of no use for it.
    pub fn adopt(&mut self, config: &DeliveryConfig, hello_name: &str) {
        if self.hello_name != hello_name || self.config.bind_address != config.bind_address {
            self.close();
            hello_name.clone_into(&mut self.hello_name);
            self.config.bind_address = config.bind_address;
        }
    }

    /// Sends a message by one of `routes`: a random one first, the others if it cannot be reached.
    pub fn send(
        &mut self,
        routes: &[Route],
        outgoing: &Outgoing<'_>,
        deadline: Deadline,
        log: &Log,
    ) -> Delivery {
        let mut delivery = self.send_once(routes, outgoing, deadline, log);
        // Recipients beyond what the next hop takes in one transaction get another one, while there is progress.
        loop {
            let later: Vec<usize> = indices_of_later(&delivery.fates);
            if later.is_empty() {
                return delivery;
            }
            log.write(
                -1,
                Some(outgoing.log_id),
                format_args!(
                    "Only {} recips sent in one go",
                    delivery.fates.len() - later.len()
                ),
            );
            let recipients: Vec<_> = later
                .iter()
                .filter_map(|&at| outgoing.plan.recipients.get(at).cloned())
                .collect();
            let plan = Plan {
                recipients: &recipients,
                ..outgoing.plan.clone()
            };
            let rest = self.send_once(
                routes,
                &Outgoing {
                    plan,
                    ..outgoing.clone()
                },
                deadline,
                log,
            );
            let progress = indices_of_later(&rest.fates).len() < later.len();
            for (at, fate) in later.into_iter().zip(rest.fates) {
                let fate = if fate == Fate::Later && !progress {
                    let refused = too_many_recipients(at);
                    self.count_fates(std::slice::from_ref(&refused));
                    refused
                } else {
                    fate
                };
                if let Some(place) = delivery.fates.get_mut(at) {
                    *place = fate;
                }
            }
        }
    }

    fn send_once(
        &mut self,
        routes: &[Route],
        outgoing: &Outgoing<'_>,
        deadline: Deadline,
        log: &Log,
    ) -> Delivery {
        if let Some((session, is_recent)) = self.keep.take(routes, deadline) {
            self.cells.count(if is_recent {
                Counter::OutConnReuseRecent
            } else {
                Counter::OutConnReuseRefreshed
            });
            match self.transact(session, outgoing, deadline, true) {
                Some(delivery) => return delivery,
                None => log.write(
                    1,
                    Some(outgoing.log_id),
                    format_args!("kept connection to the next hop was lost, trying a fresh one"),
                ),
            }
            self.cells.count(Counter::OutConnReuseFail);
        }
        match self.connect(routes, deadline, outgoing.log_id, log) {
            Ok(session) => {
                let hop = session.name().to_owned();
                self.transact(session, outgoing, deadline, false)
                    .unwrap_or_else(|| failed(hop, outgoing, Stage::Mail, &lost()))
            }
            Err(unreachable) => {
                let delivery = unreachable.for_all(outgoing);
                self.count_fates(&delivery.fates);
                delivery
            }
        }
    }

    /// Runs one transaction. `None`: the kept connection was of no use, and nothing was sent that could be doubled.
    fn transact(
        &mut self,
        mut session: Session,
        outgoing: &Outgoing<'_>,
        deadline: Deadline,
        is_kept: bool,
    ) -> Option<Delivery> {
        self.cells.count(Counter::OutConnTransact);
        fault::pass("outbound.transact");
        let begin = monotonic_ms();
        let outcome = session.transact(outgoing, deadline);
        self.cells
            .add(Counter::TimeElapsedSending, monotonic_ms() - begin);
        if is_kept && outcome.may_be_repeated {
            return None;
        }
        let (hop, offers_dsn) = (session.name().to_owned(), session.offers_dsn());
        if outcome.session_is_usable {
            self.keep.put(session);
        }
        if outcome
            .fates
            .iter()
            .any(|fate| matches!(fate, Fate::Taken(_)))
        {
            self.cells.count(Counter::OutMsgs);
            self.cells.add(
                Counter::OutMsgsSize,
                outgoing.message.size() + outgoing.prefix.len() as u64,
            );
        }
        self.count_fates(&outcome.fates);
        Some(Delivery {
            hop,
            fates: outcome.fates,
            is_our_failure: outcome.is_our_failure,
            offers_dsn,
        })
    }

    fn count_fates(&self, fates: &[Fate]) {
        for fate in fates {
            match fate {
                Fate::Taken(_) => self.cells.count(Counter::OutMsgsDelivers),
                Fate::Refused(_, reply) if reply.is_permanent() => {
                    self.cells.count(Counter::OutMsgsRejects);
                }
                Fate::Refused(..) | Fate::GivenUp => self.cells.count(Counter::OutMsgsAttemptFails),
                Fate::Later => {}
            }
        }
    }

    /// Connects to a random route, or if that fails to the others in turn.
    fn connect(
        &mut self,
        routes: &[Route],
        deadline: Deadline,
        log_id: &LogId,
        log: &Log,
    ) -> Result<Session, Unreachable> {
        let mut unreachable = Unreachable::default();
        for at in target::shuffled(routes.len()) {
            let Some(route) = routes.get(at) else {
                continue;
            };
            let limit = deadline.or_after(Self::CONNECT);
            match Session::open(
                route,
                &self.hello_name,
                self.config.bind_address,
                limit,
                deadline,
            ) {
                Ok(session) => {
                    self.cells.count(Counter::OutConnNew);
                    return Ok(session);
                }
                Err(refusal) => {
                    log.write(
                        -1,
                        Some(log_id),
                        format_args!("next hop {route}: {refusal}"),
                    );
                    unreachable.add(route, refusal);
                }
            }
        }
        Err(unreachable)
    }

    /// To be called when a client's session ends: connections that are not worth keeping are ended.
    pub fn end_of_session(&mut self) {
        if let Some(session) = self.keep.rundown() {
            self.quit(session);
        }
    }

    /// To be called when the child has nothing to do: ends a connection that has been idle for too long.
    pub fn expire(&mut self) {
        if let Some(session) = self.keep.expired() {
            self.quit(session);
        }
    }

    /// Until when the kept connection may stay, if there is one.
    #[must_use]
    pub fn keep_until(&self) -> Option<Deadline> {
        self.keep.until()
    }

    /// The kept connection's descriptor, to be watched while idle.
    #[must_use]
    pub fn watched(&self) -> Option<BorrowedFd<'_>> {
        self.keep.descriptor()
    }

    /// Something came over the kept connection while it was idle: it is of no more use.
    pub fn drop_kept(&mut self) {
        self.keep.drop_kept();
    }

    /// Ends the kept connection in order. To be called before the child leaves.
    pub fn close(&mut self) {
        if let Some(session) = self.keep.take_any() {
            self.quit(session);
        }
    }

    fn quit(&self, session: Session) {
        self.cells.count(Counter::OutConnQuit);
        session.quit(Deadline::after(Self::RUNDOWN));
    }
}

/// Why no route could be used.
#[derive(Debug, Default)]
struct Unreachable {
    names: Vec<String>,
    refusals: Vec<session::Refusal>,
}

impl Unreachable {
    fn add(&mut self, route: &Route, refusal: session::Refusal) {
        self.names.push(route.to_string());
        self.refusals.push(refusal);
    }

    /// The delivery that failed: permanently only if every next hop said so itself (D11).
    fn for_all(self, outgoing: &Outgoing<'_>) -> Delivery {
        let hop = self.names.join(", ");
        let replies: Vec<&Reply> = self
            .refusals
            .iter()
            .filter_map(session::Refusal::reply)
            .collect();
        let all_replied = replies.len() == self.refusals.len() && !replies.is_empty();
        let (reply, is_ours) = match replies.last() {
            Some(reply) if all_replied && replies.iter().all(|reply| reply.is_permanent()) => {
                ((*reply).clone(), false)
            }
            Some(reply) if all_replied && reply.is_temporary() => ((*reply).clone(), false),
            _ => {
                let text = format!(
                    "during fwd-connect (All attempts ({}) failed connecting to {hop})",
                    self.names.len()
                );
                (Reply::status(451, 5, 0, text), true)
            }
        };
        Delivery {
            is_our_failure: is_ours,
            ..failed(hop, outgoing, Stage::Greeting, &reply)
        }
    }
}

fn failed(hop: String, outgoing: &Outgoing<'_>, stage: Stage, reply: &Reply) -> Delivery {
    let fates = vec![Fate::Refused(stage, reply.clone()); outgoing.plan.recipients.len()];
    Delivery {
        hop,
        fates,
        is_our_failure: true,
        offers_dsn: false,
    }
}

fn lost() -> Reply {
    Reply::status(450, 4, 2, "connection lost")
}

fn indices_of_later(fates: &[Fate]) -> Vec<usize> {
    fates
        .iter()
        .enumerate()
        .filter(|(_, fate)| **fate == Fate::Later)
        .map(|(at, _)| at)
        .collect()
}

fn too_many_recipients(at: usize) -> Fate {
    Fate::Refused(
        Stage::Rcpt(at),
        Reply::status(452, 5, 3, "Number of recipients not reduced"),
    )
}
