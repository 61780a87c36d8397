//! Whether scanners are there: by a connection alone, or with the test files that all of them know.

use std::time::Duration;

use super::{
    contents::Contents,
    failure::ScanError,
    health::{Health, NOT_SCORED},
    link::Link,
    program,
    spam::{self, Request, SpamReport},
    virus,
};
use crate::{
    config::scanner::{ScanConfig, ScannerAddress, SpamProtocol, SpamScanner, VirusScanner},
    sys::clock::Deadline,
};

/// Longest wait for each scanner where nobody has asked for a thorough test.
const GLANCE: Duration = Duration::from_millis(500);

/// A scanner that cannot be reached.
#[derive(Debug)]
pub struct Missing {
    /// `virus` or `spam`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong, and what that means.
    pub words: String,
}

/// Looks whether somebody is there; one that is slow is not told of.
#[must_use]
pub fn missing(config: &ScanConfig) -> Vec<Missing> {
    let mut missing = Vec::new();
    let virus = config.virus.iter().chain(&config.virus_backup);
    for scanner in virus {
        if let Err(error) = glance(scanner.how.addresses(), None) {
            missing.push(Missing {
                kind: virus::KIND,
                name: scanner.name.clone(),
                words: words(virus::KIND, &scanner.name, &error, config),
            });
        }
    }
    for engine in &config.spam {
        let program = match &engine.how {
            SpamProtocol::Program { command, .. } => command.get(..1),
            _ => None,
        };
        if let Err(error) = glance(engine.how.addresses(), program) {
            missing.push(Missing {
                kind: spam::KIND,
                name: engine.name.clone(),
                words: words(spam::KIND, &engine.name, &error, config),
            });
        }
    }
    missing
}

/// Finds out what children would find out one after another: which programs there are, and who takes descriptors.
pub fn find_out(config: &ScanConfig) {
    for scanner in config.virus.iter().chain(&config.virus_backup) {
        let _needs = virus::needs_folder(scanner, Deadline::after(GLANCE));
    }
}

/// Virus scanners that are configured, but not installed, or known to nobody here: they are not asked.
#[must_use]
pub fn absent(config: &ScanConfig) -> Vec<&str> {
    let all = config.virus.iter().chain(&config.virus_backup);
    let absent = all.filter(|scanner| !virus::is_there(scanner));
    absent.map(|scanner| scanner.name.as_str()).collect()
}

/// Marks as down whoever cannot be reached, and tells it.
pub fn note_missing(config: &ScanConfig, health: Health<'_>) {
    for Missing { kind, name, words } in missing(config) {
        health.note(kind, &name, Some(&ScanError::Program(words)), None);
    }
}

fn words(kind: &str, name: &str, error: &ScanError, config: &ScanConfig) -> String {
    let is_backup = config.virus_backup.iter().any(|backup| backup.name == name);
    let meaning = match kind {
        spam::KIND => return format!("{error}; {NOT_SCORED} by it until it answers"),
        _ if is_backup => "it cannot stand in for the others",
        _ if config.virus_failure_is_fatal => {
            "mail is refused for now unless another scanner gives a verdict"
        }
        _ => "mail passes UNCHECKED unless another scanner gives a verdict",
    };
    format!("{error}; {meaning}")
}

fn glance(addresses: &[ScannerAddress], programs: Option<&[String]>) -> Result<(), ScanError> {
    if let Some(programs) = programs {
        return match program::find(programs) {
            Some(_) => Ok(()),
            None => Err(ScanError::Program(format!(
                "no such program: {}",
                programs.join(", ")
            ))),
        };
    }
    if addresses.is_empty() {
        return Ok(());
    }
    match Link::open(addresses, Deadline::after(GLANCE), 0) {
        Err(error @ ScanError::Unreachable { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// What a virus scanner says of the test file: the names it gives, and what is worth telling.
///
/// # Errors
/// Why it says nothing.
pub fn virus(
    scanner: &VirusScanner,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<(Vec<String>, Option<String>), ScanError> {
    let found = virus::ask(scanner, contents, deadline)?;
    Ok((virus::names(&found.infections), found.note))
}

/// What a spam engine says of the test line.
///
/// # Errors
/// Why it says nothing.
pub fn spam(
    scanner: &SpamScanner,
    request: &Request<'_>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    spam::ask(scanner, request, deadline)
}

/// The EICAR test file.
#[must_use]
pub fn eicar() -> Vec<u8> {
    virus::test_file()
}

/// A message with the GTUBE line.
#[must_use]
pub fn gtube() -> Vec<u8> {
    let mut message =
        b"From: <probe@localhost>\r\nTo: <probe@localhost>\r\nSubject: probe\r\n\r\n".to_vec();
    message.extend_from_slice(&spam::test_line());
    message.extend_from_slice(b"\r\n");
    message
}
