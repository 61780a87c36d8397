//! A message from the go-ahead to the final reply.

use std::time::Duration;

use super::{Session, limits};
use crate::{
    counters::Counter,
    mail::{reply::Reply, settlement::FinalReply},
    net::stream::StreamError,
    pipeline::{Arrived, Workshop, key_of, process},
    scoreboard::Stage,
    spool::{self, intake::Intake, message::Message},
    sys::{
        clock::{Deadline, monotonic_ms},
        fault,
    },
    wire::smtp::server::DataProgress,
};

impl Session<'_, '_> {
    /// Receives the message, has it processed, and says what became of it.
    ///
    /// # Errors
    /// The connection broke, or the client was too slow: there is no message then.
    pub(super) fn receive_message(&mut self) -> Result<(), StreamError> {
        let mut intake = self.surroundings.spool.begin();
        let began_ms = monotonic_ms();
        let received = self.receive_content(&mut intake);
        self.surroundings
            .cells
            .add(Counter::TimeElapsedReceiving, monotonic_ms() - began_ms);
        let refusal = match received {
            Ok(refusal) => refusal,
            Err(error) => {
                intake.abandon(&mut self.surroundings.spool);
                return self.give_up_receiving(error);
            }
        };
        let facts = self.server.facts().clone();
        let verdict = match refusal {
            Some(reply) => {
                intake.abandon(&mut self.surroundings.spool);
                self.refuse_message(reply)
            }
            None => match intake.finish(facts, &mut self.surroundings.spool) {
                Ok(message) => {
                    let verdict = self.process(&message);
                    message.release(&mut self.surroundings.spool);
                    verdict
                }
                Err(error) => self.refuse_unwritten(&error),
            },
        };
        fault::pass("session.reply");
        self.server.answer(&verdict);
        self.end_transaction();
        // At once: the client may have sent more already, but it waits for this reply above all.
        self.flush()
    }

