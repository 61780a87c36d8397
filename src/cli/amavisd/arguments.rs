//! The grammar of the drop-in's arguments.

use std::path::PathBuf;

use crate::config::value::Value;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    Reload,
    Foreground,
    Debug,
    DebugSa,
    TestConfig,
    ShowKeys,
    TestKeys,
    GenRsa,
    ConvertKeysFile,
}

impl Verb {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "start" => Self::Start,
            "stop" => Self::Stop,
            "restart" => Self::Restart,
            "reload" => Self::Reload,
            "foreground" => Self::Foreground,
            "debug" => Self::Debug,
            "debug-sa" => Self::DebugSa,
            "test-config" => Self::TestConfig,
            "showkey" | "showkeys" => Self::ShowKeys,
            "testkey" | "testkeys" => Self::TestKeys,
            "genrsa" => Self::GenRsa,
            "convert_keysfile" => Self::ConvertKeysFile,
            _ => return None,
        })
    }

    /// The word of a command that does nothing yet.
    pub(super) const fn not_there_yet(self) -> Option<&'static str> {
        match self {
            Self::DebugSa => Some("debug-sa"),
            Self::ShowKeys => Some("showkeys"),
            Self::TestKeys => Some("testkeys"),
            Self::GenRsa => Some("genrsa"),
            Self::ConvertKeysFile => Some("convert_keysfile"),
            Self::Start
            | Self::Stop
            | Self::Restart
            | Self::Reload
            | Self::Foreground
            | Self::Debug
            | Self::TestConfig => None,
        }
    }

    const fn takes_arguments(self) -> bool {
        matches!(
            self,
            Self::ShowKeys | Self::TestKeys | Self::GenRsa | Self::ConvertKeysFile
        )
    }
}

/// A complete command line.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Arguments {
    pub(super) verb: Verb,
    pub(super) files: Vec<PathBuf>,
    /// Settings, in Perl form.
    pub(super) overrides: Vec<(String, Value)>,
    /// `-X no_conf_file_writable_check`
    pub(super) is_unguarded: bool,
}

/// What a command line asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Parsed {
    Run(Box<Arguments>),
    Version,
    Help,
    /// Lines to print before the usage.
    Wrong(Vec<String>),
    /// An option's value is wrong: what to print, without the usage.
    WrongValue(String),
}

/// Parses arguments, `argv[0]` left out.
pub(super) fn parse(given: &[String]) -> Parsed {
    let mut arguments = Arguments {
        verb: Verb::Start,
        files: Vec::new(),
        overrides: Vec::new(),
        is_unguarded: false,
    };
    let mut sockets: Vec<Value> = Vec::new();
    let mut rest = given.iter();
    let mut words: Vec<&String> = Vec::new();
    while let Some(argument) = rest.next() {
        let Some(option) = argument.strip_prefix('-').filter(|_| words.is_empty()) else {
            words.push(argument);
            continue;
        };
        match option {
            "V" => return Parsed::Version,
            "h" => return Parsed::Help,
            "-" => {
                words.extend(rest);
                break;
            }
            _ => {}
        }
        let (letter, attached) = option.split_at(option.chars().next().map_or(0, char::len_utf8));
        let value = if attached.is_empty() {
            rest.next().cloned()
        } else {
            Some(attached.to_owned())
        };
        match value.map(|value| apply(letter, &value, &mut arguments, &mut sockets)) {
            Some(Ok(())) => {}
            Some(Err(Some(what))) => return Parsed::WrongValue(what),
            Some(Err(None)) | None => {
                return Parsed::Wrong(vec![format!(
                    "Error in parsing command line options: {argument}"
                )]);
            }
        }
    }
    if !sockets.is_empty() {
        // All sockets of the configuration are replaced.
        for name in ["$inet_socket_port", "$unix_socketname"] {
            arguments.overrides.push((name.to_owned(), Value::Undef));
        }
        arguments
            .overrides
            .push(("@listen_sockets".to_owned(), Value::List(sockets)));
    }
    command(arguments, &words)
}

