//! What virus scanners say about a message, and what their silence means.
//!
//! # Guards
//! I7, decision 15: without a verdict a message is refused for now, or it is unchecked; it is never clean.
//!
//! # Source
//! content.md 4.2, 4.3.

use super::{Arrived, Workshop};
use crate::{
    counters::Counter,
    mail::{
        finding::{Finding, Unchecked},
        score::Points,
    },
    scan::{
        contents::Contents,
        health::Health,
        virus::{self, ScanResult, Scanned},
    },
    scoreboard::Stage,
    sys::clock::Deadline,
};

/// What they said, all together.
#[derive(Debug, Default)]
pub(super) struct VirusReport {
    /// A scanner gave a verdict, and had everything.
    pub(super) is_scanned: bool,
    /// Names that stand for a score.
    pub(super) tests: Vec<Points>,
    pub(super) findings: Vec<Finding>,
    /// What each scanner that was asked found; nothing, if it found none.
    pub(super) scanners: Vec<(String, Vec<String>)>,
}

/// True if somebody's mail is to be scanned.
pub(super) fn is_wanted(arrived: &Arrived<'_>, workshop: &Workshop<'_>) -> bool {
    let scan = &workshop.config.scan;
    let has_scanners = !scan.virus.is_empty() || !scan.virus_backup.is_empty();
    has_scanners && !arrived.recipients.iter().all(|r| r.bypasses_virus)
}

