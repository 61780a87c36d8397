//! `filterd quarantine delete` and `expire`.

use std::path::Path;

use clap::ArgMatches;

use super::{select::kind, texts};
use crate::{
    cli::{exit, print, progress::Progress},
    log::escape,
    quarantine::{
        kept::{self, Label},
        shelf::{self, Entry, age},
    },
    release,
};

/// Removes copies that are named.
pub(super) fn delete(matches: &ArgMatches, folder: &Path) -> u8 {
    let mut status = exit::OK;
    for name in texts(matches, "ids") {
        let result = release::find(folder, name).and_then(|place| {
            if matches.get_flag("dry-run") {
                return Ok(format!("{place} would be removed"));
            }
            shelf::remove(folder, &place)
                .map(|()| format!("{place} removed"))
                .map_err(|error| format!("{place} cannot be removed: {error}"))
        });
        match result {
            Ok(said) => print::out(&said),
            Err(why) => {
                print::error(&format!("filterd quarantine: {}", escape(why)));
                status = exit::NO_INPUT;
            }
        }
    }
    status
}

/// Removes copies that are too old, or too many.
pub(super) fn expire(matches: &ArgMatches, folder: &Path) -> u8 {
    let kinds = texts(matches, "kind");
    let mut entries = match shelf::all(folder) {
        Ok(entries) => entries,
        Err(error) => {
            print::error(&format!(
                "filterd quarantine: {} cannot be read: {error}",
                folder.display()
            ));
            return exit::NO_INPUT;
        }
    };
    entries.retain(|entry| kinds.is_empty() || is_of(folder, entry, &kinds));
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    let doomed = doomed(
        &entries,
        matches.get_one::<u64>("older").copied(),
        matches.get_one::<u64>("size").copied(),
    );
    let freed: u64 = doomed.iter().map(|entry| entry.size).sum();
    let is_rehearsal = matches.get_flag("dry-run");
    let mut progress = Progress::new("removing", doomed.len());
    let mut failed = 0;
    for entry in &doomed {
        progress.step();
        if is_rehearsal {
            continue;
        }
        if let Err(error) = shelf::remove(folder, &entry.place) {
            failed += 1;
            print::error(&format!(
                "filterd quarantine: {} cannot be removed: {error}",
                entry.place
            ));
        }
    }
    progress.finish();
    let verb = if is_rehearsal {
        "would be removed"
    } else {
        "removed"
    };
    print::out(&format!(
        "{} of {} copies {verb}, {freed} of {total} octets",
        doomed.len() - failed,
        entries.len()
    ));
    if failed > 0 {
        exit::NO_PERMISSION
    } else {
        exit::OK
    }
}

/// By its name where that tells; a copy that cannot be read is of no kind that was asked for.
fn is_of(folder: &Path, entry: &Entry, kinds: &[&str]) -> bool {
    let by_name = kind(entry, &Label::default());
    if by_name != "other" {
        return kinds.contains(&by_name);
    }
    kept::read_label(folder, &entry.place).is_ok_and(|label| kinds.contains(&kind(entry, &label)))
}

/// Those to be removed, of entries in order, the newest first.
fn doomed(entries: &[Entry], older: Option<u64>, size: Option<u64>) -> Vec<&Entry> {
    let mut sum = 0_u64;
    let mut doomed: Vec<&Entry> = entries
        .iter()
        .filter(|entry| {
            sum = sum.saturating_add(entry.size);
            older.is_some_and(|older| age(entry) > older) || size.is_some_and(|size| sum > size)
        })
        .collect();
    // The oldest first, should somebody stop it.
    doomed.reverse();
    doomed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock::unix_seconds;

    #[test]
    fn the_oldest_go_first_and_no_more_than_must() {
        let now = unix_seconds();
        let entry = |name: &str, age: u64, size: u64| Entry {
            place: name.to_owned(),
            size,
            written: now - age,
        };
        let entries = [entry("a", 10, 5), entry("b", 100, 5), entry("c", 1000, 5)];
        let names = |older, size| {
            let doomed = doomed(&entries, older, size);
            doomed.iter().map(|e| e.place.as_str()).collect::<String>()
        };
        assert_eq!(names(Some(50), None), "cb");
        assert_eq!(names(Some(5000), None), "");
        assert_eq!(names(None, Some(10)), "c");
        assert_eq!(names(None, Some(15)), "");
        assert_eq!(names(None, Some(0)), "cba");
        assert_eq!(names(Some(500), Some(5)), "cb");
    }
}
