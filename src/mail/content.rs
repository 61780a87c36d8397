//! What the data codec learned about a message while its octets went by.

/// Facts about the content of a message: the octets after unstuffing, in canonical CRLF form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContentFacts {
    /// Octets, line ends counted as two, final dot excluded (RFC 1870 section 6).
    pub size: u64,
    /// Some octet is above 0x7F.
    pub has_eight_bit: bool,
    /// Some octet is NUL.
    pub has_nul: bool,
    /// Bare CR or bare LF that were made CRLF.
    pub bare_newlines: u64,
    /// Where lines begin with a dot, so that sending can stuff them without a search.
    pub dot_lines: DotLines,
}

/// Offsets in the content of every line that begins with `.`, in ascending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DotLines {
    /// All of them.
    Known(Vec<u64>),
    /// More than [`DotLines::MOST`]: whoever sends must look for them.
    TooMany,
}

impl ContentFacts {
    /// Takes note of `octets`, the next of the content, as far as each octet speaks for itself.
    pub fn note(&mut self, octets: &[u8]) {
        self.size += octets.len() as u64;
        self.has_eight_bit = self.has_eight_bit || !octets.is_ascii();
        self.has_nul = self.has_nul || memchr::memchr(0, octets).is_some();
    }
}

impl Default for DotLines {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

impl DotLines {
    /// More positions than this are not kept: 16 KiB a message at most.
    pub const MOST: usize = 2048;

    /// Notes that the line at `offset` begins with a dot.
    pub fn note(&mut self, offset: u64) {
        if let Self::Known(offsets) = self {
            if offsets.len() < Self::MOST {
                offsets.push(offset);
            } else {
                *self = Self::TooMany;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_lines_are_bounded() {
        let mut lines = DotLines::default();
        for offset in 0..DotLines::MOST {
            lines.note(offset as u64);
        }
        assert!(matches!(&lines, DotLines::Known(k) if k.len() == DotLines::MOST));
        lines.note(9_999);
        assert_eq!(lines, DotLines::TooMany);
        lines.note(10_000);
        assert_eq!(lines, DotLines::TooMany);
    }
}
