//! Virus scanners and spam engines, from the original's lists or from tables.
//!
//! # Source
//! content.md 4.1, 4.4, 5.1.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    maps,
    reader::{Reader, octets},
};
use crate::{
    config::{
        error::ConfigError,
        scanner::{
            Descriptors, Dialect, Expected, Program, ScanConfig, ScannerAddress, SpamProtocol,
            SpamScanner, VirusProtocol, VirusScanner,
        },
        value::Value,
    },
    lookup::table::{Maps, PatternEntry, Scalar, Table},
    pattern::Pattern,
};

/// All that is about scanners.
pub(super) fn scan(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> ScanConfig {
    let mut virus_scanners = virus(reader, "@av_scanners", warnings);
    let virus_backup = virus(reader, "@av_scanners_backup", warnings);
    let mut spam_scanners = spam(reader, warnings);
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
        virus_scores: virus_scores(reader),
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

/// Names that stand for a score and not for a virus, if nothing else is set.
///
/// # Source
/// content.md 4.3.
fn virus_scores(reader: &mut Reader<'_>) -> Maps {
    const NAME: &str = "@virus_name_to_spam_score_maps";
    if reader.is_set(NAME) {
        return maps::maps(reader, NAME);
    }
    const TABLE: [(&str, Option<&str>); 20] = [
        (r"^Structured\.(SSN|CreditCardNumber)\b", Some("0.1")),
        (r"^(Heuristics\.)?Phishing\.", Some("0.1")),
        (r"^(Email|HTML)\.Phishing\.(?!.*Sanesecurity)", Some("0.1")),
        (r"^Sanesecurity\.(Malware|Rogue|Trojan)\.", None),
        (r"^Sanesecurity\.Foxhole\.Zip_exe", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Zip_bat", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_gz", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_ace", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_tar", Some("0")),
        (r"^Sanesecurity\.Foxhole\.", None),
        (r"^Sanesecurity\.(TestSig_|PhishBar_)", Some("0")),
        (r"^Sanesecurity\.", Some("0.1")),
        (
            r"^Email\.Spam\.Bounce(\.[^., ]*)*\.Sanesecurity\.",
            Some("0"),
        ),
        (r"^Email\.Spam\b|^MSRBL-(Images|SPAM)\b", Some("0.1")),
        (
            r"^(VX\.)?Honeypot-SecuriteInfo\.com\.Joke|^Joke\.",
            Some("0.1"),
        ),
        (
            r"^Safebrowsing\.|^winnow\.(phish|spam)\.|^INetMsg\.SpamDomain",
            Some("0.1"),
        ),
        (
            r"^Doppelstern\.(Spam|Scam|Phishing|Junk|Lott|Loan)",
            Some("0.1"),
        ),
        (
            r"^Bofhland\.Phishing|^ScamNailer\.|^HTML/Bankish",
            Some("0.1"),
        ),
        (r"^PORCUPINE_|^PhishTank\.Phishing\.", Some("0.1")),
        (r"^MBL_NA\.UNOFFICIAL", Some("0.1")),
    ];
    let entries = TABLE.iter().filter_map(|(source, points)| {
        Some(PatternEntry {
            pattern: Pattern::compile(source, "").ok()?,
            result: points.map(Scalar::new),
        })
    });
    Maps {
        tables: vec![Table::Patterns(entries.collect())],
        names: vec!["the built-in table".to_owned()],
        rules: maps::rules(reader),
    }
}

/// Words in a table that say how a virus scanner is asked.
const VIRUS_WORDS: &str = "clamd, clamd-fd, question, line, sssp, savapi, smtp, lmtp, program";

/// Virus scanners of a list; what cannot be used is told and left out.
pub(super) fn virus(
    reader: &mut Reader<'_>,
    setting: &'static str,
    warnings: &mut Vec<ConfigError>,
) -> Vec<VirusScanner> {
    let mut found = Vec::new();
    for entry in entries(reader, setting) {
        let scanner = match &entry {
            Value::List(fields) => from_tuple(reader, setting, fields),
            Value::Map(table) => from_table(reader, setting, table),
            other => Err(format!("an entry is {}, expected a list", other.kind())),
        };
        match scanner {
            Ok(scanner) => found.push(scanner),
            Err(what) => {
                let error = reader.at(setting, what);
                warnings.push(error.advise("the entry is left out: correct it, or remove it"));
            }
        }
    }
    found
}

fn entries(reader: &Reader<'_>, setting: &str) -> Vec<Value> {
    match reader.value(setting) {
        Value::Undef => Vec::new(),
        Value::List(entries) => entries,
        other => vec![other],
    }
}

/// `[ name, program or code, arguments, clean, infected, names, ... ]`
fn from_tuple(
    reader: &mut Reader<'_>,
    setting: &str,
    fields: &[Value],
) -> Result<VirusScanner, String> {
    let field = |at: usize| fields.get(at).unwrap_or(&Value::Undef);
    let name = field(0).as_text().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err("an entry has no name".to_owned());
    }
    let how = match field(1) {
        Value::Code(code) if code == "ask_daemon" || code == "ask_daemon_internal" => {
            daemon(&name, field(2))?
        }
        Value::Scalar(word) if word == "test-patterns" => VirusProtocol::TestPatterns,
        Value::Code(code) => {
            VirusProtocol::Unknown(format!("nothing here does what \\&{code} does"))
        }
        programs @ (Value::Scalar(_) | Value::List(_)) => {
            VirusProtocol::Program(program(texts(programs), arguments(field(2))))
        }
        other => return Err(format!("{name}: its program is {}", other.kind())),
    };
    let names = match field(5) {
        Value::Undef => None,
        value => pattern(reader, setting, value),
    };
    Ok(VirusScanner {
        how,
        clean: expected(reader, setting, field(3)),
        infected: expected(reader, setting, field(4)),
        names,
        name,
    })
}

/// `{ name = "...", protocol = "clamd", socket = "..." }`
fn from_table(
    reader: &mut Reader<'_>,
    setting: &str,
    table: &BTreeMap<String, Value>,
) -> Result<VirusScanner, String> {
    const KEYS: [&str; 8] = [
        "name", "protocol", "socket", "query", "program", "clean", "infected", "names",
    ];
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{key:?} is none of {}", KEYS.join(", ")));
    }
    let get = |key: &str| table.get(key).unwrap_or(&Value::Undef);
    let text = |key: &str| get(key).as_text().unwrap_or_default().to_owned();
    let protocol = text("protocol");
    let sockets = || sockets(&protocol, get("socket"));
    let how = match protocol.as_str() {
        "clamd" => VirusProtocol::ClamdStream(sockets()?),
        "clamd-fd" => VirusProtocol::ClamdDescriptor(sockets()?),
        "question" | "line" => VirusProtocol::Question {
            query: text("query"),
            addresses: sockets()?,
            is_line: protocol == "line",
            descriptors: Descriptors::Never,
        },
        "sssp" => VirusProtocol::Sssp(sockets()?),
        "savapi" => VirusProtocol::Savapi(sockets()?, text("query")),
        "smtp" | "lmtp" => VirusProtocol::Mail(sockets()?, protocol == "lmtp"),
        "test-patterns" => VirusProtocol::TestPatterns,
        "program" => {
            let mut command = texts(get("program"));
            if command.is_empty() {
                return Err("a program is missing".to_owned());
            }
            let arguments = command.split_off(1);
            VirusProtocol::Program(program(command, arguments))
        }
        other => {
            return Err(format!(
                "the protocol {other:?} is none of {VIRUS_WORDS}, test-patterns"
            ));
        }
    };
    let name = match text("name") {
        name if name.is_empty() => protocol.clone(),
        name => name,
    };
    let names = match get("names") {
        Value::Undef => None,
        value => pattern(reader, setting, value),
    };
    Ok(VirusScanner {
        name,
        how,
        clean: expected(reader, setting, get("clean")),
        infected: expected(reader, setting, get("infected")),
        names,
    })
}

