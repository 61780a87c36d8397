//! Configurations in the manner of how-tos and panels: each loads, shows as its golden file, and is the same in both languages.

use std::{fs, path::PathBuf};

use filterd::config::{dump, perl, raw::RawConfig, resolve::resolve, settled::Config, toml};

use crate::world::{Files, folder};

fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join("fixtures")).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    files
}

fn load(path: &PathBuf) -> RawConfig {
    let name = path.file_name().unwrap().to_str().unwrap();
    let mut raw = RawConfig::default();
    perl::read(name, &fs::read_to_string(path).unwrap(), &mut raw, &Files)
        .unwrap_or_else(|error| panic!("{error}"));
    raw
}

fn strip_notices(config: &mut Config) {
    let (admins, warned) = (&mut config.notices.admins, &mut config.notices.warned);
    let (defang, extension) = (&mut config.mangling.defang, &mut config.mangling.extension);
    for maps in [
        &mut admins.virus,
        &mut admins.new_virus,
        &mut admins.banned,
        &mut admins.spam,
        &mut admins.bad_header,
        &mut warned.virus,
        &mut warned.banned,
        &mut warned.bad_header,
        &mut config.notices.spam_admin_cutoff,
        &mut defang.virus,
        &mut defang.banned,
        &mut defang.unchecked,
        &mut defang.ambiguous,
        &mut defang.spam,
        &mut defang.bad_header,
        &mut defang.all,
        &mut extension.virus,
        &mut extension.banned,
        &mut extension.spam,
        &mut extension.bad_header,
        &mut config.quarantine.spam_by_sender,
    ] {
        maps.names.clear();
    }
    for by_category in [
        &mut config.policy.destinies.by_category,
        &mut config.policy.lovers.by_category,
        &mut config.policy.subject_tags,
        &mut config.mangling.defang.by_category,
        &mut config.mangling.extension.by_category,
        &mut config.notices.admins.by_category,
        &mut config.notices.warned.by_category,
        &mut config.quarantine.to_by_category,
    ] {
        by_category
            .entries
            .values_mut()
            .for_each(|maps| maps.names.clear());
    }
    for keeping in config.quarantine.kinds.values_mut() {
        keeping.to.names.clear();
    }
}

/// Without what tells of places, which differ between two files that mean the same.
fn meaning(raw: &RawConfig) -> Config {
    fn strip(config: &mut Config) {
        config.warnings.clear();
        config.without_effect.clear();
        config.policy.local_domains.names.clear();
        config.smtpd.size_limit_maps.names.clear();
        let lovers = &mut config.policy.lovers;
        let (scan, spam) = (&mut config.scan, &mut config.policy.spam);
        for maps in [
            &mut lovers.virus,
            &mut lovers.spam,
            &mut scan.bypass_virus,
            &mut scan.bypass_spam,
            &mut scan.virus_scores,
            &mut scan.fake_senders,
            &mut scan.spam_users,
            &mut spam.tag,
            &mut spam.tag2,
            &mut spam.tag3,
            &mut spam.kill,
            &mut spam.dsn_cutoff,
            &mut spam.quarantine_cutoff,
            &mut spam.whitelist,
            &mut spam.blacklist,
            &mut spam.removes_existing,
            &mut spam.subject_tag,
            &mut spam.subject_tag2,
            &mut spam.subject_tag3,
            &mut lovers.banned,
            &mut lovers.unchecked,
            &mut lovers.bad_header,
            &mut config.checks.bypass_banned,
            &mut config.checks.bypass_header,
        ] {
            maps.names.clear();
        }
        strip_notices(config);
        let spam = &mut config.policy.spam;
        let by_recipient = [
            &mut spam.own_whitelists,
            &mut spam.own_blacklists,
            &mut spam.sender_points,
        ];
        for maps in by_recipient.into_iter().flat_map(|all| &mut all.maps) {
            maps.values_mut().for_each(|maps| maps.names.clear());
        }
        config.layered.values_mut().for_each(strip);
    }
    let mut config = resolve(raw).unwrap_or_else(|error| panic!("{error}"));
    strip(&mut config);
    config
}

/// With `UPDATE_GOLDEN=1` the files are written anew, to be looked at.
#[test]
fn every_fixture_shows_as_its_golden_file() {
    for path in fixtures() {
        let shown = dump::changed(&load(&path));
        let golden = path.with_extension("toml");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &shown).unwrap();
        }
        let want = fs::read_to_string(&golden).unwrap();
        assert_eq!(shown, want, "{}", golden.display());
    }
}

#[test]
fn both_languages_say_the_same() {
    for path in fixtures() {
        let first = load(&path);
        for shown in [dump::changed(&first), dump::all(&first)] {
            let mut second = RawConfig::default();
            toml::read("golden", &shown, &mut second, &Files)
                .unwrap_or_else(|error| panic!("{}: {error}\n{shown}", path.display()));
            assert!(
                meaning(&first) == meaning(&second),
                "{} means something else in TOML:
{shown}",
                path.display()
            );
            if shown == dump::changed(&first) {
                assert_eq!(shown, dump::changed(&second), "{}", path.display());
            }
        }
    }
}
