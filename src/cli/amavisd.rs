//! The original's command line, to the letter: options, commands, texts, exit statuses.
//!
//! # Source
//! daemon.md 1.1.

mod arguments;

use std::{ffi::OsString, path::Path, process::ExitCode, time::Duration};

use self::arguments::{Arguments, Parsed, Verb, parse};
use super::{check_config, control, daemon, exit, filterd, print};
use crate::{
    config::{
        files::{Sources, drop_in_files},
        secure_open::Guard,
        settled::{Config, PidFile},
    },
    supervisor::pid_file::{Holder, holder},
    sys::{
        process::{self, Send},
        wait::pause,
    },
};

/// What the original answers to `-V`.
const VERSION: &str = "amavis-2.13.0 (20230106)";

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let given: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let arguments = match parse(&given) {
        Parsed::Run(arguments) => arguments,
        Parsed::Version => {
            print::out(VERSION);
            return exit::code(1);
        }
        Parsed::Help => {
            print::out(&format!("{VERSION}\n\n{}", usage()));
            return exit::code(1);
        }
        Parsed::Wrong(lines) => {
            lines.iter().for_each(|line| print::error(line));
            print::error(&format!("\n{}", usage()));
            return exit::code(1);
        }
        Parsed::WrongValue(what) => {
            print::error(&what);
            return exit::code(1);
        }
    };
    exit::code(run(*arguments))
}

fn usage() -> String {
    "Usage:\n  amavisd [-u user] [-g group] [-i instance_name] {-c config_file}\n          [-d log_level,area,...] [-X magic1,magic2,...]\n          \
     [-m max_servers] {-p listen_port_or_socket}\n          [-L lock_file] [-P pid_file] [-H home_dir]\n          \
     [-D db_home_dir | -D ''] [-Q quarantine_dir | -Q '']\n          [-R chroot_dir | -R ''] [-S helpers_home_dir] [-T tempbase_dir]\n          \
     ( [start] | stop | reload | restart | debug | debug-sa | foreground |\n            showkeys {domains} | testkeys {domains} | genrsa file_name [nbits]\n            \
     convert_keysfile file_name | test-config )\n  where domains is a list of domain names, and dkim keys are not handled yet\n  or: amavisd (-h | -V)"
        .to_owned()
}

fn run(arguments: Arguments) -> u8 {
    if let Some(word) = arguments.verb.not_there_yet() {
        print::error(&format!("amavisd: {word} is not there yet"));
        return 1;
    }
    let sources = match sources(&arguments) {
        Ok(sources) => sources,
        Err(error) => {
            print::error(&error);
            return 1;
        }
    };
    if arguments.verb == Verb::TestConfig {
        let wish = check_config::Wish {
            probe: false,
            json: false,
            postfix: "/etc/postfix".into(),
        };
        return u8::from(check_config::run(&sources, &wish) != exit::OK);
    }
    let config = match sources.load() {
        Ok(config) => config,
        Err(errors) => {
            print::error(&errors.to_string());
            return 1;
        }
    };
    match arguments.verb {
        Verb::Stop => stop(&config),
        Verb::Reload => reload(&config),
        Verb::Restart => match stop(&config) {
            0 => restart(sources, config),
            status => status,
        },
        verb => start(sources, config, verb),
    }
}

fn sources(arguments: &Arguments) -> Result<Sources, String> {
    let named = arguments.files.clone();
    let files = if named.is_empty() {
        drop_in_files(Path::new("/")).map_err(|error| error.to_string())?
    } else {
        filterd::absolute(named)?
    };
    let mut sources = Sources {
        files,
        overrides: arguments.overrides.clone(),
        guard: Guard::Off,
    };
    if !arguments.is_unguarded {
        sources.guard = filterd::guard(&sources);
    }
    Ok(sources)
}

fn start(sources: Sources, config: Config, verb: Verb) -> u8 {
    let foreground = matches!(verb, Verb::Foreground | Verb::Debug);
    let mut check_arguments: Vec<OsString> = Vec::new();
    for file in &sources.files {
        check_arguments.extend(["-c".into(), file.clone().into_os_string()]);
    }
    if sources.guard == Guard::Off {
        check_arguments.extend(["-X".into(), "no_conf_file_writable_check".into()]);
    }
    check_arguments.push("test-config".into());
    let name = std::env::args()
        .next()
        .unwrap_or_else(|| "amavisd".to_owned());
    let wish = daemon::Wish {
        foreground,
        logs_to_standard_error: verb == Verb::Debug,
        name,
        program: daemon::Program::Amavisd,
        check_arguments,
    };
    match daemon::run(sources, config, wish) {
        Ok(()) => 0,
        Err(failure) => match failure.report(daemon::Program::Amavisd) {
            exit::CANNOT_CREATE => 2,
            _ => 1,
        },
    }
}

fn restart(sources: Sources, config: Config) -> u8 {
    print::out("waiting for dust to settle...");
    pause(Duration::from_secs(5));
    print::out("becoming a new daemon...");
    start(sources, config, Verb::Start)
}

/// The daemon's process id: the service manager's word, or the pid file's. `verb` is what cannot be done without it.
fn running(config: &Config, verb: &str) -> Result<u32, String> {
    if let Some(pid) = std::env::var("MAINPID")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        return Ok(pid);
    }
    let path = match &config.process.pid_file {
        PidFile::Set(path) | PidFile::Default(path) => path,
        PidFile::None => return control::find_master(config),
    };
    let apparently = "The amavisd daemon is apparently not running";
    match holder(path)
        .map_err(|error| format!("cannot read the PID file {}: {error}", path.display()))?
    {
        Holder::Running(pid) => Ok(pid),
        Holder::Nobody => control::find_master(config)
            .map_err(|_| format!("{apparently}, no PID file {}", path.display())),
        Holder::Empty => Err(format!("{apparently}, empty PID file {}", path.display())),
        Holder::Stale(_) => Err(format!("{apparently}, cannot {verb} it.")),
    }
}

fn stop(config: &Config) -> u8 {
    let pid = match running(config, "stop") {
        Ok(pid) => pid,
        Err(why) => {
            print::error(&why);
            return 1;
        }
    };
    if let Err(why) = control::tell(pid, Send::Terminate) {
        print::error(&why);
        return 1;
    }
    let mut told = crate::sys::clock::Deadline::after(Duration::from_secs(1));
    let ended = control::wait_for_end(pid, Duration::from_secs(60), || {
        if told.has_passed() {
            told = crate::sys::clock::Deadline::after(Duration::from_secs(5));
            print::out(&format!("Waiting for the process [{pid}] to terminate"));
        }
    });
    if ended {
        print::out(&format!("Daemon [{pid}] terminated by SIGTERM"));
        return 0;
    }
    match process::signal(pid, Send::Kill) {
        Ok(()) => {
            print::out(&format!("Daemon [{pid}] terminated by SIGKILL"));
            0
        }
        Err(error) => {
            print::error(&format!("cannot kill process {pid}: {error}"));
            1
        }
    }
}

/// The configuration was read a moment ago, so it is good.
fn reload(config: &Config) -> u8 {
    match running(config, "reload").and_then(|pid| control::tell(pid, Send::HangUp)) {
        Ok(()) => 0,
        Err(why) => {
            print::error(&why);
            1
        }
    }
}
