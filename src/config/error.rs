//! Errors for the person who must mend a configuration: what, where, why, what to do.

use std::fmt;

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The file as it was named.
    pub file: String,
    /// 0 if the whole file is meant.
    pub line: usize,
    /// 0 if the whole line is meant.
    pub column: usize,
}

impl Place {
    /// The place of octet `offset` in `text`.
    #[must_use]
    pub fn at(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before
            .get(line_start..)
            .map_or(0, |line| line.chars().count())
            + 1;
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// Where; `None` if it is no single place.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl ConfigError {
    /// An error at a place.
    #[must_use]
    pub fn at(place: Place, what: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            what: printable(what.into()),
            advice: String::new(),
        }
    }

    /// An error of the configuration as a whole.
    #[must_use]
    pub fn general(what: impl Into<String>) -> Self {
        Self {
            place: None,
            what: printable(what.into()),
            advice: String::new(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = printable(advice.into());
        self
    }
}

/// Controls that a message quotes from a file must not act on a terminal; a line end stays.
fn printable(text: String) -> String {
    let acts = |c: char| c.is_control() && c != '\n';
    if !text.contains(acts) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// `file:line:column: what (advice)`.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.what)?;
        if self.advice.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.advice)
        }
    }
}

/// All that was found wrong; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// One line for each error.
impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_does_not_act_on_the_terminal() {
        let error = ConfigError::general("odd \x1b[2J\tword").advise("not \x07\u{9b}");
        assert_eq!(
            error.to_string(),
            "odd \\u{1b}[2J\\tword (not \\u{7}\\u{9b})"
        );
    }

    #[test]
    fn places_count_from_one_in_characters() {
        let text = "a\n\u{e4}\u{e4}=x\n";
        let place = Place::at("f", text, text.find('=').unwrap());
        assert_eq!(place.to_string(), "f:2:3");
        assert_eq!(Place::at("f", text, 0).to_string(), "f:1:1");
        assert_eq!(Place::at("f", text, 9999).to_string(), "f:3:1");
        let error = ConfigError::at(place, "bad").advise("do better");
        assert_eq!(
            ConfigErrors(vec![error, ConfigError::general("worse")]).to_string(),
            "f:2:3: bad (do better)\nworse"
        );
    }
}
