//! What Postfix's configuration says about us: does its side fit ours?
//!
//! # Source
//! The integration guide, sections 2.2, 2.3, 3.1 and 4.1; master(5), postconf(5).

use std::{collections::BTreeMap, path::Path};

use crate::config::{listen::ListenAddress, settled::Config};

/// Largest file that is read, octets.
const LARGEST: u64 = 4 << 20;

/// Postfix's files, as far as they matter.
#[derive(Debug, Default)]
struct Postfix {
    main: BTreeMap<String, String>,
    services: Vec<Service>,
}

/// A line of master.cf.
#[derive(Debug, Default)]
struct Service {
    name: String,
    kind: String,
    maxproc: String,
    command: String,
    options: BTreeMap<String, String>,
}

/// Reads `folder` and gives what does not fit; nothing if there is no Postfix, or nothing that leads to us.
pub(super) fn findings(folder: &Path, config: &Config) -> Vec<String> {
    let read = |name: &str| {
        let path = folder.join(name);
        let is_small = std::fs::metadata(&path).is_ok_and(|status| status.len() <= LARGEST);
        if is_small {
            std::fs::read_to_string(path).unwrap_or_default()
        } else {
            String::new()
        }
    };
    judge(&parse(&read("main.cf"), &read("master.cf")), config)
}

