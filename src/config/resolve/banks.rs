//! Policy banks: every configuration that a message can meet, made and checked in advance.
//!
//! A bank is a layer of settings over those that hold. Which ones are laid over one another depends on where a session comes in, on
//! the client and on the sender, in this order; all combinations are known when the configuration is read.
//!
//! # Source
//! daemon.md 6.1 and 6.2; content.md 6.8.

use std::collections::{BTreeMap, BTreeSet};

use super::one;
use crate::config::{
    dynamic,
    error::{ConfigError, ConfigErrors, Place},
    raw::RawConfig,
    settings,
    settled::{Config, Protocol},
    value::Value,
};

/// Most combinations of banks: each is a whole configuration.
const MOST: usize = 5000;

/// A layer that is in effect.
struct State {
    raw: RawConfig,
    config: Config,
}

/// Adds to `base`, made from `raw`, what banks make of it; `warnings` takes what is odd about them.
pub(super) fn lay_out(
    raw: &RawConfig,
    base: &mut Config,
    warnings: &mut Vec<ConfigError>,
) -> Result<(), ConfigErrors> {
    let banks = Banks::read(raw, warnings)?;
    base.bank_names = banks.entries.keys().cloned().collect();
    base.interface_banks = interface_banks(raw)?;
    warn_of_unknown(raw, base, &banks, warnings);
    let start = State {
        raw: raw.clone(),
        config: base.clone(),
    };
    // Those that later stages load are checked all the same.
    for name in banks.entries.keys() {
        banks.load(&start, name)?;
    }
    let mut states = vec![start];
    add(&mut states, |state| {
        let rows = rows(&base.interface_banks);
        rows.map(|names| banks.load_each(state, &names)).collect()
    })?;
    add(&mut states, |state| {
        let rules = state.config.client_rules.iter();
        rules
            .map(|rule| banks.load_each(state, &rule.banks))
            .collect()
    })?;
    add(&mut states, |state| {
        let for_users = ["MYUSERS".to_owned()];
        let names = if state.config.policy.originating {
            for_users.as_slice()
        } else {
            &[]
        };
        Ok(vec![banks.load_each(state, names)?])
    })?;
    for _ in 0..named_at_once(&banks) {
        add(&mut states, |state| {
            if state.config.listen.protocol != Protocol::AmPdp {
                return Ok(Vec::new());
            }
            let names = banks.entries.keys();
            names
                .map(|name| Ok(vec![banks.load(state, name)?]))
                .collect()
        })?;
    }
    let states = states.into_iter().skip(1);
    base.layered = states
        .map(|state| (state.config.bank_path.clone(), state.config))
        .collect();
    Ok(())
}

/// How many banks a request of AM.PDP can name at once: all combinations are made in advance.
fn named_at_once(banks: &Banks) -> usize {
    match banks.entries.len() {
        0..=10 => 2,
        11..=200 => 1,
        _ => 0,
    }
}

/// `raw` with banks laid over it, in order.
pub(super) fn laid_over(raw: &RawConfig, names: &[String]) -> Result<RawConfig, ConfigErrors> {
    let banks = Banks::read(raw, &mut Vec::new())?;
    let start = State {
        raw: raw.clone(),
        config: one(raw, &mut Vec::new())?,
    };
    let states = banks.load_each(&start, names)?;
    Ok(states.into_iter().next_back().unwrap_or(start).raw)
}

/// Adds what `next` makes of each state, once for each path.
fn add(
    states: &mut Vec<State>,
    next: impl Fn(&State) -> Result<Vec<Vec<State>>, ConfigErrors>,
) -> Result<(), ConfigErrors> {
    let mut paths: BTreeSet<String> = states
        .iter()
        .map(|state| state.config.bank_path.clone())
        .collect();
    let mut new = Vec::new();
    for state in states.iter() {
        for state in next(state)?.into_iter().flatten() {
            if paths.insert(state.config.bank_path.clone()) {
                new.push(state);
            }
        }
        if paths.len() > MOST {
            let what = format!("policy banks: more than {MOST} combinations can come about");
            return Err(ConfigError::general(what)
                .advise("let fewer sockets or clients choose banks")
                .into());
        }
    }
    states.append(&mut new);
    Ok(())
}

