//! The third stage: what the decisions mean, and handing the message on.
//!
//! # Guards
//! Traps 4 and 7 of daemon.md 9.2: with one reply for all, a temporary failure of one is a temporary failure of all, and a rejection
//! of some becomes a report.

use std::borrow::Cow;

use super::{
    Case, Workshop,
    copies::{Copy, copies, edited},
    reasons::{own_reason, reason},
    report::{report, report_partial_rejections, report_success},
};
use crate::{
    deliver::{
        smtp::{Relay, Relayed, relay},
        submission::composed,
    },
    mail::{
        address::Address,
        decision::{Decision, Destiny},
        envelope::{Notify, Orcpt, Recipient},
        outcome::{Acceptance, Outcome, Report},
        reply::{Enhanced, Reply},
    },
    notify::defang::{self, Wrapper},
    scoreboard::Stage,
    spool::message::Message,
    sys::{clock::Deadline, fault},
};

/// Most Received fields: more is a loop (RFC 5321 section 6.3).
const MOST_HOPS: usize = 100;

/// Carries the decisions out; gives one outcome for each recipient.
pub(super) fn act(
    case: &Case<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = case
        .decisions
        .iter()
        .enumerate()
        .map(|(at, decision)| decided(case, at, decision, workshop))
        .collect();
    let one_reply = !case.arrived.is_lmtp;
    let is_deferred = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Deferred(_)));
    let mut next_hop_reports = true;
    if !(one_reply && outcomes.iter().any(is_deferred)) {
        next_hop_reports = deliver(case, &mut outcomes, deadline, workshop);
    }
    let mut outcomes: Vec<Outcome> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|| given_up(case)))
        .collect();
    if one_reply
        && outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Deferred(_)))
    {
        return outcomes;
    }
    pass_to_bcc(case, &outcomes, deadline, workshop);
    if one_reply {
        report_partial_rejections(&mut outcomes);
    }
    report(case, &mut outcomes, deadline, workshop);
    if !next_hop_reports {
        report_success(case, &outcomes, deadline, workshop);
    }
    outcomes
}

/// What the decision alone settles; `None` for those who are to get the message.
fn decided(
    case: &Case<'_>,
    at: usize,
    decision: &Decision,
    workshop: &Workshop<'_>,
) -> Option<Outcome> {
    if decision.destiny == Destiny::Pass {
        return None;
    }
    let soft = workshop.config.delivery.soft_bounce;
    let (code, enhanced, usual) = reason(decision);
    let reason = own_reason(case, at, decision, workshop)
        .unwrap_or_else(|| format!("id={} - {usual}", case.arrived.log_id));
    let refuse = |word: &str| Reply::new(code, Some(enhanced), format!("{word}, {reason}"));
    let softened = |word: &str| {
        let enhanced = Enhanced {
            class: 4,
            ..enhanced
        };
        Reply::new(
            450,
            Some(enhanced),
            format!("{word} (soft_bounce), {reason}"),
        )
    };
    Some(match decision.destiny {
        Destiny::Pass => return None,
        Destiny::Discard if soft => Outcome::Deferred(softened("Discard")),
        Destiny::Discard => {
            let enhanced = Enhanced {
                class: 2,
                ..enhanced
            };
            Outcome::Discarded(Reply::new(
                250,
                Some(enhanced),
                format!("Ok, discarded, {reason}"),
            ))
        }
        Destiny::Reject if soft => Outcome::Deferred(softened("Reject")),
        Destiny::Reject => Outcome::Rejected(refuse("Reject")),
        Destiny::TempFail => {
            let enhanced = Enhanced {
                class: 4,
                ..enhanced
            };
            Outcome::Deferred(Reply::new(
                450,
                Some(enhanced),
                format!("Temporary failure, {reason}"),
            ))
        }
        Destiny::Bounce if soft => Outcome::Deferred(softened("Bounce")),
        // Settled by `report`, which decides whether one is due.
        Destiny::Bounce => Outcome::Bounced {
            report: Report::Suppressed,
            because: refuse("Bounce"),
            destiny: Destiny::Bounce,
        },
    })
}

/// Hands the message on for those without an outcome; tells whether success is reported by the next hop.
fn deliver(
    case: &Case<'_>,
    outcomes: &mut [Option<Outcome>],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> bool {
    let arrived = &case.arrived;
    let open = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.is_none())
        .map(|(at, _)| at);
    let open: Vec<usize> = open.collect();
    if open.is_empty() {
        return true;
    }
    if arrived.is_with_client {
        let left = Outcome::Delivered(Acceptance::left_with_client());
        fill(outcomes, &open, vec![left; open.len()]);
        return true;
    }
    workshop.slot.enter(Stage::Delivering, Some(deadline));
    fault::pass("pipeline.deliver");
    if case.inspection.trace.hops > MOST_HOPS {
        let text = format!(
            "Reject: Too many hops: {} 'Received:' header fields, id={}",
            case.inspection.trace.hops, arrived.log_id
        );
        fill(
            outcomes,
            &open,
            vec![Outcome::Rejected(Reply::status(554, 4, 6, text)); open.len()],
        );
        return true;
    }
    let mut reports_success = true;
    for copy in copies(case, &open, workshop) {
        reports_success &= hand_over(case, &copy, outcomes, deadline, workshop);
        let failed = outcomes.iter().flatten();
        let mut failed = failed.filter(|outcome| matches!(outcome, Outcome::Deferred(_)));
        // The MTA will come again with all of them.
        if !arrived.is_lmtp && failed.next().is_some() {
            break;
        }
    }
    reports_success
}

