//! The decision for one recipient.
//!
//! # Source
//! content.md 1.3 and 1.4; daemon.md 3.4 and 8.6 (default destinies).

use super::{recipient::RecipientSettings, spam};
use crate::{
    config::settled::PolicyConfig,
    mail::{
        address::Address,
        category::{Category, Major},
        decision::{Decision, Destiny},
        finding::Finding,
        score::Score,
        text::{folded, printable},
    },
};

/// Longest reason that is told, characters.
const LONGEST_REASON: usize = 400;

/// What a decision depends on besides the findings.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'c> {
    /// Index of the recipient in the envelope.
    pub recipient: usize,
    /// His address.
    pub address: &'c Address,
    /// What the configuration says about him.
    pub settings: &'c RecipientSettings,
    /// What it says about mail.
    pub policy: &'c PolicyConfig,
    /// Categories whose mail is kept.
    pub kept: &'c [Major],
    /// Nobody would read a report: the sender is the null path, a list, or a program.
    pub nobody_listens: bool,
    /// How much it looks like spam to him.
    pub score: &'c Score,
}

impl Circumstances<'_> {
    /// What happens to mail of a category; `loves` is what the setting of this kind alone says.
    fn destiny(&self, category: Category, loves: bool) -> Destiny {
        let lovers = &self.policy.lovers.by_category;
        let loves = match lovers.of(category) {
            Some(maps) => maps.is_true(self.address).unwrap_or(false),
            None => loves,
        };
        if loves {
            Destiny::Pass
        } else {
            self.policy.destinies.of(category, self.address)
        }
    }
}

/// Decides what happens to a message for one recipient.
///
/// Every finding has its destiny; the worst one that does not let the message pass decides. If all let it pass, the worst one
/// gives the category.
#[must_use]
pub fn decide(findings: &[Finding], circumstances: Circumstances<'_>) -> Decision {
    let mut decision = Decision::pass(Category::CLEAN);
    let mut blocking: Option<Category> = None;
    let marks = spam::marks(circumstances.settings, circumstances.score);
    decision.is_scored = marks.tag;
    decision.is_spam = marks.tag2;
    decision.is_killed = marks.kill;
    let by_finding = findings
        .iter()
        .filter_map(|finding| judge(finding, circumstances));
    for judged in by_finding.chain(judge_score(marks, circumstances)) {
        if let Some(field) = judged.field {
            let field = folded(&field);
            if !decision.added_fields.contains(&field) {
                decision.added_fields.push(field);
            }
        }
        decision.main = decision.main.max(judged.category);
        decision.found.push(judged.category);
        let takes_over = if judged.destiny == Destiny::Pass {
            blocking.is_none() && decision.category < judged.category
        } else {
            blocking.is_none_or(|known| known < judged.category)
        };
        if !takes_over {
            continue;
        }
        if judged.destiny != Destiny::Pass {
            blocking = Some(judged.category);
            decision.destiny = judged.destiny;
            decision.is_silent = judged.is_silent;
        }
        decision.category = judged.category;
        decision.reason = judged.reason;
    }
    let major = decision.category.major;
    let is_cut_off = major == Major::Spam
        && spam::is_at(
            circumstances.score,
            circumstances.settings.levels.quarantine_cutoff,
        );
    let is_kept = circumstances.kept.contains(&major) && !is_cut_off;
    decision.kept_as = is_kept.then_some(major);
    decision
}

/// What a score means.
fn judge_score(marks: spam::Marks, circumstances: Circumstances<'_>) -> Option<Judged> {
    let settings = circumstances.settings;
    if marks.kill {
        let destiny = circumstances.destiny(Category::SPAM, settings.loves_spam);
        return Some(Judged {
            is_silent: spam::is_at(circumstances.score, settings.levels.dsn_cutoff),
            ..Judged::new(Category::SPAM, destiny)
        });
    }
    let category = if marks.tag2 {
        Category::spammy(marks.tag3)
    } else if marks.tag {
        Category {
            minor: 1,
            ..Category::CLEAN
        }
    } else {
        return None;
    };
    let destiny = circumstances.destiny(category, settings.loves_spam);
    Some(Judged::new(category, destiny))
}

