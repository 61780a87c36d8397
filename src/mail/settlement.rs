//! From outcomes to the reply that ends a transaction.
//!
//! # Guards
//! I1: [`FinalReply`] is the only type the protocol server takes after the data, and the constructors here are the only
//! way to one. A 2xx comes out only if every outcome is settled by someone who took responsibility.
//!
//! # Source
//! daemon.md 3.4 (texts and precedence), the integration guide 2.4.3 (form of the success reply), RFC 2033 section 4.2.

use super::{
    decision::Destiny,
    envelope::Recipient,
    id::LogId,
    outcome::{Acceptance, Outcome, Report},
    reply::{Enhanced, Reply},
};

/// Which product generation's words to use for greeting, goodbye and success.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReplyForm {
    /// As the Postfix integration guide shows them.
    #[default]
    Guide,
    /// As version 2.13 of the original says them.
    V213,
}

/// The reply, or replies, to the end of data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinalReply {
    replies: Vec<Reply>,
}

impl FinalReply {
    /// One reply for all recipients (SMTP).
    #[must_use]
    pub fn for_smtp(outcomes: &[Outcome], log_id: &LogId, form: ReplyForm) -> Self {
        Self {
            replies: vec![merged(outcomes, log_id, form)],
        }
    }

    /// One reply for each accepted recipient, in order (LMTP).
    #[must_use]
    pub fn for_lmtp(
        outcomes: &[Outcome],
        recipients: &[Recipient],
        log_id: &LogId,
        form: ReplyForm,
    ) -> Self {
        let each = |(outcome, recipient): (&Outcome, &Recipient)| {
            literal(outcome, recipient, log_id, form)
        };
        Self {
            replies: outcomes.iter().zip(recipients).map(each).collect(),
        }
    }

    /// The same refusal for everyone. A reply that is no refusal is made one: this door does not lead to a 2xx.
    #[must_use]
    pub fn refusal(reply: Reply, recipients: usize) -> Self {
        let reply = if reply.is_temporary() || reply.is_permanent() {
            reply
        } else {
            Reply::status(451, 5, 0, "Error in processing, no verdict")
        };
        Self {
            replies: vec![reply; recipients.max(1)],
        }
    }

    /// For a server that is the end of the way: `acceptance` holds for all recipients, and its taker is the message's id.
    #[must_use]
    pub fn queued(acceptance: &Acceptance, recipients: usize) -> Self {
        let reply = Reply::status(250, 0, 0, format!("Ok: queued as {}", acceptance.taker()));
        Self {
            replies: vec![reply; recipients.max(1)],
        }
    }

    /// The replies in the order in which they are sent.
    #[must_use]
    pub fn replies(&self) -> &[Reply] {
        &self.replies
    }
}

/// The reply for a recipient whose copy the next hop took.
fn delivered(acceptance: &Acceptance, log_id: &LogId, form: ReplyForm) -> Reply {
    if acceptance.is_with_client() {
        return Reply::status(250, 5, 0, format!("Ok, id={log_id}, continue delivery"));
    }
    match form {
        ReplyForm::Guide => {
            let (taker, quoted) = (acceptance.taker(), quote(acceptance.reply()));
            let place = taker.split_once(':').map_or(taker, |(_, place)| place);
            Reply::status(
                250,
                6,
                0,
                format!("Ok, id={log_id}, from MTA({place}): {quoted}"),
            )
        }
        ReplyForm::V213 => passed_on(acceptance),
    }
}

/// What the next hop said, with its codes in front: the reply in the form of 2.13, and the form of the log.
#[must_use]
pub fn passed_on(acceptance: &Acceptance) -> Reply {
    let said = acceptance.reply();
    let enhanced = said.enhanced().unwrap_or(Enhanced::new(2, 6, 0));
    let text = format!("from MTA({}): {}", acceptance.taker(), quote(said));
    Reply::new(said.code(), Some(enhanced), text)
}

/// A reply as part of a longer text; its lines stay apart.
#[must_use]
pub fn quote(reply: &Reply) -> String {
    match reply.enhanced() {
        Some(enhanced) => format!("{} {enhanced} {}", reply.code(), reply.text()),
        None => format!("{} {}", reply.code(), reply.text()),
    }
}

