//! Commands in backticks: what a few of them would print is found out without running them.
//!
//! # Source
//! daemon.md 8.5 (the commands that real files use).

use std::path::Path;

use super::World;

/// What `command` would print, without the line end at its end; `None` if it is not one that is known.
///
/// # Errors
/// Why a file that it names was not read.
pub(super) fn output(command: &str, world: &dyn World) -> Option<Result<String, String>> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let program = words.first().map(|program| program.rsplit('/').next())??;
    let found = match (program, words.get(1..).unwrap_or_default()) {
        ("hostname", ["--fqdn" | "--long" | "-f"]) => Ok(world.host_name(true)),
        ("hostname", []) | ("uname", ["-n" | "--nodename"]) => Ok(world.host_name(false)),
        ("head", ["-n", "1", file] | ["-n1" | "-1", file]) => {
            read(file, world).map(|text| text.lines().next().unwrap_or_default().to_owned())
        }
        ("cat", [file]) => read(file, world).map(|text| text.trim_end_matches('\n').to_owned()),
        _ => return None,
    };
    Some(found)
}

fn read(file: &str, world: &dyn World) -> Result<String, String> {
    world
        .read_text(Path::new(file))
        .map_err(|error| error.to_string())
}
