//! `filterd quarantine`: what is kept, to look at, to get back and to clear away.

mod arguments;
mod clearing;
mod release;
mod select;
mod show;

use std::path::PathBuf;

use clap::ArgMatches;

pub(super) use self::arguments::command;
use super::{exit, filterd, print};
use crate::config::{resolve::resolve, settled::Config};

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    let mut status = exit::CONFIG;
    filterd::with_sources(matches, |sources| {
        status = match sources.read().and_then(|raw| resolve(&raw)) {
            Ok(config) => with_config(matches, &config),
            Err(errors) => {
                print::error(&format!("filterd: {errors}"));
                exit::CONFIG
            }
        };
        status
    });
    status
}

fn with_config(matches: &ArgMatches, config: &Config) -> u8 {
    let named = matches.get_one::<PathBuf>("folder");
    let mut config = config.clone();
    if let Some(folder) = named {
        config.quarantine.folder = Some(folder.clone());
    }
    let Some(folder) = config.quarantine.folder.clone() else {
        print::error(
            "filterd quarantine: there is no quarantine: quarantinedir is not set (or name one with --dir)",
        );
        return exit::CONFIG;
    };
    match matches.subcommand() {
        Some(("list", sub)) => show::list(sub, &folder),
        Some(("show", sub)) => show::one(sub, &folder),
        Some((verb @ ("release" | "requeue" | "report"), sub)) => {
            release::run(verb, sub, &config, &folder)
        }
        Some(("delete", sub)) => clearing::delete(sub, &folder),
        Some(("expire", sub)) => clearing::expire(sub, &folder),
        _ => {
            print::error("filterd quarantine: what is to be done? See filterd quarantine --help");
            exit::USAGE
        }
    }
}

/// Texts of an argument that may repeat.
fn texts<'m>(matches: &'m ArgMatches, name: &str) -> Vec<&'m str> {
    matches
        .get_many::<String>(name)
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect()
}
