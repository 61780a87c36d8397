//! filterd.toml(5) against the table of settings.

use std::collections::{BTreeMap, BTreeSet};

use filterd::config::{
    original::{ALIASES, RETIRED, WITHOUT_EFFECT},
    perl,
    raw::RawConfig,
    resolve::resolve,
    settings::{Default, Kind, SETTINGS, Setting},
    toml,
};

use super::page::{Page, plain};

const PAGE: &str = "filterd.toml.5";

/// What the page must say under a setting's name: kind and default, from the table.
fn facts(setting: &Setting) -> String {
    let default = match (setting.kind, setting.default) {
        (Kind::Flag, Default::None | Default::Text("0")) => "default false".to_owned(),
        (Kind::Flag, Default::Text("1")) => "default true".to_owned(),
        (Kind::Destiny, Default::Text("1")) => "default D_PASS".to_owned(),
        (Kind::Destiny, Default::Text("0")) => "default D_DISCARD".to_owned(),
        (_, Default::None) => "not set by default".to_owned(),
        (_, Default::Text(text)) if text.contains('\n') => {
            "default a text of several lines".to_owned()
        }
        (_, Default::Text(text)) => format!("default {text}"),
        (_, Default::List(texts)) => format!("default {}", texts.join(", ")),
    };
    format!("{}; {default}.", setting.kind)
}

/// The text under each setting's name, up to the next one.
fn documented() -> BTreeMap<String, String> {
    let page = Page::read(PAGE);
    let mut found = BTreeMap::new();
    for item in page.section("SETTINGS").split("\n.It Va ").skip(1) {
        let (name, text) = item.split_once('\n').unwrap();
        let text = text.split("\n.El").next().unwrap();
        let before = found.insert(name.to_owned(), text.to_owned());
        assert_eq!(before, None, "{name} is documented twice");
    }
    found
}

#[test]
fn every_setting_is_documented_as_the_table_has_it() {
    let documented = documented();
    for setting in SETTINGS {
        let name = setting.name;
        let text = documented
            .get(name)
            .unwrap_or_else(|| panic!("{name} has an effect and is not in {PAGE}"));
        let want = format!(".Va {} ;\n{}\n.Pp\n", setting.perl, facts(setting));
        assert!(
            text.starts_with(&want),
            "{name}: the table says\n{want}--- the page\n{text}"
        );
    }
    let known: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    for name in documented.keys() {
        assert!(
            known.contains(name.as_str()),
            "{name} is in {PAGE} and has no effect"
        );
    }
}

#[test]
fn settings_without_effect_are_listed() {
    let words = |title: &str| -> Vec<String> {
        let part = Page::part(PAGE, title);
        let words = part.split_whitespace();
        words
            .filter(|word| !matches!(*word, ".Va" | "," | "."))
            .map(str::to_owned)
            .collect()
    };
    let table: Vec<&str> = WITHOUT_EFFECT.to_vec();
    let want: Vec<&str> = table
        .into_iter()
        .filter(|name| !RETIRED.contains(name))
        .collect();
    assert_eq!(words("without effect"), want);
    assert_eq!(words("retired"), RETIRED);
    let page = Page::read(PAGE);
    for (alias, name) in ALIASES {
        assert!(
            page.text
                .contains(&format!(".It Va {alias} Ta Va {name}\n")),
            "{alias}"
        );
    }
}

/// Examples in a text: single lines, and displays.
fn examples(text: &str) -> Vec<String> {
    let singles = text.lines().filter_map(|line| line.strip_prefix(".Dl "));
    let displays = text
        .split(".Bd -literal -offset indent\n")
        .skip(1)
        .map(|rest| rest.split(".Ed").next().unwrap());
    singles.chain(displays).map(plain).collect()
}

fn load(example: &str) -> RawConfig {
    let mut raw = RawConfig::default();
    let result = if example.contains("use strict;") {
        perl::read("example", example, &mut raw, &perl::Nowhere)
    } else {
        toml::read("example", example, &mut raw, &perl::Nowhere)
    };
    if let Err(errors) = result.and_then(|()| resolve(&raw).map(drop)) {
        panic!("{example}: {errors}");
    }
    assert_eq!(raw.without_effect(), Vec::<String>::new(), "{example}");
    raw
}

#[test]
fn every_setting_has_an_example_that_sets_it() {
    let documented = documented();
    for setting in SETTINGS {
        let examples = examples(&documented[setting.name]);
        assert!(!examples.is_empty(), "{}: no example", setting.name);
        for example in examples {
            let raw = load(&example);
            assert!(
                raw.get(setting.perl).is_some(),
                "{}: {example}",
                setting.name
            );
            // An example that sets the default shows nothing.
            if let (Some(assigned), Default::Text(default)) =
                (raw.get(setting.perl), setting.default)
            {
                assert_ne!(assigned.value.as_text(), Some(default), "{}", setting.name);
            }
        }
    }
}

#[test]
fn the_examples_of_whole_files_are_accepted() {
    let page = Page::read(PAGE);
    let whole = examples(page.section("EXAMPLES"));
    assert_eq!(whole.len(), 2);
    for example in whole.iter().chain(&examples(page.section("DESCRIPTION"))) {
        load(example);
    }
    // Both syntaxes of the example mean the same.
    let [toml, perl] = [&whole[0], &whole[1]].map(|text| {
        let mut config = resolve(&load(text)).unwrap();
        // Where a table was set is part of its name.
        config.policy.local_domains.names.clear();
        config
    });
    assert!(toml == perl, "{toml:#?}\n{perl:#?}");
}

#[test]
fn the_examples_of_addresses_networks_and_methods_are_accepted() {
    let page = Page::read(PAGE);
    let column = |title: &str| -> Vec<String> {
        let (_, rest) = page.text.split_once(&format!("\n.Ss {title}\n")).unwrap();
        let list = rest.split("\n.El").next().unwrap();
        list.lines()
            .filter_map(|line| line.strip_prefix(".It ")?.split_once(" Ta "))
            .map(|(example, _)| example.to_owned())
            .collect()
    };
    for (title, setting) in [
        ("Networks", "inet_acl"),
        ("Addresses to listen on", "listen_sockets"),
        ("Delivery methods", "forward_method"),
    ] {
        let examples = column(title);
        assert!(examples.len() > 3, "{title}");
        for example in examples {
            load(&format!("{setting} = [\"{example}\"]\n"));
        }
    }
}
