//! Handing mail of our own, or mail that was kept, to a next hop.

use std::net::IpAddr;

use crate::{
    config::method::Method,
    log::Log,
    mail::{
        address::Address,
        envelope::{Body, Recipient},
        id::{LogId, MailId},
        outcome::Acceptance,
        reply::Reply,
        settlement::passed_on,
    },
    outbound::{Outbound, Outgoing, Route},
    spool::message::Message,
    sys::clock::Deadline,
    wire::smtp::{
        client::{Fate, Plan},
        data,
    },
};

/// A message to hand over.
#[derive(Clone, Debug)]
pub struct Submission<'s> {
    /// In canonical form.
    pub content: Vec<u8>,
    /// Reverse-path.
    pub sender: &'s Address,
    /// To whom; at least one.
    pub recipients: &'s [Recipient],
    /// `ENVID`, in xtext.
    pub envid: Option<&'s str>,
    /// Address of the MTA that is connected to us, for wildcards.
    pub peer: Option<IpAddr>,
    /// Port on which it is, for wildcards.
    pub port: Option<u16>,
    /// For replies and the log.
    pub log_id: &'s LogId,
    /// Its mail id.
    pub mail_id: &'s MailId,
    /// Mail id of the message that it is about.
    pub parent: Option<&'s MailId>,
}

/// A message of our own making, which is in canonical form.
#[must_use]
pub fn composed(content: Vec<u8>) -> Message {
    let facts = data::facts_of(&content);
    Message::composed(content, facts)
}

/// What became of it for a recipient: the proof that it was taken, or why it was not.
pub type Submitted = Result<Acceptance, Reply>;

/// Hands a message over; one result for each recipient, in order.
pub fn submit(
    submission: Submission<'_>,
    methods: &[Method],
    outbound: &mut Outbound,
    deadline: Deadline,
    log: &Log,
) -> Vec<Submitted> {
    let count = submission.recipients.len();
    let routes: Result<Vec<Route>, String> = methods
        .iter()
        .map(|method| Route::new(method, submission.peer, submission.port))
        .collect();
    let routes = match routes {
        Ok(routes) => routes,
        Err(why) => return vec![Err(Reply::status(451, 5, 0, why)); count],
    };
    let message = composed(submission.content);
    let eight_bit = message.facts().has_eight_bit;
    let is_wide = |address: &Address| !address.is_ascii();
    let mut addresses = submission.recipients.iter().map(|r| &r.address);
    let plan = Plan {
        reverse_path: submission.sender,
        recipients: submission.recipients,
        // A next hop without 8BITMIME gets it undeclared: a report that is refused for that helps nobody.
        body: (!eight_bit).then_some(Body::SevenBit),
        smtputf8: is_wide(submission.sender) || addresses.any(is_wide),
        ret: None,
        envid: submission.envid,
        client: None,
        passes_dsn_on: true,
        ends_success_reports: false,
        lmtp: routes.iter().any(|route| route.lmtp),
        one_fails_all: false,
    };
    let outgoing = Outgoing {
        plan,
        prefix: b"",
        message: &message,
        log_id: submission.log_id,
    };
    let delivery = outbound.send(&routes, &outgoing, deadline, log);
    let told = Told {
        submission_id: submission.mail_id,
        parent: submission.parent,
        sender: submission.sender,
        recipients: submission.recipients,
        envid: submission.envid,
        eight_bit,
    };
    told.write(&delivery.hop, &delivery.fates, submission.log_id, log);
    let results = delivery.fates.iter().map(|fate| match fate {
        Fate::Taken(reply) => {
            Acceptance::by_next_hop(&delivery.hop, reply).ok_or_else(|| reply.clone())
        }
        Fate::Refused(_, reply) => Err(reply.clone()),
        Fate::GivenUp | Fate::Later => Err(Reply::status(451, 5, 0, "not sent")),
    });
    results.collect()
}

/// `<mail_id>(<parent>) SEND from <s> -> <r>, BODY=7BIT ENVID=x 250 ..`
struct Told<'t> {
    submission_id: &'t MailId,
    parent: Option<&'t MailId>,
    sender: &'t Address,
    recipients: &'t [Recipient],
    envid: Option<&'t str>,
    eight_bit: bool,
}

impl Told<'_> {
    fn write(&self, hop: &str, fates: &[Fate], log_id: &LogId, log: &Log) {
        let failed = fates
            .iter()
            .find(|fate| !matches!(fate, Fate::Taken(_)))
            .or_else(|| fates.first());
        let (level, said) = match failed {
            Some(Fate::Taken(reply)) => (
                1,
                Acceptance::by_next_hop(hop, reply)
                    .map(|taken| passed_on(&taken).to_string())
                    .unwrap_or_default(),
            ),
            Some(Fate::Refused(stage, reply)) => (-1, format!("{} {reply}", stage.section())),
            _ => (-1, "not sent".to_owned()),
        };
        let parent = self
            .parent
            .map_or_else(String::new, |parent| format!("({parent})"));
        let to: Vec<String> = self
            .recipients
            .iter()
            .map(|recipient| recipient.address.to_string())
            .collect();
        let body = if self.eight_bit { "" } else { "BODY=7BIT " };
        let envid = self
            .envid
            .map_or_else(String::new, |envid| format!("ENVID={envid} "));
        log.write(
            level,
            Some(log_id),
            format_args!(
                "{}{parent} SEND from {} -> {}, {body}{envid}{said}",
                self.submission_id,
                self.sender,
                to.join(",")
            ),
        );
    }
}
