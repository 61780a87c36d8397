//! A Maildir: one file a message, written in `tmp`, flushed, then moved to `new`.
//!
//! # Source
//! maildir(5)

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    mail::outcome::Acceptance,
    sys::{clock::unix_seconds, dir::Folder, random},
};

/// Most entries that are looked at.
const MOST: usize = 100_000;

/// See the module's text.
#[derive(Clone, Debug)]
pub(super) struct Maildir {
    path: PathBuf,
}

impl Maildir {
    /// Opens the Maildir at `path`; makes it if it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        for name in ["tmp", "new", "cur"] {
            fs::create_dir_all(path.join(name))?;
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Puts a message there for good; the taker of the result is the id in its file's name.
    pub(super) fn store(&self, content: &[u8]) -> io::Result<Acceptance> {
        let mut seed = [0_u8; 6];
        random::fill(&mut seed)?;
        let id = data_encoding::HEXUPPER.encode(&seed);
        let name = format!("{}.{id}.demo", unix_seconds());
        let draft = self.path.join("tmp").join(&name);
        let mut file = File::options().write(true).create_new(true).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, self.path.join("new").join(&name))?;
        Folder::open(&self.path.join("new"))?.flush()?;
        Ok(Acceptance::stored_durably(&id))
    }

    /// True if a message holds this text.
    pub(super) fn has(&self, text: &[u8]) -> bool {
        let folder = self.path.join("new");
        let names = Folder::open(&folder).and_then(|folder| folder.names(MOST));
        names.unwrap_or_default().iter().any(|name| {
            let content = fs::read(folder.join(name)).unwrap_or_default();
            memchr::memmem::find(&content, text).is_some()
        })
    }

    /// The content of the message with this id.
    pub(super) fn find(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        let middle = format!(".{id}.");
        for folder in ["new", "cur"] {
            for name in Folder::open(&self.path.join(folder))?.names(MOST)? {
                if name.contains(&middle) {
                    return fs::read(self.path.join(folder).join(name)).map(Some);
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_is_found_by_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(&dir.path().join("Maildir")).unwrap();
        let id = maildir.store(b"one\r\n").unwrap().taker().to_owned();
        let other = maildir.store(b"two\r\n").unwrap().taker().to_owned();
        assert_ne!(id, other);
        assert_eq!(maildir.find(&id).unwrap().unwrap(), b"one\r\n");
        assert!(maildir.find("0123").unwrap().is_none());
        assert_eq!(
            fs::read_dir(dir.path().join("Maildir/tmp"))
                .unwrap()
                .count(),
            0
        );
    }
}
