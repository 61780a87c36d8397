//! Getting back what was kept: a copy is read, checked, and handed to those who are to have it.
//!
//! # Guards
//! T16: what cannot be released is refused with the reason, and never answered as if it had been. The copy stays where it is until
//! somebody removes it, so nothing is lost when a next hop fails.
//!
//! # Source
//! content.md 8.5, daemon.md 5.4.

mod forms;
mod resend;

use std::{io, path::Path};

use thiserror::Error;

use crate::{
    config::{
        method::Method,
        settled::{Config, ReleaseFormat},
    },
    counters::{Cells, Counter},
    deliver::submission::{Submission, Submitted, submit},
    log::Log,
    mail::{
        address::Address,
        envelope::{Notify, Recipient},
        id::{LogId, MailId},
    },
    outbound::Outbound,
    quarantine::kept::{self, Kept},
    sys::clock::Deadline,
};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// The message goes to its recipients.
    Release,
    /// It goes through the whole of the mail system again.
    Requeue,
    /// Somebody gets it as a report about it.
    Report,
}

impl Verb {
    /// The verb with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "release" => Self::Release,
            "requeue" => Self::Requeue,
            "report" => Self::Report,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Requeue => "requeue",
            Self::Report => "report",
        }
    }
}

/// Who gets it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// Those who did not get it; all, if the copy does not tell.
    Blocked,
    /// All recipients of the message.
    All,
    /// These.
    Named(Vec<Address>),
}

/// A wish to have a copy.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// What is to be done.
    pub verb: Verb,
    /// How the message is sent; as configured if not given.
    pub format: Option<ReleaseFormat>,
    /// The copy's name below the quarantine folder.
    pub place: &'r str,
    /// The mail id that the copy must have.
    pub mail_id: Option<&'r MailId>,
    /// Who gets it.
    pub whom: Whom,
    /// Another reverse-path than the message's.
    pub sender: Option<Address>,
    /// Who wishes it: an address for `Resent-From`.
    pub requested_by: Option<Address>,
}

/// Why a copy cannot be had. Nothing was sent.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// No folder is configured.
    #[error("there is no quarantine: $QUARANTINEDIR is not set")]
    NoFolder,
    /// The name leads elsewhere.
    #[error("{0:?} is no name of a copy in the quarantine")]
    NoPlace(String),
    /// There is none.
    #[error("there is no copy {0:?} in the quarantine")]
    NotThere(String),
    /// It cannot be read.
    #[error("copy {0:?} cannot be read: {1}")]
    Unreadable(String, io::Error),
    /// It is another message's.
    #[error("copy {place:?} has the id {found}, not {wanted}")]
    WrongId {
        /// The copy.
        place: String,
        /// What was asked for.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// It is no copy of ours.
    #[error("copy {0:?} does not say who sent it: is it a quarantined message?")]
    NoSender(String),
    /// All recipients got it.
    #[error(
        "copy {0:?} was kept of a message that all recipients got: name those who are to get it again"
    )]
    NobodyBlocked(String),
    /// It would go round for ever.
    #[error("copy {0:?} has more than {MOST_HOPS} Received fields: it goes round in a circle")]
    Loop(String),
}

impl ReleaseError {
    /// True if the same request may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreadable(..))
    }
}

/// Most Received fields of a released message.
const MOST_HOPS: usize = 110;

/// What releasing works with.
#[derive(Debug)]
pub struct Desk<'d> {
    /// Settings.
    pub config: &'d Config,
    /// The log.
    pub log: &'d Log,
    /// Sends mail.
    pub outbound: &'d mut Outbound,
    /// Counters.
    pub cells: Cells,
}

/// One recipient, and what became of the copy for him.
pub type Sent = (Address, Submitted);

/// Sends a copy; `new_id` is the mail id of what is sent.
///
/// # Errors
/// See [`ReleaseError`]: nothing was sent then. A next hop that does not take it is in the result.
pub fn release(
    request: &Request<'_>,
    new_id: &MailId,
    desk: &mut Desk<'_>,
    deadline: Deadline,
) -> Result<Vec<Sent>, ReleaseError> {
    let copy = checked(request, desk.config)?;
    let recipients = recipients(request, &copy)?;
    let sender = sender(request, &copy)?;
    let config = desk.config;
    let format = request.format.unwrap_or(match request.verb {
        Verb::Report => config.release.report_format,
        Verb::Release => config.release.format,
        Verb::Requeue => ReleaseFormat::Resend,
    });
    let parts = Parts {
        request,
        copy: &copy,
        sender: &sender,
        recipients: &recipients,
        new_id,
        config,
    };
    let (content, sender) = match format {
        ReleaseFormat::Resend => (resend::compose(&parts), sender.clone()),
        _ => (forms::compose(&parts, format), own_address(config)),
    };
    let recipients: Vec<Recipient> = recipients
        .into_iter()
        .map(|address| Recipient {
            address,
            notify: (format != ReleaseFormat::Resend).then_some(Notify::NEVER),
            orcpt: None,
        })
        .collect();
    let log_id = LogId::of_release(new_id);
    let submission = Submission {
        content,
        sender: &sender,
        recipients: &recipients,
        envid: None,
        peer: None,
        port: None,
        log_id: &log_id,
        mail_id: new_id,
        parent: copy.label.mail_id.as_ref(),
    };
    let results = submit(
        submission,
        methods(request.verb, config),
        desk.outbound,
        deadline,
        desk.log,
    );
    let sent: Vec<Sent> = recipients
        .into_iter()
        .map(|recipient| recipient.address)
        .zip(results)
        .collect();
    tell(request, &log_id, &sender, &sent, desk);
    Ok(sent)
}

