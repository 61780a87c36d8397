//! The files that a client of AM.PDP names.
//!
//! # Guards
//! I9: a file must be below one of our own folders, by a name of harmless characters; no link is followed on the way.

use std::{
    io::{self, Read},
    path::Path,
};

use crate::{
    config::settled::Config, mail::content::ContentFacts, spool::message::Message,
    sys::dir::Folder, wire::smtp::data,
};

/// A folder that the client made for a message.
#[derive(Debug)]
pub(super) struct TempDir {
    /// The folder of ours in which it is.
    parent: Folder,
    /// Its name there.
    name: String,
    /// As the client named it.
    path: String,
}

impl TempDir {
    /// The folder at `path`.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(super) fn open(path: &str, config: &Config) -> Result<Self, String> {
        let suspicious = || format!("Suspicious temporary directory name {path:?}");
        let process = &config.process;
        let ours = [&process.temp_base, &process.home, &process.state_dir];
        let kept = config.quarantine.folder.as_ref();
        let is_ours = |ours: &&std::path::PathBuf| ours.starts_with(path);
        // It may be removed: nothing of ours may be in it.
        if ours.iter().any(is_ours)
            || kept.is_some_and(|kept| kept.starts_with(path) || Path::new(path).starts_with(kept))
        {
            return Err(suspicious());
        }
        let (parent, name) = below(path, config).ok_or_else(suspicious)?;
        let parent = parent.map_err(|error| format!("{path} cannot be used: {error}"))?;
        Ok(Self {
            parent,
            name,
            path: path.to_owned(),
        })
    }

    /// The last part of its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where the message is if nobody says otherwise.
    pub(super) fn message(&self) -> String {
        format!("{}/email.txt", self.path)
    }

    /// Removes it with what is in it.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn remove(&self) -> io::Result<()> {
        self.parent.remove_tree(&self.name)
    }
}

/// The folder in which `path` is, if it is below one of ours, and its last part. The kernel's error if it cannot be entered.
fn below(path: &str, config: &Config) -> Option<(io::Result<Folder>, String)> {
    let process = &config.process;
    let base = [&process.temp_base, &process.home]
        .into_iter()
        .filter(|base| base.is_absolute() && base.as_path() != Path::new("/"))
        .find(|base| Path::new(path).starts_with(base))?;
    let rest = Path::new(path).strip_prefix(base).ok()?.to_str()?;
    let is_plain = |part: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        !part.is_empty() && *part != "." && *part != ".." && part.bytes().all(plain)
    };
    let parts: Vec<&str> = rest.split('/').collect();
    if !parts.iter().all(is_plain) {
        return None;
    }
    let (last, folders) = parts.split_last()?;
    let mut folder = Folder::open(base);
    for part in folders {
        folder = folder.and_then(|folder| folder.enter(part));
    }
    Some((folder, (*last).to_owned()))
}

/// The message in the file at `path`, in canonical form; a final line without an end gets one.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn message(path: &str, limit: u64, config: &Config) -> Result<Message, String> {
    let (folder, name) = below(path, config).ok_or_else(|| format!("Unsafe filename {path:?}"))?;
    let file = folder
        .and_then(|folder| folder.open_file(&name))
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("File {path} does not exist"),
            _ => format!("File {path} cannot be read: {error}"),
        })?;
    let unreadable = |error: io::Error| format!("File {path} cannot be read: {error}");
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(format!("File {path} is no regular file"));
    }
    let mut octets = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "limited by take")]
    file.take(limit + 1)
        .read_to_end(&mut octets)
        .map_err(unreadable)?;
    if octets.len() as u64 > limit {
        return Err(format!("File {path} is larger than {limit} octets"));
    }
    let (content, bare_newlines) = canonical(&octets);
    let facts = ContentFacts {
        bare_newlines,
        ..data::facts_of(&content)
    };
    Ok(Message::composed(content, facts))
}

/// With CRLF where a line ends. A file may end its lines with LF; CR that stand alone are counted, and end a line.
fn canonical(octets: &[u8]) -> (Vec<u8>, u64) {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut bare = 0;
    let mut rest = octets;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, tail) = rest.split_at(at);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = match tail {
            [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => rest,
            [_, rest @ ..] => {
                bare += 1;
                rest
            }
            [] => tail,
        };
    }
    out.extend_from_slice(rest);
    if !rest.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    (out, bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{perl, raw::RawConfig, resolve::resolve};

    #[test]
    fn only_files_below_our_folders_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        std::fs::create_dir_all(home.join("tmp/amavis-1")).unwrap();
        std::fs::write(home.join("tmp/amavis-1/email.txt"), "A: b\n\nx\ry\n.z").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", home.join("tmp/link")).unwrap();
        std::os::unix::fs::symlink(&home, home.join("tmp/around")).unwrap();
        let mut raw = RawConfig::default();
        let text = format!("$MYHOME = '{0}'; $TEMPBASE = '{0}/tmp';", home.display());
        perl::read("f", &text, &mut raw, &perl::Nowhere).unwrap();
        let config = resolve(&raw).unwrap();
        let tmp = format!("{}/tmp", home.display());
        let temp = TempDir::open(&format!("{tmp}/amavis-1"), &config).unwrap();
        let found = message(&temp.message(), 1000, &config).unwrap();
        assert_eq!(found.read(0, 100).unwrap(), b"A: b\r\n\r\nx\r\ny\r\n.z\r\n");
        assert_eq!(found.facts().bare_newlines, 1);
        assert!(message(&temp.message(), 5, &config).is_err());
        for bad in [
            "/etc/passwd".to_owned(),
            format!("{tmp}/link"),
            format!("{tmp}/around/tmp/amavis-1/email.txt"),
            format!("{tmp}/../tmp/amavis-1/email.txt"),
            format!("{tmp}/amavis-1"),
            format!("{tmp}/nothing"),
            tmp.clone() + "x/y",
            String::new(),
        ] {
            assert!(message(&bad, 1000, &config).is_err(), "{bad}");
        }
        for bad in [
            "/etc",
            "/",
            "relative",
            &tmp,
            &format!("{tmp}/.."),
            &format!("{tmp}/a b"),
        ] {
            assert!(TempDir::open(bad, &config).is_err(), "{bad}");
        }
        temp.remove().unwrap();
        assert!(!home.join("tmp/amavis-1").exists());
    }
}
