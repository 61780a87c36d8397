//! Signals in a child: flags that handlers set, and a mask that is open only while the child waits.
//!
//! The master uses signal-hook (in `supervisor`); a child must not, because what it would register goes nowhere.
//!
//! # Guards
//! I2: a handler does one atomic `or`, and for [`Flag::Orphaned`] closes the listening sockets (`close` is on the list of
//! functions that are safe there), so that a new master can bind them while this child ends its message.

use std::{
    io,
    os::fd::RawFd,
    sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use super::clock::tick_ms;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction};

/// What a child was told by signals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Flag {
    /// SIGTERM, SIGINT, SIGQUIT: finish the message in work, then leave.
    Stop = 1,
    /// SIGHUP: finish the session, then leave.
    Retire = 2,
    /// SIGUSR1: open the log file anew.
    ReopenLog = 4,
    /// SIGUSR2: the master is dead.
    Orphaned = 8,
}

/// Bits of [`Flag`].
static FLAGS: AtomicU32 = AtomicU32::new(0);

/// Most listening sockets that can be closed by the handler.
const MOST_LISTENERS: usize = 64;

/// Descriptors to close when the master dies; -1 is none.
static LISTENERS: [AtomicI32; MOST_LISTENERS] = [const { AtomicI32::new(-1) }; MOST_LISTENERS];

/// True if the flag was set, and stays so.
#[must_use]
pub fn is_set(flag: Flag) -> bool {
    FLAGS.load(Ordering::Relaxed) & flag as u32 != 0
}

/// True if the flag was set; it is cleared.
#[must_use]
pub fn take(flag: Flag) -> bool {
    is_set(flag) && FLAGS.fetch_and(!(flag as u32), Ordering::Relaxed) & flag as u32 != 0
}

extern "C" fn on_signal(number: libc::c_int) {
    let flag = match number {
        libc::SIGHUP => Flag::Retire,
        libc::SIGUSR1 => Flag::ReopenLog,
        libc::SIGUSR2 => Flag::Orphaned,
        _ => Flag::Stop,
    };
    FLAGS.fetch_or(flag as u32, Ordering::Relaxed);
    if matches!(flag, Flag::Orphaned) {
        for listener in &LISTENERS {
            let descriptor = listener.swap(-1, Ordering::Relaxed);
            if descriptor >= 0 {
                // SAFETY: close is async-signal-safe; the number is a listening socket that nothing else closes.
                unsafe { libc::close(descriptor) };
            }
        }
    }
}

/// Installs the handlers of a child; the mask is not changed. `listeners` are closed when the master dies.
///
/// # Errors
/// The kernel's.
pub fn install_child_handlers(listeners: impl Iterator<Item = RawFd>) -> io::Result<()> {
    FLAGS.store(0, Ordering::Relaxed);
    for (slot, descriptor) in LISTENERS.iter().zip(listeners) {
        slot.store(descriptor, Ordering::Relaxed);
    }
    let handler = SigAction::new(
        SigHandler::Handler(on_signal),
        SaFlags::empty(),
        SigSet::empty(),
    );
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
    ] {
        // SAFETY: the handler does only what is allowed in one (see above).
        unsafe { sigaction(signal, &handler) }?;
    }
    set_disposition(Signal::SIGPIPE, SigHandler::SigIgn)?;
    for signal in [Signal::SIGCHLD, Signal::SIGTTIN, Signal::SIGTTOU] {
        set_disposition(signal, SigHandler::SigDfl)?;
    }
    Ok(())
}

/// Ignores SIGPIPE: a broken connection is an error of the call that writes.
///
/// # Errors
/// The kernel's.
pub fn ignore_broken_pipes() -> io::Result<()> {
    set_disposition(Signal::SIGPIPE, SigHandler::SigIgn)
}

/// Gives every signal its default meaning; for processes that have nothing to put in order.
///
/// # Errors
/// The kernel's.
pub fn reset_to_default() -> io::Result<()> {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGCHLD,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGPIPE,
    ] {
        set_disposition(signal, SigHandler::SigDfl)?;
    }
    Ok(())
}

fn set_disposition(signal: Signal, handler: SigHandler) -> io::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: default and ignore run no code of ours.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

/// A signal mask that was in force.
#[derive(Clone, Copy, Debug)]
pub struct Mask(SigSet);

/// Blocks every signal; gives the mask from before.
///
/// # Errors
/// The kernel's.
pub fn block_all() -> io::Result<Mask> {
    Ok(Mask(
        SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?,
    ))
}

/// Blocks every signal but the one that tells of the master's death; the mask of a child outside its waits.
///
/// # Errors
/// The kernel's.
pub fn block_all_but_orphaned() -> io::Result<()> {
    let mut mask = SigSet::all();
    mask.remove(Signal::SIGUSR2);
    Ok(mask.thread_set_mask()?)
}

/// Lets handlers run for signals that are blocked and pending; tells whether there were any.
///
/// A wait whose descriptors are ready at once comes back without having heard of signals: under a load that never pauses, they
/// would wait for ever.
///
/// # Errors
/// The kernel's.
pub fn deliver_pending() -> io::Result<bool> {
    // SAFETY: all-zero is a valid signal set.
    let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is valid for the call.
    if unsafe { libc::sigpending(&raw mut pending) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let waits = |signal: libc::c_int| {
        // SAFETY: the set was filled by the kernel.
        unsafe { libc::sigismember(&raw const pending, signal) == 1 }
    };
    if ![
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGUSR1,
    ]
    .into_iter()
    .any(waits)
    {
        return Ok(false);
    }
    let mask = SigSet::empty().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    mask.thread_set_mask()?;
    Ok(true)
}

/// Longest time for which [`deliver_overlooked`] does not look.
pub const OVERLOOKED: Duration = Duration::from_millis(20);

/// When [`deliver_overlooked`] looked last, milliseconds of the monotonic clock.
static LOOKED_MS: AtomicU64 = AtomicU64::new(0);

/// As [`deliver_pending`], but asks the kernel only once in [`OVERLOOKED`].
///
/// # Errors
/// The kernel's.
pub fn deliver_overlooked() -> io::Result<bool> {
    let now = tick_ms();
    if u128::from(now.wrapping_sub(LOOKED_MS.load(Ordering::Relaxed))) < OVERLOOKED.as_millis() {
        return Ok(false);
    }
    LOOKED_MS.store(now, Ordering::Relaxed);
    deliver_pending()
}

/// Puts a mask in force.
///
/// # Errors
/// The kernel's.
pub fn restore(mask: Mask) -> io::Result<()> {
    Ok(mask.0.thread_set_mask()?)
}

/// Opens the mask: no signal is blocked.
///
/// # Errors
/// The kernel's.
pub fn unblock_all() -> io::Result<()> {
    Ok(SigSet::empty().thread_set_mask()?)
}
