//! Reports to the sender: about those who did not get the message, and about success where the next hop will not tell.
//!
//! # Guards
//! D1: a recipient whose report was not taken is deferred. P1: 2xx for an undelivered copy needs a report that was accepted, or a
//! reason why none is due.

use super::{
    Case, Workshop,
    macros::{Facts, Heading},
};
use crate::{
    config::settled::Config,
    counters::Counter,
    deliver::submission::{Submission, submit},
    mail::{
        address::Address,
        category::Major,
        decision::Destiny,
        envelope::{Notify, Orcpt, Recipient, Ret},
        id::MailId,
        outcome::{Acceptance, Outcome, Report},
        reply::Reply,
        text::printable,
    },
    notify::{
        dsn::{self, Action, Subject},
        text::Text,
    },
    scoreboard::Stage,
    sys::clock::{Deadline, LocalTime, unix_seconds},
    template::{Template, expand},
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
            Outcome::Bounced { because, .. }
                if recipient.wants_failure_report() && !is_wasted(case, at) =>
            {
                Some((at, because.clone()))
            }
            _ => None,
        })
        .collect();
    if due.is_empty() {
        return;
    }
    workshop.slot.enter(Stage::Notifying, Some(deadline));
    let result = send_report(case, outcomes, Action::Failed, &due, deadline, workshop);
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

/// True if nobody is to have a report, or would read it: what is wrong with list mail and answers of programs is no news to their
/// senders.
fn is_wasted(case: &Case<'_>, at: usize) -> bool {
    case.decisions.get(at).is_some_and(|decision| {
        // A rule wants nobody to be told, the sender's name was taken, or a level was reached.
        let is_silent = decision.destiny == Destiny::Bounce && decision.is_silent;
        is_silent || (case.inspection.bulk.is_bulk && decision.main.major > Major::Mta)
    })
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
    if let Err(why) = send_report(case, outcomes, Action::Relayed, &due, deadline, workshop) {
        workshop.log.write(
            -1,
            Some(case.arrived.log_id),
            format_args!("report about success was not taken: {why}"),
        );
    }
}

fn send_report(
    case: &Case<'_>,
    outcomes: &[Outcome],
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
    let content = content(case, outcomes, action, due, &mail_id, workshop)
        .map_err(|error| format!("cannot read the message back: {error}"))?;
    let envid = format!(
        "AM.{mail_id}.{}@{}",
        LocalTime::compact_utc(unix_seconds()),
        config.identity.host_name
    );
    let notices = &config.notices;
    let to = |address: Address| Recipient {
        orcpt: address.is_ascii().then(|| Orcpt::rfc822(&address)),
        notify: Some(Notify::NEVER),
        address,
    };
    let mut recipients = vec![to(arrived.envelope.reverse_path.clone())];
    let bcc = Address::parse(notices.dsn_bcc.as_bytes()).unwrap_or_default();
    if !bcc.is_null() {
        recipients.push(to(bcc));
    }
    let sender = notices.sender.mail_from.as_deref().unwrap_or_default();
    let submission = Submission {
        content,
        sender: &Address::parse(sender.as_bytes()).unwrap_or_default(),
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

/// The report.
fn content(
    case: &Case<'_>,
    outcomes: &[Outcome],
    action: Action,
    due: &[(usize, Reply)],
    mail_id: &MailId,
    workshop: &Workshop<'_>,
) -> std::io::Result<Vec<u8>> {
    let (arrived, config) = (&case.arrived, workshop.config);
    let envelope = arrived.envelope;
    let remotes: Vec<Option<String>> = due
        .iter()
        .map(|(at, _)| outcomes.get(*at).and_then(remote))
        .collect();
    let subjects: Vec<Subject<'_>> = due
        .iter()
        .zip(&remotes)
        .filter_map(|((at, reply), remote)| {
            Some(Subject {
                recipient: envelope.recipients.get(*at)?,
                action,
                reply,
                remote: remote.as_deref(),
            })
        })
        .collect();
    let returns_all = envelope.ret == Some(Ret::Full) && arrived.message.size() <= LARGEST_RETURNED;
    let returned = returned(case, returns_all)?;
    let places: Vec<usize> = due.iter().map(|(at, _)| *at).collect();
    let facts = Facts {
        case,
        outcomes,
        config,
        about: Some(&places),
        heading: Heading {
            from: &config.notices.sender.from,
            to: &[envelope.reverse_path.to_string()],
            cc: &[],
            id: mail_id.as_str(),
            is_failure: action == Action::Failed,
        },
        sender_is_told: true,
    };
    let text = Text::read(&expand(template(case, action, &places, config), &facts));
    let now = LocalTime::now();
    Ok(dsn::compose(&dsn::Report {
        text: &text,
        from: &config.notices.sender.from,
        host: &config.identity.host_name,
        sender: &envelope.reverse_path,
        envid: envelope.envid.as_deref(),
        received_from: received_from(case).as_deref(),
        subjects: &subjects,
        date: &now.for_mail(),
        id: mail_id.as_str(),
        log_id: &format!("{}/{}", arrived.log_id, case.mail_id),
        returned: &returned,
        returns_all,
    }))
}

/// The text that fits what was found; the neutral one where the fitting one is empty, for who is owed a report gets one.
fn template<'c>(
    case: &Case<'_>,
    action: Action,
    places: &[usize],
    config: &'c Config,
) -> &'c Template {
    let texts = &config.notices.texts;
    let decided = places
        .iter()
        .filter_map(|&at| case.decisions.get(at))
        .filter(|decision| decision.destiny != Destiny::Pass)
        .map(|decision| decision.category.major)
        .max();
    let fitting = match decided {
        Some(Major::Virus | Major::Banned) if action == Action::Failed => &texts.virus_sender,
        Some(Major::Spam) if action == Action::Failed => &texts.spam_sender,
        _ => &texts.sender,
    };
    if fitting.is_empty() {
        &texts.sender
    } else {
        fitting
    }
}

/// Who handed the message to us.
fn received_from(case: &Case<'_>) -> Option<String> {
    let arrived = &case.arrived;
    let address = arrived.peer?;
    let name = match arrived.hello_name {
        "" => "unknown",
        name => name,
    };
    Some(printable(&format!("{name} ([{address}])"), 200))
}

/// The host that refused, or took, a message.
fn remote(outcome: &Outcome) -> Option<String> {
    let Outcome::Delivered(acceptance) = outcome else {
        return None;
    };
    let (_, place) = acceptance.taker().split_once(':')?;
    let host = place.strip_prefix('[')?.split(']').next()?;
    Some(host.to_owned())
}

/// The header section below the reverse-path, or the whole message.
pub(super) fn returned(case: &Case<'_>, all: bool) -> std::io::Result<Vec<u8>> {
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
    let mut section =
        format!("Return-Path: {}\r\n", case.arrived.envelope.reverse_path).into_bytes();
    section.extend_from_slice(whole_lines.get(..cut).unwrap_or_default());
    Ok(section)
}
