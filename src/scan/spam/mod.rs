//! Spam engines.

mod patterns;
mod program;
mod request;
mod rspamd;
mod spamd;

pub(super) use patterns::test_line;
pub use request::Request;
pub use spamd::{Lesson, learn};

use super::{all_at_once, failure::ScanError, health::Health};
use crate::{
    config::scanner::{ScanConfig, SpamProtocol, SpamScanner},
    mail::{id::LogId, score::Points},
    sys::clock::Deadline,
};

/// The word that health and log use.
pub(super) const KIND: &str = "spam";
/// Octets of a reply that are read.
const LONGEST_REPLY: usize = 4 << 20;

/// What an engine said.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SpamReport {
    /// Its score; the factor of the configuration is in it.
    pub score: f64,
    /// Tests, with points where they are known.
    pub tests: Vec<Points>,
    /// What was learned, in its word.
    pub autolearn: Option<String>,
    /// Header fields that it wants added, name and value, printable.
    pub fields: Vec<(String, String)>,
}

/// What one engine said, or why it said nothing.
#[derive(Debug)]
pub struct Scored {
    /// Its name.
    pub scanner: String,
    /// It is the built-in test.
    pub is_test: bool,
    /// What it said.
    pub result: Result<SpamReport, ScanError>,
}

/// Asks all engines, at the same time.
pub fn run(
    config: &ScanConfig,
    request: &Request<'_>,
    health: Health<'_>,
    log_id: &LogId,
    deadline: Deadline,
) -> Vec<Scored> {
    let jobs = config.spam.iter();
    let jobs = jobs.map(|scanner| (scanner, health.admit(KIND, &scanner.name, deadline)));
    let ask = |scanner: &SpamScanner| ask(scanner, request, deadline);
    let results = all_at_once(jobs.collect(), ask, deadline);
    let scored = config.spam.iter().zip(results);
    scored
        .map(|(scanner, result)| noted(scanner, result, health, log_id))
        .collect()
}

/// Tells how it went.
fn noted(
    scanner: &SpamScanner,
    result: Result<SpamReport, ScanError>,
    health: Health<'_>,
    log_id: &LogId,
) -> Scored {
    health.note(KIND, &scanner.name, result.as_ref().err(), Some(log_id));
    match &result {
        Ok(report) => health.log.write(
            3,
            Some(log_id),
            format_args!("spam_scan ({}): {:.3}", scanner.name, report.score),
        ),
        Err(error) => health.log.write(
            error.level(),
            Some(log_id),
            format_args!(
                "spam_scan ({}) FAILED, not scored by it: {error}",
                scanner.name
            ),
        ),
    }
    Scored {
        scanner: scanner.name.clone(),
        is_test: scanner.how == SpamProtocol::TestPatterns,
        result,
    }
}

pub(super) fn ask(
    scanner: &SpamScanner,
    request: &Request<'_>,
    deadline: Deadline,
) -> Result<SpamReport, ScanError> {
    let mut report = match &scanner.how {
        SpamProtocol::Spamd(addresses) => {
            spamd::ask(addresses, request, scanner.body_limit, deadline)?
        }
        SpamProtocol::Rspamd {
            addresses,
            path,
            password,
        } => {
            let place = rspamd::Place {
                addresses,
                path,
                password: password.as_deref(),
            };
            rspamd::ask(&place, request, scanner.body_limit, deadline)?
        }
        SpamProtocol::Program { dialect, command } => {
            program::ask(*dialect, command, request, scanner.body_limit, deadline)?
        }
        SpamProtocol::TestPatterns => patterns::look(request),
    };
    // What is multiplied by one stays as it is to the last digit.
    if (scanner.score_factor - 1.0).abs() > f64::EPSILON {
        report.score *= scanner.score_factor;
        for test in &mut report.tests {
            test.points = test.points.map(|points| points * scanner.score_factor);
        }
    }
    Ok(report)
}
