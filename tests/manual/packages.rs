//! The packages' metadata and the units: what they name is there, and fits the program.

use std::{collections::BTreeSet, fs};

use super::page::{Page, root};

fn manifest() -> toml::Table {
    fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// Source and target of everything that a package holds, target folders without a slash at the end.
fn assets(package: &toml::Value) -> BTreeSet<(String, String)> {
    let list = package["assets"].as_array().unwrap();
    let pair = |asset: &toml::Value| {
        let (source, target) = match asset {
            toml::Value::Array(parts) => (&parts[0], &parts[1]),
            table => (&table["source"], &table["dest"]),
        };
        let target = target.as_str().unwrap().trim_start_matches('/');
        (
            source.as_str().unwrap().to_owned(),
            target.trim_end_matches('/').to_owned(),
        )
    };
    list.iter().map(pair).collect()
}

#[test]
fn what_the_packages_hold_is_there_and_the_same_in_both() {
    let manifest = manifest();
    let metadata = &manifest["package"]["metadata"];
    let (deb, rpm) = (assets(&metadata["deb"]), assets(&metadata["generate-rpm"]));
    for (source, target) in deb.union(&rpm) {
        let is_built = source.starts_with("target/release/");
        let is_there = root().join(source).is_file();
        assert!(is_built || is_there, "{source} for {target} is not there");
    }
    let names = |assets: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        assets
            .iter()
            .map(|(source, _)| source.clone())
            // The deb takes units by a way of its own, and each has its own place for licences.
            .filter(|source| !source.contains("/systemd/") && !source.starts_with("LICENSE"))
            .collect()
    };
    assert_eq!(names(&deb), names(&rpm));
    // Each file of these folders is in the packages, or it is forgotten.
    for folder in ["man", "etc", "etc/postfix"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            let is_held = deb.iter().any(|(source, _)| *source == name);
            assert!(
                is_held || root().join(&name).is_dir(),
                "{name} is in no package"
            );
        }
    }
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
