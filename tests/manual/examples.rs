//! The examples in `etc/`: accepted without a warning, and with the defaults of the table.

use std::{fs, os::unix::fs::chown, path::Path, process::Command};

use filterd::config::{
    perl,
    raw::RawConfig,
    resolve::resolve,
    settings::{Default, find_by_toml_name, setting},
    toml,
    value::Value,
};
use tempfile::TempDir;

use super::page::root;

fn example() -> String {
    fs::read_to_string(root().join("etc/filterd.toml")).unwrap()
}

/// The example with every setting in force.
fn uncommented() -> String {
    let is_setting = |line: &&str| {
        line.starts_with(|c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || "[\"".contains(c)
        })
    };
    let lines = example();
    let lines = lines
        .lines()
        .map(|line| line.strip_prefix('#').unwrap_or(line))
        .filter(is_setting);
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn load(text: &str) -> RawConfig {
    let mut raw = RawConfig::default();
    toml::read("etc/filterd.toml", text, &mut raw, &perl::Nowhere).unwrap();
    raw
}

#[test]
fn commented_settings_are_the_defaults() {
    let text = uncommented();
    let raw = load(&text);
    assert!(resolve(&raw).is_ok());
    let mut compared = 0;
    // What is in a table of its own has no default.
    let lines = text.lines().take_while(|line| !line.starts_with('['));
    for line in lines {
        let Some((name, _)) = line.split_once(" = ") else {
            continue;
        };
        let Some(setting) = find_by_toml_name(name).and_then(setting) else {
            assert!(name.starts_with('"'), "{name} has no effect");
            continue;
        };
        let defaults = match setting.default {
            // An example, and the text above it says that there is no default.
            Default::None => continue,
            Default::Text(text) => Value::text(text),
            Default::List(texts) => {
                Value::List(texts.iter().map(|text| Value::text(*text)).collect())
            }
        };
        let mut shown = load(&format!("{line}\n"));
        let mut default = RawConfig::default();
        let place = filterd::config::error::Place::default();
        default.set(setting.perl, defaults, place).unwrap();
        // Compared as the program understands them: "16M" is 16777216.
        shown.warnings.clear();
        assert_eq!(
            resolve(&shown).unwrap(),
            resolve(&default).unwrap(),
            "{line}"
        );
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}

/// Folders for a configuration, with a file that puts it there; the host's name is not ours to judge.
fn place() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    fs::create_dir(folder.path().join("home")).unwrap();
    let mut here = format!(
        "myhome = \"{path}/home\"\ntempbase = \"{path}/home\"\nstate_dir = \"{path}/home\"\nquarantinedir = \"{path}/home\"\nmyhostname = \"mail.example.com\"\n"
    );
    // Root may start it as nobody only; whoever else runs this is the owner already.
    if chown(folder.path().join("home"), Some(65534), Some(65534)).is_ok() {
        here.push_str("daemon_user = \"nobody\"\ndaemon_group = \"nogroup\"\n");
    }
    (folder, here)
}

/// `filterd check-config --json` for a file of ours and one that puts it into place.
fn check(file: &Path, postfix: &Path) -> serde_json::Value {
    let (folder, here) = place();
    let beside = folder.path().join("here.toml");
    fs::write(&beside, here).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_filterd"))
        .args([
            "check-config",
            "--json",
            "-X",
            "no_conf_file_writable_check",
        ])
        .arg("--postfix")
        .arg(postfix)
        .arg("-c")
        .arg(file)
        .arg("-c")
        .arg(beside)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is_clean(findings: &serde_json::Value) -> bool {
    ["errors", "warnings", "without_effect"]
        .iter()
        .all(|list| findings[list] == serde_json::json!([]))
}

/// A folder with the examples under the names that Postfix has for them, changed by `change`.
fn postfix(change: impl Fn(String) -> String) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["main.cf", "master.cf"] {
        let example = root().join("etc/postfix").join(format!("{name}.example"));
        let text = fs::read_to_string(example).unwrap();
        fs::write(folder.path().join(name), change(text)).unwrap();
    }
    folder
}

#[test]
fn the_example_configuration_is_accepted_without_a_warning() {
    let nothing = tempfile::tempdir().unwrap();
    let findings = check(&root().join("etc/filterd.toml"), nothing.path());
    assert!(is_clean(&findings), "{findings}");
    let all = nothing.path().join("all.toml");
    fs::write(&all, uncommented()).unwrap();
    // The folder of the log file may be missing here, and two places for the log are one too many.
    let text = uncommented();
    let lines = text.lines().filter(|line| !line.starts_with("logfile"));
    fs::write(&all, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let findings = check(&all, nothing.path());
    assert!(is_clean(&findings), "{findings}");
}

#[test]
fn the_examples_for_postfix_fit_the_example_configuration() {
    let config = root().join("etc/filterd.toml");
    let findings = check(&config, postfix(|text| text).path());
    assert!(is_clean(&findings), "{findings}");
    // The one by SMTP as well.
    let by_smtp = postfix(|text| {
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            let is_smtp = line.starts_with("#amavisfeed ") || line.starts_with("#    -o ");
            match line.strip_prefix('#').filter(|_| is_smtp) {
                Some(bare) => lines.push(bare.to_owned()),
                None if line.starts_with("amavisfeed ") || line.contains("-o lmtp_") => {}
                None => lines.push(line.to_owned()),
            }
        }
        lines.join("\n") + "\n"
    });
    let master = fs::read_to_string(by_smtp.path().join("master.cf")).unwrap();
    assert!(master.contains("\namavisfeed unix    -       -       n       -       2     smtp\n"));
    let findings = check(&config, by_smtp.path());
    assert!(is_clean(&findings), "{findings}");
    // That nothing is found must not be for want of looking.
    let wrong = postfix(|text| text.replace("       2     lmtp", "       9     lmtp"));
    assert!(!is_clean(&check(&config, wrong.path())));
}

#[test]
fn the_manual_shows_the_services_of_the_example() {
    let page = super::page::Page::read("filterd.8");
    let section = page.section("CONNECTING POSTFIX");
    let master = fs::read_to_string(root().join("etc/postfix/master.cf.example")).unwrap();
    let (_, display) = section.split_once(".Bd -literal\n").unwrap();
    for line in display.split(".Ed").next().unwrap().lines() {
        let is_text = line.starts_with('#') || line.is_empty();
        assert!(is_text || master.contains(&format!("\n{line}\n")), "{line}");
    }
}
