//! `X-Spam` fields, and the line of the log that says the same.
//!
//! # Source
//! content.md 5.8.

use crate::mail::score::{Rounded, Score};

/// Longest line of a field.
const LINE: usize = 78;
/// Tests that are shown.
const MOST_TESTS: usize = 50;
/// Longest bar.
const LONGEST_BAR: f64 = 64.0;

/// Names of the fields that are ours: those of others are taken away.
pub(super) const NAMES: [&[u8]; 7] = [
    b"X-Spam-Flag",
    b"X-Spam-Score",
    b"X-Spam-Level",
    b"X-Spam-Status",
    b"X-Spam-Report",
    b"X-Spam-Checker-Version",
    b"X-Spam-Tests",
];

/// What is said about a score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'s> {
    pub(super) score: &'s Score,
    pub(super) tag: Option<f64>,
    pub(super) required: Option<f64>,
    pub(super) is_spam: bool,
    pub(super) level_char: &'s str,
    /// For a copy that is kept, which is everybody's.
    pub(super) kept: Option<Kept>,
}

/// What a copy that is kept says of all its recipients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Lowest and highest score.
    pub(super) scores: Option<(f64, f64)>,
    pub(super) kill: Option<f64>,
}

impl Said<'_> {
    /// The fields, in order, each with its line end.
    pub(super) fn fields(&self) -> String {
        let flag = if self.is_spam { "YES" } else { "NO" };
        let mut fields = format!("X-Spam-Flag: {flag}\r\n");
        let shown = self.shown_score();
        fields.push_str(&match shown {
            Some(score) => format!("X-Spam-Score: {}\r\n", Rounded(score)),
            None => "X-Spam-Score: 0\r\n".to_owned(),
        });
        fields.push_str(format!("X-Spam-Level: {}", self.bar()).trim_end());
        fields.push_str("\r\n");
        let mut lines = Lines::begin("X-Spam-Status:");
        for item in self.items() {
            lines.put(&item);
        }
        fields.push_str(&lines.text);
        fields.push_str("\r\n");
        fields
    }

    /// `Yes, score=6.1 tagged_above=2 required=6.2 tests=[A=1] autolearn=no`, on one line.
    pub(super) fn status(&self) -> String {
        let items: Vec<String> = self.items();
        let joined = items.join(" ");
        // Tests stand without blanks between `[` and `]` but for those after commas.
        joined.trim().to_owned()
    }

    fn shown_score(&self) -> Option<f64> {
        let level = self.score.level;
        if self.score.is_blacklisted {
            Some(level.unwrap_or(0.0).max(64.0))
        } else if self.score.is_whitelisted {
            Some(level.unwrap_or(0.0).min(0.0))
        } else {
            level
        }
    }

    fn bar(&self) -> String {
        let length = if self.score.is_blacklisted {
            LONGEST_BAR
        } else if self.score.is_whitelisted {
            0.0
        } else {
            self.score.level.unwrap_or(0.0).clamp(0.0, LONGEST_BAR)
        };
        let mut bar = String::new();
        let mut at = 1.0;
        while at <= length {
            bar.push_str(self.level_char);
            at += 1.0;
        }
        bar
    }

    /// Pieces between which a line may end.
    fn items(&self) -> Vec<String> {
        let word = if self.is_spam { "Yes," } else { "No," };
        let score = match (self.score.level, self.kept.and_then(|kept| kept.scores)) {
            (_, Some((least, most))) if least < most => {
                format!("{}..{}", Rounded(least), Rounded(most))
            }
            (Some(level), _) => Rounded(level).to_string(),
            (None, _) => "x".to_owned(),
        };
        let mut items = vec![word.to_owned(), format!("score={score}")];
        let level = |name: &str, level: Option<f64>| {
            level.map(|level| format!("{name}={}", Rounded(level)))
        };
        match self.kept {
            None => {
                items.extend(level("tagged_above", self.tag));
                items.extend(level("required", self.required));
            }
            Some(Kept { kill, .. }) => {
                items.extend(level("tag", self.tag));
                items.extend(level("tag2", self.required));
                items.extend(level("kill", kill));
            }
        }
        if self.score.is_blacklisted {
            items.push("BLACKLISTED".to_owned());
        }
        if self.score.is_whitelisted {
            items.push("WHITELISTED".to_owned());
        }
        let tests = &self.score.tests;
        let mut names: Vec<String> = tests
            .iter()
            .take(MOST_TESTS)
            .map(ToString::to_string)
            .collect();
        if tests.len() > MOST_TESTS {
            names.push("...".to_owned());
        }
        let last = names.len().saturating_sub(1);
        if names.is_empty() {
            items.push("tests=[]".to_owned());
        }
        for (at, name) in names.into_iter().enumerate() {
            let before = if at == 0 { "tests=[" } else { "" };
            let after = if at == last { "]" } else { "," };
            items.push(format!("{before}{name}{after}"));
        }
        let learned = self.score.autolearn.as_deref().unwrap_or("unavailable");
        let is_plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
        let learned: String = learned.chars().filter(is_plain).collect();
        items.push(format!("autolearn={learned}"));
        items
    }
}

