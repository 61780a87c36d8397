//! The main log entry: one line for those who got the message, one for those who did not.
//!
//! # Source
//! daemon.md 7.2: the form that analyzers parse.

use std::fmt;

use super::{Case, Workshop, copies, macros::Facts};
use crate::{
    config::{quarantine::Kind, settled::MainEntry},
    counters::{Cells, Counter},
    mail::{
        category::{Category, Major},
        decision::Decision,
        outcome::{Outcome, Report},
        score::Rounded,
    },
    policy::recipient::RecipientSettings,
    sys::clock::monotonic_ms,
    template::expand,
};

/// Writes the main entries, and counts.
pub(super) fn summarise(case: &Case<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) {
    count(case, outcomes, &workshop.cells);
    if !workshop.log.shows(0) {
        return;
    }
    if workshop.log.shows(2) {
        tell_scores(case, workshop);
    }
    match &workshop.config.log.main_entry {
        MainEntry::Usual => usual_entries(case, outcomes, workshop),
        MainEntry::None => {}
        MainEntry::Template(template) => {
            let facts = Facts::about_all(case, outcomes, workshop.config);
            write_lines(case, &expand(template, &facts), workshop);
        }
    }
    if let Some(template) = &workshop.config.log.recipient_entry {
        for at in 0..outcomes.len() {
            let about = [at];
            let facts = Facts {
                about: Some(&about),
                ..Facts::about_all(case, outcomes, workshop.config)
            };
            write_lines(case, &expand(template, &facts), workshop);
        }
    }
}

/// Each line of a text, as an entry of its own.
fn write_lines(case: &Case<'_>, text: &str, workshop: &Workshop<'_>) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        workshop
            .log
            .write(0, Some(case.arrived.log_id), format_args!("{line}"));
    }
}

/// The entries in the usual form.
fn usual_entries(case: &Case<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) {
    for delivered in [true, false] {
        let entry = Entry {
            case,
            outcomes,
            delivered,
            originating: workshop.config.policy.originating,
            banks: &workshop.config.bank_path,
        };
        if entry.concerned().next().is_some() {
            workshop
                .log
                .write(0, Some(case.arrived.log_id), format_args!("{entry}"));
        }
    }
}

/// `spam-tag, <s> -> <r>, Yes, score=...`: what the fields say, whether they are put in or not.
fn tell_scores(case: &Case<'_>, workshop: &Workshop<'_>) {
    let envelope = case.arrived.envelope;
    for (at, recipient) in envelope.recipients.iter().enumerate() {
        let score = case.scoring.scores.get(at);
        if !score.is_some_and(|score| score.is_asked || score.level.is_some()) {
            continue;
        }
        if let Some(said) = copies::said(case, at, workshop) {
            workshop.log.write(
                2,
                Some(case.arrived.log_id),
                format_args!(
                    "spam-tag, {} -> {}, {}",
                    envelope.reverse_path,
                    recipient.address,
                    said.status()
                ),
            );
        }
    }
}

/// One entry: for those who got the message, or for those who did not.
struct Entry<'e> {
    case: &'e Case<'e>,
    outcomes: &'e [Outcome],
    delivered: bool,
    originating: bool,
    /// Policy banks in effect.
    banks: &'e str,
}

