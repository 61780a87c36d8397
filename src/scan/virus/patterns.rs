//! The built-in test: it knows the EICAR test file and nothing else. It is no virus scanner.
//!
//! # Source
//! EICAR's description of its test file: 68 octets at the begin of a file of at most 128, followed by white space only.

use super::Found;
use crate::scan::contents::Contents;

/// Two halves, so that this program is not taken for the file.
const HALVES: [&[u8]; 2] = [
    br"X5O!P%@AP[4\PZX54(P^)7CC)7}$",
    b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
];
const LARGEST: u64 = 128;

/// The file itself.
pub(in super::super) fn test_file() -> Vec<u8> {
    HALVES.concat()
}

/// Looks for it.
pub(super) fn look(contents: &Contents<'_>) -> Found {
    let mut found = Found::default();
    for item in 0..contents.count() {
        if contents.size(item) > LARGEST {
            continue;
        }
        // What cannot be read is told by whoever must read it.
        let octets = contents.read(item, 0, 128).unwrap_or_default();
        if is_test_file(&octets) {
            found.add(contents.name(item), "Eicar-Test-Signature");
        }
    }
    found
}

fn is_test_file(octets: &[u8]) -> bool {
    let [first, second] = HALVES;
    let rest = octets
        .strip_prefix(first)
        .and_then(|rest| rest.strip_prefix(second));
    rest.is_some_and(|rest| {
        rest.iter()
            .all(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0x1a))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_itself_is_known() {
        let file = HALVES.concat();
        assert_eq!(file.len(), 68);
        assert!(is_test_file(&file));
        assert!(is_test_file(&[&file[..], b"\r\n"].concat()));
        assert!(!is_test_file(&[&file[..], b" more"].concat()));
        assert!(!is_test_file(&[b" ", &file[..]].concat()));
        assert!(!is_test_file(b""));
    }
}
