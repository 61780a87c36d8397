//! Executing a new program in place of this one, with descriptors handed over as a service manager hands them over.
//!
//! # Source
//! architecture 5.8: one code path for socket activation and for ourselves.

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use super::{fd, process};

/// First number of the hand-over.
const FIRST: RawFd = 3;

/// What the new program gets.
#[derive(Debug)]
pub struct HandOver<'h> {
    /// Executable.
    pub program: &'h Path,
    /// All arguments, `argv[0]` included.
    pub arguments: &'h [CString],
    /// `NAME=value`; `LISTEN_*` is added.
    pub environment: Vec<CString>,
    /// Descriptors with their names, which must hold no colon.
    pub descriptors: &'h [(String, BorrowedFd<'h>)],
}

/// Replaces this program. Returns only if that failed; then everything is as before.
pub fn execute(hand_over: &HandOver<'_>) -> io::Error {
    match place(hand_over) {
        Ok(displaced) => {
            let error = replace(hand_over);
            put_back(hand_over.descriptors.len(), displaced);
            error
        }
        Err(error) => error,
    }
}

/// Moves the descriptors to 3, 4, ...; gives copies of what was there before.
fn place(hand_over: &HandOver<'_>) -> io::Result<Vec<(RawFd, OwnedFd)>> {
    let count = hand_over.descriptors.len();
    let above = FIRST + RawFd::try_from(count).map_err(io::Error::other)?;
    // Copies out of the way first, so that no placement overwrites one that is still to come.
    let copies: Vec<OwnedFd> = hand_over
        .descriptors
        .iter()
        .map(|(_, fd)| fd::duplicate_above(*fd, above))
        .collect::<Result<_, _>>()?;
    let mut displaced = Vec::new();
    for target in FIRST..above {
        // SAFETY: borrowed for one call; a number that is not open gives an error.
        if let Ok(copy) = fd::duplicate_above(unsafe { BorrowedFd::borrow_raw(target) }, above) {
            displaced.push((target, copy));
        }
    }
    for (target, copy) in (FIRST..).zip(&copies) {
        // SAFETY: no memory is involved; what was at `target` is kept in `displaced`.
        if unsafe { libc::dup2(copy.as_raw_fd(), target) } < 0 {
            let error = io::Error::last_os_error();
            put_back(count, displaced);
            return Err(error);
        }
    }
    Ok(displaced)
}

/// Undoes [`place`].
fn put_back(count: usize, displaced: Vec<(RawFd, OwnedFd)>) {
    for target in (FIRST..).take(count) {
        match displaced.iter().find(|(number, _)| *number == target) {
            // SAFETY: no memory is involved.
            Some((_, copy)) => unsafe { libc::dup3(copy.as_raw_fd(), target, libc::O_CLOEXEC) },
            // SAFETY: the number was free before, so nobody owns it.
            None => unsafe { libc::close(target) },
        };
    }
}

fn replace(hand_over: &HandOver<'_>) -> io::Error {
    let names: Vec<&str> = hand_over
        .descriptors
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut environment = hand_over.environment.clone();
    for (name, value) in [
        ("LISTEN_PID", process::id().to_string()),
        ("LISTEN_FDS", names.len().to_string()),
        ("LISTEN_FDNAMES", names.join(":")),
    ] {
        match CString::new(format!("{name}={value}")) {
            Ok(text) => environment.push(text),
            Err(error) => return error.into(),
        }
    }
    let program = match CString::new(hand_over.program.as_os_str().as_bytes()) {
        Ok(program) => program,
        Err(error) => return error.into(),
    };
    match nix::unistd::execve(&program, hand_over.arguments, &environment) {
        Ok(never) => match never {},
        Err(error) => error.into(),
    }
}

/// `NAME=value` of our own environment, without those that begin with one of `dropped`.
#[must_use]
pub fn environment_without(dropped: &[&str]) -> Vec<CString> {
    std::env::vars_os()
        .filter(|(name, _)| {
            !dropped
                .iter()
                .any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
        })
        .filter_map(|(name, value)| {
            let mut text = name.as_bytes().to_vec();
            text.push(b'=');
            text.extend_from_slice(value.as_bytes());
            CString::new(text).ok()
        })
        .collect()
}
