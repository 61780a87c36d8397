//! Opening configuration files: regular, bounded, and not in the hands of the user we run as.
//!
//! # Guards
//! reliability.md 5.15: a configuration that the daemon's user can change is refused. The checks are made on the opened
//! descriptor, so that no other file can take its place afterwards.
//!
//! # Source
//! daemon.md 1.2 (texts).

use std::{
    fs::File,
    io::Read,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use super::error::{ConfigError, Place};
use crate::sys::{fd, user};

/// Largest configuration file, octets.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Largest file of data that a configuration names, octets.
const LARGEST_DATA: u64 = 256 * 1024 * 1024;

/// Who shall not be able to change the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// The user with this number, and the group with this number.
    Against {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// Not checked (`-X no_conf_file_writable_check`).
    Off,
}

/// Opens and reads a file.
///
/// # Errors
/// Why it was not read; the text is the original's where it has one.
pub fn read(path: &Path, guard: Guard) -> Result<String, ConfigError> {
    let octets = read_octets(path, guard, LARGEST)?;
    // Old files may hold other character sets in their comments.
    Ok(text(octets))
}

/// Opens and reads a file of data, such as a table of addresses: it may belong to whoever keeps it.
///
/// # Errors
/// Why it was not read.
pub fn read_data(path: &Path) -> Result<Vec<u8>, ConfigError> {
    read_octets(path, Guard::Off, LARGEST_DATA)
}

/// Octets as text; what is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn read_octets(path: &Path, guard: Guard, largest: u64) -> Result<Vec<u8>, ConfigError> {
    let wrong = |why: String| {
        let place = Place {
            file: path.display().to_string(),
            line: 0,
            column: 0,
        };
        ConfigError::at(place, why)
    };
    // A pipe without a writer must not hold us up.
    let file = fd::open_without_waiting(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong("does not exist".to_owned()),
        _ => wrong(format!("is inaccessible: {error}")),
    })?;
    check(&file, guard).map_err(wrong)?;
    let mut octets = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "limited by take")]
    file.take(largest + 1)
        .read_to_end(&mut octets)
        .map_err(|error| wrong(format!("is inaccessible: {error}")))?;
    if octets.len() as u64 > largest {
        return Err(wrong(format!("is larger than {largest} octets")));
    }
    Ok(octets)
}

fn check(file: &File, guard: Guard) -> Result<(), String> {
    let status = file
        .metadata()
        .map_err(|error| format!("is inaccessible: {error}"))?;
    if status.is_dir() {
        return Err("is a directory".to_owned());
    }
    if !status.is_file() && !status.file_type().is_fifo() {
        return Err("is not a regular file or pipe".to_owned());
    }
    let Guard::Against { uid, gid } = guard else {
        return Ok(());
    };
    let mode = status.mode();
    let hint = "or start with -X no_conf_file_writable_check";
    if uid != 0 && status.uid() == uid {
        return Err(format!(
            "should not be owned by {} (uid {uid}), whom the daemon runs as; {hint}",
            user::name_of(uid)
        ));
    }
    if uid != 0 && (mode & 0o002 != 0 || (mode & 0o020 != 0 && status.gid() == gid)) {
        return Err(format!(
            "is writable by {} (uid {uid}, gid {gid}), whom the daemon runs as; {hint}",
            user::name_of(uid)
        ));
    }
    if status.uid() != 0 {
        return Err(format!(
            "should be owned by root (uid 0), not by {}; {hint}",
            user::name_of(status.uid())
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn files_in_the_wrong_hands_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        let refused = |guard: Guard| read(&path, guard).unwrap_err().what;
        assert_eq!(refused(Guard::Off), "does not exist");
        fs::write(&path, "$max_servers = 1; # \u{e4}").unwrap();
        assert_eq!(
            read(&path, Guard::Off).unwrap(),
            "$max_servers = 1; # \u{e4}"
        );
        let owner = fs::metadata(&path).unwrap().uid();
        let guard = Guard::Against {
            uid: 4242,
            gid: 4242,
        };
        if owner == 0 {
            assert!(read(&path, guard).is_ok());
            fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
            assert!(refused(guard).starts_with("is writable by 4242"));
        } else {
            assert!(refused(guard).starts_with("should be owned by root"));
            assert!(
                refused(Guard::Against { uid: owner, gid: 0 })
                    .starts_with("should not be owned by")
            );
        }
        assert_eq!(
            read(dir.path(), Guard::Off).unwrap_err().what,
            "is a directory"
        );
        fs::write(&path, b"# caf\xe9\n").unwrap();
        assert!(
            read(&path, Guard::Off)
                .unwrap()
                .starts_with("# caf\u{fffd}")
        );
    }
}
