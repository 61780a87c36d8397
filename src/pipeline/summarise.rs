//! The main log entry: one line for those who got the message, one for those who did not.
//!
//! # Source
//! daemon.md 7.2: the form that analyzers parse.

use std::collections::BTreeSet;

use super::{Case, Workshop, shown_client};
use crate::{
    counters::{Cells, Counter},
    mail::{
        category::{Category, Major},
        decision::Decision,
        outcome::{Outcome, Report},
    },
    policy::recipient::RecipientSettings,
    sys::clock::monotonic_ms,
};

/// Writes the main entries, and counts.
pub(super) fn summarise(case: &Case<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) {
    count(case, outcomes, &workshop.cells);
    if !workshop.log.shows(0) {
        return;
    }
    let actions = actions(case, outcomes, workshop);
    for delivered in [true, false] {
        let places: Vec<usize> = (0..outcomes.len())
            .filter(|&at| {
                outcomes
                    .get(at)
                    .is_some_and(|outcome| matches!(outcome, Outcome::Delivered(_)) == delivered)
            })
            .collect();
        if !places.is_empty() {
            let line = line(case, outcomes, &places, delivered, &actions, workshop);
            workshop
                .log
                .write(0, Some(case.arrived.log_id), format_args!("{line}"));
        }
    }
}

fn line(
    case: &Case<'_>,
    outcomes: &[Outcome],
    places: &[usize],
    delivered: bool,
    actions: &str,
    workshop: &Workshop<'_>,
) -> String {
    let arrived = &case.arrived;
    let category = places
        .iter()
        .filter_map(|&at| Some(category_of(outcomes.get(at)?, case.decisions.get(at)?)))
        .max()
        .unwrap_or_default();
    let mut line = format!(
        "{} {category} {{{actions}}},",
        if delivered { "Passed" } else { "Blocked" }
    );
    let mut add = |text: &str| line.push_str(text);
    if workshop.config.policy.originating && arrived.client.address.is_some() {
        add(" LOCAL");
    }
    let client = shown_client(arrived);
    if !client.is_empty() {
        add(&format!(" {client}"));
    }
    if let Some(address) = case.inspection.trace.oldest_public(arrived.client.address) {
        add(&format!(" [{address}]"));
    }
    let recipients: Vec<String> = places
        .iter()
        .filter_map(|&at| arrived.envelope.recipients.get(at))
        .map(|r| r.address.to_string())
        .collect();
    add(&format!(
        " {} -> {}",
        arrived.envelope.reverse_path,
        recipients.join(",")
    ));
    let trace = &case.inspection.trace;
    for (name, value) in [
        ("Queue-ID", arrived.client.queue_id.clone()),
        ("Message-ID", bracketed(&trace.message_id)),
        ("Resent-Message-ID", bracketed(&trace.resent_message_id)),
    ] {
        if let Some(value) = value {
            add(&format!(", {name}: {value}"));
        }
    }
    add(&format!(
        ", mail_id: {}, Hits: -, size: {}",
        case.mail_id,
        arrived.message.size()
    ));
    let queued: Vec<String> = if delivered {
        queued_as(outcomes, places)
    } else {
        Vec::new()
    };
    if !queued.is_empty() {
        add(&format!(", queued_as: {}", queued.join("/")));
    }
    add(&format!(
        ", {} ms",
        monotonic_ms().saturating_sub(arrived.began_ms)
    ));
    line
}

fn bracketed(id: &Option<String>) -> Option<String> {
    id.as_ref().map(|id| format!("<{id}>"))
}

/// Distinct queue ids of the next hop, in order.
fn queued_as(outcomes: &[Outcome], places: &[usize]) -> Vec<String> {
    let mut queued = Vec::new();
    for outcome in places.iter().filter_map(|&at| outcomes.get(at)) {
        if let Outcome::Delivered(acceptance) = outcome {
            let id = acceptance.queued_as();
            if !queued.contains(&id) {
                queued.push(id);
            }
        }
    }
    queued
}

/// The category that the log names: what the next hop did outranks a clean message, not a decision.
fn category_of(outcome: &Outcome, decision: &Decision) -> Category {
    if decision.destiny != crate::mail::decision::Destiny::Pass {
        return decision.category;
    }
    match outcome {
        Outcome::Delivered(_) => decision.category,
        Outcome::Deferred(_) => Category::MTA_TEMPORARY,
        Outcome::Rejected(_) | Outcome::Bounced { .. } | Outcome::Discarded(_) => {
            Category::MTA_REJECTED
        }
    }
}

/// `RelayedInbound,BouncedInbound`: what was done, each with its direction, in the order of the alphabet.
fn actions(case: &Case<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) -> String {
    let words: BTreeSet<String> = outcomes
        .iter()
        .zip(case.arrived.recipients)
        .map(|(outcome, settings)| {
            let done = match outcome {
                Outcome::Delivered(_) => "Relayed",
                Outcome::Discarded(_) => "Discarded",
                Outcome::Bounced {
                    report: Report::Sent(_),
                    ..
                } => "Bounced",
                Outcome::Bounced {
                    report: Report::Suppressed,
                    ..
                } => "NoBounce",
                Outcome::Rejected(_) => "Rejected",
                Outcome::Deferred(_) => "TempFailed",
            };
            format!(
                "{done}{}",
                direction(settings, workshop.config.policy.originating)
            )
        })
        .collect();
    words.into_iter().collect::<Vec<_>>().join(",")
}

const fn direction(settings: &RecipientSettings, originating: bool) -> &'static str {
    match (settings.is_local, originating) {
        (true, true) => "Internal",
        (false, true) => "Outbound",
        (true, false) => "Inbound",
        (false, false) => "OpenRelay",
    }
}

fn count(case: &Case<'_>, outcomes: &[Outcome], cells: &Cells) {
    let mut seen = BTreeSet::new();
    for outcome in outcomes {
        let counter = match outcome {
            Outcome::Delivered(_) => Counter::InMsgsStatusRelayed,
            Outcome::Bounced {
                report: Report::Sent(_),
                ..
            } => Counter::InMsgsStatusBounced,
            Outcome::Bounced {
                report: Report::Suppressed,
                ..
            } => Counter::InMsgsStatusNoBounce,
            Outcome::Rejected(_) => Counter::InMsgsStatusRejected,
            Outcome::Deferred(_) => Counter::InMsgsStatusTempFailed,
            Outcome::Discarded(_) => Counter::InMsgsStatusDiscarded,
        };
        // Once a message, however many recipients had it so.
        if seen.insert(counter as usize) {
            cells.count(counter);
        }
    }
    if seen.contains(&(Counter::InMsgsStatusRelayed as usize)) {
        cells.count(Counter::OutMsgsRelay);
    }
    let categories = outcomes
        .iter()
        .zip(&case.decisions)
        .map(|(outcome, decision)| category_of(outcome, decision));
    cells.count(match categories.max().unwrap_or_default().major {
        Major::Mta => Counter::ContentMtaFailedMsgs,
        Major::Oversized => Counter::ContentOversizedMsgs,
        Major::Unchecked => Counter::ContentUncheckedMsgs,
        _ => Counter::ContentCleanMsgs,
    });
}