/// Hands one copy on; tells whether success is reported by the next hop.
fn hand_over(
    case: &Case<'_>,
    copy: &Copy,
    outcomes: &mut [Option<Outcome>],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> bool {
    let arrived = &case.arrived;
    let recipients = recipients(case, copy);
    let changed = match changed(case, copy, workshop) {
        Ok(changed) => changed,
        Err(error) => {
            let what = format!("cannot read the message back: {error}");
            let trouble = Outcome::trouble(arrived.log_id.as_str(), &what);
            let count = copy.recipients.len();
            fill(outcomes, &copy.recipients, vec![trouble; count]);
            return true;
        }
    };
    let parcel = Parcel {
        copy,
        changed: changed.as_ref(),
        recipients: &recipients,
        one_reply: !arrived.is_lmtp,
    };
    let result = pass_on(case, &parcel, deadline, workshop);
    fault::pass("pipeline.delivered");
    fill(outcomes, &copy.recipients, result.outcomes);
    result.reports_success
}

/// A copy, ready to go.
struct Parcel<'p> {
    copy: &'p Copy,
    /// The message as the copy has it, if it is not as it came.
    changed: Option<&'p Message>,
    recipients: &'p [Recipient],
    /// A temporary failure of one is one of all.
    one_reply: bool,
}

/// Gives a copy to the next hop.
fn pass_on(
    case: &Case<'_>,
    parcel: &Parcel<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Relayed {
    let arrived = &case.arrived;
    let delivery = &workshop.config.delivery;
    let relayed = Relay {
        envelope: arrived.envelope,
        client: arrived.client,
        peer: arrived.peer,
        port: arrived.port,
        message: parcel.changed.unwrap_or(arrived.message),
        prefix: &parcel.copy.prefix,
        one_reply: parcel.one_reply,
        passes_dsn_on: delivery.passes_dsn_on,
        ends_success_reports: delivery.ends_success_reports,
        soft_bounce: delivery.soft_bounce,
        log_id: arrived.log_id,
        mail_id: &case.mail_id,
    };
    relay(
        &relayed,
        parcel.recipients,
        &delivery.forward,
        workshop.outbound,
        deadline,
        workshop.log,
    )
}

/// Passes what was delivered on to the address that gets everything. Nothing depends on it: the log tells if it is not taken.
fn pass_to_bcc(
    case: &Case<'_>,
    outcomes: &[Outcome],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    let bcc = &workshop.config.mangling.always_bcc;
    let first = outcomes
        .iter()
        .position(|outcome| matches!(outcome, Outcome::Delivered(_)));
    let (Ok(address), Some(first)) = (Address::parse(bcc.as_bytes()), first) else {
        return;
    };
    if address.is_null() || case.arrived.is_with_client {
        return;
    }
    let recipients = [Recipient {
        address,
        notify: Some(Notify::NEVER),
        orcpt: None,
    }];
    for copy in copies(case, &[first], workshop) {
        if let Ok(changed) = changed(case, &copy, workshop) {
            let parcel = Parcel {
                copy: &copy,
                changed: changed.as_ref(),
                recipients: &recipients,
                one_reply: false,
            };
            pass_on(case, &parcel, deadline, workshop);
        }
    }
}

/// The message as a copy has it, if it is not as it came.
fn changed(
    case: &Case<'_>,
    copy: &Copy,
    workshop: &Workshop<'_>,
) -> std::io::Result<Option<Message>> {
    let arrived = &case.arrived;
    let edited = if copy.is_edited() {
        Some(edited(arrived.message, copy)?)
    } else {
        None
    };
    if copy.why.is_empty() {
        return Ok(edited);
    }
    let message = edited.as_ref().unwrap_or(arrived.message);
    let content = message.read(0, usize::try_from(message.size()).unwrap_or(usize::MAX))?;
    let wrapped = defang::wrap(&Wrapper {
        why: &copy.why,
        message: &content,
        sender: &arrived.envelope.reverse_path.to_string(),
        id: case.mail_id.as_str(),
        host: &workshop.config.identity.host_name,
        is_smtputf8: arrived.envelope.wants_smtputf8,
    });
    Ok(Some(composed(wrapped)))
}

/// Those who get a copy, under the addresses to which it goes; one that has changed keeps the old one for reports (RFC 3461
/// section 4.2).
fn recipients<'c>(case: &'c Case<'_>, copy: &Copy) -> Cow<'c, [Recipient]> {
    let envelope = case.arrived.envelope;
    let all = copy.recipients.len() == envelope.recipients.len();
    if all && case.manglings.iter().all(|m| m.address.is_none()) {
        return Cow::Borrowed(&envelope.recipients);
    }
    let places = copy.recipients.iter();
    let recipients = places.filter_map(|&at| {
        let mut recipient = envelope.recipients.get(at).cloned()?;
        let changed = case.manglings.get(at).and_then(|m| m.address.clone());
        if let Some(address) = changed {
            if recipient.orcpt.is_none() && recipient.address.is_ascii() {
                recipient.orcpt = Some(Orcpt::rfc822(&recipient.address));
            }
            recipient.address = address;
        }
        Some(recipient)
    });
    recipients.collect()
}

fn fill(outcomes: &mut [Option<Outcome>], places: &[usize], results: Vec<Outcome>) {
    for (&place, result) in places.iter().zip(results) {
        if let Some(outcome) = outcomes.get_mut(place) {
            *outcome = Some(result);
        }
    }
}

/// For a recipient that nobody was asked about, because another one failed for now.
fn given_up(case: &Case<'_>) -> Outcome {
    let text = format!(
        "Giving up due to previous temporary failures, id={}",
        case.arrived.log_id
    );
    Outcome::Deferred(Reply::status(451, 5, 0, text))
}
