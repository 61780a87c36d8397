//! The message, its way here, and what was found in it.

use md5::{Digest, Md5};

use super::{Facts, clean, cut, flag};
use crate::{
    mail::{category::Category, decision::Destiny, header},
    mime::field,
    template::Value,
};

/// Octets of a message that are read for its header section.
const HEAD: usize = 64 * 1024;
/// Longest text that is shown of a message, characters.
const LONGEST: usize = 1000;
/// Names of parts that are shown.
const MOST_PARTS: usize = 2;

impl Facts<'_> {
    pub(super) fn of_message(&self, name: &str, arguments: &[String]) -> Option<Value> {
        let (case, arrived) = (self.case, &self.case.arrived);
        let sender = &arrived.envelope.reverse_path;
        let client = arrived.client;
        let text = |text: &Option<String>| Value::from(clean(text.as_deref().unwrap_or_default()));
        Some(match name {
            "p" => self.config.bank_path.as_str().into(),
            "h" | "HOSTNAME" | "myhostname" => self.config.identity.host_name.as_str().into(),
            "l" => flag(self.config.policy.originating),
            "s" | "o" => sender.to_string().into(),
            "S" => if self.sender_is_told {
                sender.to_string()
            } else {
                String::new()
            }
            .into(),
            "Q" => text(&client.queue_id),
            "m" => angled(case.inspection.trace.message_id.as_deref()),
            "r" => angled(case.inspection.trace.resent_message_id.as_deref()),
            "j" => self.header_text("Subject", 0).into(),
            "n" | "log_id" | "LOGID" => arrived.log_id.as_str().into(),
            "i" | "mail_id" | "MAILID" => case.mail_id.as_str().into(),
            "secret_id" => case.secret.as_str().into(),
            "parent_mail_id" | "P" | "partition_tag" => "".into(),
            "q" => case.places().into(),
            "z" => arrived.message.size().to_string().into(),
            "a" | "client_addr" => client
                .address
                .map_or_else(String::new, |address| address.to_string())
                .into(),
            "client_port" => client
                .port
                .map_or_else(String::new, |port| port.to_string())
                .into(),
            "client_addr_port" => client.shown().unwrap_or_default().into(),
            "g" | "client_name" => text(&client.name),
            "client_helo" => text(&client.helo),
            "client_protocol" => text(&client.protocol),
            "protocol" => arrived.protocol.into(),
            "tls_in" => "".into(),
            "e" => case
                .inspection
                .trace
                .oldest_public(client.address)
                .map_or_else(String::new, |address| address.to_string())
                .into(),
            "t" => self.first_trace().into(),
            "ip_trace_all" | "ip_trace_public" | "ip_proto_trace_all" | "ip_proto_trace_public" => {
                self.way(name).into()
            }
            _ => {
                return self
                    .of_header(name, arguments)
                    .or_else(|| self.of_findings(name, arguments));
            }
        })
    }

    fn of_header(&self, name: &str, arguments: &[String]) -> Option<Value> {
        let address = |field: &str| -> Value {
            let values = self.fields(field);
            let first = values
                .first()
                .and_then(|value| field::addresses(value).into_iter().next());
            first
                .map_or_else(String::new, |address| format!("<{}>", clean(&address)))
                .into()
        };
        Some(match name {
            "rfc2822_sender" => address("Sender"),
            "rfc2822_from" => {
                let values = self.fields("From");
                let all = values.iter().flat_map(|value| field::addresses(value));
                let all: Vec<String> = all
                    .map(|address| format!("<{}>", clean(&address)))
                    .collect();
                all.into()
            }
            "rfc2822_resent_sender" => address("Resent-Sender"),
            "rfc2822_resent_from" => address("Resent-From"),
            "header_field" | "header_field_octets" | "HEADER" => {
                let wanted = arguments.first().map(String::as_str).unwrap_or_default();
                let at = arguments.get(2).and_then(|at| at.trim().parse().ok());
                let most = arguments.get(1).and_then(|most| most.trim().parse().ok());
                let shown = self.header_text(wanted, at.unwrap_or(0));
                cut(&shown, most.filter(|&most| most > 0).unwrap_or(LONGEST)).into()
            }
            "useragent" => {
                let own = self.header_text("User-Agent", 0);
                let (field, body) = if own.is_empty() {
                    ("X-Mailer", self.header_text("X-Mailer", 0))
                } else {
                    ("User-Agent", own)
                };
                match arguments.first().map(|word| word.trim()) {
                    _ if body.is_empty() => "".into(),
                    Some("name") => field.into(),
                    Some("body") => body.into(),
                    _ => format!("{field}: {body}").into(),
                }
            }
            "H" => {
                let head = self.case.arrived.message.head(HEAD).unwrap_or_default();
                let lines = header::fields(&head).map(|field| {
                    let name = String::from_utf8_lossy(field.name).into_owned();
                    clean(&format!("{name}: {}", field::unfolded(field.value)))
                });
                lines.collect::<Vec<String>>().into()
            }
            "dkim" | "log_domains" | "rusage" => "".into(),
            "mail_addr_decode" | "mail_addr_decode_octets" => clean(&arguments.concat()).into(),
            "mime_decode" | "mime2utf8" => {
                let text = arguments.first().map(String::as_str).unwrap_or_default();
                let most = arguments.get(1).and_then(|most| most.trim().parse().ok());
                let decoded = clean(&field::text(text.as_bytes()));
                cut(&decoded, most.filter(|&most| most > 0).unwrap_or(LONGEST)).into()
            }
            _ => return None,
        })
    }

    fn of_findings(&self, name: &str, arguments: &[String]) -> Option<Value> {
        let found = &self.case.inspection;
        let banned = || {
            let places = self.places();
            found
                .banned
                .iter()
                .find(move |(at, _)| places.contains(at))
                .map(|(_, banned)| banned)
        };
        let parts = || -> Vec<String> {
            let Some(banned) = banned() else {
                return Vec::new();
            };
            let all: Vec<String> = banned.path.split(" | ").map(clean).collect();
            let mut shown: Vec<String> = all.iter().take(MOST_PARTS).cloned().collect();
            if all.len() > MOST_PARTS {
                shown.push("...".to_owned());
            }
            shown
        };
        Some(match name {
            "F" => banned()
                .map_or_else(Vec::new, |banned| vec![clean(&banned.reason)])
                .into(),
            "banning_rule_key" => banned()
                .map_or_else(String::new, |banned| clean(&banned.rule))
                .into(),
            "banning_rule_comment" | "banning_rule_rhs" => banned()
                .map_or_else(String::new, |banned| clean(&banned.reason))
                .into(),
            "banned_parts" | "banned_parts_as_attr" => parts().into(),
            "X" => found
                .problems
                .iter()
                .map(|problem| clean(problem))
                .collect::<Vec<String>>()
                .into(),
            "b" | "body_digest" => self.body_digest().into(),
            "ccat" => self.category(arguments).into(),
            "ccat_maj" => (self.deciding().major as u8).to_string().into(),
            "ccat_min" => self.deciding().minor.to_string().into(),
            "ccat_name" => self.deciding().name().into(),
            _ => return self.of_viruses(name, arguments),
        })
    }

    fn of_viruses(&self, name: &str, arguments: &[String]) -> Option<Value> {
        let found = &self.case.inspection;
        Some(match name {
            "V" => {
                let mut names: Vec<String> = Vec::new();
                for (_, found) in &found.scanners {
                    for name in found {
                        if !names.contains(name) {
                            names.push(clean(name));
                        }
                    }
                }
                names.into()
            }
            "W" if arguments.is_empty() => {
                let detecting = found.scanners.iter().filter(|(_, names)| !names.is_empty());
                let names: Vec<String> = detecting.map(|(name, _)| clean(name)).collect();
                names.into()
            }
            "W" => {
                let shown = found.scanners.iter().map(|(scanner, names)| {
                    let names = if names.is_empty() {
                        "-".to_owned()
                    } else {
                        format!("[{}]", names.join(","))
                    };
                    clean(&format!("{scanner}:{names}"))
                });
                shown.collect::<Vec<_>>().join("; ").into()
            }
            "v" => {
                let lines = found.scanners.iter().flat_map(|(scanner, names)| {
                    names
                        .iter()
                        .map(move |name| clean(&format!("{scanner}: {name} FOUND")))
                });
                lines.collect::<Vec<String>>().into()
            }
            _ => return None,
        })
    }

    /// The category that decided, of all whom it is about.
    pub(in crate::pipeline) fn deciding(&self) -> Category {
        let places = self.places();
        let decisions = places.iter().filter_map(|&at| self.case.decisions.get(at));
        let blocking = decisions
            .clone()
            .filter(|decision| decision.destiny != Destiny::Pass)
            .map(|decision| decision.category)
            .max();
        blocking
            .or_else(|| decisions.map(|decision| decision.category).max())
            .unwrap_or_default()
    }

    /// `[:ccat|what|which]`
    fn category(&self, arguments: &[String]) -> String {
        let word = |at: usize| arguments.get(at).map_or("", |text| text.trim());
        let places = self.places();
        let decisions = || places.iter().filter_map(|&at| self.case.decisions.get(at));
        let main = decisions()
            .map(|decision| decision.main)
            .max()
            .unwrap_or_default();
        let is_blocked =
            |decision: &&crate::mail::decision::Decision| decision.destiny != Destiny::Pass;
        let blocking = decisions()
            .filter(is_blocked)
            .map(|decision| decision.category)
            .max();
        let chosen = match word(1) {
            "main" => Some(main),
            "blocking" => blocking,
            _ => blocking.or(Some(main)),
        };
        let bit = |is_on: bool| if is_on { "1" } else { "" }.to_owned();
        match word(0) {
            "name" => chosen.map_or_else(String::new, |category| category.name().to_owned()),
            "major" => chosen.map_or_else(String::new, |c| (c.major as u8).to_string()),
            "minor" => chosen.map_or_else(String::new, |c| c.minor.to_string()),
            "is_blocking" => bit(blocking.is_some()),
            "is_nonblocking" => bit(blocking.is_none()),
            "is_blocked_by_nonmain" => {
                bit(blocking.is_some_and(|blocking| blocking.major != main.major))
            }
            "" => chosen.map_or_else(String::new, |category| {
                format!("{},{}", category.major as u8, category.minor)
            }),
            _ => String::new(),
        }
    }

    /// MD5 of the body, in hexadecimal; for logs that have had it.
    fn body_digest(&self) -> String {
        let message = self.case.arrived.message;
        let size = usize::try_from(message.size()).unwrap_or(usize::MAX);
        let Ok(content) = message.read(0, size) else {
            return String::new();
        };
        let begin = memchr::memmem::find(&content, b"\r\n\r\n").map_or(content.len(), |at| at + 4);
        let body = content.get(begin..).unwrap_or_default();
        data_encoding::HEXLOWER.encode(&Md5::digest(body))
    }

    /// All values of a field, raw.
    fn fields(&self, name: &str) -> Vec<Vec<u8>> {
        let head = self.case.arrived.message.head(HEAD).unwrap_or_default();
        header::fields(&head)
            .filter(|field| field.is(name.as_bytes()))
            .map(|field| field.value.to_vec())
            .collect()
    }

    /// Addresses in all fields of a name.
    pub(in crate::pipeline) fn field_addresses(&self, name: &str) -> Vec<String> {
        let values = self.fields(name);
        let all = values.iter().flat_map(|value| field::addresses(value));
        all.map(|address| clean(&address)).collect()
    }

    /// A field of the message as text; the `at`-th of its name, from 0, or counted from the end if negative.
    fn header_text(&self, name: &str, at: i64) -> String {
        let values = self.fields(name.trim());
        let count = i64::try_from(values.len()).unwrap_or(0);
        let at = if at < 0 { count + at } else { at };
        let value = usize::try_from(at).ok().and_then(|at| values.get(at));
        value.map_or_else(String::new, |value| clean(&field::text(value)))
    }

    /// The oldest trace field, up to `by`.
    fn first_trace(&self) -> String {
        let values = self.fields("Received");
        let Some(value) = values.last() else {
            return String::new();
        };
        let text = clean(&field::unfolded(value));
        let from = text.split(" by ").next().unwrap_or_default();
        cut(from, 200)
    }

    /// Where the message came from, the nearest first.
    fn way(&self, name: &str) -> Vec<String> {
        let with_protocol = name.contains("proto");
        let mut steps: Vec<String> = Vec::new();
        let client = self.case.arrived.client;
        if let Some(shown) = client.shown() {
            let protocol = client.protocol.as_deref().unwrap_or("SMTP");
            steps.push(if with_protocol {
                format!("{}://{shown}", clean(protocol))
            } else {
                client
                    .address
                    .map_or_else(String::new, |address| address.to_string())
            });
        }
        for value in self.fields("Received").iter().take(50) {
            let Some(address) = field::received_from(value) else {
                continue;
            };
            if name.ends_with("public") && !crate::mime::trace::is_public(address) {
                continue;
            }
            steps.push(if with_protocol {
                format!("[{address}]")
            } else {
                address.to_string()
            });
        }
        steps
    }
}

fn angled(id: Option<&str>) -> Value {
    id.map_or_else(String::new, |id| format!("<{}>", clean(id)))
        .into()
}
