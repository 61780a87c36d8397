//! Handing a report of our own to the next hop.

use std::net::IpAddr;

use crate::{
    config::method::Method,
    counters::{Cells, Counter},
    log::Log,
    mail::{
        address::Address,
        envelope::{Body, Notify, Recipient},
        id::{LogId, MailId},
        outcome::Acceptance,
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

/// A report, composed.
#[derive(Clone, Debug)]
pub struct Submission<'s> {
    /// In canonical form.
    pub content: Vec<u8>,
    /// To whom.
    pub to: &'s Address,
    /// `AM.<mail_id>.<time>Z@<host>`
    pub envid: &'s str,
    /// Address of the MTA that is connected to us, for wildcards.
    pub peer: Option<IpAddr>,
    /// Port on which it is, for wildcards.
    pub port: Option<u16>,
    /// For replies and the log.
    pub log_id: &'s LogId,
    /// Mail id of the report.
    pub mail_id: &'s MailId,
    /// Mail id of the message that is reported on.
    pub parent: &'s MailId,
}

/// Sends a report.
///
/// # Errors
/// Why the next hop did not take it.
pub fn submit(
    submission: Submission<'_>,
    methods: &[Method],
    outbound: &mut Outbound,
    cells: &Cells,
    deadline: Deadline,
    log: &Log,
) -> Result<Acceptance, String> {
    let routes: Vec<Route> = methods
        .iter()
        .map(|method| Route::new(method, submission.peer, submission.port))
        .collect::<Result<_, _>>()?;
    let facts = data::facts_of(&submission.content);
    let eight_bit = facts.has_eight_bit;
    let message = Message::composed(submission.content, facts);
    let sender = Address::default();
    let recipients = [Recipient {
        address: submission.to.clone(),
        notify: Some(Notify::NEVER),
        orcpt: None,
    }];
    let plan = Plan {
        reverse_path: &sender,
        recipients: &recipients,
        // A next hop without 8BITMIME gets it undeclared: a report that is refused for that helps nobody.
        body: (!eight_bit).then_some(Body::SevenBit),
        smtputf8: !submission.to.is_ascii(),
        ret: None,
        envid: Some(submission.envid),
        client: None,
        passes_dsn_on: true,
        ends_success_reports: false,
        lmtp: routes.iter().any(|route| route.lmtp),
        one_fails_all: true,
    };
    let outgoing = Outgoing {
        plan,
        prefix: b"",
        message: &message,
        log_id: submission.log_id,
    };
    let delivery = outbound.send(&routes, &outgoing, deadline, log);
    let taken = delivery.fates.first().and_then(|fate| match fate {
        Fate::Taken(reply) => Acceptance::by_next_hop(&delivery.hop, reply),
        _ => None,
    });
    let body = if eight_bit { "" } else { "BODY=7BIT " };
    let (level, said) = match (&taken, delivery.fates.first()) {
        (Some(acceptance), _) => (1, passed_on(acceptance).to_string()),
        (None, Some(Fate::Refused(stage, reply))) => (-1, format!("{} {reply}", stage.section())),
        (None, _) => (-1, "not sent".to_owned()),
    };
    log.write(
        level,
        Some(submission.log_id),
        format_args!(
            "{}({}) SEND from <> -> {}, {body}ENVID={} {said}",
            submission.mail_id, submission.parent, submission.to, submission.envid
        ),
    );
    if taken.is_some() {
        cells.count(Counter::OutMsgsSubmitDsn);
    }
    taken.ok_or(said)
}
