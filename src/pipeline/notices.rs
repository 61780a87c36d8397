//! Notices to administrators and recipients about mail that was not clean.
//!
//! They are sent when it is known what became of the message. A notice that is not taken is told in the log, and holds up no mail: what
//! it would have told is in the log and in the quarantine.
//!
//! # Source
//! content.md 7.4.

use super::{
    Case, Workshop,
    macros::{Facts, Heading},
    report::returned,
};
use crate::{
    config::notices::{Author, NoticesConfig},
    counters::Counter,
    deliver::submission::{Submission, submit},
    lookup::table::Maps,
    mail::{
        address::Address,
        category::{Category, Major},
        decision::{Decision, Destiny},
        envelope::{Notify, Recipient},
        outcome::{Outcome, Report},
    },
    mime::field,
    notify::{
        notice::{self, Notice},
        text::Text,
    },
    scoreboard::Stage,
    sys::clock::{Deadline, LocalTime, monotonic_ms, unix_seconds},
    template::{Template, expand},
};

/// How many notices to administrators a child has sent of late.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoticeCount {
    /// When the hour began, milliseconds of the monotonic clock.
    began_ms: u64,
    sent: u64,
    /// Those left out were told of.
    is_told: bool,
}

impl NoticeCount {
    /// True if one more may be sent; false and the first time in an hour as well.
    fn may_send(&mut self, most: u64) -> (bool, bool) {
        const HOUR_MS: u64 = 3_600_000;
        let now = monotonic_ms();
        if most == 0 {
            return (true, false);
        }
        if self.sent == 0 || now.saturating_sub(self.began_ms) > HOUR_MS {
            *self = Self {
                began_ms: now,
                ..Self::default()
            };
        }
        if self.sent < most {
            self.sent += 1;
            return (true, false);
        }
        (false, !std::mem::replace(&mut self.is_told, true))
    }
}

/// Sends the notices that are due.
pub(super) fn notify(
    case: &Case<'_>,
    outcomes: &[Outcome],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    let is_deferred = |outcome: &Outcome| matches!(outcome, Outcome::Deferred(_));
    // The MTA comes again with it: there is nothing to tell yet.
    if !case.arrived.is_lmtp && outcomes.iter().any(is_deferred) {
        return;
    }
    let settled: Vec<usize> = (0..case.decisions.len())
        .filter(|&at| {
            outcomes
                .get(at)
                .is_some_and(|outcome| !is_deferred(outcome))
        })
        .filter(|&at| case.decisions.get(at).is_some_and(is_of_interest))
        .collect();
    if settled.is_empty() {
        return;
    }
    to_administrators(case, outcomes, &settled, deadline, workshop);
    for at in settled {
        to_recipient(case, outcomes, at, deadline, workshop);
    }
}

fn is_of_interest(decision: &Decision) -> bool {
    told_category(decision).major > Major::Clean
}

/// The category that a notice is about: the one that blocked it, else the worst.
const fn told_category(decision: &Decision) -> Category {
    match decision.destiny {
        Destiny::Pass => decision.main,
        _ => decision.category,
    }
}

