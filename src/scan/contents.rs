//! What scanners get: the message as it came, and everything that was found in it, each content once.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::sys::dir::Folder;

/// Name of the message itself among the parts.
pub const MESSAGE: &str = "email.txt";
/// Octets of a file that are read at a time.
pub const STEP: usize = 256 * 1024;

/// Everything that is to be scanned.
#[derive(Debug)]
pub struct Contents<'m> {
    message: &'m [u8],
    /// Parts, one after another.
    memory: Vec<u8>,
    most_memory: usize,
    /// Where there is no more room in memory.
    file: Option<(File, u64)>,
    base: PathBuf,
    pieces: Vec<Piece>,
    /// The folder that holds them as files, if somebody needs one.
    folder: Option<PathBuf>,
}

#[derive(Debug)]
struct Piece {
    name: String,
    is_in_file: bool,
    at: u64,
    size: u64,
}

impl<'m> Contents<'m> {
    /// Only the message, yet. More than `most_memory` octets of parts go to a file without a name in `base`.
    #[must_use]
    pub fn new(message: &'m [u8], base: &Path, most_memory: usize) -> Self {
        Self {
            message,
            memory: Vec::new(),
            most_memory,
            file: None,
            base: base.to_owned(),
            pieces: Vec::new(),
            folder: None,
        }
    }

    /// Adds a part, unless it is empty, or the same content is there already.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, number: usize, content: &[u8]) -> io::Result<()> {
        let size = content.len() as u64;
        if content.is_empty() || self.is_known(content)? {
            return Ok(());
        }
        let is_in_file = self.memory.len() + content.len() > self.most_memory;
        let at = if is_in_file {
            let (file, end) = match &mut self.file {
                Some(file) => file,
                None => self.file.insert((Folder::open(&self.base)?.nameless()?, 0)),
            };
            file.write_all(content)?;
            let at = *end;
            *end += size;
            at
        } else {
            self.memory.extend_from_slice(content);
            (self.memory.len() - content.len()) as u64
        };
        self.pieces.push(Piece {
            name: format!("p{number:03}"),
            is_in_file,
            at,
            size,
        });
        Ok(())
    }

    /// True if the same octets are there already. Of many with the same size only the last few are looked at: to scan one twice is no
    /// harm.
    fn is_known(&self, content: &[u8]) -> io::Result<bool> {
        const MOST: usize = 16;
        let size = content.len() as u64;
        let same_size = (0..self.count())
            .rev()
            .filter(|item| self.size(*item) == size);
        for item in same_size.take(MOST) {
            if *self.read(item, 0, content.len())? == *content {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many there are, the message included; it is the first.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pieces.len() + 1
    }

    /// Its name: `email.txt`, `p002`.
    #[must_use]
    pub fn name(&self, item: usize) -> &str {
        self.piece(item).map_or(MESSAGE, |piece| &piece.name)
    }

    /// Its octets.
    #[must_use]
    pub fn size(&self, item: usize) -> u64 {
        let size = self.piece(item).map(|piece| piece.size);
        size.unwrap_or(self.message.len() as u64)
    }

    /// The message itself.
    #[must_use]
    pub const fn message(&self) -> &'m [u8] {
        self.message
    }

    fn piece(&self, item: usize) -> Option<&Piece> {
        item.checked_sub(1).and_then(|at| self.pieces.get(at))
    }

    /// Up to `most` octets from `offset` on; nothing at the end.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self, item: usize, offset: u64, most: usize) -> io::Result<Cow<'_, [u8]>> {
        let left = self.size(item).saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let slice = |octets: &'_ [u8], at: u64| -> Range {
            let from = usize::try_from(at).unwrap_or(usize::MAX).min(octets.len());
            (from, from.saturating_add(count).min(octets.len()))
        };
        match self.piece(item) {
            None => {
                let (from, to) = slice(self.message, offset);
                Ok(Cow::Borrowed(
                    self.message.get(from..to).unwrap_or_default(),
                ))
            }
            Some(piece) if !piece.is_in_file => {
                let (from, to) = slice(&self.memory, piece.at + offset);
                Ok(Cow::Borrowed(self.memory.get(from..to).unwrap_or_default()))
            }
            Some(piece) => {
                let mut octets = vec![0; count];
                if let Some((file, _)) = &self.file {
                    file.read_exact_at(&mut octets, piece.at + offset)?;
                }
                Ok(Cow::Owned(octets))
            }
        }
    }

    /// Writes them all as files into `folder`, whose path is `path`.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn lay_out(&mut self, folder: &Folder, path: PathBuf) -> io::Result<()> {
        for item in 0..self.count() {
            let name = self.name(item);
            let mut file = match folder.create_file(name, 0o640) {
                // Left by a message whose parts could not be removed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    folder.remove_file(name)?;
                    folder.create_file(name, 0o640)?
                }
                result => result?,
            };
            let mut offset = 0;
            loop {
                let octets = self.read(item, offset, STEP)?;
                if octets.is_empty() {
                    break;
                }
                file.write_all(&octets)?;
                offset += octets.len() as u64;
            }
        }
        self.folder = Some(path);
        Ok(())
    }

    /// Removes those files.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear_away(&self, folder: &Folder) -> io::Result<()> {
        (0..self.count()).try_for_each(|item| folder.remove_file(self.name(item)))
    }

    /// Where they are as files.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

type Range = (usize, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_content_is_there_once_in_memory_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut contents = Contents::new(b"all of it", dir.path(), 8);
        for (number, content) in [
            (1, &b"all of it"[..]),
            (2, b"first"),
            (3, b"first"),
            (4, b""),
        ] {
            contents.add(number, content).unwrap();
        }
        contents.add(5, b"does not fit").unwrap();
        contents.add(6, b"nor this").unwrap();
        let all: Vec<(String, Vec<u8>)> = (0..contents.count())
            .map(|item| {
                let octets = contents.read(item, 0, 100).unwrap().into_owned();
                (contents.name(item).to_owned(), octets)
            })
            .collect();
        let expected: [(&str, &[u8]); 4] = [
            ("email.txt", b"all of it"),
            ("p002", b"first"),
            ("p005", b"does not fit"),
            ("p006", b"nor this"),
        ];
        let expected = expected.map(|(name, octets)| (name.to_owned(), octets.to_vec()));
        assert_eq!(all, expected);
        assert_eq!(&*contents.read(2, 5, 3).unwrap(), b"not");
        assert!(contents.read(3, 8, 3).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let folder = Folder::open(dir.path()).unwrap();
        contents.lay_out(&folder, dir.path().to_owned()).unwrap();
        assert_eq!(std::fs::read(dir.path().join("p006")).unwrap(), b"nor this");
    }
}
