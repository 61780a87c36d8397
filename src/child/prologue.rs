//! The first steps of a child, in the order in which they must come. All signals are blocked since before the fork.
//!
//! # Guards
//! I4: privileges are gone, for good, before a child waits for its first connection.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use super::{Birth, fence};
use crate::sys::{
    clock::Deadline,
    process, signal, title,
    wait::{Interest, wait},
};

/// Carries the steps out.
///
/// # Errors
/// What failed: the child leaves, and the master waits before it forks another.
pub(super) fn run(birth: &Birth) -> io::Result<()> {
    // A group of our own, so that helpers end with us.
    process::become_group_leader()?;
    signal::install_child_handlers(
        birth
            .listeners
            .iter()
            .map(|listener| listener.socket.as_raw_fd()),
    )?;
    process::tell_when_parent_dies()?;
    signal::block_all_but_orphaned()?;
    // The master may have died before we asked to be told.
    let mut lifeline = [Interest::reading(birth.lifeline.as_fd())];
    wait(
        &mut lifeline,
        Some(Deadline::after(std::time::Duration::ZERO)),
        false,
    )?;
    if process::parent() != birth.master || lifeline.iter().any(|interest| interest.is_ready) {
        return Err(io::Error::other("the master is gone"));
    }
    birth.log.after_fork();
    fence::install_hook();
    if let Some(identity) = &birth.identity {
        identity.check()?;
    }
    process::forbid_new_privileges()?;
    process::forbid_core_files()?;
    process::set_umask(0o027);
    title::set_name(c"filterd-child");
    Ok(())
}
