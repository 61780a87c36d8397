//! Outcomes: what did happen to a message for one recipient.
//!
//! # Guards
//! I1: an [`Outcome`] that is good news holds an [`Acceptance`], and an `Acceptance` can be made only from a 2xx reply of
//! a next hop, or by whoever has put the message durably on disk.

use super::{
    decision::Destiny,
    reply::{Enhanced, Reply},
};

/// Proof that someone took responsibility for a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acceptance {
    /// Who, as a delivery method: `smtp:[127.0.0.1]:10025`.
    taker: String,
    /// What they said.
    reply: Reply,
}

impl Acceptance {
    /// The proof in `reply`, which `taker` gave to the final dot; `None` unless it is a 2xx.
    #[must_use]
    pub fn by_next_hop(taker: &str, reply: &Reply) -> Option<Self> {
        reply.is_success().then(|| Self {
            taker: taker.to_owned(),
            reply: reply.clone(),
        })
    }

    /// The message was written to `place` and flushed to the disk (file and folder) before this call.
    #[must_use]
    pub fn stored_durably(place: &str) -> Self {
        Self {
            taker: place.to_owned(),
            reply: Reply::status(250, 2, 0, "Ok"),
        }
    }

    /// The client that asked for a verdict has the message and goes on with it: nothing was taken from it.
    #[must_use]
    pub fn left_with_client() -> Self {
        Self {
            taker: String::new(),
            reply: Reply::status(250, 5, 0, "Ok, continue delivery"),
        }
    }

    /// True if the client has the message.
    #[must_use]
    pub const fn is_with_client(&self) -> bool {
        self.taker.is_empty()
    }

    /// Who took it.
    #[must_use]
    pub fn taker(&self) -> &str {
        &self.taker
    }

    /// What they replied.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// The id under which they queued it: what follows `queued as` at the end of the reply, else the reply itself.
    #[must_use]
    pub fn queued_as(&self) -> String {
        let id = self
            .reply
            .text()
            .rsplit_once("queued as ")
            .map(|(_, id)| id.trim_end());
        match id {
            Some(id)
                if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
            {
                id.to_owned()
            }
            _ => self.reply.to_string(),
        }
    }
}

/// What became of the report about an undelivered copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// A delivery status notification was handed over.
    Sent(Acceptance),
    /// None is due: null reverse-path, or `NOTIFY` without `FAILURE`.
    Suppressed,
}

/// The result for one recipient. Which side makes the reply is the `settlement`'s business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The next hop has it.
    Delivered(Acceptance),
    /// Not delivered, and the sender was told (or must not be told).
    Bounced {
        /// What became of the report.
        report: Report,
        /// Why there was no delivery.
        because: Reply,
        /// `Bounce`, or `Reject` where a rejection could not be said in the session.
        destiny: Destiny,
    },
    /// Thrown away by decision.
    Discarded(Reply),
    /// Refused for good.
    Rejected(Reply),
    /// Refused for now: the MTA keeps it.
    Deferred(Reply),
}

impl Outcome {
    /// The internal trouble reply: `451 4.5.0 Error in processing, id=<id>, <what>`.
    #[must_use]
    pub fn trouble(log_id: &str, what: &str) -> Self {
        Self::Deferred(Reply::new(
            451,
            Some(Enhanced::new(4, 5, 0)),
            format!("Error in processing, id={log_id}, {what}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_is_an_acceptance() {
        for code in [250, 251, 252] {
            assert!(Acceptance::by_next_hop("x", &Reply::status(code, 0, 0, "Ok")).is_some());
        }
        for code in [0, 150, 199, 220 + 80, 354, 421, 451, 550] {
            assert!(
                Acceptance::by_next_hop("x", &Reply::status(code, 0, 0, "Ok")).is_none(),
                "{code}"
            );
        }
    }

    #[test]
    fn the_queue_id_is_found_in_the_reply() {
        for (text, want) in [
            ("Ok: queued as 079474CE44", "079474CE44"),
            ("Ok: queued as 4bFk2x1Zz0z", "4bFk2x1Zz0z"),
            ("Ok", "250 2.0.0 Ok"),
            ("queued as ", "250 2.0.0 queued as "),
            ("Ok: queued as a b", "250 2.0.0 Ok: queued as a b"),
        ] {
            let reply = Reply::status(250, 0, 0, text);
            assert_eq!(
                Acceptance::by_next_hop("x", &reply).unwrap().queued_as(),
                want
            );
        }
    }
}