/// A field that is filled up to the width of a line.
struct Lines {
    text: String,
    width: usize,
}

impl Lines {
    fn begin(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            width: name.len(),
        }
    }

    fn put(&mut self, item: &str) {
        if self.width + 1 + item.len() > LINE {
            self.text.push_str("\r\n");
            self.width = 0;
        }
        self.text.push(' ');
        self.text.push_str(item);
        self.width += 1 + item.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::score::Points;

    fn said(score: &Score) -> Said<'_> {
        Said {
            score,
            tag: Some(2.0),
            required: Some(6.2),
            is_spam: score.level.is_some_and(|level| level >= 6.2),
            level_char: "*",
            kept: None,
        }
    }

    #[test]
    fn a_kept_copy_speaks_for_all_its_recipients() {
        let score = Score {
            level: Some(7.5),
            ..Score::default()
        };
        let kept = Kept {
            scores: Some((6.5, 7.5)),
            kill: Some(6.9),
        };
        let said = Said {
            kept: Some(kept),
            ..said(&score)
        };
        assert_eq!(
            said.status(),
            "Yes, score=6.5..7.5 tag=2 tag2=6.2 kill=6.9 tests=[] autolearn=unavailable"
        );
    }

    #[test]
    fn fields_have_the_form_that_filters_know() {
        let score = Score {
            level: Some(6.5),
            tests: vec![Points::new("AM.WBL", 1.0), Points::new("A_TEST", 5.5)],
            autolearn: Some("no".into()),
            ..Score::default()
        };
        let said = said(&score);
        assert_eq!(
            said.fields(),
            "X-Spam-Flag: YES\r\nX-Spam-Score: 6.5\r\nX-Spam-Level: ******\r\n\
             X-Spam-Status: Yes, score=6.5 tagged_above=2 required=6.2 tests=[AM.WBL=1,\r\n A_TEST=5.5] autolearn=no\r\n"
        );
        assert_eq!(
            said.status(),
            "Yes, score=6.5 tagged_above=2 required=6.2 tests=[AM.WBL=1, A_TEST=5.5] autolearn=no"
        );
    }

    #[test]
    fn lists_show_in_the_score() {
        let mut score = Score {
            is_blacklisted: true,
            ..Score::default()
        };
        assert!(said(&score).fields().contains("X-Spam-Score: 64\r\n"));
        assert!(
            said(&score)
                .status()
                .contains("required=6.2 BLACKLISTED tests=[] ")
        );
        score = Score {
            is_whitelisted: true,
            level: Some(7.0),
            ..Score::default()
        };
        assert!(
            said(&score)
                .fields()
                .contains("X-Spam-Score: 0\r\nX-Spam-Level:\r\n")
        );
        score = Score::default();
        assert!(
            said(&score)
                .status()
                .starts_with("No, score=x tagged_above=2 ")
        );
    }
}
