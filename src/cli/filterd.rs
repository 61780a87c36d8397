//! The native command line.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{
    check_config, config, control, daemon, decoders, demo, exit, explain, learn, print, quarantine,
    scan, status,
};
use crate::{
    config::{
        files::{Sources, drop_in_files, native_files},
        secure_open::Guard,
        value::Value,
    },
    sys::{process::Send, user},
};

/// Where the native configuration is.
const FOLDER: &str = "/etc/filterd";
/// User and group of both packages.
const USER: &str = "amavis";

/// Runs the program; under the name `amavisd` it takes the original's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    if let Some(program) = super::helpers::program(&name) {
        return program();
    }
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let status = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
            // Printing fails only if nobody is there to read.
            drop(error.print());
            return exit::code(status);
        }
    };
    exit::code(run(&matches))
}

/// Arguments of every command: which configuration, and how to read it.
fn common() -> [Arg; 4] {
    let config = Arg::new("config")
        .short('c')
        .long("config")
        .value_name("FILE")
        .action(ArgAction::Append)
        .global(true)
        .value_parser(value_parser!(PathBuf))
        .help("Configuration file; may repeat. *.toml is TOML, everything else the syntax of amavisd.conf");
    let flags =
        Arg::new("flags").short('X').value_name("WORD").action(ArgAction::Append).global(true).help(
            "Magic words; no_conf_file_writable_check accepts a configuration that the daemon's user could change",
        );
    let amavis = Arg::new("amavis")
        .long("amavis")
        .action(ArgAction::SetTrue)
        .global(true)
        .conflicts_with("config")
        .help("The configuration files that amavisd takes by itself");
    let user = Arg::new("user")
        .short('u')
        .long("user")
        .value_name("USER")
        .global(true)
        .help("Run as this user when started by root");
    [config, amavis, flags, user]
}

/// The arguments, as clap knows them; also the source of `--help`.
fn command() -> Command {
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print JSON, for programs");
    let state = Arg::new("state")
        .long("state-dir")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help("Folder of the scoreboard, instead of asking the configuration");
    Command::new("filterd")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Mail content filter between Postfix and scanners; a drop-in for amavisd-new")
        .after_help("Without a command, filterd starts as a daemon; with -n, in the foreground.\nSee also: filterd(8), filterd.toml(5)")
        .args(common())
        .arg(Arg::new("foreground").short('n').long("foreground").action(ArgAction::SetTrue).help("Stay in the foreground and log to standard error"))
        .arg(Arg::new("level").short('d').long("log-level").value_name("LEVEL").global(true).help("Log level, 0 to 5"))

        .subcommand(
            Command::new("check-config")
                .about("Check the configuration, and whether Postfix's side fits it")
                .arg(Arg::new("probe").long("probe").action(ArgAction::SetTrue).help("Also try the sockets and the next hops"))
                .arg(Arg::new("postfix").long("postfix").value_name("DIR").default_value("/etc/postfix").value_parser(value_parser!(PathBuf)).help("Postfix's configuration folder"))
                .arg(json.clone()),
        )
        .subcommand(Command::new("status").about("Show what the running filterd and its children are doing").args(status_arguments()).arg(json.conflicts_with_all(["metrics", "watch"])).arg(state.clone()))
        .subcommand(Command::new("reload").about("Check the configuration, then have the running filterd take it over").arg(state.clone()))
        .subcommand(config::command())
        .subcommand(explain::command())
        .subcommand(scan::command())
        .subcommand(decoders::command())
        .subcommand(learn::command())
        .subcommand(quarantine::command())
        .subcommand(demo_command())
        .subcommand(
            Command::new("demo-next-hop")
                .hide(true)
                .arg(Arg::new("maildir").required(true).value_parser(value_parser!(PathBuf))),
        )
        .subcommand(Command::new("stop").about("Stop the running filterd; messages in work are finished").arg(state))
}

fn demo_command() -> Command {
    let folder = Arg::new("dir")
        .long("dir")
        .value_name("DIR")
        .default_value("./filterd-demo")
        .value_parser(value_parser!(PathBuf))
        .help("Folder for the delivered mail and the log");
    Command::new("demo")
        .about("Show the main job here and now: real daemon, own next hop, sample messages; no root, no Postfix")
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .help("End after the samples"),
        )
        .arg(
            Arg::new("without-next-hop")
                .long("without-next-hop")
                .action(ArgAction::SetTrue)
                .help("Leave the next hop out, to see how mail waits with the client"),
        )
        .arg(folder)
}