/// One notice to all administrators who are to have the same text.
fn to_administrators(
    case: &Case<'_>,
    outcomes: &[Outcome],
    settled: &[usize],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    for is_spam in [false, true] {
        let mut addresses: Vec<Address> = Vec::new();
        for &at in settled {
            let Some(decision) = case.decisions.get(at) else {
                continue;
            };
            let category = told_category(decision);
            if (category.major == Major::Spam) == is_spam {
                for address in administrators(case, at, category, workshop) {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
            }
        }
        let notices = &workshop.config.notices;
        let (text, author) = if is_spam {
            (&notices.texts.spam_admin, &notices.spam_admin)
        } else {
            (&notices.texts.virus_admin, &notices.admin)
        };
        if addresses.is_empty() || text.is_empty() {
            continue;
        }
        let (may_send, tells) = workshop.notice_count.may_send(notices.admin_rate);
        if tells {
            workshop.log.write(
                0,
                Some(case.arrived.log_id),
                format_args!(
                    "no more notices to administrators in this hour: more than {} (admin_notice_rate)",
                    notices.admin_rate
                ),
            );
        }
        if may_send {
            let wish = Wish {
                text,
                author,
                to: &addresses,
                about: settled,
                shows_header: true,
            };
            send(case, outcomes, &wish, deadline, workshop);
        }
    }
}

/// Whom to tell of a message to the recipient at `at`.
fn administrators(
    case: &Case<'_>,
    at: usize,
    category: Category,
    workshop: &Workshop<'_>,
) -> Vec<Address> {
    let notices = &workshop.config.notices;
    let admins = &notices.admins;
    let major = category.major;
    let maps: Vec<&Maps> = match (admins.by_category.of(category), major) {
        (Some(maps), Major::Virus) => vec![maps, &admins.new_virus],
        (Some(maps), _) => vec![maps],
        (None, Major::Virus) => vec![&admins.virus, &admins.new_virus],
        (None, Major::Unchecked) => vec![&admins.virus],
        (None, Major::Banned) => vec![&admins.banned],
        (None, Major::Spam) => vec![&admins.spam],
        (None, Major::BadHeader) => vec![&admins.bad_header],
        (None, _) => Vec::new(),
    };
    if major == Major::Spam && is_cut_off(case, at, notices, workshop) {
        return Vec::new();
    }
    let found = maps
        .iter()
        .filter_map(|maps| find(case, at, maps, workshop));
    found
        .filter(|text| !text.is_empty())
        .filter_map(|text| match Address::parse(text.as_bytes()) {
            Ok(address) => Some(address),
            Err(error) => {
                workshop.log.write(
                    -1,
                    Some(case.arrived.log_id),
                    format_args!("administrator {text:?} is no address: {error}"),
                );
                None
            }
        })
        .collect()
}

fn is_cut_off(
    case: &Case<'_>,
    at: usize,
    notices: &NoticesConfig,
    workshop: &Workshop<'_>,
) -> bool {
    let cutoff = find(case, at, &notices.spam_admin_cutoff, workshop);
    let cutoff = cutoff.and_then(|text| text.trim().parse::<f64>().ok());
    let level = case.scoring.scores.get(at).and_then(|score| score.level);
    cutoff
        .zip(level)
        .is_some_and(|(cutoff, level)| level >= cutoff)
}

/// What tables say about a recipient; a table that cannot be asked says nothing, and the log tells.
fn find(case: &Case<'_>, at: usize, maps: &Maps, workshop: &Workshop<'_>) -> Option<String> {
    let recipient = case.arrived.envelope.recipients.get(at)?;
    match maps.find(&recipient.address) {
        Ok(value) => value.map(|value| value.as_str().to_owned()),
        Err(error) => {
            workshop.log.write(
                -1,
                Some(case.arrived.log_id),
                format_args!("no notice: {error}"),
            );
            None
        }
    }
}

fn to_recipient(
    case: &Case<'_>,
    outcomes: &[Outcome],
    at: usize,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    let notices = &workshop.config.notices;
    let (Some(decision), Some(recipient), Some(settings)) = (
        case.decisions.get(at),
        case.arrived.envelope.recipients.get(at),
        case.arrived.recipients.get(at),
    ) else {
        return;
    };
    let (warned, category) = (&notices.warned, told_category(decision));
    let text = match category.major {
        Major::Spam => &notices.texts.spam_recipient,
        _ => &notices.texts.virus_recipient,
    };
    let maps = match (warned.by_category.of(category), category.major) {
        (Some(maps), _) => maps,
        (None, Major::Virus) => &warned.virus,
        (None, Major::Banned) => &warned.banned,
        (None, Major::BadHeader) => &warned.bad_header,
        (None, _) => return,
    };
    let is_ours = settings.is_local || notices.warns_offsite;
    if text.is_empty() || !is_ours {
        return;
    }
    let is_wanted =
        find(case, at, maps, workshop).is_some_and(|value| !value.is_empty() && value != "0");
    if is_wanted {
        let wish = Wish {
            text,
            author: &notices.recipient,
            to: std::slice::from_ref(&recipient.address),
            about: &[at],
            shows_header: false,
        };
        send(case, outcomes, &wish, deadline, workshop);
    }
}

/// A notice that is due.
struct Wish<'w> {
    text: &'w Template,
    author: &'w Author,
    to: &'w [Address],
    /// Places of the recipients that it is about.
    about: &'w [usize],
    /// The header section of the message goes with it.
    shows_header: bool,
}

