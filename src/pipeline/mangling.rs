//! How a message changes for each recipient: whether it is wrapped, and under which address it goes on.
//!
//! # Source
//! content.md 9.4, 9.6.

use super::{Arrived, Workshop, inspect::Inspection};
use crate::{
    config::mangling::ManglingConfig,
    lookup::table::Maps,
    mail::{
        address::Address,
        category::{Category, Major},
        decision::{Decision, Destiny},
        finding::Unchecked,
        text::printable,
    },
};

/// Longest line of an explanation, characters.
const LONGEST: usize = 400;

/// What changes for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Mangling {
    /// The address under which it goes on, if it is another one.
    pub(super) address: Option<Address>,
    /// Why it is wrapped; empty if it is not.
    pub(super) why: Vec<String>,
    /// Put before the subject.
    pub(super) subject_tag: Option<String>,
}

/// What changes for each recipient, in order.
pub(super) fn manglings(
    arrived: &Arrived<'_>,
    inspection: &Inspection,
    decisions: &[Decision],
    workshop: &Workshop<'_>,
) -> Vec<Mangling> {
    let recipients = arrived.envelope.recipients.iter();
    let each = recipients.zip(arrived.recipients).zip(decisions);
    each.map(|((recipient, settings), decision)| {
        // Foreign recipients get what was sent to them; those who get nothing need nothing.
        if !settings.is_local || decision.destiny != Destiny::Pass {
            return Mangling::default();
        }
        let asker = Asker {
            arrived,
            address: &recipient.address,
            decision,
            workshop,
        };
        Mangling {
            subject_tag: None,
            address: asker.extended(),
            why: if asker.is_wrapped() {
                reasons(decision, inspection)
            } else {
                Vec::new()
            },
        }
    })
    .collect()
}

/// Asks the tables about one recipient.
struct Asker<'a> {
    arrived: &'a Arrived<'a>,
    address: &'a Address,
    decision: &'a Decision,
    workshop: &'a Workshop<'a>,
}

impl Asker<'_> {
    fn config(&self) -> &ManglingConfig {
        &self.workshop.config.mangling
    }

    fn find(&self, maps: &Maps) -> Option<String> {
        match maps.find(self.address) {
            Ok(value) => value
                .map(|value| value.as_str().to_owned())
                .filter(|text| !text.is_empty()),
            Err(error) => {
                self.workshop.log.write(
                    -1,
                    Some(self.arrived.log_id),
                    format_args!("mail is not changed: {error}"),
                );
                None
            }
        }
    }

    /// What was found, the worst first.
    fn found(&self) -> Vec<Category> {
        let mut found = self.decision.found.clone();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    /// The first table that says so, by what was found, decides.
    fn is_wrapped(&self) -> bool {
        let defang = &self.config().defang;
        let usual = |category: Category| match category.major {
            Major::Virus => Some(&defang.virus),
            Major::Banned => Some(&defang.banned),
            Major::Unchecked if category.minor == Unchecked::Ambiguous as u8 => {
                Some(&defang.ambiguous)
            }
            Major::Unchecked => Some(&defang.unchecked),
            Major::Spam | Major::Spammy => Some(&defang.spam),
            Major::BadHeader => Some(&defang.bad_header),
            _ => None,
        };
        let by_category = self
            .found()
            .into_iter()
            .filter_map(|category| defang.by_category.of(category).or_else(|| usual(category)));
        by_category
            .chain(std::iter::once(&defang.all))
            .filter(|maps| !maps.tables.is_empty())
            .filter_map(|maps| self.find(maps))
            .any(|value| value != "0")
    }

    /// The address with the extension that fits what was found.
    fn extended(&self) -> Option<Address> {
        let config = self.config();
        let delimiter = config.delimiter?;
        let extension = &config.extension;
        let usual = |category: Category| match category.major {
            Major::Virus => Some(&extension.virus),
            Major::Banned => Some(&extension.banned),
            Major::Spam | Major::Spammy => Some(&extension.spam),
            Major::BadHeader => Some(&extension.bad_header),
            _ => None,
        };
        let value = self
            .found()
            .into_iter()
            .filter_map(|category| {
                extension
                    .by_category
                    .of(category)
                    .or_else(|| usual(category))
            })
            .filter(|maps| !maps.tables.is_empty())
            .find_map(|maps| self.find(maps))?;
        let bare = value.strip_prefix(delimiter).unwrap_or(&value);
        self.address
            .with_extension(delimiter, bare, config.replaces_extension)
    }
}

/// Why a message is wrapped, for people.
fn reasons(decision: &Decision, inspection: &Inspection) -> Vec<String> {
    let mut why: Vec<String> = Vec::new();
    for field in &decision.added_fields {
        let text = field.replace("\r\n", "");
        if let Some(alert) = text.strip_prefix("X-Amavis-Alert: ") {
            why.push(printable(alert, LONGEST));
        }
    }
    if decision.is_spam {
        why.push("It looks like spam.".to_owned());
    }
    if decision.has(Major::BadHeader) {
        let more = inspection.problems.iter().skip(1).take(5);
        why.extend(more.map(|problem| printable(problem, LONGEST)));
    }
    if why.is_empty() {
        why.push("Nothing bad was found in it; all mail is treated so here.".to_owned());
    }
    why
}
