//! The two programs that are compared.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::support::daemon::run;

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// amavisd-new 2.13, as Debian installs it.
    Original,
    Filterd,
}

/// Where Debian puts the original.
const ORIGINAL: &str = "/usr/sbin/amavisd";
/// The version whose behaviour is the measure.
pub const VERSION: &str = "amavis-2.13.0 (20230106)";

impl Program {
    pub fn path(self) -> PathBuf {
        match self {
            Self::Original => ORIGINAL.into(),
            Self::Filterd => env!("CARGO_BIN_EXE_amavisd").into(),
        }
    }

    /// Why it cannot, or shall not, be tested here.
    pub fn reason_to_skip(self) -> Option<String> {
        let chosen = std::env::var("FILTERD_UNDER_TEST").unwrap_or_default();
        let name = match self {
            Self::Original => "amavisd",
            Self::Filterd => "filterd",
        };
        match chosen.as_str() {
            "" => {}
            "amavisd" | "filterd" if chosen == name => {}
            "amavisd" | "filterd" => return Some(format!("FILTERD_UNDER_TEST is {chosen}")),
            other => panic!("FILTERD_UNDER_TEST is {other:?}; it must be amavisd or filterd"),
        }
        match self {
            Self::Original => why_there_is_no_original().clone(),
            Self::Filterd => None,
        }
    }
}

fn why_there_is_no_original() -> &'static Option<String> {
    static WHY: OnceLock<Option<String>> = OnceLock::new();
    WHY.get_or_init(|| {
        if !Path::new(ORIGINAL).exists() {
            return Some(format!(
                "{ORIGINAL} does not exist (Debian's package amavisd-new has it)"
            ));
        }
        let (_, found, _) = run(ORIGINAL, &["-V"]);
        (found.trim() != VERSION).then(|| format!("{ORIGINAL} is {}, not {VERSION}", found.trim()))
    })
}
