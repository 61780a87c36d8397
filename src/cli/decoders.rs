//! `filterd decoders`: what can be looked into, and how.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::{
    exit, print,
    table::{Colours, Side, Table},
};
use crate::{sys::sandbox, unpack::decoder::DECODERS};

/// The command, as clap knows it.
pub(super) fn command() -> Command {
    Command::new("decoders")
        .about("Show what can be looked into, by which decoder, and how decoders are fenced in")
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON, for programs"),
        )
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    kinds: &'static [&'static str],
    by: &'static str,
    runs_in: &'static str,
}

#[derive(Serialize)]
struct Listing {
    decoders: Vec<Listed>,
    has_landlock: bool,
}

/// Runs it; gives the exit status.
pub(super) fn run(matches: &ArgMatches) -> u8 {
    let listing = Listing {
        decoders: DECODERS
            .iter()
            .map(|decoder| Listed {
                name: decoder.name,
                kinds: decoder.kinds,
                by: decoder.by,
                runs_in: if decoder.is_fenced {
                    "a decoder process"
                } else {
                    "the child"
                },
            })
            .collect(),
        has_landlock: sandbox::has_landlock(),
    };
    if matches.get_flag("json") {
        print::out(&serde_json::to_string_pretty(&listing).unwrap_or_default());
        return exit::OK;
    }
    show(&listing);
    exit::OK
}

fn show(listing: &Listing) {
    let colours = Colours::detect();
    let mut table = Table::new(&[
        ("what", Side::Left),
        ("short types", Side::Left),
        ("decoded by", Side::Left),
        ("runs in", Side::Left),
    ]);
    for decoder in &listing.decoders {
        table.add(vec![
            decoder.name.to_owned(),
            decoder.kinds.join(" "),
            decoder.by.to_owned(),
            decoder.runs_in.to_owned(),
        ]);
    }
    for line in table.lines(colours, |_, _, cell| cell) {
        print::out(&line);
    }
    let files = if listing.has_landlock {
        " and Landlock"
    } else {
        "; this kernel has no Landlock"
    };
    print::out(&format!(
        "\nA decoder process is fenced in by resource limits, a filter of system calls{files}."
    ));
}
