//! Which policy banks are in effect for a session and a message.
//!
//! All combinations were made when the configuration was read; here one is chosen.
//!
//! # Source
//! daemon.md 6.2 (order of loading).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{config::settled::Config, lookup::table::LookupError, mail::address::Address};

/// Where a session comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interface<'i> {
    /// Our address and port.
    Tcp(SocketAddr),
    /// The path of the listening socket.
    Unix(&'i str),
}

/// A policy bank that was asked for, and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The bank.
    pub bank: String,
    /// What asked for it, in words.
    pub why: String,
    /// There is such a bank.
    pub exists: bool,
}

/// The settings in effect, and how they came to be so.
#[derive(Clone, Debug)]
pub struct Chosen<'c> {
    base: &'c Config,
    /// What holds.
    pub config: &'c Config,
}

impl<'c> Chosen<'c> {
    /// The settings of a session.
    #[must_use]
    pub fn for_session(base: &'c Config, interface: Interface<'_>) -> Self {
        let mut chosen = Self { base, config: base };
        if base.interface_banks.is_empty() {
            return chosen;
        }
        for (name, _) in interface_banks(base, interface) {
            chosen.load(&name);
        }
        chosen
    }

    /// The settings of a transaction: `client` is what XFORWARD told; an unknown one counts as 0.0.0.0 (RFC 1700's "this network").
    #[must_use]
    pub fn for_client(&self, client: Option<IpAddr>) -> Self {
        let mut chosen = self.clone();
        if let Some(rule) = client_rule(self.config, client) {
            for name in &rule.banks {
                chosen.load(name);
            }
        }
        chosen
    }

    /// The settings once the sender is known: `MYUSERS` for our own users.
    ///
    /// # Errors
    /// If it could not be looked up whether the sender is ours.
    pub fn for_sender(&self, sender: &Address) -> Result<Self, LookupError> {
        let mut chosen = self.clone();
        if is_own_user(self.config, sender)? {
            chosen.load(OWN_USERS);
        }
        Ok(chosen)
    }

    /// The settings with the banks that a client names laid over them; also those that are not to be had.
    #[must_use]
    pub fn for_named<'n>(&self, names: &[&'n str]) -> (Self, Vec<&'n str>) {
        let mut chosen = self.clone();
        let missing = names
            .iter()
            .copied()
            .filter(|name| !chosen.load(name))
            .collect();
        (chosen, missing)
    }

    /// Lays a bank over what holds, as the configuration's reader did; false if there is none, or not at this place.
    fn load(&mut self, name: &str) -> bool {
        if self.config.bank_name == name {
            return true;
        }
        if !self.base.bank_names.contains(name) {
            return false;
        }
        let path = if self.config.bank_path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.config.bank_path)
        };
        match self.base.layered.get(&path) {
            Some(config) => {
                self.config = config;
                true
            }
            None => false,
        }
    }
}

/// The bank for our own users.
const OWN_USERS: &str = "MYUSERS";

/// What asks for banks, in the order in which they are loaded: for `explain`.
///
/// # Errors
/// As [`Chosen::for_sender`].
pub fn steps(
    base: &Config,
    interface: Interface<'_>,
    client: Option<IpAddr>,
    sender: &Address,
) -> Result<Vec<Step>, LookupError> {
    let step = |bank: &str, why: String| Step {
        bank: bank.to_owned(),
        why,
        exists: base.bank_names.contains(bank),
    };
    let mut steps: Vec<Step> = interface_banks(base, interface)
        .map(|(bank, key)| step(&bank, format!("interface_policy has {key:?}")))
        .collect();
    let session = Chosen::for_session(base, interface);
    if let Some(rule) = client_rule(session.config, client) {
        let client = client.unwrap_or(UNKNOWN);
        for bank in &rule.banks {
            let why = format!("client_ipaddr_policy: {client} is in {}", rule.table);
            steps.push(step(bank, why));
        }
    }
    let chosen = session.for_client(client);
    if is_own_user(chosen.config, sender)? {
        let why = format!("originating is on, and {sender} is in local_domains");
        steps.push(step(OWN_USERS, why));
    }
    Ok(steps)
}

