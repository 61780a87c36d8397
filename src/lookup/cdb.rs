//! Constant databases: tables that `postmap`, `cdbmake` and their like write.
//!
//! # Source
//! <https://cr.yp.to/cdb/cdb.txt>; Postfix `dict_cdb` (keys with or without a NUL at their end).

use std::fmt;

/// Octets of the header: 256 tables, each with its position and its number of slots.
const HEADER: usize = 2048;

/// A constant database in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Cdb {
    octets: Vec<u8>,
}

impl fmt::Debug for Cdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cdb({} octets)", self.octets.len())
    }
}

impl Cdb {
    /// Takes the content of a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(octets: Vec<u8>) -> Result<Self, String> {
        if octets.len() < HEADER {
            return Err("is too short for a constant database".to_owned());
        }
        let cdb = Self { octets };
        for table in 0..256 {
            let (position, slots) = cdb.pair(table * 8).unwrap_or_default();
            let end = slots
                .checked_mul(8)
                .and_then(|size| position.checked_add(size));
            if end.is_none_or(|end| end > cdb.octets.len()) {
                return Err("is no constant database, or was cut off".to_owned());
            }
        }
        Ok(cdb)
    }

    /// The value of a key, as text; octets that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<String> {
        let with_end = [key.as_bytes(), b"\0"].concat();
        let found = self
            .find_octets(key.as_bytes())
            .or_else(|| self.find_octets(&with_end))?;
        let value = found.strip_suffix(b"\0").unwrap_or(found);
        Some(String::from_utf8_lossy(value).into_owned())
    }

    fn find_octets(&self, key: &[u8]) -> Option<&[u8]> {
        let hash = hash(key);
        let number = (hash & 255) as usize;
        let (position, slots) = self.pair(number * 8)?;
        let first = (hash >> 8) as usize;
        for step in 0..slots {
            let slot = first.wrapping_add(step) % slots;
            let (found, record) = self.pair(position + slot * 8)?;
            if record == 0 {
                return None;
            }
            if found != hash as usize {
                continue;
            }
            let (key_length, value_length) = self.pair(record)?;
            let begin = record.checked_add(8)?;
            let middle = begin.checked_add(key_length)?;
            if self.octets.get(begin..middle)? == key {
                return self.octets.get(middle..middle.checked_add(value_length)?);
            }
        }
        None
    }

    /// Two numbers of four octets each, the lowest first.
    fn pair(&self, at: usize) -> Option<(usize, usize)> {
        let number = |at: usize| {
            let octets = self.octets.get(at..at.checked_add(4)?)?;
            let octets: [u8; 4] = octets.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(octets)).ok()
        };
        Some((number(at)?, number(at + 4)?))
    }
}

fn hash(key: &[u8]) -> u32 {
    key.iter().fold(5381, |hash: u32, octet| {
        hash.wrapping_mul(33) ^ u32::from(*octet)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes a database as `cdbmake` does.
    pub(crate) fn make(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut out = vec![0_u8; HEADER];
        let mut tables: Vec<Vec<(u32, u32)>> = vec![Vec::new(); 256];
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        for (key, value) in pairs {
            let hash = hash(key.as_bytes());
            tables[(hash & 255) as usize].push((hash, u32::try_from(out.len()).unwrap()));
            out.extend(number(key.len()));
            out.extend(number(value.len()));
            out.extend(key.as_bytes());
            out.extend(value.as_bytes());
        }
        for (at, table) in tables.iter().enumerate() {
            let slots = table.len() * 2;
            let position = number(out.len());
            out[at * 8..at * 8 + 4].copy_from_slice(&position);
            out[at * 8 + 4..at * 8 + 8].copy_from_slice(&number(slots));
            let mut filled = vec![(0_u32, 0_u32); slots];
            for (hash, record) in table {
                let mut slot = (*hash >> 8) as usize % slots;
                while filled[slot].1 != 0 {
                    slot = (slot + 1) % slots;
                }
                filled[slot] = (*hash, *record);
            }
            for (hash, record) in filled {
                out.extend(hash.to_le_bytes());
                out.extend(record.to_le_bytes());
            }
        }
        out
    }

    #[test]
    fn what_was_written_is_found() {
        let keys: Vec<String> = (0..2000).map(|n| format!("user{n}@example.com")).collect();
        let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "1")).collect();
        let cdb = Cdb::new(make(&pairs)).unwrap();
        for key in &keys {
            assert_eq!(cdb.find(key).as_deref(), Some("1"), "{key}");
        }
        assert_eq!(cdb.find("nobody"), None);
        let cdb = Cdb::new(make(&[("a\0", "b\0"), ("", "empty")])).unwrap();
        assert_eq!(cdb.find("a").as_deref(), Some("b"));
        assert_eq!(cdb.find("").as_deref(), Some("empty"));
        assert_eq!(Cdb::new(make(&[])).unwrap().find("a"), None);
    }

    #[test]
    fn what_is_none_is_refused_and_what_is_broken_says_nothing() {
        assert!(Cdb::new(Vec::new()).is_err());
        assert!(Cdb::new(vec![0xFF; 4096]).is_err());
        let whole = make(&[("key", "value"), ("other", "thing")]);
        for length in 0..whole.len() {
            if let Ok(cdb) = Cdb::new(whole[..length].to_vec()) {
                let _value = cdb.find("key");
            }
        }
        // Every octet of the records may be wrong.
        for at in HEADER..whole.len() {
            let mut broken = whole.clone();
            broken[at] = 0xFF;
            let cdb = Cdb::new(broken).unwrap();
            let _values = (cdb.find("key"), cdb.find("other"));
        }
    }
}
