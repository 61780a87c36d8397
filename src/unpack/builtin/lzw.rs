//! LZW as `compress` writes it.
//!
//! # Source
//! The format of ncompress: magic, a flags octet (maximum bits, block mode), codes of 9 to 16 bits in groups of eight.

use std::io::{self, Read};

const CLEAR: usize = 256;

/// Expands a `.Z` file.
pub(super) struct Expander<'a> {
    input: &'a [u8],
    /// Bit at which the next code begins.
    bit: usize,
    /// Bit at which the present group of codes of one width began.
    group: usize,
    width: usize,
    most_width: usize,
    has_clear: bool,
    /// For each code from 257 on (256 without clear codes): the code before, and the last octet.
    table: Vec<(u16, u8)>,
    last: Option<usize>,
    /// Octets of the present code, backwards.
    pending: Vec<u8>,
    first: u8,
}

impl<'a> Expander<'a> {
    pub(super) fn new(content: &'a [u8]) -> Option<Self> {
        let (head, input) = content.split_first_chunk::<3>()?;
        let [0x1f, 0x9d, flags] = *head else {
            return None;
        };
        let most_width = usize::from(flags & 0x1f);
        (9..=16).contains(&most_width).then(|| Self {
            input,
            bit: 0,
            group: 0,
            width: 9,
            most_width,
            has_clear: flags & 0x80 != 0,
            table: Vec::new(),
            last: None,
            pending: Vec::new(),
            first: 0,
        })
    }

    const fn first_free(&self) -> usize {
        if self.has_clear { 257 } else { 256 }
    }

    /// Codes are written in groups of eight: a change of width skips the rest of the group.
    fn change_width(&mut self, width: usize) {
        let group = self.width * 8;
        let used = self.bit - self.group;
        self.bit = self.group + used.div_ceil(group) * group;
        self.group = self.bit;
        self.width = width;
    }

    fn code(&mut self) -> Option<usize> {
        let next = self.first_free() + self.table.len();
        if self.width < self.most_width && next > (1 << self.width) - 1 {
            self.change_width(self.width + 1);
        }
        let at = self.bit / 8;
        let octet = |offset: usize| self.input.get(at + offset).copied();
        if self.bit + self.width > self.input.len() * 8 {
            return None;
        }
        let bits = u32::from(octet(0)?)
            | u32::from(octet(1).unwrap_or(0)) << 8
            | u32::from(octet(2).unwrap_or(0)) << 16;
        self.bit += self.width;
        let code = bits >> ((self.bit - self.width) % 8) & ((1 << self.width) - 1);
        usize::try_from(code).ok()
    }

    /// Puts the octets of the next code into `pending`; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        let Some(code) = self.code() else {
            return Ok(false);
        };
        if code == CLEAR && self.has_clear {
            self.table.clear();
            self.last = None;
            self.change_width(9);
            return Ok(true);
        }
        let free = self.first_free();
        let next = free + self.table.len();
        let Some(last) = self.last else {
            if code > 255 {
                return Err(bad());
            }
            self.first = u8::try_from(code).unwrap_or_default();
            self.pending.push(self.first);
            self.last = Some(code);
            return Ok(true);
        };
        let mut at = code;
        if code >= next {
            if code > next {
                return Err(bad());
            }
            self.pending.push(self.first);
            at = last;
        }
        while at > 255 {
            let (before, octet) = at
                .checked_sub(free)
                .and_then(|index| self.table.get(index))
                .copied()
                .ok_or_else(bad)?;
            self.pending.push(octet);
            at = usize::from(before);
        }
        self.first = u8::try_from(at).unwrap_or_default();
        self.pending.push(self.first);
        if next < 1 << self.most_width {
            self.table
                .push((u16::try_from(last).unwrap_or_default(), self.first));
        }
        self.last = Some(code);
        Ok(true)
    }
}

fn bad() -> io::Error {
    io::Error::other("a code that stands for nothing")
}

impl Read for Expander<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while let Some(slot) = into.get_mut(count) {
            match self.pending.pop() {
                Some(octet) => {
                    *slot = octet;
                    count += 1;
                }
                None if self.step()? => {}
                None => break,
            }
        }
        Ok(count)
    }
}
