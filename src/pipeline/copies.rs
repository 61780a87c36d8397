//! The copies of a message that go out: recipients who get the same header fields share one.
//!
//! # Source
//! content.md 9.2 (fields, and their order), 5.8 (removal of existing fields).

use std::io;

use super::{
    Case, Workshop,
    spam_fields::{Kept, NAMES, Said},
    subject, trace_field,
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
    /// Put before the subject.
    pub(super) subject_tag: Option<String>,
    /// What is wrong with lines of the header section is mended.
    pub(super) mends: Mends,
    /// Why it is wrapped; empty if it is not.
    pub(super) why: Vec<String>,
}

/// What is mended in a header section.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mends {
    /// Lines of white space are taken out.
    pub(super) folding: bool,
    /// Too long lines are cut.
    pub(super) long_lines: bool,
}

impl Copy {
    /// True if the header section of the message itself changes.
    pub(super) const fn is_edited(&self) -> bool {
        self.loses_spam_fields
            || self.subject_tag.is_some()
            || self.mends.folding
            || self.mends.long_lines
    }
}

/// The copies for the recipients at `open`.
pub(super) fn copies(case: &Case<'_>, open: &[usize], workshop: &mut Workshop<'_>) -> Vec<Copy> {
    let trace = trace_field::received(
        &case.arrived,
        Some(&case.mail_id),
        workshop.config,
        workshop.date.now(),
    );
    let mends = mends(case, workshop);
    let mut copies: Vec<Copy> = Vec::with_capacity(1);
    for &at in open {
        let mut prefix = own_fields(case, at, workshop);
        // A client that keeps the message has its own.
        if !case.arrived.is_with_client {
            prefix.extend_from_slice(&trace);
        }
        let settings = case.arrived.recipients.get(at);
        let loses_spam_fields = case.inspection.has_spam_fields
            && settings.is_some_and(|settings| settings.is_local && settings.removes_spam_fields);
        let mangling = case.manglings.get(at);
        let subject_tag = mangling.and_then(|mangling| mangling.subject_tag.clone());
        let why = mangling.map_or(&[][..], |mangling| &mangling.why);
        let same = copies.iter_mut().find(|copy| {
            copy.loses_spam_fields == loses_spam_fields
                && copy.subject_tag == subject_tag
                && copy.why == why
                && copy.prefix == prefix
        });
        match same {
            Some(copy) => copy.recipients.push(at),
            None => copies.push(Copy {
                recipients: vec![at],
                prefix,
                loses_spam_fields,
                subject_tag,
                mends,
                why: why.to_vec(),
            }),
        }
    }
    copies
}

