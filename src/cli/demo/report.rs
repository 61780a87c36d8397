//! What became of a message: by the client's reply, the daemon's log and the next hop's Maildir, never by what the script says.

use super::{maildir::Maildir, samples::Sample};
use crate::{
    cli::table::{Colours, Side, Table},
    mail::reply::Reply,
};

/// A message that was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// What was sent.
    pub(super) sample: Sample,
    /// What the daemon replied in the end.
    pub(super) reply: Reply,
}

/// What was found out about it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Fate {
    /// `Passed CLEAN`, from the daemon's log.
    pub(super) decided: Option<String>,
    /// `1 ms`, from the daemon's log.
    pub(super) took: Option<String>,
    /// The next hop's id, if its Maildir has a file of that name.
    pub(super) id: Option<String>,
    /// The file is the message that was sent, after one trace field.
    pub(super) is_intact: bool,
}

impl Fate {
    /// Looks a message up.
    pub(super) fn find(sent: &Sent, log: &str, maildir: &Maildir) -> Self {
        let mut fate = Self::default();
        let Some(id) = log_id(sent.reply.text()) else {
            return fate;
        };
        let Some(line) = main_line(log, id) else {
            return fate;
        };
        // Without the tally of directions in braces.
        fate.decided = line
            .split([',', '{'])
            .next()
            .map(|decided| decided.trim_end().to_owned());
        fate.took = line.rsplit(", ").next().map(str::to_owned);
        let queued_as = line
            .split(", ")
            .find_map(|part| part.strip_prefix("queued_as: "));
        if let Some(id) = queued_as
            && let Ok(Some(content)) = maildir.find(id)
        {
            fate.id = Some(id.to_owned());
            fate.is_intact = is_intact(&content, &sent.sample.content());
        }
        fate
    }

    /// True if the client was told so, and the message is there as it was sent.
    pub(super) const fn is_delivered(&self, sent: &Sent) -> bool {
        sent.reply.is_success() && self.is_intact
    }
}

/// `12345-01-2` from `..., id=12345-01-2, ...`
pub(super) fn log_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("id=")?;
    rest.split(|c: char| !c.is_ascii_digit() && c != '-').next()
}

/// The line that sums a message up, without what comes before the decision.
pub(super) fn main_line<'l>(log: &'l str, id: &str) -> Option<&'l str> {
    let mark = format!("({id}) ");
    let mine = log
        .lines()
        .filter_map(|line| line.split_once(&mark).map(|(_, rest)| rest));
    mine.into_iter()
        .find(|rest| rest.starts_with("Passed ") || rest.starts_with("Blocked "))
}

fn is_intact(stored: &[u8], sent: &[u8]) -> bool {
    let Some(trace) = stored.strip_suffix(sent) else {
        return false;
    };
    let lines = trace.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    // Fields of ours: alerts, if there is something to tell, and the trace field last.
    let mut fields = lines
        .filter(|line| !line.starts_with(b" "))
        .skip_while(|line| line.starts_with(b"X-Amavis-Alert: "));
    fields
        .next()
        .is_some_and(|line| line.starts_with(b"Received: "))
        && fields.next().is_none()
}

/// The table of everything that was sent.
pub(super) fn table(all: &[(Sent, Fate)], colours: Colours) -> Vec<String> {
    let mut table = Table::new(&[
        ("message", Side::Left),
        ("from", Side::Left),
        ("to", Side::Left),
        ("octets", Side::Right),
        ("decided", Side::Left),
        ("took", Side::Right),
        ("next hop's id", Side::Left),
    ]);
    for (sent, fate) in all {
        let sample = &sent.sample;
        table.add(vec![
            sample.what.to_owned(),
            if sample.from.is_empty() {
                "<>".to_owned()
            } else {
                sample.from.to_owned()
            },
            to(sample),
            sample.content().len().to_string(),
            fate.decided.clone().unwrap_or_else(|| "-".to_owned()),
            fate.took.clone().unwrap_or_else(|| "-".to_owned()),
            went_to(sent, fate),
        ]);
    }
    table.lines(colours, |column, cell, text| match column {
        4 if cell.starts_with("Passed") => colours.green(&text),
        4 => colours.red(&text),
        6 if cell.contains(' ') => colours.red(&text),
        _ => text,
    })
}

fn to(sample: &Sample) -> String {
    let first = sample.to.first().copied().unwrap_or_default();
    match sample.to.len() {
        0 | 1 => first.to_owned(),
        many => format!("{first} +{}", many - 1),
    }
}

fn went_to(sent: &Sent, fate: &Fate) -> String {
    match &fate.id {
        Some(id) if fate.is_intact => id.clone(),
        Some(id) => format!("{id}, changed on the way"),
        None => format!("none: {} to the client", sent.reply.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::samples::SAMPLES;

    #[test]
    fn a_fate_is_read_from_the_log_and_the_maildir() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(dir.path()).unwrap();
        let sample = SAMPLES[0];
        let stored = [&b"Received: from x\r\n by y; z\r\n"[..], &sample.content()].concat();
        let id = maildir.store(&stored).unwrap().taker().to_owned();
        let log = format!(
            "<6>(00007-01) Checking: x\n<5>(00007-01) Passed CLEAN {{RelayedInbound}}, [192.0.2.25] <a@b> -> <c@d>, size: 7, queued_as: {id}, 3 ms\n"
        );
        let reply = Reply::status(250, 6, 0, "Ok, id=00007-01, from MTA(x): 250 2.0.0 Ok");
        let sent = Sent { sample, reply };
        let fate = Fate::find(&sent, &log, &maildir);
        assert_eq!(fate.decided.as_deref(), Some("Passed CLEAN"));
        assert_eq!(fate.took.as_deref(), Some("3 ms"));
        assert!(fate.is_delivered(&sent));
        // Not in the log, or not in the Maildir: not delivered, whatever the reply says.
        assert!(!Fate::find(&sent, "", &maildir).is_delivered(&sent));
        let elsewhere = Maildir::open(&dir.path().join("other")).unwrap();
        assert!(!Fate::find(&sent, &log, &elsewhere).is_delivered(&sent));
    }

    #[test]
    fn only_one_trace_field_may_come_before_the_message() {
        assert!(is_intact(b"Received: x\r\n y\r\nA: b\r\n", b"A: b\r\n"));
        assert!(!is_intact(b"A: b\r\n", b"A: b\r\n"));
        assert!(!is_intact(b"Received: x\r\nB: c\r\nA: b\r\n", b"A: b\r\n"));
        assert!(!is_intact(b"Received: x\r\nA: c\r\n", b"A: b\r\n"));
    }
}
