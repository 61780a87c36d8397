//! Random octets from the kernel, each time anew: nothing that a fork could double.

use std::io;

/// Fills `buffer` from `getrandom(2)`.
///
/// # Errors
/// The kernel's; only early in the boot of a machine does it have none.
pub fn fill(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // SAFETY: pointer and length are those of a live slice.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(got) => filled += got,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// A store of random octets for one process: one system call for many small wishes.
///
/// It must be made after the fork; [`Pool::default`] is empty, so nothing is shared.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    octets: Vec<u8>,
}

impl Pool {
    /// Fills `wish`, from the store if it holds enough.
    ///
    /// # Errors
    /// As [`fill`].
    pub fn take(&mut self, wish: &mut [u8]) -> io::Result<()> {
        const STOCK: usize = 256;
        if self.octets.len() < wish.len() {
            if wish.len() > STOCK {
                return fill(wish);
            }
            self.octets.resize(STOCK, 0);
            fill(&mut self.octets)?;
        }
        let from = self.octets.len().saturating_sub(wish.len());
        for (to, octet) in wish.iter_mut().zip(self.octets.drain(from..)) {
            *to = octet;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_alike() {
        let mut pool = Pool::default();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let mut draw = [0_u8; 9];
            pool.take(&mut draw).unwrap();
            assert!(seen.insert(draw));
        }
        let mut big = vec![0_u8; 1000];
        pool.take(&mut big).unwrap();
        assert!(big.iter().any(|&b| b != 0));
    }
}
