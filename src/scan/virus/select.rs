//! Which scanners are asked, and what their answers together mean.
//!
//! # Source
//! content.md 4.2: all primaries; backups only if no primary gave a verdict.

use super::{Found, Infection, KIND, ScanResult, ask, is_there};
use crate::{
    config::scanner::{ScanConfig, VirusProtocol, VirusScanner},
    log::Log,
    mail::id::LogId,
    scan::{all_at_once, contents::Contents, failure::ScanError, health::Health},
    sys::clock::Deadline,
};

/// What one scanner said.
#[derive(Debug)]
pub struct Scanned {
    /// Its name.
    pub scanner: String,
    /// What it said.
    pub result: ScanResult,
    /// It is the built-in test.
    pub is_test: bool,
    /// What it did not take, in words.
    pub left_out: Option<String>,
}

/// What all of them said.
#[derive(Debug, Default)]
pub struct Selection {
    /// In the order of the configuration.
    pub scanned: Vec<Scanned>,
}

impl Selection {
    /// What no scanner has looked at, in words; nothing if one had everything.
    #[must_use]
    pub fn left_out(&self) -> Option<&str> {
        let verdicts = self
            .scanned
            .iter()
            .filter(|scanned| !scanned.is_test && !matches!(scanned.result, ScanResult::Failed(_)));
        let mut left_out = None;
        for scanned in verdicts {
            left_out = Some(scanned.left_out.as_deref()?);
        }
        left_out
    }

    /// True if at least one scanner gave a verdict; that of the built-in test is none.
    #[must_use]
    pub fn has_verdict(&self) -> bool {
        self.scanned
            .iter()
            .any(|scanned| !scanned.is_test && !matches!(scanned.result, ScanResult::Failed(_)))
    }
}

/// Asks those that are to be asked.
pub fn run(
    config: &ScanConfig,
    contents: &Contents<'_>,
    health: Health<'_>,
    log_id: &LogId,
    deadline: Deadline,
) -> Selection {
    let mut selection = Selection {
        scanned: round(config, &config.virus, contents, health, log_id, deadline),
    };
    if !selection.has_verdict() && !config.virus_backup.is_empty() {
        if !config.virus.is_empty() {
            health.log.write(
                -1,
                Some(log_id),
                format_args!("all primary virus scanners failed, considering backups"),
            );
        }
        let backups = round(
            config,
            &config.virus_backup,
            contents,
            health,
            log_id,
            deadline,
        );
        selection.scanned.extend(backups);
    }
    selection
}

/// Asks all of a list, at the same time unless the first that finds something ends it.
fn round(
    config: &ScanConfig,
    scanners: &[VirusScanner],
    contents: &Contents<'_>,
    health: Health<'_>,
    log_id: &LogId,
    deadline: Deadline,
) -> Vec<Scanned> {
    let there = scanners.iter().filter(|scanner| is_there(scanner));
    let scanners: Vec<&VirusScanner> = there.collect();
    let ask_all = |scanners: &[&VirusScanner]| -> Vec<Scanned> {
        let jobs = scanners.iter().copied();
        let jobs = jobs.map(|scanner| (scanner, health.admit(KIND, &scanner.name, deadline)));
        let ask = |scanner: &VirusScanner| ask(scanner, contents, deadline);
        let results = all_at_once(jobs.collect(), ask, deadline);
        let scanned = scanners.iter().copied().zip(results);
        scanned
            .map(|(scanner, result)| noted(scanner, result, health, log_id))
            .collect()
    };
    if !config.first_infected_stops {
        return ask_all(&scanners);
    }
    let mut all = Vec::new();
    for scanned in scanners.chunks(1).flat_map(ask_all) {
        let stops = matches!(scanned.result, ScanResult::Infected(_));
        all.push(scanned);
        if stops {
            break;
        }
    }
    all
}

/// Tells how it went.
fn noted(
    scanner: &VirusScanner,
    found: Result<Found, ScanError>,
    health: Health<'_>,
    log_id: &LogId,
) -> Scanned {
    let mut left_out = None;
    health.note(KIND, &scanner.name, found.as_ref().err(), Some(log_id));
    let result = match found {
        Ok(found) => {
            if let Some(note) = &found.note {
                health
                    .log
                    .write(-1, Some(log_id), format_args!("run_av: {note}"));
            }
            left_out = found.left_out;
            if found.infections.is_empty() {
                ScanResult::Clean
            } else {
                ScanResult::Infected(found.infections)
            }
        }
        Err(error) => ScanResult::Failed(error),
    };
    tell(&scanner.name, &result, health.log, log_id);
    Scanned {
        scanner: scanner.name.clone(),
        result,
        is_test: scanner.how == VirusProtocol::TestPatterns,
        left_out,
    }
}

/// `run_av (ClamAV): p002 INFECTED: Eicar-Signature`
fn tell(name: &str, result: &ScanResult, log: &Log, log_id: &LogId) {
    match result {
        ScanResult::Clean => log.write(3, Some(log_id), format_args!("run_av ({name}): CLEAN")),
        ScanResult::Infected(infections) => {
            log.write(
                1,
                Some(log_id),
                format_args!(
                    "run_av ({name}): {}INFECTED: {}",
                    listed(infections.iter().map(|found| found.place.as_str())),
                    names(infections).join(", ")
                ),
            );
        }
        ScanResult::Failed(error) => {
            log.write(
                error.level(),
                Some(log_id),
                format_args!("run_av ({name}) FAILED: {error}"),
            );
        }
    }
}

/// Names, each once, in order.
#[must_use]
pub fn names(infections: &[Infection]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for infection in infections {
        if !names.contains(&infection.name) {
            names.push(infection.name.clone());
        }
    }
    names
}

fn listed<'p>(places: impl Iterator<Item = &'p str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for place in places {
        if !place.is_empty() && !known.contains(&place) {
            known.push(place);
        }
    }
    known.iter().map(|place| format!("{place} ")).collect()
}
