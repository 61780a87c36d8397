//! The configuration as the program uses it: checked, complete, unchanging.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

pub use super::release::ReleaseFormat;
use super::{
    by_category::{ByCategory, TextByCategory},
    error::ConfigError,
    listen::ListenAddress,
    mangling::ManglingConfig,
    method::Method,
    notices::NoticesConfig,
    quarantine::QuarantineConfig,
    release::ReleaseConfig,
    scanner::ScanConfig,
    spam::SpamPolicy,
};
use crate::{
    lookup::{
        network::NetworkList,
        rules::RuleMaps,
        table::{Maps, PatternEntry},
    },
    mail::{
        address::Address,
        category::{Category, Major},
        decision::Destiny,
        settlement::ReplyForm,
    },
    mime::header_check::Tests as HeaderTests,
    template::Template,
};

/// All settings.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Processes and their surroundings.
    pub process: ProcessConfig,
    /// Sockets.
    pub listen: ListenConfig,
    /// Sessions.
    pub smtpd: SmtpdConfig,
    /// Passing mail on.
    pub delivery: DeliveryConfig,
    /// The log.
    pub log: LogConfig,
    /// Who we are.
    pub identity: IdentityConfig,
    /// What is decided about mail.
    pub policy: PolicyConfig,
    /// What is looked for in mail.
    pub checks: ChecksConfig,
    /// Scanners.
    pub scan: ScanConfig,
    /// How far mail is taken apart.
    pub unpack: UnpackConfig,
    /// What is kept.
    pub quarantine: QuarantineConfig,
    /// How it is had back.
    pub release: ReleaseConfig,
    /// Who is told.
    pub notices: NoticesConfig,
    /// How mail is changed on its way.
    pub mangling: ManglingConfig,
    /// `@client_ipaddr_policy`
    pub client_rules: Vec<ClientRule>,
    /// The policy bank on top; empty for none.
    pub bank_name: String,
    /// All policy banks in effect, as `A/B`.
    pub bank_path: String,
    /// All policy banks that there are; only in the configuration without banks, as the two that follow.
    pub bank_names: BTreeSet<String>,
    /// `%interface_policy`: the policy bank of each port, address with port, socket path, or `SOCK`.
    pub interface_banks: BTreeMap<String, String>,
    /// What each combination of policy banks makes of the settings, by path.
    pub layered: BTreeMap<String, Self>,
    /// Set, but without effect; names.
    pub without_effect: Vec<String>,
    /// Worth telling, but no error.
    pub warnings: Vec<ConfigError>,
}

/// A pair of `@client_ipaddr_policy`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientRule {
    /// Which clients.
    pub networks: NetworkList,
    /// Their policy banks, in order.
    pub banks: Vec<String>,
    /// How the table is called.
    pub table: String,
}

/// Processes and their surroundings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessConfig {
    /// `$max_servers`
    pub max_servers: usize,
    /// `$max_requests`; 0 is no limit.
    pub max_requests: u64,
    /// `$child_timeout`
    pub child_timeout: Duration,
    /// `$stop_grace`
    pub stop_grace: Duration,
    /// `$daemonize`
    pub daemonize: bool,
    /// `$daemon_user`
    pub user: Option<String>,
    /// `$daemon_group`, `@daemon_groups`
    pub groups: Vec<String>,
    /// `$pid_file`
    pub pid_file: PidFile,
    /// `$MYHOME`
    pub home: PathBuf,
    /// `$TEMPBASE`
    pub temp_base: PathBuf,
    /// `$state_dir`
    pub state_dir: PathBuf,
    /// `$spool_memory_limit`, octets
    pub spool_memory_limit: usize,
    /// `$spool_min_free`, octets
    pub spool_min_free: u64,
}

/// `$pid_file`
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PidFile {
    /// Not set: written by a daemon only.
    Default(PathBuf),
    /// Set: always written.
    Set(PathBuf),
    /// Set to nothing: never written.
    None,
}

