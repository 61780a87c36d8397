//! `filterd learn`: has spamd learn messages as spam or as what is none.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{exit, filterd, print};
use crate::{
    config::{resolve::resolve, scanner::SpamProtocol, settled::Config},
    scan::{
        ScanError,
        spam::{Lesson, learn},
    },
    sys::clock::Deadline,
};

/// Longest wait for each message and engine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest message, octets.
const LARGEST: u64 = 64 << 20;

/// The command, as clap knows it.
pub(super) fn command() -> Command {
    Command::new("learn")
        .about("Have spamd learn messages as spam, or as what is none; it must allow that (--allow-tell)")
        .arg(
            Arg::new("kind")
                .value_name("spam|ham|forget")
                .value_parser(["spam", "ham", "forget"])
                .required(true)
                .help("What they are; forget takes back what was learned of them"),
        )
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .num_args(1..)
                .required(true)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help("Messages; - is standard input"),
        )
        .arg(
            Arg::new("user-name")
                .long("user-name")
                .value_name("NAME")
                .help("Whose preferences and database, as @sa_username_maps has it"),
        )
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    let mut status = exit::CONFIG;
    filterd::with_sources(matches, |sources| {
        let config = sources.read().and_then(|raw| resolve(&raw));
        status = match config {
            Ok(config) => all(matches, &config),
            Err(errors) => {
                print::error(&format!("filterd: {errors}"));
                exit::CONFIG
            }
        };
        status
    });
    status
}

fn all(matches: &ArgMatches, config: &Config) -> u8 {
    let engines = config.scan.spam.iter();
    let engines: Vec<_> = engines
        .filter_map(|engine| match &engine.how {
            SpamProtocol::Spamd(addresses) => Some((&engine.name, addresses)),
            _ => None,
        })
        .collect();
    if engines.is_empty() {
        print::error("filterd learn: no spamd is configured in @spam_scanners");
        return exit::CONFIG;
    }
    let kind = matches.get_one::<String>("kind").map_or("", String::as_str);
    let user = matches.get_one::<String>("user-name").map(String::as_str);
    let mut status = exit::OK;
    for file in matches.get_many::<PathBuf>("files").into_iter().flatten() {
        let shown = crate::log::escape(file.display().to_string());
        let message = match read(file) {
            Ok(message) => message,
            Err(error) => {
                print::error(&format!("filterd: {shown}: {error}"));
                status = exit::NO_INPUT;
                continue;
            }
        };
        for (name, addresses) in &engines {
            let lesson = Lesson {
                kind,
                message: &message,
                user,
            };
            match learn(addresses, &lesson, Deadline::after(PATIENCE)) {
                Ok(true) => print::out(&format!("{shown}: {name} has learned it as {kind}")),
                Ok(false) => print::out(&format!("{shown}: {name} knew that already")),
                Err(error) => {
                    print::error(&format!("filterd: {shown}: {name}: {}", words(&error)));
                    status = exit::UNAVAILABLE;
                }
            }
        }
    }
    status
}

fn words(error: &ScanError) -> String {
    format!("{error}; does it run with --allow-tell?")
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(file)?)
    };
    let mut octets = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "limited by take")]
    source.take(LARGEST + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("is larger than {LARGEST} octets")));
    }
    Ok(octets)
}
