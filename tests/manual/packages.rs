//! The packages' metadata and the units: what they name is there, and fits the program.

use std::{fs, path::Path, process::Command};

use super::page::{Page, root};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Names of the files in a folder, without sub-folders.
fn files(folder: &str) -> Vec<String> {
    fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
        .collect()
}

/// All that says what the Debian packages hold.
fn lists() -> String {
    files("packaging/debian")
        .iter()
        .filter(|name| {
            [".install", ".manpages", ".docs", ".examples", ".links"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .map(|name| read(name))
        .collect()
}

#[test]
fn what_is_made_for_the_packages_is_in_both() {
    let (lists, spec) = (lists(), read("packaging/rpm/filterd.spec"));
    let is_named = |text: &str, path: &str| {
        let folder = Path::new(path).parent().unwrap().to_string_lossy();
        [path, &folder].iter().any(|name| {
            text.split_whitespace()
                .any(|word| word.trim_end_matches('/') == *name)
        })
    };
    for folder in [
        "man",
        "etc",
        "etc/postfix",
        "etc/prometheus",
        "etc/logrotate",
        "etc/logcheck",
    ] {
        for path in files(folder) {
            assert!(is_named(&lists, &path), "{path} is in no Debian package");
            assert!(is_named(&spec, &path), "{path} is in no RPM package");
        }
    }
    // What the lists name is there, and so are the names of the original.
    for word in lists
        .split_whitespace()
        .filter(|word| word.starts_with("etc/") || word.starts_with("man/"))
    {
        let is_target = word == "etc/filterd";
        assert!(is_target || root().join(word).exists(), "{word}");
    }
    for line in read("packaging/debian/filterd-amavis.links").lines() {
        let name = Path::new(line.split(' ').nth(1).unwrap())
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        assert!(
            spec.contains(&format!("{name}\n")),
            "{name} is not in the RPM package"
        );
    }
}

#[test]
fn both_units_are_protected_alike() {
    let of = |name: &str| -> Vec<String> {
        let unit = read(&format!("packaging/systemd/{name}.service"));
        let words = [
            "Protect",
            "Private",
            "Restrict",
            "SystemCall",
            "Capability",
            "NoNew",
            "Memory",
            "Lock",
            "Kill",
            "Type",
            "Watchdog",
            "OOM",
            "User",
            "Group",
            "State",
            "UMask",
        ];
        unit.lines()
            .filter(|line| words.iter().any(|word| line.starts_with(word)))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(of("filterd"), of("amavis"));
}

#[test]
fn scripts_can_be_read_by_the_shell() {
    let scripts = files("packaging/debian")
        .into_iter()
        .filter(|name| {
            ["inst", "rm"]
                .iter()
                .any(|end| name.rsplit('.').next().unwrap().ends_with(end))
        })
        .chain(files("packaging/sysv"))
        .chain(files("tests/packaging/inside"))
        .chain(["packaging/build", "packaging/licences", "tests/packages"].map(str::to_owned));
    for script in scripts {
        let said = Command::new("sh")
            .arg("-n")
            .arg(root().join(&script))
            .output()
            .unwrap();
        assert!(
            said.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&said.stderr)
        );
    }
}

#[test]
fn the_versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = read("packaging/debian/changelog");
    assert!(
        changelog.starts_with(&format!("filterd ({version})")),
        "{changelog}"
    );
}

#[test]
fn the_unit_fits_the_program() {
    let unit = fs::read_to_string(root().join("packaging/systemd/filterd.service")).unwrap();
    let value = |name: &str| -> Vec<&str> {
        unit.lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .collect()
    };
    assert_eq!(value("ExecStart"), ["/usr/sbin/filterd -n"]);
    let stop: u64 = value("TimeoutStopSec")[0]
        .trim_end_matches('s')
        .parse()
        .unwrap();
    let config = filterd::config::resolve::resolve(&filterd::config::raw::RawConfig::default());
    let config = config.unwrap();
    assert!(stop > config.process.stop_grace.as_secs() + 10);
    assert_eq!(value("StateDirectory"), ["amavis"]);
    assert_eq!(config.process.home.to_str(), Some("/var/lib/amavis"));
    // Statuses after which a restart is of no use are those of the page.
    let page = Page::read("filterd.8");
    for status in value("RestartPreventExitStatus")[0].split(' ') {
        assert!(
            page.section("EXIT STATUS")
                .contains(&format!("\n.It {status}\n")),
            "{status}"
        );
    }
    let socket = fs::read_to_string(root().join("packaging/systemd/filterd.socket")).unwrap();
    for address in &config.listen.addresses {
        assert!(
            socket.contains(&format!("\nListenStream={address}\n")),
            "{address}"
        );
    }
}