fn send(
    case: &Case<'_>,
    outcomes: &[Outcome],
    wish: &Wish<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) {
    workshop.slot.enter(Stage::Notifying, Some(deadline));
    let (arrived, config) = (&case.arrived, workshop.config);
    let content = match content(case, outcomes, wish, workshop) {
        Ok(content) => content,
        Err(error) => {
            workshop.log.write(
                -1,
                Some(arrived.log_id),
                format_args!("no notice: cannot read the message back: {error}"),
            );
            return;
        }
    };
    let Ok(mail_id) = workshop.identifier.mail_id() else {
        return;
    };
    let envid = format!(
        "AM.{mail_id}.{}@{}",
        LocalTime::compact_utc(unix_seconds()),
        config.identity.host_name
    );
    let recipients: Vec<Recipient> = wish
        .to
        .iter()
        .map(|address| Recipient {
            address: address.clone(),
            notify: Some(Notify::NEVER),
            orcpt: None,
        })
        .collect();
    let submission = Submission {
        content,
        sender: &sender(wish.author),
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
    if results.iter().any(Result::is_ok) {
        workshop.cells.count(Counter::OutMsgsSubmitNotif);
    }
}

fn content(
    case: &Case<'_>,
    outcomes: &[Outcome],
    wish: &Wish<'_>,
    workshop: &Workshop<'_>,
) -> std::io::Result<Vec<u8>> {
    let config = workshop.config;
    let to: Vec<String> = wish.to.iter().map(ToString::to_string).collect();
    let is_told = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Bounced {
                report: Report::Sent(_),
                ..
            } | Outcome::Rejected(_)
        )
    };
    let facts = Facts {
        case,
        outcomes,
        config,
        about: Some(wish.about),
        heading: Heading {
            from: &wish.author.from,
            to: &to,
            ..Heading::default()
        },
        sender_is_told: outcomes.iter().any(is_told),
    };
    let text = Text::read(&expand(wish.text, &facts));
    let header = if wish.shows_header {
        Some(returned(case, false)?)
    } else {
        None
    };
    let id = case.mail_id.as_str();
    Ok(notice::compose(&Notice {
        text: &text,
        from: &wish.author.from,
        date: &LocalTime::now().for_mail(),
        message_id: &format!("<N{id}@{}>", config.identity.host_name),
        id,
        header: header.as_deref(),
    }))
}

/// The reverse-path: as set, or the address of the author.
fn sender(author: &Author) -> Address {
    let text = match &author.mail_from {
        Some(text) => text.clone(),
        None => field::addresses(author.from.as_bytes())
            .into_iter()
            .next()
            .unwrap_or_default(),
    };
    Address::parse(text.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_no_more_notices_than_are_allowed() {
        let mut count = NoticeCount::default();
        let sent: Vec<(bool, bool)> = (0..4).map(|_| count.may_send(2)).collect();
        assert_eq!(
            sent,
            [(true, false), (true, false), (false, true), (false, false)]
        );
        assert!((0..1000).all(|_| count.may_send(0).0));
    }
}
