//! What the configuration says about one recipient.

use crate::{
    config::{
        settled::{ChecksConfig, Config, SmtpdConfig},
        spam::SpamPolicy,
    },
    lookup::table::{LookupError, Maps},
    mail::address::Address,
};

/// Scores from which something happens; nothing happens where none is set.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Levels {
    /// `X-Spam` fields are put in; always, if not set.
    pub tag: Option<f64>,
    /// They say that it is spam.
    pub tag2: Option<f64>,
    /// It is spam of a worse kind.
    pub tag3: Option<f64>,
    /// The destiny of spam holds.
    pub kill: Option<f64>,
    /// The sender is not told.
    pub dsn_cutoff: Option<f64>,
    /// It is not kept.
    pub quarantine_cutoff: Option<f64>,
}

/// Settings of one recipient.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RecipientSettings {
    /// One of ours.
    pub is_local: bool,
    /// Largest message, octets; the global limit is not part of it.
    pub size_limit: Option<u64>,
    /// Nobody looks for viruses for him.
    pub bypasses_virus: bool,
    /// His mail is not scored.
    pub bypasses_spam: bool,
    /// He gets infected mail all the same.
    pub loves_virus: bool,
    /// He gets spam all the same.
    pub loves_spam: bool,
    /// Where his mail becomes spam.
    pub levels: Levels,
    /// `X-Spam` fields of others are taken away.
    pub removes_spam_fields: bool,
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
            bypasses_virus: config.scan.bypass_virus.is_true(address)?,
            bypasses_spam: config.scan.bypass_spam.is_true(address)?,
            loves_virus: lovers.virus.is_true(address)?,
            loves_spam: lovers.spam.is_true(address)?,
            levels: Levels::look_up(address, &config.policy.spam)?,
            removes_spam_fields: config.policy.spam.removes_existing.is_true(address)?,
            bypasses_banned: bypass_banned.is_true(address)?,
            bypasses_header: bypass_header.is_true(address)?,
            loves_banned: lovers.banned.is_true(address)?,
            loves_unchecked: lovers.unchecked.is_true(address)?,
            loves_bad_header: lovers.bad_header.is_true(address)?,
        })
    }
}

impl Levels {
    fn look_up(address: &Address, policy: &SpamPolicy) -> Result<Self, LookupError> {
        Ok(Self {
            tag: level(address, &policy.tag)?,
            tag2: level(address, &policy.tag2)?,
            tag3: level(address, &policy.tag3)?,
            kill: level(address, &policy.kill)?,
            dsn_cutoff: level(address, &policy.dsn_cutoff)?,
            quarantine_cutoff: level(address, &policy.quarantine_cutoff)?,
        })
    }
}

fn level(address: &Address, maps: &Maps) -> Result<Option<f64>, LookupError> {
    match maps
        .find(address)?
        .filter(|value| !value.as_str().is_empty())
    {
        None => Ok(None),
        // Files may change under us; what is no number is not taken for none.
        Some(value) => match value.as_number() {
            Some(number) => Ok(Some(number)),
            None => Err(LookupError(format!("{:?} is no level", value.as_str()))),
        },
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
