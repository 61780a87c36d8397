//! How much a message looks like spam, to each recipient.
//!
//! # Source
//! content.md 1.2 (step 19), 5.1, 5.4, 5.6.

use super::{Arrived, Workshop, inspect::Inspection};
use crate::{
    config::scanner::SpamProtocol,
    counters::Counter,
    mail::{
        address::Address,
        decision::{Decision, Destiny},
        score::{Points, Score},
    },
    policy::senders::{Senders, Standing, standing},
    scan::{
        health::Health,
        spam::{self, Request, SpamReport},
    },
    scoreboard::Stage,
    sys::clock::Deadline,
};

/// Users whose preferences are asked for one message.
const MOST_USERS: usize = 20;

/// What is known in the end.
#[derive(Debug, Default)]
pub(super) struct Scoring {
    /// For each recipient, in order.
    pub(super) scores: Vec<Score>,
    /// Header fields that engines want added.
    pub(super) fields: Vec<(String, String)>,
}

/// Scores the message for each recipient; `preliminary` are decisions without scores.
///
/// # Errors
/// Why the message is to be tried again: a table could not be asked.
pub(super) fn score(
    arrived: &Arrived<'_>,
    inspection: &Inspection,
    preliminary: &[Decision],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Scoring, String> {
    let standings = standings(arrived, inspection, workshop)?;
    let mut scoring = Scoring {
        scores: standings.iter().map(|s| begin(*s, inspection)).collect(),
        fields: Vec::new(),
    };
    if !is_wanted(arrived, preliminary, &standings, workshop) {
        return Ok(scoring);
    }
    let share = deadline.remaining() * 6 / 10;
    let until = deadline.or_after(workshop.config.scan.spam_timeout.min(share));
    workshop.slot.enter(Stage::Scoring, Some(deadline));
    for score in &mut scoring.scores {
        score.is_asked = true;
    }
    let is_scored = ask(arrived, inspection, until, workshop, &mut scoring)?;
    let engines = &workshop.config.scan.spam;
    let has_engine = engines
        .iter()
        .any(|engine| engine.how != SpamProtocol::TestPatterns);
    if !has_engine {
        for score in &mut scoring.scores {
            score.is_asked = false;
        }
    } else if !is_scored {
        workshop.cells.count(Counter::MsgsNotScored);
        workshop.log.write(
            0,
            Some(arrived.log_id),
            format_args!("not scored: no spam engine answered"),
        );
    }
    Ok(scoring)
}

/// Has all engines score it; false if none did.
fn ask(
    arrived: &Arrived<'_>,
    inspection: &Inspection,
    until: Deadline,
    workshop: &Workshop<'_>,
    scoring: &mut Scoring,
) -> Result<bool, String> {
    let message = super::inspect::whole(arrived)
        .map_err(|error| format!("cannot read the message back: {error}"))?;
    let config = &workshop.config.scan;
    let recipients = arrived.envelope.recipients.iter();
    let recipients: Vec<String> = recipients.map(|r| r.address.to_string()).collect();
    let sender = arrived.envelope.reverse_path.to_string();
    let virus_tests = inspection.virus_tests.iter();
    let virus_tests: Vec<String> = virus_tests.map(ToString::to_string).collect();
    let client = arrived.client;
    let request = Request {
        message: &message,
        sender: &sender,
        recipients: &recipients,
        client: client.address,
        client_name: client.name.as_deref(),
        hello: client.helo.as_deref(),
        queue_id: client.queue_id.as_deref(),
        host: &workshop.config.identity.host_name,
        user: None,
        banks: &workshop.config.bank_path,
        virus_tests: &virus_tests,
        body_limit: config.spam_body_limit,
    };
    let health = Health {
        board: Some(&workshop.scoreboard),
        log: workshop.log,
    };
    let mut is_scored = false;
    for (user, members) in groups(arrived, workshop)? {
        let request = Request {
            user: user.as_deref(),
            ..request
        };
        for answer in spam::run(config, &request, health, arrived.log_id, until) {
            let Ok(report) = answer.result else { continue };
            // The built-in test speaks only if it has something to say.
            if answer.is_test && report.tests.is_empty() {
                continue;
            }
            is_scored = true;
            take(&report, &members, scoring);
        }
    }
    Ok(is_scored)
}

/// Not if everybody does without, or will not get it anyway, or has the sender on a list.
fn is_wanted(
    arrived: &Arrived<'_>,
    preliminary: &[Decision],
    standings: &[Standing],
    workshop: &Workshop<'_>,
) -> bool {
    // What broke children is not given to anything that could break another one.
    let is_poison = arrived.earlier_crashes >= super::inspect::ENOUGH_CRASHES;
    if is_poison || workshop.config.scan.spam.is_empty() {
        return false;
    }
    let mut each = arrived.recipients.iter().zip(preliminary).zip(standings);
    each.any(|((settings, decision), standing)| {
        let is_listed = standing.is_whitelisted || standing.is_blacklisted;
        !settings.bypasses_spam && decision.destiny == Destiny::Pass && !is_listed
    })
}

fn standings(
    arrived: &Arrived<'_>,
    inspection: &Inspection,
    workshop: &Workshop<'_>,
) -> Result<Vec<Standing>, String> {
    let authors: Vec<(Address, bool)> = inspection
        .authors
        .addresses
        .iter()
        .map(|address| (address.clone(), inspection.authors.is_verified(address)))
        .collect();
    let senders = Senders {
        envelope: &arrived.envelope.reverse_path,
        authors: &authors,
    };
    let policy = &workshop.config.policy.spam;
    let recipients = arrived.envelope.recipients.iter();
    recipients
        .map(|recipient| standing(senders, &recipient.address, policy).map_err(|e| e.to_string()))
        .collect()
}

/// What is known before engines are asked.
fn begin(standing: Standing, inspection: &Inspection) -> Score {
    let mut score = Score {
        is_whitelisted: standing.is_whitelisted,
        is_blacklisted: standing.is_blacklisted,
        ..Score::default()
    };
    if let Some(points) = standing.points {
        score.tests.push(Points::new("AM.WBL", points));
    }
    score.tests.extend(inspection.virus_tests.iter().cloned());
    let mut sum = standing.points;
    let largest = inspection.virus_tests.iter().filter_map(|test| test.points);
    if let Some(largest) = largest.reduce(f64::max) {
        sum = Some(sum.unwrap_or(0.0) + largest);
    }
    score.level = sum;
    score
}

/// A user, and the places of recipients for whom his preferences count.
type Group = (Option<String>, Vec<usize>);

/// Recipients by the user whose preferences count for them.
fn groups(arrived: &Arrived<'_>, workshop: &Workshop<'_>) -> Result<Vec<Group>, String> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, recipient) in arrived.envelope.recipients.iter().enumerate() {
        let user = workshop.config.scan.spam_users.find(&recipient.address);
        let user = user.map_err(|error| format!("sa_username_maps: {error}"))?;
        let user = user
            .map(|value| value.as_str().to_owned())
            .filter(|user| !user.is_empty());
        let known = groups.iter().position(|(known, _)| *known == user);
        // Too many preferences for one message: the rest shares those of the last.
        let place = known.or_else(|| (groups.len() == MOST_USERS).then_some(MOST_USERS - 1));
        match place.and_then(|place| groups.get_mut(place)) {
            Some((_, members)) => members.push(at),
            None => groups.push((user, vec![at])),
        }
    }
    Ok(groups)
}

fn take(report: &SpamReport, members: &[usize], scoring: &mut Scoring) {
    for at in members {
        if let Some(score) = scoring.scores.get_mut(*at) {
            score.level = Some(score.level.unwrap_or(0.0) + report.score);
            score.tests.extend(report.tests.iter().cloned());
            if score.autolearn.is_none() {
                score.autolearn.clone_from(&report.autolearn);
            }
        }
    }
    for field in &report.fields {
        if !scoring.fields.contains(field) {
            scoring.fields.push(field.clone());
        }
    }
}
