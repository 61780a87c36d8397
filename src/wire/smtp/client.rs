//! The client side of one transaction, as a machine without I/O.
//!
//! The driver asks [`Transaction::step`] what to do and hands replies to [`Transaction::take_reply`]; in the end each
//! recipient has a [`Fate`]. With PIPELINING everything up to DATA goes out in one write.
//!
//! # Guards
//! I1/D16: content goes out only after a 354, and `Taken` is made only from a 2xx to the final dot.
//! Trap 3 of daemon.md 9.2: a transaction given up in the data phase ends the connection without a dot.
//!
//! # Source
//! RFC 5321, RFC 2033, RFC 2920, RFC 3461; daemon.md 4.4.

use super::{capabilities::Capabilities, xforward};
use crate::mail::{
    address::Address,
    client::ClientFacts,
    envelope::{Body, Notify, Recipient, Ret},
    reply::Reply,
};

/// What to send.
#[derive(Clone, Debug)]
pub struct Plan<'p> {
    /// Reverse-path.
    pub reverse_path: &'p Address,
    /// Recipients; each gets a fate.
    pub recipients: &'p [Recipient],
    /// Body type to declare, if the next hop offers 8BITMIME.
    pub body: Option<Body>,
    /// Ask for SMTPUTF8; the next hop must offer it.
    pub smtputf8: bool,
    /// `RET=`, if the next hop offers DSN.
    pub ret: Option<Ret>,
    /// `ENVID=` in xtext, if the next hop offers DSN.
    pub envid: Option<&'p str>,
    /// The original client, if the next hop takes XFORWARD.
    pub client: Option<&'p ClientFacts>,
    /// Pass `NOTIFY=` and `ORCPT=` on.
    pub passes_dsn_on: bool,
    /// Success is reported by us: `SUCCESS` is taken out of `NOTIFY=`.
    pub ends_success_reports: bool,
    /// LMTP: a reply to the final dot for each accepted recipient.
    pub lmtp: bool,
    /// The reply upstream is one for all: a temporary failure of one recipient fails all.
    pub one_fails_all: bool,
}

/// A point in the transaction, for replies and the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Waiting for the greeting.
    Greeting,
    /// EHLO, LHLO or HELO.
    Hello,
    /// XFORWARD.
    Xforward,
    /// MAIL.
    Mail,
    /// RCPT of the recipient with this index.
    Rcpt(usize),
    /// DATA.
    Data,
    /// Sending the message.
    Content,
    /// The final dot.
    End,
    /// RSET.
    Reset,
}

impl Stage {
    /// The section's name in replies and the log (daemon.md 4.7).
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Greeting | Self::Hello => "fwd-connect",
            Self::Xforward => "fwd-xforward",
            Self::Mail => "fwd-mail-from",
            Self::Rcpt(_) => "fwd-rcpt-to",
            Self::Data => "fwd-data-cmd",
            Self::Content => "fwd-data-contents",
            Self::End => "fwd-data-end",
            Self::Reset => "fwd-rundown-1",
        }
    }

    /// The command it belongs to.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::Xforward => "XFORWARD",
            Self::Mail => "MAIL FROM",
            Self::Rcpt(_) => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "data",
            Self::End => "data-dot",
            Self::Reset => "RSET",
        }
    }
}

/// What became of one recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The next hop took the message for this recipient; the reply is a 2xx.
    Taken(Reply),
    /// It did not; the reply is no 2xx.
    Refused(Stage, Reply),
    /// Not offered to it: another recipient's temporary failure ended the transaction.
    GivenUp,
    /// Too many recipients for one transaction: offer it again.
    Later,
}

/// What the driver must do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Send these octets.
    Send(Vec<u8>),
    /// Read one reply and pass it to [`Transaction::take_reply`].
    Await(Stage),
    /// Send the message and the final dot.
    SendContent,
    /// Nothing: all fates are known.
    Done {
        /// The session can carry another transaction; if not, it must be closed at once, without QUIT.
        session_is_usable: bool,
    },
}

/// One transaction in progress.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Commands not sent yet, in order.
    commands: Vec<(Stage, Vec<u8>)>,
    /// Replies that are due, in order.
    due: std::collections::VecDeque<Stage>,
    /// A step decided on but not taken.
    next: Option<Step>,
    fates: Vec<Option<Fate>>,
    accepted: Vec<usize>,
    lmtp: bool,
    one_fails_all: bool,
    pipelining: bool,
    /// MAIL was accepted, so that the next hop has a transaction open.
    is_open: bool,
    session_is_usable: bool,
    /// The message was begun.
    has_sent_content: bool,
}

