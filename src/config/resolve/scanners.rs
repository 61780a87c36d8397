//! Virus scanners and spam engines, from the original's lists or from tables.
//!
//! # Source
//! content.md 4.1, 4.4, 5.1.

mod names;
mod spam;
mod virus;

use super::{
    maps,
    reader::{Reader, octets},
};
use crate::{
    config::{
        error::ConfigError,
        scanner::{
            Expected, ScanConfig, ScannerAddress, SpamProtocol, SpamScanner, VirusProtocol,
            VirusScanner,
        },
        value::Value,
    },
    lookup::table::{Maps, Table},
};

/// All that is about scanners.
pub(super) fn scan(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> ScanConfig {
    let mut virus_scanners = virus::scanners(reader, "@av_scanners");
    let virus_backup = virus::scanners(reader, "@av_scanners_backup");
    let mut spam_scanners = spam::engines(reader, warnings);
    let bypass_spam = maps::with_members(reader, "@bypass_spam_checks_maps");
    // Nobody wants to hear of an engine that nobody wants.
    if is_for_all(&bypass_spam) {
        spam_scanners.retain(|engine| !engine.is_stand_in);
    }
    let is_wanted = |is_empty: bool| match reader.value("$test_patterns").as_text() {
        Some("on") => true,
        Some("off") => false,
        _ => is_empty,
    };
    if is_wanted(virus_scanners.is_empty() && virus_backup.is_empty())
        && !virus_scanners
            .iter()
            .any(|s| s.how == VirusProtocol::TestPatterns)
    {
        virus_scanners.push(VirusScanner {
            name: TEST.to_owned(),
            how: VirusProtocol::TestPatterns,
            clean: Expected::default(),
            infected: Expected::default(),
            names: None,
        });
    }
    if is_wanted(spam_scanners.is_empty())
        && !spam_scanners
            .iter()
            .any(|s| s.how == SpamProtocol::TestPatterns)
    {
        spam_scanners.push(SpamScanner {
            name: TEST.to_owned(),
            how: SpamProtocol::TestPatterns,
            score_factor: 1.0,
            body_limit: None,
            is_stand_in: false,
        });
    }
    let _checked = reader.choice("$test_patterns");
    ScanConfig {
        virus: virus_scanners,
        virus_backup,
        first_infected_stops: reader.flag("$first_infected_stops_scan"),
        virus_failure_is_fatal: reader.flag("$virus_scanners_failure_is_fatal"),
        virus_timeout: reader.seconds("$virus_scan_timeout"),
        virus_scores: names::scores(reader),
        fake_senders: maps::maps(reader, "@viruses_that_fake_sender_maps"),
        spam: spam_scanners,
        spam_timeout: reader.seconds("$spam_scan_timeout"),
        spam_body_limit: reader.optional_number("$sa_mail_body_size_limit"),
        spam_users: maps::maps(reader, "@sa_username_maps"),
        bypass_virus: maps::with_members(reader, "@bypass_virus_checks_maps"),
        bypass_spam,
    }
}

/// The name of the built-in test.
const TEST: &str = "test-patterns";

/// The first table says yes to everybody.
fn is_for_all(maps: &Maps) -> bool {
    matches!(maps.tables.first(), Some(Table::Constant(Some(value))) if value.is_true())
}

const PREFIXES: [&str; 10] = [
    "clamd-fd", "clamd", "sophie", "trophie", "fpscand", "sssp", "savapi", "smtp", "lmtp", "simple",
];

fn addresses(name: &str, words: &[String]) -> Result<Vec<ScannerAddress>, String> {
    if words.is_empty() {
        return Err(format!("{name}: no socket is given"));
    }
    let parsed = words.iter().map(|word| {
        let place = match prefix_of(word) {
            Some(prefix) => word.get(prefix.len() + 1..).unwrap_or_default(),
            None => word,
        };
        ScannerAddress::parse(place)
            .ok_or_else(|| format!("{name}: {word:?} is neither a path nor HOST:PORT"))
    });
    parsed.collect()
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Scalar(text) => vec![text.clone()],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Arguments: a text is taken apart at blanks, as in the original; a list is taken as it is.
fn arguments(value: &Value) -> Vec<String> {
    match value {
        Value::Scalar(text) => text.split_whitespace().map(str::to_owned).collect(),
        other => texts(other),
    }
}

fn prefix_of(word: &str) -> Option<&'static str> {
    let (prefix, _) = word.split_once(':')?;
    PREFIXES.into_iter().find(|known| *known == prefix)
}

fn entries(reader: &Reader<'_>, setting: &str) -> Vec<Value> {
    match reader.value(setting) {
        Value::Undef => Vec::new(),
        Value::List(entries) => entries,
        other => vec![other],
    }
}