/// What LMTP says for one recipient.
fn literal(outcome: &Outcome, recipient: &Recipient, log_id: &LogId, form: ReplyForm) -> Reply {
    let address = &recipient.address;
    match outcome {
        Outcome::Delivered(acceptance) => delivered(acceptance, log_id, form),
        Outcome::Bounced {
            report: Report::Sent(_),
            because,
            ..
        } => Reply::status(
            250,
            5,
            0,
            format!("Ok {address}, DSN was sent ({})", quote(because)),
        ),
        Outcome::Bounced {
            report: Report::Suppressed,
            because,
            ..
        } => Reply::status(
            250,
            5,
            0,
            format!("Ok {address}, DSN suppressed ({})", quote(because)),
        ),
        Outcome::Discarded(reply) | Outcome::Rejected(reply) | Outcome::Deferred(reply) => {
            reply.clone()
        }
    }
}

/// What SMTP says for all recipients together; the order of the tests is the precedence of daemon.md 3.4.
fn merged(outcomes: &[Outcome], log_id: &LogId, form: ReplyForm) -> Reply {
    if outcomes.is_empty() {
        return Reply::status(451, 5, 0, "Error in processing, no verdict");
    }
    if let Some(reply) = outcomes.iter().find_map(deferral) {
        return reply.clone();
    }
    let rejections = outcomes
        .iter()
        .filter(|o| matches!(o, Outcome::Rejected(_)))
        .count();
    let discards = outcomes
        .iter()
        .filter(|o| matches!(o, Outcome::Discarded(_)))
        .count();
    if rejections > 0 {
        return if rejections + discards == outcomes.len() {
            first_rejection(outcomes)
        } else {
            // A refusal that nobody was told of: only a repetition can settle it.
            Reply::status(
                451,
                5,
                0,
                format!(
                    "Error in processing, id={log_id}, some recipients were rejected and not reported"
                ),
            )
        };
    }
    if discards == outcomes.len()
        && let Some(Outcome::Discarded(reply)) = outcomes.first()
    {
        return reply.clone();
    }
    let taken = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Delivered(acceptance) => Some(acceptance),
        _ => None,
    });
    let base = match taken {
        Some(acceptance) => delivered(acceptance, log_id, form),
        None => Reply::status(250, 5, 0, format!("Ok, id={log_id}")),
    };
    let tail = tally(outcomes, taken.is_some());
    Reply::new(
        base.code(),
        base.enhanced(),
        format!("{}{tail}", base.text()),
    )
}

/// The temporary refusal among the outcomes.
const fn deferral(outcome: &Outcome) -> Option<&Reply> {
    match outcome {
        Outcome::Deferred(reply) => Some(reply),
        Outcome::Delivered(_)
        | Outcome::Bounced { .. }
        | Outcome::Discarded(_)
        | Outcome::Rejected(_) => None,
    }
}

/// The first permanent refusal.
fn first_rejection(outcomes: &[Outcome]) -> Reply {
    let rejection = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Rejected(reply) => Some(reply.clone()),
        _ => None,
    });
    rejection.unwrap_or_else(|| Reply::status(451, 5, 0, "Error in processing, no verdict"))
}

