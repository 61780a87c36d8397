//! Memory pages, had in one call before they are touched one by one.

use std::ptr::NonNull;

use nix::sys::mman::{MmapAdvise, madvise};

/// Smallest page of any machine we run on; a larger page makes the range below a part of what it could be.
const PAGE: usize = 4096;

/// Has the kernel map the pages of the spare room of `buffer`, at most `most` octets of it: one call instead of a fault for each
/// page. Without effect where the kernel does not know how (before Linux 5.14).
pub fn prepare(buffer: &mut Vec<u8>, most: usize) {
    let room = buffer.spare_capacity_mut();
    let length = room.len().min(most);
    let begin = room.as_mut_ptr().cast::<u8>();
    let lead = begin.align_offset(PAGE);
    let whole = length.saturating_sub(lead) / PAGE * PAGE;
    if whole == 0 {
        return;
    }
    let Some(first) = NonNull::new(begin.wrapping_add(lead)) else {
        return;
    };
    // SAFETY: the pages lie wholly in the vector's own spare room, and populating changes nothing that can be read from them.
    let _only_faster = unsafe { madvise(first.cast(), whole, MmapAdvise::MADV_POPULATE_WRITE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_buffer_holds_stays_as_it_is() {
        for (held, spare) in [(0, 0), (1, 100), (5000, 64 * 1024), (4096, 4096)] {
            let mut buffer = vec![b'x'; held];
            buffer.reserve_exact(spare);
            let capacity = buffer.capacity();
            prepare(&mut buffer, usize::MAX);
            assert_eq!((buffer.len(), buffer.capacity()), (held, capacity));
            assert!(buffer.iter().all(|octet| *octet == b'x'));
            buffer.resize(capacity, b'y');
        }
    }
}
