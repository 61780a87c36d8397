//! `filterd scan`: what is in messages, and what is odd about it; no daemon is needed.

mod drawing;
mod inspection;
mod verdicts;

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use self::{
    drawing::show,
    inspection::{Way, scan},
    verdicts::Scanners,
};
use super::{exit, filterd, print, table::Colours};
use crate::{
    config::resolve::resolve, mail::address::Address, policy::banned::Rules, unpack::budget::Limits,
};

/// How long a command works before it shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// The command, as clap knows it.
pub(super) fn command() -> Command {
    Command::new("scan")
        .about("Show what is in messages, and what is odd about it; no daemon is needed")
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .num_args(1..)
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Messages; - is standard input"),
        )
        .arg(
            Arg::new("to").long("to").value_name("RECIPIENT").help(
                "Whose banned rules of the configuration count; the null address if not given",
            ),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON, for programs"),
        )
        .arg(
            Arg::new("no-virus")
                .long("no-virus")
                .action(ArgAction::SetTrue)
                .help("Do not ask the virus scanners of the configuration"),
        )
        .arg(
            Arg::new("no-spam")
                .long("no-spam")
                .action(ArgAction::SetTrue)
                .help("Do not ask the spam engines of the configuration"),
        )
        .arg(
            Arg::new("extract")
                .long("extract")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Write what is in them into this folder, under names of our own"),
        )
}

/// What a configuration says about scanning.
#[derive(Debug, Default)]
struct Settings {
    rules: Rules,
    limits: Limits,
    scanners: Scanners,
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    if matches.contains_id("to") && !filterd::names_configuration(matches) {
        print::error(
            "filterd scan: --to is about the rules of a configuration: name one with -c FILE or --amavis",
        );
        return exit::USAGE;
    }
    let settings = match settings(matches) {
        Ok(settings) => settings,
        Err(error) => {
            print::error(&format!("filterd: {error}"));
            return exit::CONFIG;
        }
    };
    let folder = matches.get_one::<PathBuf>("extract").map(PathBuf::as_path);
    let files: Vec<&PathBuf> = matches
        .get_many::<PathBuf>("files")
        .into_iter()
        .flatten()
        .collect();
    let is_json = matches.get_flag("json");
    let mut progress = Progress::new(files.len(), is_json || io::stdout().is_terminal());
    let mut status = exit::OK;
    let mut all = Vec::new();
    for (number, file) in files.into_iter().enumerate() {
        progress.show(number, file);
        let way = Way {
            folder,
            number: number + 1,
            rules: &settings.rules,
            limits: settings.limits,
            scanners: &settings.scanners,
        };
        match scan(file, &way) {
            Ok(scanned) => {
                if scanned.is_odd() && status == exit::OK {
                    status = exit::ODD;
                }
                if is_json {
                    all.push(scanned);
                } else {
                    progress.clear();
                    show(&scanned, Colours::detect());
                }
            }
            Err(error) => {
                progress.clear();
                print::error(&format!("filterd: {}: {error}", file.display()));
                status = exit::NO_INPUT;
            }
        }
    }
    progress.clear();
    if is_json {
        print::out(&serde_json::to_string_pretty(&all).unwrap_or_default());
    }
    status
}

/// Banned rules of a recipient, and limits, if a configuration is named.
fn settings(matches: &ArgMatches) -> Result<Settings, String> {
    if !filterd::names_configuration(matches) {
        return Ok(Settings::default());
    }
    let recipient = matches.get_one::<String>("to").map_or("", String::as_str);
    let recipient = Address::parse(recipient.as_bytes())
        .map_err(|error| format!("{recipient:?} is no address: {error}"))?;
    let mut found = Err("no configuration".to_owned());
    filterd::with_sources(matches, |sources| {
        let read = sources.read().and_then(|raw| {
            let config = resolve(&raw)?;
            let wants = |option: &str| !matches.get_flag(option);
            Ok(Settings {
                scanners: Scanners::of(&config, wants("no-virus"), wants("no-spam")),
                rules: Rules {
                    names: config.checks.banned.of(&recipient),
                    paths: config.checks.banned_paths,
                },
                limits: config.unpack,
            })
        });
        found = read.map_err(|errors| errors.to_string());
        exit::OK
    });
    found
}

/// How far a long run is, on a terminal.
struct Progress {
    began: Instant,
    total: usize,
    is_wanted: bool,
    is_shown: bool,
}

impl Progress {
    fn new(total: usize, is_wanted: bool) -> Self {
        Self {
            began: Instant::now(),
            total,
            is_wanted: is_wanted && total > 1 && io::stderr().is_terminal(),
            is_shown: false,
        }
    }

    fn show(&mut self, done: usize, file: &Path) {
        const WIDTH: usize = 24;
        if !self.is_wanted || self.began.elapsed() < PATIENCE {
            return;
        }
        let filled = done * WIDTH / self.total;
        let bar: String = (0..WIDTH)
            .map(|at| if at < filled { '#' } else { '.' })
            .collect();
        let name = crate::log::escape(file.display().to_string());
        let name: String = name.chars().take(40).collect();
        // A terminal that cannot be written to shows nothing.
        let _shown = write!(
            io::stderr(),
            "\r\x1b[K[{bar}] {done} of {} {name}",
            self.total
        );
        self.is_shown = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _cleared = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
