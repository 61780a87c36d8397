//! Re-injection over SMTP or LMTP.
//!
//! # Source
//! daemon.md 4.4 (body type, SMTPUTF8), 4.7 (outcomes).

use std::net::IpAddr;

use super::wording;
use crate::{
    config::method::Method,
    log::Log,
    mail::{
        client::ClientFacts,
        content::ContentFacts,
        envelope::{Body, Envelope, Recipient},
        id::{LogId, MailId},
        outcome::{Acceptance, Outcome},
        reply::Reply,
        settlement::passed_on,
    },
    outbound::{Delivery, Outbound, Outgoing, Route},
    spool::message::Message,
    sys::clock::Deadline,
    wire::smtp::client::{Fate, Plan},
};

/// What is known of the message and of the session it came by.
#[derive(Clone, Copy, Debug)]
pub struct Relay<'r> {
    /// Envelope as received.
    pub envelope: &'r Envelope,
    /// The original client, to be passed on.
    pub client: &'r ClientFacts,
    /// Address of the MTA that is connected to us, for wildcards.
    pub peer: Option<IpAddr>,
    /// Port on which it is, for wildcards.
    pub port: Option<u16>,
    /// The message.
    pub message: &'r Message,
    /// Header fields to put on top.
    pub prefix: &'r [u8],
    /// Upstream waits for one reply for all.
    pub one_reply: bool,
    /// NOTIFY and ORCPT are passed on.
    pub passes_dsn_on: bool,
    /// Success is reported by us.
    pub ends_success_reports: bool,
    /// Permanent refusals are made temporary.
    pub soft_bounce: bool,
    /// For replies and the log.
    pub log_id: &'r LogId,
    /// For the log.
    pub mail_id: &'r MailId,
}

/// What became of a message that was handed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relayed {
    /// The outcome for each recipient, in order.
    pub outcomes: Vec<Outcome>,
    /// The next hop reports success itself.
    pub reports_success: bool,
}

/// Hands a message on for `recipients`.
pub fn relay(
    relay: &Relay<'_>,
    recipients: &[Recipient],
    methods: &[Method],
    outbound: &mut Outbound,
    deadline: Deadline,
    log: &Log,
) -> Relayed {
    let routes: Result<Vec<Route>, String> = methods
        .iter()
        .map(|method| Route::new(method, relay.peer, relay.port))
        .collect();
    let routes = match routes {
        Ok(routes) => routes,
        Err(why) => {
            let reply = Reply::status(
                451,
                5,
                0,
                format!(
                    "id={} - Temporary MTA failure on relaying, {why}",
                    relay.log_id
                ),
            );
            return Relayed {
                outcomes: vec![Outcome::Deferred(reply); recipients.len()],
                reports_success: false,
            };
        }
    };
    let plan = plan(relay, recipients, &routes);
    let body = plan.body;
    let outgoing = Outgoing {
        plan,
        prefix: relay.prefix,
        message: relay.message,
        log_id: relay.log_id,
    };
    let delivery = outbound.send(&routes, &outgoing, deadline, log);
    let outcomes = outcomes(relay, &delivery);
    log_transaction(relay, recipients, body, &delivery, log);
    Relayed {
        outcomes,
        reports_success: delivery.offers_dsn && relay.passes_dsn_on && !relay.ends_success_reports,
    }
}

fn plan<'p>(relay: &Relay<'p>, recipients: &'p [Recipient], routes: &[Route]) -> Plan<'p> {
    let envelope = relay.envelope;
    let needs_utf8 = envelope.wants_smtputf8;
    Plan {
        reverse_path: &envelope.reverse_path,
        recipients,
        body: body_type(relay.message.facts(), envelope.body),
        smtputf8: needs_utf8,
        ret: envelope.ret,
        envid: envelope.envid.as_deref(),
        client: Some(relay.client),
        passes_dsn_on: relay.passes_dsn_on,
        ends_success_reports: relay.ends_success_reports,
        lmtp: routes.iter().any(|route| route.lmtp),
        one_fails_all: relay.one_reply,
    }
}

/// A message that is all 7-bit is declared so, whatever the client said; one that is not is declared only if the client did.
const fn body_type(facts: &ContentFacts, declared: Option<Body>) -> Option<Body> {
    match (facts.has_eight_bit, declared) {
        (false, _) => Some(Body::SevenBit),
        (true, Some(Body::EightBitMime)) => Some(Body::EightBitMime),
        (true, Some(Body::SevenBit) | None) => None,
    }
}

