//! table: every setting that has an effect, each defined once: name, kind, default, meaning.
//!
//! The readers, the defaults, the checks and the list of what has no effect come from here and from `original`.

use std::fmt;

use super::original;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name in the original's language, with its sigil.
    pub perl: &'static str,
    /// Name in TOML.
    pub name: &'static str,
    /// What it can hold.
    pub kind: Kind,
    /// What it holds if it is not set.
    pub default: Default,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// What a setting can hold. Numbers are the least and the greatest value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Count(u64, u64),
    /// Seconds; `8m`, `2h` are understood.
    Seconds(u64, u64),
    /// Octets; `64k`, `10M` are understood.
    Octets(u64, u64),
    /// A file mode, octal.
    Mode,
    /// A path.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A log level.
    Level,
    /// A text or a list of texts.
    Words,
    /// A list of networks.
    Networks,
    /// A delivery method or a list of them.
    Method,
    /// A destiny constant.
    Destiny,
    /// A hash.
    Map,
    /// A table of patterns, `new_RE(...)`, or one pattern.
    Patterns,
    /// A list of lookup tables.
    Maps,
    /// Lists of networks, each followed by names of policy banks.
    Pairs,
    /// A list of lists or tables, one for each entry.
    Scanners,
}

/// As filterd.toml(5) has it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Flag => f.write_str("true or false"),
            Self::Count(least, most) => write!(f, "number from {least} to {most}"),
            Self::Seconds(least, most) => write!(f, "seconds from {least} to {most}"),
            Self::Octets(least, most) => write!(f, "octets from {least} to {most}"),
            Self::Mode => f.write_str("file mode"),
            Self::Path => f.write_str("absolute path"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Level => f.write_str("log level from 0 to 5"),
            Self::Words => f.write_str("text or list of texts"),
            Self::Networks => f.write_str("list of networks"),
            Self::Method => f.write_str("delivery method or list of them"),
            Self::Destiny => f.write_str("destiny"),
            Self::Map => f.write_str("table"),
            Self::Patterns => f.write_str("patterns"),
            Self::Maps => f.write_str("list of lookup tables"),
            Self::Scanners => f.write_str("list of lists or tables"),
            Self::Pairs => f.write_str("pairs of networks and policy banks"),
        }
    }
}

/// A default value.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Not defined.
    None,
    /// A scalar.
    Text(&'static str),
    /// A list of scalars.
    List(&'static [&'static str]),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// A setting that has an effect.
    Setting(&'static Setting),
    /// A setting of the original that has none here, or not yet.
    NoEffect(&'static str),
    /// A setting that the original itself has retired.
    Retired(&'static str),
}

impl Known {
    /// The name in Perl form.
    #[must_use]
    pub const fn perl(self) -> &'static str {
        match self {
            Self::Setting(setting) => setting.perl,
            Self::NoEffect(name) | Self::Retired(name) => name,
        }
    }
}

/// Finds a setting by its Perl name; aliases are understood.
#[must_use]
pub fn find(perl: &str) -> Option<Known> {
    let perl = original::ALIASES
        .iter()
        .find(|(alias, _)| *alias == perl)
        .map_or(perl, |(_, name)| name);
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.perl == perl) {
        return Some(Known::Setting(setting));
    }
    let name = original::WITHOUT_EFFECT
        .iter()
        .find(|name| **name == perl)?;
    Some(if original::RETIRED.contains(name) {
        Known::Retired(name)
    } else {
        Known::NoEffect(name)
    })
}

/// Finds a setting by its TOML name, and gives its Perl name.
#[must_use]
pub fn find_by_toml_name(name: &str) -> Option<&'static str> {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .map(|setting| setting.perl);
    setting.or_else(|| {
        original::WITHOUT_EFFECT
            .iter()
            .find(|perl| toml_name(perl) == name)
            .copied()
    })
}

/// The TOML name of a Perl name.
#[must_use]
pub fn toml_name(perl: &str) -> String {
    let bare = perl
        .trim_start_matches(['$', '@', '%'])
        .to_ascii_lowercase();
    // Two names exist as scalar and as hash.
    if matches!(perl, "%virus_admin" | "%spam_admin") {
        format!("{bare}_map")
    } else {
        bare
    }
}

/// The setting with this Perl name, if it has an effect.
#[must_use]
pub fn setting(perl: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.perl == perl)
}

/// True if setting `perl` has an effect.
#[must_use]
pub fn has_effect(perl: &str) -> bool {
    setting(perl).is_some()
}

/// The known Perl name that is most like `name`.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let all = SETTINGS
        .iter()
        .map(|setting| setting.perl)
        .chain(original::WITHOUT_EFFECT.iter().copied());
    nearest_of(name, all)
}

/// The candidate that is most like `name`, if any is like it at all.
pub fn nearest_of<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let scored = candidates.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.85)
        .map(|(_, candidate)| candidate)
}

const fn none() -> Default {
    Default::None
}

const fn text(text: &'static str) -> Default {
    Default::Text(text)
}

const fn list(texts: &'static [&'static str]) -> Default {
    Default::List(texts)
}

const fn row(
    perl: &'static str,
    name: &'static str,
    kind: Kind,
    default: Default,
    doc: &'static str,
) -> Setting {
    Setting {
        perl,
        name,
        kind,
        default,
        doc,
    }
}

/// The facilities of the system log (RFC 3164), as far as they have the same name everywhere.
/// Ways to send a kept message.
const FORMATS: &[&str] = &super::release::ReleaseFormat::NAMES;

