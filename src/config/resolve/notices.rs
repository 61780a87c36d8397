//! Who is told of mail that was not clean, in which words.

use super::{by_category, maps, reader::Reader, release::author};
use crate::{
    config::{
        notices::{Admins, Author, NoticesConfig, Texts, Warned},
        settled::IdentityConfig,
        value::Value,
    },
    lookup::table::Maps,
    template::Template,
};

pub(super) fn notices(reader: &mut Reader<'_>, identity: &IdentityConfig) -> NoticesConfig {
    let mut by = |from: &str, mail_from: &str| Author {
        from: author(reader, from, identity),
        mail_from: mail_from_of(reader, mail_from),
    };
    let admin = by("$hdrfrom_notify_admin", "$mailfrom_notify_admin");
    let spam_admin = by("$hdrfrom_notify_spamadmin", "$mailfrom_notify_spamadmin");
    let recipient = by("$hdrfrom_notify_recip", "$mailfrom_notify_recip");
    let sender = by("$hdrfrom_notify_sender", "$mailfrom_notify_sender");
    NoticesConfig {
        admins: admins(reader),
        warned: Warned {
            virus: chain(reader, "@warnvirusrecip_maps", &["$warnvirusrecip"]),
            banned: chain(reader, "@warnbannedrecip_maps", &["$warnbannedrecip"]),
            bad_header: chain(reader, "@warnbadhrecip_maps", &["$warnbadhrecip"]),
            by_category: by_category::tables(reader, "%warnrecip_maps_by_ccat"),
        },
        warns_offsite: reader.flag("$warn_offsite"),
        spam_admin_cutoff: maps::maps(reader, "@spam_notifyadmin_cutoff_level_maps"),
        admin,
        spam_admin,
        recipient,
        sender,
        texts: texts(reader),
        dsn_bcc: reader.text("$dsn_bcc"),
        admin_rate: reader.number("$admin_notice_rate"),
    }
}

fn admins(reader: &mut Reader<'_>) -> Admins {
    Admins {
        virus: chain(
            reader,
            "@virus_admin_maps",
            &["%virus_admin", "$virus_admin"],
        ),
        new_virus: chain(reader, "@newvirus_admin_maps", &["$newvirus_admin"]),
        banned: chain(
            reader,
            "@banned_admin_maps",
            &["$banned_admin", "%virus_admin", "$virus_admin"],
        ),
        spam: chain(reader, "@spam_admin_maps", &["%spam_admin", "$spam_admin"]),
        bad_header: chain(reader, "@bad_header_admin_maps", &["$bad_header_admin"]),
        by_category: by_category::tables(reader, "%admin_maps_by_ccat"),
    }
}

/// Lookup tables, or what they are by default: these settings, as far as they are set.
pub(super) fn chain(reader: &mut Reader<'_>, name: &str, members: &[&str]) -> Maps {
    if reader.is_set(name) {
        return maps::maps(reader, name);
    }
    let items: Vec<Value> = members
        .iter()
        .filter(|member| !matches!(reader.value(member), Value::Undef))
        .map(|member| Value::Reference((*member).to_owned()))
        .collect();
    maps::from_items(reader, name, &items)
}

/// A reverse-path without its brackets; set to nothing it is the null path.
fn mail_from_of(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    if !reader.is_set(name) || matches!(reader.value(name), Value::Undef) {
        return None;
    }
    let text = reader.text(name);
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    if let Err(error) = crate::mail::address::Address::parse(inner.as_bytes()) {
        reader.complain(name, format!("{text:?} is no address: {error}"));
    }
    Some(inner.to_owned())
}

fn texts(reader: &mut Reader<'_>) -> Texts {
    let mut read = |name: &str| Template::read(&reader.text(name));
    Texts {
        sender: read("$notify_sender_templ"),
        virus_sender: read("$notify_virus_sender_templ"),
        spam_sender: read("$notify_spam_sender_templ"),
        virus_admin: read("$notify_virus_admin_templ"),
        spam_admin: read("$notify_spam_admin_templ"),
        virus_recipient: read("$notify_virus_recips_templ"),
        spam_recipient: read("$notify_spam_recips_templ"),
    }
}
