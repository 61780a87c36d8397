//! `filterd explain`: what would hold for a message, and why.
//!
//! # Source
//! daemon.md 6.2 (policy banks), 6.3 (lookups).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Serialize;

use super::{
    exit, filterd, print,
    table::{Colours, Side, Table},
};
use crate::{
    config::{
        dump,
        files::Sources,
        raw::RawConfig,
        resolve::{lookup_tables, resolve, with_banks},
        settings,
        value::Value,
    },
    lookup::table::Maps,
    mail::address::Address,
    policy::bank::{self, Interface},
};

/// The command, as clap knows it.
pub(super) fn command() -> Command {
    let option =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value);
    Command::new("explain")
        .about("Tell which policy banks and settings hold for a message, and which file and line decides")
        .arg(
            option("client", "ADDRESS")
                .value_parser(value_parser!(IpAddr))
                .help("The client's address, as XFORWARD tells it; unknown if not given"),
        )
        .arg(
            option("port", "PORT")
                .value_parser(value_parser!(u16))
                .default_value("10024")
                .help("Our port"),
        )
        .arg(
            option("address", "ADDRESS")
                .value_parser(value_parser!(IpAddr))
                .default_value("127.0.0.1")
                .help("Our address"),
        )
        .arg(option("socket", "PATH").help("Our socket, instead of address and port"))
        .arg(option("from", "SENDER").default_value("").help("The sender; the null sender if not given"))
        .arg(
            option("to", "RECIPIENT")
                .action(ArgAction::Append)
                .help("A recipient; may repeat"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON, for programs"),
        )
}

/// Everything that is told.
#[derive(Debug, Default, Serialize)]
struct Explanation {
    /// Policy banks in effect, as the log has them.
    banks: String,
    steps: Vec<BankStep>,
    /// What they change.
    settings: Vec<Changed>,
    recipients: Vec<Recipient>,
}

#[derive(Debug, Serialize)]
struct BankStep {
    bank: String,
    why: String,
    loaded: bool,
}

#[derive(Debug, Serialize)]
struct Changed {
    setting: String,
    value: String,
    before: String,
    place: String,
}

#[derive(Debug, Serialize)]
struct Recipient {
    address: String,
    lookups: Vec<Decided>,
}

#[derive(Debug, Serialize)]
struct Decided {
    setting: String,
    value: String,
    decided_by: String,
    has_effect: bool,
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    filterd::with_sources(matches, |sources| match explained(matches, &sources) {
        Ok(explanation) => {
            if matches.get_flag("json") {
                print::out(&serde_json::to_string_pretty(&explanation).unwrap_or_default());
            } else {
                show(&explanation, Colours::detect());
            }
            exit::OK
        }
        Err(what) => {
            print::error(&format!("filterd: {what}"));
            exit::CONFIG
        }
    })
}

fn explained(matches: &ArgMatches, sources: &Sources) -> Result<Explanation, String> {
    let raw = sources.read().map_err(|errors| errors.to_string())?;
    let config = resolve(&raw).map_err(|errors| errors.to_string())?;
    let socket = matches.get_one::<String>("socket");
    let interface = match socket {
        Some(path) => Interface::Unix(path),
        None => {
            let address = matches.get_one::<IpAddr>("address").copied();
            let port = matches.get_one::<u16>("port").copied().unwrap_or_default();
            let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
            Interface::Tcp(SocketAddr::new(address, port))
        }
    };
    let client = matches.get_one::<IpAddr>("client").copied();
    let sender = matches.get_one::<String>("from").map_or("", String::as_str);
    let sender = address(sender)?;
    let steps =
        bank::steps(&config, interface, client, &sender).map_err(|error| error.to_string())?;
    let mut explanation = Explanation::default();
    let mut loaded: Vec<String> = Vec::new();
    for step in steps {
        let is_new = loaded.last() != Some(&step.bank);
        if step.exists && is_new {
            loaded.push(step.bank.clone());
        }
        explanation.steps.push(BankStep {
            bank: step.bank,
            why: step.why,
            loaded: step.exists && is_new,
        });
    }
    explanation.banks = loaded.join("/");
    let effective = with_banks(&raw, &loaded).map_err(|errors| errors.to_string())?;
    explanation.settings = changed(&raw, &effective);
    for recipient in matches.get_many::<String>("to").into_iter().flatten() {
        let lookups = lookups(&effective, &address(recipient)?)?;
        explanation.recipients.push(Recipient {
            address: recipient.clone(),
            lookups,
        });
    }
    Ok(explanation)
}

fn address(text: &str) -> Result<Address, String> {
    let inner = text
        .strip_prefix('<')
        .and_then(|inner| inner.strip_suffix('>'))
        .unwrap_or(text);
    Address::parse(inner.as_bytes()).map_err(|error| format!("{text:?} is no address: {error}"))
}