/// What a message is composed from.
struct Parts<'p> {
    request: &'p Request<'p>,
    copy: &'p Kept,
    sender: &'p Address,
    recipients: &'p [Address],
    new_id: &'p MailId,
    config: &'p Config,
}

/// The copy, if it is the one that is meant.
fn checked(request: &Request<'_>, config: &Config) -> Result<Kept, ReleaseError> {
    let place = || request.place.to_owned();
    let folder = config
        .quarantine
        .folder
        .as_ref()
        .ok_or(ReleaseError::NoFolder)?;
    if !kept::is_place(request.place) {
        return Err(ReleaseError::NoPlace(place()));
    }
    let copy = kept::read(folder, request.place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReleaseError::NotThere(place()),
        _ => ReleaseError::Unreadable(place(), error),
    })?;
    if let Some(wanted) = request.mail_id
        && copy.label.mail_id.as_ref() != Some(wanted)
    {
        let found = copy.label.mail_id.as_ref();
        return Err(ReleaseError::WrongId {
            place: place(),
            wanted: wanted.to_string(),
            found: found.map_or_else(|| "none".to_owned(), ToString::to_string),
        });
    }
    let hops = crate::mail::header::fields(copy.message()).filter(|field| field.is(b"Received"));
    if hops.count() > MOST_HOPS {
        return Err(ReleaseError::Loop(place()));
    }
    Ok(copy)
}

fn recipients(request: &Request<'_>, copy: &Kept) -> Result<Vec<Address>, ReleaseError> {
    let label = &copy.label;
    let mut chosen = match &request.whom {
        Whom::Named(named) => named.clone(),
        Whom::All => label.recipients.clone(),
        Whom::Blocked => label
            .blocked
            .clone()
            .unwrap_or_else(|| label.recipients.clone()),
    };
    let mut seen = std::collections::BTreeSet::new();
    chosen.retain(|address| seen.insert(address.clone()));
    if !chosen.is_empty() {
        Ok(chosen)
    } else if label.sender.is_none() {
        Err(ReleaseError::NoSender(request.place.to_owned()))
    } else {
        Err(ReleaseError::NobodyBlocked(request.place.to_owned()))
    }
}

fn sender(request: &Request<'_>, copy: &Kept) -> Result<Address, ReleaseError> {
    request
        .sender
        .clone()
        .or_else(|| copy.label.sender.clone())
        .ok_or_else(|| ReleaseError::NoSender(request.place.to_owned()))
}

/// `postmaster` of this host.
fn own_address(config: &Config) -> Address {
    let text = format!("postmaster@{}", config.identity.host_name);
    Address::parse(text.as_bytes()).unwrap_or_default()
}

fn methods(verb: Verb, config: &Config) -> &[Method] {
    let own = match verb {
        Verb::Requeue => &config.release.requeue,
        Verb::Release | Verb::Report => &config.release.methods,
    };
    if own.is_empty() {
        &config.delivery.notify
    } else {
        own
    }
}

fn tell(request: &Request<'_>, log_id: &LogId, sender: &Address, sent: &[Sent], desk: &Desk<'_>) {
    for (recipient, result) in sent {
        let said = match result {
            Ok(acceptance) => {
                desk.cells.count(Counter::QuarReleases);
                crate::mail::settlement::passed_on(acceptance).to_string()
            }
            Err(reply) => reply.to_string(),
        };
        desk.log.write(
            0,
            Some(log_id),
            format_args!(
                "Quarantine {} of {}: {sender} -> {recipient}, {said}",
                request.verb.name(),
                request.place
            ),
        );
    }
}

/// True if `secret` is the one from which `mail_id` was made.
#[must_use]
pub fn is_secret_of(secret: &str, mail_id: &MailId) -> bool {
    use data_encoding::BASE64URL_NOPAD;
    use md5::{Digest, Md5};
    let Ok(secret) = BASE64URL_NOPAD.decode(secret.as_bytes()) else {
        return false;
    };
    let digest = BASE64URL_NOPAD.encode(&Md5::digest(secret));
    digest.get(..mail_id.as_str().len()) == Some(mail_id.as_str())
}

/// The copy that goes by this name or mail id: its place.
///
/// # Errors
/// If there is none, more than one, or the folder cannot be read.
pub fn find(folder: &Path, name: &str) -> Result<String, String> {
    if kept::is_place(name) && kept::open(folder, name).is_ok() {
        return Ok(name.to_owned());
    }
    let found = match MailId::from_text(name) {
        Some(id) => crate::quarantine::shelf::with_id(folder, id.as_str())
            .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?,
        None => Vec::new(),
    };
    match found.as_slice() {
        [only] => Ok(only.place.clone()),
        [] => Err(format!("there is no copy {name:?} in {}", folder.display())),
        several => {
            let places: Vec<&str> = several.iter().map(|entry| entry.place.as_str()).collect();
            Err(format!(
                "{name} is kept more than once, name one of: {}",
                places.join(", ")
            ))
        }
    }
}
