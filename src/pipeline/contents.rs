//! What is inside a message, and what that means: what is banned, and what could not be looked into.
//!
//! # Source
//! content.md 2.8 and 2.9; decisions 16 and 32.

use std::sync::Arc;

use super::{Arrived, Workshop, shelf::Shelf};
use crate::{
    counters::Counter,
    lookup::table::PatternEntry,
    mail::{
        finding::{Finding, Unchecked},
        node::{Exploded, Limit, Node, State},
        part::Oddity,
    },
    policy::banned::{self, Banned, Rules},
    sys::clock::Deadline,
    unpack::explode,
};

/// Things of one message that the log has a line for, of each kind.
const MOST_LINES: usize = 100;

/// What is inside.
pub(super) struct Inside {
    pub(super) findings: Vec<Finding>,
    /// For each recipient with something banned, the first of it.
    pub(super) banned: Vec<(usize, Banned)>,
}

/// Looks into a message.
///
/// # Errors
/// What went wrong, if the message may be tried again.
pub(super) fn look_inside(
    arrived: &Arrived<'_>,
    content: &[u8],
    mut shelf: Shelf<'_, '_>,
    deadline: Deadline,
    workshop: &Workshop<'_>,
) -> Result<Inside, String> {
    let limits = workshop.config.unpack;
    let explosion = explode(content, limits, deadline, &mut shelf)
        .map_err(|error| format!("cannot look into the message: {error}"))?;
    for note in &explosion.notes {
        workshop.cells.count(Counter::DecodersStopped);
        workshop
            .log
            .write(-1, Some(arrived.log_id), format_args!("{note}"));
    }
    let exploded = &explosion.exploded;
    tell_oddities(arrived, exploded, workshop);
    let mut findings = Vec::new();
    if workshop.config.checks.header_tests.mime {
        findings.extend(mime_error(exploded));
    }
    findings.extend(unchecked(exploded));
    let banned = all_banned(arrived, exploded, workshop);
    findings.extend(banned.iter().map(|(recipient, banned)| Finding::Banned {
        recipient: *recipient,
        reason: banned.reason.clone(),
        is_discarded: banned.discards.is_some(),
    }));
    Ok(Inside { findings, banned })
}

/// Oddities are for the log: honest mail is full of them.
fn tell_oddities(arrived: &Arrived<'_>, exploded: &Exploded, workshop: &Workshop<'_>) {
    if !workshop.log.shows(2) {
        return;
    }
    let is_odd = |node: &Node| !node.oddities.is_empty() || node.state.is_undecipherable();
    let nodes = exploded.nodes.iter().enumerate();
    for (id, node) in nodes.filter(|(_, node)| is_odd(node)).take(MOST_LINES) {
        let state = Some(node.state.words().to_owned()).filter(|words| !words.is_empty());
        for words in node.oddities.iter().chain(&state) {
            workshop.log.write(
                2,
                Some(arrived.log_id),
                format_args!("p{:03}: {}", id + 1, words),
            );
        }
    }
}

/// A multipart that does not end, in the original's words (content.md 2.1).
fn mime_error(exploded: &Exploded) -> Option<Finding> {
    const MINOR: u8 = 1;
    let unclosed = Oddity::Unclosed.words();
    let mut nodes = exploded.nodes.iter();
    nodes
        .any(|node| node.oddities.iter().any(|words| words == unclosed))
        .then(|| Finding::BadHeader {
            minor: MINOR,
            problem: "MIME error: error: part did not end with expected boundary".to_owned(),
        })
}

/// The worst reason why something in it was not seen.
fn unchecked(exploded: &Exploded) -> Option<Finding> {
    let mut worst: Option<(Unchecked, String)> = None;
    let mut note = |cause: Unchecked, why: String| {
        if worst.as_ref().is_none_or(|(known, _)| *known < cause) {
            worst = Some((cause, why));
        }
    };
    for (id, node) in exploded.nodes.iter().enumerate() {
        let place = format!("p{:03}", id + 1);
        if node.is_ambiguous {
            note(
                Unchecked::Ambiguous,
                format!("{place} can be read in two ways"),
            );
        }
        match &node.state {
            State::Encrypted => {
                note(Unchecked::Encrypted, format!("{place} is encrypted"));
            }
            State::Undecodable(_) => {
                note(Unchecked::Undecodable, format!("{place} cannot be decoded"));
            }
            State::Plain | State::Decoded => {}
        }
    }
    if let Some(limit) = exploded.over {
        note(Unchecked::OverLimits, over(limit));
    }
    worst.map(|(cause, why)| Finding::Unchecked { cause, why })
}

fn over(limit: Limit) -> String {
    limit.to_string()
}

/// What is banned, for each recipient: the first of it.
fn all_banned(
    arrived: &Arrived<'_>,
    exploded: &Exploded,
    workshop: &Workshop<'_>,
) -> Vec<(usize, Banned)> {
    let checks = &workshop.config.checks;
    let mut judged: Vec<(Vec<Arc<PatternEntry>>, Vec<Banned>)> = Vec::new();
    let mut found = Vec::new();
    let recipients = arrived.envelope.recipients.iter().zip(arrived.recipients);
    for (at, (recipient, settings)) in recipients.enumerate() {
        if settings.bypasses_banned {
            continue;
        }
        let names = checks.banned.of(&recipient.address);
        let known = judged.iter().position(|(rules, _)| same(rules, &names));
        let place = match known {
            Some(place) => place,
            None => {
                let rules = Rules {
                    names: names.clone(),
                    paths: checks.banned_paths.clone(),
                };
                let banned = banned::judge(&rules, exploded);
                judged.push((names, banned));
                judged.len() - 1
            }
        };
        let Some((_, banned)) = judged.get(place) else {
            continue;
        };
        for ban in banned.iter().take(MOST_LINES) {
            workshop.log.write(
                1,
                Some(arrived.log_id),
                format_args!(
                    "p.path BANNED:1 {}: \"{}\", matching_key=\"{}\"",
                    recipient.address, ban.path, ban.rule
                ),
            );
        }
        if let Some(first) = banned.first() {
            found.push((at, first.clone()));
        }
    }
    found
}

/// True for the very same rules.
fn same(rules: &[Arc<PatternEntry>], others: &[Arc<PatternEntry>]) -> bool {
    rules.len() == others.len()
        && rules
            .iter()
            .zip(others)
            .all(|(rule, other)| Arc::ptr_eq(rule, other))
}
