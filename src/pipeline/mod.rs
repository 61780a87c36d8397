//! One message, top to bottom: inspect, judge, act, settle, summarise.
//!
//! # Guards
//! I1: the reply is made from outcomes, and only from settled ones (D1). Decision 17: what went wrong twice with a message
//! becomes a verdict about it.

mod act;
mod announce;
mod client_side;
mod contents;
mod copies;
mod identify;
mod inspect;
mod json_report;
mod keep;
mod macros;
mod mangling;
mod notices;
mod reasons;
mod report;
mod scoring;
mod shelf;
mod spam_fields;
mod subject;
mod summarise;
mod timing;
mod trace_field;
mod viruses;

use std::{cell::RefCell, net::IpAddr, time::Duration};

pub use client_side::{Change, Processed, Wishes};
pub use identify::{Identifier, key_of};
pub use notices::NoticeCount;

use self::{
    act::act,
    announce::announce,
    client_side::wishes,
    inspect::inspect,
    keep::{keep, kept},
    mangling::{Mangling, manglings},
    notices::notify,
    scoring::{Scoring, score},
    summarise::summarise,
    timing::Timing,
};
use crate::{
    config::{quarantine::Kind, settled::Config},
    counters::{Cells, Counter},
    log::Log,
    mail::{
        address::Address,
        client::ClientFacts,
        decision::Decision,
        envelope::Envelope,
        id::{LogId, MailId},
        outcome::Outcome,
        score::Score,
        settlement::FinalReply,
    },
    outbound::Outbound,
    policy::{
        decide::{Circumstances, decide},
        recipient::RecipientSettings,
    },
    scoreboard::{ChildSlot, Scoreboard, Stage},
    spool::{Spool, message::Message},
    sys::{
        clock::{Deadline, MailDate, monotonic_ms},
        fault,
    },
};

/// What the pipeline works with; lives as long as the child.
#[derive(Debug)]
pub struct Workshop<'w> {
    /// Settings.
    pub config: &'w Config,
    /// The log.
    pub log: &'w Log,
    /// Counters.
    pub cells: Cells,
    /// What all children know of scanners.
    pub scoreboard: Scoreboard,
    /// Where the child says what it does.
    pub slot: &'w mut ChildSlot,
    /// Where parts become files if somebody wants to see them.
    pub spool: &'w mut Spool,
    /// Sends mail.
    pub outbound: &'w mut Outbound,
    /// Makes mail ids.
    pub identifier: &'w mut Identifier,
    /// The date for trace fields.
    pub date: &'w mut MailDate,
    /// Notices to administrators of late.
    pub notice_count: &'w mut NoticeCount,
}

/// A message that is in, with all that is known of how it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// Envelope; at least one recipient.
    pub envelope: &'a Envelope,
    /// Settings of each recipient, in order.
    pub recipients: &'a [RecipientSettings],
    /// What XFORWARD told; the address is the MTA's own if it told none.
    pub client: &'a ClientFacts,
    /// The message.
    pub message: &'a Message,
    /// Name the MTA greeted us with.
    pub hello_name: &'a str,
    /// `ESMTP` and the like.
    pub protocol: &'static str,
    /// Address of the MTA.
    pub peer: Option<IpAddr>,
    /// Our address.
    pub local: Option<IpAddr>,
    /// Our port.
    pub port: Option<u16>,
    /// A reply is due for each recipient.
    pub is_lmtp: bool,
    /// The client keeps the message, and delivers it as it is told.
    pub is_with_client: bool,
    /// Log id.
    pub log_id: &'a LogId,
    /// When the transaction began, milliseconds of the monotonic clock.
    pub began_ms: u64,
    /// How often this message was in work when its child died.
    pub earlier_crashes: u64,
}

/// What was found out about a message on the way; each stage adds its part.
#[derive(Debug)]
struct Case<'a> {
    arrived: Arrived<'a>,
    mail_id: MailId,
    /// What the mail id was made from: who knows it may have the copy.
    secret: String,
    inspection: inspect::Inspection,
    decisions: Vec<Decision>,
    scoring: Scoring,
    /// What changes for each recipient.
    manglings: Vec<Mangling>,
    /// Where copies are kept, and for what.
    kept: Vec<(Kind, String)>,
    /// Where the time went.
    timing: RefCell<Timing>,
}

impl Case<'_> {
    /// Places of copies.
    fn places(&self) -> Vec<String> {
        self.kept.iter().map(|(_, place)| place.clone()).collect()
    }

    /// True if it is kept because something was found.
    fn is_quarantined(&self) -> bool {
        let is_found = |kind: Kind| !matches!(kind, Kind::Clean | Kind::Archive);
        self.kept.iter().any(|(kind, _)| is_found(*kind))
    }

    /// Alert fields of all decisions, each once, in the order in which they were found.
    fn alerts(&self) -> Vec<&str> {
        let mut alerts: Vec<&str> = Vec::new();
        for field in self.decisions.iter().flat_map(|d| &d.added_fields) {
            if !alerts.contains(&field.as_str()) {
                alerts.push(field);
            }
        }
        alerts
    }
}

/// Processes a message and gives the reply to its final dot.
pub fn process(arrived: Arrived<'_>, workshop: &mut Workshop<'_>) -> FinalReply {
    process_for(arrived, workshop).reply
}