/// `["query", socket or sockets]`, with `proto:` before the sockets or a name that tells.
fn daemon(name: &str, value: &Value) -> Result<VirusProtocol, String> {
    let Value::List(fields) = value else {
        return Err(format!("{name}: expected a question and sockets"));
    };
    let query = fields.first().and_then(Value::as_text).unwrap_or_default();
    let sockets = fields.get(1).unwrap_or(&Value::Undef);
    let words = texts(sockets);
    let prefix = words.first().and_then(|word| prefix_of(word));
    let protocol = prefix.unwrap_or_else(|| by_name(name));
    let addresses = addresses(name, &words)?;
    Ok(match protocol {
        "clamd" => VirusProtocol::ClamdStream(addresses),
        "clamd-fd" => VirusProtocol::ClamdDescriptor(addresses),
        "sophie" | "trophie" | "fpscand" => VirusProtocol::Question {
            query: query.to_owned(),
            addresses,
            is_line: true,
            descriptors: Descriptors::Never,
        },
        "sssp" => VirusProtocol::Sssp(addresses),
        "savapi" => VirusProtocol::Savapi(addresses, query.to_owned()),
        "smtp" => VirusProtocol::Mail(addresses, false),
        "lmtp" => VirusProtocol::Mail(addresses, true),
        _ => VirusProtocol::Question {
            descriptors: descriptors(query, &addresses, prefix),
            query: query.to_owned(),
            addresses,
            is_line: false,
        },
    })
}