/// `%policy_bank`
struct Banks {
    entries: BTreeMap<String, (BTreeMap<String, Value>, Place)>,
}

impl Banks {
    fn read(raw: &RawConfig, warnings: &mut Vec<ConfigError>) -> Result<Self, ConfigErrors> {
        let mut entries = BTreeMap::new();
        let Some(assigned) = raw.get("%policy_bank") else {
            return Ok(Self { entries });
        };
        let mut errors = Vec::new();
        let Value::Map(banks) = &assigned.value else {
            let what = format!(
                "%policy_bank: expected a map, found {}",
                assigned.value.kind()
            );
            return Err(ConfigError::at(assigned.place.clone(), what).into());
        };
        for (name, value) in banks {
            let place = assigned.place_of(name);
            let Value::Map(bank) = value else {
                let what = format!(
                    "policy bank {name:?}: expected a map, found {}",
                    value.kind()
                );
                errors.push(ConfigError::at(place.clone(), what));
                continue;
            };
            for key in bank.keys().filter(|key| !is_understood(key)) {
                let what = format!("policy bank {name:?}: unknown field {key:?}");
                let warning = ConfigError::at(place.clone(), what);
                warnings.push(match settings::nearest_of(key, dynamic::keys()) {
                    Some(nearest) => warning.advise(format!("did you mean {nearest}?")),
                    None => warning.advise("it has no effect"),
                });
            }
            if !name.is_empty() {
                entries.insert(name.clone(), (bank.clone(), place.clone()));
            }
        }
        if errors.is_empty() {
            Ok(Self { entries })
        } else {
            Err(ConfigErrors(errors))
        }
    }

    /// What holds after each of the banks.
    fn load_each(&self, state: &State, names: &[String]) -> Result<Vec<State>, ConfigErrors> {
        let mut states: Vec<State> = Vec::with_capacity(names.len());
        for name in names {
            let below = states.last().unwrap_or(state);
            states.push(self.load(below, name)?);
        }
        Ok(states)
    }

    /// Lays one bank over what holds; one that is not there, or is on top already, changes nothing.
    fn load(&self, below: &State, name: &str) -> Result<State, ConfigErrors> {
        let mut state = State {
            raw: below.raw.clone(),
            config: below.config.clone(),
        };
        let Some((bank, place)) = self.entries.get(name) else {
            return Ok(state);
        };
        if state.config.bank_name == name {
            return Ok(state);
        }
        if name == "MYNETS" {
            state
                .raw
                .set("$originating", Value::text("1"), place.clone())?;
        }
        for (key, value) in bank {
            if let Some(perl) = dynamic::find(key) {
                // Its sockets are not opened: `sockets` tells of that.
                if perl == "$protocol" && value.as_text().is_some_and(is_other_protocol) {
                    continue;
                }
                lay_over(&mut state.raw, perl, value, place)?;
            }
        }
        let path = if state.config.bank_path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", state.config.bank_path)
        };
        let mut config =
            one(&state.raw, &mut Vec::new()).map_err(|errors| in_bank(errors, &path))?;
        config
            .listen
            .addresses
            .clone_from(&state.config.listen.addresses);
        config.bank_path = path;
        name.clone_into(&mut config.bank_name);
        state.config = config;
        Ok(state)
    }
}

/// Errors that tell in which bank they are.
fn in_bank(errors: ConfigErrors, path: &str) -> ConfigErrors {
    let errors = errors.0.into_iter().map(|mut error| {
        error.what = format!("policy bank {path:?}: {}", error.what);
        error
    });
    ConfigErrors(errors.collect())
}

/// A protocol of the original that is none of ours.
fn is_other_protocol(name: &str) -> bool {
    [
        "AM.CL",
        "AM.HELO",
        "TCP-LOOKUP",
        "POLICY",
        "COURIER",
        "QMQPQQ",
    ]
    .iter()
    .any(|other| other.eq_ignore_ascii_case(name))
}

