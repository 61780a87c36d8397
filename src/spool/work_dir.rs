//! The working directory of a child: `amavis-20261122T120748-29950-aoUB_uBj`, with the message in `email.txt`.
//!
//! A lock file tells ours from others, and from one that is still in use (D5).
//!
//! # Source
//! daemon.md 2.2 (name and modes).

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use data_encoding::BASE64URL_NOPAD;

use crate::sys::{clock::LocalTime, dir::Folder, lock, process, random};

/// The message's file name.
const MESSAGE: &str = "email.txt";
/// The folder for parts.
const PARTS: &str = "parts";
/// Locked as long as the directory is in use.
const LOCK: &str = ".filterd-lock";
/// Most entries of a temporary folder that are looked at.
const MOST_ENTRIES: usize = 100_000;

/// A working directory that this process made.
#[derive(Debug)]
pub struct WorkDir {
    name: String,
    folder: Folder,
    /// The folder for parts, if there is one.
    parts: Option<Folder>,
    /// Holds the lock.
    _lock: File,
}

impl WorkDir {
    /// Makes one in `base`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create(base: &Folder) -> io::Result<Self> {
        let mut octets = [0_u8; 6];
        random::fill(&mut octets)?;
        let name = format!(
            "amavis-{}-{:05}-{}",
            LocalTime::now().compact(),
            process::id(),
            BASE64URL_NOPAD.encode(&octets)
        );
        let folder = base.create_folder(&name, 0o750)?;
        let file = folder.create_file(LOCK, 0o640)?;
        if !lock::try_exclusive(file.as_fd())? {
            return Err(io::Error::other("a fresh lock file is locked"));
        }
        Ok(Self {
            name,
            folder,
            parts: None,
            _lock: file,
        })
    }

    /// Makes the message's file; one that an earlier message left is removed.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create_message(&self) -> io::Result<File> {
        self.folder.remove_file(MESSAGE)?;
        self.folder.create_file(MESSAGE, 0o640)
    }

    /// Removes the message's file; its octets live as long as somebody has it open.
    ///
    /// # Errors
    /// The kernel's.
    pub fn remove_message(&self) -> io::Result<()> {
        self.folder.remove_file(MESSAGE)
    }

    /// The folder for parts, made if need be, and its path if the directory is in `base`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn parts(&mut self, base: &Path) -> io::Result<(&Folder, PathBuf)> {
        let parts = match self.parts.take() {
            Some(parts) => parts,
            None => self.folder.create_folder(PARTS, 0o750)?,
        };
        let path = base.join(&self.name).join(PARTS);
        Ok((self.parts.insert(parts), path))
    }

    /// Removes the directory with all that is in it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn remove(self, base: &Folder) -> io::Result<()> {
        base.remove_tree(&self.name)
    }
}

/// Removes the working directories of dead children: of child `pid`, or of all if `None`. Gives the number removed.
///
/// # Errors
/// If `base` cannot be read, or a directory not be removed.
pub fn remove_leftovers(base: &Path, pid: Option<u32>) -> io::Result<usize> {
    let base = Folder::open(base)?;
    let mut removed = 0;
    for name in base.names(MOST_ENTRIES)? {
        if owner_of(&name).is_none_or(|owner| pid.is_some_and(|pid| pid != owner))
            || !is_abandoned(&base, &name)
        {
            continue;
        }
        base.remove_tree(&name)?;
        removed += 1;
    }
    Ok(removed)
}

/// The process id in a directory's name, if the name has our form.
fn owner_of(name: &str) -> Option<u32> {
    let mut parts = name.strip_prefix("amavis-")?.splitn(3, '-');
    let (time, pid, random) = (parts.next()?, parts.next()?, parts.next()?);
    (time.len() == 15 && random.len() == 8)
        .then(|| pid.parse().ok())
        .flatten()
}

/// True if the directory holds our lock file and nobody holds its lock.
fn is_abandoned(base: &Folder, name: &str) -> bool {
    let Ok(folder) = base.enter(name) else {
        return false;
    };
    folder
        .open_file(LOCK)
        .and_then(|file| lock::is_held(&file))
        .is_ok_and(|held| !held)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_our_own_abandoned_directories_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let base = Folder::open(dir.path()).unwrap();
        let used = WorkDir::create(&base).unwrap();
        used.create_message().unwrap().write_all(b"x").unwrap();
        used.create_message().unwrap().write_all(b"y").unwrap();
        let abandoned = WorkDir::create(&base).unwrap();
        let abandoned_name = abandoned.name.clone();
        drop(abandoned);
        // The original's own, without our lock file.
        std::fs::create_dir_all(
            dir.path()
                .join("amavis-20261122T120748-29950-aoUB_uBj/parts"),
        )
        .unwrap();
        std::fs::create_dir(dir.path().join("precious")).unwrap();
        assert_eq!(remove_leftovers(dir.path(), Some(1)).unwrap(), 0);
        assert_eq!(
            remove_leftovers(dir.path(), Some(process::id())).unwrap(),
            1
        );
        assert!(!dir.path().join(&abandoned_name).exists());
        assert!(dir.path().join(&used.name).join(MESSAGE).exists());
        assert_eq!(remove_leftovers(dir.path(), None).unwrap(), 0);
        let name = used.name.clone();
        used.remove(&base).unwrap();
        assert!(!dir.path().join(name).exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
