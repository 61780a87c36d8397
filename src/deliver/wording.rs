//! The words in which a refusal of the next hop is passed on.
//!
//! # Source
//! daemon.md 4.7.

use crate::{
    mail::{
        id::LogId,
        reply::{Enhanced, Reply},
        settlement::quote,
    },
    wire::smtp::client::Stage,
};

/// Our reply for a refusal at `stage` by `hop`; `is_ours` if the words are our own, because the next hop gave none.
pub(super) fn refusal(
    log_id: &LogId,
    hop: &str,
    stage: Stage,
    reply: &Reply,
    is_ours: bool,
    soft_bounce: bool,
) -> Reply {
    let cause = if reply.is_permanent() {
        "Rejected by next-hop MTA on relaying"
    } else {
        "Temporary MTA failure on relaying"
    };
    let enhanced = status(stage, reply);
    let source = source(log_id, hop, reply, is_ours);
    let text = format!("id={log_id} - {cause}, {source}");
    if soft_bounce && reply.is_permanent() {
        return Reply::new(
            450,
            Some(Enhanced {
                class: 4,
                ..enhanced
            }),
            text,
        );
    }
    Reply::new(reply.code(), Some(enhanced), text)
}

/// The same without its meaning for us, as it is logged.
pub(super) fn logged(
    log_id: &LogId,
    hop: &str,
    stage: Stage,
    reply: &Reply,
    is_ours: bool,
) -> Reply {
    let source = source(log_id, hop, reply, is_ours);
    Reply::new(reply.code(), Some(status(stage, reply)), source)
}

fn status(stage: Stage, reply: &Reply) -> Enhanced {
    reply
        .enhanced()
        .unwrap_or_else(|| missing_status(stage, reply.code()))
}

fn source(log_id: &LogId, hop: &str, reply: &Reply, is_ours: bool) -> String {
    if is_ours {
        own_words(reply, log_id)
    } else {
        format!("from MTA({hop}): {}", quote(reply))
    }
}

fn own_words(reply: &Reply, log_id: &LogId) -> String {
    let text = reply.text();
    if text.contains("id=") {
        text.to_owned()
    } else {
        format!("From MTA() {text}: id={log_id}")
    }
}

/// The enhanced code that a next hop did not give.
const fn missing_status(stage: Stage, code: u16) -> Enhanced {
    let class = if code / 100 == 4 { 4 } else { 5 };
    let (subject, detail) = match stage {
        _ if code == 452 => (5, 3),
        Stage::Greeting | Stage::Hello | Stage::Xforward | Stage::Mail | Stage::Rcpt(_) => (1, 0),
        Stage::Data | Stage::Reset => (5, 0),
        Stage::Content | Stage::End => (6, 0),
    };
    Enhanced::new(class, subject, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_passed_on_in_the_documented_words() {
        let id = LogId::new(1, 2, 1);
        let hop = "smtp:[127.0.0.1]:25";
        let said = |reply: Reply, stage: Stage, soft: bool| {
            refusal(&id, hop, stage, &reply, false, soft).to_string()
        };
        assert_eq!(
            said(
                Reply::status(550, 1, 1, "no such user"),
                Stage::Rcpt(0),
                false
            ),
            "550 5.1.1 id=00001-02 - Rejected by next-hop MTA on relaying, from MTA(smtp:[127.0.0.1]:25): 550 5.1.1 no such user"
        );
        assert_eq!(
            said(Reply::new(451, None, "later"), Stage::End, false),
            "451 4.6.0 id=00001-02 - Temporary MTA failure on relaying, from MTA(smtp:[127.0.0.1]:25): 451 later"
        );
        assert!(
            said(Reply::status(550, 1, 1, "no"), Stage::Mail, true).starts_with("450 4.1.1 id=")
        );
        assert!(said(Reply::new(452, None, "x"), Stage::Mail, false).starts_with("452 4.5.3 "));
        let ours = Reply::status(
            451,
            5,
            0,
            "during fwd-connect (All attempts (1) failed connecting to smtp:[127.0.0.1]:25)",
        );
        assert_eq!(
            refusal(&id, hop, Stage::Greeting, &ours, true, false).to_string(),
            "451 4.5.0 id=00001-02 - Temporary MTA failure on relaying, From MTA() during fwd-connect \
             (All attempts (1) failed connecting to smtp:[127.0.0.1]:25): id=00001-02"
        );
    }
}
