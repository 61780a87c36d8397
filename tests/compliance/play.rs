//! Plays a script against a daemon.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use crate::{
    program::Program,
    script::{Check, Script, Step, parse, text_of},
    subject::Subject,
    support::{
        PATIENCE,
        client::Client,
        next_hop::{At, Deed, NextHop},
        wildcard::fits,
    },
};

/// What a transaction sends when the check does not care.
const MESSAGE: &str = "From: a@example.com\r\nTo: b@example.net\r\nMessage-ID: <m1@example.com>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
                       Subject: x\r\n\r\nHello.\r\n.\r\n";

/// Plays all checks of some scripts, one after the other, against one daemon; fails with all that went wrong.
pub fn play_all(names: &[&str], program: Program) {
    let scripts: Vec<Script> = names
        .iter()
        .map(|name| parse(&text_of(name), program))
        .collect();
    let Script { host, options, .. } = &scripts[0];
    let fits_all = |script: &Script| script.host == *host && script.options == *options;
    assert!(
        scripts.iter().all(fits_all),
        "{names:?} have not the same configuration"
    );
    let hop = if options.contains("'lmtp:") {
        NextHop::start_lmtp()
    } else {
        NextHop::start()
    };
    let options = options.replace("{hop}", &hop.port().to_string());
    let subject = Subject::start(program, host, hop.port(), &options);
    let mut failures = Vec::new();
    let mut count = 0;
    for (name, script) in names.iter().zip(&scripts) {
        count += script.checks.len();
        for check in &script.checks {
            if let Err(wrong) = play(check, &subject, &hop) {
                failures.push(format!("{name}: {wrong}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} checks fail with {program:?}:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// One check, while it is played.
struct Stage<'a> {
    subject: &'a Subject,
    hop: &'a NextHop,
    client: Client,
    is_closed: bool,
    /// Where this check's part of what others know begins.
    log_from: usize,
    lines_from: usize,
    taken_from: usize,
    /// What was said, for the report.
    story: String,
    wrong: Vec<String>,
}

fn play(check: &Check, subject: &Subject, hop: &NextHop) -> Result<(), String> {
    let log_from = subject.log().len();
    let mut stage = Stage {
        subject,
        hop,
        client: Client::dial(subject.address()),
        is_closed: false,
        log_from,
        lines_from: hop.lines().len(),
        taken_from: hop.count(),
        story: String::new(),
        wrong: Vec::new(),
    };
    if !begins_with_the_greeting(check) {
        stage.reply_line("220 *");
    }
    for step in &check.steps {
        if !stage.wrong.is_empty() && stage.is_closed {
            break;
        }
        stage.take(step);
    }
    if !stage.is_closed {
        stage.send(b"QUIT\r\n");
        stage.reply_line("221 *");
    }
    stage.compare_hop_lines(check);
    stage.compare_message(check);
    hop.behave();
    hop.announce_all();
    if stage.wrong.is_empty() {
        return Ok(());
    }
    let (wrong, story) = (stage.wrong.join("\n   "), &stage.story);
    Err(format!("{}\n   {wrong}\n{story}", check.name))
}

/// A check of the greeting, or of its absence, reads it by itself.
fn begins_with_the_greeting(check: &Check) -> bool {
    match check.steps.first() {
        Some(Step::Reply(line)) => line.starts_with("220 "),
        Some(Step::Closed) => true,
        _ => false,
    }
}

impl Stage<'_> {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Send(octets) => self.send(&self.filled_octets(octets)),
            Step::SendForAnyReply(line) => {
                self.send(format!("{line}\r\n").as_bytes());
                let reply = self.client.try_reply();
                self.note("S", &reply.unwrap_or_else(|| "(closed)".to_owned()));
            }
            Step::Transact(sender, recipients) => self.transact(sender, recipients),
            Step::EndSending => self.client.shut_down_sending(),
            Step::Reconnect => {
                self.client = Client::dial(self.subject.address());
                self.reply_line("220 *");
            }
            Step::Reply(want) => {
                let want = self.filled(want);
                self.reply_line(&want);
            }
            Step::AnyReplies(count) => (0..*count).for_each(|_| self.reply_line("*")),
            Step::Closed => {
                let is_silent = self.client.is_closed();
                self.is_closed = true;
                if !is_silent {
                    self.wrong
                        .push("it is not closed without another word".to_owned());
                }
            }
            Step::Tell(what) => tell(self.hop, what),
            Step::MessageCount(want) => {
                let got = self.hop.count() - self.taken_from;
                if got != *want {
                    self.wrong
                        .push(format!("the next hop took {got} messages, not {want}"));
                }
            }
            Step::Logged(want) => self.logged(&self.filled(want)),
            // Compared at the end.
            Step::HopLine(_) | Step::MessageLine(_) => {}
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{hop}", &self.hop.port().to_string())
            .replace("{port}", &self.subject.port.to_string())
    }

    /// Octets that are no text hold no place to fill.
    fn filled_octets(&self, octets: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(octets) {
            Ok(text) => self.filled(text).into_bytes(),
            Err(_) => octets.to_vec(),
        }
    }

    fn note(&mut self, who: &str, text: &str) {
        for line in text.lines() {
            let line: String = line.chars().take(200).collect();
            writeln!(self.story, "     {who}: {line}").unwrap();
        }
    }

    fn send(&mut self, octets: &[u8]) {
        self.note("C", &octets.escape_ascii().to_string());
        // It may have said its last word already.
        drop(self.client.try_send(octets));
    }

    fn reply_line(&mut self, want: &str) {
        let Some(got) = self.client.line() else {
            self.wrong.push(format!("closed instead of {want}"));
            self.is_closed = true;
            return;
        };
        self.note("S", &got);
        if !fits(want, &got) {
            self.wrong
                .push(format!("it says {got}\n     instead of {want}"));
        }
    }

    fn transact(&mut self, sender: &str, recipients: &[String]) {
        self.send(format!("MAIL FROM:<{sender}>\r\n").as_bytes());
        self.reply_line("250 *");
        for recipient in recipients {
            self.send(format!("RCPT TO:<{recipient}>\r\n").as_bytes());
            self.reply_line("250 *");
        }
        self.send(b"DATA\r\n");
        self.reply_line("354 *");
        self.send(MESSAGE.as_bytes());
    }

    /// A missing line fails this check alone.
    fn logged(&mut self, want: &str) {
        let pattern = format!("*]: {want}");
        let begin = Instant::now();
        loop {
            let log = self.subject.log();
            let log = log.get(self.log_from..).unwrap_or_default();
            if log.lines().any(|line| fits(&pattern, line)) {
                return;
            }
            if begin.elapsed() > PATIENCE {
                self.wrong.push(format!("its log lacks {want}\n{log}"));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the next hop was told in this check; commands of a session count only if the check names one.
    fn compare_hop_lines(&mut self, check: &Check) {
        let want: Vec<String> = wanted(check, |step| match step {
            Step::HopLine(line) => Some(ordered(&self.filled(line))),
            _ => None,
        });
        let about_session = ["EHLO", "LHLO", "HELO", "QUIT", "RSET", "NOOP", "DATA"];
        let ignored: Vec<&str> = about_session
            .into_iter()
            .filter(|verb| !want.iter().any(|line| line.starts_with(verb)))
            .collect();
        let (hop, from) = (self.hop, self.lines_from);
        self.compare("the next hop got", &want, || {
            let lines = hop.lines().split_off(from).into_iter();
            lines
                .filter(|line| !ignored.iter().any(|verb| line.starts_with(verb)))
                .map(|line| ordered(&line))
                .collect()
        });
    }

    fn compare_message(&mut self, check: &Check) {
        let want: Vec<String> = wanted(check, |step| match step {
            Step::MessageLine(line) => Some(self.filled_octets(line).escape_ascii().to_string()),
            _ => None,
        });
        let (hop, from) = (self.hop, self.taken_from);
        self.compare("the next hop took", &want, || {
            let content = hop
                .taken()
                .split_off(from)
                .pop()
                .unwrap_or_default()
                .content;
            let lines = content.split_inclusive(|octet| *octet == b'\n');
            lines
                .map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
                .map(|line| line.escape_ascii().to_string())
                .collect()
        });
    }

    /// Compares lines, if any are wanted, with what there is in the end.
    fn compare(&mut self, what: &str, want: &[String], mut there: impl FnMut() -> Vec<String>) {
        if want.is_empty() {
            return;
        }
        let begin = Instant::now();
        loop {
            let got = there();
            if got.len() == want.len() && want.iter().zip(&got).all(|(want, got)| fits(want, got)) {
                return;
            }
            if begin.elapsed() > PATIENCE {
                let (want, got) = (want.join("\n     "), got.join("\n     "));
                let wrong = format!("{what}\n     {got}\n    instead of\n     {want}");
                self.wrong.push(wrong);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The order of parameters, and of the words of NOTIFY, means nothing; the original's is that of a hash.
fn ordered(line: &str) -> String {
    if !line.starts_with("MAIL ") && !line.starts_with("RCPT ") {
        return line.to_owned();
    }
    let (path, parameters) = line.split_at(line.rfind('>').map_or(line.len(), |at| at + 1));
    let mut parameters: Vec<String> = parameters.split_whitespace().map(str::to_owned).collect();
    for parameter in &mut parameters {
        if let Some(list) = parameter.strip_prefix("NOTIFY=") {
            let mut words: Vec<&str> = list.split(',').collect();
            words.sort_unstable();
            *parameter = format!("NOTIFY={}", words.join(","));
        }
    }
    parameters.sort_unstable();
    parameters.insert(0, path.to_owned());
    parameters.join(" ")
}

fn wanted(check: &Check, choose: impl Fn(&Step) -> Option<String>) -> Vec<String> {
    check.steps.iter().filter_map(choose).collect()
}

fn tell(hop: &NextHop, what: &str) {
    let what = what.replace("\\r\\n", "\r\n");
    let (stage, deed) = what.split_once(' ').unwrap();
    let at = match stage {
        "rcpt" => {
            let (part, reply) = deed.split_once(' ').unwrap();
            return hop.answer_rcpt(part, reply);
        }
        "hide" => return hop.hide(deed),
        "xforward" => return hop.announce_xforward(deed),
        "Greeting" => At::Greeting,
        "Hello" => At::Hello,
        "Mail" => At::Mail,
        "Rcpt" => At::Rcpt,
        "Data" => At::Data,
        "Content" => At::Content,
        "End" => At::End,
        _ => panic!("{what}: no such stage"),
    };
    let deed = match deed {
        "drop" => Deed::Drop,
        text => match text.strip_prefix("close ") {
            Some(text) => Deed::SayAndDrop(text.to_owned().leak()),
            None => Deed::Say(text.to_owned().leak()),
        },
    };
    hop.tell(at, deed, 1);
}
