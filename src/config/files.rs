//! Loading a configuration: which files, in which syntax, with what the command line overrides.
//!
//! # Source
//! decision 30 (default paths), daemon.md 1.1 and 1.2.

use std::path::{Path, PathBuf};

use super::{
    error::{ConfigError, ConfigErrors, Place},
    perl,
    raw::RawConfig,
    resolve::resolve,
    secure_open::{self, Guard},
    settled::Config,
    toml,
    value::Value,
};

/// How many files may include one another.
const MOST_INCLUDES: usize = 20;

/// Where a configuration comes from; kept, so that a reload reads the same again.
#[derive(Clone, PartialEq, Debug)]
pub struct Sources {
    /// Files, in order.
    pub files: Vec<PathBuf>,
    /// Settings from the command line, in Perl form; they are set before the files are read, so that files can use them, and
    /// again afterwards, so that files cannot undo them.
    pub overrides: Vec<(String, Value)>,
    /// Who shall not be able to change the files.
    pub guard: Guard,
}

impl Sources {
    /// Reads everything and checks it.
    ///
    /// # Errors
    /// Everything that is wrong in the first file that cannot be read, or in the settings as a whole.
    pub fn load(&self) -> Result<Config, ConfigErrors> {
        resolve(&self.read()?)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// Everything that is wrong in the first file that cannot be read.
    pub fn read(&self) -> Result<RawConfig, ConfigErrors> {
        let mut raw = RawConfig::default();
        self.apply_overrides(&mut raw)?;
        for path in &self.files {
            self.read_file(path, &mut raw, 0)?;
        }
        self.apply_overrides(&mut raw)?;
        Ok(raw)
    }

    /// Reads one file, and before it those that it includes; `depth` is how many include it.
    fn read_file(
        &self,
        path: &Path,
        raw: &mut RawConfig,
        depth: usize,
    ) -> Result<(), ConfigErrors> {
        let text = secure_open::read(path, self.guard)?;
        let name = path.display().to_string();
        let machine = perl::Machine { guard: self.guard };
        let is_toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        if !is_toml {
            perl::read(&name, &text, raw, &machine)?;
            return expect_spam_assassin(&name, raw);
        }
        let document = toml::Document::parse(&name, &text)?;
        for (file, place) in document.includes()? {
            if depth >= MOST_INCLUDES {
                let what =
                    format!("{file}: files include one another more than {MOST_INCLUDES} deep");
                return Err(ConfigError::at(place, what).into());
            }
            // A relative name is meant from the folder of the file that has it.
            let file = path.parent().unwrap_or(Path::new("/")).join(file);
            if !file.exists() {
                let what = format!("include: {} does not exist", file.display());
                return Err(ConfigError::at(place, what).into());
            }
            self.read_file(&file, raw, depth + 1)?;
        }
        document.read(raw, &machine)
    }

    fn apply_overrides(&self, raw: &mut RawConfig) -> Result<(), ConfigErrors> {
        for (name, value) in &self.overrides {
            let place = Place {
                file: "command line".to_owned(),
                line: 0,
                column: 0,
            };
            raw.set(name, value.clone(), place)?;
        }
        Ok(())
    }
}

/// A file of the original that does not say which spam engines there are means the one that the original has in its own process.
fn expect_spam_assassin(file: &str, raw: &mut RawConfig) -> Result<(), ConfigErrors> {
    const ENGINES: &str = "@spam_scanners";
    if raw.get(ENGINES).is_some() {
        return Ok(());
    }
    let entry = ["SpamAssassin", "Amavis::SpamControl::SpamAssassin"];
    let entry = Value::List(entry.into_iter().map(Value::text).collect());
    let place = Place {
        file: file.to_owned(),
        line: 0,
        column: 0,
    };
    raw.set(ENGINES, Value::List(vec![entry]), place)
}

/// The native default: `filterd.toml`, then the files of `conf.d` in order.
///
/// # Errors
/// If there is none.
pub fn native_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files: Vec<PathBuf> = [folder.join("filterd.toml")]
        .into_iter()
        .filter(|path| path.exists())
        .collect();
    files.extend(names_in(&folder.join("conf.d"), |name| {
        name.ends_with(".toml") && !name.starts_with('.')
    }));
    if files.is_empty() {
        let what = format!(
            "no configuration file: {} does not exist",
            folder.join("filterd.toml").display()
        );
        return Err(ConfigError::general(what).advise("name one with -c FILE"));
    }
    Ok(files)
}

