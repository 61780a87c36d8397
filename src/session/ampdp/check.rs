//! `request=AM.PDP`: a verdict about a message that the client has in a file.
//!
//! # Source
//! daemon.md 5.2 (attributes), 5.3 (answers).

use super::{Desk, add_reply, place};
use crate::{
    config::settled::Config,
    counters::Counter,
    log,
    mail::{
        address::Address,
        client::ClientFacts,
        envelope::{Envelope, Recipient},
        id::LogId,
        settlement::FinalReply,
    },
    pipeline::{Arrived, Change, Processed, Wishes, Workshop, key_of, process_for},
    policy::{bank::Chosen, recipient::RecipientSettings},
    session::limits,
    spool::message::Message,
    sys::{clock::monotonic_ms, process},
    wire::ampdp::{Request, Response},
};

/// Largest message where no limit is configured, octets.
const LARGEST: u64 = 512 << 20;

/// What a request asks for.
struct Asked<'c> {
    envelope: Envelope,
    client: ClientFacts,
    hello_name: String,
    log_id: LogId,
    temp_dir: Option<place::TempDir>,
    message: Message,
    config: &'c Config,
    recipients: Vec<RecipientSettings>,
    /// The client delivers.
    is_with_client: bool,
    removes_temp_dir: bool,
}

impl<'s> Desk<'_, 's> {
    /// Gives a verdict.
    pub(super) fn check(&mut self, request: &Request) -> Response {
        let began_ms = monotonic_ms();
        let asked = match self.read(request) {
            Ok(asked) => asked,
            Err(what) => return self.refuse(&what),
        };
        self.surroundings.cells.count(Counter::Sessions);
        self.surroundings.log.set_level(asked.config.log.level);
        let processed = self.process(&asked, began_ms);
        if asked.removes_temp_dir
            && let Some(temp_dir) = &asked.temp_dir
            && let Err(error) = temp_dir.remove()
        {
            self.surroundings.log.write(
                -1,
                Some(&asked.log_id),
                format_args!("cannot remove {}: {error}", temp_dir.name()),
            );
        }
        answer(&asked, &processed)
    }

    /// Reads a request, and the message that it is about.
    fn read(&self, request: &Request) -> Result<Asked<'s>, String> {
        let envelope = envelope(request)?;
        let client = client(request);
        let chosen = self.chosen_for(request, &client, &envelope)?;
        let config = chosen.config;
        let temp_dir = request
            .text("tempdir")
            .map(|path| place::TempDir::open(path, config))
            .transpose()?;
        let file = match (request.text("mail_file"), &temp_dir) {
            (Some(file), _) => file.to_owned(),
            (None, Some(temp_dir)) => temp_dir.message(),
            (None, None) => return Err("Missing 'mail_file' and 'tempdir' fields".to_owned()),
        };
        let is_inside = temp_dir.as_ref().is_some_and(|dir| file == dir.message());
        let message = place::message(&file, LARGEST, config)?;
        let recipients = envelope
            .recipients
            .iter()
            .map(|recipient| RecipientSettings::look_up(&recipient.address, config));
        let recipients: Result<Vec<_>, _> = recipients.collect();
        Ok(Asked {
            recipients: recipients.map_err(|error| error.to_string())?,
            log_id: self.log_id(temp_dir.as_ref()),
            hello_name: request.text("helo_name").unwrap_or_default().to_owned(),
            is_with_client: request.text("delivery_care_of") != Some("server"),
            removes_temp_dir: is_inside && request.text("tempdir_removed_by") != Some("client"),
            envelope,
            client,
            temp_dir,
            message,
            config,
        })
    }

    /// Policy banks of the client, those that the request names, and of the sender.
    fn chosen_for(
        &self,
        request: &Request,
        client: &ClientFacts,
        envelope: &Envelope,
    ) -> Result<Chosen<'s>, String> {
        let named: Vec<&str> = request
            .all("policy_bank")
            .filter_map(|names| std::str::from_utf8(names).ok())
            .flat_map(|names| names.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .take(100)
            .collect();
        let (chosen, missing) = self.chosen.for_client(client.address).for_named(&named);
        if !missing.is_empty() {
            self.surroundings.log.note(
                1,
                format_args!(
                    "AM.PDP: there are no policy banks {} here",
                    log::escape(missing.join(", "))
                ),
            );
        }
        chosen
            .for_sender(&envelope.reverse_path)
            .map_err(|error| error.to_string())
    }

    /// What the client calls the message, in the name of its folder; else a number of our own.
    fn log_id(&self, temp_dir: Option<&place::TempDir>) -> LogId {
        let own = || LogId::new(process::id(), self.ordinal, self.requests);
        let Some(temp_dir) = temp_dir else {
            return own();
        };
        let name = temp_dir.name();
        let short = name
            .strip_prefix("amavis-milter-")
            .or_else(|| name.strip_prefix("amavis-"))
            .unwrap_or(name);
        let sessions = format!("{short}-{:02}", self.ordinal);
        LogId::from_client(&sessions).unwrap_or_else(own)
    }

    fn process(&mut self, asked: &Asked<'_>, began_ms: u64) -> Processed {
        let limit = asked.config.smtpd.size_limit;
        let size = asked.message.size();
        if limit.is_some_and(|limit| size > limit) {
            let text = format!("Message size ({size} B) exceeds size limit");
            let reply = crate::mail::reply::Reply::status(552, 3, 4, text);
            return Processed {
                reply: FinalReply::refusal(reply, 1),
                wishes: Wishes::default(),
            };
        }
        let queue_id = asked.client.queue_id.as_deref();
        let head = asked.message.head(limits::KEY).unwrap_or_default();
        let keys = self.surroundings.keys;
        let key = key_of(keys, queue_id, &asked.envelope, size, &head);
        let surroundings = &mut *self.surroundings;
        surroundings
            .slot
            .name_message(asked.log_id.as_str(), queue_id.unwrap_or_default(), key);
        let arrived = Arrived {
            envelope: &asked.envelope,
            recipients: &asked.recipients,
            client: &asked.client,
            message: &asked.message,
            hello_name: &asked.hello_name,
            protocol: "AM.PDP",
            peer: asked.client.address,
            local: None,
            port: None,
            is_lmtp: false,
            is_with_client: asked.is_with_client,
            log_id: &asked.log_id,
            began_ms,
            earlier_crashes: surroundings.scoreboard.poison_tries(key),
        };
        let mut workshop = Workshop {
            config: asked.config,
            log: surroundings.log,
            cells: surroundings.cells,
            scoreboard: surroundings.scoreboard,
            slot: &mut surroundings.slot,
            spool: &mut surroundings.spool,
            outbound: &mut surroundings.outbound,
            identifier: &mut surroundings.identifier,
            date: &mut surroundings.date,
            notice_count: &mut surroundings.notice_count,
        };
        process_for(arrived, &mut workshop)
    }
}