/// What asks as clamd is asked, over a socket that carries descriptors, may be clamd; `simple:` says that nobody is to try.
fn descriptors(query: &str, addresses: &[ScannerAddress], prefix: Option<&str>) -> Descriptors {
    let is_local = |address: &ScannerAddress| matches!(address, ScannerAddress::Unix(_));
    if prefix.is_none() && query.trim_end() == "CONTSCAN {}" && addresses.iter().all(is_local) {
        Descriptors::Unknown(Arc::default())
    } else {
        Descriptors::Never
    }
}

const PREFIXES: [&str; 10] = [
    "clamd-fd", "clamd", "sophie", "trophie", "fpscand", "sssp", "savapi", "smtp", "lmtp", "simple",
];

fn prefix_of(word: &str) -> Option<&'static str> {
    let (prefix, _) = word.split_once(':')?;
    PREFIXES.into_iter().find(|known| *known == prefix)
}

fn by_name(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let known = [
        ("clamav-clamd-stream", "clamd"),
        ("sophie", "sophie"),
        ("trophie", "trophie"),
        ("f-prot fpscand", "fpscand"),
        ("sophos-sssp", "sssp"),
        ("sophos sssp", "sssp"),
        ("avira savapi", "savapi"),
    ];
    let known = known.iter().find(|(begin, _)| name.starts_with(begin));
    known.map_or("simple", |(_, protocol)| protocol)
}

fn sockets(protocol: &str, value: &Value) -> Result<Vec<ScannerAddress>, String> {
    addresses(protocol, &texts(value))
}

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

fn program(names: Vec<String>, arguments: Vec<String>) -> Program {
    Program {
        names,
        arguments,
        ..Program::default()
    }
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

/// Exit statuses, a pattern, or both.
fn expected(reader: &mut Reader<'_>, setting: &str, value: &Value) -> Expected {
    match value {
        Value::List(items) => {
            let mut expected = Expected::default();
            for item in items {
                match item.as_text().map(str::parse) {
                    Some(Ok(status)) => expected.statuses.push(status),
                    Some(Err(_)) => {
                        reader.complain(setting, format!("{item:?} is no exit status"));
                    }
                    None => expected.pattern = pattern(reader, setting, item),
                }
            }
            expected
        }
        Value::Undef => Expected::default(),
        other => Expected {
            statuses: Vec::new(),
            pattern: pattern(reader, setting, other),
        },
    }
}

fn pattern(reader: &mut Reader<'_>, setting: &str, value: &Value) -> Option<Pattern> {
    let (source, flags) = match value {
        Value::Pattern(source, flags) => (source.as_str(), flags.as_str()),
        Value::Scalar(source) => (source.as_str(), "m"),
        other => {
            reader.complain(
                setting,
                format!("expected a pattern, found {}", other.kind()),
            );
            return None;
        }
    };
    match Pattern::compile(source, flags) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.complain(setting, format!("qr/{source}/{flags}: {error}"));
            None
        }
    }
}

const SPAM: &str = "@spam_scanners";
/// Where spamd listens by default.
const SPAMD: &str = "127.0.0.1:783";
const RSPAMD: &str = "http://127.0.0.1:11333/checkv2";