/// `, but 2 REJECT, and 1 DISCARD`: what happened to those who did not get it. A count that covers all is left out.
fn tally(outcomes: &[Outcome], some_delivered: bool) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for outcome in outcomes {
        let word = match outcome {
            Outcome::Bounced {
                destiny: Destiny::Reject,
                ..
            } => "REJECT",
            Outcome::Bounced {
                report: Report::Sent(_),
                ..
            } => "BOUNCE",
            Outcome::Bounced {
                report: Report::Suppressed,
                ..
            } => "DISCARD(bounce.suppressed)",
            Outcome::Discarded(_) => "DISCARD",
            Outcome::Delivered(_) | Outcome::Rejected(_) | Outcome::Deferred(_) => continue,
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    if words.is_empty() {
        return String::new();
    }
    words.sort_by_key(|(word, _)| {
        ["REJECT", "BOUNCE", "DISCARD(bounce.suppressed)", "DISCARD"]
            .iter()
            .position(|w| w == word)
    });
    let counted = |(word, count): &(&str, usize)| {
        if *count == outcomes.len() {
            (*word).to_owned()
        } else {
            format!("{count} {word}")
        }
    };
    let joined: Vec<String> = words.iter().map(counted).collect();
    format!(
        "{}{}",
        if some_delivered { ", but " } else { ", " },
        joined.join(", and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> LogId {
        LogId::new(30897, 2, 1)
    }

    fn taken() -> Outcome {
        let reply = Reply::status(250, 0, 0, "Ok: queued as 079474CE44");
        Outcome::Delivered(Acceptance::by_next_hop("smtp:[127.0.0.1]:10025", &reply).unwrap())
    }

    fn bounced(report: Report, destiny: Destiny) -> Outcome {
        Outcome::Bounced {
            report,
            because: Reply::status(554, 7, 0, "no"),
            destiny,
        }
    }

    fn sent() -> Report {
        Report::Sent(Acceptance::by_next_hop("x", &Reply::status(250, 0, 0, "Ok")).unwrap())
    }

    #[test]
    fn success_in_both_forms() {
        let guide = FinalReply::for_smtp(&[taken()], &id(), ReplyForm::Guide);
        assert_eq!(
            guide.replies()[0].to_string(),
            "250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44"
        );
        let newer = FinalReply::for_smtp(&[taken()], &id(), ReplyForm::V213);
        assert_eq!(
            newer.replies()[0].to_string(),
            "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44"
        );
    }

    #[test]
    fn merging_follows_the_documented_precedence() {
        let later = || Outcome::Deferred(Reply::status(451, 3, 0, "later"));
        let rejected = || Outcome::Rejected(Reply::status(550, 1, 1, "no such user"));
        let discarded =
            || Outcome::Discarded(Reply::status(250, 7, 0, "Ok, discarded, id=30897-02"));
        let cases: Vec<(Vec<Outcome>, &str)> = vec![
            (vec![taken(), later()], "451 4.3.0 later"),
            (vec![rejected(), later()], "451 4.3.0 later"),
            (
                vec![discarded(), discarded()],
                "250 2.7.0 Ok, discarded, id=30897-02",
            ),
            (vec![discarded(), rejected()], "550 5.1.1 no such user"),
            (vec![rejected(), rejected()], "550 5.1.1 no such user"),
            (
                vec![bounced(sent(), Destiny::Bounce)],
                "250 2.5.0 Ok, id=30897-02, BOUNCE",
            ),
            (
                vec![bounced(Report::Suppressed, Destiny::Bounce)],
                "250 2.5.0 Ok, id=30897-02, DISCARD(bounce.suppressed)",
            ),
            (
                vec![taken(), bounced(sent(), Destiny::Reject)],
                "250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44, but 1 REJECT",
            ),
            (
                vec![
                    taken(),
                    bounced(sent(), Destiny::Bounce),
                    discarded(),
                    discarded(),
                ],
                "250 2.6.0 Ok, id=30897-02, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 079474CE44, but 1 BOUNCE, and 2 DISCARD",
            ),
        ];
        for (outcomes, want) in cases {
            assert_eq!(
                FinalReply::for_smtp(&outcomes, &id(), ReplyForm::Guide).replies()[0].to_string(),
                want
            );
        }
    }

    #[test]
    fn an_unreported_rejection_beside_a_delivery_is_never_acknowledged() {
        let outcomes = [taken(), Outcome::Rejected(Reply::status(550, 1, 1, "no"))];
        assert_eq!(
            FinalReply::for_smtp(&outcomes, &id(), ReplyForm::Guide).replies()[0].code(),
            451
        );
    }

    #[test]
    fn nothing_that_happened_is_no_good_news() {
        let verdict = FinalReply::for_smtp(&[], &id(), ReplyForm::Guide);
        assert!(verdict.replies()[0].is_temporary(), "{verdict:?}");
    }

    #[test]
    fn lmtp_gives_each_recipient_its_own() {
        let outcomes = [
            taken(),
            Outcome::Rejected(Reply::status(550, 1, 1, "no")),
            Outcome::trouble("1-2", "disk"),
        ];
        let codes: Vec<u16> = FinalReply::for_lmtp(
            &outcomes,
            &vec![Recipient::default(); 3],
            &id(),
            ReplyForm::Guide,
        )
        .replies()
        .iter()
        .map(Reply::code)
        .collect();
        assert_eq!(codes, [250, 550, 451]);
    }

    #[test]
    fn a_refusal_cannot_be_good_news() {
        for code in [200, 250, 354, 0] {
            assert_eq!(
                FinalReply::refusal(Reply::status(code, 0, 0, "x"), 3)
                    .replies()
                    .len(),
                3
            );
            assert!(
                FinalReply::refusal(Reply::status(code, 0, 0, "x"), 3)
                    .replies()
                    .iter()
                    .all(Reply::is_temporary)
            );
        }
        assert_eq!(
            FinalReply::refusal(Reply::status(552, 3, 4, "big"), 0).replies()[0].code(),
            552
        );
    }
}
