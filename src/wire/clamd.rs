//! clamd's protocol, without input and output: numbered replies of a session.
//!
//! # Source
//! clamd(8): commands with prefix `z` end with NUL, and so do their replies; in a session each reply begins with the number of its
//! command, and replies come in any order.

/// Asks for the version; the answer is a line, which others understand who are no clamd.
pub const VERSION: &[u8] = b"nVERSION\n";
/// Begins a session.
pub const SESSION: &[u8] = b"zIDSESSION\0";
/// Ends it.
pub const END: &[u8] = b"zEND\0";
/// Announces a content in chunks.
pub const STREAM: &[u8] = b"zINSTREAM\0";
/// Announces an open descriptor, which comes with it, and the octet that must stand beside that.
pub const DESCRIPTOR: &[u8] = b"zFILDES\0\0";
/// After the last chunk.
pub const NO_MORE: &[u8] = &[0; 4];
/// Largest chunk that everybody takes, octets.
pub const CHUNK: usize = 256 * 1024;

/// What clamd says of one content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// What was found.
    Found(String),
    /// It is larger than clamd takes.
    TooLarge(String),
    /// It was not scanned.
    Error(String),
}

/// Reads `2: stream: Eicar-Signature FOUND`; the number is missing outside a session.
#[must_use]
pub fn reply(line: &str) -> Option<(Option<usize>, Verdict)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (number, rest) = match line.split_once(": ") {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => {
            (Some(number.parse().ok()?), rest)
        }
        _ => (None, line),
    };
    if let Some(text) = rest.strip_suffix(" ERROR").or(rest.strip_suffix("ERROR")) {
        let text = text.trim_end_matches('.').to_owned();
        let verdict = if text.contains("size limit exceeded") {
            Verdict::TooLarge(text)
        } else {
            Verdict::Error(text)
        };
        return Some((number, verdict));
    }
    // `stream: ` or `fd[10]: ` stands before the verdict.
    let said = rest.split_once(": ").map_or(rest, |(_, said)| said);
    if said == "OK" {
        return Some((number, Verdict::Clean));
    }
    let name = said.strip_suffix(" FOUND")?;
    Some((number, Verdict::Found(name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let cases = [
            ("1: stream: OK", Some((Some(1), Verdict::Clean))),
            (
                "12: stream: Win.Test.EICAR_HDB-1 FOUND",
                Some((Some(12), Verdict::Found("Win.Test.EICAR_HDB-1".into()))),
            ),
            ("2: fd[10]: OK", Some((Some(2), Verdict::Clean))),
            (
                "stream: A: b FOUND",
                Some((None, Verdict::Found("A: b".into()))),
            ),
            (
                "3: INSTREAM size limit exceeded. ERROR",
                Some((
                    Some(3),
                    Verdict::TooLarge("INSTREAM size limit exceeded".into()),
                )),
            ),
            (
                "COMMAND READ TIMED OUT. ERROR",
                Some((None, Verdict::Error("COMMAND READ TIMED OUT".into()))),
            ),
            ("", None),
            ("OKAY", None),
            ("9999999999999999999999: stream: OK", None),
        ];
        for (line, expected) in cases {
            assert_eq!(reply(line), expected, "{line}");
        }
    }
}
