//! Recipients, and what became of the message for them.

use super::{Facts, clean};
use crate::{
    mail::outcome::{Outcome, Report},
    mail::reply::Reply,
    pipeline::{json_report, summarise},
    template::Value,
};

impl Facts<'_> {
    pub(super) fn of_recipients(&self, name: &str, arguments: &[String]) -> Option<Value> {
        Some(match name {
            "R" => self.addresses(|_| true).into(),
            "D" => self.addresses(is_delivered).into(),
            "O" => self.addresses(|outcome| !is_delivered(outcome)).into(),
            "N" => self.undelivered().into(),
            "relayed" => {
                let relayed: Vec<String> = self
                    .each()
                    .filter(|(_, outcome)| is_delivered(outcome))
                    .map(|(at, outcome)| self.told(at, outcome))
                    .collect();
                relayed.join("\n").into()
            }
            "T" => self.addresses(|_| true).into(),
            "." => self.first_place().map_or(0, |at| at + 1).to_string().into(),
            "remote_mta" => self.distinct(|outcome| match outcome {
                Outcome::Delivered(acceptance) => place(acceptance.taker()),
                _ => None,
            }),
            "queued_as" => {
                let outcomes = self.each().map(|(_, outcome)| outcome);
                summarise::queued_as(outcomes.filter(|outcome| match outcome {
                    Outcome::Delivered(acceptance) => !acceptance.is_with_client(),
                    _ => false,
                }))
                .join("/")
                .into()
            }
            "report_json" => json_report::as_text(self, arguments).into(),
            "smtp_response" => {
                self.distinct(|outcome| reply(outcome).map(|r| clean(&r.to_string())))
            }
            "remote_mta_smtp_response" => self.distinct(|outcome| match outcome {
                Outcome::Delivered(acceptance) if !acceptance.is_with_client() => {
                    Some(clean(&acceptance.reply().to_string()))
                }
                _ => None,
            }),
            "actions_performed" => {
                summarise::actions(self.case, self.outcomes, self.config.policy.originating).into()
            }
            "0" => self
                .first_place()
                .and_then(|at| self.case.arrived.recipients.get(at))
                .map_or("", |settings| if settings.is_local { "L" } else { "0" })
                .into(),
            _ => return None,
        })
    }

    /// Places and outcomes of those whom it is about.
    fn each(&self) -> impl Iterator<Item = (usize, &Outcome)> {
        self.outcomes
            .iter()
            .enumerate()
            .filter(|(at, _)| self.about.is_none_or(|places| places.contains(at)))
    }

    /// The recipient, if it is about one.
    fn first_place(&self) -> Option<usize> {
        self.about?.first().copied()
    }

    fn addresses(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<String> {
        let recipients = &self.case.arrived.envelope.recipients;
        if self.outcomes.is_empty() {
            return recipients.iter().map(|r| r.address.to_string()).collect();
        }
        self.each()
            .filter(|(_, outcome)| wanted(outcome))
            .filter_map(|(at, _)| recipients.get(at))
            .map(|recipient| recipient.address.to_string())
            .collect()
    }

    /// `<b@c>:` and, on a line of its own, the reply.
    fn undelivered(&self) -> Vec<String> {
        self.each()
            .filter(|(_, outcome)| !is_delivered(outcome))
            .map(|(at, outcome)| self.told(at, outcome))
            .collect()
    }

    fn told(&self, at: usize, outcome: &Outcome) -> String {
        let recipient = self.case.arrived.envelope.recipients.get(at);
        let address = recipient.map_or_else(String::new, |r| r.address.to_string());
        match reply(outcome) {
            Some(reply) => format!("{address}:\n    {}", clean(&reply.to_string())),
            None => address,
        }
    }

    fn distinct(&self, of: impl Fn(&Outcome) -> Option<String>) -> Value {
        let mut texts: Vec<String> = Vec::new();
        for (_, outcome) in self.each() {
            if let Some(text) = of(outcome)
                && !texts.contains(&text)
            {
                texts.push(text);
            }
        }
        texts.into()
    }
}

const fn is_delivered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Delivered(_))
}

/// The reply that goes with an outcome.
const fn reply(outcome: &Outcome) -> Option<&Reply> {
    match outcome {
        Outcome::Delivered(acceptance) => Some(acceptance.reply()),
        Outcome::Bounced {
            because, report, ..
        } => match report {
            Report::Sent(_) | Report::Suppressed => Some(because),
        },
        Outcome::Discarded(reply) | Outcome::Rejected(reply) | Outcome::Deferred(reply) => {
            Some(reply)
        }
    }
}

/// `127.0.0.1` of `smtp:[127.0.0.1]:10025`.
fn place(taker: &str) -> Option<String> {
    let (_, place) = taker.split_once(':')?;
    match place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _)) => Some(host.to_owned()),
        None => Some(place.to_owned()),
    }
}
