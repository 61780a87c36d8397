//! Shared memory: a file mapped by several processes, as 64-bit words.
//!
//! # Guards
//! I11: only atomics, no pointers. A word is read and written whole, whoever else does.

use std::{fs::File, io, num::NonZeroUsize, os::fd::AsFd, ptr::NonNull, sync::atomic::AtomicU64};

use nix::sys::mman::{MapFlags, ProtFlags, mmap};

/// A mapping that lasts as long as the process: children inherit it, and nothing unmaps it.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    first: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the memory is never unmapped, and is reached only through atomics.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

impl Words {
    /// Maps the first `count` words of `file`, which must be that long; a file that shrinks later kills whoever reads it, so map
    /// only files that we make ourselves.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file is shorter; otherwise the kernel's.
    pub fn map(file: &File, count: usize, writable: bool) -> io::Result<Self> {
        let octets = count
            .checked_mul(8)
            .and_then(NonZeroUsize::new)
            .ok_or(io::ErrorKind::InvalidInput)?;
        if file.metadata()?.len() < octets.get() as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let protection = if writable {
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE
        } else {
            ProtFlags::PROT_READ
        };
        // SAFETY: a fresh shared mapping at an address that the kernel chooses touches no memory of ours.
        let address = unsafe {
            mmap(
                None,
                octets,
                protection,
                MapFlags::MAP_SHARED,
                file.as_fd(),
                0,
            )
        }?;
        Ok(Self {
            first: address.cast(),
            count,
        })
    }

    /// The words. Storing into a mapping that was made without `writable` is a bug that the kernel answers with SIGSEGV.
    #[must_use]
    pub const fn as_slice(&self) -> &'static [AtomicU64] {
        // SAFETY: `count` words are mapped, page-aligned, and stay so for the life of the process.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn two_mappings_of_a_file_share_their_words() {
        let file = tempfile::tempfile().unwrap();
        assert!(Words::map(&file, 8, true).is_err());
        file.set_len(4096).unwrap();
        let writer = Words::map(&file, 512, true).unwrap();
        let reader = Words::map(&file, 512, false).unwrap();
        writer.as_slice()[7].store(42, Ordering::Release);
        assert_eq!(reader.as_slice()[7].load(Ordering::Acquire), 42);
        assert!(Words::map(&file, 513, true).is_err());
    }
}
