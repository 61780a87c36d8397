//! `filterd quarantine list` and `show`.

use std::{
    io::{self, Write},
    path::Path,
};

use clap::ArgMatches;
use serde::Serialize;

use super::{
    select::{Filter, kind, subject},
    texts,
};
use crate::{
    cli::{
        exit, print,
        progress::Progress,
        table::{Colours, Side, Table},
    },
    log::escape,
    mail::{address::Address, header},
    quarantine::{
        kept::{self, Label},
        shelf::{self, Entry},
    },
    release,
    sys::{clock::LocalTime, terminal},
};

/// Most copies that are listed on a terminal without being asked for.
const SCREENFUL: usize = 50;

/// One copy, for programs.
#[derive(Debug, Serialize)]
struct Shown {
    file: String,
    mail_id: Option<String>,
    kind: &'static str,
    /// Seconds since 1970.
    written: u64,
    size: u64,
    sender: Option<String>,
    recipients: Vec<String>,
    /// Those who did not get it; nothing if the copy does not tell.
    blocked: Option<Vec<String>>,
    subject: String,
    message_id: String,
    alerts: Vec<String>,
    spam_status: Option<String>,
}

impl Shown {
    fn new(entry: &Entry, label: &Label) -> Self {
        let texts = |addresses: &Vec<Address>| addresses.iter().map(text_of).collect();
        Self {
            file: entry.place.clone(),
            mail_id: label.mail_id.as_ref().map(ToString::to_string),
            kind: kind(entry, label),
            written: entry.written,
            size: entry.size,
            sender: label.sender.as_ref().map(text_of),
            recipients: texts(&label.recipients),
            blocked: label.blocked.as_ref().map(texts),
            subject: subject(label),
            message_id: label.message_id.clone(),
            alerts: label.alerts.clone(),
            spam_status: label.spam_status.clone(),
        }
    }
}

fn text_of(address: &Address) -> String {
    String::from_utf8_lossy(address.as_bytes()).into_owned()
}

/// Lists copies.
pub(super) fn list(matches: &ArgMatches, folder: &Path) -> u8 {
    let filter = Filter::from(matches);
    let for_programs = matches.get_flag("json");
    let limit = matches.get_one::<usize>("limit").copied();
    let limit = limit.unwrap_or(if terminal::output_is_terminal() && !for_programs {
        SCREENFUL
    } else {
        usize::MAX
    });
    let mut entries = match shelf::all(folder) {
        Ok(entries) => entries,
        Err(error) => return unreadable(folder, &error),
    };
    entries.retain(|entry| filter.may_take(entry));
    let (mut found, mut left, mut unread) = (Vec::new(), 0, 0);
    let mut progress = Progress::new("reading", entries.len());
    for (at, entry) in entries.iter().enumerate() {
        if found.len() >= limit {
            left = entries.len() - at;
            break;
        }
        progress.step();
        match kept::read_label(folder, &entry.place) {
            Ok(label) if filter.takes(entry, &label) => found.push((entry, label)),
            Ok(_) => {}
            // Somebody else may have released and removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                unread += 1;
                print::error(&format!(
                    "filterd quarantine: {} cannot be read: {error}",
                    escape(entry.place.clone())
                ));
            }
        }
    }
    progress.finish();
    if for_programs {
        let shown: Vec<Shown> = found
            .iter()
            .map(|(entry, label)| Shown::new(entry, label))
            .collect();
        print_json(&shown);
    } else {
        print_table(&found, left);
    }
    if unread > 0 { exit::NO_INPUT } else { exit::OK }
}

fn unreadable(folder: &Path, error: &io::Error) -> u8 {
    print::error(&format!(
        "filterd quarantine: {} cannot be read: {error}",
        folder.display()
    ));
    exit::NO_INPUT
}

fn print_json(shown: &impl Serialize) {
    match serde_json::to_string_pretty(shown) {
        Ok(text) => print::out(&text),
        Err(error) => print::error(&format!("filterd: {error}")),
    }
}