impl Transaction {
    /// Plans the commands for a next hop with `capabilities`.
    #[must_use]
    pub fn new(plan: &Plan<'_>, capabilities: &Capabilities) -> Self {
        let mut commands = Vec::with_capacity(plan.recipients.len() + 3);
        if let Some(line) = plan
            .client
            .and_then(|client| xforward::command(client, &capabilities.xforward))
        {
            commands.push((Stage::Xforward, crlf(line.into_bytes())));
        }
        commands.push((Stage::Mail, mail_command(plan, capabilities)));
        for (index, recipient) in plan.recipients.iter().enumerate() {
            commands.push((
                Stage::Rcpt(index),
                rcpt_command(plan, recipient, capabilities),
            ));
        }
        commands.push((Stage::Data, crlf(b"DATA".to_vec())));
        // What goes out first is taken from the end.
        commands.reverse();
        Self {
            commands,
            due: std::collections::VecDeque::new(),
            next: None,
            fates: vec![None; plan.recipients.len()],
            accepted: Vec::new(),
            lmtp: plan.lmtp,
            one_fails_all: plan.one_fails_all,
            pipelining: capabilities.pipelining,
            is_open: false,
            session_is_usable: true,
            has_sent_content: false,
        }
    }

    /// What to do next. `Await` is repeated until its reply came; every other step is told once.
    pub fn step(&mut self) -> Step {
        if let Some(&stage) = self.due.front() {
            return Step::Await(stage);
        }
        if let Some(step) = self.next.take() {
            match step {
                Step::SendContent => {
                    self.has_sent_content = true;
                    let replies = if self.lmtp { self.accepted.len() } else { 1 };
                    self.due.extend(std::iter::repeat_n(Stage::End, replies));
                }
                Step::Done { .. } => self.next = Some(step.clone()),
                Step::Send(_) | Step::Await(_) => {}
            }
            return step;
        }
        let batch = if self.pipelining {
            self.commands.len()
        } else {
            1
        };
        let mut octets = Vec::new();
        for (stage, line) in self
            .commands
            .drain(self.commands.len().saturating_sub(batch)..)
            .rev()
        {
            octets.extend_from_slice(&line);
            self.due.push_back(stage);
        }
        if octets.is_empty() {
            self.finish()
        } else {
            Step::Send(octets)
        }
    }

    /// Takes the reply that [`Step::Await`] asked for.
    pub fn take_reply(&mut self, reply: Reply) {
        let Some(stage) = self.due.pop_front() else {
            return;
        };
        if reply.code() == 421 {
            self.session_is_usable = false;
        }
        match stage {
            Stage::Mail => self.after_mail(reply),
            Stage::Rcpt(index) => self.after_rcpt(index, reply),
            Stage::Data => self.after_data(reply),
            Stage::End => self.after_end(reply),
            // A transaction that may still be open would swallow the next one.
            Stage::Reset => self.session_is_usable &= reply.is_success(),
            Stage::Greeting | Stage::Hello | Stage::Xforward | Stage::Content => {}
        }
    }

    /// The connection broke or its deadline passed: everyone without a fate is refused with `reply`.
    pub fn fail(&mut self, stage: Stage, reply: &Reply) {
        for fate in self.fates.iter_mut().filter(|fate| fate.is_none()) {
            *fate = Some(Fate::Refused(stage, reply.clone()));
        }
        self.due.clear();
        self.commands.clear();
        self.session_is_usable = false;
        self.next = Some(Step::Done {
            session_is_usable: false,
        });
    }

    /// True while the next hop cannot have taken anything, so that a fresh session may try the whole again.
    #[must_use]
    pub const fn may_be_repeated(&self) -> bool {
        !self.has_sent_content
    }

    /// The fates, one for each recipient of the plan, in order.
    #[must_use]
    pub fn into_fates(self) -> Vec<Fate> {
        self.fates
            .into_iter()
            .map(|fate| fate.unwrap_or(Fate::GivenUp))
            .collect()
    }

    fn after_mail(&mut self, reply: Reply) {
        if reply.is_success() {
            self.is_open = true;
            return;
        }
        let reply = refusal(reply);
        for fate in &mut self.fates {
            *fate = Some(Fate::Refused(Stage::Mail, reply.clone()));
        }
        // Without pipelining nothing more is sent; with it, the replies to the rest are still to come.
        self.commands.clear();
    }

    fn after_rcpt(&mut self, index: usize, reply: Reply) {
        let Some(fate) = self.fates.get_mut(index).filter(|fate| fate.is_none()) else {
            return;
        };
        if reply.is_success() {
            self.accepted.push(index);
        } else if reply.code() == 452 && !self.accepted.is_empty() {
            *fate = Some(Fate::Later);
            if !self.pipelining {
                self.postpone_the_rest();
            }
        } else {
            *fate = Some(Fate::Refused(Stage::Rcpt(index), refusal(reply)));
        }
        // Not pipelined, and nothing can come of it: DATA is not even sent.
        let is_last = matches!(self.commands.last(), Some((Stage::Data, _)));
        if is_last && (self.accepted.is_empty() || self.must_bail_out()) {
            self.commands.clear();
        }
    }