/// Sockets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListenConfig {
    /// All addresses, in order, each once.
    pub addresses: Vec<ListenAddress>,
    /// `$unix_socket_mode`
    pub unix_mode: u32,
    /// `$listen_queue_size`
    pub backlog: Option<u32>,
    /// `$protocol`
    pub protocol: Protocol,
}

/// What is spoken on a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// SMTP; a client may begin with LHLO all the same.
    #[default]
    Smtp,
    /// LMTP; a client may begin with EHLO all the same.
    Lmtp,
    /// AM.PDP: requests of milters and helpers.
    AmPdp,
}

/// Sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmtpdConfig {
    /// `$smtpd_timeout`
    pub timeout: Duration,
    /// `$smtpd_recipient_limit`
    pub recipient_limit: usize,
    /// `$smtpd_message_size_limit`, with the least of 64 KiB applied
    pub size_limit: Option<u64>,
    /// `@message_size_limit_maps`
    pub size_limit_maps: Maps,
    /// `$enforce_smtpd_message_size_limit_64kb_min`
    pub enforces_least_limit: bool,
    /// `@smtpd_discard_ehlo_keywords`
    pub discarded_keywords: Vec<String>,
    /// `$smtpd_greeting_banner`
    pub greeting_banner: String,
    /// `$smtpd_quit_banner`
    pub quit_banner: String,
    /// `@inet_acl`
    pub access: NetworkList,
    /// `$reply_form`
    pub reply_form: ReplyForm,
    /// `$bare_newline` is `reject`.
    pub rejects_bare_newlines: bool,
    /// `$early_data` is `reject`.
    pub rejects_early_data: bool,
    /// `$smtpd_min_data_rate`, octets a second; 0 is no limit.
    pub least_data_rate: u64,
    /// `$smtpd_hard_error_limit`
    pub error_limit: u32,
}

impl SmtpdConfig {
    /// The least size limit that is enforced, octets (RFC 5321 section 4.5.3.1.7).
    pub const LEAST_SIZE_LIMIT: u64 = 65_536;
}

/// Passing mail on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryConfig {
    /// `$forward_method`; never empty.
    pub forward: Vec<Method>,
    /// `$notify_method`; never empty.
    pub notify: Vec<Method>,
    /// `$local_client_bind_address`
    pub bind_address: Option<IpAddr>,
    /// `$smtp_connection_cache_enable`
    pub keeps_connections: bool,
    /// `$smtp_connection_cache_on_demand`
    pub keeps_on_demand: bool,
    /// `$propagate_dsn_if_possible`
    pub passes_dsn_on: bool,
    /// `$terminate_dsn_on_notify_success`
    pub ends_success_reports: bool,
    /// `$soft_bounce`
    pub soft_bounce: bool,
}

/// The log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// `$log_level`
    pub level: i32,
    /// `$do_syslog`
    pub to_syslog: bool,
    /// `$logfile`
    pub file: Option<PathBuf>,
    /// `$syslog_ident`
    pub ident: String,
    /// `$syslog_facility`
    pub facility: String,
    /// `$logline_maxlen`
    pub longest_line: usize,
    /// `$log_templ`
    pub main_entry: MainEntry,
    /// `$log_recip_templ`
    pub recipient_entry: Option<Template>,
    /// `$json_log`
    pub json: Option<PathBuf>,
}

/// The main entry of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum MainEntry {
    /// In the usual form.
    #[default]
    Usual,
    /// None is written.
    None,
    /// In this form.
    Template(Template),
}

/// Who we are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentityConfig {
    /// `$myhostname`
    pub host_name: String,
    /// `$localhost_name`
    pub localhost_name: String,
    /// `$myproduct_name`; `None` if not set.
    pub product: Option<String>,
    /// `$myversion_id`
    pub version_id: String,
    /// `$myversion_date`
    pub version_date: String,
    /// `$X_HEADER_TAG` and `$X_HEADER_LINE`; `None` if no field is wanted.
    pub scanned_field: Option<(String, String)>,
}

