//! White lists, black lists, and points of senders, for one recipient.
//!
//! # Source
//! content.md 5.6; decision 33: a From field is believed only if somebody whom we trust has verified it.

use crate::{
    config::spam::SpamPolicy,
    lookup::table::{LookupError, Maps},
    mail::address::Address,
};

/// Who sent a message.
#[derive(Clone, Copy, Debug)]
pub struct Senders<'s> {
    /// The envelope's sender.
    pub envelope: &'s Address,
    /// Authors, and whether each is verified.
    pub authors: &'s [(Address, bool)],
}

/// How a sender stands with a recipient.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Standing {
    /// On a white list.
    pub is_whitelisted: bool,
    /// On a black list, and on no white list.
    pub is_blacklisted: bool,
    /// Points, if there are any.
    pub points: Option<f64>,
}

impl Senders<'_> {
    /// Those who count where it is to their advantage.
    fn trusted(&self) -> impl Iterator<Item = &Address> {
        let verified = self.authors.iter().filter(|(_, is_verified)| *is_verified);
        std::iter::once(self.envelope).chain(verified.map(|(author, _)| author))
    }

    /// Everybody.
    fn all(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(self.envelope).chain(self.authors.iter().map(|(author, _)| author))
    }
}

/// Looks the senders up for `recipient`.
///
/// # Errors
/// If a table could not be asked.
pub fn standing(
    senders: Senders<'_>,
    recipient: &Address,
    policy: &SpamPolicy,
) -> Result<Standing, LookupError> {
    let is_on = |sender: &Address, own: &[&Maps], general: &Maps| -> Result<bool, LookupError> {
        for maps in own.iter().copied().chain([general]) {
            if let Some(value) = maps.find(sender)? {
                return Ok(value.is_true());
            }
        }
        Ok(false)
    };
    let own_white = policy.own_whitelists.of(recipient);
    let own_black = policy.own_blacklists.of(recipient);
    let mut standing = Standing::default();
    for sender in senders.trusted() {
        standing.is_whitelisted |= is_on(sender, &own_white, &policy.whitelist)?;
    }
    for sender in senders.all() {
        standing.is_blacklisted |= is_on(sender, &own_black, &policy.blacklist)?;
    }
    // The one whom a list trusts is not suspect.
    standing.is_blacklisted &= !standing.is_whitelisted;
    standing.points = points(senders, recipient, policy)?;
    Ok(standing)
}

/// The points of all tables: of each, the first that knows a sender; less than nothing only for those who are who they say.
fn points(
    senders: Senders<'_>,
    recipient: &Address,
    policy: &SpamPolicy,
) -> Result<Option<f64>, LookupError> {
    let mut sum = None;
    let mut known: Vec<&Address> = Vec::new();
    for sender in senders.all() {
        if known.contains(&sender) {
            continue;
        }
        known.push(sender);
        let is_trusted = senders.trusted().any(|trusted| trusted == sender);
        for maps in policy.sender_points.of(recipient) {
            let Some(value) = maps.find(sender)? else {
                continue;
            };
            let points = value.as_number().ok_or_else(|| {
                LookupError(format!(
                    "score_sender_maps: {:?} is no number",
                    value.as_str()
                ))
            })?;
            if points > 0.0 || is_trusted {
                sum = Some(sum.unwrap_or(0.0) + points);
            }
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{perl, raw::RawConfig, resolve::resolve};

    fn standing_of(text: &str, envelope: &str, authors: &[(&str, bool)]) -> Standing {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        let policy = resolve(&raw).unwrap().policy.spam;
        let address = |text: &str| Address::parse(text.as_bytes()).unwrap();
        let authors: Vec<_> = authors.iter().map(|(a, v)| (address(a), *v)).collect();
        let senders = Senders {
            envelope: &address(envelope),
            authors: &authors,
        };
        standing(senders, &address("r@example.com"), &policy).unwrap()
    }

    #[test]
    fn only_a_verified_author_is_whitelisted() {
        let text = "@whitelist_sender_maps = ({ 'good.example' => 1 });";
        let is_white = |envelope: &str, authors: &[(&str, bool)]| {
            standing_of(text, envelope, authors).is_whitelisted
        };
        assert!(is_white("a@good.example", &[]));
        assert!(!is_white("a@bad.example", &[("a@good.example", false)]));
        assert!(is_white("a@bad.example", &[("a@good.example", true)]));
    }

    #[test]
    fn own_lists_come_first_and_white_beats_black() {
        let text = "@blacklist_sender_maps = ([qw(.bad.example)]); \
            $per_recip_whitelist_sender_lookup_tables = { 'r@example.com' => [qw(friend@bad.example)] };";
        assert!(standing_of(text, "x@bad.example", &[]).is_blacklisted);
        let friend = standing_of(text, "friend@bad.example", &[]);
        assert!(friend.is_whitelisted && !friend.is_blacklisted);
        let author = standing_of(text, "a@b.c", &[("x@bad.example", false)]);
        assert!(author.is_blacklisted, "a black list needs no proof");
    }

    #[test]
    fn the_members_of_the_maps_count_unless_the_maps_are_set() {
        let members = "%whitelist_sender = ('a@good.example' => 1); @blacklist_sender_acl = qw(.bad.example); \
            $blacklist_sender_re = new_RE(qr'^spam@');";
        assert!(standing_of(members, "a@good.example", &[]).is_whitelisted);
        assert!(standing_of(members, "x@y.bad.example", &[]).is_blacklisted);
        assert!(standing_of(members, "spam@anywhere.example", &[]).is_blacklisted);
        let set = format!(
            "{members} @whitelist_sender_maps = (); @blacklist_sender_maps = (\\@blacklist_sender_acl);"
        );
        assert!(!standing_of(&set, "a@good.example", &[]).is_whitelisted);
        assert!(standing_of(&set, "x@y.bad.example", &[]).is_blacklisted);
        assert!(!standing_of(&set, "spam@anywhere.example", &[]).is_blacklisted);
    }

    #[test]
    fn points_are_summed_over_maps_and_not_within_one() {
        let text = "@score_sender_maps = ({ '.' => [ { 'a@b.example' => 3.5 }, { '.b.example' => 0.7 } ] }, \
            { 'r@example.com' => [ { 'a@b.example' => 1 } ] }, { 'other@example.com' => [ { 'a@b.example' => 9 } ] });";
        assert_eq!(standing_of(text, "a@b.example", &[]).points, Some(4.5));
        assert_eq!(standing_of(text, "x@b.example", &[]).points, Some(0.7));
        assert_eq!(standing_of(text, "x@c.example", &[]).points, None);
        let text = "@score_sender_maps = ({ '.' => [ { 'a@b.example' => -5 } ] });";
        assert_eq!(
            standing_of(text, "x@y.z", &[("a@b.example", false)]).points,
            None
        );
    }
}
