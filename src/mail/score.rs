//! Scores: how much a message looks like spam to one recipient, and why.

/// A test that hit, and what it gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Points {
    /// Name of the test: letters, digits, `_`, `.`, `:`, `-`.
    pub name: String,
    /// What it gives, if that is known.
    pub points: Option<f64>,
}

impl Points {
    /// A test with its points.
    #[must_use]
    pub fn new(name: impl Into<String>, points: f64) -> Self {
        Self {
            name: name.into(),
            points: Some(points),
        }
    }
}

/// `NAME=1.5`, or the name alone.
impl std::fmt::Display for Points {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.points {
            Some(points) => write!(f, "{}={}", self.name, Rounded(points)),
            None => f.write_str(&self.name),
        }
    }
}

/// A number with at most three digits after the point, without zeros at the end: `6.123`, `5`, `-0.1`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rounded(pub f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.3}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// What is known of a message for one recipient.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Score {
    /// Sum of everything; `None` if nothing scored it.
    pub level: Option<f64>,
    /// Tests of all kinds, in the order in which they are shown.
    pub tests: Vec<Points>,
    /// The sender is on his white list.
    pub is_whitelisted: bool,
    /// The sender is on his black list.
    pub is_blacklisted: bool,
    /// Engines were asked, whether they answered or not.
    pub is_asked: bool,
    /// What an engine learned.
    pub autolearn: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_at_most() {
        for (number, text) in [
            (6.1234, "6.123"),
            (5.0, "5"),
            (-0.1, "-0.1"),
            (-0.0001, "0"),
            (1000.0, "1000"),
            (0.7, "0.7"),
        ] {
            assert_eq!(Rounded(number).to_string(), text);
        }
        assert_eq!(Points::new("A", 1.5).to_string(), "A=1.5");
        let points = Points {
            name: "B".into(),
            points: None,
        };
        assert_eq!(points.to_string(), "B");
    }
}