/// What is decided about mail.
#[derive(Clone, PartialEq, Debug)]
pub struct PolicyConfig {
    /// `@local_domains_maps`
    pub local_domains: Maps,
    /// `$originating`
    pub originating: bool,
    /// What happens to mail of each category.
    pub destinies: Destinies,
    /// `$banned_files_quarantine_method` is set: banned mail is not thrown away unless it is kept.
    pub wants_banned_kept: bool,
    /// Who gets mail all the same.
    pub lovers: Lovers,
    /// What is decided about scores.
    pub spam: SpamPolicy,
    /// `%smtp_reason_by_ccat`
    pub reasons: TextByCategory<Template>,
    /// `%subject_tag_maps_by_ccat`
    pub subject_tags: ByCategory,
}

/// What happens to mail of a category.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destinies {
    /// `%final_destiny_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
    /// `$final_virus_destiny`
    pub virus: Destiny,
    /// `$final_spam_destiny`
    pub spam: Destiny,
    /// `$final_banned_destiny`
    pub banned: Destiny,
    /// `$final_unchecked_destiny`
    pub unchecked: Destiny,
    /// `$final_bad_header_destiny`
    pub bad_header: Destiny,
}

impl Destinies {
    /// What happens to mail of a category for a recipient. Where that cannot be looked up, it is for later.
    #[must_use]
    pub fn of(&self, category: Category, recipient: &Address) -> Destiny {
        if let Some(maps) = self.by_category.of(category) {
            return match maps.find(recipient) {
                Ok(Some(value)) => Destiny::from_text(value.as_str()).unwrap_or(Destiny::TempFail),
                Ok(None) => Destiny::Pass,
                Err(_) => Destiny::TempFail,
            };
        }
        match category.major {
            Major::Virus => self.virus,
            Major::Spam => self.spam,
            Major::Banned => self.banned,
            Major::Unchecked => self.unchecked,
            Major::BadHeader => self.bad_header,
            Major::Oversized => Destiny::Bounce,
            _ => Destiny::Pass,
        }
    }
}

/// Who gets mail of a category all the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lovers {
    /// `@virus_lovers_maps`
    pub virus: Maps,
    /// `@spam_lovers_maps`
    pub spam: Maps,
    /// `@banned_files_lovers_maps`
    pub banned: Maps,
    /// `@unchecked_lovers_maps`
    pub unchecked: Maps,
    /// `@bad_header_lovers_maps`
    pub bad_header: Maps,
    /// `%lovers_maps_by_ccat`. It is asked first.
    pub by_category: ByCategory,
}

/// What is looked for in mail.
#[derive(Clone, PartialEq, Debug)]
pub struct ChecksConfig {
    /// Not `$bypass_decode_parts`
    pub looks_inside: bool,
    /// `@banned_filename_maps`, `%banned_rules`, `$banned_filename_re`
    pub banned: RuleMaps,
    /// `$banned_namepath_re`
    pub banned_paths: Vec<Arc<PatternEntry>>,
    /// `%allowed_header_tests`
    pub header_tests: HeaderTests,
    /// `@bypass_banned_checks_maps`
    pub bypass_banned: Maps,
    /// `@bypass_header_checks_maps`
    pub bypass_header: Maps,
}

/// How far a message is taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnpackConfig {
    /// `$MAXLEVELS`: levels of things in things.
    pub levels: usize,
    /// `$MAXFILES`: things.
    pub files: usize,
    /// `$MIN_EXPANSION_QUOTA`: octets that may be decoded, whatever the size of the message.
    pub least_octets: u64,
    /// `$MIN_EXPANSION_FACTOR`: times the size of the message that may be decoded, at least.
    pub least_factor: u64,
    /// `$MAX_EXPANSION_QUOTA`: octets beyond which [`Self::most_factor`] does not reach.
    pub most_octets: u64,
    /// `$MAX_EXPANSION_FACTOR`: times the size of the message that may be decoded, at most.
    pub most_factor: u64,
    /// `$decoder_cpu_limit`: processor time of a decoder process.
    pub cpu: Duration,
    /// `$decoder_time_limit`: time for a message.
    pub time: Duration,
    /// `$decoder_memory_limit`: memory of a decoder process beyond what it begins with, octets.
    pub memory: u64,
}