/// What a finding means for a recipient.
struct Judged {
    category: Category,
    destiny: Destiny,
    field: Option<String>,
    reason: Option<String>,
    is_silent: bool,
}

impl Judged {
    const fn new(category: Category, destiny: Destiny) -> Self {
        Self {
            category,
            destiny,
            field: None,
            reason: None,
            is_silent: false,
        }
    }

    fn alert(mut self, text: &str) -> Self {
        self.field = Some(format!("X-Amavis-Alert: {text}"));
        self
    }
}

/// Nothing, if the finding is not about him.
fn judge(finding: &Finding, circumstances: Circumstances<'_>) -> Option<Judged> {
    let Circumstances {
        recipient,
        settings,
        ..
    } = circumstances;
    Some(match finding {
        Finding::Oversized {
            recipient: whose, ..
        }
        | Finding::Banned {
            recipient: whose, ..
        } if *whose != recipient => return None,
        Finding::BadHeader { .. } if settings.bypasses_header => return None,
        Finding::Infected { .. } if settings.bypasses_virus => return None,
        Finding::Infected {
            names,
            is_sender_faked,
        } => judge_infected(names, *is_sender_faked, circumstances),
        Finding::Oversized { .. } => {
            let destiny = circumstances.destiny(Category::OVERSIZED, false);
            Judged::new(Category::OVERSIZED, destiny)
        }
        Finding::Unchecked { cause, why } => {
            let category = Category::unchecked(*cause);
            let destiny = circumstances.destiny(category, settings.loves_unchecked);
            Judged::new(category, destiny).alert(&format!("UNCHECKED, {why}"))
        }
        Finding::Banned {
            reason,
            is_discarded,
            ..
        } => {
            let reason = printable(reason, LONGEST_REASON);
            let destiny = banned_destiny(circumstances);
            let judged = Judged::new(Category::BANNED, destiny)
                .alert(&format!("BANNED, message contains {reason}"));
            Judged {
                reason: Some(reason),
                is_silent: *is_discarded,
                ..judged
            }
        }
        Finding::BadHeader { minor, problem } => {
            let category = Category::bad_header(*minor);
            let destiny = match circumstances.destiny(category, settings.loves_bad_header) {
                // Nobody would hear of it.
                Destiny::Bounce if circumstances.nobody_listens => Destiny::Pass,
                destiny => destiny,
            };
            let problem = printable(problem, LONGEST_REASON);
            Judged::new(category, destiny).alert(&format!("BAD HEADER SECTION, {problem}"))
        }
    })
}

/// What viruses mean. Without a folder they are thrown away all the same: a refusal would go to somebody whose name was taken.
fn judge_infected(
    names: &[String],
    is_sender_faked: bool,
    circumstances: Circumstances<'_>,
) -> Judged {
    let names = printable(&names.join(", "), LONGEST_REASON);
    let destiny = circumstances.destiny(Category::VIRUS, circumstances.settings.loves_virus);
    let judged = Judged::new(Category::VIRUS, destiny)
        .alert(&format!("INFECTED, message contains virus: {names}"));
    Judged {
        reason: Some(names),
        is_silent: is_sender_faked,
        ..judged
    }
}