/// What is wrong with the header section and may be mended.
fn mends(case: &Case<'_>, workshop: &Workshop<'_>) -> Mends {
    let config = &workshop.config.mangling;
    let is_wrong = |minor: u8| case.inspection.bad_minors.contains(&minor);
    Mends {
        folding: config.fixes_folding && is_wrong(4),
        long_lines: config.fixes_long_lines && is_wrong(5),
    }
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
    if case.is_quarantined() && settings.is_local {
        put(&format!("X-Quarantine-ID: <{}>", case.mail_id));
    }
    let is_wrapped = case
        .manglings
        .get(at)
        .is_some_and(|mangling| !mangling.why.is_empty());
    // A client that keeps the message has only its header section changed.
    if is_wrapped && !case.arrived.is_with_client {
        let host = &workshop.config.identity.host_name;
        put(&folded(&format!(
            "X-Amavis-Modified: Mail body modified (using defanged) - {host}"
        )));
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

/// A piece of a message that is taken away, and what is put in its place.
struct Edit {
    begin: usize,
    end: usize,
    with: Vec<u8>,
}

/// The message with the header section that a copy has.
///
/// # Errors
/// If it cannot be read.
pub(super) fn edited(message: &Message, copy: &Copy) -> io::Result<Message> {
    let size = usize::try_from(message.size()).unwrap_or(usize::MAX);
    let content = message.read(0, size)?;
    let edits = edits(&content, copy);
    let mut kept = Vec::with_capacity(content.len() + 128);
    let mut from = 0;
    for edit in &edits {
        kept.extend_from_slice(content.get(from..edit.begin).unwrap_or_default());
        kept.extend_from_slice(&edit.with);
        from = edit.end;
    }
    kept.extend_from_slice(content.get(from..).unwrap_or_default());
    let facts = message.facts();
    let dot_lines = match &facts.dot_lines {
        DotLines::TooMany => DotLines::TooMany,
        DotLines::Known(offsets) => {
            // A line that begins with a dot is no part of what is edited.
            let moved = offsets.iter().map(|offset| {
                let before = edits.iter().filter(|edit| edit.end as u64 <= *offset);
                before.fold(*offset, |at, edit| {
                    (at + edit.with.len() as u64).saturating_sub((edit.end - edit.begin) as u64)
                })
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

/// What changes, in order.
fn edits(content: &[u8], copy: &Copy) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut has_subject = false;
    let mut end_of_fields = 0;
    for field in header::fields(content) {
        let begin = offset(content, field.name);
        let value = offset(content, field.value);
        let end = value + field.value.len();
        end_of_fields = end;
        if copy.mends != Mends::default() {
            mend(content, begin, end, copy.mends, &mut edits);
        }
        if copy.loses_spam_fields && NAMES.iter().any(|name| field.is(name)) {
            let with = Vec::new();
            edits.push(Edit { begin, end, with });
        }
        if let Some(tag) = &copy.subject_tag
            && field.is(b"Subject")
            && !has_subject
        {
            has_subject = true;
            if let Some(with) = subject::tagged(field.value, tag) {
                let begin = value;
                edits.push(Edit { begin, end, with });
            }
        }
    }
    // A field that goes, or gets another value, is not mended as well.
    edits.sort_by_key(|edit| (edit.begin, std::cmp::Reverse(edit.end)));
    let mut reached = 0;
    edits.retain(|edit| {
        let is_free = edit.begin >= reached;
        if is_free {
            reached = edit.end;
        }
        is_free
    });
    if let Some(tag) = &copy.subject_tag
        && !has_subject
        && let Some(value) = subject::tagged(b"", tag)
    {
        edits.push(Edit {
            begin: end_of_fields,
            end: end_of_fields,
            with: [b"Subject:", value.as_slice()].concat(),
        });
    }
    edits
}

/// Longest line of a header section, octets (RFC 5322 section 2.1.1), and what is left of a longer one.
const LONGEST_LINE: usize = 998;
const CUT_LINE: usize = 995;

/// Mends the lines of the field from `begin` to `end`.
fn mend(content: &[u8], begin: usize, end: usize, mends: Mends, edits: &mut Vec<Edit>) {
    let mut at = begin;
    while at < end {
        let rest = content.get(at..end).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..length).unwrap_or_default();
        let is_blank = at > begin && line.trim_ascii().is_empty();
        if is_blank && mends.folding {
            edits.push(Edit {
                begin: at,
                end: at + length,
                with: Vec::new(),
            });
        } else if mends.long_lines && line.len() > LONGEST_LINE + 2 {
            edits.push(Edit {
                begin: at + CUT_LINE,
                end: at + length,
                with: b"...\r\n".to_vec(),
            });
        }
        at += length;
    }
}

/// Where `part` begins in `whole`, of which it is a part.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited_text(text: &str, loses_spam_fields: bool, tag: Option<&str>) -> Message {
        let mut facts = ContentFacts::default();
        facts.note(text.as_bytes());
        if let Some(at) = text.find(".dot") {
            facts.dot_lines.note(at as u64);
        }
        let message = Message::composed(text.as_bytes().to_vec(), facts);
        let copy = Copy {
            recipients: vec![0],
            prefix: Vec::new(),
            loses_spam_fields,
            subject_tag: tag.map(str::to_owned),
            mends: Mends {
                folding: text.contains("mend"),
                long_lines: text.contains("mend"),
            },
            why: Vec::new(),
        };
        edited(&message, &copy).unwrap()
    }

    fn check(got: &Message, expected: &str) {
        assert_eq!(got.read(0, 10_000).unwrap(), expected.as_bytes());
        assert_eq!(got.size(), expected.len() as u64);
        let dot = expected.find(".dot").unwrap() as u64;
        assert_eq!(got.facts().dot_lines, DotLines::Known(vec![dot]));
    }

    #[test]
    fn fields_of_others_are_cut_out_and_dots_stay_where_they_are() {
        let text = "A: 1\r\nX-Spam-Status: No,\r\n score=1\r\nB: 2\r\nx-spam-flag: YES\r\n\r\nX-Spam-Flag: body\r\n.dot\r\n";
        check(
            &edited_text(text, true, None),
            "A: 1\r\nB: 2\r\n\r\nX-Spam-Flag: body\r\n.dot\r\n",
        );
    }

    #[test]
    fn the_first_subject_gets_the_tag_and_one_is_made_if_there_is_none() {
        let text = "X-Spam-Flag: NO\r\nSubject: a\r\n b\r\nSubject: c\r\n\r\n.dot\r\n";
        check(
            &edited_text(text, true, Some("***SPAM*** ")),
            "Subject: ***SPAM*** a\r\n b\r\nSubject: c\r\n\r\n.dot\r\n",
        );
        check(
            &edited_text("A: 1\r\n\r\n.dot\r\n", false, Some("***SPAM*** ")),
            "A: 1\r\nSubject: ***SPAM***\r\n\r\n.dot\r\n",
        );
    }

    #[test]
    fn lines_of_header_sections_are_mended() {
        let long = "x".repeat(1200);
        check(
            &edited_text(
                &format!("A: mend\r\n \t\r\n more\r\nB: {long}\r\n {long}\r\n\r\n \r\n.dot\r\n"),
                false,
                None,
            ),
            &format!(
                "A: mend\r\n more\r\nB: {}...\r\n {}...\r\n\r\n \r\n.dot\r\n",
                "x".repeat(992),
                "x".repeat(994)
            ),
        );
    }
}
