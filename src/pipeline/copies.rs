//! The copies of a message that go out: recipients who get the same header fields share one.
//!
//! # Source
//! content.md 9.2 (fields, and their order), 5.8 (removal of existing fields).

use std::io;

use super::{
    Case, Workshop,
    spam_fields::{Kept, NAMES, Said},
    trace_field,
};
use crate::{
    mail::{
        content::{ContentFacts, DotLines},
        header,
        score::Score,
        text::folded,
    },
    spool::message::Message,
};

/// One copy.
#[derive(Debug)]
pub(super) struct Copy {
    /// Places in the envelope.
    pub(super) recipients: Vec<usize>,
    /// Header fields to put on top.
    pub(super) prefix: Vec<u8>,
    /// `X-Spam` fields that others have put in are taken away.
    pub(super) loses_spam_fields: bool,
}

/// The copies for the recipients at `open`.
pub(super) fn copies(case: &Case<'_>, open: &[usize], workshop: &mut Workshop<'_>) -> Vec<Copy> {
    let trace = trace_field::received(
        &case.arrived,
        Some(&case.mail_id),
        workshop.config,
        workshop.date.now(),
    );
    let mut copies: Vec<Copy> = Vec::with_capacity(1);
    for &at in open {
        let mut prefix = own_fields(case, at, workshop);
        prefix.extend_from_slice(&trace);
        let settings = case.arrived.recipients.get(at);
        let loses_spam_fields = case.inspection.has_spam_fields
            && settings.is_some_and(|settings| settings.is_local && settings.removes_spam_fields);
        let same = copies
            .iter_mut()
            .find(|copy| copy.loses_spam_fields == loses_spam_fields && copy.prefix == prefix);
        match same {
            Some(copy) => copy.recipients.push(at),
            None => copies.push(Copy {
                recipients: vec![at],
                prefix,
                loses_spam_fields,
            }),
        }
    }
    copies
}

/// Everything above the trace field, for one recipient.
fn own_fields(case: &Case<'_>, at: usize, workshop: &Workshop<'_>) -> Vec<u8> {
    let mut fields = Vec::new();
    let (Some(settings), Some(decision)) =
        (case.arrived.recipients.get(at), case.decisions.get(at))
    else {
        return fields;
    };
    let mut put = |text: &str| {
        fields.extend_from_slice(text.as_bytes());
        fields.extend_from_slice(b"\r\n");
    };
    if !case.kept.is_empty() && settings.is_local {
        put(&format!("X-Quarantine-ID: <{}>", case.mail_id));
    }
    if case.inspection.is_scanned
        && !settings.bypasses_virus
        && let Some((name, value)) = &workshop.config.identity.scanned_field
    {
        put(&folded(&format!("{name}: {value}")));
    }
    for field in case.alerts() {
        put(field);
    }
    if decision.is_scored && settings.is_local {
        if let Some(said) = said(case, at, workshop) {
            fields.extend_from_slice(said.fields().as_bytes());
        }
        for (name, value) in &case.scoring.fields {
            let field = folded(&format!("{name}: {value}"));
            fields.extend_from_slice(field.as_bytes());
            fields.extend_from_slice(b"\r\n");
        }
    }
    fields
}

/// What is said about the score of the recipient at `at`.
pub(super) fn said<'s>(
    case: &'s Case<'_>,
    at: usize,
    workshop: &'s Workshop<'_>,
) -> Option<Said<'s>> {
    let levels = case.arrived.recipients.get(at)?.levels;
    Some(Said {
        score: case.scoring.scores.get(at)?,
        tag: levels.tag,
        required: levels.tag2,
        is_spam: case.decisions.get(at)?.is_spam,
        level_char: &workshop.config.policy.spam.level_char,
        kept: None,
    })
}

/// The same for a copy that is kept: about the recipient with the highest score; nothing if nobody asked for one.
pub(super) fn said_of_kept<'s>(case: &'s Case<'_>, workshop: &'s Workshop<'_>) -> Option<Said<'s>> {
    let scores = &case.scoring.scores;
    let is_known = |score: &&Score| score.is_asked || score.level.is_some();
    scores.iter().find(is_known)?;
    let levels = scores.iter().filter_map(|score| score.level);
    let least = levels.clone().reduce(f64::min);
    let most = levels.reduce(f64::max);
    let at = scores.iter().position(|score| score.level == most)?;
    Some(Said {
        kept: Some(Kept {
            scores: least.zip(most),
            kill: case.arrived.recipients.get(at)?.levels.kill,
        }),
        ..said(case, at, workshop)?
    })
}

/// The message without the `X-Spam` fields that others have put in.
///
/// # Errors
/// If it cannot be read.
pub(super) fn without_spam_fields(message: &Message) -> io::Result<Message> {
    let size = usize::try_from(message.size()).unwrap_or(usize::MAX);
    let content = message.read(0, size)?;
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for field in header::fields(&content) {
        if NAMES.iter().any(|name| field.is(name)) {
            let begin = offset(&content, field.name);
            let end = offset(&content, field.value) + field.value.len();
            cuts.push((begin, end));
        }
    }
    let mut kept = Vec::with_capacity(content.len());
    let mut from = 0;
    for (begin, end) in &cuts {
        kept.extend_from_slice(content.get(from..*begin).unwrap_or_default());
        from = *end;
    }
    kept.extend_from_slice(content.get(from..).unwrap_or_default());
    let facts = message.facts();
    let dot_lines = match &facts.dot_lines {
        DotLines::TooMany => DotLines::TooMany,
        DotLines::Known(offsets) => {
            // A line that begins with a dot is no part of such a field.
            let moved = offsets.iter().map(|offset| {
                let before = cuts.iter().filter(|(_, end)| *end as u64 <= *offset);
                let gone: usize = before.map(|(begin, end)| end - begin).sum();
                offset - gone as u64
            });
            DotLines::Known(moved.collect())
        }
    };
    let facts = ContentFacts {
        size: kept.len() as u64,
        dot_lines,
        ..facts.clone()
    };
    Ok(Message::composed(kept, facts))
}

/// Where `part` begins in `whole`, of which it is a part.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_others_are_cut_out_and_dots_stay_where_they_are() {
        let text = "A: 1\r\nX-Spam-Status: No,\r\n score=1\r\nB: 2\r\nx-spam-flag: YES\r\n\r\nX-Spam-Flag: body\r\n.dot\r\n";
        let mut facts = ContentFacts::default();
        facts.note(text.as_bytes());
        facts.dot_lines.note(text.find(".dot").unwrap() as u64);
        let message = Message::composed(text.as_bytes().to_vec(), facts);
        let stripped = without_spam_fields(&message).unwrap();
        let expected = "A: 1\r\nB: 2\r\n\r\nX-Spam-Flag: body\r\n.dot\r\n";
        assert_eq!(stripped.read(0, 1000).unwrap(), expected.as_bytes());
        assert_eq!(stripped.size(), expected.len() as u64);
        let dot = expected.find(".dot").unwrap() as u64;
        assert_eq!(stripped.facts().dot_lines, DotLines::Known(vec![dot]));
    }
}
