//! `filterd config`: what is set, in the native syntax.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{
    exit, filterd, print,
    table::{Colours, Side, Table},
};
use crate::config::{
    dump, dynamic,
    error::ConfigErrors,
    files::{Sources, drop_in_files},
    raw::RawConfig,
    secure_open::Guard,
    settings::{self, Default, Kind, Known, Setting},
    value::Value,
};

/// The command and its own commands, as clap knows them.
pub(super) fn command() -> Command {
    let changed = Arg::new("changed")
        .long("changed")
        .action(ArgAction::SetTrue)
        .help("Only what the files set, without defaults");
    let bank = Arg::new("bank")
        .long("bank")
        .value_name("NAME")
        .conflicts_with("changed")
        .help("Only what this policy bank holds");
    let files = Arg::new("files")
        .value_name("FILE")
        .num_args(0..)
        .value_parser(value_parser!(PathBuf))
        .help("Files in their order; those of amavisd-new on this machine if none is named");
    let name = Arg::new("name")
        .value_name("SETTING")
        .help("Its name, in either syntax; all settings if none is named");
    Command::new("config")
        .about("Show settings, translate amavisd.conf, tell what a setting means")
        .subcommand_required(true)
        .subcommand(
            Command::new("show")
                .about("Print the settings in effect, as TOML")
                .args([changed, bank]),
        )
        .subcommand(
            Command::new("convert")
                .about("Print files in the syntax of amavisd.conf as TOML")
                .arg(files),
        )
        .subcommand(
            Command::new("doc")
                .about("Tell what a setting means")
                .arg(name),
        )
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    match matches.subcommand() {
        Some(("show", sub)) => filterd::with_sources(sub, |sources| {
            let bank = sub.get_one::<String>("bank").map(String::as_str);
            show(&sources, sub.get_flag("changed"), bank)
        }),
        Some(("convert", sub)) => {
            let files = sub.get_many::<PathBuf>("files").into_iter().flatten();
            convert(files.cloned().collect())
        }
        Some(("doc", sub)) => explain_setting(sub.get_one::<String>("name").map(String::as_str)),
        _ => exit::USAGE,
    }
}

/// `config show`
fn show(sources: &Sources, changed: bool, bank: Option<&str>) -> u8 {
    let raw = match sources.read() {
        Ok(raw) => raw,
        Err(errors) => return refuse(&errors),
    };
    let text = match bank {
        None if changed => dump::changed(&raw),
        None => dump::all(&raw),
        Some(name) => match held_by_bank(&raw, name) {
            Ok(text) => text,
            Err(what) => {
                print::error(&format!("filterd: {what}"));
                return exit::CONFIG;
            }
        },
    };
    print::out(text.trim_end());
    exit::OK
}

fn held_by_bank(raw: &RawConfig, name: &str) -> Result<String, String> {
    let none = BTreeMap::new();
    let banks = match raw.get("%policy_bank").map(|assigned| &assigned.value) {
        Some(Value::Map(banks)) => banks,
        _ => &none,
    };
    match banks.get(name) {
        Some(Value::Map(entries)) => Ok(dump::bank(entries)),
        _ => {
            let known: Vec<&str> = banks.keys().map(String::as_str).collect();
            Err(if known.is_empty() {
                "there are no policy banks".to_owned()
            } else {
                format!(
                    "there is no policy bank {name:?}; there are: {}",
                    known.join(", ")
                )
            })
        }
    }
}

/// `config convert`: the files in TOML; what cannot be in it goes to standard error.
fn convert(files: Vec<PathBuf>) -> u8 {
    let files = if files.is_empty() {
        drop_in_files(Path::new("/")).map_err(|error| error.to_string())
    } else {
        filterd::absolute(files)
    };
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            print::error(&format!("filterd: {error}"));
            return exit::CONFIG;
        }
    };
    let sources = Sources {
        files,
        overrides: Vec::new(),
        guard: Guard::Off,
    };
    let raw = match sources.read() {
        Ok(raw) => raw,
        Err(errors) => return refuse(&errors),
    };
    let names: Vec<String> = sources
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    print::out(&format!(
        "# From {}; see filterd.toml(5).\n\n{}",
        names.join(", "),
        dump::changed(&raw).trim_end()
    ));
    for name in raw.strangers() {
        print::error(&format!("filterd: left out: {name} means nothing here"));
    }
    for warning in &raw.warnings {
        print::error(&format!("filterd: {warning}"));
    }
    exit::OK
}

/// `config doc`: what settings mean; all of them in a list without a name.
fn explain_setting(name: Option<&str>) -> u8 {
    let Some(name) = name else {
        let mut table = Table::new(&[
            ("SETTING", Side::Left),
            ("DEFAULT", Side::Left),
            ("MEANING", Side::Left),
        ]);
        let mut rows: Vec<&Setting> = settings::SETTINGS.iter().collect();
        rows.sort_by_key(|setting| setting.name);
        for setting in rows {
            table.add(vec![
                setting.name.to_owned(),
                default(setting),
                plain(setting.doc),
            ]);
        }
        for line in table.lines(Colours::detect(), |_, _, cell| cell) {
            print::out(line.trim_end());
        }
        return exit::OK;
    };
    let perl = match name.chars().next() {
        Some('$' | '@' | '%') => settings::find(name).map(Known::perl),
        _ => settings::find_by_toml_name(name),
    };
    let Some(perl) = perl else {
        let names: Vec<&str> = settings::SETTINGS
            .iter()
            .map(|setting| setting.name)
            .collect();
        let nearest = settings::nearest_of(name, names.into_iter());
        let advice =
            nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"));
        print::error(&format!("filterd: unknown setting {name}{advice}"));
        return exit::USAGE;
    };
    print::out(&described(perl));
    exit::OK
}

fn described(perl: &'static str) -> String {
    let in_bank = match dynamic::find(perl.get(1..).unwrap_or_default()) {
        Some(found) if found == perl && dynamic::has_effect(perl) => "yes",
        Some(found) if found == perl => "yes, without effect",
        _ => "no",
    };
    let Some(setting) = settings::setting(perl) else {
        return format!(
            "{}\n  in amavisd.conf    {perl}\n  in a policy bank   {in_bank}\n\nKnown, but it has no effect.",
            settings::toml_name(perl)
        );
    };
    format!(
        "{}\n  in amavisd.conf    {perl}\n  kind               {}\n  default            {}\n  in a policy bank   {in_bank}\n\n{}",
        setting.name,
        setting.kind,
        default(setting),
        plain(setting.doc)
    )
}

fn default(setting: &Setting) -> String {
    match (setting.kind, setting.default) {
        (_, Default::Text(text)) if text.contains('\n') => "a text of several lines".to_owned(),
        (_, Default::None) => "-".to_owned(),
        (Kind::Flag, Default::Text(text)) => (text == "1").to_string(),
        (_, Default::Text(text)) => text.to_owned(),
        (_, Default::List(texts)) => texts.join(", "),
    }
}

/// Without the marks of documentation.
fn plain(doc: &str) -> String {
    doc.replace('`', "")
}

fn refuse(errors: &ConfigErrors) -> u8 {
    for error in &errors.0 {
        print::error(&format!("filterd: {error}"));
    }
    exit::CONFIG
}
