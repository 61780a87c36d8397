//! A kept copy, read back: what was put before the message, and the message as it came.
//!
//! # Guards
//! I9: a place is a name below the folder, of harmless characters; links are not followed. Memory: what a compressed file becomes is
//! bounded.
//!
//! # Source
//! content.md 8.3 (fields, and their order), 8.5 (which of them are taken away again).

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::{
    mail::{
        address::Address,
        header::{self, Field},
        id::MailId,
    },
    sys::dir::Folder,
};

/// Largest copy that is read whole, octets.
pub const LARGEST: usize = 512 << 20;
/// Most octets that are read to know what a copy is about.
const HEAD: usize = 128 << 10;

/// What is written before a message that is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Label {
    /// Its mail id.
    pub mail_id: Option<MailId>,
    /// Reverse-path; nothing if the copy does not tell.
    pub sender: Option<Address>,
    /// All recipients.
    pub recipients: Vec<Address>,
    /// Those who did not get it; `None` if the copy does not tell.
    pub blocked: Option<Vec<Address>>,
    /// Why it was kept: values of the alert fields.
    pub alerts: Vec<String>,
    /// What was found about spam.
    pub spam_status: Option<String>,
    /// The message's own subject, as it stands there, unfolded.
    pub subject: String,
    /// The message's own Message-ID, without its brackets.
    pub message_id: String,
    /// Octets that stand before the message, in canonical form.
    prefix: usize,
}

/// A copy that was read whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What stands before the message.
    pub label: Label,
    content: Vec<u8>,
}

impl Kept {
    /// The message as it was received, in canonical form; our trace field is on top.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.content.get(self.label.prefix..).unwrap_or_default()
    }

    /// The copy as it is kept, in canonical form.
    #[must_use]
    pub fn whole(&self) -> &[u8] {
        &self.content
    }
}

/// True if `place` is a name below a quarantine folder: letters, digits and `_.+-`, in folders.
#[must_use]
pub fn is_place(place: &str) -> bool {
    let is_plain = |part: &str| {
        part.bytes().next().is_some_and(|b| b != b'.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.+-%".contains(&b))
    };
    place.len() <= 1000 && place.split('/').all(is_plain)
}

/// Opens the file at `place` below `folder`.
///
/// # Errors
/// The kernel's; or that it is no file.
pub fn open(folder: &Path, place: &str) -> io::Result<File> {
    let (folder, name) = inner(folder, place)?;
    let file = folder.open_file(name)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("is no regular file"))
    }
}

/// The folder in which the file at `place` is, and its name there.
pub(super) fn inner<'p>(folder: &Path, place: &'p str) -> io::Result<(Folder, &'p str)> {
    if !is_place(place) {
        return Err(io::Error::other("is no name below the quarantine"));
    }
    let mut inner = Folder::open(folder)?;
    let mut rest = place;
    while let Some((name, tail)) = rest.split_once('/') {
        inner = inner.enter(name)?;
        rest = tail;
    }
    Ok((inner, rest))
}

/// Reads a copy whole.
///
/// # Errors
/// The kernel's; or that it is larger than [`LARGEST`].
pub fn read(folder: &Path, place: &str) -> io::Result<Kept> {
    let (octets, is_whole) = octets(open(folder, place)?, place, LARGEST)?;
    if !is_whole {
        return Err(io::Error::other(format!("is larger than {LARGEST} octets")));
    }
    let content = canonical(&octets);
    Ok(Kept {
        label: label(&content),
        content,
    })
}

/// Reads what a copy is about.
///
/// # Errors
/// The kernel's; or a file that is compressed wrongly.
pub fn read_label(folder: &Path, place: &str) -> io::Result<Label> {
    let (octets, _) = octets(open(folder, place)?, place, HEAD)?;
    Ok(label(&canonical(&octets)))
}

