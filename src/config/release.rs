//! How mail leaves the quarantine.

use super::method::Method;

/// See the module's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleaseConfig {
    /// `$release_method`; empty if not set.
    pub methods: Vec<Method>,
    /// `$requeue_method`
    pub requeue: Vec<Method>,
    /// `$release_format`
    pub format: ReleaseFormat,
    /// `$report_format`
    pub report_format: ReleaseFormat,
    /// `$auth_required_release`
    pub needs_secret: bool,
    /// `$hdrfrom_notify_release`, as it stands in a From field.
    pub from: String,
    /// `$hdrfrom_notify_report`, likewise.
    pub report_from: String,
}

/// How a kept message is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReleaseFormat {
    /// As it is, below `Resent-` fields.
    #[default]
    Resend,
    /// As text in a message.
    Plain,
    /// Attached to a message.
    Attach,
    /// In a report of abuse (RFC 5965).
    Arf,
    /// In a report of non-delivery (RFC 3464).
    Dsn,
}

impl ReleaseFormat {
    /// Names, in the order of the kinds.
    pub const NAMES: [&'static str; 5] = ["resend", "plain", "attach", "arf", "dsn"];

    /// The format with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let kinds = [
            Self::Resend,
            Self::Plain,
            Self::Attach,
            Self::Arf,
            Self::Dsn,
        ];
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        kinds.get(at).copied()
    }
}
