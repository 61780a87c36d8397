//! The stage before acting: a copy of what somebody may want to see, or to have after all.
//!
//! # Guards
//! P1: a copy that cannot be kept is a 451: the MTA keeps the message until it can.
//!
//! # Source
//! content.md 8.1 (what is kept where), 8.3 (fields before the message, and their order).

use std::{collections::BTreeSet, fmt::Write, path::Path};

use super::{Case, Workshop, copies, trace_field};
use crate::{
    config::{
        method::Method,
        quarantine::{Kind, QuarantineConfig, Way},
    },
    counters::Counter,
    deliver::submission::{Submission, submit},
    mail::{
        address::Address,
        category::Major,
        decision::{Decision, Destiny},
        envelope::{Notify, Recipient},
    },
    quarantine::{
        file::{Label, Vault},
        mailbox,
    },
    sys::clock::Deadline,
};

/// Categories whose mail is kept: there is a way for each, and a place.
pub(super) fn kept(config: &QuarantineConfig) -> Vec<Major> {
    const MAJORS: [Major; 5] = [
        Major::Virus,
        Major::Spam,
        Major::Banned,
        Major::Unchecked,
        Major::BadHeader,
    ];
    let has_place = |major: &Major| {
        let keeping = Kind::of(*major).and_then(|kind| config.kinds.get(&kind));
        keeping.is_some_and(|keeping| match keeping.way {
            Way::Local(_) => config.has_folder(),
            Way::Mail(_) => true,
        })
    };
    MAJORS.into_iter().filter(has_place).collect()
}

/// Keeps a copy for each kind and target that want one; gives where they are.
///
/// # Errors
/// Why it cannot be kept.
pub(super) fn keep(
    case: &Case<'_>,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Vec<(Kind, String)>, String> {
    let config = workshop.config;
    let mut places = Vec::new();
    for (kind, target) in targets(case, &config.quarantine)? {
        let Some(keeping) = config.quarantine.kinds.get(&kind) else {
            continue;
        };
        let is_address = target.contains('@');
        let place = match &keeping.way {
            Way::Local(template) if !is_address => {
                keep_locally(case, kind, &target, template, deadline, workshop)?
            }
            Way::Local(_) => {
                let methods = &config.delivery.notify;
                keep_by_mail(case, kind, &target, methods, deadline, workshop)?
            }
            Way::Mail(methods) => keep_by_mail(case, kind, &target, methods, deadline, workshop)?,
        };
        let Some(place) = place else { continue };
        workshop.cells.count(Counter::QuarMsgs);
        places.push((kind, place));
    }
    Ok(places)
}

/// Kinds and targets, each once.
fn targets(case: &Case<'_>, config: &QuarantineConfig) -> Result<BTreeSet<(Kind, String)>, String> {
    let mut targets = BTreeSet::new();
    let sender = &case.arrived.envelope.reverse_path;
    for (recipient, decision) in case.arrived.envelope.recipients.iter().zip(&case.decisions) {
        let mut add = |kind: Kind| -> Result<(), String> {
            let Some(keeping) = config.kinds.get(&kind) else {
                return Ok(());
            };
            let told = match decision.destiny {
                Destiny::Pass => decision.main,
                _ => decision.category,
            };
            let is_found = !matches!(kind, Kind::Clean | Kind::Archive);
            let by_category = config.to_by_category.of(told).filter(|_| is_found);
            let found = by_category.unwrap_or(&keeping.to).find(&recipient.address);
            let found = found.map_err(|error| format!("where to keep a copy: {error}"))?;
            let target = found.map_or_else(String::new, |value| value.as_str().to_owned());
            if !target.is_empty() {
                targets.insert((kind, target));
            }
            Ok(())
        };
        if let Some(kind) = decision.kept_as.and_then(Kind::of) {
            add(kind)?;
        }
        if decision.main.major == Major::Clean {
            add(Kind::Clean)?;
        }
        add(Kind::Archive)?;
        if decision.kept_as == Some(Major::Spam) {
            let by_sender = config.spam_by_sender.find(sender);
            let by_sender = by_sender.map_err(|error| format!("where to keep a copy: {error}"))?;
            if let Some(target) = by_sender.filter(|target| !target.as_str().is_empty()) {
                targets.insert((Kind::Spam, target.as_str().to_owned()));
            }
        }
    }
    Ok(targets)
}

