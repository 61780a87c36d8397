//! Starting another program.
//!
//! The program gets an empty signal mask, default dispositions and a process group of its own, and ends with us.

use std::{
    ffi::OsString,
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use super::{process, signal};

/// What a program gets from us besides its arguments.
#[derive(Debug, Default)]
pub struct Endowment {
    /// Its standard input; `/dev/null` if not set.
    pub input: Option<OwnedFd>,
    /// Its standard output; `/dev/null` if not set.
    pub output: Option<OwnedFd>,
    /// Its standard error; ours if not set.
    pub error: Option<OwnedFd>,
    /// When we die it gets SIGTERM, and not SIGKILL: it has things to put in order.
    pub ends_gently: bool,
}

/// Starts `program`; gives its process id. The caller reaps it.
///
/// # Errors
/// The kernel's, for instance that the program does not exist.
pub fn start(
    program: &Path,
    arguments: &[OsString],
    environment: &[(&str, &str)],
    endowment: Endowment,
) -> io::Result<u32> {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place where helpers start"
    )]
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(endowment.input.map_or_else(Stdio::null, Stdio::from))
        .stdout(endowment.output.map_or_else(Stdio::null, Stdio::from))
        .stderr(endowment.error.map_or_else(Stdio::inherit, Stdio::from));
    for (name, value) in environment {
        command.env(name, value);
    }
    let ends_gently = endowment.ends_gently;
    // SAFETY: between fork and exec only system calls are made, no memory is allocated and no lock taken.
    unsafe {
        command.pre_exec(move || {
            process::become_group_leader()?;
            process::die_with_parent(ends_gently)?;
            signal::reset_to_default()?;
            signal::unblock_all()
        });
    }
    // Dropping a Child neither waits for it nor kills it.
    Ok(command.spawn()?.id())
}
