//! Scores, tests and levels.

use super::{Facts, clean, flag};
use crate::{
    mail::score::{Points, Rounded, Score},
    policy::recipient::Levels,
    template::Value,
};

/// Tests that are shown.
const MOST_TESTS: usize = 50;
/// Longest bar of `STARS`.
const LONGEST_BAR: usize = 50;

impl Facts<'_> {
    pub(super) fn of_spam(&self, name: &str, arguments: &[String]) -> Option<Value> {
        let argument = |at: usize, otherwise: &str| {
            arguments
                .get(at)
                .map_or_else(|| otherwise.to_owned(), Clone::clone)
        };
        let levels = self.levels();
        let tests = |with_points: bool| self.tests(with_points);
        Some(match name {
            "c" => self.score().into(),
            "SCORE" => {
                let score = self.score();
                let pad = argument(0, "");
                let missing = pad.chars().count().saturating_sub(score.chars().count());
                let pad: String = pad.chars().take(missing).collect();
                format!("{pad}{score}").into()
            }
            "STARS" => {
                let bar = argument(0, "*");
                let mut count = 0;
                let mut left = self.level().unwrap_or(0.0);
                while left >= 1.0 && count < LONGEST_BAR {
                    left -= 1.0;
                    count += 1;
                }
                bar.repeat(count).into()
            }
            "T" => tests(true).into(),
            "TESTS" => tests(false).join(&argument(0, ",")).into(),
            "TESTSSCORES" => tests(true).join(&argument(0, ",")).into(),
            "A" | "REPORT" => self.lines().into(),
            "SUMMARY" => self.lines().join("\n").into(),
            "REQD" | "tag2_level" => shown(levels.tag2),
            "tag_level" => shown(levels.tag),
            "kill_level" => shown(levels.kill),
            "1" => yes(self.some(|at| self.case.decisions.get(at).is_some_and(|d| d.is_scored))),
            "2" => yes(self.some(|at| self.case.decisions.get(at).is_some_and(|d| d.is_spam))),
            "k" => yes(self.some(|at| self.is_killed(at))),
            "YESNO" => self.yes_or_no(arguments, "Yes", "No").into(),
            "YESNOCAPS" => self.yes_or_no(arguments, "YES", "NO").into(),
            "AUTOLEARN" => self
                .first()
                .and_then(|score| score.autolearn.as_deref())
                .map_or_else(String::new, clean)
                .into(),
            "score_boost" => "0".into(),
            "is_whitelisted" => flag(self.first().is_some_and(|score| score.is_whitelisted)),
            "ADDEDHEADERHAM" | "ADDEDHEADERSPAM" | "SUBJPREFIX" | "supplementary_info"
            | "REMOTEHOSTADDR" | "REMOTEHOSTNAME" => "".into(),
            _ => return None,
        })
    }

    /// One of two words, which arguments may replace.
    fn yes_or_no(&self, arguments: &[String], yes: &str, no: &str) -> String {
        let is_spam = self.some(|at| self.case.decisions.get(at).is_some_and(|d| d.is_spam));
        let (at, usual) = if is_spam { (0, yes) } else { (1, no) };
        arguments
            .get(at)
            .cloned()
            .unwrap_or_else(|| usual.to_owned())
    }

    fn scores(&self) -> Vec<&Score> {
        let scores = &self.case.scoring.scores;
        let places = self.places();
        places.iter().filter_map(|&at| scores.get(at)).collect()
    }

    fn first(&self) -> Option<&Score> {
        self.scores().into_iter().next()
    }

    fn levels(&self) -> Levels {
        let recipients = self.case.arrived.recipients;
        let places = self.places();
        let least = places
            .iter()
            .filter_map(|&at| recipients.get(at))
            .min_by(|a, b| {
                let level = |levels: &Levels| levels.tag2.unwrap_or(f64::MAX);
                level(&a.levels).total_cmp(&level(&b.levels))
            });
        least.map(|settings| settings.levels).unwrap_or_default()
    }

    fn level(&self) -> Option<f64> {
        let levels = self.scores().into_iter().filter_map(|score| score.level);
        levels.reduce(f64::max)
    }

    /// `6.123`, `2..6.1` if recipients differ, `-` if nothing scored it.
    fn score(&self) -> String {
        let levels = || self.scores().into_iter().filter_map(|score| score.level);
        match (levels().reduce(f64::min), levels().reduce(f64::max)) {
            (Some(least), Some(most)) if most - least < 0.1 => Rounded(most).to_string(),
            (Some(least), Some(most)) => format!("{}..{}", Rounded(least), Rounded(most)),
            _ => "-".to_owned(),
        }
    }

    /// Tests of all whom it is about, each once.
    fn tests(&self, with_points: bool) -> Vec<String> {
        let mut all: Vec<&Points> = Vec::new();
        for score in self.scores() {
            for test in &score.tests {
                if !all.contains(&test) {
                    all.push(test);
                }
            }
        }
        let mut shown: Vec<String> = all
            .iter()
            .take(MOST_TESTS)
            .map(|test| {
                clean(&if with_points {
                    test.to_string()
                } else {
                    test.name.clone()
                })
            })
            .collect();
        if all.len() > MOST_TESTS {
            shown.push("...".to_owned());
        }
        shown
    }

    /// A line for each test, for people.
    fn lines(&self) -> Vec<String> {
        let scores = self.scores();
        let tests = scores.iter().flat_map(|score| &score.tests);
        let mut lines: Vec<String> = Vec::new();
        for test in tests.take(MOST_TESTS) {
            let points = test
                .points
                .map_or_else(|| "?".to_owned(), |points| format!("{points:.1}"));
            let line = clean(&format!("{points:>6} {}", test.name));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn some(&self, is: impl Fn(usize) -> bool) -> bool {
        self.places().into_iter().any(is)
    }

    fn is_killed(&self, at: usize) -> bool {
        self.case
            .decisions
            .get(at)
            .is_some_and(|decision| decision.is_killed)
    }
}

fn yes(is_on: bool) -> Value {
    if is_on { "Y".into() } else { "0".into() }
}

/// `-` where there is none (T18).
fn shown(level: Option<f64>) -> Value {
    level
        .map_or_else(|| "-".to_owned(), |level| Rounded(level).to_string())
        .into()
}
