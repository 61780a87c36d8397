//! Perl-compatible patterns, as configurations write them.
//!
//! A pattern is translated, then compiled by the engine that needs time in proportion to the text; what that one cannot express
//! (looking around, back-references) goes to one that backtracks, with a limit.
//!
//! # Source
//! ecosystem.md A.8 (where the engines differ from Perl).

mod translate;

use std::fmt;

/// Steps of the backtracking engine before it gives up on a text: some tens of milliseconds.
const MOST_STEPS: usize = 200_000;
/// Octets that a compiled pattern may take.
const MOST_MEMORY: usize = 10 << 20;

/// A compiled pattern.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    flags: String,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// A pattern needed more steps for a text than it may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManySteps;

impl Pattern {
    /// Compiles a pattern of Perl with its flags: `i`, `m`, `s`, `x`; `o`, `a`, `u` and `l` change nothing here.
    ///
    /// # Errors
    /// What is not understood, in words.
    pub fn compile(source: &str, flags: &str) -> Result<Self, String> {
        if let Some(flag) = flags.chars().find(|flag| !"imsxoauln".contains(*flag)) {
            return Err(format!("the flag {flag} of a pattern is not understood"));
        }
        let translated = translate::translate(source, flags)?;
        let engine = match regex::RegexBuilder::new(&translated)
            .size_limit(MOST_MEMORY)
            .build()
        {
            Ok(regex) if !translate::needs_backtracking(&translated) => Engine::Linear(regex),
            Ok(_) | Err(_) => fancy_regex::RegexBuilder::new(&translated)
                .backtrack_limit(MOST_STEPS)
                .delegate_size_limit(MOST_MEMORY)
                .build()
                .map(|regex| Engine::Backtracking(Box::new(regex)))
                .map_err(|error| first_line(&error.to_string()))?,
        };
        Ok(Self {
            source: source.to_owned(),
            flags: flags.to_owned(),
            engine,
        })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The flags as they were written.
    #[must_use]
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// True if it matches somewhere in `text`.
    ///
    /// # Errors
    /// [`TooManySteps`]: it is not known whether it matches.
    pub fn is_match(&self, text: &str) -> Result<bool, TooManySteps> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.is_match(text)),
            Engine::Backtracking(regex) => regex.is_match(text).map_err(|_| TooManySteps),
        }
    }

    /// What the first match and its groups hold: the whole match first; `None` for a group that took no part.
    ///
    /// # Errors
    /// As [`Self::is_match`].
    pub fn captures<'t>(
        &self,
        text: &'t str,
    ) -> Result<Option<Vec<Option<&'t str>>>, TooManySteps> {
        Ok(match &self.engine {
            Engine::Linear(regex) => regex.captures(text).map(|captures| {
                captures
                    .iter()
                    .map(|group| group.map(|group| group.as_str()))
                    .collect()
            }),
            Engine::Backtracking(regex) => {
                regex
                    .captures(text)
                    .map_err(|_| TooManySteps)?
                    .map(|captures| {
                        captures
                            .iter()
                            .map(|group| group.map(|group| group.as_str()))
                            .collect()
                    })
            }
        })
    }

    /// Where the first match at or after octet `from` begins and ends.
    ///
    /// # Errors
    /// As [`Self::is_match`].
    pub fn find_from(
        &self,
        text: &str,
        from: usize,
    ) -> Result<Option<(usize, usize)>, TooManySteps> {
        Ok(match &self.engine {
            Engine::Linear(regex) => regex
                .find_at(text, from)
                .map(|found| (found.start(), found.end())),
            Engine::Backtracking(regex) => regex
                .find_from_pos(text, from)
                .map_err(|_| TooManySteps)?
                .map(|found| (found.start(), found.end())),
        })
    }
}

/// The engine's word on what is wrong, in one line and without a place in the translated pattern.
fn first_line(text: &str) -> String {
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    let line = line.unwrap_or_default().trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let words = match line.split_once(": ") {
        Some((place, words)) if place.starts_with("Parsing error at position") => words,
        _ => line,
    };
    format!("the pattern is not understood: {words}")
}

/// Two patterns are the same if they are written in the same way.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.flags == other.flags
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "qr/{}/{}", self.source, self.flags)
    }
}

#[cfg(test)]
mod tests;
