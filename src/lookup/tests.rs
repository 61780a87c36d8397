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
