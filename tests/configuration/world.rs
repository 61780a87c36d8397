//! A machine whose only files are those of the folder `files`, found by their last names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use filterd::config::{error::ConfigError, perl::World};

/// The folder of these tests.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration")
}

/// See the module's text.
pub(crate) struct Files;

impl World for Files {
    fn read(&self, path: &Path) -> Result<String, ConfigError> {
        let inner = folder().join("files").join(path.file_name().unwrap());
        fs::read_to_string(inner)
            .map_err(|_| ConfigError::general(format!("{}: does not exist", path.display())))
    }

    fn read_data(&self, path: &Path) -> Result<Vec<u8>, ConfigError> {
        self.read(path).map(String::into_bytes)
    }

    fn has(&self, _test: char, path: &Path) -> bool {
        self.read(path).is_ok()
    }

    fn host_name(&self, _qualified: bool) -> String {
        "host.example.com".to_owned()
    }
}