const FACILITIES: &[&str] = &[
    "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user",
    "uucp", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// The table.
pub const SETTINGS: &[Setting] = &[
    row(
        "$max_servers",
        "max_servers",
        Kind::Count(1, 1000),
        text("2"),
        "Children that serve at the same time; must not be less than `maxproc` of Postfix's feeding transport.",
    ),
    row(
        "$max_requests",
        "max_requests",
        Kind::Count(0, 1_000_000_000),
        text("20"),
        "A child leaves after this many transactions, at the end of a session; 0 means never.",
    ),
    row(
        "$child_timeout",
        "child_timeout",
        Kind::Seconds(1, 86_400),
        text("480"),
        "Longest time for one message, from its end to our reply; must be less than Postfix's `*_data_done_timeout`.",
    ),
    row(
        "$smtpd_timeout",
        "smtpd_timeout",
        Kind::Seconds(5, 86_400),
        text("480"),
        "Longest wait for the client's next command, or for more of its message.",
    ),
    row(
        "$stop_grace",
        "stop_grace",
        Kind::Seconds(1, 3_600),
        text("50"),
        "How long messages in work may go on after SIGTERM, before their children are killed.",
    ),
    row(
        "$daemonize",
        "daemonize",
        Kind::Flag,
        text("1"),
        "Go into the background when started as a daemon.",
    ),
    row(
        "$daemon_user",
        "daemon_user",
        Kind::Text,
        none(),
        "Whom to run as; needed when started by root.",
    ),
    row(
        "$daemon_group",
        "daemon_group",
        Kind::Text,
        none(),
        "Group to run as; the user's own if not set.",
    ),
    row(
        "@daemon_groups",
        "daemon_groups",
        Kind::Words,
        none(),
        "Groups to run with, the first one being the main group.",
    ),
    row(
        "$pid_file",
        "pid_file",
        Kind::Path,
        none(),
        "Where the master writes its process id; `$MYHOME/amavisd.pid` for a daemon, none in the foreground.",
    ),
    row(
        "$MYHOME",
        "myhome",
        Kind::Path,
        text("/var/lib/amavis"),
        "Home folder of the service; other paths are below it by default.",
    ),
    row(
        "$TEMPBASE",
        "tempbase",
        Kind::Path,
        none(),
        "Where working directories are made; `$MYHOME` if not set.",
    ),
    row(
        "$state_dir",
        "state_dir",
        Kind::Path,
        none(),
        "Where the scoreboard is kept; the folder of `$pid_file` if that is set, else `$MYHOME`.",
    ),
    row(
        "$spool_memory_limit",
        "spool_memory_limit",
        Kind::Octets(4_096, 1_073_741_824),
        text("1048576"),
        "Messages up to this size are kept in memory while they are in work; larger ones in a file.",
    ),
    row(
        "$spool_min_free",
        "spool_min_free",
        Kind::Octets(0, 1_099_511_627_776),
        text("16777216"),
        "Space that must be free where working directories are made, beyond the message; with less, mail is refused for now (452).",
    ),
    row(
        "$inet_socket_port",
        "inet_socket_port",
        Kind::Words,
        none(),
        "TCP port to listen on, or a list of them, or addresses with ports.",
    ),
    row(
        "$inet_socket_bind",
        "inet_socket_bind",
        Kind::Words,
        list(&["127.0.0.1", "[::1]"]),
        "Addresses on which the ports are opened; `*` or nothing for all.",
    ),
    row(
        "@listen_sockets",
        "listen_sockets",
        Kind::Words,
        none(),
        "Further sockets to listen on: ports, `address:port`, paths.",
    ),
    row(
        "$unix_socketname",
        "unix_socketname",
        Kind::Words,
        none(),
        "UNIX socket to listen on, or a list of them.",
    ),
    row(
        "$unix_socket_mode",
        "unix_socket_mode",
        Kind::Mode,
        text("0660"),
        "File mode of UNIX sockets.",
    ),
    row(
        "$listen_queue_size",
        "listen_queue_size",
        Kind::Count(1, 65_535),
        none(),
        "Longest queue of connections that wait for a child; the kernel's limit if not set.",
    ),
    row(
        "$protocol",
        "protocol",
        Kind::Choice(&["SMTP", "LMTP", "AM.PDP"]),
        none(),
        "Protocol on our sockets; a client of SMTP or LMTP may switch with LHLO or EHLO.",
    ),
    row(
        "$smtpd_recipient_limit",
        "smtpd_recipient_limit",
        Kind::Count(1, 1_000_000),
        text("1100"),
        "Most recipients in one transaction.",
    ),
    row(
        "$smtpd_message_size_limit",
        "smtpd_message_size_limit",
        Kind::Octets(0, 1_099_511_627_776),
        none(),
        "Largest message taken, announced in EHLO; no limit if not set.",
    ),
    row(
        "$enforce_smtpd_message_size_limit_64kb_min",
        "enforce_smtpd_message_size_limit_64kb_min",
        Kind::Flag,
        text("1"),
        "Raise size limits below 64 KiB to 64 KiB, as RFC 5321 section 4.5.3.1.7 asks.",
    ),
    row(
        "@message_size_limit_maps",
        "message_size_limit_maps",
        Kind::Maps,
        none(),
        "Largest message for a recipient, octets.",
    ),
    row(
        "@smtpd_discard_ehlo_keywords",
        "smtpd_discard_ehlo_keywords",
        Kind::Words,
        none(),
        "EHLO keywords that are not announced.",
    ),
    row(
        "$smtpd_greeting_banner",
        "smtpd_greeting_banner",
        Kind::Text,
        text("${helo-name} ${protocol} ${product} service ready"),
        "Text of the greeting.",
    ),
    row(
        "$smtpd_quit_banner",
        "smtpd_quit_banner",
        Kind::Text,
        text("${helo-name} ${product} closing transmission channel"),
        "Text of the goodbye.",
    ),
    row(
        "@inet_acl",
        "inet_acl",
        Kind::Networks,
        list(&["127.0.0.1", "[::1]"]),
        "Who may connect; others are disconnected without a word.",
    ),
    row(
        "$reply_form",
        "reply_form",
        Kind::Choice(&["guide", "2.13"]),
        text("guide"),
        "Words of greeting, goodbye and success reply: those of the Postfix integration guide, or those of version 2.13 of the original.",
    ),
    row(
        "$bare_newline",
        "bare_newline",
        Kind::Choice(&["normalize", "reject"]),
        text("normalize"),
        "What happens to a message with bare CR or LF: they are made CRLF, or it is refused.",
    ),
    row(
        "$early_data",
        "early_data",
        Kind::Choice(&["accept", "reject"]),
        text("accept"),
        "What happens when a client sends its message without waiting for our go-ahead: taken, or the session ends.",
    ),
    row(
        "$smtpd_min_data_rate",
        "smtpd_min_data_rate",
        Kind::Count(0, 1_000_000_000),
        text("500"),
        "Least octets a second of a client that sends a message, after `$smtpd_timeout`; 0 means no limit.",
    ),
    row(
        "$smtpd_hard_error_limit",
        "smtpd_hard_error_limit",
        Kind::Count(1, 1_000_000),
        text("100"),
        "Most protocol errors in one session.",
    ),
    row(
        "$forward_method",
        "forward_method",
        Kind::Method,
        text("smtp:[127.0.0.1]:10025"),
        "Where mail goes when it passed.",
    ),
    row(
        "$notify_method",
        "notify_method",
        Kind::Method,
        text("smtp:[127.0.0.1]:10025"),
        "Where reports of our own go.",
    ),
    row(
        "$local_client_bind_address",
        "local_client_bind_address",
        Kind::Text,
        none(),
        "Our address on connections to the next hop.",
    ),
    row(
        "$smtp_connection_cache_enable",
        "smtp_connection_cache_enable",
        Kind::Flag,
        text("1"),
        "Keep the connection to the next hop for the next message.",
    ),
    row(
        "$smtp_connection_cache_on_demand",
        "smtp_connection_cache_on_demand",
        Kind::Flag,
        text("1"),
        "Keep it only while messages follow each other closely.",
    ),
    row(
        "$propagate_dsn_if_possible",
        "propagate_dsn_if_possible",
        Kind::Flag,
        text("1"),
        "Pass NOTIFY and ORCPT on to a next hop that offers DSN.",
    ),
    row(
        "$terminate_dsn_on_notify_success",
        "terminate_dsn_on_notify_success",
        Kind::Flag,
        text("0"),
        "Report success ourselves and take SUCCESS out of NOTIFY.",
    ),
    row(
        "$soft_bounce",
        "soft_bounce",
        Kind::Flag,
        none(),
        "Make every permanent refusal a temporary one.",
    ),
    row(
        "%final_destiny_maps_by_ccat",
        "final_destiny_maps_by_ccat",
        Kind::Map,
        none(),
        "What happens to mail by category; asked before the destinies of single categories.",
    ),
    row(
        "%lovers_maps_by_ccat",
        "lovers_maps_by_ccat",
        Kind::Map,
        none(),
        "Who gets mail all the same, by category of what was found.",
    ),
    row(
        "%defang_maps_by_ccat",
        "defang_maps_by_ccat",
        Kind::Map,
        none(),
        "Whose mail is wrapped, by category of what was found.",
    ),
    row(
        "%addr_extension_maps_by_ccat",
        "addr_extension_maps_by_ccat",
        Kind::Map,
        none(),
        "Extensions of addresses, by category of what was found.",
    ),
    row(
        "%admin_maps_by_ccat",
        "admin_maps_by_ccat",
        Kind::Map,
        none(),
        "Addresses that are told, by category of what was found.",
    ),
    row(
        "%warnrecip_maps_by_ccat",
        "warnrecip_maps_by_ccat",
        Kind::Map,
        none(),
        "Which recipients are told, by category of what was found.",
    ),
    row(
        "%quarantine_to_maps_by_ccat",
        "quarantine_to_maps_by_ccat",
        Kind::Map,
        none(),
        "Where mail is kept, by category of what was found.",
    ),
    row(
        "%subject_tag_maps_by_ccat",
        "subject_tag_maps_by_ccat",
        Kind::Map,
        none(),
        "Put before subjects, by category of what was found.",
    ),
    row(
        "%smtp_reason_by_ccat",
        "smtp_reason_by_ccat",
        Kind::Map,
        none(),
        "Words of replies, by category of what was found.",
    ),
    row(
        "$final_unchecked_destiny",
        "final_unchecked_destiny",
        Kind::Destiny,
        text("1"),
        "What happens to mail that could not be looked into (`D_PASS`, `D_BOUNCE`, `D_REJECT`, `D_DISCARD`, `D_TEMPFAIL`).",
    ),
    row(
        "$bypass_decode_parts",
        "bypass_decode_parts",
        Kind::Flag,
        none(),
        "Do not look inside messages.",
    ),
    row(
        "%allowed_header_tests",
        "allowed_header_tests",
        Kind::Map,
        none(),
        "Which tests of the header section are made.",
    ),
    row(
        "@bypass_header_checks_maps",
        "bypass_header_checks_maps",
        Kind::Maps,
        none(),
        "Recipients whose mail's header section is not tested.",
    ),
    row(
        "$banned_filename_re",
        "banned_filename_re",
        Kind::Patterns,
        none(),
        "Names and types that are banned, the rules called `DEFAULT`.",
    ),
    row(
        "%banned_rules",
        "banned_rules",
        Kind::Map,
        none(),
        "Rules by name.",
    ),
    row(
        "@banned_filename_maps",
        "banned_filename_maps",
        Kind::Maps,
        none(),
        "Which rules hold for whom; `DEFAULT` for everybody if not set.",
    ),
    row(
        "$banned_namepath_re",
        "banned_namepath_re",
        Kind::Patterns,
        none(),
        "Patterns for things with all that holds them.",
    ),
    row(
        "@bypass_banned_checks_maps",
        "bypass_banned_checks_maps",
        Kind::Maps,
        none(),
        "Recipients for whom nothing is banned.",
    ),
    row(
        "$final_banned_destiny",
        "final_banned_destiny",
        Kind::Destiny,
        text("0"),
        "What happens to mail with something banned in it.",
    ),
    row(
        "$final_bad_header_destiny",
        "final_bad_header_destiny",
        Kind::Destiny,
        text("1"),
        "What happens to mail with a bad header section.",
    ),
    row(
        "@banned_files_lovers_maps",
        "banned_files_lovers_maps",
        Kind::Maps,
        none(),
        "Recipients who get banned mail all the same.",
    ),
    row(
        "@unchecked_lovers_maps",
        "unchecked_lovers_maps",
        Kind::Maps,
        none(),
        "Recipients who get mail that could not be looked into all the same.",
    ),
    row(
        "@bad_header_lovers_maps",
        "bad_header_lovers_maps",
        Kind::Maps,
        none(),
        "Recipients who get mail with a bad header section all the same.",
    ),
    row(
        "$QUARANTINEDIR",
        "quarantinedir",
        Kind::Path,
        none(),
        "Folder in which mail is kept.",
    ),
    row(
        "$quarantine_subdir_levels",
        "quarantine_subdir_levels",
        Kind::Count(0, 1),
        none(),
        "Whether it has folders, one for each first letter of a mail id.",
    ),
    row(
        "$banned_files_quarantine_method",
        "banned_files_quarantine_method",
        Kind::Text,
        text("local:banned-%m"),
        "How banned mail is kept, and under which names.",
    ),
    row(
        "$bad_header_quarantine_method",
        "bad_header_quarantine_method",
        Kind::Text,
        text("local:badh-%m"),
        "How mail with a bad header section is kept.",
    ),
    row(
        "$unchecked_quarantine_method",
        "unchecked_quarantine_method",
        Kind::Text,
        none(),
        "How mail is kept that could not be looked into.",
    ),
    row(
        "$virus_quarantine_to",
        "virus_quarantine_to",
        Kind::Text,
        text("virus-quarantine"),
        "Where infected mail is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@virus_quarantine_to_maps",
        "virus_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$virus_quarantine_to` by recipient.",
    ),
    row(
        "$banned_quarantine_to",
        "banned_quarantine_to",
        Kind::Text,
        text("banned-quarantine"),
        "Where banned mail is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@banned_quarantine_to_maps",
        "banned_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$banned_quarantine_to` by recipient.",
    ),
    row(
        "$spam_quarantine_to",
        "spam_quarantine_to",
        Kind::Text,
        text("spam-quarantine"),
        "Where spam is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@spam_quarantine_to_maps",
        "spam_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$spam_quarantine_to` by recipient.",
    ),
    row(
        "$unchecked_quarantine_to",
        "unchecked_quarantine_to",
        Kind::Text,
        text("unchecked-quarantine"),
        "Where mail that could not be looked into is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@unchecked_quarantine_to_maps",
        "unchecked_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$unchecked_quarantine_to` by recipient.",
    ),
    row(
        "$bad_header_quarantine_to",
        "bad_header_quarantine_to",
        Kind::Text,
        text("bad-header-quarantine"),
        "Where mail with a bad header section is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@bad_header_quarantine_to_maps",
        "bad_header_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$bad_header_quarantine_to` by recipient.",
    ),
    row(
        "$clean_quarantine_to",
        "clean_quarantine_to",
        Kind::Text,
        text("clean-quarantine"),
        "Where clean mail is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@clean_quarantine_to_maps",
        "clean_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$clean_quarantine_to` by recipient.",
    ),
    row(
        "$archive_quarantine_to",
        "archive_quarantine_to",
        Kind::Text,
        text("archive-quarantine"),
        "Where all mail is kept: an alias, or an address; nowhere if empty.",
    ),
    row(
        "@archive_quarantine_to_maps",
        "archive_quarantine_to_maps",
        Kind::Maps,
        none(),
        "`$archive_quarantine_to` by recipient.",
    ),
    row(
        "$clean_quarantine_method",
        "clean_quarantine_method",
        Kind::Text,
        none(),
        "How copies of clean mail are kept; none are if not set.",
    ),
    row(
        "$archive_quarantine_method",
        "archive_quarantine_method",
        Kind::Text,
        none(),
        "How copies of all mail are kept; none are if not set.",
    ),
    row(
        "@spam_quarantine_bysender_to_maps",
        "spam_quarantine_bysender_to_maps",
        Kind::Maps,
        none(),
        "Where spam is kept besides, by sender.",
    ),
    row(
        "%local_delivery_aliases",
        "local_delivery_aliases",
        Kind::Map,
        none(),
        "Folders and mailboxes where the mail of aliases is kept.",
    ),
    row(
        "$mailfrom_to_quarantine",
        "mailfrom_to_quarantine",
        Kind::Text,
        none(),
        "Reverse-path of copies that are kept at an address; the message's own if not set.",
    ),
    row(
        "$release_method",
        "release_method",
        Kind::Method,
        none(),
        "Next hop for mail that is released from the quarantine; `$notify_method` if not set.",
    ),
    row(
        "$requeue_method",
        "requeue_method",
        Kind::Method,
        text("smtp:[127.0.0.1]:25"),
        "Next hop for mail that is to go through the whole mail system again.",
    ),
    row(
        "$release_format",
        "release_format",
        Kind::Choice(FORMATS),
        text("resend"),
        "How released mail is sent.",
    ),
    row(
        "$report_format",
        "report_format",
        Kind::Choice(FORMATS),
        text("arf"),
        "How mail is sent that is reported on.",
    ),
    row(
        "$auth_required_release",
        "auth_required_release",
        Kind::Flag,
        text("1"),
        "Releasing over a socket needs the secret of the mail id.",
    ),
    row(
        "$hdrfrom_notify_release",
        "hdrfrom_notify_release",
        Kind::Text,
        none(),
        "Author of released mail.",
    ),
    row(
        "$hdrfrom_notify_report",
        "hdrfrom_notify_report",
        Kind::Text,
        none(),
        "Author of reports about mail.",
    ),
    row(
        "$virus_admin",
        "virus_admin",
        Kind::Text,
        none(),
        "Address that is told of viruses.",
    ),
    row(
        "%virus_admin",
        "virus_admin_map",
        Kind::Map,
        none(),
        "The same by recipient.",
    ),
    row(
        "@virus_admin_maps",
        "virus_admin_maps",
        Kind::Maps,
        none(),
        "`%virus_admin`, then `$virus_admin`, by recipient.",
    ),
    row(
        "$newvirus_admin",
        "newvirus_admin",
        Kind::Text,
        none(),
        "Address that is told of viruses as well.",
    ),
    row(
        "@newvirus_admin_maps",
        "newvirus_admin_maps",
        Kind::Maps,
        none(),
        "`$newvirus_admin` by recipient.",
    ),
    row(
        "$banned_admin",
        "banned_admin",
        Kind::Text,
        none(),
        "Address that is told of what is banned; `$virus_admin` if not set.",
    ),
    row(
        "@banned_admin_maps",
        "banned_admin_maps",
        Kind::Maps,
        none(),
        "`$banned_admin`, `%virus_admin`, then `$virus_admin`, by recipient.",
    ),
    row(
        "$spam_admin",
        "spam_admin",
        Kind::Text,
        none(),
        "Address that is told of spam.",
    ),
    row(
        "%spam_admin",
        "spam_admin_map",
        Kind::Map,
        none(),
        "The same by recipient.",
    ),
    row(
        "@spam_admin_maps",
        "spam_admin_maps",
        Kind::Maps,
        none(),
        "`%spam_admin`, then `$spam_admin`, by recipient.",
    ),
    row(
        "$bad_header_admin",
        "bad_header_admin",
        Kind::Text,
        none(),
        "Address that is told of bad header sections.",
    ),
    row(
        "@bad_header_admin_maps",
        "bad_header_admin_maps",
        Kind::Maps,
        none(),
        "`$bad_header_admin` by recipient.",
    ),
    row(
        "$warnvirusrecip",
        "warnvirusrecip",
        Kind::Flag,
        none(),
        "Recipients are told of viruses.",
    ),
    row(
        "@warnvirusrecip_maps",
        "warnvirusrecip_maps",
        Kind::Maps,
        none(),
        "`$warnvirusrecip` by recipient.",
    ),
    row(
        "$warnbannedrecip",
        "warnbannedrecip",
        Kind::Flag,
        none(),
        "Recipients are told of what is banned.",
    ),
    row(
        "@warnbannedrecip_maps",
        "warnbannedrecip_maps",
        Kind::Maps,
        none(),
        "`$warnbannedrecip` by recipient.",
    ),
    row(
        "$warnbadhrecip",
        "warnbadhrecip",
        Kind::Flag,
        none(),
        "Recipients are told of bad header sections.",
    ),
    row(
        "@warnbadhrecip_maps",
        "warnbadhrecip_maps",
        Kind::Maps,
        none(),
        "`$warnbadhrecip` by recipient.",
    ),
    row(
        "$warn_offsite",
        "warn_offsite",
        Kind::Flag,
        none(),
        "Recipients that are not ours are told, too.",
    ),
    row(
        "$warnbannedsender",
        "warnbannedsender",
        Kind::Flag,
        none(),
        "Senders are told of what is banned, where mail is thrown away.",
    ),
    row(
        "$warnbadhsender",
        "warnbadhsender",
        Kind::Flag,
        none(),
        "Senders are told of bad header sections, where mail is thrown away.",
    ),
    row(
        "@spam_notifyadmin_cutoff_level_maps",
        "spam_notifyadmin_cutoff_level_maps",
        Kind::Maps,
        none(),
        "Score from which nobody is told of spam, by recipient.",
    ),
    row(
        "$hdrfrom_notify_admin",
        "hdrfrom_notify_admin",
        Kind::Text,
        none(),
        "Author of notices to administrators.",
    ),
    row(
        "$hdrfrom_notify_spamadmin",
        "hdrfrom_notify_spamadmin",
        Kind::Text,
        none(),
        "Author of notices to administrators about spam.",
    ),
    row(
        "$hdrfrom_notify_recip",
        "hdrfrom_notify_recip",
        Kind::Text,
        none(),
        "Author of notices to recipients.",
    ),
    row(
        "$hdrfrom_notify_sender",
        "hdrfrom_notify_sender",
        Kind::Text,
        none(),
        "Author of reports to senders.",
    ),
    row(
        "$mailfrom_notify_admin",
        "mailfrom_notify_admin",
        Kind::Text,
        none(),
        "Reverse-path of notices to administrators; the author's address if not set.",
    ),
    row(
        "$mailfrom_notify_spamadmin",
        "mailfrom_notify_spamadmin",
        Kind::Text,
        none(),
        "Reverse-path of notices to administrators about spam; the author's address if not set.",
    ),
    row(
        "$mailfrom_notify_recip",
        "mailfrom_notify_recip",
        Kind::Text,
        none(),
        "Reverse-path of notices to recipients; the author's address if not set.",
    ),
    row(
        "$mailfrom_notify_sender",
        "mailfrom_notify_sender",
        Kind::Text,
        none(),
        "Reverse-path of reports to senders; the null path if not set.",
    ),
    row(
        "$notify_sender_templ",
        "notify_sender_templ",
        Kind::Text,
        text(include_str!("texts/sender.txt")),
        "Text of reports to senders.",
    ),
    row(
        "$notify_virus_sender_templ",
        "notify_virus_sender_templ",
        Kind::Text,
        text(include_str!("texts/virus-sender.txt")),
        "Text of reports to senders of viruses and of what is banned.",
    ),
    row(
        "$notify_spam_sender_templ",
        "notify_spam_sender_templ",
        Kind::Text,
        text(include_str!("texts/spam-sender.txt")),
        "Text of reports to senders of spam.",
    ),
    row(
        "$notify_virus_admin_templ",
        "notify_virus_admin_templ",
        Kind::Text,
        text(include_str!("texts/virus-admin.txt")),
        "Text of notices to administrators.",
    ),
    row(
        "$notify_spam_admin_templ",
        "notify_spam_admin_templ",
        Kind::Text,
        text(include_str!("texts/spam-admin.txt")),
        "Text of notices to administrators about spam.",
    ),
    row(
        "$notify_virus_recips_templ",
        "notify_virus_recips_templ",
        Kind::Text,
        text(include_str!("texts/virus-recipient.txt")),
        "Text of notices to recipients.",
    ),
    row(
        "$notify_spam_recips_templ",
        "notify_spam_recips_templ",
        Kind::Text,
        none(),
        "Text of notices to recipients about spam; nobody is told without one.",
    ),
    row(
        "$dsn_bcc",
        "dsn_bcc",
        Kind::Text,
        none(),
        "Address that gets a copy of every report to a sender.",
    ),
    row(
        "$admin_notice_rate",
        "admin_notice_rate",
        Kind::Count(0, 1_000_000),
        text("0"),
        "Most notices to administrators that a child sends in an hour; 0 is no limit.",
    ),
    row(
        "$defang_virus",
        "defang_virus",
        Kind::Text,
        none(),
        "Infected mail that is passed on is wrapped for our recipients.",
    ),
    row(
        "$defang_banned",
        "defang_banned",
        Kind::Text,
        none(),
        "The same for banned mail.",
    ),
    row(
        "$defang_undecipherable",
        "defang_undecipherable",
        Kind::Text,
        none(),
        "The same for mail that could not be looked into.",
    ),
    row(
        "$defang_ambiguous",
        "defang_ambiguous",
        Kind::Text,
        text("1"),
        "The same for mail that can be read in two ways.",
    ),
    row(
        "$defang_spam",
        "defang_spam",
        Kind::Text,
        none(),
        "The same for mail at or above the second tag level.",
    ),
    row(
        "$defang_bad_header",
        "defang_bad_header",
        Kind::Text,
        none(),
        "The same for mail with a bad header section.",
    ),
    row(
        "$defang_all",
        "defang_all",
        Kind::Text,
        none(),
        "The same for all mail.",
    ),
    row(
        "$addr_extension_virus",
        "addr_extension_virus",
        Kind::Text,
        none(),
        "Put after the local part of our recipients of infected mail.",
    ),
    row(
        "@addr_extension_virus_maps",
        "addr_extension_virus_maps",
        Kind::Maps,
        none(),
        "`$addr_extension_virus` by recipient.",
    ),
    row(
        "$addr_extension_banned",
        "addr_extension_banned",
        Kind::Text,
        none(),
        "The same for banned mail.",
    ),
    row(
        "@addr_extension_banned_maps",
        "addr_extension_banned_maps",
        Kind::Maps,
        none(),
        "`$addr_extension_banned` by recipient.",
    ),
    row(
        "$addr_extension_spam",
        "addr_extension_spam",
        Kind::Text,
        none(),
        "The same for mail at or above the second tag level.",
    ),
    row(
        "@addr_extension_spam_maps",
        "addr_extension_spam_maps",
        Kind::Maps,
        none(),
        "`$addr_extension_spam` by recipient.",
    ),
    row(
        "$addr_extension_bad_header",
        "addr_extension_bad_header",
        Kind::Text,
        none(),
        "The same for mail with a bad header section.",
    ),
    row(
        "@addr_extension_bad_header_maps",
        "addr_extension_bad_header_maps",
        Kind::Maps,
        none(),
        "`$addr_extension_bad_header` by recipient.",
    ),
    row(
        "$replace_existing_extension",
        "replace_existing_extension",
        Kind::Flag,
        text("1"),
        "An extension that an address has gives way to ours.",
    ),
    row(
        "$allow_fixing_improper_header",
        "allow_fixing_improper_header",
        Kind::Flag,
        text("1"),
        "Header sections are repaired.",
    ),
    row(
        "$allow_fixing_improper_header_folding",
        "allow_fixing_improper_header_folding",
        Kind::Flag,
        text("1"),
        "Lines of white space are taken out of header fields.",
    ),
    row(
        "$allow_fixing_long_header_lines",
        "allow_fixing_long_header_lines",
        Kind::Flag,
        text("1"),
        "Lines of header fields beyond 998 octets are cut.",
    ),
    row(
        "$always_bcc",
        "always_bcc",
        Kind::Text,
        none(),
        "Address that gets all mail that is passed on, too.",
    ),
    row(
        "$MAXLEVELS",
        "maxlevels",
        Kind::Count(1, 60),
        text("30"),
        "Levels of things in things that are looked into: parts in parts, archives in archives.",
    ),
    row(
        "$MAXFILES",
        "maxfiles",
        Kind::Count(1, 1_000_000),
        text("10000"),
        "Things in a message that are looked into.",
    ),
    row(
        "$MIN_EXPANSION_QUOTA",
        "min_expansion_quota",
        Kind::Octets(1024, 1 << 40),
        text("102400"),
        "Octets that may be decoded from any message.",
    ),
    row(
        "$MAX_EXPANSION_QUOTA",
        "max_expansion_quota",
        Kind::Octets(1024, 1 << 40),
        text("314572800"),
        "Octets beyond which `$MAX_EXPANSION_FACTOR` does not reach.",
    ),
    row(
        "$MIN_EXPANSION_FACTOR",
        "min_expansion_factor",
        Kind::Count(1, 1_000_000),
        text("5"),
        "Times the size of a message that may be decoded from it at least.",
    ),
    row(
        "$MAX_EXPANSION_FACTOR",
        "max_expansion_factor",
        Kind::Count(1, 1_000_000),
        text("500"),
        "Times the size of a message that may be decoded from it at most.",
    ),
    row(
        "$decoder_cpu_limit",
        "decoder_cpu_limit",
        Kind::Seconds(1, 86_400),
        text("20"),
        "Processor time of a decoder process.",
    ),
    row(
        "$decoder_time_limit",
        "decoder_time_limit",
        Kind::Seconds(1, 86_400),
        text("60"),
        "Time for taking a message apart.",
    ),
    row(
        "$decoder_memory_limit",
        "decoder_memory_limit",
        Kind::Octets(16 << 20, 1 << 40),
        text("805306368"),
        "Memory of a decoder process, octets.",
    ),
    row(
        "@av_scanners",
        "av_scanners",
        Kind::Scanners,
        none(),
        "Virus scanners; all of them are asked.",
    ),
    row(
        "@av_scanners_backup",
        "av_scanners_backup",
        Kind::Scanners,
        none(),
        "Virus scanners that are asked if none of the others gave a verdict.",
    ),
    row(
        "$first_infected_stops_scan",
        "first_infected_stops_scan",
        Kind::Flag,
        text("0"),
        "Ask virus scanners one after another, and no more once one has found something.",
    ),
    row(
        "$virus_scanners_failure_is_fatal",
        "virus_scanners_failure_is_fatal",
        Kind::Flag,
        text("1"),
        "Refuse mail for now if no virus scanner gave a verdict; otherwise it is unchecked.",
    ),
    row(
        "$virus_scan_timeout",
        "virus_scan_timeout",
        Kind::Seconds(1, 86_400),
        text("60"),
        "Time for scanning a message for viruses.",
    ),
    row(
        "@virus_name_to_spam_score_maps",
        "virus_name_to_spam_score_maps",
        Kind::Maps,
        none(),
        "What names of viruses stand for a score, and not for a virus; a table of phishing and the like if not set.",
    ),
    row(
        "@viruses_that_fake_sender_maps",
        "viruses_that_fake_sender_maps",
        Kind::Maps,
        list(&["1"]),
        "Names of viruses whose sender is not told.",
    ),
    row(
        "@bypass_virus_checks_maps",
        "bypass_virus_checks_maps",
        Kind::Maps,
        none(),
        "Recipients whose mail is not scanned for viruses.",
    ),
    row(
        "@virus_lovers_maps",
        "virus_lovers_maps",
        Kind::Maps,
        none(),
        "Recipients who get infected mail all the same.",
    ),
    row(
        "$final_virus_destiny",
        "final_virus_destiny",
        Kind::Destiny,
        text("0"),
        "What happens to infected mail.",
    ),
    row(
        "$virus_quarantine_method",
        "virus_quarantine_method",
        Kind::Text,
        text("local:virus-%m"),
        "How infected mail is kept, and under which names.",
    ),
    row(
        "$X_HEADER_TAG",
        "x_header_tag",
        Kind::Text,
        text("X-Virus-Scanned"),
        "Name of the field that says that mail was scanned.",
    ),
    row(
        "$X_HEADER_LINE",
        "x_header_line",
        Kind::Text,
        none(),
        "Its value; product name and `$mydomain` if not set.",
    ),
    row(
        "$test_patterns",
        "test_patterns",
        Kind::Choice(&["auto", "on", "off"]),
        text("auto"),
        "Whether the EICAR test file and the GTUBE line are known here; `auto`: where there is no scanner of that kind.",
    ),
    row(
        "@spam_scanners",
        "spam_scanners",
        Kind::Scanners,
        none(),
        "Spam engines; all of them are asked.",
    ),
    row(
        "$spam_scan_timeout",
        "spam_scan_timeout",
        Kind::Seconds(1, 86_400),
        text("60"),
        "Time for scoring a message.",
    ),
    row(
        "$sa_mail_body_size_limit",
        "sa_mail_body_size_limit",
        Kind::Octets(1024, 1 << 40),
        none(),
        "Octets of a body that spamd and programs are given at most.",
    ),
    row(
        "@sa_username_maps",
        "sa_username_maps",
        Kind::Maps,
        none(),
        "Whose preferences spamd uses for a recipient.",
    ),
    row(
        "@bypass_spam_checks_maps",
        "bypass_spam_checks_maps",
        Kind::Maps,
        none(),
        "Recipients whose mail is not scored.",
    ),
    row(
        "@spam_lovers_maps",
        "spam_lovers_maps",
        Kind::Maps,
        none(),
        "Recipients who get spam all the same.",
    ),
    row(
        "$final_spam_destiny",
        "final_spam_destiny",
        Kind::Destiny,
        text("1"),
        "What happens to mail at or above the kill level.",
    ),
    row(
        "$spam_quarantine_method",
        "spam_quarantine_method",
        Kind::Text,
        text("local:spam-%m.gz"),
        "How mail at or above the kill level is kept, and under which names.",
    ),
    row(
        "$sa_tag_level_deflt",
        "sa_tag_level_deflt",
        Kind::Text,
        none(),
        "Score from which mail gets `X-Spam` fields; all mail if not set.",
    ),
    row(
        "$sa_tag2_level_deflt",
        "sa_tag2_level_deflt",
        Kind::Text,
        none(),
        "Score from which mail is called spam in them.",
    ),
    row(
        "$sa_tag3_level_deflt",
        "sa_tag3_level_deflt",
        Kind::Text,
        none(),
        "Score from which mail is called spam of a worse kind.",
    ),
    row(
        "$sa_kill_level_deflt",
        "sa_kill_level_deflt",
        Kind::Text,
        none(),
        "Score from which `$final_spam_destiny` holds.",
    ),
    row(
        "$sa_dsn_cutoff_level",
        "sa_dsn_cutoff_level",
        Kind::Text,
        none(),
        "Score from which the sender of spam is not told.",
    ),
    row(
        "$sa_quarantine_cutoff_level",
        "sa_quarantine_cutoff_level",
        Kind::Text,
        none(),
        "Score from which spam is not kept.",
    ),
    row(
        "@spam_tag_level_maps",
        "spam_tag_level_maps",
        Kind::Maps,
        none(),
        "`$sa_tag_level_deflt` by recipient.",
    ),
    row(
        "@spam_tag2_level_maps",
        "spam_tag2_level_maps",
        Kind::Maps,
        none(),
        "`$sa_tag2_level_deflt` by recipient.",
    ),
    row(
        "@spam_tag3_level_maps",
        "spam_tag3_level_maps",
        Kind::Maps,
        none(),
        "`$sa_tag3_level_deflt` by recipient.",
    ),
    row(
        "@spam_kill_level_maps",
        "spam_kill_level_maps",
        Kind::Maps,
        none(),
        "`$sa_kill_level_deflt` by recipient.",
    ),
    row(
        "@spam_dsn_cutoff_level_maps",
        "spam_dsn_cutoff_level_maps",
        Kind::Maps,
        none(),
        "`$sa_dsn_cutoff_level` by recipient.",
    ),
    row(
        "@spam_quarantine_cutoff_level_maps",
        "spam_quarantine_cutoff_level_maps",
        Kind::Maps,
        none(),
        "`$sa_quarantine_cutoff_level` by recipient.",
    ),
    row(
        "$sa_spam_subject_tag",
        "sa_spam_subject_tag",
        Kind::Text,
        none(),
        "Put before the subject of mail at or above the second tag level.",
    ),
    row(
        "$sa_spam_subject_tag1",
        "sa_spam_subject_tag1",
        Kind::Text,
        none(),
        "The same from the first tag level on.",
    ),
    row(
        "$undecipherable_subject_tag",
        "undecipherable_subject_tag",
        Kind::Text,
        none(),
        "The same for mail that could not be looked into.",
    ),
    row(
        "@spam_subject_tag_maps",
        "spam_subject_tag_maps",
        Kind::Maps,
        none(),
        "`$sa_spam_subject_tag1` by recipient.",
    ),
    row(
        "@spam_subject_tag2_maps",
        "spam_subject_tag2_maps",
        Kind::Maps,
        none(),
        "`$sa_spam_subject_tag` by recipient.",
    ),
    row(
        "@spam_subject_tag3_maps",
        "spam_subject_tag3_maps",
        Kind::Maps,
        none(),
        "The same from the third tag level on.",
    ),
    row(
        "@whitelist_sender_maps",
        "whitelist_sender_maps",
        Kind::Maps,
        none(),
        "Senders whose mail is not spam.",
    ),
    row(
        "@blacklist_sender_maps",
        "blacklist_sender_maps",
        Kind::Maps,
        none(),
        "Senders whose mail is spam.",
    ),
    row(
        "$per_recip_whitelist_sender_lookup_tables",
        "per_recip_whitelist_sender_lookup_tables",
        Kind::Map,
        none(),
        "The same by recipient: a lookup table of senders for each.",
    ),
    row(
        "$per_recip_blacklist_sender_lookup_tables",
        "per_recip_blacklist_sender_lookup_tables",
        Kind::Map,
        none(),
        "The same by recipient: a lookup table of senders for each.",
    ),
    row(
        "@score_sender_maps",
        "score_sender_maps",
        Kind::Scanners,
        none(),
        "Points for senders, by recipient: lists of lookup tables.",
    ),
    row(
        "@trusted_authserv_ids",
        "trusted_authserv_ids",
        Kind::Words,
        none(),
        "Names in `Authentication-Results` fields that are believed: only then white lists know authors.",
    ),
    row(
        "$sa_spam_level_char",
        "sa_spam_level_char",
        Kind::Text,
        text("*"),
        "What `X-Spam-Level` is made of.",
    ),
    row(
        "$remove_existing_spam_headers",
        "remove_existing_spam_headers",
        Kind::Flag,
        text("1"),
        "Take away `X-Spam` fields that others have put in.",
    ),
    row(
        "@remove_existing_spam_headers_maps",
        "remove_existing_spam_headers_maps",
        Kind::Maps,
        none(),
        "`$remove_existing_spam_headers` by recipient.",
    ),
    row(
        "%bypass_virus_checks",
        "bypass_virus_checks",
        Kind::Map,
        none(),
        "Part of `@bypass_virus_checks_maps` if that is not set, by key.",
    ),
    row(
        "@bypass_virus_checks_acl",
        "bypass_virus_checks_acl",
        Kind::Words,
        none(),
        "Part of `@bypass_virus_checks_maps` if that is not set, as a list.",
    ),
    row(
        "$bypass_virus_checks_re",
        "bypass_virus_checks_re",
        Kind::Patterns,
        none(),
        "Part of `@bypass_virus_checks_maps` if that is not set, as patterns.",
    ),
    row(
        "%bypass_spam_checks",
        "bypass_spam_checks",
        Kind::Map,
        none(),
        "Part of `@bypass_spam_checks_maps` if that is not set, by key.",
    ),
    row(
        "@bypass_spam_checks_acl",
        "bypass_spam_checks_acl",
        Kind::Words,
        none(),
        "Part of `@bypass_spam_checks_maps` if that is not set, as a list.",
    ),
    row(
        "$bypass_spam_checks_re",
        "bypass_spam_checks_re",
        Kind::Patterns,
        none(),
        "Part of `@bypass_spam_checks_maps` if that is not set, as patterns.",
    ),
    row(
        "%bypass_banned_checks",
        "bypass_banned_checks",
        Kind::Map,
        none(),
        "Part of `@bypass_banned_checks_maps` if that is not set, by key.",
    ),
    row(
        "@bypass_banned_checks_acl",
        "bypass_banned_checks_acl",
        Kind::Words,
        none(),
        "Part of `@bypass_banned_checks_maps` if that is not set, as a list.",
    ),
    row(
        "$bypass_banned_checks_re",
        "bypass_banned_checks_re",
        Kind::Patterns,
        none(),
        "Part of `@bypass_banned_checks_maps` if that is not set, as patterns.",
    ),
    row(
        "%bypass_header_checks",
        "bypass_header_checks",
        Kind::Map,
        none(),
        "Part of `@bypass_header_checks_maps` if that is not set, by key.",
    ),
    row(
        "@bypass_header_checks_acl",
        "bypass_header_checks_acl",
        Kind::Words,
        none(),
        "Part of `@bypass_header_checks_maps` if that is not set, as a list.",
    ),
    row(
        "$bypass_header_checks_re",
        "bypass_header_checks_re",
        Kind::Patterns,
        none(),
        "Part of `@bypass_header_checks_maps` if that is not set, as patterns.",
    ),
    row(
        "%virus_lovers",
        "virus_lovers",
        Kind::Map,
        none(),
        "Part of `@virus_lovers_maps` if that is not set, by key.",
    ),
    row(
        "@virus_lovers_acl",
        "virus_lovers_acl",
        Kind::Words,
        none(),
        "Part of `@virus_lovers_maps` if that is not set, as a list.",
    ),
    row(
        "$virus_lovers_re",
        "virus_lovers_re",
        Kind::Patterns,
        none(),
        "Part of `@virus_lovers_maps` if that is not set, as patterns.",
    ),
    row(
        "%spam_lovers",
        "spam_lovers",
        Kind::Map,
        none(),
        "Part of `@spam_lovers_maps` if that is not set, by key.",
    ),
    row(
        "@spam_lovers_acl",
        "spam_lovers_acl",
        Kind::Words,
        none(),
        "Part of `@spam_lovers_maps` if that is not set, as a list.",
    ),
    row(
        "$spam_lovers_re",
        "spam_lovers_re",
        Kind::Patterns,
        none(),
        "Part of `@spam_lovers_maps` if that is not set, as patterns.",
    ),
    row(
        "%banned_files_lovers",
        "banned_files_lovers",
        Kind::Map,
        none(),
        "Part of `@banned_files_lovers_maps` if that is not set, by key.",
    ),
    row(
        "@banned_files_lovers_acl",
        "banned_files_lovers_acl",
        Kind::Words,
        none(),
        "Part of `@banned_files_lovers_maps` if that is not set, as a list.",
    ),
    row(
        "$banned_files_lovers_re",
        "banned_files_lovers_re",
        Kind::Patterns,
        none(),
        "Part of `@banned_files_lovers_maps` if that is not set, as patterns.",
    ),
    row(
        "%bad_header_lovers",
        "bad_header_lovers",
        Kind::Map,
        none(),
        "Part of `@bad_header_lovers_maps` if that is not set, by key.",
    ),
    row(
        "@bad_header_lovers_acl",
        "bad_header_lovers_acl",
        Kind::Words,
        none(),
        "Part of `@bad_header_lovers_maps` if that is not set, as a list.",
    ),
    row(
        "$bad_header_lovers_re",
        "bad_header_lovers_re",
        Kind::Patterns,
        none(),
        "Part of `@bad_header_lovers_maps` if that is not set, as patterns.",
    ),
    row(
        "%whitelist_sender",
        "whitelist_sender",
        Kind::Map,
        none(),
        "Part of `@whitelist_sender_maps` if that is not set, by key.",
    ),
    row(
        "@whitelist_sender_acl",
        "whitelist_sender_acl",
        Kind::Words,
        none(),
        "Part of `@whitelist_sender_maps` if that is not set, as a list.",
    ),
    row(
        "$whitelist_sender_re",
        "whitelist_sender_re",
        Kind::Patterns,
        none(),
        "Part of `@whitelist_sender_maps` if that is not set, as patterns.",
    ),
    row(
        "%blacklist_sender",
        "blacklist_sender",
        Kind::Map,
        none(),
        "Part of `@blacklist_sender_maps` if that is not set, by key.",
    ),
    row(
        "@blacklist_sender_acl",
        "blacklist_sender_acl",
        Kind::Words,
        none(),
        "Part of `@blacklist_sender_maps` if that is not set, as a list.",
    ),
    row(
        "$blacklist_sender_re",
        "blacklist_sender_re",
        Kind::Patterns,
        none(),
        "Part of `@blacklist_sender_maps` if that is not set, as patterns.",
    ),
    row(
        "$originating",
        "originating",
        Kind::Flag,
        text("0"),
        "Mail comes from our own users.",
    ),
    row(
        "@local_domains_maps",
        "local_domains_maps",
        Kind::Maps,
        none(),
        "Which recipients are ours; `%local_domains`, `@local_domains_acl` if not set.",
    ),
    row(
        "%local_domains",
        "local_domains",
        Kind::Map,
        none(),
        "Which recipients are ours, by key.",
    ),
    row(
        "@local_domains_acl",
        "local_domains_acl",
        Kind::Words,
        none(),
        "Which recipients are ours, as a list.",
    ),
    row(
        "$local_domains_re",
        "local_domains_re",
        Kind::Patterns,
        none(),
        "Which recipients are ours, as patterns.",
    ),
    row(
        "@mynetworks",
        "mynetworks",
        Kind::Networks,
        list(&[
            "127.0.0.0/8",
            "[::1]",
            "169.254.0.0/16",
            "[fe80::]/10",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "[fc00::]/7",
        ]),
        "Our own networks: their mail meets the policy bank `MYNETS`, if there is one.",
    ),
    row(
        "@client_ipaddr_policy",
        "client_ipaddr_policy",
        Kind::Pairs,
        none(),
        "Policy banks by the address of the client; `@mynetworks` with `MYNETS` if not set.",
    ),
    row(
        "%interface_policy",
        "interface_policy",
        Kind::Map,
        none(),
        "Policy banks by port, by address and port, by socket, or `SOCK` for every socket.",
    ),
    row(
        "%policy_bank",
        "policy_bank",
        Kind::Map,
        none(),
        "Policy banks: settings that hold for some sessions or messages, by the bank's name.",
    ),
    row(
        "$localpart_is_case_sensitive",
        "localpart_is_case_sensitive",
        Kind::Flag,
        text("0"),
        "Whether `User@` and `user@` differ in lookups.",
    ),
    row(
        "$recipient_delimiter",
        "recipient_delimiter",
        Kind::Text,
        none(),
        "What separates a user from an address extension in lookups.",
    ),
    row(
        "$myhostname",
        "myhostname",
        Kind::Text,
        none(),
        "Our fully qualified host name; the system's if not set.",
    ),
    row(
        "$mydomain",
        "mydomain",
        Kind::Text,
        text("!change-mydomain-variable!.example.com"),
        "Our domain; only for use in other settings.",
    ),
    row(
        "$localhost_name",
        "localhost_name",
        Kind::Text,
        text("localhost"),
        "The name we greet the next hop with, and give in trace fields.",
    ),
    row(
        "$myproduct_name",
        "myproduct_name",
        Kind::Text,
        text("amavis"),
        "Product name in trace fields and banners.",
    ),
    row(
        "$do_syslog",
        "do_syslog",
        Kind::Flag,
        none(),
        "Log to the system log.",
    ),
    row(
        "$logfile",
        "logfile",
        Kind::Path,
        none(),
        "Log to a file, if not to the system log.",
    ),
    row(
        "$log_level",
        "log_level",
        Kind::Level,
        text("0"),
        "How much is logged: 0 the main entries, up to 5.",
    ),
    row(
        "$syslog_ident",
        "syslog_ident",
        Kind::Text,
        text("amavis"),
        "Name in the system log.",
    ),
    row(
        "$syslog_facility",
        "syslog_facility",
        Kind::Choice(FACILITIES),
        text("mail"),
        "Facility in the system log.",
    ),
    row(
        "$logline_maxlen",
        "logline_maxlen",
        Kind::Count(50, 65_000),
        text("980"),
        "Longest line in the system log; longer ones are split.",
    ),
    row(
        "$log_templ",
        "log_templ",
        Kind::Text,
        none(),
        "Form of the main entry of a message; the usual one if not set, none if empty.",
    ),
    row(
        "$log_short_templ",
        "log_short_templ",
        Kind::Text,
        text(include_str!("texts/log-short.txt")),
        "A form for `$log_templ`: as it is usual.",
    ),
    row(
        "$log_verbose_templ",
        "log_verbose_templ",
        Kind::Text,
        text(include_str!("texts/log-verbose.txt")),
        "A form for `$log_templ`: with subject, author, tests and more.",
    ),
    row(
        "$log_recip_templ",
        "log_recip_templ",
        Kind::Text,
        none(),
        "Form of an entry for each recipient; none is written if not set.",
    ),
    row(
        "$json_log",
        "json_log",
        Kind::Path,
        none(),
        "File that gets an object for each message, for programs.",
    ),
    row(
        "$myversion",
        "myversion",
        Kind::Text,
        text("amavis-2.13.0 (20230106)"),
        "Only for use in other settings.",
    ),
    row(
        "$myversion_id",
        "myversion_id",
        Kind::Text,
        text("2.13.0"),
        "Only for use in other settings, and in the banners.",
    ),
    row(
        "$myversion_date",
        "myversion_date",
        Kind::Text,
        text("20230106"),
        "Only for use in other settings, and in the banners.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_462_names_of_the_original_are_known_once() {
        let ours = [
            "$stop_grace",
            "$state_dir",
            "$spool_memory_limit",
            "$spool_min_free",
            "$reply_form",
            "$bare_newline",
            "$early_data",
            "$smtpd_min_data_rate",
            "$smtpd_hard_error_limit",
            "$decoder_cpu_limit",
            "$decoder_time_limit",
            "$decoder_memory_limit",
            "$virus_scan_timeout",
            "$spam_scan_timeout",
            "$test_patterns",
            "@trusted_authserv_ids",
            "$admin_notice_rate",
            "$json_log",
            "$defang_ambiguous",
        ];
        let all: Vec<&str> = SETTINGS
            .iter()
            .map(|s| s.perl)
            .chain(original::WITHOUT_EFFECT.iter().copied())
            .collect();
        let distinct: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        assert_eq!(
            distinct.iter().filter(|name| !ours.contains(name)).count(),
            462
        );
        let toml: BTreeSet<String> = all.iter().map(|perl| toml_name(perl)).collect();
        assert_eq!(toml.len(), all.len(), "TOML names are distinct");
        for setting in SETTINGS {
            assert_eq!(setting.name, toml_name(setting.perl));
            assert!(setting.doc.ends_with('.'), "{}", setting.perl);
        }
        for (_, name) in original::ALIASES {
            assert!(find(name).is_some(), "{name}");
        }
        for name in original::RETIRED {
            assert!(matches!(find(name), Some(Known::Retired(_))), "{name}");
        }
    }

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(nearest("$max_server"), Some("$max_servers"));
        assert_eq!(nearest("$forward_methode"), Some("$forward_method"));
        assert_eq!(nearest("$zzz"), None);
    }
}
