//! What the configuration says about one recipient.

use crate::{
    config::settled::{PolicyConfig, SmtpdConfig},
    lookup::table::LookupError,
    mail::address::Address,
};

/// Settings of one recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecipientSettings {
    /// One of ours.
    pub is_local: bool,
    /// Largest message, octets; the global limit is not part of it.
    pub size_limit: Option<u64>,
}

impl RecipientSettings {
    /// Looks a recipient up.
    ///
    /// # Errors
    /// If a table could not be asked.
    pub fn look_up(
        address: &Address,
        smtpd: &SmtpdConfig,
        policy: &PolicyConfig,
    ) -> Result<Self, LookupError> {
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
        let limit = limit.filter(|&limit| limit > 0);
        let raised = |limit: u64| {
            if smtpd.enforces_least_limit {
                limit.max(SmtpdConfig::LEAST_SIZE_LIMIT)
            } else {
                limit
            }
        };
        Ok(Self {
            is_local: policy.local_domains.is_true(address)?,
            size_limit: limit.map(raised),
        })
    }
}
