//! What a client is to do with a message that it keeps: a milter, which changes what it has.
//!
//! # Source
//! daemon.md 5.3 (order and indices of edits).

use super::{
    Case, Workshop,
    copies::{self, Copy},
    spam_fields::NAMES,
    subject,
};
use crate::mail::{address::Address, header, outcome::Outcome, settlement::FinalReply};

/// The reply, and what goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Processed {
    /// The reply to the end of data.
    pub reply: FinalReply,
    /// For a client that keeps the message.
    pub wishes: Wishes,
}

/// What a client is to do with a message that it keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// At least one recipient gets it.
    pub goes_on: bool,
    /// Recipients who do not get it.
    pub dropped: Vec<Address>,
    /// Recipients who get it under another address: old and new.
    pub renamed: Vec<(Address, Address)>,
    /// Changes to the header section, in the order in which they are to be made.
    pub changes: Vec<Change>,
}

/// A change to a header section. Names and values are ASCII or as the message has them; lines of a value are parted by LF.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Put a field on top.
    Insert(String, String),
    /// Give the first field of this name another value.
    Replace(String, String),
    /// Take the first field of this name away.
    Delete(String),
    /// Put a field at the end.
    Append(String, String),
}

/// The wishes for a message that was acted on.
pub(super) fn wishes(case: &Case<'_>, outcomes: &[Outcome], workshop: &mut Workshop<'_>) -> Wishes {
    if !case.arrived.is_with_client {
        return Wishes::default();
    }
    let goes_on = |outcome: &Outcome| matches!(outcome, Outcome::Delivered(_));
    let open: Vec<usize> = (0..outcomes.len())
        .filter(|&at| outcomes.get(at).is_some_and(goes_on))
        .collect();
    let recipients = case.arrived.envelope.recipients.iter().zip(outcomes);
    let dropped = recipients
        .filter(|(_, outcome)| !goes_on(outcome))
        .map(|(recipient, _)| recipient.address.clone())
        .collect();
    // There is one message for all: what most of them are to get.
    let copy = copies::copies(case, &open, workshop)
        .into_iter()
        .max_by_key(|copy| copy.recipients.len());
    Wishes {
        goes_on: !open.is_empty(),
        dropped,
        renamed: renamed(case, &open),
        changes: copy.map_or_else(Vec::new, |copy| changes(case, &copy)),
    }
}

/// Recipients who get it under another address.
fn renamed(case: &Case<'_>, open: &[usize]) -> Vec<(Address, Address)> {
    let pair = |&at: &usize| {
        let old = case.arrived.envelope.recipients.get(at)?;
        let new = case.manglings.get(at)?.address.clone()?;
        Some((old.address.clone(), new))
    };
    open.iter().filter_map(pair).collect()
}

fn changes(case: &Case<'_>, copy: &Copy) -> Vec<Change> {
    const HEAD: usize = 1 << 20;
    let mut changes = Vec::new();
    let head = case.arrived.message.head(HEAD).unwrap_or_default();
    let mut has_subject = false;
    for field in header::fields(&head) {
        if copy.loses_spam_fields && NAMES.iter().any(|name| field.is(name)) {
            let name = String::from_utf8_lossy(field.name).into_owned();
            changes.push(Change::Delete(name));
        }
        if field.is(b"Subject") && !has_subject {
            has_subject = true;
            if let Some(tag) = &copy.subject_tag
                && let Some(value) = subject::tagged(field.value, tag)
            {
                changes.push(Change::Replace("Subject".to_owned(), line_of(&value)));
            }
        }
    }
    if let Some(tag) = &copy.subject_tag
        && !has_subject
        && let Some(value) = subject::tagged(b"", tag)
    {
        changes.push(Change::Append("Subject".to_owned(), line_of(&value)));
    }
    // Each is put on top of what is there: the last one comes first.
    let fields: Vec<header::Field<'_>> = header::fields(&copy.prefix).collect();
    for field in fields.into_iter().rev() {
        let name = String::from_utf8_lossy(field.name).into_owned();
        changes.push(Change::Insert(name, line_of(field.value)));
    }
    changes
}

/// Without the blank after the colon and the line end.
fn line_of(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value).replace("\r\n", "\n");
    text.trim_matches([' ', '\n']).to_owned()
}
