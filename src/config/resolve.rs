//! From what the files say to what the program uses.
//!
//! Every setting is looked at, so that one run shows every error.

mod banks;
mod by_category;
mod checks;
mod clients;
mod mangling;
mod maps;
mod notices;
mod quarantine;
mod reader;
mod release;
mod rules;
mod scanners;
mod sockets;
mod spam;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use self::reader::Reader;
use super::{
    error::{ConfigError, ConfigErrors},
    raw::RawConfig,
    settings::{self, Default},
    settled::{
        ChecksConfig, Config, DeliveryConfig, Destinies, IdentityConfig, LogConfig, Lovers,
        MainEntry, PidFile, PolicyConfig, ProcessConfig, SmtpdConfig, UnpackConfig,
    },
    value::Value,
};
use crate::{
    lookup::table::Maps,
    mail::{decision::Destiny, settlement::ReplyForm},
    sys::process,
    template::Template,
};

/// Checks `raw` and gives the configuration.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve(raw: &RawConfig) -> Result<Config, ConfigErrors> {
    let mut warnings = raw.warnings.clone();
    let mut config = one(raw, &mut warnings)?;
    banks::lay_out(raw, &mut config, &mut warnings)?;
    config.warnings = warnings;
    Ok(config)
}

/// The settings with policy banks laid over them, in order; those that do not exist are passed over.
///
/// # Errors
/// What is wrong in a bank.
pub fn with_banks(raw: &RawConfig, names: &[String]) -> Result<RawConfig, ConfigErrors> {
    banks::laid_over(raw, names)
}

/// A list of lookup tables.
///
/// # Errors
/// What is wrong with it.
pub fn lookup_tables(raw: &RawConfig, name: &str) -> Result<Maps, ConfigErrors> {
    let mut reader = Reader::new(raw);
    let maps = if matches!(reader.value(name), Value::Undef) {
        maps::with_members(&mut reader, name)
    } else {
        maps::maps(&mut reader, name)
    };
    reader.finish(maps)
}

/// One configuration, without what policy banks make of it.
fn one(raw: &RawConfig, warnings: &mut Vec<ConfigError>) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::new(raw);
    let identity = identity(&mut reader);
    let release = release::release(&mut reader, &identity);
    let config = Config {
        notices: notices::notices(&mut reader, &identity),
        release,
        mangling: mangling::mangling(&mut reader, warnings),
        process: process(&mut reader),
        listen: sockets::listen(&mut reader, warnings),
        smtpd: smtpd(&mut reader),
        delivery: delivery(&mut reader),
        log: log(&mut reader),
        identity,
        policy: policy(&mut reader, warnings),
        checks: checks(&mut reader),
        scan: scanners::scan(&mut reader, warnings),
        unpack: unpack(&mut reader),
        quarantine: quarantine::quarantine(&mut reader, warnings),
        client_rules: clients::rules(&mut reader),
        without_effect: raw.without_effect(),
        warnings: Vec::new(),
        bank_name: String::new(),
        bank_path: String::new(),
        bank_names: std::collections::BTreeSet::new(),
        interface_banks: BTreeMap::new(),
        layered: BTreeMap::new(),
    };
    cross_check(&config, &reader, warnings);
    reader.finish(config)
}

fn process(reader: &mut Reader<'_>) -> ProcessConfig {
    let home = reader.path("$MYHOME").unwrap_or_else(|| {
        let what = "is set to nothing, but a folder is needed";
        reader.complain("$MYHOME", what.to_owned());
        PathBuf::new()
    });
    let pid_file = match (reader.is_set("$pid_file"), reader.path("$pid_file")) {
        (true, Some(path)) => PidFile::Set(path),
        (true, None) => PidFile::None,
        (false, _) => PidFile::Default(home.join("amavisd.pid")),
    };
    let state_dir = reader
        .path("$state_dir")
        .unwrap_or_else(|| match &pid_file {
            PidFile::Set(path) => path.parent().map_or_else(|| home.clone(), PathBuf::from),
            PidFile::Default(_) | PidFile::None => home.clone(),
        });
    let mut groups = reader.words("@daemon_groups");
    if let Some(group) = reader.optional_text("$daemon_group") {
        groups.retain(|known| *known != group);
        groups.insert(0, group);
    }
    ProcessConfig {
        max_servers: reader.size("$max_servers"),
        max_requests: reader.number("$max_requests"),
        child_timeout: reader.seconds("$child_timeout"),
        stop_grace: reader.seconds("$stop_grace"),
        daemonize: reader.flag("$daemonize"),
        user: reader.optional_text("$daemon_user"),
        groups,
        pid_file,
        temp_base: reader.path("$TEMPBASE").unwrap_or_else(|| home.clone()),
        state_dir,
        spool_memory_limit: reader.size("$spool_memory_limit"),
        spool_min_free: reader.number("$spool_min_free"),
        home,
    }
}