/// The client that nothing is known of.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn client_rule(
    config: &Config,
    client: Option<IpAddr>,
) -> Option<&crate::config::settled::ClientRule> {
    let client = client.unwrap_or(UNKNOWN);
    config
        .client_rules
        .iter()
        .find(|rule| rule.networks.contains(client))
}

fn is_own_user(config: &Config, sender: &Address) -> Result<bool, LookupError> {
    Ok(!sender.as_bytes().is_empty()
        && config.policy.originating
        && config.policy.local_domains.is_true(sender)?)
}

/// Banks of a socket with the keys that name them: that of the port or of all sockets first.
fn interface_banks<'c>(
    base: &'c Config,
    interface: Interface<'_>,
) -> impl Iterator<Item = (String, String)> + use<'c> {
    let keys = match interface {
        Interface::Tcp(address) => {
            let canonical = SocketAddr::new(address.ip().to_canonical(), address.port());
            [address.port().to_string(), canonical.to_string()]
        }
        Interface::Unix(path) => ["SOCK".to_owned(), path.to_owned()],
    };
    keys.into_iter().filter_map(|key| {
        let bank = base.interface_banks.get(&key)?;
        Some((bank.clone(), key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        perl,
        raw::RawConfig,
        resolve::{resolve, with_banks},
        settled::Protocol,
        value::Value,
    };

    fn config(text: &str) -> Config {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        resolve(&raw).unwrap()
    }

    fn path(config: &Config, interface: &str, client: &str, sender: &str) -> String {
        let interface = interface
            .parse()
            .map_or(Interface::Unix(interface), Interface::Tcp);
        let sender = Address::parse(sender.as_bytes()).unwrap();
        Chosen::for_session(config, interface)
            .for_client(client.parse().ok())
            .for_sender(&sender)
            .unwrap()
            .config
            .bank_path
            .clone()
    }

    const BANKS: &str = "@inet_acl = qw(127.0.0.1); @mynetworks = qw(10.0.0.0/8 !192.0.2.1 192.0.2.0/24); \
        @local_domains_acl = ('.example.com'); $inet_socket_port = [10024, 10026];\n\
        $interface_policy{'10026'} = 'ORIGINATING'; $interface_policy{'127.0.0.1:10026'} = 'LOOP';\n\
        $interface_policy{'SOCK'} = 'ANY'; $interface_policy{'/run/x'} = 'X'; $interface_policy{'9'} = 'NONE';\n\
        $policy_bank{'ORIGINATING'} = { originating => 1, log_level => 3, smtpd_greeting_banner => 'hi' };\n\
        $policy_bank{'LOOP'} = { soft_bounce => 1 };\n\
        $policy_bank{'MYNETS'} = { log_level => 2 }; $policy_bank{'MYUSERS'} = { final_unchecked_destiny => D_REJECT };\n\
        $policy_bank{'ANY'} = { protocol => 'LMTP' }; $policy_bank{'X'} = { inet_acl => [qw( 10.1.1.1 )] };\n";

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn banks_are_laid_over_one_another_in_order() {
        let config = config(BANKS);
        for (interface, client, sender, want) in [
            ("127.0.0.1:10024", "203.0.113.1", "a@example.com", ""),
            (
                "127.0.0.1:10024",
                "10.1.2.3",
                "a@example.com",
                "MYNETS/MYUSERS",
            ),
            ("127.0.0.1:10024", "10.1.2.3", "a@example.net", "MYNETS"),
            ("127.0.0.1:10024", "10.1.2.3", "", "MYNETS"),
            ("127.0.0.1:10024", "192.0.2.1", "a@example.com", ""),
            (
                "127.0.0.1:10024",
                "192.0.2.2",
                "a@example.com",
                "MYNETS/MYUSERS",
            ),
            ("127.0.0.1:10024", "unknown", "a@example.com", ""),
            ("127.0.0.2:10026", "203.0.113.1", "a@x", "ORIGINATING"),
            ("127.0.0.1:10026", "203.0.113.1", "a@x", "ORIGINATING/LOOP"),
            (
                "127.0.0.1:10026",
                "10.0.0.1",
                "a@b.example.com",
                "ORIGINATING/LOOP/MYNETS/MYUSERS",
            ),
            (
                "[::ffff:127.0.0.1]:10026",
                "203.0.113.1",
                "a@x",
                "ORIGINATING/LOOP",
            ),
            ("/run/x", "203.0.113.1", "a@x", "ANY/X"),
            ("/run/y", "203.0.113.1", "a@x", "ANY"),
            ("127.0.0.1:9", "203.0.113.1", "a@x", ""),
        ] {
            assert_eq!(
                path(&config, interface, client, sender),
                want,
                "{interface} {client} {sender}"
            );
        }
        let at = |interface: &str| {
            let interface = interface
                .parse()
                .map_or(Interface::Unix(interface), Interface::Tcp);
            Chosen::for_session(&config, interface)
        };
        let submission = at("127.0.0.1:10026");
        assert!(submission.config.policy.originating && submission.config.delivery.soft_bounce);
        assert_eq!(submission.config.log.level, 3);
        assert_eq!(submission.config.smtpd.greeting_banner, "hi");
        let inside = submission.for_client("10.0.0.1".parse().ok());
        assert_eq!(inside.config.log.level, 2, "the later one wins");
        assert_eq!(at("/run/x").config.listen.protocol, Protocol::Lmtp);
        assert_eq!(at("127.0.0.1:10024").config.listen.protocol, Protocol::Smtp);
        assert!(
            at("/run/x")
                .config
                .smtpd
                .access
                .contains("10.1.1.1".parse().unwrap())
        );
        assert!(
            !at("/run/y")
                .config
                .smtpd
                .access
                .contains("10.1.1.1".parse().unwrap())
        );
        let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        assert!(
            warnings
                .iter()
                .any(|warning| warning.contains("there is no policy bank \"NONE\"")),
            "{warnings:?}"
        );
    }

    #[test]
    fn steps_tell_why() {
        let config = config(BANKS);
        let sender = Address::parse(b"a@example.com").unwrap();
        let interface = Interface::Tcp("127.0.0.1:10026".parse().unwrap());
        let steps = steps(&config, interface, "10.0.0.1".parse().ok(), &sender).unwrap();
        let told: Vec<String> = steps
            .iter()
            .map(|step| format!("{}: {}", step.bank, step.why))
            .collect();
        assert_eq!(
            told,
            [
                "ORIGINATING: interface_policy has \"10026\"",
                "LOOP: interface_policy has \"127.0.0.1:10026\"",
                "MYNETS: client_ipaddr_policy: 10.0.0.1 is in @mynetworks",
                "MYUSERS: originating is on, and <a@example.com> is in local_domains",
            ]
        );
    }

    #[test]
    fn what_is_wrong_in_a_bank_is_told_when_the_configuration_is_read() {
        for (text, want) in [
            (
                "$policy_bank{'A'} = { log_level => 'x' };",
                "f:1:1: policy bank \"A\": $log_level: \"x\" is no log level from 0 to 5",
            ),
            (
                "$policy_bank{'A'} = [1];",
                "f:1:1: policy bank \"A\": expected a map, found a list",
            ),
            (
                "%interface_policy = (10026 => [1]);",
                "f:1:1: %interface_policy: \"10026\" holds a list, expected the name of a policy bank",
            ),
            (
                "@client_ipaddr_policy = (['10.0.0.0/33'] => 'A');",
                "f:1:1: @client_ipaddr_policy: \"10.0.0.0/33\" is no address or network",
            ),
            (
                "@client_ipaddr_policy = (['10.0.0.0/8']);",
                "f:1:1: @client_ipaddr_policy: expected pairs: networks, then names of banks",
            ),
            (
                "@mynetworks = ('x');",
                "f:1:1: @mynetworks: \"x\" is no address or network",
            ),
        ] {
            let mut raw = RawConfig::default();
            perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
            assert_eq!(resolve(&raw).unwrap_err().to_string(), want, "{text}");
        }
        let config = config(
            "$policy_bank{'A'} = { log_levle => 1, max_servers => 3 };\n\
             @client_ipaddr_policy = ({ '10' => 1, '10.1' => 0 } => ' A , B ');",
        );
        let told: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
        for want in [
            "f:1:1: policy bank \"A\": unknown field \"log_levle\" (did you mean log_level?)",
            "f:1:1: policy bank \"A\": unknown field \"max_servers\" (it has no effect)",
            "f:2:1: @client_ipaddr_policy: there is no policy bank \"B\" (it is passed over)",
        ] {
            assert!(
                told.iter().any(|warning| warning == want),
                "{want}: {told:#?}"
            );
        }
        for (client, want) in [("10.2.0.1", "A"), ("10.1.0.1", ""), ("11.0.0.1", "")] {
            assert_eq!(
                path(&config, "127.0.0.1:10024", client, ""),
                want,
                "{client}"
            );
        }
    }

    #[test]
    fn maps_are_added_to_unless_they_say_otherwise() {
        let config = config(
            "%local_delivery_aliases = (a => '/1', b => '/2'); %local_domains = (x => 1);\n\
             @local_domains_maps = (\\%local_domains); $interface_policy{'1'} = 'A'; $interface_policy{'2'} = 'B';\n\
             $policy_bank{'A'} = { local_domains_maps => [{ 'y' => 1 }], message_size_limit_maps => [{ '.' => 70000 }] };\n\
             $policy_bank{'B'} = { message_size_limit_maps => \\@message_size_limit_maps };",
        );
        let at = |port: u16| {
            Chosen::for_session(&config, Interface::Tcp(SocketAddr::new(UNKNOWN, port))).config
        };
        let y = Address::parse(b"a@y").unwrap();
        assert!(at(1).policy.local_domains.is_true(&y).unwrap());
        assert!(!at(3).policy.local_domains.is_true(&y).unwrap());
        assert_eq!(
            at(1)
                .smtpd
                .size_limit_maps
                .find(&y)
                .unwrap()
                .and_then(|limit| limit.as_octets()),
            Some(70_000)
        );
        let mut raw = RawConfig::default();
        let text = "%local_delivery_aliases = (a => '/1', b => '/2'); \
            $policy_bank{'ADD'} = { local_delivery_aliases => { b => '/3', c => '/4' } }; \
            $policy_bank{'ONLY'} = { local_delivery_aliases => { d => '/5', REPLACE => 1 } };";
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        for (banks, want) in [
            (&["ADD"][..], "a=/1,b=/3,c=/4"),
            (&["ONLY"], "d=/5"),
            (&["ADD", "ONLY", "ADD"], "b=/3,c=/4,d=/5"),
        ] {
            let banks: Vec<String> = banks.iter().map(|bank| (*bank).to_owned()).collect();
            let laid = with_banks(&raw, &banks).unwrap();
            let Value::Map(entries) = &laid.get("%local_delivery_aliases").unwrap().value else {
                panic!("{banks:?}");
            };
            let shown: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key}={}", value.as_text().unwrap()))
                .collect();
            assert_eq!(shown.join(","), want, "{banks:?}");
        }
        assert!(at(2).smtpd.size_limit_maps.find(&y).unwrap().is_none());
    }
}
