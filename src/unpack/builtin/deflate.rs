//! Inflating with a count of what was read.

use std::io::{self, Read};

/// Raw deflate data; [`Self::consumed`] tells how many octets it took.
pub(super) struct Inflater<'a> {
    decoder: flate2::bufread::DeflateDecoder<&'a [u8]>,
}

impl<'a> Inflater<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self {
            decoder: flate2::bufread::DeflateDecoder::new(content),
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.decoder.total_in()
    }
}

impl Read for Inflater<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(into)
    }
}