fn smtpd(reader: &mut Reader<'_>) -> SmtpdConfig {
    let enforces_least_limit = reader.flag("$enforce_smtpd_message_size_limit_64kb_min");
    let size_limit = reader
        .optional_number("$smtpd_message_size_limit")
        .filter(|&limit| limit > 0);
    let raised = |limit: u64| {
        if enforces_least_limit {
            limit.max(SmtpdConfig::LEAST_SIZE_LIMIT)
        } else {
            limit
        }
    };
    SmtpdConfig {
        timeout: reader.seconds("$smtpd_timeout"),
        recipient_limit: reader.size("$smtpd_recipient_limit"),
        size_limit: size_limit.map(raised),
        size_limit_maps: maps::sizes(reader, "@message_size_limit_maps"),
        enforces_least_limit,
        discarded_keywords: reader
            .words("@smtpd_discard_ehlo_keywords")
            .iter()
            .map(|word| word.to_ascii_uppercase())
            .collect(),
        greeting_banner: reader.text("$smtpd_greeting_banner"),
        quit_banner: reader.text("$smtpd_quit_banner"),
        access: reader.networks("@inet_acl"),
        reply_form: if reader.choice("$reply_form") == Some("2.13") {
            ReplyForm::V213
        } else {
            ReplyForm::Guide
        },
        rejects_bare_newlines: reader.choice("$bare_newline") == Some("reject"),
        rejects_early_data: reader.choice("$early_data") == Some("reject"),
        least_data_rate: reader.number("$smtpd_min_data_rate"),
        error_limit: u32::try_from(reader.number("$smtpd_hard_error_limit")).unwrap_or(u32::MAX),
    }
}

fn delivery(reader: &mut Reader<'_>) -> DeliveryConfig {
    let bind_address = reader
        .optional_text("$local_client_bind_address")
        .and_then(|text| {
            let parsed = text.trim_matches(['[', ']']).parse();
            if parsed.is_err() {
                reader.complain(
                    "$local_client_bind_address",
                    format!("{text:?} is no address"),
                );
            }
            parsed.ok()
        });
    DeliveryConfig {
        forward: reader.methods("$forward_method"),
        notify: reader.methods("$notify_method"),
        bind_address,
        keeps_connections: reader.flag("$smtp_connection_cache_enable"),
        keeps_on_demand: reader.flag("$smtp_connection_cache_on_demand"),
        passes_dsn_on: reader.flag("$propagate_dsn_if_possible"),
        ends_success_reports: reader.flag("$terminate_dsn_on_notify_success"),
        soft_bounce: reader.flag("$soft_bounce"),
    }
}

fn log(reader: &mut Reader<'_>) -> LogConfig {
    LogConfig {
        level: reader.level("$log_level"),
        to_syslog: reader.flag("$do_syslog"),
        file: reader.path("$logfile"),
        ident: reader.text("$syslog_ident"),
        facility: reader
            .choice("$syslog_facility")
            .unwrap_or("mail")
            .to_owned(),
        longest_line: reader.size("$logline_maxlen"),
        main_entry: main_entry(reader),
        recipient_entry: reader
            .optional_text("$log_recip_templ")
            .filter(|text| !text.trim().is_empty())
            .map(|text| Template::read(&text)),
        json: reader.path("$json_log"),
    }
}

/// The usual form needs no template; one that is set to nothing is no entry.
fn main_entry(reader: &mut Reader<'_>) -> MainEntry {
    if !reader.is_set("$log_templ") {
        return MainEntry::Usual;
    }
    let text = reader.text("$log_templ");
    if text.trim().is_empty() {
        MainEntry::None
    } else if text == reader.text("$log_short_templ") && !reader.is_set("$log_short_templ") {
        MainEntry::Usual
    } else {
        MainEntry::Template(Template::read(&text))
    }
}

fn identity(reader: &mut Reader<'_>) -> IdentityConfig {
    let product = reader
        .is_set("$myproduct_name")
        .then(|| reader.text("$myproduct_name"));
    IdentityConfig {
        host_name: reader
            .optional_text("$myhostname")
            .unwrap_or_else(process::host_name),
        localhost_name: reader
            .optional_text("$localhost_name")
            .unwrap_or_else(|| "localhost".to_owned()),
        scanned_field: scanned_field(reader),
        product,
        version_id: reader.text("$myversion_id"),
        version_date: reader.text("$myversion_date"),
    }
}

/// `X-Virus-Scanned: amavis at example.com`
fn scanned_field(reader: &mut Reader<'_>) -> Option<(String, String)> {
    let tag = reader.optional_text("$X_HEADER_TAG")?;
    let is_name = tag.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    if !is_name {
        reader.complain(
            "$X_HEADER_TAG",
            format!("{tag:?} is no name of a header field"),
        );
        return None;
    }
    let line = match reader.value("$X_HEADER_LINE") {
        value if reader.is_set("$X_HEADER_LINE") => value.as_text().unwrap_or_default().to_owned(),
        _ => {
            let product = reader.text("$myproduct_name");
            let domain = reader.text("$mydomain");
            // A domain that nobody has set is nobody's business.
            if domain.contains('!') {
                product
            } else {
                format!("{product} at {domain}")
            }
        }
    };
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    (!line.trim().is_empty()).then_some((tag, line))
}