fn parse(main: &str, master: &str) -> Postfix {
    let mut postfix = Postfix::default();
    for line in logical_lines(main) {
        if let Some((name, value)) = line.split_once('=') {
            postfix
                .main
                .insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    for line in logical_lines(master) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [
            name,
            kind,
            _private,
            _unprivileged,
            _chroot,
            _wakeup,
            maxproc,
            command,
            arguments @ ..,
        ] = words.as_slice()
        {
            postfix.services.push(Service {
                name: (*name).to_owned(),
                kind: (*kind).to_owned(),
                maxproc: (*maxproc).to_owned(),
                command: (*command).to_owned(),
                options: options(arguments),
            });
        }
    }
    postfix
}

/// Lines without comments, continuation lines joined.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `-o name=value` among the arguments.
fn options(arguments: &[&str]) -> BTreeMap<String, String> {
    let pairs = arguments
        .iter()
        .zip(arguments.iter().skip(1))
        .filter(|(flag, _)| **flag == "-o");
    pairs
        .filter_map(|(_, pair)| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn judge(postfix: &Postfix, config: &Config) -> Vec<String> {
    let ports: Vec<u16> = config
        .listen
        .addresses
        .iter()
        .filter_map(|address| match address {
            ListenAddress::Tcp(address) => Some(address.port()),
            ListenAddress::Unix(_) => None,
        })
        .collect();
    let mut findings = Vec::new();
    for service in postfix
        .services
        .iter()
        .filter(|service| feeds_us(postfix, service, &ports))
    {
        judge_feed(postfix, service, config, &mut findings);
    }
    judge_loop(postfix, config, &ports, &mut findings);
    findings
}

/// True for a client service that some `content_filter` of Postfix leads to one of our ports through, or that bears the guide's name.
fn feeds_us(postfix: &Postfix, service: &Service, ports: &[u16]) -> bool {
    if service.kind != "unix" || !matches!(service.command.as_str(), "smtp" | "lmtp") {
        return false;
    }
    let filters = postfix
        .services
        .iter()
        .filter_map(|other| other.options.get("content_filter"));
    let leads = |filter: &String| {
        let (transport, place) = filter.split_once(':').unwrap_or((filter, ""));
        transport == service.name
            && ports
                .iter()
                .any(|port| place.ends_with(&format!(":{port}")))
    };
    filters.chain(postfix.main.get("content_filter")).any(leads)
        || matches!(
            service.name.as_str(),
            "amavisfeed" | "smtp-amavis" | "lmtp-amavis"
        )
}

fn judge_feed(postfix: &Postfix, service: &Service, config: &Config, findings: &mut Vec<String>) {
    let servers = config.process.max_servers;
    let number = |name: &str| {
        postfix
            .main
            .get(name)
            .and_then(|value| value.parse::<usize>().ok())
    };
    let maxproc = match service.maxproc.as_str() {
        "-" => number("default_process_limit").unwrap_or(100),
        text => text.parse().unwrap_or(0),
    };
    let limit_name = format!("{}_destination_concurrency_limit", service.name);
    let limit = number(&limit_name)
        .or_else(|| number("default_destination_concurrency_limit"))
        .unwrap_or(20);
    let sessions = if maxproc == 0 {
        limit
    } else {
        maxproc.min(limit)
    };
    let name = &service.name;
    if sessions > servers {
        findings.push(format!(
            "Postfix's service {name} may open {sessions} sessions to {servers} children (maxproc {}, {limit_name} {limit}): \
             {} will wait; set both sides to the same number",
            service.maxproc,
            sessions - servers
        ));
    } else if sessions < servers {
        findings.push(format!(
            "Postfix's service {name} opens at most {sessions} sessions (maxproc {}, {limit_name} {limit}): \
             {} of {servers} children will have nothing to do",
            service.maxproc,
            servers - sessions
        ));
    } else {
        // One of the two keeps the other in check, until somebody changes it.
        let set = [
            ("maxproc", service.maxproc.parse().ok()),
            (limit_name.as_str(), number(&limit_name)),
        ];
        for (what, number) in set {
            if let Some(number) = number.filter(|&number| number != servers) {
                findings.push(format!(
                    "Postfix's service {name} has {what} {number}, $max_servers is {servers}: set both sides to the same number"
                ));
            }
        }
    }
    judge_patience(postfix, service, config, findings);
}

/// Postfix must wait longer for the reply than a message may take.
fn judge_patience(
    postfix: &Postfix,
    service: &Service,
    config: &Config,
    findings: &mut Vec<String>,
) {
    let name = &service.name;
    let parameter = format!("{}_data_done_timeout", service.command);
    let own = service
        .options
        .get(&parameter)
        .or_else(|| postfix.main.get(&parameter));
    let patience = own.and_then(|text| seconds(text)).unwrap_or(600);
    let needed = config.process.child_timeout.as_secs();
    if patience <= needed {
        findings.push(format!(
            "Postfix's service {name} gives up after {patience} s ({parameter}), $child_timeout is {needed} s: make it larger, the guide has 1200"
        ));
    }
}

/// Mail that comes back must not be sent to us again.
fn judge_loop(postfix: &Postfix, config: &Config, ports: &[u16], findings: &mut Vec<String>) {
    let filter = postfix
        .main
        .get("content_filter")
        .cloned()
        .unwrap_or_default();
    if !ports
        .iter()
        .any(|port| filter.ends_with(&format!(":{port}")))
    {
        return;
    }
    for method in &config.delivery.forward {
        let crate::config::method::Target::Tcp {
            port: Some(port), ..
        } = &method.target
        else {
            continue;
        };
        let back = postfix.services.iter().find(|service| {
            service.kind == "inet"
                && (service.name.ends_with(&format!(":{port}")) || service.name == port.to_string())
        });
        match back {
            None => findings.push(format!("main.cf has content_filter={filter}, but master.cf has no inet service on port {port}, where $forward_method sends mail")),
            Some(service) if service.options.get("content_filter").is_none_or(|value| !value.is_empty()) => findings.push(format!(
                "master.cf's service {} lacks -o content_filter= : mail that passed would come to us again, for ever",
                service.name
            )),
            Some(_) => {}
        }
    }
}

/// Postfix's time values: seconds unless a unit is given.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{raw::RawConfig, resolve::resolve, value::Value};

    const MAIN: &str = "content_filter=amavisfeed:[127.0.0.1]:10024\n# comment\nmyhostname = x\n";
    const REINJECTION: &str = "127.0.0.1:10025 inet n    -       n       -       -     smtpd\n    -o content_filter=\n    -o mynetworks=127.0.0.0/8\n";

    fn feed(maxproc: &str, extra: &str) -> String {
        format!(
            "amavisfeed unix    -       -       n        -      {maxproc}     lmtp\n    -o lmtp_data_done_timeout=1200\n{extra}    -o max_use=20\n{REINJECTION}"
        )
    }

    fn judged(main: &str, master: &str, max_servers: &str) -> String {
        let mut raw = RawConfig::default();
        raw.set(
            "$max_servers",
            Value::text(max_servers),
            crate::config::error::Place::default(),
        )
        .unwrap();
        judge(&parse(main, master), &resolve(&raw).unwrap()).join("\n")
    }

    #[test]
    fn the_guides_configuration_fits() {
        assert_eq!(judged(MAIN, &feed("2", ""), "2"), "");
        assert_eq!(
            judged("amavis_destination_concurrency_limit = 2\n", "", "2"),
            ""
        );
        let limited = format!("{MAIN}amavisfeed_destination_concurrency_limit = 2\n");
        assert_eq!(judged(&limited, &feed("-", ""), "2"), "");
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert!(judged(MAIN, &feed("10", ""), "2").contains("may open 10 sessions to 2 children"));
        assert!(judged(MAIN, &feed("-", ""), "2").contains("may open 20 sessions to 2 children"));
        assert!(
            judged(MAIN, &feed("2", ""), "5").contains("3 of 5 children will have nothing to do")
        );
        let loose = format!("{MAIN}amavisfeed_destination_concurrency_limit = 7\n");
        assert!(
            judged(&loose, &feed("2", ""), "2")
                .contains("has amavisfeed_destination_concurrency_limit 7, $max_servers is 2")
        );
        let tight = loose.replace('7', "2");
        assert!(judged(&tight, &feed("10", ""), "2").contains("has maxproc 10, $max_servers is 2"));
        let hasty = feed("2", "").replace("1200", "5m");
        assert!(
            judged(MAIN, &hasty, "2")
                .contains("gives up after 300 s (lmtp_data_done_timeout), $child_timeout is 480 s")
        );
        let circle = feed("2", "").replace("    -o content_filter=\n", "");
        assert!(judged(MAIN, &circle, "2").contains("lacks -o content_filter="));
        let nowhere = feed("2", "").replace(":10025", ":10027");
        assert!(judged(MAIN, &nowhere, "2").contains("no inet service on port 10025"));
    }
}
