//! What the macros of notices and log lines stand for.
//!
//! # Guards
//! What comes from mail is made printable here, once: a notice is mail of our own, a log line is one line. T12: what is written beside
//! an address is not taken for a part of it.
//!
//! # Source
//! content.md 7.5, daemon.md 7.5.

mod message;
mod recipients;
mod spam;
mod time;

use super::Case;
use crate::{
    config::settled::Config,
    mail::outcome::Outcome,
    template::{Macros, Value},
};

/// About what a template is expanded.
pub(super) struct Facts<'f> {
    pub(super) case: &'f Case<'f>,
    /// One for each recipient; none while the message is in work.
    pub(super) outcomes: &'f [Outcome],
    pub(super) config: &'f Config,
    /// Places in the envelope of the recipients that it is about; all if `None`.
    pub(super) about: Option<&'f [usize]>,
    /// What stands in the fields of a notice.
    pub(super) heading: Heading<'f>,
    /// A report to the sender is made, or was.
    pub(super) sender_is_told: bool,
}

/// The fields of a notice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heading<'h> {
    pub(super) from: &'h str,
    pub(super) to: &'h [String],
    pub(super) cc: &'h [String],
    /// Mail id of the notice.
    pub(super) id: &'h str,
    /// For senders: somebody did not get it.
    pub(super) is_failure: bool,
}

impl Macros for Facts<'_> {
    fn value(&self, name: &str, arguments: &[String]) -> Option<Value> {
        self.of_notice(name)
            .or_else(|| self.of_time(name))
            .or_else(|| self.of_message(name, arguments))
            .or_else(|| self.of_recipients(name, arguments))
            .or_else(|| self.of_spam(name, arguments))
    }
}

impl<'f> Facts<'f> {
    /// About all recipients, and no notice.
    pub(super) fn about_all(
        case: &'f Case<'f>,
        outcomes: &'f [Outcome],
        config: &'f Config,
    ) -> Self {
        Self {
            case,
            outcomes,
            config,
            about: None,
            heading: Heading::default(),
            sender_is_told: false,
        }
    }

    /// A macro's value as text.
    pub(super) fn text(&self, name: &str) -> String {
        self.value(name, &[])
            .map_or_else(String::new, Value::into_text)
    }

    /// A macro's value as a list.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.value(name, &[]) {
            Some(Value::List(texts)) => texts,
            Some(Value::Text(text)) if !text.is_empty() => vec![text],
            _ => Vec::new(),
        }
    }
}

impl Facts<'_> {
    /// Places in the envelope of those whom it is about.
    fn places(&self) -> Vec<usize> {
        match self.about {
            Some(places) => places.to_vec(),
            None => (0..self.case.decisions.len()).collect(),
        }
    }

    fn of_notice(&self, name: &str) -> Option<Value> {
        let heading = &self.heading;
        Some(match name {
            "f" => heading.from.into(),
            "T" if !heading.to.is_empty() => heading.to.to_vec().into(),
            "C" => heading.cc.to_vec().into(),
            "B" => Vec::new().into(),
            "dsn_notify" => flag(!heading.is_failure && !heading.id.is_empty()),
            "notice_id" => heading.id.into(),
            "report_format" | "feedback_type" | "attachment_password" => "".into(),
            _ => return None,
        })
    }
}

/// `1`, or nothing.
fn flag(is_on: bool) -> Value {
    if is_on { "1".into() } else { "".into() }
}

/// Without control characters, which have no place in a field or a line; line ends and tabs become blanks.
fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\r' => None,
            '\n' | '\t' => Some(' '),
            c if c.is_control() => Some('?'),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
            c => Some(c),
        })
        .collect()
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).collect()
}
