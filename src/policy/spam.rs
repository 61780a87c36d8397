//! What a score means for a recipient.
//!
//! # Source
//! content.md 1.4.

use super::recipient::RecipientSettings;
use crate::mail::score::Score;

/// Which levels are reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// `X-Spam` fields are put in.
    pub tag: bool,
    /// They say that it is spam.
    pub tag2: bool,
    /// It is spam of a worse kind.
    pub tag3: bool,
    /// The destiny of spam holds.
    pub kill: bool,
}

/// What a white list takes off where the question is whether to tag at all.
const WHITELISTED: f64 = -10.0;

/// Which levels a message reaches; one that nobody has asked about reaches none.
#[must_use]
pub fn marks(settings: &RecipientSettings, score: &Score) -> Marks {
    let is_known =
        score.level.is_some() || score.is_asked || score.is_whitelisted || score.is_blacklisted;
    if settings.bypasses_spam || !is_known {
        return Marks::default();
    }
    let level = score.level.unwrap_or(0.0);
    let bonus = if score.is_whitelisted {
        WHITELISTED
    } else {
        0.0
    };
    let reaches = |limit: Option<f64>| {
        !score.is_whitelisted && (score.is_blacklisted || limit.is_some_and(|limit| level >= limit))
    };
    let levels = settings.levels;
    let tag3 = reaches(levels.tag3) && (levels.tag3.is_some() || !score.is_blacklisted);
    Marks {
        tag: score.is_blacklisted || levels.tag.is_none_or(|limit| level + bonus >= limit),
        tag2: reaches(levels.tag2) || tag3,
        tag3,
        kill: reaches(levels.kill),
    }
}

/// True if there is a limit, and the score has reached it.
#[must_use]
pub fn is_at(score: &Score, limit: Option<f64>) -> bool {
    limit.is_some_and(|limit| score.level.unwrap_or(0.0) >= limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::recipient::Levels;

    fn words(level: Option<f64>, change: impl Fn(&mut RecipientSettings, &mut Score)) -> String {
        let mut settings = RecipientSettings {
            levels: Levels {
                tag: Some(2.0),
                tag2: Some(6.2),
                kill: Some(6.9),
                ..Levels::default()
            },
            ..RecipientSettings::default()
        };
        let mut score = Score {
            level,
            is_asked: true,
            ..Score::default()
        };
        change(&mut settings, &mut score);
        let marks = marks(&settings, &score);
        let all = [
            (marks.tag, "tag"),
            (marks.tag2, "tag2"),
            (marks.tag3, "tag3"),
            (marks.kill, "kill"),
        ];
        let set = all
            .iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, word)| *word);
        set.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn levels_are_reached_at_their_number() {
        let same = |_: &mut RecipientSettings, _: &mut Score| {};
        for (level, expected) in [
            (None, ""),
            (Some(1.999), ""),
            (Some(2.0), "tag"),
            (Some(6.2), "tag tag2"),
            (Some(6.9), "tag tag2 kill"),
        ] {
            assert_eq!(words(level, same), expected, "{level:?}");
        }
        assert_eq!(words(Some(-5.0), |s, _| s.levels.tag = None), "tag");
        assert_eq!(
            words(Some(4.0), |s, _| s.levels.tag3 = Some(3.0)),
            "tag tag2 tag3"
        );
        assert_eq!(words(Some(9.0), |s, _| s.bypasses_spam = true), "");
    }

    #[test]
    fn lists_beat_levels() {
        assert_eq!(words(Some(11.0), |_, s| s.is_whitelisted = true), "");
        assert_eq!(words(Some(12.0), |_, s| s.is_whitelisted = true), "tag");
        assert_eq!(words(None, |_, s| s.is_blacklisted = true), "tag tag2 kill");
        assert_eq!(
            words(None, |s, _| s.levels.tag = None),
            "tag",
            "asked without an answer"
        );
        let nobody = |s: &mut RecipientSettings, score: &mut Score| {
            s.levels.tag = None;
            score.is_asked = false;
        };
        assert_eq!(words(None, nobody), "");
    }
}
