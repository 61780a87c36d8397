//! Exit statuses of `filterd`, after sysexits(3).

use std::process::ExitCode;

use crate::supervisor::start::StartError;

/// All is well.
pub(super) const OK: u8 = 0;
/// A sample of the demonstration was not delivered.
pub(super) const NOT_DELIVERED: u8 = 1;
/// A message that was scanned is odd.
pub(super) const ODD: u8 = 1;
/// Wrong arguments.
pub(super) const USAGE: u8 = 64;
/// A file to be scanned cannot be read.
pub(super) const NO_INPUT: u8 = 66;
/// Something that is needed is not there: a port, a running daemon.
pub(super) const UNAVAILABLE: u8 = 69;
/// A fault of our own.
pub(super) const SOFTWARE: u8 = 70;
/// The system refused something.
pub(super) const OS: u8 = 71;
/// A folder or file that is needed cannot be used.
pub(super) const CANNOT_CREATE: u8 = 73;
/// Privileges are missing.
pub(super) const NO_PERMISSION: u8 = 77;
/// The configuration is wrong.
pub(super) const CONFIG: u8 = 78;

/// The status as a process gives it.
pub(super) fn code(status: u8) -> ExitCode {
    ExitCode::from(status)
}

/// The status for a daemon that does not start.
pub(super) const fn of_start_error(error: &StartError) -> u8 {
    match error {
        StartError::Setup(_) => CONFIG,
        StartError::Socket(_) | StartError::AlreadyRunning(_) => UNAVAILABLE,
        StartError::Privileges(_) => NO_PERMISSION,
        StartError::Folder(_) => CANNOT_CREATE,
    }
}
