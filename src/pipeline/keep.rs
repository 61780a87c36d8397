//! The stage before acting: a copy of what somebody may want to see, or to have after all.
//!
//! # Guards
//! P1: a copy that cannot be kept is a 451: the MTA keeps the message until it can.
//!
//! # Source
//! content.md 8.3 (fields before the message, and their order).

use std::fmt::Write;

use super::{Case, Workshop, copies, trace_field};
use crate::{
    config::settled::QuarantineConfig,
    counters::Counter,
    mail::{category::Major, decision::Destiny},
    quarantine::file::{Label, Vault},
};

/// Categories whose mail is kept: there is a folder, and a method for each.
pub(super) fn kept(config: &QuarantineConfig) -> Vec<Major> {
    if config.folder.is_none() {
        return Vec::new();
    }
    [
        (Major::Virus, &config.virus),
        (Major::Spam, &config.spam),
        (Major::Banned, &config.banned),
        (Major::Unchecked, &config.unchecked),
        (Major::BadHeader, &config.bad_header),
    ]
    .into_iter()
    .filter(|(_, method)| method.is_some())
    .map(|(major, _)| major)
    .collect()
}

/// Keeps a copy for each category that wants one; gives where they are.
///
/// # Errors
/// Why it cannot be kept.
pub(super) fn keep(case: &Case<'_>, workshop: &mut Workshop<'_>) -> Result<Vec<String>, String> {
    let config = &workshop.config.quarantine;
    let Some(folder) = &config.folder else {
        return Ok(Vec::new());
    };
    let mut majors: Vec<Major> = case.decisions.iter().filter_map(|d| d.kept_as).collect();
    majors.sort_unstable();
    majors.dedup();
    let mut places = Vec::new();
    for major in majors {
        let (template, alias) = match major {
            Major::Virus => (&config.virus, "virus-quarantine"),
            Major::Spam => (&config.spam, "spam-quarantine"),
            Major::Banned => (&config.banned, "banned-quarantine"),
            Major::BadHeader => (&config.bad_header, "bad-header-quarantine"),
            _ => (&config.unchecked, "unchecked-quarantine"),
        };
        let Some(template) = template else { continue };
        let head = head(case, major, alias, workshop);
        let vault = Vault {
            folder,
            has_folders: config.has_folders,
        };
        let label = Label {
            mail_id: &case.mail_id,
            log_id: case.arrived.log_id,
        };
        let place = vault
            .keep(template, label, head.as_bytes(), case.arrived.message)
            .map_err(|error| format!("cannot keep a copy in {}: {error}", folder.display()))?;
        workshop.cells.count(Counter::QuarMsgs);
        workshop.log.write(
            1,
            Some(case.arrived.log_id),
            format_args!(
                "local delivery: {} -> {alias}, mbx={}/{place}",
                case.arrived.envelope.reverse_path,
                folder.display()
            ),
        );
        places.push(place);
    }
    Ok(places)
}

/// The fields before the message, with the line ends of a file.
fn head(case: &Case<'_>, major: Major, alias: &str, workshop: &mut Workshop<'_>) -> String {
    let envelope = case.arrived.envelope;
    let recipients = envelope.recipients.iter().zip(&case.decisions);
    let list = |wanted: &dyn Fn(&crate::mail::decision::Decision) -> bool| {
        let named: Vec<String> = recipients
            .clone()
            .filter(|(_, decision)| wanted(decision))
            .map(|(recipient, _)| recipient.address.to_string())
            .collect();
        named.join(",\n ")
    };
    let sender = &envelope.reverse_path;
    let everybody = list(&|_| true);
    let blocked = list(&|d| d.destiny != Destiny::Pass && d.kept_as == Some(major));
    let mut head = format!(
        "Return-Path: {sender}\nDelivered-To: {alias}\nX-Envelope-From: {sender}\nX-Envelope-To: {everybody}\n\
         X-Envelope-To-Blocked: {blocked}\nX-Quarantine-ID: <{}>\n",
        case.mail_id
    );
    for field in case.alerts() {
        // Writing to a text cannot fail.
        let _written = writeln!(head, "{}", field.replace('\r', ""));
    }
    if let Some(said) = copies::said_of_kept(case, workshop) {
        head.push_str(&said.fields().replace('\r', ""));
    }
    let trace = trace_field::received(
        &case.arrived,
        Some(&case.mail_id),
        workshop.config,
        workshop.date.now(),
    );
    head.push_str(&String::from_utf8_lossy(&trace).replace('\r', ""));
    head
}
