//! What the scanners of a configuration say about a message, for `filterd scan`.

use std::path::Path;

use serde::Serialize;

use crate::{
    config::{
        scanner::{ScanConfig, VirusProtocol},
        settled::Config,
    },
    log::{Log, Settings, Target},
    mail::id::LogId,
    scan::{
        contents::Contents,
        health::Health,
        spam::{self, Request},
        virus::{self, ScanResult},
    },
    spool::work_dir::WorkDir,
    sys::{clock::Deadline, dir::Folder, process},
};

/// Memory for parts; more goes to a file.
const MOST_MEMORY: usize = 64 << 20;

/// Which scanners are asked.
#[derive(Debug, Default)]
pub(super) struct Scanners {
    pub(super) config: Option<ScanConfig>,
    pub(super) host: String,
}

impl Scanners {
    /// Those of a configuration, without the kinds that are not wanted.
    pub(super) fn of(config: &Config, wants_virus: bool, wants_spam: bool) -> Self {
        let mut scan = config.scan.clone();
        if !wants_virus {
            scan.virus.clear();
            scan.virus_backup.clear();
        }
        if !wants_spam {
            scan.spam.clear();
        }
        Self {
            config: Some(scan),
            host: config.identity.host_name.clone(),
        }
    }

    /// Where contents for virus scanners go, if there are any.
    pub(super) fn contents<'m>(&self, message: &'m [u8]) -> Option<Contents<'m>> {
        let config = self.config.as_ref()?;
        let has_any = !config.virus.is_empty() || !config.virus_backup.is_empty();
        has_any.then(|| Contents::new(message, &std::env::temp_dir(), MOST_MEMORY))
    }
}

/// What one scanner says.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) scanner: String,
    /// `virus` or `spam`.
    pub(super) kind: &'static str,
    /// `clean`, `infected`, `scored` or `failed`.
    pub(super) result: &'static str,
    /// Names of viruses, or tests with their points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<f64>,
    /// Why it failed, or what it left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// Asks all of them.
pub(super) fn verdicts(
    scanners: &Scanners,
    message: &[u8],
    contents: Option<Contents<'_>>,
) -> std::io::Result<Vec<Verdict>> {
    let Some(config) = &scanners.config else {
        return Ok(Vec::new());
    };
    // What they would tell the log is shown otherwise.
    let log = Log::open(Settings {
        level: i32::MIN,
        target: Target::StandardError,
        ..Settings::default()
    })?;
    let health = Health {
        board: None,
        log: &log,
    };
    let id = LogId::new(process::id(), 0, 0);
    let mut found = Vec::new();
    if let Some(mut contents) = contents {
        found.extend(viruses(config, &mut contents, health, &id)?);
    }
    found.extend(scores(config, scanners, message, health, &id));
    Ok(found)
}

fn viruses(
    config: &ScanConfig,
    contents: &mut Contents<'_>,
    health: Health<'_>,
    id: &LogId,
) -> std::io::Result<Vec<Verdict>> {
    let mut all = config.virus.iter().chain(&config.virus_backup);
    let base = std::env::temp_dir();
    let deadline = Deadline::after(config.virus_timeout);
    let rooms = if all.any(|scanner| virus::needs_folder(scanner, deadline)) {
        Some(lay_out(contents, &base)?)
    } else {
        None
    };
    let selection = virus::run(config, contents, health, id, deadline);
    if let Some((folder, work_dir)) = rooms {
        work_dir.remove(&folder)?;
    }
    let verdicts = selection.scanned.into_iter().map(|scanned| {
        let (result, names, why) = match &scanned.result {
            ScanResult::Clean => ("clean", Vec::new(), scanned.left_out),
            ScanResult::Infected(found) => ("infected", virus::names(found), scanned.left_out),
            ScanResult::Failed(error) => ("failed", Vec::new(), Some(error.to_string())),
        };
        Verdict {
            scanner: scanned.scanner,
            kind: "virus",
            result,
            names,
            score: None,
            why,
        }
    });
    // The built-in test need not say that it found nothing.
    let verdicts = verdicts.filter(|verdict| {
        let is_test = config
            .virus
            .iter()
            .any(|s| s.name == verdict.scanner && s.how == VirusProtocol::TestPatterns);
        !is_test || verdict.result != "clean"
    });
    Ok(verdicts.collect())
}

fn lay_out(contents: &mut Contents<'_>, base: &Path) -> std::io::Result<(Folder, WorkDir)> {
    let folder = Folder::open(base)?;
    let mut work_dir = WorkDir::create(&folder)?;
    let result = work_dir
        .parts(base)
        .and_then(|(parts, path)| contents.lay_out(parts, path));
    match result {
        Ok(()) => Ok((folder, work_dir)),
        Err(error) => {
            work_dir.remove(&folder)?;
            Err(error)
        }
    }
}

fn scores(
    config: &ScanConfig,
    scanners: &Scanners,
    message: &[u8],
    health: Health<'_>,
    id: &LogId,
) -> Vec<Verdict> {
    let request = Request {
        message,
        sender: "<>",
        recipients: &[],
        client: None,
        client_name: None,
        hello: None,
        queue_id: None,
        host: &scanners.host,
        user: None,
        banks: "",
        virus_tests: &[],
        body_limit: config.spam_body_limit,
    };
    let deadline = Deadline::after(config.spam_timeout);
    let scored = spam::run(config, &request, health, id, deadline).into_iter();
    let scored = scored.filter(|scored| {
        let is_silent = matches!(&scored.result, Ok(report) if report.tests.is_empty());
        !(scored.is_test && is_silent)
    });
    let verdicts = scored.map(|scored| match scored.result {
        Ok(report) => Verdict {
            scanner: scored.scanner,
            kind: "spam",
            result: "scored",
            names: report.tests.iter().map(ToString::to_string).collect(),
            score: Some(report.score),
            why: None,
        },
        Err(error) => Verdict {
            scanner: scored.scanner,
            kind: "spam",
            result: "failed",
            names: Vec::new(),
            score: None,
            why: Some(error.to_string()),
        },
    });
    verdicts.collect()
}