fn print_table(found: &[(&Entry, Label)], left: usize) {
    let colours = Colours::detect();
    let mut table = Table::new(&[
        ("kept", Side::Left),
        ("kind", Side::Left),
        ("id", Side::Left),
        ("size", Side::Right),
        ("from", Side::Left),
        ("to", Side::Left),
        ("subject", Side::Left),
    ]);
    for (entry, label) in found {
        let id = label.mail_id.as_ref();
        table.add(vec![
            date(entry.written),
            kind(entry, label).to_owned(),
            id.map_or_else(|| entry.place.clone(), ToString::to_string),
            octets(entry.size),
            cut(
                &label
                    .sender
                    .as_ref()
                    .map_or_else(|| "?".to_owned(), ToString::to_string),
                30,
            ),
            cut(&whom(&label.recipients), 30),
            cut(&subject(label), 40),
        ]);
    }
    if found.is_empty() {
        print::out("Nothing is kept that fits.");
        return;
    }
    let paint = |at: usize, cell: &str, text: String| match (at, cell) {
        (1, "virus" | "banned") => colours.red(&text),
        (1, "spam" | "unchecked") => colours.yellow(&text),
        (0, _) => colours.dim(&text),
        _ => text,
    };
    table
        .lines(colours, paint)
        .iter()
        .for_each(|line| print::out(line));
    if left > 0 {
        print::out(&format!(
            "The newest {} of them; up to {left} more with --limit.",
            found.len()
        ));
    }
}

/// `2026-11-27 14:43`
fn date(seconds: u64) -> String {
    let time = LocalTime::from_unix(seconds);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        time.year, time.month, time.day, time.hour, time.minute
    )
}

fn octets(size: u64) -> String {
    match size {
        0..=9_999 => format!("{size}"),
        10_000..=9_999_999 => format!("{}k", size / 1000),
        _ => format!("{}M", size / 1_000_000),
    }
}

fn whom(recipients: &[Address]) -> String {
    match recipients {
        [] => "?".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

/// Printable, and at most so many characters.
fn cut(text: &str, most: usize) -> String {
    let text = escape(text.to_owned());
    if text.chars().count() <= most {
        return text;
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('\u{2026}');
    short
}

/// Shows copies.
pub(super) fn one(matches: &ArgMatches, folder: &Path) -> u8 {
    let mut status = exit::OK;
    let mut shown = Vec::new();
    for name in texts(matches, "ids") {
        let result = release::find(folder, name).and_then(|place| {
            let kept = kept::read(folder, &place);
            kept.map(|kept| (place, kept))
                .map_err(|error| format!("{name} cannot be read: {error}"))
        });
        match result {
            Ok((_, kept)) if matches.get_flag("raw") => {
                // Nobody is left to be told of a failure here.
                drop(io::stdout().lock().write_all(kept.whole()));
            }
            Ok((place, kept)) => {
                let entry = entry_of(folder, &place);
                if matches.get_flag("json") {
                    shown.push(Shown::new(&entry, &kept.label));
                } else {
                    describe(&entry, &kept);
                }
            }
            Err(why) => {
                print::error(&format!("filterd quarantine: {}", escape(why)));
                status = exit::NO_INPUT;
            }
        }
    }
    if matches.get_flag("json") {
        print_json(&shown);
    }
    status
}

/// What the folder knows of a copy.
pub(super) fn entry_of(folder: &Path, place: &str) -> Entry {
    let facts = kept::open(folder, place).and_then(|file| file.metadata());
    let written = facts.as_ref().ok().and_then(|facts| facts.modified().ok());
    let written = written.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Entry {
        place: place.to_owned(),
        size: facts.map_or(0, |facts| facts.len()),
        written: written.map_or(0, |since| since.as_secs()),
    }
}

fn describe(entry: &Entry, kept: &kept::Kept) {
    let colours = Colours::detect();
    let label = &kept.label;
    let row = |name: &str, value: &str| {
        print::out(&format!(
            "{} {}",
            colours.bold(&format!("{name:<11}")),
            escape(value.to_owned())
        ));
    };
    row("File", &entry.place);
    if let Some(id) = &label.mail_id {
        row("Id", id.as_str());
    }
    row("Kind", kind(entry, label));
    row("Kept", &date(entry.written));
    row("Size", &format!("{} octets", kept.message().len()));
    if let Some(sender) = &label.sender {
        row("From", &sender.to_string());
    }
    for recipient in &label.recipients {
        let is_blocked = label
            .blocked
            .as_ref()
            .is_none_or(|blocked| blocked.contains(recipient));
        let note = if is_blocked { "" } else { " (got it)" };
        row("To", &format!("{recipient}{note}"));
    }
    for alert in &label.alerts {
        row("Reason", alert);
    }
    if let Some(status) = &label.spam_status {
        row("Spam", status);
    }
    row("Subject", &subject(label));
    print::out("");
    for field in header::fields(kept.message()) {
        let name = String::from_utf8_lossy(field.name).into_owned();
        let value = String::from_utf8_lossy(field.value).replace('\r', "");
        for (at, line) in value.trim_end().split('\n').enumerate() {
            let line = escape(line.replace('\t', " "));
            let before = if at == 0 {
                format!("  {}:", colours.dim(&escape(name.clone())))
            } else {
                "  ".to_owned()
            };
            print::out(&format!("{before}{line}"));
        }
    }
    print::out("");
}