fn run(matches: &ArgMatches) -> u8 {
    match matches.subcommand() {
        None => start(matches),
        Some(("check-config", sub)) => with_sources(sub, |sources| {
            let postfix = sub
                .get_one::<PathBuf>("postfix")
                .cloned()
                .unwrap_or_default();
            check_config::run(
                &sources,
                &check_config::Wish {
                    probe: sub.get_flag("probe"),
                    json: sub.get_flag("json"),
                    postfix,
                },
            )
        }),
        Some(("status", sub)) => match state_dir(sub) {
            Ok(folder) => status::show(&folder, status_form(sub)),
            Err(status) => status,
        },
        Some(("config", sub)) => config::run(sub),
        Some(("explain", sub)) => explain::run(sub),
        Some(("scan", sub)) => scan::run(sub),
        Some(("decoders", sub)) => decoders::run(sub),
        Some(("learn", sub)) => learn::run(sub),
        Some(("quarantine", sub)) => quarantine::run(sub),
        Some(("reload", sub)) => reload(sub),
        Some(("stop", sub)) => stop(sub),
        Some(("demo", sub)) => demo(sub),
        Some(("demo-next-hop", sub)) => demo::next_hop::run(&path_of(sub, "maildir")),
        Some((other, _)) => {
            print::error(&format!("filterd: unknown command {other}"));
            exit::USAGE
        }
    }
}

/// In which other forms the status is shown.
fn status_arguments() -> [Arg; 3] {
    [
        Arg::new("metrics")
            .long("metrics")
            .action(ArgAction::SetTrue)
            .conflicts_with("watch")
            .help("Print metrics in the text format of Prometheus"),
        Arg::new("watch")
            .long("watch")
            .action(ArgAction::SetTrue)
            .help("Show it again and again, until interrupted"),
        Arg::new("interval")
            .long("interval")
            .value_name("SECONDS")
            .requires("watch")
            .default_value("2")
            .value_parser(value_parser!(u64).range(1..=3600))
            .help("How often"),
    ]
}

fn status_form(matches: &ArgMatches) -> status::Form {
    if matches.get_flag("watch") {
        status::Form::Watch(matches.get_one("interval").copied().unwrap_or(2))
    } else if matches.get_flag("metrics") {
        status::Form::Metrics
    } else if matches.get_flag("json") {
        status::Form::Json
    } else {
        status::Form::Text
    }
}

/// The demonstration, which has a configuration of its own.
fn demo(matches: &ArgMatches) -> u8 {
    const OF_A_CONFIGURATION: [(&str, &str); 4] = [
        ("config", "-c"),
        ("level", "-d"),
        ("user", "-u"),
        ("flags", "-X"),
    ];
    let named = OF_A_CONFIGURATION
        .into_iter()
        .filter(|(name, _)| matches.contains_id(name));
    let amavis = [("amavis", "--amavis")]
        .into_iter()
        .filter(|(name, _)| matches.get_flag(name));
    if let Some((_, option)) = named.chain(amavis).next() {
        print::error(&format!(
            "filterd demo: {option} is not possible here: the demonstration has a configuration of its own"
        ));
        return exit::USAGE;
    }
    demo::run(&demo::Wish {
        once: matches.get_flag("once"),
        without_next_hop: matches.get_flag("without-next-hop"),
        folder: &path_of(matches, "dir"),
    })
}

/// An argument that clap has made sure of.
fn path_of(matches: &ArgMatches, name: &str) -> PathBuf {
    matches
        .get_one::<PathBuf>(name)
        .cloned()
        .unwrap_or_default()
}

/// Where the configuration is, by the command line or by default.
/// Does the command line say which configuration is meant?
pub(super) fn names_configuration(matches: &ArgMatches) -> bool {
    matches.contains_id("config") || matches.get_flag("amavis")
}

fn sources(matches: &ArgMatches) -> Result<Sources, String> {
    let named: Vec<PathBuf> = matches
        .get_many::<PathBuf>("config")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let files = if matches.get_flag("amavis") {
        drop_in_files(Path::new("/")).map_err(|error| error.to_string())?
    } else if named.is_empty() {
        native_files(Path::new(FOLDER)).map_err(|error| error.to_string())?
    } else {
        absolute(named)?
    };
    let mut overrides = Vec::new();
    if let Some(level) = matches.get_one::<String>("level") {
        overrides.push(("$log_level".to_owned(), Value::text(level.as_str())));
    }
    if let Some(user) = matches.get_one::<String>("user") {
        overrides.push(("$daemon_user".to_owned(), Value::text(user.as_str())));
    }
    let words = matches.get_many::<String>("flags").into_iter().flatten();
    let is_unguarded = words
        .flat_map(|words| words.split(','))
        .any(|word| word == "no_conf_file_writable_check");
    let mut sources = Sources {
        files,
        overrides,
        guard: Guard::Off,
    };
    if user::is_superuser() {
        take_default_user(&mut sources, USER);
    }
    if !is_unguarded {
        sources.guard = guard(&sources);
    }
    Ok(sources)
}

