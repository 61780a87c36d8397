//! Which copies are meant: filters, kinds, ages and sizes.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::texts;
use crate::{
    mime::encoded_word,
    quarantine::{
        kept::Label,
        shelf::{Entry, age},
    },
};

/// Kinds of copies, by what decided.
pub(super) const KINDS: [&str; 8] = [
    "virus",
    "banned",
    "spam",
    "badh",
    "unchecked",
    "clean",
    "archive",
    "other",
];

/// Adds the options that choose copies.
pub(super) fn filters(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .action(ArgAction::Append)
            .help(help)
    };
    command
        .arg(text(
            "recipient",
            "TEXT",
            "Only mail to somebody whose address has this in it",
        ))
        .arg(text(
            "sender",
            "TEXT",
            "Only mail from somebody whose address has this in it",
        ))
        .arg(text(
            "subject",
            "TEXT",
            "Only mail with this in its subject",
        ))
        .arg(text("kind", "KIND", "Only mail of this kind").value_parser(KINDS))
        .arg(
            text("newer", "AGE", "Only mail that was kept since, such as 2h")
                .value_parser(parse_age),
        )
        .arg(
            text("older", "AGE", "Only mail that was kept before, such as 7d")
                .value_parser(parse_age),
        )
}

/// What is chosen. Several texts of the same kind are alternatives.
#[derive(Debug, Default)]
pub(super) struct Filter {
    recipients: Vec<String>,
    senders: Vec<String>,
    subjects: Vec<String>,
    kinds: Vec<String>,
    newer: Option<u64>,
    older: Option<u64>,
}

impl Filter {
    pub(super) fn from(matches: &ArgMatches) -> Self {
        let lower = |name: &str| {
            let texts = texts(matches, name);
            texts.iter().map(|text| text.to_lowercase()).collect()
        };
        let last = |name: &str| {
            let ages = matches.get_many::<u64>(name);
            ages.and_then(|mut ages| ages.next_back().copied())
        };
        Self {
            recipients: lower("recipient"),
            senders: lower("sender"),
            subjects: lower("subject"),
            kinds: lower("kind"),
            newer: last("newer"),
            older: last("older"),
        }
    }

    /// True if a copy can be chosen, by what is known without reading it.
    pub(super) fn may_take(&self, entry: &Entry) -> bool {
        let age = age(entry);
        self.newer.is_none_or(|newer| age <= newer) && self.older.is_none_or(|older| age >= older)
    }

    /// True if it is chosen.
    pub(super) fn takes(&self, entry: &Entry, label: &Label) -> bool {
        let has = |wanted: &[String], texts: Vec<String>| {
            wanted.is_empty()
                || texts.iter().any(|text| {
                    let text = text.to_lowercase();
                    wanted.iter().any(|wanted| text.contains(wanted))
                })
        };
        let kind = kind(entry, label);
        has(
            &self.recipients,
            label.recipients.iter().map(ToString::to_string).collect(),
        ) && has(
            &self.senders,
            label.sender.iter().map(ToString::to_string).collect(),
        ) && has(&self.subjects, vec![subject(label)])
            && (self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind))
    }
}

/// The kind of a copy: by its name, else by why it was kept.
pub(super) fn kind(entry: &Entry, label: &Label) -> &'static str {
    let name = entry.place.rsplit('/').next().unwrap_or_default();
    let by_name = KINDS.iter().find(|kind| {
        name.strip_prefix(**kind)
            .is_some_and(|rest| rest.starts_with('-'))
    });
    if let Some(kind) = by_name {
        return kind;
    }
    const WORDS: [(&str, &str); 4] = [
        ("INFECTED", "virus"),
        ("BANNED", "banned"),
        ("UNCHECKED", "unchecked"),
        ("BAD HEADER", "badh"),
    ];
    let by_alert = WORDS
        .iter()
        .find(|(word, _)| label.alerts.iter().any(|alert| alert.starts_with(word)));
    match by_alert {
        Some((_, kind)) => kind,
        None if label
            .spam_status
            .as_ref()
            .is_some_and(|status| status.starts_with("Yes")) =>
        {
            "spam"
        }
        None => "other",
    }
}

/// The subject, decoded.
pub(super) fn subject(label: &Label) -> String {
    encoded_word::decoded(&label.subject).unwrap_or_else(|| label.subject.clone())
}

/// Seconds of an age such as `90`, `30m`, `12h`, `7d`, `4w`.
pub(super) fn parse_age(text: &str) -> Result<u64, String> {
    let units = [
        ("s", 1),
        ("m", 60),
        ("h", 3600),
        ("d", 86_400),
        ("w", 7 * 86_400),
        ("y", 365 * 86_400),
    ];
    scaled(text, &units).ok_or_else(|| format!("{text:?} is no age such as 30d, 12h or 4w"))
}

/// Octets of a size such as `500M` or `10G`.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let units = [
        ("k", 1 << 10),
        ("K", 1 << 10),
        ("M", 1 << 20),
        ("G", 1 << 30),
        ("T", 1 << 40),
    ];
    scaled(text, &units).ok_or_else(|| format!("{text:?} is no size such as 500M or 10G"))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1));
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_are_read() {
        for (text, want) in [("90", 90), ("2m", 120), ("1d", 86_400), ("4w", 2_419_200)] {
            assert_eq!(parse_age(text), Ok(want));
        }
        for bad in [
            "",
            "d",
            "-1d",
            "1x",
            "99999999999999999999",
            "99999999999999999w",
        ] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_size("10k"), Ok(10_240));
        assert!(parse_size("1d").is_err());
    }

    #[test]
    fn the_kind_is_in_the_name_or_in_the_alert() {
        let entry = |place: &str| Entry {
            place: place.to_owned(),
            size: 1,
            written: 0,
        };
        let mut label = Label::default();
        assert_eq!(kind(&entry("a/spam-x.gz"), &label), "spam");
        assert_eq!(kind(&entry("a/x"), &label), "other");
        label.alerts.push("BANNED, x".to_owned());
        assert_eq!(kind(&entry("a/x"), &label), "banned");
    }
}
