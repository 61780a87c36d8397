//! Copies as files: one for a message, below `$QUARANTINEDIR`.
//!
//! A file gets its name when all of it is on the disk: whoever sees a file sees the whole of it.
//!
//! # Guards
//! P1: fsynced before the message is acknowledged. I9: names come from the configuration and from ids of our own.
//!
//! # Source
//! content.md 8.2 (names, modes), 8.3 (line ends and fields).

use std::{
    fs::File,
    io::{self, BufWriter, IntoInnerError, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use crate::{
    mail::id::{LogId, MailId},
    spool::message::Message,
    sys::{clock::LocalTime, dir::Folder, fault},
};

/// Octets that are read at a time.
const STEP: usize = 256 * 1024;

/// What the name of a file is made of.
#[derive(Clone, Copy, Debug)]
pub struct Label<'l> {
    /// `%m`
    pub mail_id: &'l MailId,
    /// `%n`
    pub log_id: &'l LogId,
}

/// Where a copy is kept.
#[derive(Clone, Copy, Debug)]
pub struct Vault<'v> {
    /// `$QUARANTINEDIR`
    pub folder: &'v Path,
    /// It has a folder for each first letter of a mail id.
    pub has_folders: bool,
}

impl Vault<'_> {
    /// Keeps a message, with `head` before it, under the name that `template` gives; gives that name.
    ///
    /// # Errors
    /// The kernel's. Nothing is left behind then but, at worst, a file whose name begins with a dot.
    pub fn keep(
        &self,
        template: &str,
        label: Label<'_>,
        head: &[u8],
        message: &Message,
    ) -> io::Result<String> {
        let name = self.name(template, label);
        let mut folder = Folder::open(self.folder)?;
        let mut parts = name.split('/').filter(|part| !part.is_empty()).peekable();
        let mut file_name = "";
        while let Some(part) = parts.next() {
            if parts.peek().is_some() {
                folder = entered(&folder, part)?;
            } else {
                file_name = part;
            }
        }
        let draft = format!(".{}", label.mail_id);
        let is_packed = file_name.ends_with(".gz");
        let result = write(&folder, &draft, is_packed, head, message).and_then(|()| {
            fault::point("quarantine.rename")?;
            folder.name_anew(&draft, file_name)?;
            folder.flush()
        });
        if result.is_err() {
            // It may not be there; what is left has a name that nobody takes for a copy.
            drop(folder.remove_file(&draft));
        }
        result.map(|()| name)
    }

    /// The file's name below the folder.
    fn name(&self, template: &str, label: Label<'_>) -> String {
        let mut name = String::new();
        if self.has_folders
            && let Some(first) = label.mail_id.as_str().chars().next()
        {
            name.push(first);
            name.push('/');
        }
        let mut rest = template.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                name.push(c);
                continue;
            }
            match rest.next() {
                Some('m') => name.push_str(label.mail_id.as_str()),
                Some('n') => name.push_str(label.log_id.as_str()),
                Some('i') => name.push_str(&LocalTime::now().compact()),
                Some('%') => name.push('%'),
                // No partition tags and no digests here: nothing.
                Some(_) | None => {}
            }
        }
        name
    }
}

/// The folder below, made if need be.
fn entered(folder: &Folder, name: &str) -> io::Result<Folder> {
    match folder.enter(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match folder.create_folder(name, 0o750) {
                // Another child may have been faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => folder.enter(name),
                made => {
                    let made = made?;
                    folder.flush()?;
                    Ok(made)
                }
            }
        }
        entered => entered,
    }
}

/// Where a copy goes: as it is, or compressed.
enum Sink {
    Plain(BufWriter<File>),
    Packed(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    fn new(file: File, is_packed: bool) -> Self {
        let out = BufWriter::with_capacity(STEP, file);
        if is_packed {
            Self::Packed(Box::new(GzEncoder::new(out, Compression::default())))
        } else {
            Self::Plain(out)
        }
    }

    /// The file, with everything in it.
    fn finish(self) -> io::Result<File> {
        let out = match self {
            Self::Plain(out) => out,
            Self::Packed(encoder) => encoder.finish()?,
        };
        out.into_inner().map_err(IntoInnerError::into_error)
    }
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(octets),
            Self::Packed(encoder) => encoder.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Packed(encoder) => encoder.flush(),
        }
    }
}

