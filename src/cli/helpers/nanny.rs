//! `amavisd-nanny` and `amavisd-agent`: the status of the daemon that `amavisd` starts, again and again.
//!
//! # Source
//! daemon.md 1.5 (arguments).

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use crate::{
    cli::{exit, print, status},
    config::{
        files::{Sources, drop_in_files},
        secure_open::Guard,
    },
};

/// Names the folder of the scoreboard, as it named that of the original's databases.
const VARIABLE: &str = "AMAVISD_DB_HOME";

/// What the arguments wish.
#[derive(Debug, PartialEq)]
enum Wish {
    Show { count: u64, every: Duration },
    Help,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let is_agent = program.ends_with("agent");
    let usage = format!(
        "Usage: {program} [-c <count>] [-w <wait-interval>]\n\
         Shows the status count times (for ever), with this many seconds between ({}). See also: filterd status",
        default_wait(is_agent)
    );
    exit::code(match parse(arguments, is_agent) {
        Ok(Wish::Show { count, every }) => match state_dir() {
            Ok(folder) => status::watch(&folder, every, count),
            Err(why) => {
                print::error(&format!("{program}: {why}"));
                exit::CONFIG
            }
        },
        Ok(Wish::Help) => {
            print::out(&usage);
            exit::OK
        }
        Err(why) => {
            print::error(&format!("{program}: {why}\n{usage}"));
            exit::USAGE
        }
    })
}

/// Seconds.
const fn default_wait(is_agent: bool) -> u64 {
    if is_agent { 10 } else { 2 }
}

fn parse(mut arguments: impl Iterator<Item = String>, is_agent: bool) -> Result<Wish, String> {
    let (mut count, mut wait) = (u64::MAX, Duration::from_secs(default_wait(is_agent)));
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "-c" => {
                let text = value()?;
                count = text
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or_else(|| format!("-c {text:?} is not a number above 0"))?;
            }
            "-w" => {
                let text = value()?;
                wait = text
                    .parse::<f64>()
                    .ok()
                    .filter(|seconds| (0.1..=3600.0).contains(seconds))
                    .map(Duration::from_secs_f64)
                    .ok_or_else(|| {
                        format!("-w {text:?} is not a number of seconds, 0.1 to 3600")
                    })?;
            }
            "-h" => return Ok(Wish::Help),
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    Ok(Wish::Show { count, every: wait })
}

/// The folder of the scoreboard: from the environment, or from the configuration that `amavisd` reads.
fn state_dir() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return Ok(folder.into());
    }
    let sources = Sources {
        files: drop_in_files(Path::new("/")).map_err(|error| error.to_string())?,
        overrides: Vec::new(),
        guard: Guard::Off,
    };
    let config = sources.load().map_err(|errors| errors.to_string())?;
    Ok(config.process.state_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_of_the_original() {
        let show = |count, seconds| {
            Ok(Wish::Show {
                count,
                every: Duration::from_secs_f64(seconds),
            })
        };
        let parsed =
            |text: &str, is_agent| parse(text.split_whitespace().map(str::to_owned), is_agent);
        assert_eq!(parsed("", false), show(u64::MAX, 2.0));
        assert_eq!(parsed("", true), show(u64::MAX, 10.0));
        assert_eq!(parsed("-c 3 -w 0.5", false), show(3, 0.5));
        assert_eq!(parsed("-h", false), Ok(Wish::Help));
        for wrong in ["-c", "-c 0", "-c x", "-w 0", "-w nan", "-w 1e9", "-x", "3"] {
            assert!(parsed(wrong, false).is_err(), "{wrong}");
        }
    }
}
