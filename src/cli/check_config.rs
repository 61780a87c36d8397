//! `filterd check-config`: everything that can be found out without starting.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;

use super::{exit, postfix, predecessor, print, probe as scanner_probe, table::Colours};
use crate::{
    config::{
        error::ConfigErrors,
        files::Sources,
        listen::ListenAddress,
        method::{Method, Target},
        settled::Config,
    },
    mail::{address::Address, category::Category, decision::Destiny},
    net::connect,
    scan::probe,
    sys::{
        clock::Deadline,
        user::{self, Identity},
    },
};

/// What to check beyond the files.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Try sockets and next hops.
    pub(super) probe: bool,
    /// Print JSON.
    pub(super) json: bool,
    /// Postfix's folder.
    pub(super) postfix: PathBuf,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Findings {
    files: Vec<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
    /// Scanners that answered a probe as they should.
    well: Vec<String>,
    /// Worth knowing.
    notes: Vec<String>,
    without_effect: Vec<String>,
}

/// Checks and prints; gives the exit status.
pub(super) fn run(sources: &Sources, wish: &Wish) -> u8 {
    let mut findings = Findings {
        files: sources
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        ..Findings::default()
    };
    findings
        .warnings
        .extend(predecessor::findings(Path::new("/"), &sources.files));
    match sources.load() {
        Ok(config) => look_around(&config, wish, &mut findings),
        Err(ConfigErrors(errors)) => findings
            .errors
            .extend(errors.iter().map(ToString::to_string)),
    }
    if wish.json {
        print::out(&serde_json::to_string_pretty(&findings).unwrap_or_default());
    } else {
        show(&findings);
    }
    if findings.errors.is_empty() {
        exit::OK
    } else {
        exit::CONFIG
    }
}

fn look_around(config: &Config, wish: &Wish, findings: &mut Findings) {
    findings
        .warnings
        .extend(config.warnings.iter().map(ToString::to_string));
    findings.without_effect.clone_from(&config.without_effect);
    check_identity(config, findings);
    for (folder, name) in [
        (&config.process.temp_base, "$TEMPBASE"),
        (&config.process.state_dir, "$state_dir"),
    ] {
        check_folder(folder, name, config, findings);
    }
    check_quarantine(config, findings);
    if let Some(folder) = config.log.file.as_deref().and_then(Path::parent)
        && !folder.is_dir()
    {
        findings.errors.push(format!(
            "$logfile: folder {} does not exist",
            folder.display()
        ));
    }
    check_local_domains(config, findings);
    findings
        .warnings
        .extend(postfix::findings(&wish.postfix, config));
    check_scanners(config, wish.probe, findings);
    if wish.probe {
        try_out(config, findings);
    }
}

/// Are scanners there, and do they know the test files?
fn check_scanners(config: &Config, is_thorough: bool, findings: &mut Findings) {
    if scanner_probe::has_no_scanner(config) {
        findings.notes.push(
            "no virus scanner is configured: nothing but the EICAR test file is found; set @av_scanners".to_owned(),
        );
    }
    for engine in config.scan.spam.iter().filter(|engine| engine.is_stand_in) {
        findings.warnings.push(format!(
            "{} does not run in this daemon: spamd is asked instead; say so in @spam_scanners, or set \
             @bypass_spam_checks_maps = (1) if mail is not to be scored",
            engine.name
        ));
    }
    let absent = probe::absent(&config.scan);
    if !absent.is_empty() {
        findings.notes.push(format!(
            "virus scanners that are not installed are not asked: {}",
            absent.join(", ")
        ));
    }
    if is_thorough {
        let probed = scanner_probe::scanners(config);
        findings.warnings.extend(probed.wrong);
        findings.well = probed.well;
    } else {
        check_reachable(config, findings);
    }
}

/// Scanners that are not there. By default, the package of the original has nobody's mail scanned: what is not asked is not missed,
/// unless a policy bank has it asked.
fn check_reachable(config: &Config, findings: &mut Findings) {
    let idle = [
        (
            "virus",
            "@bypass_virus_checks_maps",
            &config.scan.bypass_virus,
        ),
        ("spam", "@bypass_spam_checks_maps", &config.scan.bypass_spam),
    ]
    .map(|(kind, name, maps)| (kind, name, maps.is_always_true()));
    for (kind, name, is_idle) in idle {
        if is_idle {
            findings.notes.push(format!(
                "{kind} scanners are not asked: {name} = (1) holds for everybody, unless a policy bank says otherwise"
            ));
        }
    }
    for missing in probe::missing(&config.scan) {
        let is_idle = idle
            .iter()
            .any(|(kind, _, is_idle)| *kind == missing.kind && *is_idle);
        if is_idle {
            findings.notes.push(format!(
                "{} scanner {} does not answer, and is not asked",
                missing.kind, missing.name
            ));
        } else {
            findings.warnings.push(format!(
                "{} scanner {}: {}",
                missing.kind, missing.name, missing.words
            ));
        }
    }
}