fn envelope(request: &Request) -> Result<Envelope, String> {
    let sender = request
        .all("sender")
        .last()
        .ok_or("Missing 'sender' field")?;
    let mut envelope = Envelope {
        reverse_path: address(sender)?,
        ..Envelope::default()
    };
    for recipient in request.all("recipient") {
        let address = address(recipient)?;
        if address.is_null() {
            return Err("An empty recipient".to_owned());
        }
        envelope.recipients.push(Recipient {
            address,
            ..Recipient::default()
        });
    }
    if envelope.recipients.is_empty() {
        return Err("Missing 'recipient' field".to_owned());
    }
    envelope.wants_smtputf8 = !envelope.reverse_path.is_ascii()
        || envelope.recipients.iter().any(|r| !r.address.is_ascii());
    Ok(envelope)
}

/// An address with or without its brackets.
pub(super) fn address(text: &[u8]) -> Result<Address, String> {
    let text = text.trim_ascii();
    let inner = text
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_suffix(b">"))
        .unwrap_or(text);
    Address::parse(inner)
        .map_err(|error| format!("{:?} is no address: {error}", String::from_utf8_lossy(text)))
}

/// What the milter says of the client of its MTA.
fn client(request: &Request) -> ClientFacts {
    let printable = |name: &str| {
        let text = request.text(name)?;
        let fits = text.len() <= 255 && text.bytes().all(|b| b > 0x20 && b != 0x7F);
        (fits && text != "[UNAVAILABLE]").then(|| text.to_owned())
    };
    let address = printable("client_address").and_then(|text| {
        let bare = text.trim_start_matches("IPv6:");
        bare.parse().ok()
    });
    ClientFacts {
        name: printable("client_name"),
        address,
        port: printable("client_port").and_then(|port| port.parse().ok()),
        protocol: printable("protocol_name"),
        helo: printable("helo_name"),
        queue_id: printable("queue_id"),
        source: None,
    }
}

/// The verdict in the client's words.
fn answer(asked: &Asked<'_>, processed: &Processed) -> Response {
    let mut response = Response::default();
    response.add_text("version_server", "2");
    response.add_text("log_id", asked.log_id.as_str());
    let reply = processed.reply.replies().first();
    if let Some(reply) = reply {
        add_reply(&mut response, reply);
    }
    let (value, status) = match reply {
        Some(reply) if reply.is_success() && processed.wishes.goes_on => ("continue", "0"),
        Some(reply) if reply.is_success() => ("discard", "99"),
        Some(reply) if reply.is_permanent() => ("reject", "69"),
        _ => ("tempfail", "75"),
    };
    if value == "continue" {
        add_wishes(&mut response, &processed.wishes);
    }
    response.add_text("return_value", value);
    response.add_text("exit_code", status);
    response
}

fn add_wishes(response: &mut Response, wishes: &Wishes) {
    for address in &wishes.dropped {
        response.add_text("delrcpt", &address.to_string());
    }
    for (old, new) in &wishes.renamed {
        response.add_text("delrcpt", &old.to_string());
        response.add_text("addrcpt", &new.to_string());
    }
    for change in &wishes.changes {
        match change {
            Change::Delete(name) => response.add("delheader", &[b"1", name.as_bytes()]),
            Change::Replace(name, value) => {
                response.add("chgheader", &[b"1", name.as_bytes(), value.as_bytes()]);
            }
            Change::Insert(name, value) => {
                response.add("insheader", &[b"0", name.as_bytes(), value.as_bytes()]);
            }
            Change::Append(name, value) => {
                response.add("addheader", &[name.as_bytes(), value.as_bytes()]);
            }
        }
    }
}
