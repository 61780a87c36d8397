//! What became of a message, for programs: one object, with the original's keys.
//!
//! # Source
//! daemon.md 7.6.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use serde_json::{Map, Value, json};

use super::{Case, Workshop, macros::Facts, summarise};
use crate::{
    mail::{
        decision::Destiny,
        outcome::{Outcome, Report},
        reply::Reply,
        score::Rounded,
    },
    sys::clock::{LocalTime, monotonic_ms, unix_seconds},
};

/// Appends the report to the file that the configuration names.
pub(super) fn write(case: &Case<'_>, outcomes: &[Outcome], workshop: &Workshop<'_>) {
    let Some(file) = &workshop.config.log.json else {
        return;
    };
    let report = report(case, outcomes, workshop.config);
    if let Err(error) = append(file, &report) {
        workshop.log.write(
            -1,
            Some(case.arrived.log_id),
            format_args!("cannot write to {}: {error}", file.display()),
        );
    }
}

fn append(file: &Path, report: &Map<String, Value>) -> io::Result<()> {
    let mut line = serde_json::to_string(report).map_err(io::Error::other)?;
    line.push('\n');
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(file)?;
    // In one piece: other children write to it, too.
    file.write_all(line.as_bytes())
}

/// The report; keys without a value are left out.
pub(super) fn report(
    case: &Case<'_>,
    outcomes: &[Outcome],
    config: &crate::config::settled::Config,
) -> Map<String, Value> {
    let facts = Facts::about_all(case, outcomes, config);
    let mut report = Map::new();
    let mut put = |key: &str, value: Value| {
        let is_nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !is_nothing {
            report.insert(key.to_owned(), value);
        }
    };
    for (key, value) in of_message(case, &facts, config)
        .into_iter()
        .chain(of_way(case, &facts))
        .chain(of_outcome(case, outcomes, config))
    {
        put(key, value);
    }
    report
}

type Entries = Vec<(&'static str, Value)>;

fn of_message(
    case: &Case<'_>,
    facts: &Facts<'_>,
    config: &crate::config::settled::Config,
) -> Entries {
    let arrived = &case.arrived;
    let envelope = arrived.envelope;
    let trace = &case.inspection.trace;
    let spent = monotonic_ms().saturating_sub(arrived.began_ms);
    let received = unix_seconds().saturating_sub(spent / 1000);
    let bare = |text: String| text.trim_matches(['<', '>']).to_owned();
    let subject = facts.text("j");
    let bulk = case.inspection.bulk;
    vec![
        ("type", "amavis".into()),
        ("host", config.identity.host_name.as_str().into()),
        ("log_id", arrived.log_id.as_str().into()),
        ("mail_id", case.mail_id.as_str().into()),
        ("@timestamp", LocalTime::iso_utc(received).into()),
        ("time_unix", (received * 1000).into()),
        (
            "time_iso_week_date",
            LocalTime::from_unix(received).iso_week().into(),
        ),
        ("mail_from", bare(envelope.reverse_path.to_string()).into()),
        ("sender", bare(envelope.reverse_path.to_string()).into()),
        (
            "rcpt_to",
            envelope
                .recipients
                .iter()
                .map(|recipient| bare(recipient.address.to_string()))
                .collect::<Vec<_>>()
                .into(),
        ),
        ("rcpt_num", envelope.recipients.len().into()),
        (
            "message_id",
            trace.message_id.clone().map(|id| format!("<{id}>")).into(),
        ),
        ("subject_rot13", rotated(&subject).into()),
        ("subject", subject.into()),
        ("author", facts.list("rfc2822_from").into()),
        ("to_addr", facts.field_addresses("To").into()),
        ("cc_addr", facts.field_addresses("Cc").into()),
        ("user_agent", facts.text("useragent").into()),
        ("size", arrived.message.size().into()),
        ("is_mlist", bulk.is_list.into()),
        ("is_auto_resp", bulk.is_automatic.into()),
        ("is_bulk", bulk.is_bulk.into()),
        ("originating", config.policy.originating.into()),
        (
            "policy_banks",
            config
                .bank_path
                .split('/')
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
                .into(),
        ),
    ]
}

fn of_way(case: &Case<'_>, facts: &Facts<'_>) -> Entries {
    let arrived = &case.arrived;
    let client = arrived.client;
    vec![
        (
            "client_ip",
            client.address.map(|address| address.to_string()).into(),
        ),
        ("client_port", client.port.into()),
        (
            "src_ip",
            arrived.peer.map(|address| address.to_string()).into(),
        ),
        (
            "dst_ip",
            arrived.local.map(|address| address.to_string()).into(),
        ),
        ("dst_port", arrived.port.into()),
        ("protocol", arrived.protocol.into()),
        ("queue_id", client.queue_id.clone().into()),
        ("ip_trace", facts.list("ip_trace_public").into()),
        ("ip_proto_trace", facts.list("ip_proto_trace_all").into()),
        ("virusnames", facts.list("V").into()),
        (
            "av_scan",
            case.inspection
                .scanners
                .iter()
                .map(|(scanner, names)| (scanner.clone(), Value::from(names.clone())))
                .collect::<Map<String, Value>>()
                .into(),
        ),
        ("tests", facts.list("T").into()),
    ]
}

fn of_outcome(
    case: &Case<'_>,
    outcomes: &[Outcome],
    config: &crate::config::settled::Config,
) -> Entries {
    let performed = summarise::actions(case, outcomes, config.policy.originating);
    let category = Facts::about_all(case, outcomes, config).deciding();
    let levels = case.scoring.scores.iter().filter_map(|score| score.level);
    let recipients: Vec<Value> = outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| Value::Object(recipient(case, at, outcome)))
        .collect();
    let is_dsn = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Bounced {
                report: Report::Sent(_),
                ..
            }
        )
    };
    let actions = distinct(outcomes, |outcome| Some(action(outcome).to_owned()));
    let codes = distinct(outcomes, |outcome| {
        reply(outcome).map(|reply| reply.code().to_string())
    });
    let envelope = case.arrived.envelope;
    let to: Vec<String> = envelope
        .recipients
        .iter()
        .map(|recipient| recipient.address.to_string())
        .collect();
    let message = format!(
        "{} {} {} {} -> {}",
        case.arrived.log_id,
        actions.join(","),
        category.name(),
        envelope.reverse_path,
        to.join(",")
    );
    let score = levels.reduce(f64::max);
    let score = score.and_then(|level| Rounded(level).to_string().parse::<f64>().ok());
    let spent = monotonic_ms().saturating_sub(case.arrived.began_ms);
    vec![
        ("content_type", category.name().into()),
        ("action", actions.into()),
        ("actions_performed", performed.replace(',', " ").into()),
        ("quarantine", case.places().join(" ").into()),
        ("spam_score", score.into()),
        ("dsn_sent", outcomes.iter().any(is_dsn).into()),
        ("smtp_code", codes.into()),
        ("queued_as", distinct(outcomes, queued_as).into()),
        ("message", message.into()),
        ("elapsed", json!({ "Total": seconds(spent) })),
        ("recipients", recipients.into()),
    ]
}

