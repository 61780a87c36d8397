//! Reports to the sender: about those who did not get the message, and about success where the next hop will not tell.
//!
//! # Guards
//! D1: a recipient whose report was not taken is deferred. P1: 2xx for an undelivered copy needs a report that was accepted, or a
//! reason why none is due.

use super::{Case, Workshop};
use crate::{
    counters::Counter,
    deliver::submission::{Submission, submit},
    mail::{
        address::Address,
        decision::Destiny,
        envelope::{Notify, Recipient, Ret},
        outcome::{Acceptance, Outcome, Report},
        reply::Reply,
    },
    notify::dsn::{self, Action, Subject},
    scoreboard::Stage,
    sys::clock::{Deadline, LocalTime, unix_seconds},
};

/// Largest message that is returned whole in a report, octets.
const LARGEST_RETURNED: u64 = 256 * 1024;

/// With one reply for all, a rejection of some cannot be said in it: the sender gets a report instead.
pub(super) fn report_partial_rejections(outcomes: &mut [Outcome]) {
    let settled =
        |outcome: &Outcome| matches!(outcome, Outcome::Rejected(_) | Outcome::Discarded(_));
    if outcomes.iter().all(settled) {
        return;
    }
    for outcome in outcomes {
        if let Outcome::Rejected(reply) = outcome {
            *outcome = Outcome::Bounced {
                report: Report::Suppressed,
                because: reply.clone(),
                destiny: Destiny::Reject,
            };
        }
    }
}

/// Sends one report about all who did not get the message, if the sender is to have one.
pub(super) fn report(
    case: &Case<'_>,
    outcomes: &mut [Outcome],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    let envelope = case.arrived.envelope;
    if envelope.reverse_path.is_null() {
        return;
    }
    let due: Vec<(usize, Reply)> = outcomes
        .iter()
        .zip(&envelope.recipients)
        .enumerate()
        .filter_map(|(at, (outcome, recipient))| match outcome {
            Outcome::Bounced { because, .. } if recipient.wants_failure_report() => {
                Some((at, because.clone()))
            }
            _ => None,
        })
        .collect();
    if due.is_empty() {
        return;
    }
    workshop.slot.enter(Stage::Notifying, Some(deadline));
    let result = send_report(case, Action::Failed, &due, deadline, workshop);
    for (at, because) in due {
        let Some(outcome) = outcomes.get_mut(at) else {
            continue;
        };
        match (&result, outcome) {
            (Ok(acceptance), Outcome::Bounced { report, .. }) => {
                *report = Report::Sent(acceptance.clone());
            }
            (Ok(_), _) => {}
            (Err(why), outcome) => {
                let text = format!(
                    "id={} - report about it was not taken ({why}): {because}",
                    case.arrived.log_id
                );
                *outcome = Outcome::Deferred(Reply::status(451, 5, 0, text));
            }
        }
    }
}

/// Reports to a sender who asked for it that the message went to a system that will not report (RFC 3461 section 5.2.2). The
/// message is delivered: a report that fails changes nothing for it.
pub(super) fn report_success(
    case: &Case<'_>,
    outcomes: &[Outcome],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    let envelope = case.arrived.envelope;
    let due: Vec<(usize, Reply)> = outcomes
        .iter()
        .zip(&envelope.recipients)
        .enumerate()
        .filter_map(|(at, (outcome, recipient))| match outcome {
            Outcome::Delivered(acceptance) if recipient.wants_success_report() => {
                Some((at, acceptance.reply().clone()))
            }
            _ => None,
        })
        .collect();
    if due.is_empty() || envelope.reverse_path.is_null() {
        return;
    }
    workshop.slot.enter(Stage::Notifying, Some(deadline));
    if let Err(why) = send_report(case, Action::Relayed, &due, deadline, workshop) {
        workshop.log.write(
            -1,
            Some(case.arrived.log_id),
            format_args!("report about success was not taken: {why}"),
        );
    }
}

fn send_report(
    case: &Case<'_>,
    action: Action,
    due: &[(usize, Reply)],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Acceptance, String> {
    let (arrived, config) = (&case.arrived, workshop.config);
    let mail_id = workshop
        .identifier
        .mail_id()
        .map_err(|error| error.to_string())?;
    let subjects: Vec<Subject<'_>> = due
        .iter()
        .filter_map(|(at, reply)| {
            Some(Subject {
                recipient: arrived.envelope.recipients.get(*at)?,
                action,
                reply,
            })
        })
        .collect();
    let returns_all =
        arrived.envelope.ret == Some(Ret::Full) && arrived.message.size() <= LARGEST_RETURNED;
    let returned = returned(case, returns_all)
        .map_err(|error| format!("cannot read the message back: {error}"))?;
    let now = LocalTime::now();
    let content = dsn::compose(&dsn::Report {
        host: &config.identity.host_name,
        sender: &arrived.envelope.reverse_path,
        envid: arrived.envelope.envid.as_deref(),
        subjects: &subjects,
        date: &now.for_mail(),
        id: mail_id.as_str(),
        log_id: arrived.log_id.as_str(),
        returned: &returned,
        returns_all,
    });
    let envid = format!(
        "AM.{mail_id}.{}@{}",
        LocalTime::compact_utc(unix_seconds()),
        config.identity.host_name
    );
    let recipients = [Recipient {
        address: arrived.envelope.reverse_path.clone(),
        notify: Some(Notify::NEVER),
        orcpt: None,
    }];
    let submission = Submission {
        content,
        sender: &Address::default(),
        recipients: &recipients,
        envid: Some(&envid),
        peer: arrived.peer,
        port: arrived.port,
        log_id: arrived.log_id,
        mail_id: &mail_id,
        parent: Some(&case.mail_id),
    };
    let results = submit(
        submission,
        &config.delivery.notify,
        workshop.outbound,
        deadline,
        workshop.log,
    );
    let result = results
        .into_iter()
        .next()
        .unwrap_or_else(|| Err(Reply::status(451, 5, 0, "not sent")));
    if result.is_ok() {
        workshop.cells.count(Counter::OutMsgsSubmitDsn);
    }
    result.map_err(|reply| reply.to_string())
}

/// The header section, or the whole message.
fn returned(case: &Case<'_>, all: bool) -> std::io::Result<Vec<u8>> {
    /// Longest header section that is returned, octets.
    const HEADER: usize = 64 * 1024;
    let message = case.arrived.message;
    if all {
        return message.read(0, usize::try_from(message.size()).unwrap_or(usize::MAX));
    }
    let head = message.head(HEADER)?;
    let end = memchr::memmem::find(&head, b"\r\n\r\n").map_or(head.len(), |at| at + 2);
    let whole_lines = head.get(..end).unwrap_or_default();
    let cut = memchr::memrchr(b'\n', whole_lines).map_or(0, |at| at + 1);
    Ok(whole_lines.get(..cut).unwrap_or_default().to_vec())
}