/// Spam engines.
pub(super) fn spam(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> Vec<SpamScanner> {
    let mut found = Vec::new();
    for entry in entries(reader, SPAM) {
        let scanner = match &entry {
            Value::List(fields) => spam_tuple(fields),
            Value::Map(table) => spam_table(table),
            other => Err(format!("an entry is {}, expected a list", other.kind())),
        };
        match scanner {
            Ok(scanner) => found.push(scanner),
            Err(what) => {
                let error = reader.at(SPAM, what);
                warnings.push(error.advise("the entry is left out: correct it, or remove it"));
            }
        }
    }
    found
}

/// `[ name, module, command and arguments for a program, option => value, ... ]`
fn spam_tuple(fields: &[Value]) -> Result<SpamScanner, String> {
    let text = |at: usize| fields.get(at).and_then(Value::as_text).unwrap_or_default();
    let (name, module) = (text(0), text(1));
    if name.is_empty() {
        return Err("an entry has no name".to_owned());
    }
    let kind = module.rsplit("::").next().unwrap_or_default();
    let is_program = kind == "ExtProg";
    let options = options(
        fields
            .get(if is_program { 4 } else { 2 }..)
            .unwrap_or_default(),
    );
    let mut table = options;
    let protocol = match kind {
        "SpamAssassin" => "spamassassin",
        "SpamdClient" => "spamd",
        "RspamdClient" => "rspamd",
        "ExtProg" => "program",
        other => return Err(format!("{name}: nothing here does what {other:?} does")),
    };
    if is_program {
        let mut command = vec![text(2).to_owned()];
        command.extend(fields.get(3).map(arguments).unwrap_or_default());
        let command = command.into_iter().map(Value::text).collect();
        table.insert("program".to_owned(), Value::List(command));
    }
    table.insert("name".to_owned(), Value::text(name));
    table.insert("protocol".to_owned(), Value::text(protocol));
    spam_table(&table)
}

/// `option => value` pairs; one that has no value is passed over.
fn options(fields: &[Value]) -> BTreeMap<String, Value> {
    let pairs = fields.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((name.as_text()?.to_owned(), value.clone())),
        _ => None,
    });
    pairs.collect()
}

fn spam_table(table: &BTreeMap<String, Value>) -> Result<SpamScanner, String> {
    let get = |key: &str| table.get(key).unwrap_or(&Value::Undef);
    let text = |key: &str| get(key).as_text().filter(|text| !text.is_empty());
    let protocol = text("protocol").unwrap_or_default();
    let name = text("name").unwrap_or(protocol).to_owned();
    let sockets = |default: &str| match get("socket") {
        Value::Undef => addresses(&name, &[default.to_owned()]),
        value => addresses(&name, &texts(value)),
    };
    let how = match protocol {
        "spamassassin" | "spamd" => SpamProtocol::Spamd(sockets(SPAMD)?),
        "rspamd" => {
            let url = text("url").unwrap_or(RSPAMD);
            let rest = url.strip_prefix("http://").ok_or_else(|| {
                format!("{name}: {url:?} is no address such as {RSPAMD}; https is not there yet")
            })?;
            let (place, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, "/checkv2"),
            };
            let place = if place.contains(':') {
                place.to_owned()
            } else {
                format!("{place}:11333")
            };
            SpamProtocol::Rspamd {
                addresses: sockets(&place)?,
                path: path.to_owned(),
                password: text("password").map(str::to_owned),
            }
        }
        "test-patterns" => SpamProtocol::TestPatterns,
        "program" => SpamProtocol::Program {
            dialect: dialect(&name)?,
            command: texts(get("program")),
        },
        other => {
            return Err(format!(
                "the protocol {other:?} is none of spamd, rspamd, program, test-patterns"
            ));
        }
    };
    let score_factor = match text("score_factor") {
        None => 1.0,
        Some(factor) => factor
            .parse()
            .map_err(|_| format!("{name}: score_factor {factor:?} is no number"))?,
    };
    let body_limit = match text("mail_body_size_limit") {
        None => None,
        Some(limit) => Some(
            octets(limit).ok_or_else(|| format!("{name}: {limit:?} is not a number of octets"))?,
        ),
    };
    Ok(SpamScanner {
        is_stand_in: protocol == "spamassassin",
        name,
        how,
        score_factor,
        body_limit,
    })
}

fn dialect(name: &str) -> Result<Dialect, String> {
    let lower = name.to_ascii_lowercase();
    if lower.contains("bogofilter") {
        Ok(Dialect::Bogofilter)
    } else if lower.contains("dspam") {
        Ok(Dialect::Dspam)
    } else if lower.contains("crm114") {
        Ok(Dialect::Crm114)
    } else {
        Err(format!(
            "{name}: a program is called DSPAM, CRM114 or Bogofilter after the fields that it adds"
        ))
    }
}
