//! Values of the original that TOML has no form for, as tables with one or two keys.
//!
//! `{ setting = "local_domains" }` is a reference, `{ pattern = "...", flags = "i" }` a pattern, `{ patterns = [...] }` a table of
//! them, `{ read_hash = "/file" }` what a file holds, `{ undef = true }` nothing, `{ code = "..." }` and
//! `{ object = "...", arguments = [...] }` what has a name only; `{ map = {...} }` is a table that looks like one of these.

use std::{collections::BTreeMap, sync::Arc};

use super::{perl::World, settings, table_file, value::Value};

/// Keys that make a table special.
const KEYS: &[&str] = &[
    "undef",
    "setting",
    "pattern",
    "flags",
    "patterns",
    "code",
    "object",
    "arguments",
    "map",
];

/// Functions that read a file.
const FUNCTIONS: [&str; 5] = [
    "read_hash",
    "read_array",
    "read_cidr",
    "read_cidr_hash",
    "read_cdb",
];

fn is_special(key: &str) -> bool {
    KEYS.contains(&key) || FUNCTIONS.contains(&key)
}

/// True for a map that would be taken for one of the special forms.
#[must_use]
pub fn is_ambiguous(entries: &BTreeMap<String, Value>) -> bool {
    !entries.is_empty() && entries.len() <= 2 && entries.keys().all(|key| is_special(key))
}

/// What a table of TOML means.
///
/// # Errors
/// What is wrong with a special form.
pub fn understand(entries: BTreeMap<String, Value>, world: &dyn World) -> Result<Value, String> {
    if !is_ambiguous(&entries) {
        return Ok(Value::Map(entries));
    }
    let keys: Vec<&str> = entries.keys().map(String::as_str).collect();
    let text = |key: &str| entries.get(key).and_then(Value::as_text);
    let list = |key: &str| match entries.get(key) {
        Some(Value::List(items)) => Some(items.clone()),
        _ => None,
    };
    let understood = match keys.as_slice() {
        ["undef"] => text("undef")
            .filter(|text| *text == "1")
            .map(|_| Value::Undef),
        ["setting"] => match text("setting") {
            Some(name) => {
                return settings::find_by_toml_name(name)
                    .map(|perl| Value::Reference(perl.to_owned()))
                    .ok_or_else(|| format!("unknown setting {name}"));
            }
            None => None,
        },
        ["pattern"] => text("pattern").map(|source| Value::Pattern(source.into(), String::new())),
        ["flags", "pattern"] => text("pattern")
            .zip(text("flags"))
            .map(|(source, flags)| Value::Pattern(source.into(), flags.into())),
        ["patterns"] => list("patterns").map(Value::PatternTable),
        ["code"] => text("code").map(|name| Value::Code(name.into())),
        ["arguments", "object"] => text("object")
            .zip(list("arguments"))
            .map(|(name, arguments)| Value::Object(name.into(), arguments)),
        [function] => match FUNCTIONS
            .iter()
            .find(|known| *known == function)
            .zip(text(function))
        {
            Some((function, path)) => {
                let table = table_file::open(function, path, world)
                    .map_err(|error| format!("{function}: {error}"))?;
                Some(Value::File(Arc::new(table)))
            }
            None => None,
        },
        _ => None,
    };
    understood.ok_or_else(|| {
        format!("a table with {} has a meaning of its own; write {{ map = {{ ... }} }} for one that has not", keys.join(" and "))
    })
}