impl<'e> Entry<'e> {
    /// Those whom it is about: places in the envelope, and outcomes.
    fn concerned(&self) -> impl Iterator<Item = (usize, &'e Outcome)> + Clone + '_ {
        self.outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Delivered(_)) == self.delivered)
    }

    fn category(&self) -> Category {
        self.concerned()
            .filter_map(|(at, outcome)| Some(category_of(outcome, self.case.decisions.get(at)?)))
            .max()
            .unwrap_or_default()
    }

    /// What was banned, if that decides.
    fn reason(&self) -> Option<&'e str> {
        let category = self.category();
        self.concerned()
            .filter_map(|(at, _)| self.case.decisions.get(at))
            .find(|decision| decision.category == category)
            .and_then(|decision| decision.reason.as_deref())
    }

    /// `6.123`, `2..6.1` if recipients differ, `-` if nothing scored it.
    fn write_hits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scores = &self.case.scoring.scores;
        let levels = self.concerned().filter_map(|(at, _)| scores.get(at)?.level);
        let least = levels.clone().reduce(f64::min);
        let most = levels.reduce(f64::max);
        match (least.map(Rounded), most.map(Rounded)) {
            (Some(least), Some(most)) if least.to_string() == most.to_string() => {
                write!(f, "{least}")
            }
            (Some(least), Some(most)) => write!(f, "{least}..{most}"),
            _ => f.write_str("-"),
        }
    }

    /// Client and envelope.
    fn write_envelope(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrived = &self.case.arrived;
        if !self.banks.is_empty() {
            write!(f, " {}", self.banks)?;
        }
        if self.originating && arrived.client.address.is_some() {
            f.write_str(" LOCAL")?;
        }
        if let Some(client) = arrived.client.shown() {
            write!(f, " {client}")?;
        }
        if let Some(address) = self
            .case
            .inspection
            .trace
            .oldest_public(arrived.client.address)
        {
            write!(f, " [{address}]")?;
        }
        write!(f, " {} -> ", arrived.envelope.reverse_path)?;
        let mut separator = "";
        for (at, _) in self.concerned() {
            if let Some(recipient) = arrived.envelope.recipients.get(at) {
                write!(f, "{separator}{}", recipient.address)?;
                separator = ",";
            }
        }
        Ok(())
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (case, arrived) = (self.case, &self.case.arrived);
        let word = if self.delivered { "Passed" } else { "Blocked" };
        write!(f, "{word} {}", self.category())?;
        if let Some(reason) = self.reason() {
            write!(f, " ({reason})")?;
        }
        let actions = actions(case, self.outcomes, self.originating);
        write!(f, " {{{actions}}},")?;
        self.write_envelope(f)?;
        let trace = &case.inspection.trace;
        for (at, (_, place)) in case.kept.iter().enumerate() {
            let before = if at == 0 { ", quarantine: " } else { "," };
            write!(f, "{before}{place}")?;
        }
        if let Some(id) = &arrived.client.queue_id {
            write!(f, ", Queue-ID: {id}")?;
        }
        if let Some(id) = &trace.message_id {
            write!(f, ", Message-ID: <{id}>")?;
        }
        if let Some(id) = &trace.resent_message_id {
            write!(f, ", Resent-Message-ID: <{id}>")?;
        }
        let size = arrived.message.size();
        write!(f, ", mail_id: {}, Hits: ", case.mail_id)?;
        self.write_hits(f)?;
        write!(f, ", size: {size}")?;
        if self.delivered && !case.arrived.is_with_client {
            let queued = queued_as(self.concerned().map(|(_, outcome)| outcome));
            write!(f, ", queued_as: {}", queued.join("/"))?;
        }
        let spent = monotonic_ms().saturating_sub(arrived.began_ms);
        write!(f, ", {spent} ms")
    }
}

/// Distinct queue ids of the next hop, in order.
pub(super) fn queued_as<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> Vec<String> {
    let mut queued = Vec::new();
    for outcome in outcomes {
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

/// `BouncedInbound,RelayedInbound,Quarantined`: what was done, each with its direction, once, in the order of the alphabet.
pub(super) fn actions(case: &Case<'_>, outcomes: &[Outcome], originating: bool) -> String {
    let recipients = case.arrived.recipients;
    let words = outcomes.iter().zip(recipients).zip(&case.decisions);
    let words = words.zip(&case.manglings);
    let words = words.map(|(((outcome, settings), decision), mangling)| {
        let is_tagged = matches!(decision.category.major, Major::Virus | Major::Banned)
            || (decision.is_spam && settings.is_local)
            || mangling.address.is_some()
            || mangling.subject_tag.is_some();
        (done(outcome, is_tagged), direction(settings, originating))
    });
    let mut words: Vec<(&str, &str)> = words.collect();
    words.sort_unstable();
    words.dedup();
    let mut text = String::with_capacity(32);
    for (done, direction) in words {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(done.strip_suffix("Untagged").unwrap_or(done));
        text.push_str(direction);
    }
    let is_archived = |(kind, _): &(Kind, String)| *kind == Kind::Archive;
    if !case.kept.iter().all(is_archived) {
        text.push_str(",Quarantined");
    }
    if case.kept.iter().any(is_archived) {
        text.push_str(",Archived");
    }
    text
}

/// The words sort as they are here: what was not tagged says so, and loses that word later.
const fn done(outcome: &Outcome, is_tagged: bool) -> &'static str {
    match outcome {
        Outcome::Delivered(acceptance) if acceptance.is_with_client() => "Accepted",
        Outcome::Delivered(_) if is_tagged => "RelayedTagged",
        Outcome::Delivered(_) => "RelayedUntagged",
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
    }
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
    let mut seen = Vec::new();
    for outcome in outcomes {
        let counter = match outcome {
            Outcome::Delivered(acceptance) if acceptance.is_with_client() => {
                Counter::InMsgsStatusAccepted
            }
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
        if !seen.contains(&counter) {
            seen.push(counter);
            cells.count(counter);
        }
    }
    if seen.contains(&Counter::InMsgsStatusRelayed) {
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
        Major::BadHeader => Counter::ContentBadHdrMsgs,
        Major::Banned => Counter::ContentBannedMsgs,
        Major::Virus => Counter::ContentVirusMsgs,
        Major::Spam => Counter::ContentSpamMsgs,
        Major::Spammy => Counter::ContentSpammyMsgs,
        _ => Counter::ContentCleanMsgs,
    });
}
