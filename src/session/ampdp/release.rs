//! `request=release` and its like: a message out of the quarantine.
//!
//! # Guards
//! T16: what is refused is never answered with 250.
//!
//! # Source
//! daemon.md 5.4, content.md 8.5.

use super::{Desk, add_reply, check::address};
use crate::{
    config::settled::Config,
    counters::Counter,
    mail::{
        id::MailId,
        reply::{Enhanced, Reply},
        settlement::passed_on,
    },
    release::{self, ReleaseError, Verb, Whom},
    scoreboard::Stage,
    sys::clock::Deadline,
    wire::ampdp::{Request, Response},
};

impl Desk<'_, '_> {
    /// Releases a copy; the answer has a reply for each recipient.
    pub(super) fn release(&mut self, verb: &str, request: &Request) -> Response {
        let mut response = Response::default();
        match self.try_release(verb, request) {
            Ok(replies) => {
                for reply in &replies {
                    add_reply(&mut response, reply);
                }
                let failed = replies.iter().find(|reply| !reply.is_success());
                if let Some(reply) = failed {
                    add_failure(&mut response, reply);
                }
            }
            Err(reply) => {
                self.surroundings.cells.count(Counter::CommandsRefused);
                self.surroundings.log.note(
                    -1,
                    format_args!("AM.PDP {verb} for {} refused: {reply}", self.peer),
                );
                add_reply(&mut response, &reply);
                add_failure(&mut response, &reply);
            }
        }
        response
    }

    fn try_release(&mut self, verb: &str, request: &Request) -> Result<Vec<Reply>, Reply> {
        let config = self.chosen.config;
        let verb = Verb::from_name(verb).unwrap_or(Verb::Release);
        let mail_id = mail_id(request)?;
        check_secret(request, &mail_id, config)?;
        let place = place(request, &mail_id, config)?;
        let named = request.all("recipient").map(address);
        let named: Vec<_> = named
            .collect::<Result<_, _>>()
            .map_err(|why| refused(&why))?;
        let one = |name: &str| {
            request
                .all(name)
                .last()
                .map(address)
                .transpose()
                .map_err(|why| refused(&why))
        };
        let wish = release::Request {
            verb,
            format: None,
            place: &place,
            mail_id: Some(&mail_id),
            whom: if named.is_empty() {
                Whom::Blocked
            } else {
                Whom::Named(named)
            },
            sender: one("sender")?,
            requested_by: one("requested_by")?,
        };
        let surroundings = &mut *self.surroundings;
        let new_id = surroundings.identifier.mail_id().map_err(|error| {
            Reply::status(450, 5, 0, format!("ERROR: no random numbers: {error}"))
        })?;
        let deadline = Deadline::after(config.process.child_timeout);
        surroundings.slot.enter(Stage::Delivering, Some(deadline));
        surroundings
            .outbound
            .adopt(&config.delivery, &config.identity.localhost_name);
        let mut desk = release::Desk {
            config,
            log: surroundings.log,
            outbound: &mut surroundings.outbound,
            cells: surroundings.cells,
        };
        let sent = release::release(&wish, &new_id, &mut desk, deadline).map_err(in_reply)?;
        let replies = sent.into_iter().map(|(recipient, result)| match result {
            Ok(acceptance) => passed_on(&acceptance),
            Err(reply) => Reply::new(
                reply.code(),
                reply.enhanced(),
                format!("{recipient}: {}", reply.text()),
            ),
        });
        Ok(replies.collect())
    }
}

fn add_failure(response: &mut Response, reply: &Reply) {
    let (value, status) = if reply.is_permanent() {
        ("reject", "69")
    } else {
        ("tempfail", "75")
    };
    response.add_text("return_value", value);
    response.add_text("exit_code", status);
}

fn mail_id(request: &Request) -> Result<MailId, Reply> {
    let text = request
        .text("mail_id")
        .ok_or_else(|| refused("Missing 'mail_id' field"))?;
    MailId::from_text(text).ok_or_else(|| refused(&format!("Invalid mail_id {text:?}")))
}

/// Whoever gives a secret must give the right one; whether one must be given is the configuration's word.
fn check_secret(request: &Request, mail_id: &MailId, config: &Config) -> Result<(), Reply> {
    match request.text("secret_id") {
        Some(secret) if release::is_secret_of(secret, mail_id) => Ok(()),
        Some(_) => Err(refused(&format!(
            "Secret_id does not match mail_id {mail_id}"
        ))),
        None if config.release.needs_secret => Err(refused("Secret_id is required, but missing")),
        None => Ok(()),
    }
}

/// The copy's name: as the client gives it, or as it is found by its id.
fn place(request: &Request, mail_id: &MailId, config: &Config) -> Result<String, Reply> {
    let folder = config.quarantine.folder.as_ref();
    let folder = folder.ok_or_else(|| in_reply(ReleaseError::NoFolder))?;
    match request.text("mail_file") {
        // A name as the log has it, or without its folder.
        Some(file) => Ok(release::find(folder, file)
            .or_else(|_| release::find(folder, mail_id.as_str()))
            .unwrap_or_else(|_| file.to_owned())),
        None => release::find(folder, mail_id.as_str()).map_err(|why| refused(&why)),
    }
}

fn refused(what: &str) -> Reply {
    Reply::new(554, Some(Enhanced::new(5, 5, 0)), format!("ERROR: {what}"))
}

fn in_reply(error: ReleaseError) -> Reply {
    let text = format!("ERROR: {error}");
    if error.is_temporary() {
        Reply::status(450, 5, 0, text)
    } else {
        refused(&error.to_string())
    }
}
