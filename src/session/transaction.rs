//! A transaction's envelope: may it begin, and who may be in it.

use super::{InWork, Session};
use crate::{
    config::settled::Config,
    counters::Counter,
    lookup::table::LookupError,
    mail::{client::ClientFacts, id::LogId, reply::Reply},
    pipeline::key_of,
    policy::{bank::Chosen, recipient::RecipientSettings},
    spool,
    sys::clock::monotonic_ms,
};

impl<'s> Session<'_, 's> {
    /// MAIL: counts as a task, whatever becomes of it; needs room for the message.
    pub(super) fn begin_transaction(&mut self) {
        self.messages += 1;
        self.surroundings.slot.count_task();
        let log_id = self.log_id(self.messages);
        let client = self.client();
        let queue_id = client.queue_id.clone().unwrap_or_default();
        let key = client.queue_id.as_deref().map_or(0, |id| {
            key_of(
                self.surroundings.keys,
                Some(id),
                self.server.envelope(),
                0,
                b"",
            )
        });
        self.surroundings
            .slot
            .name_message(log_id.as_str(), &queue_id, key);
        let chosen = match self.chosen_for_transaction() {
            Ok(chosen) => chosen,
            Err(error) => return self.refuse_for_lookup(&log_id, &error),
        };
        self.surroundings.log.set_level(chosen.config.log.level);
        let transaction = InWork {
            log_id,
            config: chosen.config,
            began_ms: monotonic_ms(),
            client,
            recipients: Vec::new(),
        };
        let refusal = self
            .refuse_for_size(chosen.config)
            .or_else(|| self.refuse_for_room(&transaction));
        match refusal {
            Some(reply) => {
                self.server.refuse(&reply);
                self.restore_settings();
            }
            None => {
                self.transaction = Some(transaction);
                self.server.accept();
            }
        }
    }

    /// A size that is above the limit for everybody (RFC 1870 section 6.1).
    fn refuse_for_size(&self, config: &Config) -> Option<Reply> {
        let declared = self.server.envelope().declared_size?;
        let limit = config.smtpd.size_limit?;
        (declared > limit).then(|| {
            Reply::status(
                552,
                3,
                4,
                format!("Declared message size ({declared} B) exceeds size limit"),
            )
        })
    }

    /// The disk is full, or the folder is not there: the MTA keeps the message until that is mended.
    fn refuse_for_room(&mut self, transaction: &InWork<'_>) -> Option<Reply> {
        let declared = self.server.envelope().declared_size.unwrap_or(0);
        let folder = transaction.config.process.temp_base.display();
        let reply = match self.surroundings.spool.has_room(declared) {
            Ok(true) => return None,
            Ok(false) => {
                let text = format!(
                    "no room for a message of {declared} B in {folder}: free some space, or lower spool_min_free"
                );
                self.surroundings
                    .log
                    .write(-1, Some(&transaction.log_id), format_args!("{text}"));
                Reply::status(452, 3, 1, "Insufficient system storage")
            }
            Err(error) => {
                let text = format!("{folder} cannot be used: {error}");
                self.surroundings
                    .log
                    .write(-2, Some(&transaction.log_id), format_args!("{text}"));
                if spool::is_full(&error) {
                    Reply::status(452, 3, 1, "Insufficient system storage")
                } else {
                    Reply::status(451, 3, 0, "Error in processing, no folder for messages")
                }
            }
        };
        self.surroundings.cells.count(Counter::SpoolFull);
        Some(reply)
    }

    /// RCPT: looks the recipient's settings up.
    pub(super) fn judge_recipient(&mut self) {
        let config = self.config();
        let envelope = self.server.envelope();
        let Some((recipient, transaction)) =
            envelope.recipients.last().zip(self.transaction.as_mut())
        else {
            self.server
                .refuse(&Reply::status(503, 5, 1, "Need MAIL command before RCPT"));
            return;
        };
        let looked_up = RecipientSettings::look_up(&recipient.address, config);
        let settings = match looked_up {
            Ok(settings) => settings,
            Err(error) => {
                let log_id = transaction.log_id.clone();
                return self.refuse_for_lookup(&log_id, &error);
            }
        };
        let declared = envelope.declared_size.unwrap_or(0);
        if settings.size_limit.is_some_and(|limit| declared > limit) {
            let text = format!(
                "Declared message size ({declared} B) exceeds size limit for recipient {}",
                recipient.address
            );
            let reply = Reply::status(552, 3, 4, text);
            self.surroundings.log.write(
                0,
                Some(&transaction.log_id),
                format_args!("{} REJECT 'RCPT TO': {reply}", self.server.protocol_name()),
            );
            self.server.refuse(&reply);
            return;
        }
        transaction.recipients.push(settings);
        self.server.accept();
    }

    /// What cannot be looked up may be so later.
    fn refuse_for_lookup(&mut self, log_id: &LogId, error: &LookupError) {
        self.surroundings
            .log
            .write(-1, Some(log_id), format_args!("lookup failed: {error}"));
        let text = "Error in processing, lookup failed";
        self.server.refuse(&Reply::status(451, 3, 0, text));
    }

    /// Forgets the transaction.
    pub(super) fn end_transaction(&mut self) {
        if self.transaction.take().is_some() {
            self.surroundings.slot.name_message("", "", 0);
            self.restore_settings();
        }
    }

    /// What the session's policy banks say holds again.
    fn restore_settings(&self) {
        self.surroundings
            .log
            .set_level(self.chosen.config.log.level);
    }

    /// Policy banks of the client and the sender, over those of the session (daemon.md 6.2).
    fn chosen_for_transaction(&self) -> Result<Chosen<'s>, LookupError> {
        let client = self.server.client().address;
        let sender = &self.server.envelope().reverse_path;
        self.chosen.for_client(client).for_sender(sender)
    }

    /// What XFORWARD told; without it the client is the MTA itself.
    fn client(&self) -> ClientFacts {
        let mut client = self.server.client().clone();
        if client.address.is_none() {
            client.address = self.peer.address();
            client.port = None;
        }
        client
    }
}
