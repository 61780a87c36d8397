//! What Debian's package of the original would do to a configuration that is in use here.

use std::path::{Path, PathBuf};

/// A warning, if purging `amavisd-new` would delete configuration files that are in use; `root` is `/`.
///
/// # Source
/// `postrm` of amavisd-new 1:2.13.0-3: `purge` deletes `/etc/amavis`, `/var/lib/amavis` and the user `amavis`.
pub(super) fn findings(root: &Path, files: &[PathBuf]) -> Option<String> {
    let is_used = files
        .iter()
        .any(|file| file.starts_with(root.join("etc/amavis")));
    let scripts = root.join("var/lib/dpkg/info");
    let has_postrm = scripts.join("amavisd-new.postrm").exists();
    let is_installed = scripts.join("amavisd-new.prerm").exists();
    (is_used && has_postrm).then(|| {
        format!(
            "do not purge the package amavisd-new{}: that deletes /etc/amavis, which is in use here, /var/lib/amavis with the quarantine, \
             and the user amavis; removing it without purging is safe",
            if is_installed { "" } else { ", which is removed but not purged" }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_while_purging_would_take_what_is_used() {
        let root = tempfile::tempdir().unwrap();
        let info = root.path().join("var/lib/dpkg/info");
        std::fs::create_dir_all(&info).unwrap();
        let used = [root.path().join("etc/amavis/conf.d/50-user")];
        let own = [root.path().join("etc/filterd/filterd.toml")];
        assert_eq!(findings(root.path(), &used), None, "was never there");
        std::fs::write(info.join("amavisd-new.postrm"), "").unwrap();
        let warning = findings(root.path(), &used).unwrap();
        assert!(warning.contains("removed but not purged"), "{warning}");
        assert_eq!(findings(root.path(), &own), None);
        std::fs::write(info.join("amavisd-new.prerm"), "").unwrap();
        let warning = findings(root.path(), &used).unwrap();
        assert!(!warning.contains("removed but"), "{warning}");
    }
}