/// The drop-in default: Debian's two folders in `run-parts` order, else `/etc/amavisd/amavisd.conf` (Fedora's),
/// else `/etc/amavisd.conf`, below `root`.
///
/// # Errors
/// If there is none.
pub fn drop_in_files(root: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folders = ["usr/share/amavis/conf.d", "etc/amavis/conf.d"].map(|folder| root.join(folder));
    let singles = ["etc/amavisd/amavisd.conf", "etc/amavisd.conf"].map(|file| root.join(file));
    let is_run_part = |name: &str| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| names_in(folder, is_run_part))
        .collect();
    if files.is_empty() {
        files.extend(singles.iter().find(|file| file.exists()).cloned());
    }
    if files.is_empty() {
        let what = format!(
            "no configuration file: neither {} has one, nor is there {}",
            folders.map(|f| f.display().to_string()).join(" nor "),
            singles.map(|f| f.display().to_string()).join(" or ")
        );
        return Err(ConfigError::general(what).advise("name one with -c FILE"));
    }
    Ok(files)
}

/// Files of a folder whose names fit, sorted.
fn names_in(folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(&fits))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort_unstable();
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn sources(files: Vec<PathBuf>) -> Sources {
        Sources {
            files,
            overrides: Vec::new(),
            guard: Guard::Off,
        }
    }

    #[test]
    fn files_are_read_in_order_and_the_command_line_wins() {
        let dir = tempfile::tempdir().unwrap();
        let (perl, toml) = (dir.path().join("a.conf"), dir.path().join("b.toml"));
        fs::write(
            &perl,
            "$TEMPBASE = \"$MYHOME/tmp\"; $MYHOME = '/elsewhere'; $max_servers = 3;",
        )
        .unwrap();
        fs::write(&toml, "max_servers = 4").unwrap();
        let mut sources = sources(vec![perl, toml]);
        sources
            .overrides
            .push(("$MYHOME".into(), Value::text("/over")));
        let config = sources.load().unwrap();
        assert_eq!(config.process.max_servers, 4);
        assert_eq!(config.process.temp_base, PathBuf::from("/over/tmp"));
        assert_eq!(config.process.home, PathBuf::from("/over"));
    }

    #[test]
    fn default_files_are_found_in_order() {
        let root = tempfile::tempdir().unwrap();
        assert!(
            drop_in_files(root.path())
                .unwrap_err()
                .to_string()
                .contains("etc/amavisd.conf")
        );
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/amavisd.conf"), "").unwrap();
        assert!(drop_in_files(root.path()).unwrap()[0].ends_with("etc/amavisd.conf"));
        fs::create_dir(root.path().join("etc/amavisd")).unwrap();
        fs::write(root.path().join("etc/amavisd/amavisd.conf"), "").unwrap();
        let fedora = drop_in_files(root.path()).unwrap();
        assert!(fedora.len() == 1 && fedora[0].ends_with("etc/amavisd/amavisd.conf"));
        assert!(native_files(root.path()).is_err());
        for name in [
            "usr/share/amavis/conf.d/20-package",
            "etc/amavis/conf.d/50-user",
            "etc/amavis/conf.d/01-debian",
            "etc/amavis/conf.d/x.dpkg-old",
        ] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let names: Vec<String> = drop_in_files(root.path())
            .unwrap()
            .iter()
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["20-package", "01-debian", "50-user"]);
        fs::create_dir(root.path().join("conf.d")).unwrap();
        for name in [
            "filterd.toml",
            "conf.d/b.toml",
            "conf.d/a.toml",
            "conf.d/c.txt",
        ] {
            fs::write(root.path().join(name), "").unwrap();
        }
        assert_eq!(native_files(root.path()).unwrap().len(), 3);
    }
}
