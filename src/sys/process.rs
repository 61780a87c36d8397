//! Processes: fork, leave, groups, death, limits.
//!
//! # Guards
//! Children leave by [`leave`] (`_exit`), so that nothing the master had buffered is written twice.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::{
        resource::{Resource, setrlimit},
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid},
};

use super::{clock::Deadline, wait::pause};

/// Which side of a fork this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fork {
    /// The new process.
    Child,
    /// The old one; the new one's process id.
    Parent(u32),
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => match Signal::try_from(*signal) {
                Ok(signal) => write!(f, "{signal}"),
                Err(_) => write!(f, "signal {signal}"),
            },
        }
    }
}

/// Forks. Safe because it refuses to when the process has a second thread: then, and only then, would the child inherit locks
/// that nobody opens.
///
/// # Errors
/// The kernel's, or `Other` if there is more than one thread.
pub fn fork() -> io::Result<Fork> {
    if threads()? != 1 {
        return Err(io::Error::other("fork with more than one thread"));
    }
    // SAFETY: this process has one thread, so no lock is held by another one at this moment.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Child => {
            OWN_ID.store(0, Ordering::Relaxed);
            Ok(Fork::Child)
        }
        ForkResult::Parent { child } => Ok(Fork::Parent(number(child))),
    }
}

/// Asks once, before forking, what every child would otherwise have to find out for itself: the processor's features (in a virtual
/// machine that instruction costs as much as a message) and the time zone.
pub fn prepare_children() {
    #[cfg(target_arch = "x86_64")]
    {
        // The answer is kept by the standard library.
        let _has_avx2 = std::arch::is_x86_feature_detected!("avx2");
    }
    let _zone = super::clock::LocalTime::now();
}

/// Counts our threads: entries of `/proc/self/task`, which is what its link count tells.
fn threads() -> io::Result<u64> {
    let status = nix::sys::stat::stat("/proc/self/task")?;
    Ok(status.st_nlink.saturating_sub(2))
}

/// Ends the process at once, without running what others registered for its end.
pub fn leave(status: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Our process id; the kernel is asked once.
#[must_use]
pub fn id() -> u32 {
    match OWN_ID.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            OWN_ID.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// See [`id`]; 0 if the kernel was not asked yet.
static OWN_ID: AtomicU32 = AtomicU32::new(0);

/// Our parent's process id.
#[must_use]
pub fn parent() -> u32 {
    number(nix::unistd::getppid())
}

fn number(pid: Pid) -> u32 {
    u32::try_from(pid.as_raw()).unwrap_or_default()
}

fn raw(pid: u32) -> io::Result<Pid> {
    match i32::try_from(pid) {
        Ok(pid) if pid > 1 => Ok(Pid::from_raw(pid)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "no process id")),
    }
}

/// A signal that we send to other processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Send {
    /// SIGTERM
    Terminate,
    /// SIGHUP
    HangUp,
    /// SIGUSR1
    User1,
    /// SIGUSR2
    User2,
    /// SIGQUIT
    Quit,
    /// SIGKILL
    Kill,
    /// SIGCONT
    Continue,
}

impl Send {
    const fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::SIGTERM,
            Self::HangUp => Signal::SIGHUP,
            Self::User1 => Signal::SIGUSR1,
            Self::User2 => Signal::SIGUSR2,
            Self::Quit => Signal::SIGQUIT,
            Self::Kill => Signal::SIGKILL,
            Self::Continue => Signal::SIGCONT,
        }
    }
}

/// Sends a signal to one process; ids below 2 are refused, so no call can reach a group or everybody.
///
/// # Errors
/// The kernel's: no such process, or not ours to signal.
pub fn signal(pid: u32, what: Send) -> io::Result<()> {
    Ok(kill(raw(pid)?, what.signal())?)
}

/// Sends a signal to the process group that `leader` leads.
///
/// # Errors
/// As [`signal`].
pub fn signal_group(leader: u32, what: Send) -> io::Result<()> {
    Ok(nix::sys::signal::killpg(raw(leader)?, what.signal())?)
}

/// True if a process with this id exists and is no zombie (D11).
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    let Ok(target) = raw(pid) else { return false };
    if matches!(kill(target, None), Err(Errno::ESRCH)) {
        return false;
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// The command name of a process, from `/proc`.
#[must_use]
pub fn command_name(pid: u32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&line).replace('\0', " ");
    let text = text.trim();
    if text.is_empty() {
        None
    } else {
        Some(text.chars().take(120).collect())
    }
}

/// Whom a process runs as; `None` if it is not there, or hidden from us.
#[must_use]
pub fn owner(pid: u32) -> Option<u32> {
    let status = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    Some(std::os::unix::fs::MetadataExt::uid(&status))
}

