//! The process title, as `ps` shows it: written over the memory that holds the arguments.

use std::{
    ffi::CStr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Address and length of the arguments' memory; 0 is "unknown".
static ADDRESS: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Finds the memory of our arguments. To be called once, before the first fork and before [`set`].
///
/// Where that memory does not hold our arguments (under an emulator or a debugger), titles are not set.
pub fn prepare() {
    let ours: Vec<u8> = std::env::args_os()
        .flat_map(|argument| [argument.as_encoded_bytes(), b"\0"].concat())
        .collect();
    if std::fs::read("/proc/self/cmdline").ok().as_deref() != Some(ours.as_slice()) {
        return;
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 48 and 49 are arg_start and arg_end; what follows the last parenthesis begins with field 3.
    let mut fields = stat
        .rsplit_once(") ")
        .map_or("", |(_, rest)| rest)
        .split(' ')
        .skip(45);
    let mut number = || {
        fields
            .next()
            .and_then(|field| field.parse::<usize>().ok())
            .unwrap_or(0)
    };
    let (start, end) = (number(), number());
    if start != 0 && end > start {
        ADDRESS.store(start, Ordering::Relaxed);
        LENGTH.store(end - start, Ordering::Relaxed);
    }
}

/// Sets the title, cut to the room there is, and the command name (15 octets) to its first word.
pub fn set(title: &str) {
    let (address, length) = (
        ADDRESS.load(Ordering::Relaxed),
        LENGTH.load(Ordering::Relaxed),
    );
    if address == 0 || length < 2 {
        return;
    }
    let octets = title
        .as_bytes()
        .get(..title.len().min(length - 1))
        .unwrap_or_default();
    let start = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: the kernel told that our arguments lie in [start, start + length), memory that stays mapped and writable; std has
    // copied them into its own before main began, and one thread writes.
    unsafe { std::ptr::write_bytes(start, 0, length) };
    // SAFETY: as above; `octets` is shorter than `length` and does not overlap with it.
    unsafe { std::ptr::copy_nonoverlapping(octets.as_ptr(), start, octets.len()) };
}

/// Sets the command name that `/proc/<pid>/comm` and `top` show, at most 15 octets.
pub fn set_name(name: &CStr) {
    // A failure leaves the old name, which harms nobody.
    let _cosmetic = nix::sys::prctl::set_name(name);
}