/// What is to be kept is not thrown away where there is no folder for it.
fn banned_destiny(circumstances: Circumstances<'_>) -> Destiny {
    let policy = circumstances.policy;
    let is_kept = circumstances.kept.contains(&Major::Banned);
    match circumstances.destiny(Category::BANNED, circumstances.settings.loves_banned) {
        Destiny::Discard if policy.wants_banned_kept && !is_kept => Destiny::Reject,
        destiny => destiny,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{perl, raw::RawConfig, resolve::resolve},
        mail::finding::Unchecked,
    };

    fn policy(text: &str) -> PolicyConfig {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        resolve(&raw).unwrap().policy
    }

    fn decided(findings: &[Finding], text: &str, kept: &[Major]) -> Decision {
        let settings = RecipientSettings::default();
        let circumstances = Circumstances {
            recipient: 0,
            address: &Address::default(),
            settings: &settings,
            policy: &policy(text),
            kept,
            nobody_listens: false,
            score: &Score::default(),
        };
        decide(findings, circumstances)
    }

    fn big(recipient: usize) -> Finding {
        Finding::Oversized {
            recipient,
            limit: 1,
        }
    }

    fn unchecked() -> Finding {
        Finding::Unchecked {
            cause: Unchecked::Encrypted,
            why: "it is encrypted".into(),
        }
    }

    fn banned(recipient: usize) -> Finding {
        Finding::Banned {
            recipient,
            reason: "x.exe\r\nBcc: a".into(),
            is_discarded: false,
        }
    }

    fn bad_header() -> Finding {
        Finding::BadHeader {
            minor: 7,
            problem: "Missing required header field: \"Date\"".into(),
        }
    }

    #[test]
    fn the_worst_blocking_finding_decides() {
        let reject = "$final_unchecked_destiny = D_REJECT; $final_bad_header_destiny = D_BOUNCE;";
        for (findings, text, word, destiny) in [
            (vec![], "", "CLEAN", Destiny::Pass),
            (vec![big(1), banned(1)], "", "CLEAN", Destiny::Pass),
            (vec![big(0)], "", "OVERSIZED", Destiny::Bounce),
            (vec![unchecked()], "", "UNCHECKED-ENCRYPTED", Destiny::Pass),
            (vec![unchecked(), big(0)], "", "OVERSIZED", Destiny::Bounce),
            (
                vec![big(0), unchecked()],
                reject,
                "UNCHECKED-ENCRYPTED",
                Destiny::Reject,
            ),
            (vec![bad_header()], "", "BAD-HEADER-7", Destiny::Pass),
            (
                vec![bad_header(), unchecked()],
                "",
                "UNCHECKED-ENCRYPTED",
                Destiny::Pass,
            ),
            (vec![bad_header()], reject, "BAD-HEADER-7", Destiny::Bounce),
            (
                vec![bad_header(), banned(0)],
                "",
                "BANNED",
                Destiny::Discard,
            ),
        ] {
            let decision = decided(&findings, text, &[Major::Banned]);
            assert_eq!(
                (decision.category.to_string().as_str(), decision.destiny),
                (word, destiny),
                "{findings:?}"
            );
        }
    }

    #[test]
    fn alerts_are_printable_and_folded() {
        let findings = [banned(0), bad_header(), unchecked()];
        let fields = decided(&findings, "", &[]).added_fields;
        assert_eq!(
            fields,
            [
                "X-Amavis-Alert: BANNED, message contains x.exe\\x{0D}\\x{0A}Bcc: a",
                "X-Amavis-Alert: BAD HEADER SECTION, Missing required header field: \"Date\"",
                "X-Amavis-Alert: UNCHECKED, it is encrypted",
            ]
        );
    }

    #[test]
    fn nothing_is_thrown_away_that_is_not_kept_unless_somebody_wants_it() {
        let destiny = |text: &str, kept: &[Major]| decided(&[banned(0)], text, kept).destiny;
        assert_eq!(destiny("", &[]), Destiny::Reject);
        assert_eq!(destiny("", &[Major::Banned]), Destiny::Discard);
        assert_eq!(
            destiny("$banned_files_quarantine_method = undef;", &[]),
            Destiny::Discard
        );
        assert_eq!(
            destiny("$final_banned_destiny = D_PASS;", &[]),
            Destiny::Pass
        );
    }

    #[test]
    fn lovers_get_it_and_nobody_bounces_into_the_void() {
        let policy = policy("$final_bad_header_destiny = D_BOUNCE;");
        let settings = RecipientSettings {
            loves_banned: true,
            ..RecipientSettings::default()
        };
        let circumstances = Circumstances {
            recipient: 0,
            address: &Address::default(),
            settings: &settings,
            policy: &policy,
            kept: &[],
            nobody_listens: true,
            score: &Score::default(),
        };
        assert_eq!(decide(&[banned(0)], circumstances).destiny, Destiny::Pass);
        assert_eq!(
            decide(&[bad_header()], circumstances).destiny,
            Destiny::Pass
        );
        let settings = RecipientSettings {
            bypasses_header: true,
            ..settings
        };
        let circumstances = Circumstances {
            settings: &settings,
            ..circumstances
        };
        let decision = decide(&[bad_header()], circumstances);
        assert_eq!(decision.category, Category::CLEAN);
        assert!(decision.added_fields.is_empty());
    }
}