/// What outcomes have, each once, in order.
fn distinct(outcomes: &[Outcome], of: impl Fn(&Outcome) -> Option<String>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for text in outcomes.iter().filter_map(of) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Letters moved by thirteen places.
fn rotated(text: &str) -> String {
    let moved = |c: char, base: u8| {
        let at = (u32::from(c) - u32::from(base) + 13) % 26;
        char::from_u32(u32::from(base) + at).unwrap_or(c)
    };
    text.chars()
        .map(|c| match c {
            'a'..='z' => moved(c, b'a'),
            'A'..='Z' => moved(c, b'A'),
            c => c,
        })
        .collect()
}

/// Seconds with three digits.
fn seconds(ms: u64) -> Value {
    format!("{}.{:03}", ms / 1000, ms % 1000)
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}

fn recipient(case: &Case<'_>, at: usize, outcome: &Outcome) -> Map<String, Value> {
    let mut entry = Map::new();
    let (Some(recipient), Some(settings), Some(decision)) = (
        case.arrived.envelope.recipients.get(at),
        case.arrived.recipients.get(at),
        case.decisions.get(at),
    ) else {
        return entry;
    };
    let bare = |text: String| text.trim_matches(['<', '>']).to_owned();
    let is_blocked = decision.destiny != Destiny::Pass;
    let score = case.scoring.scores.get(at);
    let mut put = |key: &str, value: Value| {
        if !matches!(value, Value::Null | Value::Bool(false)) {
            entry.insert(key.to_owned(), value);
        }
    };
    put("rcpt_to", bare(recipient.address.to_string()).into());
    put("rcpt_is_local", settings.is_local.into());
    put("action", action(outcome).into());
    put("ccat_main", decision.main.name().into());
    if is_blocked {
        put("ccat_blocking", decision.category.name().into());
    }
    put("banning_reason", decision.reason.clone().into());
    put("bypass_virus_checks", settings.bypasses_virus.into());
    put("bypass_banned_checks", settings.bypasses_banned.into());
    put("bypass_spam_checks", settings.bypasses_spam.into());
    put(
        "whitelisted",
        score.is_some_and(|s| s.is_whitelisted).into(),
    );
    put(
        "blacklisted",
        score.is_some_and(|s| s.is_blacklisted).into(),
    );
    put("spam_score", score.and_then(|score| score.level).into());
    put("queued_as", queued_as(outcome).into());
    if let Some(reply) = reply(outcome) {
        put("smtp_code", reply.code().to_string().into());
        put("smtp_response", reply.to_string().into());
    }
    entry
}

const fn action(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered(_) => "PASS",
        Outcome::Discarded(_) => "DISCARD",
        Outcome::Rejected(_) => "REJECT",
        Outcome::Bounced { .. } => "BOUNCE",
        Outcome::Deferred(_) => "TEMPFAIL",
    }
}

fn queued_as(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Delivered(acceptance) if !acceptance.is_with_client() => {
            Some(acceptance.queued_as())
        }
        _ => None,
    }
}

const fn reply(outcome: &Outcome) -> Option<&Reply> {
    match outcome {
        Outcome::Delivered(acceptance) => Some(acceptance.reply()),
        Outcome::Bounced { because, .. } => Some(because),
        Outcome::Discarded(reply) | Outcome::Rejected(reply) | Outcome::Deferred(reply) => {
            Some(reply)
        }
    }
}

/// The report as text, for `[:report_json|field|...]`: those fields, or all but those with a `!`.
pub(super) fn as_text(facts: &Facts<'_>, arguments: &[String]) -> String {
    let mut report = report(facts.case, facts.outcomes, facts.config);
    let fields: Vec<&str> = match arguments {
        [only] => only.split_whitespace().collect(),
        several => several.iter().map(|text| text.trim()).collect(),
    };
    let fields: Vec<&str> = fields
        .into_iter()
        .filter(|field| !field.is_empty())
        .collect();
    if fields.iter().any(|field| field.starts_with('!')) {
        report.retain(|key, _| {
            !fields
                .iter()
                .any(|field| field.strip_prefix('!') == Some(key))
        });
    } else if !fields.is_empty() {
        report.retain(|key, _| fields.contains(&key.as_str()));
    }
    serde_json::to_string(&report).unwrap_or_default()
}
