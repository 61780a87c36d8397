//! The order of keys and the kinds of tables, against what the original answers.

use crate::{
    config::{perl, raw::RawConfig, resolve::resolve},
    mail::address::Address,
};

#[test]
fn tables_answer_as_the_original_does() {
    let table = include_str!("as_the_original.txt");
    let mut settings = "$recipient_delimiter = '+';".to_owned();
    let mut cases = 0;
    for line in table.lines().filter(|line| !line.starts_with("# ")) {
        if let Some(setting) = line.strip_prefix('!') {
            settings.push_str(&format!("${setting};"));
            continue;
        }
        let fields: Vec<&str> = line.split('\t').collect();
        let [tables, address, want] = fields[..] else {
            panic!("{line}");
        };
        let text = format!("{settings}\n@local_domains_maps = ({tables});");
        let mut raw = RawConfig::default();
        perl::read("f", &text, &mut raw, &perl::Nowhere)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let config = resolve(&raw).unwrap_or_else(|error| panic!("{line}: {error}"));
        let address = Address::parse(address.as_bytes()).unwrap();
        let found = config.policy.local_domains.find(&address).unwrap();
        let found = found.map_or("undef".to_owned(), |value| format!("[{}]", value.as_str()));
        assert_eq!(found, want, "{line}");
        cases += 1;
    }
    assert!(cases > 70, "{cases}");
}

/// Short addresses without a prefix, such as `10.1`, are not among the cases: the original gives up at them.
#[test]
fn networks_answer_as_those_of_the_original_do() {
    let table = include_str!("networks_as_the_original.txt");
    let mut cases = 0;
    for line in table.lines().filter(|line| !line.starts_with("# ")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [list, address, want] = fields[..] else {
            panic!("{line}");
        };
        let text = format!("@client_ipaddr_policy = ({list} => 'A');");
        let mut raw = RawConfig::default();
        perl::read("f", &text, &mut raw, &perl::Nowhere)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let config = resolve(&raw).unwrap_or_else(|error| panic!("{line}: {error}"));
        let networks = &config.client_rules[0].networks;
        assert_eq!(
            networks.contains(address.parse().unwrap()),
            want == "1",
            "{line}"
        );
        cases += 1;
    }
    assert!(cases > 400, "{cases}");
}
