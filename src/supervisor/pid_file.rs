//! The pid file: decimal process id and a line end, locked as long as the master lives.
//!
//! # Source
//! daemon.md 1.1.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::sys::{fd, lock, process};

/// An own pid file.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

/// What a pid file says about a running daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// No file, an empty one, or a stale one.
    Nobody,
    /// The file is there and names nothing.
    Empty,
    /// A dead process, or another program that got the number.
    Stale(u32),
    /// A live daemon.
    Running(u32),
}

impl PidFile {
    /// Writes the file for this process.
    ///
    /// # Errors
    /// `AlreadyExists` with the other's process id in its text if a daemon runs; otherwise the kernel's.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Holder::Running(pid) = holder(path)? {
            let text = format!("The amavisd daemon is already running, PID: [{pid}]");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(path)?;
        if !lock::try_exclusive(file.as_fd())? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "another daemon is just starting",
            ));
        }
        let pid_file = Self {
            path: path.to_owned(),
            file,
        };
        pid_file.write()?;
        Ok(pid_file)
    }

    /// Takes over the file of the program that this one replaced: same process, same content.
    #[must_use]
    pub fn adopt(path: &Path, descriptor: OwnedFd) -> Self {
        Self {
            path: path.to_owned(),
            file: descriptor.into(),
        }
    }

    /// Writes this process's id; needed again after a fork into the background.
    ///
    /// # Errors
    /// The kernel's.
    pub fn write(&self) -> io::Result<()> {
        // Over what is there, then the rest away: whoever reads meanwhile never finds it empty.
        let text = format!("{}\n", process::id());
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }

    /// Removes the file, if it is still ours; where the folder is not ours to write, empties it.
    ///
    /// # Errors
    /// If neither can be done.
    pub fn remove(self) -> io::Result<()> {
        if !fd::same_file(&self.file, &self.path)? {
            return Ok(());
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => self.file.set_len(0),
            result => result,
        }
    }
}

impl AsFd for PidFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Reads a pid file and finds out whether what it names is a running daemon.
///
/// # Errors
/// If the file is there and cannot be read.
pub fn holder(path: &Path) -> io::Result<Holder> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(error),
    };
    let text = std::fs::read_to_string(path)?;
    let Ok(pid) = text.trim().parse::<u32>() else {
        return Ok(Holder::Empty);
    };
    if !process::is_alive(pid) || !process::may_be_named_by(&file, pid) {
        return Ok(Holder::Stale(pid));
    }
    // Ours hold a lock; the original does not, so its name must do.
    let is_named_so = process::command_name(pid)
        .is_some_and(|name| name.contains("amavisd") || name.contains("filterd"));
    let is_daemon = lock::is_held(&file)? || (is_named_so && !is_older_than_boot(&file)?);
    Ok(if is_daemon {
        Holder::Running(pid)
    } else {
        Holder::Stale(pid)
    })
}

/// True for a file from before the machine was started, with some slack.
fn is_older_than_boot(file: &File) -> io::Result<bool> {
    const SLACK: Duration = Duration::from_secs(70);
    let age = SystemTime::now()
        .duration_since(file.metadata()?.modified()?)
        .unwrap_or_default();
    Ok(process::machine_uptime().is_some_and(|uptime| age > uptime + SLACK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_daemon_is_told_from_a_stale_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        assert_eq!(holder(&path).unwrap(), Holder::Nobody);
        std::fs::write(&path, "").unwrap();
        assert_eq!(holder(&path).unwrap(), Holder::Empty);
        std::fs::write(&path, "999999999\n").unwrap();
        assert_eq!(holder(&path).unwrap(), Holder::Stale(999_999_999));
        // A live process with another name.
        std::fs::write(&path, format!("{}\n", process::parent())).unwrap();
        assert_eq!(holder(&path).unwrap(), Holder::Stale(process::parent()));
        let ours = PidFile::create(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{}\n", process::id())
        );
        assert_eq!(holder(&path).unwrap(), Holder::Running(process::id()));
        let second = PidFile::create(&path).unwrap_err();
        assert_eq!(
            second.to_string(),
            format!(
                "The amavisd daemon is already running, PID: [{}]",
                process::id()
            )
        );
        if crate::sys::user::is_superuser() {
            // A file in the hands of another user names nobody but that user's processes.
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert_eq!(holder(&path).unwrap(), Holder::Stale(process::id()));
        }
        ours.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn readers_find_a_number_at_every_moment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        std::fs::write(&path, "123456789012\nrest\n").unwrap();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let pid_file = PidFile {
            path: path.clone(),
            file,
        };
        let is_done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let first = text.lines().next().unwrap_or_default();
                    assert!(first.parse::<u64>().is_ok(), "{text:?}");
                }
            });
            for _ in 0..2000 {
                pid_file.write().unwrap();
            }
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
            reader.join().unwrap();
        });
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{}\n", process::id())
        );
    }

    #[test]
    fn a_file_that_somebody_else_put_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pid");
        let ours = PidFile::create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "1").unwrap();
        ours.remove().unwrap();
        assert!(path.exists());
    }
}