/// As a file, or in a mailbox. Nothing if the target keeps nothing, or there is no folder.
fn keep_locally(
    case: &Case<'_>,
    kind: Kind,
    target: &str,
    template: &str,
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Option<String>, String> {
    let config = &workshop.config.quarantine;
    let local = target.split('@').next().unwrap_or_default().to_lowercase();
    let alias = config.aliases.get(&local);
    let (folder, template) = match (alias, &config.folder) {
        (Some(place), _) => {
            let Some(path) = &place.path else {
                return Ok(None);
            };
            (path.as_path(), place.name.as_deref().unwrap_or(template))
        }
        (None, Some(folder)) => (folder.as_path(), template),
        (None, None) => return Ok(None),
    };
    let is_named = alias.is_some_and(|place| place.name.is_some());
    let has_folders = config.has_folders && !is_named;
    let failed =
        |error: std::io::Error| format!("cannot keep a copy in {}: {error}", folder.display());
    let head = head(case, kind, target, workshop);
    let message = case.arrived.message;
    let is_own = workshop.config.quarantine.folder.as_deref() == Some(folder);
    let place = if folder.is_file() || (alias.is_some() && !folder.exists()) {
        let sender = String::from_utf8_lossy(case.arrived.envelope.reverse_path.as_bytes());
        mailbox::append(folder, &sender, head.as_bytes(), message, deadline).map_err(failed)?;
        tell(case, target, folder, "", workshop);
        folder.display().to_string()
    } else {
        let vault = Vault {
            folder,
            has_folders,
        };
        let label = Label {
            mail_id: &case.mail_id,
            log_id: case.arrived.log_id,
        };
        let name = vault
            .keep(template, label, head.as_bytes(), message)
            .map_err(failed)?;
        tell(case, target, folder, &name, workshop);
        if is_own {
            name
        } else {
            format!("{}/{name}", folder.display())
        }
    };
    Ok(Some(place))
}

fn tell(case: &Case<'_>, target: &str, folder: &Path, name: &str, workshop: &Workshop<'_>) {
    let separator = if name.is_empty() { "" } else { "/" };
    workshop.log.write(
        1,
        Some(case.arrived.log_id),
        format_args!(
            "local delivery: {} -> {target}, mbx={}{separator}{name}",
            case.arrived.envelope.reverse_path,
            folder.display()
        ),
    );
}

/// To an address. `%a` stands for the recipients of the message.
fn keep_by_mail(
    case: &Case<'_>,
    kind: Kind,
    target: &str,
    methods: &[Method],
    deadline: Deadline,
    workshop: &mut Workshop<'_>,
) -> Result<Option<String>, String> {
    let arrived = &case.arrived;
    let to = |address: Address| Recipient {
        address,
        notify: Some(Notify::NEVER),
        orcpt: None,
    };
    let recipients: Vec<Recipient> = if target == "%a" {
        let all = arrived.envelope.recipients.iter();
        all.map(|recipient| to(recipient.address.clone())).collect()
    } else {
        let address = Address::parse(target.as_bytes());
        let address = address
            .map_err(|error| format!("cannot keep a copy: {target:?} is no address: {error}"))?;
        vec![to(address)]
    };
    let head = head(case, kind, target, workshop);
    let mut content = head.replace('\n', "\r\n").into_bytes();
    let size = usize::try_from(arrived.message.size()).unwrap_or(usize::MAX);
    let message = arrived.message.read(0, size);
    let message =
        message.map_err(|error| format!("cannot read the message back for a copy: {error}"))?;
    content.extend_from_slice(&message);
    let sender = match &workshop.config.quarantine.mail_from {
        Some(text) => Address::parse(text.as_bytes()).unwrap_or_default(),
        None => arrived.envelope.reverse_path.clone(),
    };
    let mail_id = workshop
        .identifier
        .mail_id()
        .map_err(|error| format!("no random numbers: {error}"))?;
    let submission = Submission {
        content,
        sender: &sender,
        recipients: &recipients,
        envid: None,
        peer: arrived.peer,
        port: arrived.port,
        log_id: arrived.log_id,
        mail_id: &mail_id,
        parent: Some(&case.mail_id),
    };
    let results = submit(
        submission,
        methods,
        workshop.outbound,
        deadline,
        workshop.log,
    );
    for result in results {
        if let Err(reply) = result {
            return Err(format!("cannot keep a copy at {target}: {reply}"));
        }
    }
    Ok(Some(target.to_owned()))
}

/// The fields before the message, with the line ends of a file.
fn head(case: &Case<'_>, kind: Kind, target: &str, workshop: &mut Workshop<'_>) -> String {
    let envelope = case.arrived.envelope;
    let recipients = envelope.recipients.iter().zip(&case.decisions);
    let list = |wanted: &dyn Fn(&Decision) -> bool| {
        let named: Vec<String> = recipients
            .clone()
            .filter(|(_, decision)| wanted(decision))
            .map(|(recipient, _)| recipient.address.to_string())
            .collect();
        named.join(",\n ")
    };
    let sender = &envelope.reverse_path;
    let everybody = list(&|_| true);
    let is_blocked = |decision: &Decision| {
        decision.destiny != Destiny::Pass && decision.kept_as.and_then(Kind::of) == Some(kind)
    };
    let blocked = list(&is_blocked);
    let delivered_to = if target.contains('@') || target == "%a" {
        String::new()
    } else {
        format!("Delivered-To: {target}\n")
    };
    let mut head = format!(
        "Return-Path: {sender}\n{delivered_to}X-Envelope-From: {sender}\nX-Envelope-To: {everybody}\n\
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