    /// Skips the recipients that were not offered yet.
    fn postpone_the_rest(&mut self) {
        for (stage, _) in &self.commands {
            if let Stage::Rcpt(index) = stage
                && let Some(fate) = self.fates.get_mut(*index)
            {
                *fate = Some(Fate::Later);
            }
        }
        self.commands
            .retain(|(stage, _)| matches!(stage, Stage::Data));
    }

    /// A temporary failure of one recipient, and upstream waits for one reply: nobody may get it now.
    fn must_bail_out(&self) -> bool {
        let temporary = |fate: &Option<Fate>| matches!(fate, Some(Fate::Refused(_, reply)) if reply.is_temporary());
        self.one_fails_all && self.fates.iter().any(temporary)
    }

    fn after_data(&mut self, reply: Reply) {
        let go_ahead = reply.code() == 354;
        if !go_ahead {
            let reply = refusal(reply);
            for &index in &self.accepted {
                if let Some(fate) = self.fates.get_mut(index) {
                    *fate = Some(Fate::Refused(Stage::Data, reply.clone()));
                }
            }
            self.accepted.clear();
        } else if !self.is_open || self.must_bail_out() || (self.lmtp && self.accepted.is_empty()) {
            self.session_is_usable = false;
            self.is_open = false;
        } else if self.accepted.is_empty() {
            // The next hop waits for data that nobody is to get: an empty message ends that, its reply means nothing. In
            // LMTP there would not even be a reply.
            self.commands.push((Stage::End, b".\r\n".to_vec()));
            self.is_open = false;
        } else {
            self.next = Some(Step::SendContent);
            self.is_open = false;
        }
    }

    fn after_end(&mut self, reply: Reply) {
        let targets = if self.lmtp {
            if self.accepted.is_empty() {
                Vec::new()
            } else {
                vec![self.accepted.remove(0)]
            }
        } else {
            std::mem::take(&mut self.accepted)
        };
        let success = reply.is_success();
        let reply = if success { reply } else { refusal(reply) };
        for index in targets {
            if let Some(fate) = self.fates.get_mut(index) {
                *fate = Some(if success {
                    Fate::Taken(reply.clone())
                } else {
                    Fate::Refused(Stage::End, reply.clone())
                });
            }
        }
    }

    /// All commands are out and answered: end the transaction on the next hop's side, if one is open.
    fn finish(&mut self) -> Step {
        if std::mem::take(&mut self.is_open) && self.session_is_usable {
            self.due.push_back(Stage::Reset);
            return Step::Send(crlf(b"RSET".to_vec()));
        }
        let done = Step::Done {
            session_is_usable: self.session_is_usable,
        };
        self.next = Some(done.clone());
        done
    }
}

/// A reply that is neither 4xx nor 5xx where one of them was due cannot be trusted: it is temporary.
fn refusal(reply: Reply) -> Reply {
    if reply.is_temporary() || reply.is_permanent() {
        reply
    } else {
        Reply::status(451, 5, 0, format!("Bad resp. to command: {reply}"))
    }
}

fn mail_command(plan: &Plan<'_>, capabilities: &Capabilities) -> Vec<u8> {
    let mut line = b"MAIL FROM:<".to_vec();
    line.extend_from_slice(plan.reverse_path.as_bytes());
    line.push(b'>');
    let mut add = |text: &str| line.extend_from_slice(text.as_bytes());
    if capabilities.dsn
        && let Some(ret) = plan.ret
    {
        add(&format!(" RET={}", ret.as_str()));
    }
    if capabilities.eight_bit_mime
        && let Some(body) = plan.body
    {
        add(&format!(" BODY={}", body.as_str()));
    }
    if capabilities.dsn
        && let Some(envid) = plan.envid
    {
        add(&format!(" ENVID={envid}"));
    }
    if plan.smtputf8 && capabilities.smtputf8 {
        add(" SMTPUTF8");
    }
    crlf(line)
}

fn rcpt_command(plan: &Plan<'_>, recipient: &Recipient, capabilities: &Capabilities) -> Vec<u8> {
    let mut line = b"RCPT TO:<".to_vec();
    line.extend_from_slice(recipient.address.as_bytes());
    line.push(b'>');
    if capabilities.dsn && plan.passes_dsn_on {
        if let Some(notify) = recipient.notify.filter(|_| !plan.reverse_path.is_null()) {
            let notify = if plan.ends_success_reports {
                Notify {
                    success: false,
                    ..notify
                }
            } else {
                notify
            };
            line.extend_from_slice(format!(" NOTIFY={}", notify.as_text()).as_bytes());
        }
        if let Some(orcpt) = &recipient.orcpt {
            line.extend_from_slice(format!(" ORCPT={};{}", orcpt.kind, orcpt.xtext).as_bytes());
        }
    }
    crlf(line)
}

fn crlf(mut line: Vec<u8>) -> Vec<u8> {
    line.extend_from_slice(b"\r\n");
    line
}

#[cfg(test)]
mod tests;
