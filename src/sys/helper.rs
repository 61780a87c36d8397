//! Starting another program.
//!
//! The program gets an empty signal mask, default dispositions and a process group of its own, and dies with us.

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use super::{process, signal};

/// Starts `program`; standard streams are `/dev/null` except standard error, which stays. The caller reaps it.
///
/// # Errors
/// The kernel's, for instance that the program does not exist.
pub fn start(
    program: &Path,
    arguments: &[OsString],
    environment: &[(&str, &str)],
) -> io::Result<u32> {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place where helpers start"
    )]
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for (name, value) in environment {
        command.env(name, value);
    }
    // SAFETY: between fork and exec only system calls are made, no memory is allocated and no lock taken.
    unsafe {
        command.pre_exec(|| {
            process::become_group_leader()?;
            process::die_with_parent()?;
            signal::reset_to_default()?;
            signal::unblock_all()
        });
    }
    // Dropping a Child neither waits for it nor kills it.
    Ok(command.spawn()?.id())
}
