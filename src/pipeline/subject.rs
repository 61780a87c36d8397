//! What is put before the subject, so that a reader sees it in the list of his mail.
//!
//! # Source
//! content.md 9.3.

use super::{Case, Workshop};
use crate::{
    lookup::table::Maps,
    mail::{
        category::{Category, Major},
        score::Rounded,
    },
};

/// The tag for the recipient at `at`, with everything filled in; nothing for recipients that are not ours.
pub(super) fn tag(case: &Case<'_>, at: usize, workshop: &Workshop<'_>) -> Option<String> {
    let settings = case.arrived.recipients.get(at)?;
    let decision = case.decisions.get(at)?;
    if !settings.is_local {
        return None;
    }
    let policy = &workshop.config.policy.spam;
    let address = &case.arrived.envelope.recipients.get(at)?.address;
    let find = |maps: &Maps| match maps.find(address) {
        Ok(value) => value.map(|value| value.as_str().to_owned()),
        Err(error) => {
            workshop.log.write(
                -1,
                Some(case.arrived.log_id),
                format_args!("no subject tag: {error}"),
            );
            None
        }
    };
    let category = decision.category;
    let by_category = match category.major {
        Major::Virus => Some("***INFECTED*** ".to_owned()),
        Major::Unchecked => policy.undecipherable_subject_tag.clone(),
        _ => None,
    };
    let is_third = category == Category::spammy(true);
    let mut found = decision.found.clone();
    found.sort_unstable_by(|a, b| b.cmp(a));
    let tables = &workshop.config.policy.subject_tags;
    let by_table = found
        .into_iter()
        .filter_map(|category| tables.of(category))
        .find_map(|maps| find(maps).filter(|tag| !tag.is_empty()));
    let candidates = [
        by_table,
        by_category,
        is_third.then(|| find(&policy.subject_tag3)).flatten(),
        decision
            .is_spam
            .then(|| find(&policy.subject_tag2))
            .flatten(),
        decision
            .is_scored
            .then(|| find(&policy.subject_tag))
            .flatten(),
    ];
    let tag = candidates
        .into_iter()
        .flatten()
        .find(|tag| !tag.is_empty())?;
    Some(filled_in(&tag, case, at, workshop))
}

fn filled_in(tag: &str, case: &Case<'_>, at: usize, workshop: &Workshop<'_>) -> String {
    let is_spam = case
        .decisions
        .get(at)
        .is_some_and(|decision| decision.is_spam);
    let score = case.scoring.scores.get(at).and_then(|score| score.level);
    let required = case.arrived.recipients.get(at).and_then(|r| r.levels.tag2);
    let number =
        |number: Option<f64>| number.map_or_else(|| "x".to_owned(), |n| Rounded(n).to_string());
    let values = [
        ("_SCORE_", number(score)),
        ("_REQD_", number(required)),
        ("_YESNOCAPS_", if is_spam { "YES" } else { "NO" }.to_owned()),
        ("_YESNO_", if is_spam { "Yes" } else { "No" }.to_owned()),
        ("_HOSTNAME_", workshop.config.identity.host_name.clone()),
        ("_LOGID_", case.arrived.log_id.to_string()),
        ("_MAILID_", case.mail_id.to_string()),
    ];
    let mut text = tag.to_owned();
    for (name, value) in values {
        if text.contains(name) {
            text = text.replace(name, &value);
        }
    }
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The value of a Subject field with the tag before it; `None` if it is there already.
pub(super) fn tagged(value: &[u8], tag: &str) -> Option<Vec<u8>> {
    let bare = tag.trim();
    let begin = value
        .iter()
        .position(|octet| !matches!(octet, b' ' | b'\t' | b'\r' | b'\n'));
    let rest = begin
        .and_then(|begin| value.get(begin..))
        .unwrap_or_default();
    if bare.is_empty() || rest.starts_with(bare.as_bytes()) {
        return None;
    }
    let mut out = b" ".to_vec();
    out.extend_from_slice(in_ascii(tag).as_bytes());
    // An encoded word ends with a blank, or it would swallow what follows.
    if !tag.is_ascii() && !rest.is_empty() {
        out.push(b' ');
    }
    if rest.is_empty() {
        while out.last() == Some(&b' ') {
            out.pop();
        }
        out.extend_from_slice(b"\r\n");
    } else {
        out.extend_from_slice(rest);
    }
    Some(out)
}

/// As it is, or as an encoded word (RFC 2047).
fn in_ascii(tag: &str) -> String {
    if tag.is_ascii() {
        return tag.to_owned();
    }
    // Longer ones would have to be several words.
    let short: String = tag.trim_end().chars().take(12).collect();
    format!(
        "=?UTF-8?B?{}?=",
        data_encoding::BASE64.encode(short.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_before_what_was_there_once() {
        let shown = |value: &[u8], tag: &str| {
            tagged(value, tag).map(|value| String::from_utf8(value).unwrap())
        };
        let tag = "***SPAM*** ";
        assert_eq!(
            shown(b" hello\r\n", tag).as_deref(),
            Some(" ***SPAM*** hello\r\n")
        );
        assert_eq!(
            shown(b"\r\n =?utf-8?Q?x?=\r\n y\r\n", tag).as_deref(),
            Some(" ***SPAM*** =?utf-8?Q?x?=\r\n y\r\n")
        );
        assert_eq!(shown(b" ***SPAM*** hello\r\n", tag), None);
        assert_eq!(shown(b" \r\n", tag).as_deref(), Some(" ***SPAM***\r\n"));
        assert_eq!(shown(b"", tag).as_deref(), Some(" ***SPAM***\r\n"));
        assert_eq!(
            shown(b" x\r\n", "\u{e4}! ").as_deref(),
            Some(" =?UTF-8?B?w6Qh?= x\r\n")
        );
        assert_eq!(shown(b" x\r\n", "  "), None);
    }
}