/// True if whoever owns `file`, which names process `pid`, may well name it: root, or the process's own user. What somebody
/// else wrote must not lead a signal of root astray.
#[must_use]
pub fn may_be_named_by(file: &std::fs::File, pid: u32) -> bool {
    let writer = file
        .metadata()
        .map(|status| std::os::unix::fs::MetadataExt::uid(&status));
    match (writer, owner(pid)) {
        (Ok(0), _) | (_, None) => true,
        (Ok(writer), Some(owner)) => writer == owner,
        (Err(_), Some(_)) => false,
    }
}

/// Reaps one dead child, without waiting. `None`: no child is dead.
///
/// # Errors
/// The kernel's, except "no children".
pub fn reap() -> io::Result<Option<(u32, Exit)>> {
    loop {
        return match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => Ok(Some((number(pid), Exit::Status(status)))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                Ok(Some((number(pid), Exit::Signal(signal as i32))))
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => Ok(None),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Waits for the end of one child of ours, which is about to end.
///
/// # Errors
/// The kernel's: it is none of our children.
pub fn wait_for(pid: u32) -> io::Result<Exit> {
    let target = raw(pid)?;
    loop {
        match waitpid(target, None) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(Exit::Status(status)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Exit::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for the end of one child of ours until `deadline`; `None` if it goes on.
///
/// # Errors
/// The kernel's: it is none of our children.
pub fn wait_until(pid: u32, deadline: Deadline) -> io::Result<Option<Exit>> {
    const LONGEST: Duration = Duration::from_millis(20);
    let target = raw(pid)?;
    let mut span = Duration::from_millis(1);
    loop {
        match waitpid(target, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(Some(Exit::Status(status))),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return Ok(Some(Exit::Signal(signal as i32)));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        if deadline.has_passed() {
            return Ok(None);
        }
        pause(span);
        span = (span * 2).min(LONGEST);
    }
}

/// Makes this process the leader of a group of its own.
///
/// # Errors
/// The kernel's.
pub fn become_group_leader() -> io::Result<()> {
    Ok(nix::unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0))?)
}

/// Starts a new session without a terminal.
///
/// # Errors
/// The kernel's.
pub fn become_session_leader() -> io::Result<()> {
    nix::unistd::setsid()?;
    Ok(())
}

/// Asks the kernel to send SIGUSR2 to this process when its parent dies (see `signal::Flag::Orphaned`).
///
/// # Errors
/// The kernel's.
pub fn tell_when_parent_dies() -> io::Result<()> {
    Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGUSR2)?)
}

/// Asks the kernel to end this process when its parent dies: by SIGTERM if `gently`, or else by SIGKILL.
///
/// # Errors
/// The kernel's.
pub fn die_with_parent(gently: bool) -> io::Result<()> {
    let signal = if gently {
        Signal::SIGTERM
    } else {
        Signal::SIGKILL
    };
    Ok(nix::sys::prctl::set_pdeathsig(signal)?)
}

/// No program that this process executes can gain privileges any more.
///
/// # Errors
/// The kernel's.
pub fn forbid_new_privileges() -> io::Result<()> {
    Ok(nix::sys::prctl::set_no_new_privs()?)
}

/// Sets the file mode creation mask.
pub fn set_umask(mask: u32) {
    // SAFETY: umask has no preconditions.
    unsafe { libc::umask(mask) };
}

/// No core files: they would hold other people's mail.
///
/// # Errors
/// The kernel's.
pub fn forbid_core_files() -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_CORE, 0, 0)?)
}

/// Seconds since the machine was started.
#[must_use]
pub fn machine_uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    text.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_secs_f64)
}

/// Our host name.
#[must_use]
pub fn host_name() -> String {
    nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_else(|_| "localhost".to_owned())
}

/// The program that this process runs, as an absolute path; the mark of a replaced file is cut off.
///
/// # Errors
/// If `/proc` is not there.
pub fn program() -> io::Result<std::path::PathBuf> {
    let path = std::fs::read_link("/proc/self/exe")?;
    let text = path.to_string_lossy();
    Ok(text
        .strip_suffix(" (deleted)")
        .map_or(path.clone(), std::path::PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_group_and_no_init_can_be_signalled_by_number() {
        for pid in [0, 1, u32::MAX] {
            assert!(signal(pid, Send::Kill).is_err());
            assert!(signal_group(pid, Send::Kill).is_err());
            assert!(!is_alive(pid));
        }
        assert!(is_alive(id()));
    }

    #[test]
    fn forking_with_a_second_thread_is_refused() {
        // The test harness has more than one.
        assert!(fork().is_err());
    }

    #[test]
    fn exits_are_named() {
        assert_eq!(Exit::Signal(11).to_string(), "SIGSEGV");
        assert_eq!(Exit::Status(3).to_string(), "exit status 3");
        assert_eq!(Exit::Signal(99).to_string(), "signal 99");
    }
}
