//! Names of viruses that stand for a score.

use super::{Reader, maps};
use crate::{
    lookup::table::{Maps, PatternEntry, Scalar, Table},
    pattern::Pattern,
};

/// Names that stand for a score and not for a virus, if nothing else is set.
///
/// # Source
/// content.md 4.3.
pub(super) fn scores(reader: &mut Reader<'_>) -> Maps {
    const NAME: &str = "@virus_name_to_spam_score_maps";
    if reader.is_set(NAME) {
        return maps::maps(reader, NAME);
    }
    const TABLE: [(&str, Option<&str>); 20] = [
        (r"^Structured\.(SSN|CreditCardNumber)\b", Some("0.1")),
        (r"^(Heuristics\.)?Phishing\.", Some("0.1")),
        (r"^(Email|HTML)\.Phishing\.(?!.*Sanesecurity)", Some("0.1")),
        (r"^Sanesecurity\.(Malware|Rogue|Trojan)\.", None),
        (r"^Sanesecurity\.Foxhole\.Zip_exe", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Zip_bat", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_gz", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_ace", Some("0.1")),
        (r"^Sanesecurity\.Foxhole\.Mail_tar", Some("0")),
        (r"^Sanesecurity\.Foxhole\.", None),
        (r"^Sanesecurity\.(TestSig_|PhishBar_)", Some("0")),
        (r"^Sanesecurity\.", Some("0.1")),
        (
            r"^Email\.Spam\.Bounce(\.[^., ]*)*\.Sanesecurity\.",
            Some("0"),
        ),
        (r"^Email\.Spam\b|^MSRBL-(Images|SPAM)\b", Some("0.1")),
        (
            r"^(VX\.)?Honeypot-SecuriteInfo\.com\.Joke|^Joke\.",
            Some("0.1"),
        ),
        (
            r"^Safebrowsing\.|^winnow\.(phish|spam)\.|^INetMsg\.SpamDomain",
            Some("0.1"),
        ),
        (
            r"^Doppelstern\.(Spam|Scam|Phishing|Junk|Lott|Loan)",
            Some("0.1"),
        ),
        (
            r"^Bofhland\.Phishing|^ScamNailer\.|^HTML/Bankish",
            Some("0.1"),
        ),
        (r"^PORCUPINE_|^PhishTank\.Phishing\.", Some("0.1")),
        (r"^MBL_NA\.UNOFFICIAL", Some("0.1")),
    ];
    let entries = TABLE.iter().filter_map(|(source, points)| {
        Some(PatternEntry {
            pattern: Pattern::compile(source, "").ok()?,
            result: points.map(Scalar::new),
        })
    });
    Maps {
        tables: vec![Table::Patterns(entries.collect())],
        names: vec!["the built-in table".to_owned()],
        rules: maps::rules(reader),
    }
}
