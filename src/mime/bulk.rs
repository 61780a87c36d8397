//! Mailing lists, automatic answers, bulk mail: mail whose sender nobody answers.
//!
//! # Source
//! content.md 1.5.

use super::field;
use crate::mail::{address::Address, header};

/// What kind of mail a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bulk {
    /// From a mailing list.
    pub is_list: bool,
    /// Sent by a program, as an answer or a report.
    pub is_automatic: bool,
    /// One of these, or bulk mail of another kind.
    pub is_bulk: bool,
}

impl Bulk {
    /// Looks at the header section at the head of `message` and at the reverse-path.
    #[must_use]
    pub fn of(message: &[u8], sender: &Address) -> Self {
        let mut bulk = Self::default();
        let local = lower(sender.local_part());
        bulk.is_list = is_list_name(&local) || local.ends_with("-admin");
        const ROBOTS: [&str; 4] = ["mailer-daemon", "double-bounce", "mailer", "autoreply"];
        bulk.is_automatic = sender.is_null() || ROBOTS.contains(&local.as_str());
        const LIST_FIELDS: [&[u8]; 4] = [
            b"List-Id",
            b"List-Post",
            b"List-Unsubscribe",
            b"Mailing-List",
        ];
        for header in header::fields(message) {
            let word = || lower(header.value).trim().to_owned();
            if LIST_FIELDS.iter().any(|name| header.is(name)) {
                bulk.is_list = true;
            } else if header.is(b"Precedence") {
                match word().as_str() {
                    "list" => bulk.is_list = true,
                    "auto-reply" => bulk.is_automatic = true,
                    "bulk" | "junk" => bulk.is_bulk = true,
                    _ => {}
                }
            } else if header.is(b"Auto-Submitted") {
                let word = word();
                let keyword = without_comment(&word).split([';', ' ', '(']).next();
                bulk.is_automatic |= keyword.is_some_and(|word| !word.is_empty() && word != "no");
            } else if header.is(b"From") {
                for address in field::addresses(header.value) {
                    let local = address
                        .rsplit_once('@')
                        .map_or(address.as_str(), |(local, _)| local)
                        .to_lowercase();
                    bulk.is_list |= is_list_name(&local);
                    bulk.is_bulk |=
                        local.ends_with("-relay") || local == "postmaster" || local == "uucp";
                }
            }
        }
        bulk.is_bulk |= bulk.is_list || bulk.is_automatic;
        bulk
    }
}

/// What follows a comment at the beginning.
fn without_comment(text: &str) -> &str {
    match text.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    }
}

fn is_list_name(local: &str) -> bool {
    ["-request", "-bounces", "-owner"]
        .iter()
        .any(|end| local.ends_with(end))
        || local.starts_with("owner-")
}

fn lower(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_robots_and_bulk_are_told_apart_from_people() {
        let of = |header: &str, sender: &str| {
            let bulk = Bulk::of(
                format!("{header}\r\n\r\nList-Id: body\r\n").as_bytes(),
                &Address::parse(sender.as_bytes()).unwrap(),
            );
            (bulk.is_list, bulk.is_automatic, bulk.is_bulk)
        };
        let (person, list, robot, bulk) = (
            (false, false, false),
            (true, false, true),
            (false, true, true),
            (false, false, true),
        );
        for (header, sender, want) in [
            ("From: a@b", "a@b", person),
            ("List-Id: <x>", "a@b", list),
            ("list-unsubscribe: <x>", "a@b", list),
            ("Precedence: LIST", "a@b", list),
            ("Precedence: bulk", "a@b", bulk),
            ("Precedence: auto-reply", "a@b", robot),
            ("Auto-Submitted: auto-replied; x", "a@b", robot),
            ("Auto-Submitted: no", "a@b", person),
            ("Auto-Submitted: (x) no", "a@b", person),
            ("X: y", "", robot),
            ("X: y", "MAILER-DAEMON@b", robot),
            ("X: y", "x-bounces@b", list),
            ("X: y", "x-admin@b", list),
            ("From: x-admin@b", "a@b", person),
            ("From: X <x-request@b>", "a@b", list),
            ("From: Postmaster <postmaster@b>", "a@b", bulk),
        ] {
            assert_eq!(of(header, sender), want, "{header} {sender}");
        }
    }
}