/// Keys that are no settings have their meaning elsewhere.
fn is_understood(key: &str) -> bool {
    matches!(key, "policy_bank_name" | "ACTION") || dynamic::find(key).is_some()
}

/// A map is added to the one that holds, unless it says `REPLACE`; everything else takes its place.
fn lay_over(
    raw: &mut RawConfig,
    perl: &str,
    value: &Value,
    place: &Place,
) -> Result<(), ConfigErrors> {
    let value = match value {
        // One level of indirection, as in `local_domains_maps => \@other`.
        Value::Reference(other) if other.get(..1) == perl.get(..1) => raw
            .get(other)
            .map_or(Value::Undef, |assigned| assigned.value.clone()),
        other => other.clone(),
    };
    let Value::Map(mut new) = value else {
        return raw.set(perl, value, place.clone());
    };
    let replaces = new
        .remove("REPLACE")
        .is_some_and(|replace| replace.is_true());
    let held = raw.get(perl).map(|assigned| assigned.value.clone());
    if let (false, Some(Value::Map(mut entries))) = (replaces, held) {
        entries.extend(new);
        new = entries;
    }
    raw.set(perl, Value::Map(new), place.clone())
}

/// `%interface_policy`: the bank of each port or socket.
fn interface_banks(raw: &RawConfig) -> Result<BTreeMap<String, String>, ConfigErrors> {
    let Some(assigned) = raw.get("%interface_policy") else {
        return Ok(BTreeMap::new());
    };
    let wrong = |what: String| ConfigError::at(assigned.place.clone(), what);
    let Value::Map(interfaces) = &assigned.value else {
        let what = format!(
            "%interface_policy: expected a map, found {}",
            assigned.value.kind()
        );
        return Err(wrong(what).into());
    };
    let mut banks = BTreeMap::new();
    let mut errors = Vec::new();
    for (key, value) in interfaces {
        match value {
            Value::Undef => {}
            Value::Scalar(name) => {
                banks.insert(key.clone(), name.clone());
            }
            other => errors.push(wrong(format!(
                "%interface_policy: {key:?} holds {}, expected the name of a policy bank",
                other.kind()
            ))),
        }
    }
    if errors.is_empty() {
        Ok(banks)
    } else {
        Err(ConfigErrors(errors))
    }
}

/// The banks that each key of `%interface_policy` can bring about: that of its port, or of all sockets, comes first.
fn rows(banks: &BTreeMap<String, String>) -> impl Iterator<Item = Vec<String>> + '_ {
    banks.iter().map(|(key, name)| {
        let general = if key.starts_with('/') {
            Some("SOCK")
        } else {
            key.rsplit_once(':').map(|(_, port)| port)
        };
        let general = general.and_then(|general| banks.get(general));
        general.into_iter().chain([name]).cloned().collect()
    })
}

/// Banks that are named somewhere and do not exist.
fn warn_of_unknown(raw: &RawConfig, base: &Config, banks: &Banks, warnings: &mut Vec<ConfigError>) {
    let mut named: Vec<(&str, &str)> = Vec::new();
    let of_sockets = base.interface_banks.values();
    named.extend(of_sockets.map(|name| ("%interface_policy", name.as_str())));
    if raw.get("@client_ipaddr_policy").is_some() {
        let rules = base.client_rules.iter().flat_map(|rule| &rule.banks);
        named.extend(rules.map(|name| ("@client_ipaddr_policy", name.as_str())));
    }
    named.sort_unstable();
    named.dedup();
    for (setting, name) in named {
        if banks.entries.contains_key(name) || name.is_empty() {
            continue;
        }
        let what = format!("{setting}: there is no policy bank {name:?}");
        let place = raw.get(setting).map(|assigned| assigned.place.clone());
        let warning = ConfigError {
            place,
            ..ConfigError::general(what)
        };
        let nearest = settings::nearest_of(name, banks.entries.keys().map(String::as_str));
        warnings.push(match nearest {
            Some(nearest) => warning.advise(format!("did you mean {nearest}?")),
            None => warning.advise("it is passed over"),
        });
    }
}
