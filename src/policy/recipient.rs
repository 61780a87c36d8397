//! What the configuration says about one recipient.

use crate::{
    config::settled::{ChecksConfig, Config, SmtpdConfig},
    lookup::table::LookupError,
    mail::address::Address,
};

/// Settings of one recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecipientSettings {
    /// One of ours.
    pub is_local: bool,
    /// Largest message, octets; the global limit is not part of it.
    pub size_limit: Option<u64>,
    /// Nothing is banned for him.
    pub bypasses_banned: bool,
    /// Header sections are not tested for him.
    pub bypasses_header: bool,
    /// He gets banned mail all the same.
    pub loves_banned: bool,
    /// He gets mail all the same that could not be looked into.
    pub loves_unchecked: bool,
    /// He gets mail with a bad header section all the same.
    pub loves_bad_header: bool,
}

impl RecipientSettings {
    /// Looks a recipient up.
    ///
    /// # Errors
    /// If a table could not be asked.
    pub fn look_up(address: &Address, config: &Config) -> Result<Self, LookupError> {
        let ChecksConfig {
            bypass_banned,
            bypass_header,
            ..
        } = &config.checks;
        let lovers = &config.policy.lovers;
        Ok(Self {
            is_local: config.policy.local_domains.is_true(address)?,
            size_limit: size_limit(address, &config.smtpd)?,
            bypasses_banned: bypass_banned.is_true(address)?,
            bypasses_header: bypass_header.is_true(address)?,
            loves_banned: lovers.banned.is_true(address)?,
            loves_unchecked: lovers.unchecked.is_true(address)?,
            loves_bad_header: lovers.bad_header.is_true(address)?,
        })
    }
}

fn size_limit(address: &Address, smtpd: &SmtpdConfig) -> Result<Option<u64>, LookupError> {
    let limit = match smtpd.size_limit_maps.find(address)? {
        None => None,
        // Files may change under us; what is no size is not taken for none.
        Some(value) => Some(value.as_octets().ok_or_else(|| {
            let what = format!(
                "message_size_limit_maps: {:?} is not a number of octets",
                value.as_str()
            );
            LookupError(what)
        })?),
    };
    let raised = |limit: u64| {
        if smtpd.enforces_least_limit {
            limit.max(SmtpdConfig::LEAST_SIZE_LIMIT)
        } else {
            limit
        }
    };
    Ok(limit.filter(|&limit| limit > 0).map(raised))
}
