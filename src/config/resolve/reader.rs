//! Reads settings from a raw configuration by kind, and collects what is wrong.

use std::{path::PathBuf, time::Duration};

use crate::{
    config::{
        error::{ConfigError, ConfigErrors},
        method::Method,
        raw::RawConfig,
        settings::{self, Default, Kind},
        value::Value,
    },
    lookup::network::NetworkList,
    mail::decision::Destiny,
};

/// See the module's text. Asked for a setting that is wrong, it gives the kind's zero, and the error at the end.
pub(super) struct Reader<'r> {
    raw: &'r RawConfig,
    errors: Vec<ConfigError>,
}

impl<'r> Reader<'r> {
    pub(super) const fn new(raw: &'r RawConfig) -> Self {
        Self {
            raw,
            errors: Vec::new(),
        }
    }

    /// The configuration, if nothing was wrong.
    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(self.errors))
        }
    }

    /// True if nothing was wrong yet.
    pub(super) const fn is_content(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn complain(&mut self, name: &str, what: String) {
        let error = self.at(name, what);
        self.errors.push(error);
    }

    /// An error at the place where `name` was set.
    pub(super) fn at(&self, name: &str, what: String) -> ConfigError {
        match self.raw.get(name) {
            // In the words of the file.
            Some(assigned) if assigned.place.file.ends_with(".toml") => {
                let name = settings::toml_name(name);
                ConfigError::at(assigned.place.clone(), format!("{name}: {what}"))
            }
            Some(assigned) => ConfigError::at(assigned.place.clone(), format!("{name}: {what}")),
            None => ConfigError::general(format!("{name}: {what}")),
        }
    }

    /// ` (FILE:LINE:COLUMN)`, where a setting was set; empty if it was not.
    pub(super) fn place(&self, name: &str) -> String {
        let assigned = self.raw.get(name);
        assigned.map_or_else(String::new, |assigned| format!(" ({})", assigned.place))
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.raw.get(name).is_some()
    }

    /// What was set, or the default.
    pub(super) fn value(&self, name: &str) -> Value {
        if let Some(assigned) = self.raw.get(name) {
            return assigned.value.clone();
        }
        match settings::setting(name).map_or(Default::None, |setting| setting.default) {
            Default::None => Value::Undef,
            Default::Text(text) => Value::text(text),
            Default::List(texts) => {
                Value::List(texts.iter().map(|text| Value::text(*text)).collect())
            }
        }
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.value(name) {
            Value::Undef => None,
            Value::Scalar(text) if text.is_empty() => None,
            Value::Scalar(text) => Some(text),
            other => {
                self.complain(name, format!("expected a text, found {}", other.kind()));
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.optional_text(name).unwrap_or_default()
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.value(name) {
            value @ (Value::Undef | Value::Scalar(_)) => value.is_true(),
            other => {
                self.complain(
                    name,
                    format!("expected true or false, found {}", other.kind()),
                );
                false
            }
        }
    }

    pub(super) fn path(&mut self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.optional_text(name)?);
        if !path.is_absolute() {
            self.complain(
                name,
                format!("{:?} is not an absolute path", path.display().to_string()),
            );
        }
        Some(path)
    }

    pub(super) fn optional_number(&mut self, name: &str) -> Option<u64> {
        let text = self.optional_text(name)?;
        let kind = settings::setting(name).map(|setting| setting.kind);
        let (parsed, least, most, what) = match kind {
            Some(Kind::Seconds(least, most)) => {
                (scaled(&text, SECONDS), least, most, "a number of seconds")
            }
            Some(Kind::Octets(least, most)) => {
                (scaled(&text, OCTETS), least, most, "a number of octets")
            }
            Some(Kind::Count(least, most)) => (scaled(&text, &[]), least, most, "a whole number"),
            _ => (scaled(&text, &[]), 0, u64::MAX, "a whole number"),
        };
        match parsed {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(_) => {
                self.complain(name, format!("{text} is not between {least} and {most}"));
                None
            }
            None => {
                self.complain(name, format!("{text:?} is not {what}"));
                None
            }
        }
    }

    /// A number that must be there: nothing, as in `$max_servers = undef`, would be 0 past every range.
    pub(super) fn number(&mut self, name: &str) -> u64 {
        if matches!(self.value(name), Value::Undef) || self.value(name).as_text() == Some("") {
            self.complain(name, "is set to nothing, but a number is needed".to_owned());
        }
        self.optional_number(name).unwrap_or_default()
    }

    pub(super) fn size(&mut self, name: &str) -> usize {
        usize::try_from(self.number(name)).unwrap_or(usize::MAX)
    }

    pub(super) fn seconds(&mut self, name: &str) -> Duration {
        Duration::from_secs(self.number(name))
    }

    pub(super) fn level(&mut self, name: &str) -> i32 {
        if !matches!(self.value(name), Value::Undef | Value::Scalar(_)) {
            let what = format!("expected a log level, found {}", self.value(name).kind());
            self.complain(name, what);
            return 0;
        }
        let text = self.text(name);
        let level = text.parse().ok().filter(|level| (-10..=10).contains(level));
        level.unwrap_or_else(|| {
            self.complain(name, format!("{text:?} is no log level from 0 to 5"));
            0
        })
    }

    /// A text that begins with 0 is octal; a number was made from an octal literal by the reader.
    pub(super) fn mode(&mut self, name: &str) -> u32 {
        let mut text = self.text(name);
        // Set to nothing is not set.
        if text.is_empty()
            && let Some(Default::Text(default)) = settings::setting(name).map(|s| s.default)
        {
            default.clone_into(&mut text);
        }
        let mode = if text.starts_with('0') {
            u32::from_str_radix(&text, 8).ok()
        } else {
            text.parse().ok()
        };
        mode.filter(|&mode| mode <= 0o777).unwrap_or_else(|| {
            self.complain(name, format!("{text:?} is no file mode such as 0660"));
            0o600
        })
    }

    pub(super) fn choice(&mut self, name: &str) -> Option<&'static str> {
        let text = self.optional_text(name)?;
        let Some(Kind::Choice(words)) = settings::setting(name).map(|setting| setting.kind) else {
            return None;
        };
        let chosen = words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(&text))
            .copied();
        if chosen.is_none() {
            self.complain(name, format!("{text:?} is none of: {}", words.join(", ")));
        }
        chosen
    }

    /// The number that a constant of `amavisd.conf` stands for, or its name.
    pub(super) fn destiny(&mut self, name: &str) -> Destiny {
        let text = self.text(name);
        let number = text.parse().ok().and_then(Destiny::from_number);
        number
            .or_else(|| Destiny::from_name(&text))
            .unwrap_or_else(|| {
                let what = format!(
                    "{text:?} is none of D_PASS, D_DISCARD, D_BOUNCE, D_REJECT, D_TEMPFAIL"
                );
                self.complain(name, what);
                Destiny::default()
            })
    }

    /// A text, or a list of texts; nested lists are spread out, `undef` is nothing, and another setting that is referred to
    /// stands for what it holds.
    pub(super) fn words(&mut self, name: &str) -> Vec<String> {
        let mut words = Vec::new();
        let value = self.value(name);
        self.collect_words(name, &value, true, &mut words);
        words
    }

    fn collect_words(
        &mut self,
        name: &str,
        value: &Value,
        may_refer: bool,
        words: &mut Vec<String>,
    ) {
        match value {
            Value::Undef => {}
            Value::Scalar(text) if text.is_empty() => {}
            Value::Scalar(text) => words.push(text.clone()),
            Value::List(items) => {
                for item in items {
                    self.collect_words(name, item, may_refer, words);
                }
            }
            Value::Reference(other) if may_refer => {
                let value = self.value(other);
                self.collect_words(other, &value, false, words);
            }
            // There may be a circle.
            Value::Reference(other) => {
                self.complain(
                    name,
                    format!("refers to {other}, and is referred to itself"),
                );
            }
            other => self.complain(name, format!("expected texts, found {}", other.kind())),
        }
    }

    pub(super) fn networks(&mut self, name: &str) -> NetworkList {
        let words = self.words(name);
        NetworkList::parse(words.iter().map(String::as_str)).unwrap_or_else(|bad| {
            self.complain(name, format!("{bad:?} is no address or network"));
            NetworkList::default()
        })
    }

    /// As [`Self::methods`], but none is no error.
    pub(super) fn optional_methods(&mut self, name: &str) -> Vec<Method> {
        if self.words(name).is_empty() {
            Vec::new()
        } else {
            self.methods(name)
        }
    }

    pub(super) fn methods(&mut self, name: &str) -> Vec<Method> {
        let words = self.words(name);
        if words.is_empty() {
            self.complain(
                name,
                "a next hop is needed, such as smtp:[127.0.0.1]:10025".to_owned(),
            );
        }
        let mut methods = Vec::new();
        for word in words {
            match Method::parse(&word) {
                Ok(method) => methods.push(method),
                Err(error) => self.complain(name, error),
            }
        }
        // The plan of a transaction is made before it is known which of them can be reached.
        if methods.iter().any(|method: &Method| method.lmtp)
            && !methods.iter().all(|method| method.lmtp)
        {
            let what = "all methods must be smtp: or all lmtp:";
            self.complain(name, what.to_owned());
        }
        methods
    }
}

/// Suffixes and what they multiply by.
type Units = &'static [(&'static str, u64)];

const SECONDS: Units = &[("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
const OCTETS: Units = &[
    ("k", 1 << 10),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
];

/// A number of octets, with or without a unit.
pub(super) fn octets(text: &str) -> Option<u64> {
    scaled(text, OCTETS)
}

/// A whole number, with or without a unit.
fn scaled(text: &str, units: Units) -> Option<u64> {
    let text = text.trim();
    let (digits, factor) = units
        .iter()
        .find_map(|(unit, factor)| {
            text.strip_suffix(unit)
                .map(|digits| (digits.trim_end(), *factor))
        })
        .unwrap_or((text, 1));
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