/// The first `most` octets, unpacked; and whether that is all.
fn octets(file: File, place: &str, most: usize) -> io::Result<(Vec<u8>, bool)> {
    let source: Box<dyn Read> = if place.ends_with(".gz") {
        Box::new(MultiGzDecoder::new(io::BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let mut octets = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "limited by take")]
    source.take(most as u64 + 1).read_to_end(&mut octets)?;
    let is_whole = octets.len() <= most;
    octets.truncate(most);
    Ok((octets, is_whole))
}

/// With CRLF where a line ends.
fn canonical(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut rest = octets;
    while let Some(at) = memchr::memchr(b'\n', rest) {
        let (line, tail) = rest.split_at(at);
        out.extend_from_slice(line);
        if out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(b'\n');
        rest = tail.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    if !rest.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Names of fields that are put before a message.
fn is_ours(field: &Field<'_>) -> bool {
    const NAMES: [&[u8]; 7] = [
        b"Return-Path",
        b"Delivered-To",
        b"X-Envelope-From",
        b"X-Envelope-To",
        b"X-Envelope-To-Blocked",
        b"X-Quarantine-ID",
        b"X-Bogosity",
    ];
    const BEGINNINGS: [&[u8]; 4] = [b"X-Amavis-", b"X-Spam-", b"X-CRM114-", b"X-DSPAM-"];
    let begins = |start: &[u8]| {
        field
            .name
            .get(..start.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(start))
    };
    NAMES.iter().any(|name| field.is(name)) || BEGINNINGS.iter().any(|start| begins(start))
}

/// What the fields before the message say, and where it begins. A message may have fields of these names itself: ours end where
/// another one comes, at our own trace field.
fn label(content: &[u8]) -> Label {
    let mut label = Label::default();
    let mut is_inside = true;
    for field in header::fields(content) {
        is_inside = is_inside && is_ours(&field);
        let value = unfolded(field.value);
        if !is_inside {
            if field.is(b"Subject") && label.subject.is_empty() {
                label.subject = value;
            } else if field.is(b"Message-ID") && label.message_id.is_empty() {
                label.message_id = value.trim_matches(['<', '>']).to_owned();
            }
            continue;
        }
        label.prefix = (field.value.as_ptr().addr() + field.value.len()) - content.as_ptr().addr();
        if field.is(b"X-Quarantine-ID") {
            label.mail_id = MailId::from_text(value.trim_matches(['<', '>']));
        } else if field.is(b"X-Envelope-From") {
            label.sender = addresses(&value).map(|all| all.into_iter().next().unwrap_or_default());
        } else if field.is(b"X-Envelope-To") {
            label.recipients = addresses(&value).unwrap_or_default();
        } else if field.is(b"X-Envelope-To-Blocked") {
            label.blocked = addresses(&value);
        } else if field.is(b"X-Amavis-Alert") {
            label.alerts.push(value);
        } else if field.is(b"X-Spam-Status") {
            label.spam_status = Some(value);
        }
    }
    label
}

/// A field's value on one line, without blanks around it; octets that are no UTF-8 are shown as U+FFFD.
fn unfolded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value).replace(['\r', '\n'], "");
    text.trim().to_owned()
}

/// The addresses of a list `<a@b>, <c@d>`; nothing if one of them is none.
fn addresses(value: &str) -> Option<Vec<Address>> {
    let mut found = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('<')?;
        let end = end_of_path(inner)?;
        let (path, tail) = inner.split_at_checked(end)?;
        found.push(Address::parse(path.as_bytes()).ok()?);
        rest = tail.get(1..)?.trim_start_matches([',', ' ', '\t']);
    }
    Some(found)
}

/// Where the `>` is that is not inside quotes.
fn end_of_path(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_label_ends_where_the_message_begins() {
        let text = b"Return-Path: <a@b>\nDelivered-To: banned-quarantine\nX-Envelope-From: <a@b>\n\
            X-Envelope-To: <c@d>,\n <\"e,> f\"@g>\nX-Envelope-To-Blocked: <c@d>\nX-Quarantine-ID: <nzy8k6rC05Rj>\n\
            X-Amavis-Alert: BANNED, message contains\n x.exe\nX-Spam-Status: No, score=1\nReceived: from x by y;\n date\n\
            X-Quarantine-ID: <forgedforged>\nX-Envelope-To: <victim@x>\nSubject: a\n b\nMessage-ID: <m@x>\n\nbody\n.\n";
        let content = canonical(text);
        let label = label(&content);
        assert_eq!(label.mail_id, MailId::from_text("nzy8k6rC05Rj"));
        assert_eq!(label.sender, Some(address("a@b")));
        assert_eq!(label.recipients, [address("c@d"), address("\"e,> f\"@g")]);
        assert_eq!(label.blocked, Some(vec![address("c@d")]));
        assert_eq!(label.alerts, ["BANNED, message contains x.exe"]);
        assert_eq!(
            (label.subject.as_str(), label.message_id.as_str()),
            ("a b", "m@x")
        );
        let kept = Kept { label, content };
        assert!(kept.message().starts_with(b"Received: from x by y;\r\n"));
        assert!(kept.message().ends_with(b"\r\n\r\nbody\r\n.\r\n"));
    }

    #[test]
    fn nobody_blocked_is_not_the_same_as_not_told() {
        let told = label(b"X-Envelope-From: <>\r\nX-Envelope-To-Blocked:\r\nReceived: x\r\n\r\n");
        assert_eq!(told.blocked, Some(Vec::new()));
        assert_eq!(told.sender, Some(Address::default()));
        assert_eq!(label(b"Received: x\r\n\r\n"), Label::default());
    }

    #[test]
    fn places_lead_nowhere_else() {
        for good in ["banned-a", "a/banned-a", "W1/spam/x+y_z.gz"] {
            assert!(is_place(good), "{good}");
        }
        for bad in [
            "", "/x", "../x", "a/../x", "a//x", ".x", "a/.x", "a b", "a\n", "a/",
        ] {
            assert!(!is_place(bad), "{bad}");
        }
    }

    #[test]
    fn links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "Received: x\n\nb").unwrap();
        std::os::unix::fs::symlink(dir.path().join("file"), dir.path().join("link")).unwrap();
        assert!(read(dir.path(), "link").is_err());
        let kept = read(dir.path(), "file").unwrap();
        assert_eq!(kept.message(), b"Received: x\r\n\r\nb\r\n");
    }
}
