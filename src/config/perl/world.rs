//! What a configuration file may learn of the machine: files that it names, and the machine's own name. Nothing is run for it.
//!
//! # Source
//! daemon.md 8.3 (functions), 8.5 (commands in backticks that are understood).

use std::{os::unix::fs::PermissionsExt, path::Path};

use crate::{
    config::{
        error::ConfigError,
        secure_open::{self, Guard},
    },
    sys::process,
};

/// See the module's text.
pub trait World {
    /// The content of a configuration file.
    ///
    /// # Errors
    /// Why it was not read.
    fn read(&self, path: &Path) -> Result<String, ConfigError>;

    /// The content of a file of data, which may belong to anybody.
    ///
    /// # Errors
    /// Why it was not read.
    fn read_data(&self, path: &Path) -> Result<Vec<u8>, ConfigError>;

    /// The same, as text; what is no UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// Why it was not read.
    fn read_text(&self, path: &Path) -> Result<String, ConfigError> {
        self.read_data(path).map(secure_open::text)
    }

    /// `-e` and the like: whether there is such a file; `d` is a folder, `f` a file, `r` and `x` what we may do, `s` not empty.
    fn has(&self, test: char, path: &Path) -> bool;

    /// The machine's name; `qualified` asks for the one with a domain.
    fn host_name(&self, qualified: bool) -> String;
}

/// The machine we run on. Configuration files are read with the same checks as the one that names them.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Who shall not be able to change the files.
    pub guard: Guard,
}

impl World for Machine {
    fn read(&self, path: &Path) -> Result<String, ConfigError> {
        secure_open::read(path, self.guard)
    }

    fn read_data(&self, path: &Path) -> Result<Vec<u8>, ConfigError> {
        secure_open::read_data(path)
    }

    fn has(&self, test: char, path: &Path) -> bool {
        let Ok(metadata) = path.metadata() else {
            return false;
        };
        match test {
            'd' => metadata.is_dir(),
            'f' => metadata.is_file(),
            's' => metadata.len() > 0,
            'r' => std::fs::File::open(path).is_ok(),
            'x' => metadata.permissions().mode() & 0o111 != 0,
            _ => true,
        }
    }

    fn host_name(&self, qualified: bool) -> String {
        let name = process::host_name();
        if !qualified || name.contains('.') {
            return name;
        }
        // The name service may take its time; the file answers at once, and is what it looks at first.
        let hosts = self.read_text(Path::new("/etc/hosts")).unwrap_or_default();
        qualified_in(&hosts, &name).unwrap_or(name)
    }
}

/// The first name with a domain on a line of `/etc/hosts` that has `name`.
fn qualified_in(hosts: &str, name: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut names = line.split_whitespace().skip(1);
        let has_name = names.clone().any(|known| known == name);
        has_name
            .then(|| names.find(|known| known.contains('.')))
            .flatten()
            .map(str::to_owned)
    })
}

/// A place without files or a name, for texts that come from nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl World for Nowhere {
    fn read(&self, path: &Path) -> Result<String, ConfigError> {
        Err(ConfigError::general(format!(
            "{} is not read here",
            path.display()
        )))
    }

    fn read_data(&self, path: &Path) -> Result<Vec<u8>, ConfigError> {
        self.read(path).map(String::into_bytes)
    }

    fn has(&self, _test: char, _path: &Path) -> bool {
        false
    }

    fn host_name(&self, _qualified: bool) -> String {
        "localhost".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_with_a_domain_is_taken_from_the_line_of_the_host() {
        let hosts = "127.0.0.1 localhost\n# 127.0.1.1 x.example.com mail\n127.0.1.1 mail.example.com mail # own\n::1 ip6-localhost\n";
        assert_eq!(
            qualified_in(hosts, "mail").as_deref(),
            Some("mail.example.com")
        );
        assert_eq!(
            qualified_in("10.0.0.1 web web.example.net\n", "web").as_deref(),
            Some("web.example.net")
        );
        assert_eq!(qualified_in(hosts, "localhost"), None);
        assert_eq!(qualified_in(hosts, "other"), None);
    }
}
