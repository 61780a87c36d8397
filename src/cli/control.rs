//! Telling a running master what to do.

use std::{path::Path, time::Duration};

use crate::{
    config::settled::{Config, PidFile},
    scoreboard::{Field, Scoreboard},
    supervisor::pid_file::{Holder, holder},
    sys::{
        clock::Deadline,
        process::{self, Send},
        wait::pause,
    },
};

/// The running master of a configuration: by its pid file, or by its scoreboard.
///
/// # Errors
/// Why there is none.
pub(super) fn find_master(config: &Config) -> Result<u32, String> {
    if let PidFile::Set(path) | PidFile::Default(path) = &config.process.pid_file
        && let Ok(Holder::Running(pid)) = holder(path)
    {
        return Ok(pid);
    }
    master_of(&config.process.state_dir)
}

/// The master that a scoreboard names, if it lives.
///
/// # Errors
/// Why there is none.
pub(super) fn master_of(state_dir: &Path) -> Result<u32, String> {
    let path = Scoreboard::path(state_dir);
    let board = Scoreboard::open(state_dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("no filterd is running: {} does not exist", path.display())
        }
        _ => format!("cannot read {}: {error}", path.display()),
    })?;
    let pid = u32::try_from(board.get(Field::MasterPid)).unwrap_or(0);
    if !process::is_alive(pid) {
        return Err(format!(
            "no filterd is running: process {pid}, which {} names, is gone",
            path.display()
        ));
    }
    // Children can write there too.
    let file = std::fs::File::open(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if !process::may_be_named_by(&file, pid) {
        return Err(format!(
            "no filterd is running: process {pid}, which {} names, is another user's",
            path.display()
        ));
    }
    Ok(pid)
}

/// Waits until a process is gone; false if the time passed.
pub(super) fn wait_for_end(pid: u32, patience: Duration, mut tick: impl FnMut()) -> bool {
    let deadline = Deadline::after(patience);
    while process::is_alive(pid) {
        if deadline.has_passed() {
            return false;
        }
        tick();
        pause(Duration::from_millis(50));
    }
    true
}

/// Sends a signal to the master.
///
/// # Errors
/// The kernel's, in words.
pub(super) fn tell(pid: u32, what: Send) -> Result<(), String> {
    process::signal(pid, what).map_err(|error| format!("cannot signal process {pid}: {error}"))
}

/// Has the running master read its configuration anew, and waits for its answer.
///
/// # Errors
/// Why it did not take the configuration.
pub(super) fn reload(state_dir: &Path) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let pid = master_of(state_dir)?;
    let board = Scoreboard::open(state_dir).map_err(|error| error.to_string())?;
    let counts = || (board.get(Field::Reloads), board.get(Field::RejectedReloads));
    let before = counts();
    tell(pid, Send::HangUp)?;
    let deadline = Deadline::after(PATIENCE);
    loop {
        let (reloads, rejected) = counts();
        if reloads != before.0 {
            return Ok(());
        }
        if rejected != before.1 {
            return Err(format!(
                "process {pid} rejected the configuration and goes on with the old one: see its log"
            ));
        }
        if deadline.has_passed() {
            return Err(format!(
                "process {pid} has not answered for {} s: see its log",
                PATIENCE.as_secs()
            ));
        }
        pause(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::user;

    #[test]
    fn a_scoreboard_names_a_process_of_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let (board, file) = Scoreboard::create(dir.path(), 1).unwrap();
        board.set(Field::MasterPid, u64::from(process::id()));
        assert_eq!(master_of(dir.path()), Ok(process::id()));
        if user::is_superuser() {
            std::os::unix::fs::fchown(&file, Some(65534), None).unwrap();
            let error = master_of(dir.path()).unwrap_err();
            assert!(error.ends_with("is another user's"), "{error}");
        }
        board.set(Field::MasterPid, 999_999_999);
        assert!(master_of(dir.path()).unwrap_err().ends_with("is gone"));
    }
}
