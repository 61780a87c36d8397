//! Locks on files and folders: `flock(2)`, gone with the process that holds them.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

/// Takes the lock if nobody has it. It is held as long as the descriptor, or one inherited from it, is open.
///
/// # Errors
/// The kernel's, except that somebody else holds it: that is `Ok(false)`.
pub fn try_exclusive(file: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: no memory is involved.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::WouldBlock {
        Ok(false)
    } else {
        Err(error)
    }
}

/// True if somebody holds the lock of `file`; nothing is kept.
///
/// # Errors
/// The kernel's.
pub fn is_held(file: &File) -> io::Result<bool> {
    let taken = try_exclusive(file.as_fd())?;
    if taken {
        // SAFETY: no memory is involved.
        unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
    }
    Ok(!taken)
}