fn write(
    folder: &Folder,
    name: &str,
    is_packed: bool,
    head: &[u8],
    message: &Message,
) -> io::Result<()> {
    fault::point("quarantine.create")?;
    let mut out = Sink::new(folder.create_file(name, 0o640)?, is_packed);
    out.write_all(head)?;
    let mut offset = 0;
    let mut held = false;
    while offset < message.size() {
        let octets = message.read(offset, STEP)?;
        if octets.is_empty() {
            return Err(io::Error::other("the message ends before its end"));
        }
        offset += octets.len() as u64;
        fault::point("quarantine.write")?;
        held = with_unix_ends(&octets, held, &mut out)?;
    }
    if held {
        out.write_all(b"\r")?;
    }
    let file = out.finish()?;
    fault::point("quarantine.sync")?;
    file.sync_all()
}

/// Writes octets with LF for CRLF; a CR at their end is held until it is known what follows: gives whether one is.
fn with_unix_ends(octets: &[u8], held: bool, out: &mut impl Write) -> io::Result<bool> {
    let mut rest = octets;
    if held && rest.first() != Some(&b'\n') {
        out.write_all(b"\r")?;
    }
    while let Some(at) = memchr::memchr(b'\r', rest) {
        let (before, from) = rest.split_at(at);
        out.write_all(before)?;
        match from.get(1) {
            Some(b'\n') => {}
            Some(_) => out.write_all(b"\r")?,
            None => return Ok(true),
        }
        rest = from.get(1..).unwrap_or_default();
    }
    out.write_all(rest)?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::content::ContentFacts;

    fn message(content: &[u8]) -> Message {
        let facts = ContentFacts {
            size: content.len() as u64,
            ..ContentFacts::default()
        };
        Message::composed(content.to_vec(), facts)
    }

    #[test]
    fn a_copy_is_whole_and_has_the_lines_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let (mail_id, log_id) = (
            MailId::from_text("aBcDeFgHiJkL").unwrap(),
            LogId::new(1, 2, 1),
        );
        let label = Label {
            mail_id: &mail_id,
            log_id: &log_id,
        };
        for (has_folders, template, want) in [
            (false, "banned-%m", "banned-aBcDeFgHiJkL"),
            (true, "banned-%m", "a/banned-aBcDeFgHiJkL"),
            (true, "x/%%%n-%m%q", "a/x/%00001-02-aBcDeFgHiJkL"),
        ] {
            let vault = Vault {
                folder: dir.path(),
                has_folders,
            };
            let content = b"A: b\r\n\r\nx\ry\r\r\nlast\r";
            let name = vault
                .keep(template, label, b"Head: 1\n", &message(content))
                .unwrap();
            assert_eq!(name, want);
            let kept = std::fs::read(dir.path().join(&name)).unwrap();
            assert_eq!(kept, b"Head: 1\nA: b\n\nx\ry\r\nlast\r");
        }
        let vault = Vault {
            folder: &dir.path().join("nowhere"),
            has_folders: false,
        };
        assert!(vault.keep("%m", label, b"", &message(b"")).is_err());
    }

    #[test]
    fn a_copy_can_be_compressed() {
        use std::io::Read;
        let dir = tempfile::tempdir().unwrap();
        let (mail_id, log_id) = (
            MailId::from_text("aBcDeFgHiJkL").unwrap(),
            LogId::new(1, 2, 1),
        );
        let label = Label {
            mail_id: &mail_id,
            log_id: &log_id,
        };
        let vault = Vault {
            folder: dir.path(),
            has_folders: true,
        };
        let content = "A: b\r\n\r\n".to_owned() + &"line\r\n".repeat(50_000);
        let name = vault
            .keep(
                "spam-%m.gz",
                label,
                b"Head: 1\n",
                &message(content.as_bytes()),
            )
            .unwrap();
        assert_eq!(name, "a/spam-aBcDeFgHiJkL.gz");
        let file = File::open(dir.path().join(&name)).unwrap();
        assert!(file.metadata().unwrap().len() < 5000);
        let mut kept = String::new();
        let mut decoder = flate2::read::GzDecoder::new(file);
        #[allow(clippy::disallowed_methods, reason = "written by the test itself")]
        decoder.read_to_string(&mut kept).unwrap();
        assert_eq!(kept, "Head: 1\n".to_owned() + &content.replace('\r', ""));
    }

    #[test]
    fn line_ends_are_found_across_pieces() {
        let mut out = Vec::new();
        let mut held = false;
        for piece in [&b"a\r"[..], b"\nb\r", b"c", b"\r", b"\r", b"\n"] {
            held = with_unix_ends(piece, held, &mut out).unwrap();
        }
        assert!(!held);
        assert_eq!(out, b"a\nb\rc\r\n");
    }
}