/// Takes one option; the error is what is wrong with its value, or nothing if there is no such option.
fn apply(
    letter: &str,
    value: &str,
    arguments: &mut Arguments,
    sockets: &mut Vec<Value>,
) -> Result<(), Option<String>> {
    let setting = match letter {
        "c" => {
            if !value.is_empty() {
                arguments.files.push(PathBuf::from(value));
            }
            return Ok(());
        }
        "d" => {
            // Words are debug areas of SpamAssassin.
            if let Some(level) = value.split(',').find(|word| word.parse::<i32>().is_ok()) {
                arguments
                    .overrides
                    .push(("$log_level".to_owned(), Value::text(level)));
            }
            return Ok(());
        }
        "i" => {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
            if !value.bytes().all(is_plain) {
                return Err(Some(format!("Special chars in option -i {value}")));
            }
            "$instance_name"
        }
        "p" => {
            sockets.push(Value::text(value));
            return Ok(());
        }
        "X" => {
            arguments.is_unguarded |= value
                .split(',')
                .any(|word| word == "no_conf_file_writable_check");
            return Ok(());
        }
        "m" if value.parse::<u32>().is_err() => {
            return Err(Some("Option -m requires a numeric argument".to_owned()));
        }
        "m" => "$max_servers",
        "u" => "$daemon_user",
        "g" => "$daemon_group",
        "P" => "$pid_file",
        "L" => "$lock_file",
        "H" => "$MYHOME",
        "T" => "$TEMPBASE",
        "D" => "$db_home",
        "Q" => "$QUARANTINEDIR",
        "R" => "$daemon_chroot_dir",
        "S" => "$helpers_home",
        _ => return Err(None),
    };
    arguments
        .overrides
        .push((setting.to_owned(), Value::text(value)));
    Ok(())
}

fn command(mut arguments: Arguments, words: &[&String]) -> Parsed {
    let Some((first, more)) = words.split_first() else {
        return Parsed::Run(Box::new(arguments));
    };
    let wrong = |what: String| Parsed::Wrong(vec![format!("{}:", super::VERSION), what]);
    let Some(verb) = Verb::from_word(first) else {
        return wrong(format!("  Unknown command line parameter: {first}"));
    };
    if let (false, Some(second)) = (verb.takes_arguments(), more.first()) {
        return wrong(format!(
            "  Only one command line parameter allowed: {second}"
        ));
    }
    arguments.verb = verb;
    if verb == Verb::Debug {
        arguments
            .overrides
            .push(("$log_level".to_owned(), Value::text("5")));
    }
    Parsed::Run(Box::new(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Parsed {
        parse(
            &line
                .split_whitespace()
                .map(|word| word.replace("''", ""))
                .collect::<Vec<_>>(),
        )
    }

    fn run(line: &str) -> Arguments {
        match parsed(line) {
            Parsed::Run(arguments) => *arguments,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_become_settings() {
        let arguments = run(
            "-u amavis -c /a -c '' -c/b -m 5 -P '' -d 3,learn -X x,no_conf_file_writable_check foreground",
        );
        assert_eq!(arguments.verb, Verb::Foreground);
        assert_eq!(arguments.files, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert!(arguments.is_unguarded);
        let value = |name: &str| {
            arguments
                .overrides
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
        };
        assert_eq!(value("$max_servers"), Some(Value::text("5")));
        assert_eq!(value("$pid_file"), Some(Value::text("")));
        assert_eq!(value("$log_level"), Some(Value::text("3")));
        let sockets = run("-p 10024 -p /run/x");
        assert!(
            sockets
                .overrides
                .contains(&("$inet_socket_port".into(), Value::Undef))
        );
        assert!(sockets.overrides.contains(&(
            "@listen_sockets".into(),
            Value::List(vec![Value::text("10024"), Value::text("/run/x")])
        )));
        assert_eq!(run("").verb, Verb::Start);
        assert_eq!(run("-m 5 -- stop").verb, Verb::Stop);
        assert_eq!(run("genrsa file 1024").verb, Verb::GenRsa);
    }

    #[test]
    fn errors_are_told_in_the_originals_words() {
        assert_eq!(parsed("-V"), Parsed::Version);
        assert_eq!(parsed("-h"), Parsed::Help);
        for option in ["-Z", "-c", "--help", "-", "-Zx"] {
            let what = format!("Error in parsing command line options: {option}");
            assert_eq!(parsed(option), Parsed::Wrong(vec![what]));
        }
        for (line, what) in [
            ("-m x", "Option -m requires a numeric argument"),
            ("-i a/b", "Special chars in option -i a/b"),
        ] {
            assert_eq!(parsed(line), Parsed::WrongValue(what.to_owned()));
        }
        assert_eq!(
            parsed("bogus"),
            Parsed::Wrong(vec![
                "amavis-2.13.0 (20230106):".into(),
                "  Unknown command line parameter: bogus".into()
            ])
        );
        assert_eq!(
            parsed("start stop"),
            Parsed::Wrong(vec![
                format!("{}:", super::super::VERSION),
                "  Only one command line parameter allowed: stop".into(),
            ])
        );
    }
}
