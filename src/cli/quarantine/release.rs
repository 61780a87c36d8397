//! `filterd quarantine release`, `requeue` and `report`: without a daemon, from the folder straight to the next hop.

use std::path::Path;

use clap::ArgMatches;

use super::texts;
use crate::{
    cli::{exit, print},
    config::settled::{Config, ReleaseFormat},
    counters::Cells,
    log::{Log, Settings, Target, escape},
    mail::address::Address,
    outbound::Outbound,
    pipeline::Identifier,
    quarantine::shelf,
    release::{self, Desk, Request, Sent, Verb, Whom},
    sys::clock::Deadline,
};

/// Runs it; gives the exit status.
pub(super) fn run(verb: &str, matches: &ArgMatches, config: &Config, folder: &Path) -> u8 {
    let wish = match Wish::read(verb, matches) {
        Ok(wish) => wish,
        Err(why) => {
            print::error(&format!("filterd quarantine: {}", escape(why)));
            return exit::USAGE;
        }
    };
    let log = log(config);
    let cells = Cells::private();
    let hello = config.identity.localhost_name.clone();
    let mut outbound = Outbound::new(config.delivery.clone(), hello, cells);
    let mut desk = Desk {
        config,
        log: &log,
        outbound: &mut outbound,
        cells,
    };
    let mut status = exit::OK;
    for name in texts(matches, "ids") {
        match one(name, &wish, folder, &mut desk) {
            Ok((place, sent)) => {
                let is_done = tell(&place, &wish, &sent);
                if !is_done {
                    status = exit::UNAVAILABLE;
                } else if matches.get_flag("delete")
                    && let Err(error) = shelf::remove(folder, &place)
                {
                    print::error(&format!(
                        "filterd quarantine: {place} cannot be removed: {error}"
                    ));
                    status = exit::NO_PERMISSION;
                }
            }
            Err(why) => {
                print::error(&format!("filterd quarantine: {}", escape(why)));
                status = exit::NO_INPUT;
            }
        }
    }
    outbound.close();
    status
}

struct Wish {
    verb: Verb,
    format: Option<ReleaseFormat>,
    whom: Whom,
    requested_by: Option<Address>,
}

impl Wish {
    fn read(verb: &str, matches: &ArgMatches) -> Result<Self, String> {
        let verb = Verb::from_name(verb).ok_or("unknown command")?;
        let address = |text: &str| {
            let inner = text.trim_start_matches('<').trim_end_matches('>');
            match Address::parse(inner.as_bytes()) {
                Ok(address) if !address.is_null() => Ok(address),
                Ok(_) => Err(format!("{text:?} is no address")),
                Err(error) => Err(format!("{text:?} is no address: {error}")),
            }
        };
        let named: Vec<Address> = texts(matches, "to")
            .into_iter()
            .map(address)
            .collect::<Result<_, _>>()?;
        let whom = if matches.get_flag("all") {
            Whom::All
        } else if named.is_empty() {
            Whom::Blocked
        } else {
            Whom::Named(named)
        };
        if verb == Verb::Report && !matches!(whom, Whom::Named(_)) {
            return Err("a report goes to somebody: name him with --to".to_owned());
        }
        let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
        Ok(Self {
            verb,
            format: text("format").and_then(ReleaseFormat::from_name),
            whom,
            requested_by: text("by").map(address).transpose()?,
        })
    }
}

fn one(
    name: &str,
    wish: &Wish,
    folder: &Path,
    desk: &mut Desk<'_>,
) -> Result<(String, Vec<Sent>), String> {
    let place = release::find(folder, name)?;
    let new_id = Identifier::default()
        .mail_id()
        .map_err(|error| format!("no random numbers: {error}"))?;
    let request = Request {
        verb: wish.verb,
        format: wish.format,
        place: &place,
        mail_id: None,
        whom: wish.whom.clone(),
        sender: None,
        requested_by: wish.requested_by.clone(),
    };
    let deadline = Deadline::after(desk.config.process.child_timeout);
    let sent = release::release(&request, &new_id, desk, deadline);
    sent.map(|sent| (place, sent))
        .map_err(|error| error.to_string())
}

/// Says what became of a copy; true if everybody has it.
fn tell(place: &str, wish: &Wish, sent: &[Sent]) -> bool {
    let done = match wish.verb {
        Verb::Release => "released",
        Verb::Requeue => "requeued",
        Verb::Report => "reported",
    };
    let mut all = true;
    for (recipient, result) in sent {
        match result {
            Ok(acceptance) => print::out(&escape(format!(
                "{place}: {done} to {recipient}: {} said {}",
                acceptance.taker(),
                acceptance.reply()
            ))),
            Err(reply) => {
                all = false;
                print::error(&escape(format!(
                    "filterd quarantine: {place}: not {done} to {recipient}: {reply}"
                )));
            }
        }
    }
    all
}

/// What is done is noted where the daemon notes it; if that cannot be written, on standard error.
fn log(config: &Config) -> Log {
    let log = &config.log;
    let target = match (&log.file, log.to_syslog) {
        (_, true) => Target::Syslog,
        // One that is made here would not be the daemon's.
        (Some(file), false) if file.exists() => Target::File(file.clone()),
        _ => Target::StandardError,
    };
    let settings = |target: Target, level: i32| Settings {
        level,
        target,
        ident: log.ident.clone(),
        facility: log.facility.clone(),
        longest_line: log.longest_line,
        host: config.identity.host_name.clone(),
        program: "filterd".to_owned(),
    };
    // The terminal is told anyway.
    let level = if target == Target::StandardError {
        -2
    } else {
        log.level
    };
    Log::open(settings(target, level)).unwrap_or_else(|error| {
        print::error(&format!(
            "filterd quarantine: the log cannot be opened: {error}"
        ));
        Log::on_standard_error(settings(Target::StandardError, -2))
    })
}
