//! The fence around a decoder process: resource limits, a filter of system calls, and no file system.
//!
//! # Guards
//! Decision 8, decision 19: what the kernel does not know (Landlock) is done without; the filter of system calls is never done without.

use std::{
    collections::BTreeMap,
    io,
    os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd},
    time::Duration,
};

use landlock::{ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetStatus};
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::{fd, process, signal, title};

/// The descriptor that the process may write to.
const PIPE: RawFd = 3;

/// Limits of a process behind the fence.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    /// Processor time.
    pub cpu: Duration,
    /// Address space beyond what it has when it enters, octets.
    pub memory: u64,
}

/// Puts this process, which was just forked, behind the fence for good; gives the descriptor to write to. All others are closed.
///
/// # Errors
/// If any part of the fence but Landlock cannot be had: the process must leave then.
pub fn enter(fence: Fence, pipe: OwnedFd) -> io::Result<OwnedFd> {
    process::die_with_parent(false)?;
    let _never_restored = signal::block_all()?;
    title::set("decoder");
    // What the runtime says at its end (out of memory) is said to nobody.
    fd::detach_standard_streams()?;
    let pipe = keep_only(pipe)?;
    let pages = address_space()?;
    let memory = pages.saturating_add(fence.memory);
    let seconds = fence.cpu.as_secs().max(1);
    for (resource, most) in [
        (Resource::RLIMIT_AS, memory),
        (Resource::RLIMIT_CPU, seconds),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, 0),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_CORE, 0),
    ] {
        setrlimit(resource, most, most)?;
    }
    process::forbid_new_privileges()?;
    let _enforced = forbid_files();
    let filter = filter(process::id()).map_err(io::Error::other)?;
    seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    Ok(pipe)
}

/// Moves the pipe to [`PIPE`], and closes everything else but the standard streams.
fn keep_only(pipe: OwnedFd) -> io::Result<OwnedFd> {
    // All that is closed here has owners in this process, which never drop them.
    let number = pipe.into_raw_fd();
    if number != PIPE {
        // SAFETY: this process was just forked and leaves by `leave`: no owner of a descriptor that is replaced or closed here uses
        // or drops it again.
        let kept = unsafe { libc::dup2(number, PIPE) };
        if kept != PIPE {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: as above.
    let closed = unsafe { libc::close_range((PIPE + 1).unsigned_abs(), u32::MAX, 0) };
    if closed != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: open, and nobody else in this process has this number any more.
    Ok(unsafe { OwnedFd::from_raw_fd(PIPE) })
}

/// Octets of our address space.
fn address_space() -> io::Result<u64> {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text
        .split(' ')
        .next()
        .and_then(|pages| pages.parse::<u64>().ok());
    pages
        .map(|pages| pages * PAGE)
        .ok_or_else(|| io::Error::other("/proc/self/statm has another form"))
}

/// No file system, where the kernel knows Landlock; tells whether it does.
fn forbid_files() -> bool {
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V3))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    restricted.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// True if the kernel knows Landlock.
#[must_use]
pub fn has_landlock() -> bool {
    const VERSION: libc::c_ulong = 1;
    // SAFETY: with this flag the call only tells a version, and touches no memory.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            VERSION,
        )
    };
    version > 0
}

/// The system calls that decoding takes: memory, time, and writing to the pipe (the standard streams lead
/// nowhere). Any other one ends the process.
fn filter(pid: u32) -> Result<BpfProgram, seccompiler::BackendError> {
    let is = |argument: u8, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    };
    let lacks = |argument: u8, bits: u64| {
        SeccompCondition::new(
            argument,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(bits),
            0,
        )
    };
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = [
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_sched_yield,
        libc::SYS_restart_syscall,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_close,
    ]
    .into_iter()
    .map(|call| (call, Vec::new()))
    .collect();
    let to_pipe = || {
        SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Le,
            u64::from(PIPE.unsigned_abs()),
        )
    };
    for (call, condition) in [
        (libc::SYS_write, to_pipe()?),
        (libc::SYS_writev, to_pipe()?),
        (libc::SYS_mmap, lacks(2, executable)?),
        (libc::SYS_mprotect, lacks(2, executable)?),
        // abort() raises a signal in its own process.
        (libc::SYS_tgkill, is(0, u64::from(pid))?),
    ] {
        rules.insert(call, vec![SeccompRule::new(vec![condition])?]);
    }
    SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}
