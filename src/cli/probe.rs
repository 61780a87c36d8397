//! Asks every scanner of a configuration about the test files, and says in plain words what is wrong.

use std::time::Duration;

use crate::{
    config::{
        scanner::{SpamProtocol, VirusProtocol, VirusScanner},
        settled::Config,
    },
    scan::{ScanError, contents::Contents, probe, spam::Request, virus},
    spool::work_dir::WorkDir,
    sys::{clock::Deadline, dir::Folder},
};

/// Longest wait for each.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was found out: what is well, and what is not.
#[derive(Debug, Default)]
pub(super) struct Probed {
    pub(super) well: Vec<String>,
    pub(super) wrong: Vec<String>,
}

/// Asks all of them.
pub(super) fn scanners(config: &Config) -> Probed {
    let mut probed = Probed::default();
    let scan = &config.scan;
    let absent = probe::absent(scan);
    for scanner in scan.virus.iter().chain(&scan.virus_backup) {
        if absent.contains(&scanner.name.as_str()) {
            continue;
        }
        try_virus(scanner, config, &mut probed);
    }
    spam(config, &mut probed);
    probed
}

fn try_virus(scanner: &VirusScanner, config: &Config, probed: &mut Probed) {
    let name = format!("virus scanner {} ({})", scanner.name, scanner.how.word());
    match asked(scanner, config) {
        Ok((names, note)) => {
            probed.wrong.extend(note);
            if names.is_empty() {
                probed.wrong.push(format!(
                    "{name} answers, but does not know the EICAR test file: are its signatures loaded?"
                ));
            } else {
                let what = names.join(", ");
                probed
                    .well
                    .push(format!("{name}: knows the EICAR test file as {what}"));
            }
        }
        Err(error) => probed.wrong.push(format!("{name}: {error}")),
    }
}

fn asked(
    scanner: &VirusScanner,
    config: &Config,
) -> Result<(Vec<String>, Option<String>), ScanError> {
    let file = probe::eicar();
    let base = &config.process.temp_base;
    let mut contents = Contents::new(&file, base, usize::MAX);
    let deadline = Deadline::after(PATIENCE);
    if !virus::needs_folder(scanner, deadline) {
        return probe::virus(scanner, &contents, deadline);
    }
    let folder = Folder::open(base)?;
    let mut work_dir = WorkDir::create(&folder)?;
    let result = work_dir
        .parts(base)
        .and_then(|(parts, path)| contents.lay_out(parts, path))
        .map_err(ScanError::from)
        .and_then(|()| probe::virus(scanner, &contents, deadline));
    work_dir.remove(&folder)?;
    result
}

fn spam(config: &Config, probed: &mut Probed) {
    let message = probe::gtube();
    let recipients = ["<probe@localhost>".to_owned()];
    let request = Request {
        message: &message,
        sender: "<probe@localhost>",
        recipients: &recipients,
        client: None,
        client_name: None,
        hello: None,
        queue_id: None,
        host: &config.identity.host_name,
        user: None,
        banks: "",
        virus_tests: &[],
        body_limit: None,
    };
    for engine in &config.scan.spam {
        let name = format!("spam engine {} ({})", engine.name, engine.how.word());
        match probe::spam(engine, &request, Deadline::after(PATIENCE)) {
            Ok(report) if report.tests.iter().any(|test| test.name == "GTUBE") => {
                probed.well.push(format!("{name}: knows the GTUBE line"));
            }
            Ok(_) if matches!(engine.how, SpamProtocol::Program { .. }) => {
                probed.well.push(format!("{name}: answers"));
            }
            Ok(report) => probed.wrong.push(format!(
                "{name} answers, but does not know the GTUBE line: it gives {:.1}",
                report.score
            )),
            Err(error) => probed.wrong.push(format!("{name}: {error}")),
        }
    }
}

/// True if nothing but the built-in test looks for viruses.
pub(super) fn has_no_scanner(config: &Config) -> bool {
    let scan = &config.scan;
    let mut all = scan.virus.iter().chain(&scan.virus_backup);
    all.all(|scanner| scanner.how == VirusProtocol::TestPatterns)
}
