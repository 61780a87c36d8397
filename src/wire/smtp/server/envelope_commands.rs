//! MAIL, RCPT and DATA: syntax and order. Whether they may succeed is the session's decision.

use super::{Event, Server, State};
use crate::{
    mail::{
        envelope::{Envelope, Orcpt, Recipient},
        reply::Reply,
    },
    wire::smtp::{command::path_argument, parameter, xtext},
};

impl Server {
    pub(super) fn mail(&mut self, arguments: &[u8]) -> Result<Option<Event>, Reply> {
        if self.state == State::Envelope {
            return Err(Reply::status(503, 5, 1, "Error: nested MAIL command"));
        }
        let path = path_argument(arguments, b"FROM:")
            .ok_or_else(|| Reply::status(501, 5, 2, "Syntax: MAIL FROM:<address>"))?;
        let mut envelope = Envelope {
            reverse_path: path.address,
            ..Envelope::default()
        };
        parameter::mail(path.parameters, &mut envelope)?;
        self.envelope = envelope;
        self.recipients_tried = 0;
        self.pending_path = path.shown.to_vec();
        self.state = State::MailPending;
        Ok(Some(Event::Mail))
    }

    pub(super) fn rcpt(&mut self, arguments: &[u8]) -> Result<Option<Event>, Reply> {
        if self.state != State::Envelope {
            return Err(Reply::status(503, 5, 1, "Need MAIL command before RCPT"));
        }
        self.recipients_tried += 1;
        if self.recipients_tried > self.options.most_recipients {
            // Not an error of the client: it sends the rest in another transaction (RFC 5321 section 4.5.3.1.10).
            return Ok(self.answered(&Reply::status(452, 5, 3, "Too many recipients")));
        }
        let path = path_argument(arguments, b"TO:")
            .ok_or_else(|| Reply::status(501, 5, 2, "Syntax: RCPT TO:<address>"))?;
        let mut recipient = Recipient {
            address: path.address,
            ..Recipient::default()
        };
        parameter::rcpt(path.parameters, &mut recipient)?;
        keep_original(path.shown, &mut recipient);
        self.envelope.recipients.push(recipient);
        self.pending_path = path.shown.to_vec();
        self.state = State::RcptPending;
        Ok(Some(Event::Recipient))
    }

    pub(super) fn data(&mut self, more_follows: bool) -> Result<Option<Event>, Reply> {
        if self.state != State::Envelope {
            return Err(Reply::status(503, 5, 1, "Need MAIL command before DATA"));
        }
        if self.recipients_tried == 0 {
            return Err(Reply::status(503, 5, 1, "Need RCPT command before DATA"));
        }
        if self.envelope.recipients.is_empty() {
            let code = if self.speaks_lmtp() { 503 } else { 554 };
            return Err(Reply::status(
                code,
                1,
                1,
                "Error (DATA): no valid recipients",
            ));
        }
        if more_follows && self.options.refuses_early_data {
            // What follows would be taken for commands: the session must end here.
            self.close(&Reply::status(554, 5, 0, "Error: data before the go-ahead"));
            return Ok(Some(Event::Abandoned));
        }
        self.state = State::DataPending;
        Ok(Some(Event::Data))
    }
}

/// An address that does not leave as it came is told to the next hop as it was (RFC 3461 section 4.2).
fn keep_original(shown: &[u8], recipient: &mut Recipient) {
    let original = shown.get(1..shown.len().saturating_sub(1));
    if let Some(original) = original
        && original != recipient.address.as_bytes()
        && original.is_ascii()
        && recipient.orcpt.is_none()
    {
        recipient.orcpt = Some(Orcpt {
            kind: "rfc822".to_owned(),
            xtext: xtext::encode(original),
        });
    }
}
