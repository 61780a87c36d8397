//! How mail is changed on its way.

use super::{by_category, maps, notices::chain, reader::Reader};
use crate::{
    config::{
        error::ConfigError,
        mangling::{Defang, Extension, ManglingConfig},
        value::Value,
    },
    lookup::table::Maps,
};

pub(super) fn mangling(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> ManglingConfig {
    let fixes = reader.flag("$allow_fixing_improper_header");
    let always_bcc = reader.text("$always_bcc");
    if let Err(error) = crate::mail::address::Address::parse(always_bcc.as_bytes()) {
        reader.complain(
            "$always_bcc",
            format!("{always_bcc:?} is no address: {error}"),
        );
    }
    ManglingConfig {
        defang: Defang {
            virus: defang(reader, "$defang_virus", warnings),
            banned: defang(reader, "$defang_banned", warnings),
            unchecked: defang(reader, "$defang_undecipherable", warnings),
            ambiguous: defang(reader, "$defang_ambiguous", warnings),
            spam: defang(reader, "$defang_spam", warnings),
            bad_header: defang(reader, "$defang_bad_header", warnings),
            all: defang(reader, "$defang_all", warnings),
            by_category: by_category::tables(reader, "%defang_maps_by_ccat"),
        },
        extension: Extension {
            virus: chain(
                reader,
                "@addr_extension_virus_maps",
                &["$addr_extension_virus"],
            ),
            banned: chain(
                reader,
                "@addr_extension_banned_maps",
                &["$addr_extension_banned"],
            ),
            spam: chain(
                reader,
                "@addr_extension_spam_maps",
                &["$addr_extension_spam"],
            ),
            bad_header: chain(
                reader,
                "@addr_extension_bad_header_maps",
                &["$addr_extension_bad_header"],
            ),
            by_category: by_category::tables(reader, "%addr_extension_maps_by_ccat"),
        },
        replaces_extension: reader.flag("$replace_existing_extension"),
        delimiter: reader
            .optional_text("$recipient_delimiter")
            .and_then(|text| text.chars().next()),
        fixes_folding: fixes && reader.flag("$allow_fixing_improper_header_folding"),
        fixes_long_lines: fixes && reader.flag("$allow_fixing_long_header_lines"),
        always_bcc,
    }
}

/// A value for all recipients, or lookup tables. Ways that other programs have are told of, and wrapping is done in their place.
fn defang(reader: &mut Reader<'_>, name: &str, warnings: &mut Vec<ConfigError>) -> Maps {
    let value = reader.value(name);
    if let Value::Scalar(text) = &value {
        const OTHERS: [&str; 5] = ["altermime", "anomy", "disclaimer", "null", "nulldisclaimer"];
        let word = text.to_ascii_lowercase();
        if OTHERS.contains(&word.as_str()) {
            let what = format!("{text:?} is not there: such mail is wrapped instead");
            warnings.push(reader.at(name, what).advise("use \"attach\""));
        }
    }
    let items = match value {
        Value::Undef => Vec::new(),
        Value::List(items) => items,
        other => vec![other],
    };
    maps::from_items(reader, name, &items)
}