fn policy(reader: &mut Reader<'_>, warnings: &mut Vec<ConfigError>) -> PolicyConfig {
    PolicyConfig {
        local_domains: maps::local_domains(reader),
        originating: reader.flag("$originating"),
        destinies: Destinies {
            by_category: by_category::destinies(reader),
            virus: reader.destiny("$final_virus_destiny"),
            spam: reader.destiny("$final_spam_destiny"),
            banned: told(reader, "$final_banned_destiny", "$warnbannedsender"),
            unchecked: reader.destiny("$final_unchecked_destiny"),
            bad_header: told(reader, "$final_bad_header_destiny", "$warnbadhsender"),
        },
        wants_banned_kept: reader
            .optional_text("$banned_files_quarantine_method")
            .is_some(),
        spam: spam::policy(reader, warnings),
        reasons: by_category::templates(reader, "%smtp_reason_by_ccat"),
        subject_tags: by_category::tables(reader, "%subject_tag_maps_by_ccat"),
        lovers: Lovers {
            virus: maps::with_members(reader, "@virus_lovers_maps"),
            spam: maps::with_members(reader, "@spam_lovers_maps"),
            banned: maps::with_members(reader, "@banned_files_lovers_maps"),
            unchecked: maps::maps(reader, "@unchecked_lovers_maps"),
            bad_header: maps::with_members(reader, "@bad_header_lovers_maps"),
            by_category: by_category::tables(reader, "%lovers_maps_by_ccat"),
        },
    }
}

/// A destiny; mail that is thrown away while its sender is to be told is bounced (content.md 7.1).
fn told(reader: &mut Reader<'_>, destiny: &str, warns: &str) -> Destiny {
    match reader.destiny(destiny) {
        Destiny::Discard if reader.flag(warns) => Destiny::Bounce,
        destiny => destiny,
    }
}

fn checks(reader: &mut Reader<'_>) -> ChecksConfig {
    ChecksConfig {
        looks_inside: !reader.flag("$bypass_decode_parts"),
        banned: rules::maps(reader),
        banned_paths: rules::paths(reader),
        header_tests: checks::header_tests(reader),
        bypass_banned: maps::with_members(reader, "@bypass_banned_checks_maps"),
        bypass_header: maps::with_members(reader, "@bypass_header_checks_maps"),
    }
}

/// What is set to nothing is no limit in the original; here it is the default.
fn unpack(reader: &mut Reader<'_>) -> UnpackConfig {
    let mut number = |name: &str| {
        let default = || match settings::setting(name).map(|setting| setting.default) {
            Some(Default::Text(text)) => text.parse().unwrap_or_default(),
            _ => 0,
        };
        reader.optional_number(name).unwrap_or_else(default)
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    UnpackConfig {
        levels: size(number("$MAXLEVELS")),
        files: size(number("$MAXFILES")),
        least_octets: number("$MIN_EXPANSION_QUOTA"),
        most_octets: number("$MAX_EXPANSION_QUOTA"),
        least_factor: number("$MIN_EXPANSION_FACTOR"),
        most_factor: number("$MAX_EXPANSION_FACTOR"),
        cpu: Duration::from_secs(number("$decoder_cpu_limit")),
        time: Duration::from_secs(number("$decoder_time_limit")),
        memory: number("$decoder_memory_limit"),
    }
}

/// Checks what concerns more than one setting.
fn cross_check(config: &Config, reader: &Reader<'_>, warnings: &mut Vec<ConfigError>) {
    let host = &config.identity.host_name;
    if host != "localhost" && !host.contains('.') {
        let what = format!("$myhostname is {host:?}, which is not a fully qualified domain name");
        warnings.push(
            ConfigError::general(what)
                .advise("set it to a name with a dot: it appears in trace fields"),
        );
    }
    if config.log.to_syslog && config.log.file.is_some() {
        let what = "$do_syslog is on, so $logfile is not written to";
        warnings.push(ConfigError::general(what).advise("turn one of them off"));
    }
    // Postfix's own default; the guide has 1200.
    const POSTFIX_PATIENCE: Duration = Duration::from_secs(600);
    if config.process.child_timeout >= POSTFIX_PATIENCE {
        let what = format!(
            "$child_timeout is {} s: Postfix gives up after 600 s by default",
            config.process.child_timeout.as_secs()
        );
        let error = reader.at("$child_timeout", what);
        warnings.push(error.advise(
            "make smtp_data_done_timeout or lmtp_data_done_timeout of the feeding transport larger",
        ));
    }
}

#[cfg(test)]
mod tests;