/// One outcome for each fate. Who was given up because of another recipient gets that recipient's reply, which says why.
fn outcomes(relay: &Relay<'_>, delivery: &Delivery) -> Vec<Outcome> {
    let of = |fate| outcome(relay, &delivery.hop, fate, delivery.is_our_failure);
    let mut outcomes: Vec<Outcome> = delivery.fates.iter().map(of).collect();
    let is_cause = |(fate, outcome): (&Fate, &Outcome)| match outcome {
        Outcome::Deferred(_) if *fate != Fate::GivenUp => Some(outcome.clone()),
        _ => None,
    };
    if let Some(cause) = delivery.fates.iter().zip(&outcomes).find_map(is_cause) {
        for (outcome, fate) in outcomes.iter_mut().zip(&delivery.fates) {
            if *fate == Fate::GivenUp {
                *outcome = cause.clone();
            }
        }
    }
    outcomes
}

fn outcome(relay: &Relay<'_>, hop: &str, fate: &Fate, is_ours: bool) -> Outcome {
    let id = relay.log_id;
    match fate {
        Fate::Taken(reply) => match Acceptance::by_next_hop(hop, reply) {
            Some(acceptance) => Outcome::Delivered(acceptance),
            None => Outcome::trouble(id.as_str(), "next hop's reply is no success"),
        },
        Fate::Refused(stage, reply) => {
            let reply = wording::refusal(id, hop, *stage, reply, is_ours, relay.soft_bounce);
            if reply.is_permanent() {
                Outcome::Rejected(reply)
            } else {
                Outcome::Deferred(reply)
            }
        }
        Fate::GivenUp | Fate::Later => {
            let text = format!(
                "id={id} - Temporary MTA failure on relaying, Giving up due to previous temporary failures"
            );
            Outcome::Deferred(Reply::status(451, 5, 0, text))
        }
    }
}

/// `<mail_id> FWD from <s> -> <r>, BODY=7BIT 250 2.0.0 from MTA(..): ..`
fn log_transaction(
    relay: &Relay<'_>,
    recipients: &[Recipient],
    body: Option<Body>,
    delivery: &Delivery,
    log: &Log,
) {
    let fates = &delivery.fates;
    let failed = fates
        .iter()
        .find(|fate| matches!(fate, Fate::Refused(..)))
        .or_else(|| fates.iter().find(|fate| !matches!(fate, Fate::Taken(_))));
    let level = if failed.is_some() { -1 } else { 1 };
    if !log.shows(level) {
        return;
    }
    let (id, hop) = (relay.log_id, &delivery.hop);
    let reply = match failed.or_else(|| fates.first()) {
        Some(Fate::Taken(reply)) => {
            Acceptance::by_next_hop(hop, reply).map(|taken| passed_on(&taken).to_string())
        }
        Some(Fate::Refused(stage, reply)) => {
            Some(wording::logged(id, hop, *stage, reply, delivery.is_our_failure).to_string())
        }
        Some(Fate::GivenUp | Fate::Later) | None => None,
    };
    let reply = reply.as_deref().unwrap_or("given up");
    let to: Vec<String> = recipients
        .iter()
        .map(|recipient| recipient.address.to_string())
        .collect();
    let options = mail_options(relay.envelope, body);
    log.write(
        level,
        Some(relay.log_id),
        format_args!(
            "{} FWD from {} -> {}, {options}{reply}",
            relay.mail_id,
            relay.envelope.reverse_path,
            to.join(",")
        ),
    );
}
/// `RET=HDRS BODY=7BIT ENVID=x `: what was asked of the next hop, in the order in which it was.
fn mail_options(envelope: &Envelope, body: Option<Body>) -> String {
    let mut options = String::new();
    let mut add = |name: &str, value: &str| {
        options.extend([name, value, " "]);
    };
    if let Some(ret) = envelope.ret {
        add("RET=", ret.as_str());
    }
    if let Some(body) = body {
        add("BODY=", body.as_str());
    }
    if let Some(envid) = &envelope.envid {
        add("ENVID=", envid);
    }
    if envelope.wants_smtputf8 {
        add("SMTPUTF8", "");
    }
    options
}