/// Has them look at it.
///
/// # Errors
/// Why the message is to be tried again.
pub(super) fn scan(
    arrived: &Arrived<'_>,
    contents: &mut Contents<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<VirusReport, String> {
    let config = &workshop.config.scan;
    let until = deadline.or_after(config.virus_timeout.min(share(deadline)));
    workshop.slot.enter(Stage::Scanning, Some(deadline));
    let scanners = || config.virus.iter().chain(&config.virus_backup);
    let needs_files = scanners().any(|scanner| virus::needs_folder(scanner, until));
    if needs_files {
        lay_out(contents, workshop)?;
    }
    let health = Health {
        board: Some(&workshop.scoreboard),
        log: workshop.log,
    };
    let selection = virus::run(config, contents, health, arrived.log_id, until);
    if needs_files {
        clear_away(arrived, contents, workshop);
    }
    judge(arrived, &selection, workshop)
}

/// No more than this part of the time that is left, so that there is some for the rest.
fn share(deadline: Deadline) -> std::time::Duration {
    deadline.remaining() * 6 / 10
}

/// Writes the parts as files.
fn lay_out(contents: &mut Contents<'_>, workshop: &mut Workshop<'_>) -> Result<(), String> {
    let result = workshop.spool.parts().and_then(|(folder, path)| {
        let result = contents.lay_out(folder, path);
        if result.is_err() {
            // What stays is removed with the folder.
            let _removed = contents.clear_away(folder);
        }
        result
    });
    result.map_err(|error| format!("cannot lay the parts out for scanners: {error}"))
}

/// Removes them.
fn clear_away(arrived: &Arrived<'_>, contents: &Contents<'_>, workshop: &mut Workshop<'_>) {
    let parts = workshop.spool.parts();
    if let Err(error) = parts.and_then(|(folder, _)| contents.clear_away(folder)) {
        workshop.log.write(
            -1,
            Some(arrived.log_id),
            format_args!("cannot remove the parts that scanners have seen: {error}"),
        );
    }
}

fn judge(
    arrived: &Arrived<'_>,
    selection: &virus::Selection,
    workshop: &Workshop<'_>,
) -> Result<VirusReport, String> {
    let mut report = VirusReport {
        is_scanned: selection.has_verdict(),
        ..VirusReport::default()
    };
    let mut names: Vec<String> = Vec::new();
    let mut scanners: Vec<&str> = Vec::new();
    for scanned in &selection.scanned {
        let ScanResult::Infected(infections) = &scanned.result else {
            if matches!(scanned.result, ScanResult::Clean) {
                report.scanners.push((scanned.scanner.clone(), Vec::new()));
            }
            continue;
        };
        let found = virus::names(infections);
        report
            .scanners
            .push((scanned.scanner.clone(), found.clone()));
        match points(&found, workshop)? {
            Some(points) => {
                for test in points {
                    if !report.tests.contains(&test) {
                        report.tests.push(test);
                    }
                }
            }
            None => {
                scanners.push(&scanned.scanner);
                for name in found {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
    }
    if !scanners.is_empty() {
        tell(arrived, &names, &scanners, workshop);
        report.findings.push(infected(names, workshop)?);
        return Ok(report);
    }
    if let Some(what) = selection.left_out() {
        report.is_scanned = false;
        report.findings.push(Finding::Unchecked {
            cause: Unchecked::OverLimits,
            why: format!("not scanned: {what}"),
        });
    }
    let is_silent = !report.is_scanned && report.findings.is_empty();
    if is_silent && workshop.config.scan.has_virus_scanner() {
        report.findings.push(silence(arrived, selection, workshop)?);
    }
    Ok(report)
}

/// What it means that none gave a verdict.
fn silence(
    arrived: &Arrived<'_>,
    selection: &virus::Selection,
    workshop: &Workshop<'_>,
) -> Result<Finding, String> {
    workshop.cells.count(Counter::VirusScansFailed);
    let why = match failures(&selection.scanned) {
        why if why.is_empty() => "none of those that are configured is installed".to_owned(),
        why => why,
    };
    if workshop.config.scan.virus_failure_is_fatal {
        return Err(format!(
            "virus_scan FAILED: AV: ALL VIRUS SCANNERS FAILED: {why}"
        ));
    }
    workshop.log.write(
        -1,
        Some(arrived.log_id),
        format_args!("not scanned for viruses, passed on as unchecked: {why}"),
    );
    Ok(Finding::Unchecked {
        cause: Unchecked::Undecodable,
        why: "not scanned for viruses: all scanners failed".to_owned(),
    })
}

/// Points for names that all stand for a score; `None` if one of them is a virus.
fn points(names: &[String], workshop: &Workshop<'_>) -> Result<Option<Vec<Points>>, String> {
    let mut points = Vec::new();
    for name in names {
        let found = workshop.config.scan.virus_scores.find_name(name);
        let found = found.map_err(|error| format!("virus_name_to_spam_score_maps: {error}"))?;
        match found.and_then(|value| value.as_number()) {
            Some(number) => points.push(Points::new(format!("AV:{}", word(name)), number)),
            None => return Ok(None),
        }
    }
    Ok(Some(points))
}

/// A name as part of a test's: nothing that separates tests.
fn word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    name.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}

fn infected(names: Vec<String>, workshop: &Workshop<'_>) -> Result<Finding, String> {
    let mut is_sender_faked = false;
    for name in &names {
        let found = workshop.config.scan.fake_senders.find_name(name);
        let found = found.map_err(|error| format!("viruses_that_fake_sender_maps: {error}"))?;
        is_sender_faked |= found.is_some_and(|value| value.is_true());
    }
    Ok(Finding::Infected {
        names,
        is_sender_faked,
    })
}

fn tell(arrived: &Arrived<'_>, names: &[String], scanners: &[&str], workshop: &Workshop<'_>) {
    workshop.log.write(
        0,
        Some(arrived.log_id),
        format_args!(
            "virus_scan: ({}), detected by {} scanners: {}",
            names.join(", "),
            scanners.len(),
            scanners.join(", ")
        ),
    );
}

fn failures(scanned: &[Scanned]) -> String {
    let failures = scanned.iter().filter_map(|scanned| match &scanned.result {
        ScanResult::Failed(error) => Some(format!("{}: {error}", scanned.scanner)),
        _ => None,
    });
    let failures: Vec<String> = failures.collect();
    failures.join("; ")
}
