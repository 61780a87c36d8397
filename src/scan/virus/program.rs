//! Scanners that are programs.
//!
//! # Source
//! content.md 4.1: `{}` is the folder with the parts, `{}/*` one argument for each of them, `*` the same without the folder.

use super::{Found, ScanError, expected::judge, folder_of};
use crate::{
    config::scanner::{Program, VirusScanner},
    scan::{contents::Contents, program},
    sys::clock::Deadline,
};

/// Octets of the arguments of one run.
const MOST_ARGUMENTS: usize = 4000;

pub(super) fn ask(
    scanner: &VirusScanner,
    program: &Program,
    contents: &Contents<'_>,
    deadline: Deadline,
) -> Result<Found, ScanError> {
    let file = program::file_of(program).ok_or_else(|| {
        ScanError::Program(format!(
            "no such program: {}: install it, or remove the entry",
            program.names.join(", ")
        ))
    })?;
    let folder = folder_of(contents)?;
    let mut found = Found::default();
    for arguments in runs(&program.arguments, &folder, contents) {
        let ran = program::run(file, &arguments, None, deadline)?;
        judge(scanner, "", &ran.output, Some(ran.status), &mut found)?;
    }
    Ok(found)
}

/// The arguments of each run: as many names in one as there is room for.
fn runs(arguments: &[String], folder: &str, contents: &Contents<'_>) -> Vec<Vec<String>> {
    let is_list = |argument: &String| argument == "{}/*" || argument == "*";
    let plain = |argument: &String| argument.replace("{}", folder);
    if !arguments.iter().any(is_list) {
        return vec![arguments.iter().map(plain).collect()];
    }
    let names: Vec<String> = (0..contents.count())
        .map(|item| format!("{folder}/{}", contents.name(item)))
        .collect();
    let longest = names.iter().map(|name| name.len() + 1).max();
    let at_once = (MOST_ARGUMENTS / longest.unwrap_or(1)).max(1);
    let run = |names: &[String]| {
        let expand = |argument: &String| {
            if is_list(argument) {
                names.to_vec()
            } else {
                vec![plain(argument)]
            }
        };
        arguments.iter().flat_map(expand).collect()
    };
    names.chunks(at_once).map(run).collect()
}