/// Paths that stay right when the working folder changes.
pub(super) fn absolute(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, String> {
    files
        .into_iter()
        .map(|file| {
            std::path::absolute(&file).map_err(|error| format!("{}: {error}", file.display()))
        })
        .collect()
}

/// Against whom the files are guarded: the user that the configuration names, if we are root; else ourselves.
pub(super) fn guard(sources: &Sources) -> Guard {
    if !user::is_superuser() {
        return Guard::Against {
            uid: user::effective_user(),
            gid: user::effective_group(),
        };
    }
    // The first reading finds out whom it must be guarded against; it is made again, guarded, before anything is believed.
    let identity = sources.load().ok().and_then(|config| {
        let name = config.process.user.clone()?;
        user::Identity::look_up(&name, &config.process.groups).ok()
    });
    identity.map_or(Guard::Against { uid: 0, gid: 0 }, |identity| {
        Guard::Against {
            uid: identity.uid(),
            gid: identity.gid(),
        }
    })
}

pub(super) fn with_sources(matches: &ArgMatches, then: impl FnOnce(Sources) -> u8) -> u8 {
    match sources(matches) {
        Ok(sources) => then(sources),
        Err(error) => {
            print::error(&format!("filterd: {error}"));
            exit::CONFIG
        }
    }
}

/// For root, where the configuration names no user: the package's, if the machine has it. Whoever it is must be known before the
/// files are guarded against them.
fn take_default_user(sources: &mut Sources, name: &str) {
    let names_nobody = sources
        .load()
        .is_ok_and(|config| config.process.user.is_none());
    if names_nobody && user::Identity::look_up(name, &[]).is_ok() {
        let setting = "$daemon_user".to_owned();
        sources.overrides.push((setting, Value::text(name)));
    }
}

fn start(matches: &ArgMatches) -> u8 {
    with_sources(matches, |sources| {
        let config = match sources.load() {
            Ok(config) => config,
            Err(errors) => {
                print::error(&errors.to_string());
                return exit::CONFIG;
            }
        };
        let foreground = matches.get_flag("foreground");
        let mut check_arguments: Vec<OsString> = vec!["check-config".into()];
        for file in &sources.files {
            check_arguments.extend(["-c".into(), file.clone().into_os_string()]);
        }
        if sources.guard == Guard::Off {
            check_arguments.extend(["-X".into(), "no_conf_file_writable_check".into()]);
        }
        let wish = daemon::Wish {
            foreground,
            logs_to_standard_error: foreground,
            name: "filterd".to_owned(),
            program: daemon::Program::Filterd,
            check_arguments,
        };
        match daemon::run(sources, config, wish) {
            Ok(()) => exit::OK,
            Err(failure) => failure.report(daemon::Program::Filterd),
        }
    })
}

/// The folder of the scoreboard: named, or the configuration's.
fn state_dir(matches: &ArgMatches) -> Result<PathBuf, u8> {
    if let Some(folder) = matches.get_one::<PathBuf>("state") {
        return Ok(folder.clone());
    }
    let mut found = Err(exit::CONFIG);
    with_sources(matches, |mut sources| {
        sources.guard = Guard::Off;
        match sources.load() {
            Ok(config) => {
                found = Ok(config.process.state_dir);
                exit::OK
            }
            Err(errors) => {
                print::error(&errors.to_string());
                exit::CONFIG
            }
        }
    });
    found
}

fn reload(matches: &ArgMatches) -> u8 {
    let folder = match state_dir(matches) {
        Ok(folder) => folder,
        Err(status) => return status,
    };
    if let Err(why) = control::master_of(&folder) {
        return finish(Err(why));
    }
    if matches.get_one::<PathBuf>("state").is_none() {
        // The running one keeps what it has if this fails; say so before it is asked.
        let mut checked = exit::OK;
        with_sources(matches, |sources| {
            if let Err(errors) = sources.load() {
                print::error(&errors.to_string());
                print::error("filterd: not reloaded");
                checked = exit::CONFIG;
            }
            checked
        });
        if checked != exit::OK {
            return checked;
        }
    }
    finish(control::reload(&folder))
}

fn stop(matches: &ArgMatches) -> u8 {
    let folder = match state_dir(matches) {
        Ok(folder) => folder,
        Err(status) => return status,
    };
    finish(control::master_of(&folder).and_then(|pid| {
        control::tell(pid, Send::Terminate)?;
        let patience = Duration::from_secs(75);
        if control::wait_for_end(pid, patience, || {}) {
            Ok(())
        } else {
            Err(format!(
                "process {pid} has not ended after {} s",
                patience.as_secs()
            ))
        }
    }))
}

fn finish(result: Result<(), String>) -> u8 {
    match result {
        Ok(()) => exit::OK,
        Err(why) => {
            print::error(&format!("filterd: {why}"));
            exit::UNAVAILABLE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_user_is_taken_where_none_is_set() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("filterd.toml");
        let taken = |text: &str, user: &str| {
            std::fs::write(&file, text).unwrap();
            let mut sources = Sources {
                files: vec![file.clone()],
                overrides: Vec::new(),
                guard: Guard::Off,
            };
            take_default_user(&mut sources, user);
            sources.load().ok().and_then(|config| config.process.user)
        };
        assert_eq!(taken("", "nobody").as_deref(), Some("nobody"));
        assert_eq!(taken("", "no-such-user-here"), None);
        let named = "daemon_user = \"daemon\"";
        assert_eq!(taken(named, "nobody").as_deref(), Some("daemon"));
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