    /// Receives up to the final dot. Gives the refusal of a message that is too large.
    fn receive_content(&mut self, intake: &mut Intake) -> Result<Option<Reply>, StreamError> {
        let timeout = self.config().smtpd.timeout;
        let rate = self.config().smtpd.least_data_rate;
        let limit = self.size_limit();
        let (began, mut total, mut refusal) = (monotonic_ms(), 0_u64, None);
        // What came in the same packet as DATA's line is part of the message (D8).
        intake.buffer().append(&mut self.input);
        let mut from = 0;
        self.surroundings
            .slot
            .enter(Stage::Receiving, Some(Deadline::after(timeout)));
        self.flush()?;
        loop {
            if intake.buffer().len() > from {
                let progress = self.server.receive_data(intake.buffer(), from);
                let size = self.server.facts().size;
                if refusal.is_none() && limit.is_some_and(|limit| size > limit) {
                    refusal = Some(size);
                    intake.discard();
                }
                intake.settle(&mut self.surroundings.spool);
                from = intake.buffer().len();
                if let DataProgress::End(rest) = progress {
                    self.input.extend_from_slice(&rest);
                    let size = self.server.facts().size;
                    return Ok(refusal.map(|_| {
                        Reply::status(
                            552,
                            3,
                            4,
                            format!("Message size ({size} B) exceeds size limit"),
                        )
                    }));
                }
            }
            let deadline = data_deadline(began, total, timeout, rate);
            let beat = self.beat(deadline);
            fault::pass("session.receive");
            intake.expect_more(&mut self.surroundings.spool);
            match self.stream.receive(intake.buffer(), limits::DATA, beat) {
                Ok(count) => total += count as u64,
                Err(StreamError::TimedOut) if !deadline.has_passed() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The limit that holds for all recipients together: the largest of theirs, within the global one. A recipient without a
    /// limit has none (D14).
    fn size_limit(&self) -> Option<u64> {
        let global = self.config().smtpd.size_limit;
        let recipients = self
            .transaction
            .as_ref()
            .map_or(&[][..], |transaction| &transaction.recipients);
        let own: Option<Vec<u64>> = recipients
            .iter()
            .map(|settings| settings.size_limit)
            .collect();
        let largest = own.and_then(|limits| limits.into_iter().max());
        match (global, largest) {
            (Some(global), Some(largest)) => Some(global.min(largest)),
            (global, largest) => global.or(largest),
        }
    }

    fn process(&mut self, message: &Message) -> FinalReply {
        if let Some(refusal) = self.judge_newlines(message) {
            return refusal;
        }
        let Some(transaction) = &self.transaction else {
            return FinalReply::refusal(
                Reply::status(451, 5, 0, "Error in processing, no transaction"),
                1,
            );
        };
        let envelope = self.server.envelope();
        let queue_id = transaction.client.queue_id.as_deref();
        let head = message.head(limits::KEY).unwrap_or_default();
        let key = key_of(
            self.surroundings.keys,
            queue_id,
            envelope,
            message.size(),
            &head,
        );
        let slot = &mut self.surroundings.slot;
        slot.name_message(
            transaction.log_id.as_str(),
            queue_id.unwrap_or_default(),
            key,
        );
        let arrived = Arrived {
            envelope,
            recipients: &transaction.recipients,
            client: &transaction.client,
            message,
            hello_name: &self.server.hello_name(),
            protocol: self.server.protocol_name(),
            peer: self.peer.address(),
            local: self.local.address(),
            port: self.local.port(),
            is_lmtp: self.server.speaks_lmtp(),
            is_with_client: false,
            log_id: &transaction.log_id,
            began_ms: transaction.began_ms,
            earlier_crashes: self.surroundings.scoreboard.poison_tries(key),
        };
        let mut workshop = Workshop {
            config: transaction.config,
            log: self.surroundings.log,
            cells: self.surroundings.cells,
            scoreboard: self.surroundings.scoreboard,
            slot,
            spool: &mut self.surroundings.spool,
            outbound: &mut self.surroundings.outbound,
            identifier: &mut self.surroundings.identifier,
            date: &mut self.surroundings.date,
            notice_count: &mut self.surroundings.notice_count,
        };
        process(arrived, &mut workshop)
    }

    /// Tells of bare CR and LF, and refuses the message if it is to be refused for them.
    fn judge_newlines(&self, message: &Message) -> Option<FinalReply> {
        let count = message.facts().bare_newlines;
        if count == 0 {
            return None;
        }
        let id = self
            .transaction
            .as_ref()
            .map(|transaction| &transaction.log_id);
        let rejects = self.config().smtpd.rejects_bare_newlines;
        let done = if rejects { "refused" } else { "made CRLF" };
        self.surroundings.log.write(
            0,
            id,
            format_args!("message holds {count} bare CR or LF, {done}"),
        );
        rejects.then(|| {
            self.refuse_message(Reply::status(
                554,
                6,
                0,
                "Reject, message holds bare CR or LF",
            ))
        })
    }

    fn refuse_message(&self, reply: Reply) -> FinalReply {
        let id = self
            .transaction
            .as_ref()
            .map(|transaction| &transaction.log_id);
        self.surroundings.log.write(
            0,
            id,
            format_args!("{} REJECT 'DATA': {reply}", self.server.protocol_name()),
        );
        FinalReply::refusal(reply, self.server.envelope().recipients.len())
    }

    /// The message could not be kept: no room (452), or another trouble of ours (451).
    fn refuse_unwritten(&self, error: &std::io::Error) -> FinalReply {
        self.surroundings.cells.count(Counter::SpoolFull);
        let folder = self.config().process.temp_base.display();
        let id = self
            .transaction
            .as_ref()
            .map(|transaction| &transaction.log_id);
        self.surroundings.log.write(
            -2,
            id,
            format_args!("message could not be written below {folder}: {error}"),
        );
        let reply = if spool::is_full(error) {
            Reply::status(452, 3, 1, "Insufficient system storage")
        } else {
            Reply::status(
                451,
                3,
                0,
                "Error in processing, message could not be written",
            )
        };
        FinalReply::refusal(reply, self.server.envelope().recipients.len())
    }

    /// The connection broke in the data, or the client was too slow; nothing is processed.
    fn give_up_receiving(&mut self, error: StreamError) -> Result<(), StreamError> {
        let why = match &error {
            StreamError::TimedOut => {
                ", closing channel, during waiting for input from client".to_owned()
            }
            StreamError::Closed | StreamError::Broken(_) => {
                format!(", Connection broken during DATA: {error}")
            }
        };
        self.server.close(&Reply::status(
            421,
            3,
            2,
            format!("Service shutting down{why}"),
        ));
        // A client that has only closed its sending side can still read this.
        match self.flush() {
            Ok(()) | Err(_) => Err(error),
        }
    }
}

/// Until when the next octets must come: each wait is bounded, and so is the whole, by the least rate.
fn data_deadline(began_ms: u64, received: u64, timeout: Duration, rate: u64) -> Deadline {
    let next = Deadline::after(timeout);
    if rate == 0 {
        return next;
    }
    let allowed = timeout
        .as_millis()
        .saturating_add(u128::from(received / rate) * 1000);
    let spent = u128::from(monotonic_ms().saturating_sub(began_ms));
    let left = u64::try_from(allowed.saturating_sub(spent)).unwrap_or(u64::MAX);
    next.or_after(Duration::from_millis(left))
}
