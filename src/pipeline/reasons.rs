//! The words of replies about mail that is not delivered.
//!
//! # Source
//! content.md 1.4.

use super::{Case, Workshop, macros::Facts};
use crate::{
    mail::{category::Major, decision::Decision, reply::Enhanced, text::printable},
    template::expand,
};

/// The words that `%smtp_reason_by_ccat` has for a decision.
pub(super) fn own_reason(
    case: &Case<'_>,
    at: usize,
    decision: &Decision,
    workshop: &Workshop<'_>,
) -> Option<String> {
    const LONGEST: usize = 450;
    let template = workshop.config.policy.reasons.of(decision.category)?;
    let about = [at];
    let facts = Facts {
        about: Some(&about),
        ..Facts::about_all(case, &[], workshop.config)
    };
    let text = expand(template, &facts);
    Some(printable(text.trim(), LONGEST))
}

/// Code and words of a decision (content.md 1.4).
pub(super) fn reason(decision: &Decision) -> (u16, Enhanced, String) {
    let refused = Enhanced::new(5, 7, 0);
    let (code, enhanced, text) = match decision.category.major {
        Major::Oversized => (
            552,
            Enhanced::new(5, 3, 4),
            "Message size exceeds recipient's size limit",
        ),
        Major::Banned => {
            let what = decision.reason.as_deref().unwrap_or_default();
            return (554, refused, format!("BANNED: {what}"));
        }
        Major::Unchecked => (554, refused, unchecked_words(decision.category.minor)),
        Major::BadHeader => {
            let minor = decision.category.minor;
            let detail = if minor == 2 { 3 } else { 0 };
            (554, Enhanced::new(5, 6, detail), bad_header_words(minor))
        }
        Major::Clean => (554, refused, "CLEAN"),
        Major::Virus => {
            let names = decision.reason.as_deref().unwrap_or_default();
            return (554, refused, format!("INFECTED: {names}"));
        }
        Major::Spam => (554, refused, "spam"),
        Major::Spammy if decision.category.minor == 1 => (554, refused, "spammy (tag3)"),
        Major::Spammy => (554, refused, "spammy"),
        Major::CatchAll | Major::Mta => (554, refused, "OTHER"),
    };
    (code, enhanced, text.to_owned())
}

const fn bad_header_words(minor: u8) -> &'static str {
    match minor {
        1 => "BAD HEADER: MIME error",
        2 => "BAD HEADER: nonencoded 8-bit character",
        3 => "BAD HEADER: contains invalid control character",
        4 => "BAD HEADER: line made up entirely of whitespace",
        5 => "BAD HEADER: line longer than RFC 5322 limit",
        6 => "BAD HEADER: syntax error",
        7 => "BAD HEADER: missing required header field",
        8 => "BAD HEADER: duplicate header field",
        _ => "BAD HEADER",
    }
}

const fn unchecked_words(minor: u8) -> &'static str {
    match minor {
        1 => "UNCHECKED: encrypted",
        2 => "UNCHECKED: over limits",
        3 => "UNCHECKED: ambiguous content",
        _ => "UNCHECKED",
    }
}
