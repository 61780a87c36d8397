//! The arguments of `filterd quarantine`, as clap knows them.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::select::{self, parse_age, parse_size};
use crate::config::settled::ReleaseFormat;

/// The command.
pub(in crate::cli) fn command() -> Command {
    Command::new("quarantine")
        .about("List, show, release, report, delete or expire mail that was kept")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("folder")
                .long("dir")
                .value_name("DIR")
                .global(true)
                .value_parser(value_parser!(PathBuf))
                .help("Quarantine folder, instead of the configuration's"),
        )
        .subcommand(list())
        .subcommand(
            Command::new("show")
                .about("Show what a copy is about, and its header section")
                .arg(ids())
                .arg(flag(
                    "raw",
                    "Print the copy as it is kept, and nothing else",
                ))
                .arg(flag("json", "Print JSON, for programs")),
        )
        .subcommand(sending(
            "release",
            "Send mail to those who did not get it, or to those that are named",
        ))
        .subcommand(sending(
            "requeue",
            "Send mail through the whole mail system again",
        ))
        .subcommand(sending(
            "report",
            "Send mail to somebody as a report about it",
        ))
        .subcommand(
            Command::new("delete")
                .about("Remove copies for good")
                .arg(ids())
                .arg(flag("dry-run", "Only say what would be removed")),
        )
        .subcommand(expire())
}

fn list() -> Command {
    select::filters(Command::new("list").about("List copies, the newest first"))
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("NUMBER")
                .value_parser(value_parser!(usize))
                .help("At most so many; without it all, but no more than 50 on a terminal"),
        )
        .arg(flag("json", "Print JSON, for programs"))
}

fn sending(name: &'static str, about: &'static str) -> Command {
    Command::new(name)
        .about(about)
        .arg(ids())
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("RECIPIENT")
                .action(ArgAction::Append)
                .help("Who is to get it; may repeat. Without it, those who did not get it"),
        )
        .arg(flag("all", "All recipients of the message").conflicts_with("to"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(ReleaseFormat::NAMES)
                .help("How it is sent, instead of release_format or report_format"),
        )
        .arg(
            Arg::new("by")
                .long("requested-by")
                .value_name("ADDRESS")
                .help("Who wishes it, for Resent-From"),
        )
        .arg(flag(
            "delete",
            "Remove a copy when everybody who was to get it has it",
        ))
}

fn expire() -> Command {
    Command::new("expire")
        .about("Remove old copies, or the oldest until the rest fits a size")
        .arg(
            Arg::new("older")
                .long("older")
                .value_name("AGE")
                .required_unless_present("size")
                .value_parser(parse_age)
                .help("Remove copies older than this, such as 30d, 12h or 4w"),
        )
        .arg(
            Arg::new("size")
                .long("max-size")
                .value_name("SIZE")
                .value_parser(parse_size)
                .help("Remove the oldest copies until all together have at most this size, such as 10G"),
        )
        .arg(
            Arg::new("kind")
                .long("kind")
                .value_name("KIND")
                .action(ArgAction::Append)
                .value_parser(select::KINDS)
                .help("Only copies of this kind; may repeat"),
        )
        .arg(flag("dry-run", "Only say what would be removed"))
}

fn ids() -> Arg {
    Arg::new("ids")
        .value_name("ID")
        .num_args(1..)
        .required(true)
        .help("Mail ids, or names of files as the log has them after \"quarantine:\"")
}

pub(super) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}
