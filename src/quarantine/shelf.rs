//! All copies in a folder: which there are, and taking them away.

use std::{collections::VecDeque, io, path::Path, time::SystemTime};

use super::kept::{self, is_place};
use crate::sys::dir::Folder;

/// Folders in folders that are looked into: a first letter, and what a template names.
const DEEPEST: usize = 4;
/// Most copies that are looked at.
const MOST: usize = 2_000_000;

/// One copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its name below the folder.
    pub place: String,
    /// Octets on the disk.
    pub size: u64,
    /// When it was written, seconds since 1970.
    pub written: u64,
}

/// All copies below `folder`, the newest first. Drafts, links and what is no file are passed over.
///
/// # Errors
/// If the folder cannot be read; a folder inside that cannot be read is one, too.
pub fn all(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(Folder::open(folder)?, String::new(), 0)]);
    while let Some((inner, before, depth)) = open.pop_front() {
        for name in inner.names(MOST)? {
            let place = format!("{before}{name}");
            if !is_place(&place) {
                continue;
            }
            if inner.is_folder(&name)? {
                if depth < DEEPEST {
                    open.push_back((inner.enter(&name)?, format!("{place}/"), depth + 1));
                }
            } else if let Some((size, written)) = inner.file_facts(&name)? {
                found.push(Entry {
                    place,
                    size,
                    written,
                });
            }
        }
    }
    found.sort_unstable_by(|a, b| (b.written, &b.place).cmp(&(a.written, &a.place)));
    Ok(found)
}

/// The copies whose name has `mail_id` in it, as the templates of names have it.
///
/// # Errors
/// As [`all`].
pub fn with_id(folder: &Path, mail_id: &str) -> io::Result<Vec<Entry>> {
    let mut found = all(folder)?;
    found.retain(|entry| {
        let name = entry.place.rsplit('/').next().unwrap_or_default();
        name.match_indices(mail_id).any(|(at, _)| {
            let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
            is_edge(name.get(..at).and_then(|before| before.chars().next_back()))
                && is_edge(
                    name.get(at + mail_id.len()..)
                        .and_then(|after| after.chars().next()),
                )
        })
    });
    Ok(found)
}

/// Removes a copy.
///
/// # Errors
/// The kernel's.
pub fn remove(folder: &Path, place: &str) -> io::Result<()> {
    let (inner, name) = kept::inner(folder, place)?;
    inner.remove_file(name)
}

/// Seconds since a copy was written.
#[must_use]
pub fn age(entry: &Entry) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
        .as_secs()
        .saturating_sub(entry.written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_found_in_folders_and_by_id() {
        let dir = tempfile::tempdir().unwrap();
        for place in ["n", "n/deep"] {
            std::fs::create_dir(dir.path().join(place)).unwrap();
        }
        for place in [
            "banned-nzy8k6rC05Rj",
            "n/spam-nzy8k6rC05Rk.gz",
            "n/deep/x",
            ".draft",
        ] {
            std::fs::write(dir.path().join(place), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc", dir.path().join("link")).unwrap();
        let mut places: Vec<String> = all(dir.path())
            .unwrap()
            .into_iter()
            .map(|e| e.place)
            .collect();
        places.sort();
        assert_eq!(
            places,
            ["banned-nzy8k6rC05Rj", "n/deep/x", "n/spam-nzy8k6rC05Rk.gz"]
        );
        let found = with_id(dir.path(), "nzy8k6rC05Rk").unwrap();
        assert_eq!(found.len(), 1);
        assert!(with_id(dir.path(), "zy8k6rC05R").unwrap().is_empty());
        remove(dir.path(), &found[0].place).unwrap();
        assert_eq!(all(dir.path()).unwrap().len(), 2);
    }
}