/// Settings that banks have changed.
fn changed(before: &RawConfig, after: &RawConfig) -> Vec<Changed> {
    let differs = after
        .iter()
        .filter(|(name, assigned)| before.get(name).map(|old| &old.value) != Some(&assigned.value));
    differs
        .map(|(name, assigned)| Changed {
            setting: settings::toml_name(name),
            value: dump::value(name, &assigned.value),
            before: before.get(name).map_or_else(
                || "default".to_owned(),
                |assigned| dump::value(name, &assigned.value),
            ),
            place: assigned.place.to_string(),
        })
        .collect()
}

/// Every list of lookup tables that is set, and what it says about a recipient.
fn lookups(raw: &RawConfig, recipient: &Address) -> Result<Vec<Decided>, String> {
    let mut names: Vec<&str> = raw
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with('@') && name.ends_with("_maps"))
        .collect();
    if !names.contains(&"@local_domains_maps") {
        names.push("@local_domains_maps");
    }
    names.sort_unstable();
    let mut decided = Vec::new();
    for name in names {
        let has_effect = settings::has_effect(name);
        let (value, decided_by) = match lookup_tables(raw, name) {
            Ok(maps) => look_up(raw, name, &maps, recipient)?,
            Err(errors) if has_effect => return Err(errors.to_string()),
            Err(errors) => ("?".to_owned(), format!("cannot be asked: {errors}")),
        };
        decided.push(Decided {
            setting: settings::toml_name(name),
            value,
            decided_by,
            has_effect,
        });
    }
    Ok(decided)
}

fn look_up(
    raw: &RawConfig,
    name: &str,
    maps: &Maps,
    recipient: &Address,
) -> Result<(String, String), String> {
    let found = maps.explain(recipient).map_err(|error| error.to_string())?;
    let Some((at, answer)) = found else {
        let why = match maps.tables.len() {
            0 => "no table is set".to_owned(),
            1 => "its table says nothing".to_owned(),
            count => format!("none of its {count} tables says anything"),
        };
        return Ok(("-".to_owned(), why));
    };
    let table = maps.names.get(at).cloned().unwrap_or_default();
    let line = line_in_file(raw, name, at, &answer.entry)
        .map_or_else(String::new, |line| format!(":{line}"));
    let entry = if answer.entry.is_empty() {
        String::new()
    } else {
        format!(", entry {}", answer.entry)
    };
    Ok((
        answer.value.as_str().to_owned(),
        format!("{table}{line}{entry}"),
    ))
}

/// The line of an entry in the file that a table was read from.
fn line_in_file(raw: &RawConfig, name: &str, at: usize, entry: &str) -> Option<usize> {
    let Value::List(items) = &raw.get(name)?.value else {
        return None;
    };
    let mut item = items.get(at)?;
    if let Value::Reference(other) = item {
        item = &raw.get(other)?.value;
    }
    match item {
        Value::File(file) => file.line(entry),
        _ => None,
    }
}

fn show(explanation: &Explanation, colours: Colours) {
    if explanation.steps.is_empty() {
        print::out("No policy bank is asked for.");
    } else {
        let mut table = Table::new(&[
            ("POLICY BANK", Side::Left),
            ("", Side::Left),
            ("BECAUSE", Side::Left),
        ]);
        for step in &explanation.steps {
            let done = if step.loaded { "loaded" } else { "passed over" };
            table.add(vec![step.bank.clone(), done.to_owned(), step.why.clone()]);
        }
        print_table(&table, colours);
    }
    if !explanation.settings.is_empty() {
        print::out("");
        let mut table = Table::new(&[
            ("SETTING", Side::Left),
            ("VALUE", Side::Left),
            ("WITHOUT BANKS", Side::Left),
            ("SET AT", Side::Left),
        ]);
        for changed in &explanation.settings {
            table.add(vec![
                changed.setting.clone(),
                short(&changed.value),
                short(&changed.before),
                changed.place.clone(),
            ]);
        }
        print_table(&table, colours);
    }
    for recipient in &explanation.recipients {
        print::out("");
        print::out(&colours.bold(&recipient.address));
        let mut table = Table::new(&[
            ("LOOKUP", Side::Left),
            ("SAYS", Side::Left),
            ("DECIDED BY", Side::Left),
        ]);
        for decided in &recipient.lookups {
            let mark = if decided.has_effect {
                ""
            } else {
                " (has no effect yet)"
            };
            table.add(vec![
                decided.setting.clone(),
                short(&decided.value),
                format!("{}{mark}", decided.decided_by),
            ]);
        }
        print_table(&table, colours);
    }
}

fn print_table(table: &Table, colours: Colours) {
    for line in table.lines(colours, |_, _, cell| cell) {
        print::out(line.trim_end());
    }
}

/// A value that fits into a table.
fn short(text: &str) -> String {
    const WIDTH: usize = 40;
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let kept: String = text.chars().take(WIDTH - 3).collect();
    format!("{kept}...")
}
