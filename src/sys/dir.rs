//! Folders by descriptor: making, listing and removing entries without following links.
//!
//! # Guards
//! I9: names given here are our own; every open is relative to a descriptor, with `O_NOFOLLOW`, new files with `O_EXCL`.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, open, openat},
    sys::{
        stat::{Mode, SFlag, fstatat, mkdirat},
        statvfs::fstatvfs,
    },
    unistd::{UnlinkatFlags, linkat, unlinkat},
};

use super::fault;

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    descriptor: OwnedFd,
}

const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC);

impl Folder {
    /// Opens a folder by path; links in the path are followed, for the path is the administrator's.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            descriptor: open(path, FOLDER, Mode::empty())?,
        })
    }

    /// Opens a folder in this one; a link is an error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn enter(&self, name: &str) -> io::Result<Self> {
        Ok(Self {
            descriptor: openat(
                &self.descriptor,
                name,
                FOLDER | OFlag::O_NOFOLLOW,
                Mode::empty(),
            )?,
        })
    }

    /// Makes a folder with this mode (less the umask) and opens it; if it exists, that is an error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create_folder(&self, name: &str, mode: u32) -> io::Result<Self> {
        fault::point("spool.mkdir")?;
        mkdirat(&self.descriptor, name, Mode::from_bits_truncate(mode))?;
        self.enter(name)
    }

    /// Makes a file with this mode (less the umask), open for reading and writing; if it exists, that is an error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn create_file(&self, name: &str, mode: u32) -> io::Result<File> {
        fault::point("spool.create")?;
        let flags =
            OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(
            &self.descriptor,
            name,
            flags,
            Mode::from_bits_truncate(mode),
        )?
        .into())
    }

    /// Makes a file without a name, open for reading and writing: it is gone when nobody has it open.
    ///
    /// # Errors
    /// The kernel's.
    pub fn nameless(&self) -> io::Result<File> {
        fault::point("spool.create")?;
        let flags = OFlag::O_RDWR | OFlag::O_TMPFILE | OFlag::O_CLOEXEC;
        let mode = Mode::from_bits_truncate(0o600);
        match openat(&self.descriptor, ".", flags, mode) {
            Ok(file) => Ok(file.into()),
            // Not every file system knows how.
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::ENOENT) => {
                let name = format!(".filterd-{}", super::process::id());
                self.remove_file(&name)?;
                let file = self.create_file(&name, 0o600)?;
                self.remove_file(&name)?;
                Ok(file)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading; a link is an error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        Ok(openat(&self.descriptor, name, flags, Mode::empty())?.into())
    }

    /// Removes a file; one that is not there is removed.
    ///
    /// # Errors
    /// The kernel's.
    pub fn remove_file(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.descriptor, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the file `from` the name `to`; one that has the name already is left alone, which is an error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn name_anew(&self, from: &str, to: &str) -> io::Result<()> {
        linkat(
            &self.descriptor,
            from,
            &self.descriptor,
            to,
            AtFlags::empty(),
        )?;
        self.remove_file(from)
    }

    /// Names of the entries, `.` and `..` left out, at most `most`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn names(&self, most: usize) -> io::Result<Vec<String>> {
        let mut dir = Dir::from_fd(self.enter(".")?.descriptor)?;
        let mut names = Vec::new();
        for entry in dir.iter().take(most.saturating_add(2)) {
            let entry = entry?;
            // Only names that we made are of interest, and those are ASCII.
            if let Ok(name) = entry.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Removes the folder `name` with what is in it, two levels deep at most: our working directories are no deeper.
    ///
    /// # Errors
    /// The kernel's; what could be removed is gone.
    pub fn remove_tree(&self, name: &str) -> io::Result<()> {
        self.remove_tree_to(name, 2)
    }

    fn remove_tree_to(&self, name: &str, depth: u32) -> io::Result<()> {
        let inner = match self.enter(name) {
            Ok(inner) => inner,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        loop {
            let names = inner.names(1000)?;
            if names.is_empty() {
                break;
            }
            for entry in names {
                if inner.is_folder(&entry)? {
                    if depth == 0 {
                        return Err(io::Error::other("folders are nested too deep"));
                    }
                    inner.remove_tree_to(&entry, depth - 1)?;
                } else {
                    inner.remove_file(&entry)?;
                }
            }
        }
        match unlinkat(&self.descriptor, name, UnlinkatFlags::RemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Size and time of writing (seconds since 1970) of a file; nothing if it is none, or is gone.
    ///
    /// # Errors
    /// The kernel's.
    pub fn file_facts(&self, name: &str) -> io::Result<Option<(u64, u64)>> {
        match fstatat(&self.descriptor, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(status) => {
                let kind = SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT;
                let number = |number: i64| u64::try_from(number).unwrap_or_default();
                Ok((kind == SFlag::S_IFREG)
                    .then(|| (number(status.st_size), number(status.st_mtime))))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// True if there is a folder of this name; a link is none.
    ///
    /// # Errors
    /// The kernel's.
    pub fn is_folder(&self, name: &str) -> io::Result<bool> {
        match fstatat(&self.descriptor, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(status) => {
                Ok(SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
            }
            Err(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Octets that we may still write on the file system.
    ///
    /// # Errors
    /// The kernel's.
    pub fn free_space(&self) -> io::Result<u64> {
        fault::point("spool.space")?;
        let status = fstatvfs(&self.descriptor)?;
        Ok(status
            .blocks_available()
            .saturating_mul(status.fragment_size()))
    }

    /// Flushes the folder's entries to the disk.
    ///
    /// # Errors
    /// The kernel's.
    pub fn flush(&self) -> io::Result<()> {
        Ok(nix::unistd::fsync(&self.descriptor)?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn links_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "x").unwrap();
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path()).unwrap();
        folder
            .create_folder("work", 0o750)
            .unwrap()
            .create_file("email.txt", 0o640)
            .unwrap()
            .write_all(b"x")
            .unwrap();
        symlink(outside.path(), base.path().join("work/link")).unwrap();
        symlink(outside.path(), base.path().join("top")).unwrap();
        assert!(folder.enter("top").is_err());
        folder.remove_tree("work").unwrap();
        assert!(!base.path().join("work").exists());
        assert!(outside.path().join("precious").exists());
        assert!(folder.remove_tree("top").is_err());
        folder.remove_tree("not-there").unwrap();
    }

    #[test]
    fn existing_entries_are_not_reused() {
        let base = tempfile::tempdir().unwrap();
        let folder = Folder::open(base.path()).unwrap();
        folder.create_file("a", 0o600).unwrap();
        assert_eq!(
            folder.create_file("a", 0o600).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(folder.names(10).unwrap(), ["a"]);
        folder.remove_file("a").unwrap();
        folder.remove_file("a").unwrap();
        assert!(folder.free_space().unwrap() > 0);
    }
}
