//! The decision for one recipient.
//!
//! # Source
//! daemon.md 3.4 and 8.6 (default destinies).

use crate::{
    config::settled::PolicyConfig,
    mail::{
        category::{Category, Major},
        decision::{Decision, Destiny},
        finding::Finding,
    },
};

/// Decides what happens to a message for the recipient with index `recipient`.
///
/// Every finding has its destiny; the worst one that does not let the message pass decides. If all let it pass, the worst one
/// gives the category.
#[must_use]
pub fn decide(findings: &[Finding], recipient: usize, policy: &PolicyConfig) -> Decision {
    let mut main = Category::CLEAN;
    let mut blocking: Option<(Category, Destiny)> = None;
    let mut added_fields = Vec::new();
    for finding in findings {
        let category = match finding {
            Finding::Oversized {
                recipient: whose, ..
            } if *whose != recipient => continue,
            Finding::Oversized { .. } => Category::OVERSIZED,
            Finding::Unchecked { why } => {
                added_fields.push(format!("X-Amavis-Alert: UNCHECKED, {why}"));
                Category::UNCHECKED
            }
        };
        let destiny = destiny_of(category, policy);
        if destiny == Destiny::Pass {
            main = main.max(category);
        } else if blocking.is_none_or(|(known, _)| known < category) {
            blocking = Some((category, destiny));
        }
    }
    match blocking {
        Some((category, destiny)) => Decision {
            category,
            destiny,
            added_fields,
        },
        None => Decision {
            category: main,
            destiny: Destiny::Pass,
            added_fields,
        },
    }
}

const fn destiny_of(category: Category, policy: &PolicyConfig) -> Destiny {
    match category.major {
        Major::Oversized => Destiny::Bounce,
        Major::Unchecked => policy.unchecked_destiny,
        Major::CatchAll
        | Major::Clean
        | Major::Mta
        | Major::BadHeader
        | Major::Spammy
        | Major::Spam
        | Major::Banned
        | Major::Virus => Destiny::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::table::Maps;

    fn policy(unchecked_destiny: Destiny) -> PolicyConfig {
        PolicyConfig {
            local_domains: Maps::default(),
            originating: false,
            unchecked_destiny,
        }
    }

    #[test]
    fn the_worst_blocking_finding_decides() {
        let big = |recipient| Finding::Oversized {
            recipient,
            limit: 1,
        };
        let unchecked = || Finding::Unchecked {
            why: "poison".into(),
        };
        let cases = [
            (vec![], Destiny::Pass, Category::CLEAN, Destiny::Pass),
            (vec![big(1)], Destiny::Pass, Category::CLEAN, Destiny::Pass),
            (
                vec![big(0)],
                Destiny::Pass,
                Category::OVERSIZED,
                Destiny::Bounce,
            ),
            (
                vec![unchecked()],
                Destiny::Pass,
                Category::UNCHECKED,
                Destiny::Pass,
            ),
            (
                vec![unchecked(), big(0)],
                Destiny::Pass,
                Category::OVERSIZED,
                Destiny::Bounce,
            ),
            (
                vec![big(0), unchecked()],
                Destiny::Reject,
                Category::UNCHECKED,
                Destiny::Reject,
            ),
        ];
        for (findings, unchecked_destiny, category, destiny) in cases {
            let decision = decide(&findings, 0, &policy(unchecked_destiny));
            assert_eq!(
                (decision.category, decision.destiny),
                (category, destiny),
                "{findings:?}"
            );
        }
        let alert = decide(&[unchecked()], 0, &policy(Destiny::Pass)).added_fields;
        assert_eq!(alert, ["X-Amavis-Alert: UNCHECKED, poison"]);
    }
}