/// The same; also what the client is to do with the message, if it keeps it.
pub fn process_for(arrived: Arrived<'_>, workshop: &mut Workshop<'_>) -> Processed {
    let deadline = Deadline::after(workshop.config.process.child_timeout);
    let working = deadline.less(reserve(workshop.config.process.child_timeout));
    workshop.slot.enter(Stage::Deciding, Some(deadline));
    let config = workshop.config;
    workshop
        .outbound
        .adopt(&config.delivery, &config.identity.localhost_name);
    fault::pass("pipeline.begin");
    let case = match judged(arrived, working, workshop) {
        Ok(case) => case,
        Err(what) => {
            let outcomes = trouble(&arrived, &what, workshop);
            return Processed {
                reply: settle(&arrived, &outcomes, workshop),
                wishes: Wishes::default(),
            };
        }
    };
    fault::pass("pipeline.kept");
    let outcomes = act(&case, working, workshop);
    case.timing.borrow_mut().note("fwd");
    fault::pass("pipeline.acted");
    notify(&case, &outcomes, working, workshop);
    case.timing.borrow_mut().note("notify");
    fault::pass("pipeline.notified");
    workshop.slot.enter(Stage::Replying, Some(deadline));
    summarise(&case, &outcomes, workshop);
    json_report::write(&case, &outcomes, workshop);
    case.timing.borrow_mut().note("main_log_entry");
    tell_timing(&case, workshop);
    Processed {
        wishes: wishes(&case, &outcomes, workshop),
        reply: settle(&arrived, &outcomes, workshop),
    }
}

/// `size: N, TIMING [total 88 ms] - ...`
fn tell_timing(case: &Case<'_>, workshop: &Workshop<'_>) {
    if workshop.log.shows(2) {
        let size = case.arrived.message.size();
        workshop.log.write(
            2,
            Some(case.arrived.log_id),
            format_args!("size: {size}, TIMING {}", case.timing.borrow()),
        );
    }
}

/// All that happens before anything is done with the message itself: it is inspected, scored and decided, and a copy is kept.
fn judged<'a>(
    arrived: Arrived<'a>,
    working: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Case<'a>, String> {
    let receiving = monotonic_ms().saturating_sub(arrived.began_ms);
    let mut timing = Timing::new("SMTP DATA", receiving);
    let (mail_id, secret) = workshop
        .identifier
        .with_secret()
        .map_err(|error| format!("no random numbers: {error}"))?;
    count_arrival(&arrived, &workshop.cells);
    announce(&arrived, &mail_id, workshop);
    timing.note("check_init");
    let inspection = inspect(&arrived, working, workshop)?;
    timing.note("parts_decode, AV-scan");
    let unscored = vec![Score::default(); arrived.recipients.len()];
    let preliminary = decisions(&arrived, &inspection, &unscored, workshop.config);
    let scoring = score(&arrived, &inspection, &preliminary, working, workshop)?;
    timing.note("SA check");
    let decisions = decisions(&arrived, &inspection, &scoring.scores, workshop.config);
    let manglings = manglings(&arrived, &inspection, &decisions, workshop);
    timing.note("decide_mail_destiny");
    let mut case = Case {
        timing: RefCell::new(timing),
        manglings,
        arrived,
        mail_id,
        secret,
        inspection,
        decisions,
        scoring,
        kept: Vec::new(),
    };
    for at in 0..case.decisions.len() {
        let tag = subject::tag(&case, at, workshop);
        if let Some(mangling) = case.manglings.get_mut(at) {
            mangling.subject_tag = tag;
        }
    }
    case.kept = keep(&case, working, workshop)?;
    case.timing.borrow_mut().note("quarantine");
    Ok(case)
}

/// One decision for each recipient.
fn decisions(
    arrived: &Arrived<'_>,
    inspection: &inspect::Inspection,
    scores: &[Score],
    config: &Config,
) -> Vec<Decision> {
    let kept = kept(&config.quarantine);
    let addresses = &arrived.envelope.recipients;
    let nobody = Address::default();
    let decide_for = |(recipient, (settings, score))| {
        let circumstances = Circumstances {
            recipient,
            address: addresses.get(recipient).map_or(&nobody, |r| &r.address),
            settings,
            policy: &config.policy,
            kept: &kept,
            nobody_listens: arrived.envelope.reverse_path.is_null() || inspection.bulk.is_bulk,
            score,
        };
        decide(&inspection.findings, circumstances)
    };
    arrived
        .recipients
        .iter()
        .zip(scores)
        .enumerate()
        .map(decide_for)
        .collect()
}

/// The last stage: the reply, from outcomes alone.
fn settle(arrived: &Arrived<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) -> FinalReply {
    let form = workshop.config.smtpd.reply_form;
    workshop.cells.add(
        Counter::TimeElapsedTotal,
        monotonic_ms().saturating_sub(arrived.began_ms),
    );
    if arrived.is_lmtp {
        FinalReply::for_lmtp(outcomes, &arrived.envelope.recipients, arrived.log_id, form)
    } else {
        FinalReply::for_smtp(outcomes, arrived.log_id, form)
    }
}

/// The same internal error for everyone: the MTA keeps the message.
fn trouble(arrived: &Arrived<'_>, what: &str, workshop: &Workshop<'_>) -> Vec<Outcome> {
    workshop.cells.count(Counter::InternalErrors);
    workshop.log.write(
        -2,
        Some(arrived.log_id),
        format_args!("TROUBLE in check_mail: {what}"),
    );
    vec![Outcome::trouble(arrived.log_id.as_str(), what); arrived.envelope.recipients.len()]
}

/// What is kept back from the time for a message, so that the reply goes out before the hard limit.
fn reserve(timeout: Duration) -> Duration {
    (timeout / 10).min(Duration::from_secs(4))
}

fn count_arrival(arrived: &Arrived<'_>, cells: &Cells) {
    cells.count(Counter::InMsgs);
    cells.add(Counter::InMsgsSize, arrived.message.size());
    cells.add(
        Counter::InMsgsRecips,
        arrived.envelope.recipients.len() as u64,
    );
}