/// What is to be kept needs a folder; without one, it is not thrown away.
fn check_quarantine(config: &Config, findings: &mut Findings) {
    if let Some(folder) = &config.quarantine.folder {
        check_folder(folder, "$QUARANTINEDIR", config, findings);
        return;
    }
    let checks = &config.checks;
    let can_ban = !checks.banned.items.is_empty() || !checks.banned_paths.is_empty();
    let policy = &config.policy;
    let discards = policy.destinies.of(Category::BANNED, &Address::default()) == Destiny::Discard;
    if can_ban && discards && policy.wants_banned_kept {
        findings.warnings.push(
            "banned mail is to be thrown away and a copy to be kept, but $QUARANTINEDIR is not set: it is refused instead; set \
             $QUARANTINEDIR, or another $final_banned_destiny"
                .to_owned(),
        );
    }
}

/// The commonest mistake: nobody is ours, or everybody.
fn check_local_domains(config: &Config, findings: &mut Findings) {
    const NOBODY: &[u8] = b"nobody@a-name-that-is-not-ours.invalid";
    let domains = &config.policy.local_domains;
    if domains.tables.is_empty() {
        findings.warnings.push(
            "no local domains are set: every recipient counts as foreign; set @local_domains_acl or %local_domains"
                .to_owned(),
        );
        return;
    }
    let is_ours = Address::parse(NOBODY).map(|address| domains.is_true(&address));
    if matches!(is_ours, Ok(Ok(true))) {
        findings.warnings.push(
            "every domain counts as local: no mail is Outbound in the log, and every sender is one of our users; \
             name your domains in @local_domains_acl or %local_domains"
                .to_owned(),
        );
    }
}

fn check_identity(config: &Config, findings: &mut Findings) {
    match &config.process.user {
        Some(name) => match Identity::look_up(name, &config.process.groups) {
            Ok(identity) if identity.is_root() => findings
                .errors
                .push("$daemon_user is root: mail is not handled as root".to_owned()),
            Ok(_) => {}
            Err(error) => findings.errors.push(format!("$daemon_user: {error}")),
        },
        None if user::is_superuser() => findings
            .warnings
            .push("$daemon_user is not set: started by root, the daemon refuses to run".to_owned()),
        None => {}
    }
}

fn check_folder(folder: &Path, name: &str, config: &Config, findings: &mut Findings) {
    use std::os::unix::fs::MetadataExt;
    let owner = config
        .process
        .user
        .clone()
        .unwrap_or_else(|| user::name_of(user::effective_user()));
    match std::fs::metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.errors.push(format!(
                "{name}: folder {} does not exist: make it, owned by {owner}, mode 0750",
                folder.display()
            ));
        }
        Err(error) => findings
            .errors
            .push(format!("{name}: {}: {error}", folder.display())),
        Ok(status) if !status.is_dir() => findings
            .errors
            .push(format!("{name}: {} is not a folder", folder.display())),
        Ok(status) => {
            let uid = Identity::look_up(&owner, &[])
                .map(|identity| identity.uid())
                .ok();
            if uid.is_some_and(|uid| uid != status.uid()) && status.mode() & 0o002 == 0 {
                let found = user::name_of(status.uid());
                findings.warnings.push(format!(
                    "{name}: folder {} belongs to {found}, should belong to {owner}",
                    folder.display()
                ));
            }
        }
    }
}

/// Tries what the daemon would try: are the ports free, do the next hops answer?
fn try_out(config: &Config, findings: &mut Findings) {
    for address in &config.listen.addresses {
        if let ListenAddress::Tcp(tcp) = address
            && let Err(error) = TcpListener::bind(tcp)
        {
            findings.warnings.push(format!(
                "cannot listen on {tcp} now: {error} (a running filterd holds its own ports)"
            ));
        }
    }
    let mut methods: Vec<&Method> = config
        .delivery
        .forward
        .iter()
        .chain(&config.delivery.notify)
        .collect();
    methods.sort_unstable();
    methods.dedup();
    for method in methods {
        let deadline = Deadline::after(Duration::from_secs(5));
        let result = match &method.target {
            Target::Tcp {
                host: Some(host),
                port: Some(port),
            } => connect::tcp(host, *port, config.delivery.bind_address, deadline),
            Target::Unix(path) => connect::unix(path, deadline),
            Target::Tcp { .. } => continue,
        };
        if let Err(error) = result {
            findings
                .warnings
                .push(format!("next hop {method} does not answer: {error}"));
        }
    }
}

fn show(findings: &Findings) {
    let colours = Colours::detect();
    for error in &findings.errors {
        print::out(&format!("{} {error}", colours.red("error:  ")));
    }
    for warning in &findings.warnings {
        print::out(&format!("{} {warning}", colours.yellow("warning:")));
    }
    for well in &findings.well {
        print::out(&format!("{} {well}", colours.green("well:   ")));
    }
    for note in &findings.notes {
        print::out(&format!("{} {note}", colours.dim("note:   ")));
    }
    if !findings.without_effect.is_empty() {
        print::out(&format!(
            "{} set, but has no effect: {}",
            colours.dim("note:   "),
            findings.without_effect.join(", ")
        ));
    }
    let files = findings.files.join(", ");
    match findings.errors.len() {
        0 => print::out(&format!("{} {files}", colours.green("ok:     "))),
        count => print::out(&format!("{} {count} in {files}", colours.red("errors: "))),
    }
}
