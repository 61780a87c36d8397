//! Macros that only work on texts.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

/// Most octets that a function makes.
const LARGEST: usize = 1 << 20;

/// The result of the function with this name; `None` if there is none.
pub(super) fn call(name: &str, arguments: &[String]) -> Option<String> {
    let text = |at: usize| arguments.get(at).map_or("", String::as_str);
    let number = |at: usize| whole(text(at));
    Some(match name {
        "lc" => joined(arguments).to_lowercase(),
        "uc" => joined(arguments).to_uppercase(),
        "len" => text(0).chars().count().to_string(),
        "substr" => substr(text(0), number(1), arguments.get(2).map(|text| whole(text))),
        "index" => index(text(0), text(1), number(2)),
        "incr" => sum(arguments, 1).to_string(),
        "decr" => sum(arguments, -1).to_string(),
        "min" => extreme(arguments, f64::min),
        "max" => extreme(arguments, f64::max),
        "sprintf" => sprintf(arguments),
        "join" => match arguments.split_first() {
            Some((separator, texts)) => texts.join(separator),
            None => String::new(),
        },
        "limit" => limit(number(0), text(1)),
        "dquote" => format!(
            "\"{}\"",
            joined(arguments).replace('\\', "\\\\").replace('"', "\\\"")
        ),
        "uquote" => joined(arguments).replace([' ', '\t'], "_"),
        "rot13" => joined(arguments).chars().map(rotated).collect(),
        "hexenc" => HEXLOWER.encode(joined(arguments).as_bytes()),
        "b64encode" => BASE64.encode(joined(arguments).as_bytes()),
        "b64enc" => BASE64_NOPAD.encode(joined(arguments).as_bytes()),
        "b64urlenc" => BASE64URL_NOPAD.encode(joined(arguments).as_bytes()),
        "wrap" => wrap(number(0), text(1), text(2), text(3)),
        _ => return None,
    })
}

fn joined(arguments: &[String]) -> String {
    arguments.concat()
}

/// A whole number at the beginning of a text; 0 if there is none.
fn whole(text: &str) -> i64 {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(at, _)| at);
    let digits = text.get(..end).unwrap_or_default();
    digits.trim_start_matches('+').parse().unwrap_or(0)
}

/// As Perl's: a negative offset counts from the end, a negative length leaves so many out.
fn substr(text: &str, offset: i64, length: Option<i64>) -> String {
    let characters: Vec<char> = text.chars().collect();
    let count = i64::try_from(characters.len()).unwrap_or(i64::MAX);
    let clamp = |at: i64| at.clamp(0, count);
    let begin = clamp(if offset < 0 { count + offset } else { offset });
    let end = match length {
        None => count,
        Some(length) if length < 0 => clamp(count + length),
        Some(length) => clamp(begin.saturating_add(length)),
    };
    let at = |at: i64| usize::try_from(at).unwrap_or(0);
    characters
        .get(at(begin)..at(end).max(at(begin)))
        .unwrap_or_default()
        .iter()
        .collect()
}

/// Where a text stands in another one, in characters; -1 if it does not.
fn index(text: &str, wanted: &str, from: i64) -> String {
    let from = usize::try_from(from.max(0)).unwrap_or(usize::MAX);
    let begin = text
        .char_indices()
        .nth(from)
        .map_or(text.len(), |(at, _)| at);
    let found = text
        .get(begin..)
        .and_then(|rest| rest.find(wanted))
        .and_then(|at| text.get(..begin + at));
    found.map_or_else(
        || "-1".to_owned(),
        |before| before.chars().count().to_string(),
    )
}

/// A number, and what is added to it: the second argument, or `by` alone.
fn sum(arguments: &[String], sign: i64) -> i64 {
    let number = |at: usize| arguments.get(at).map_or(0, |text| whole(text));
    let by = if arguments.len() > 1 {
        (1..arguments.len()).fold(0_i64, |sum, at| sum.saturating_add(number(at)))
    } else {
        1
    };
    number(0).saturating_add(by.saturating_mul(sign))
}

fn extreme(arguments: &[String], of: fn(f64, f64) -> f64) -> String {
    let numbers = arguments
        .iter()
        .filter(|text| !text.trim().is_empty())
        .map(|text| text.trim().parse::<f64>().unwrap_or(0.0));
    numbers
        .reduce(of)
        .map_or_else(String::new, |number| number.to_string())
}

/// At most so many characters; what is cut off is told by `...`.
fn limit(most: i64, text: &str) -> String {
    let most = usize::try_from(most.max(0)).unwrap_or(usize::MAX);
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most).collect();
    format!("{kept}...")
}

const fn rotated(c: char) -> char {
    let base = match c {
        'a'..='z' => b'a',
        'A'..='Z' => b'A',
        _ => return c,
    };
    #[allow(clippy::cast_possible_truncation, reason = "a letter")]
    let at = (c as u32 as u8 - base + 13) % 26;
    (base + at) as char
}

/// `%s %d %f %e %g %x %X %o %c %%` with flags, width and precision, as C has them.
fn sprintf(arguments: &[String]) -> String {
    let mut arguments = arguments.iter().map(String::as_str);
    let Some(mut rest) = arguments.next() else {
        return String::new();
    };
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if out.len() > LARGEST {
            break;
        }
        let end = after
            .find(|c: char| c.is_ascii_alphabetic() || c == '%')
            .unwrap_or(after.len());
        let (how, tail) = after.split_at(end);
        let mut tail = tail.chars();
        match tail.next() {
            Some('%') => out.push('%'),
            Some(kind) => out.push_str(&formatted(how, kind, arguments.next().unwrap_or_default())),
            None => out.push('%'),
        }
        rest = tail.as_str();
    }
    out.push_str(rest);
    out
}

/// One argument in one format.
fn formatted(how: &str, kind: char, argument: &str) -> String {
    const WIDEST: usize = 1000;
    let flags_end = how
        .find(|c: char| !"-+ 0#".contains(c))
        .unwrap_or(how.len());
    let (flags, numbers) = how.split_at(flags_end);
    let (width, precision) = match numbers.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().unwrap_or(0))),
        None => (numbers, None),
    };
    let width = width.parse::<usize>().unwrap_or(0).min(WIDEST);
    let precision = precision.map(|p| p.min(WIDEST));
    let float = || argument.trim().parse::<f64>().unwrap_or(0.0);
    let text = match kind {
        'd' | 'i' | 'u' => whole(argument).to_string(),
        'f' | 'F' => format!("{:.*}", precision.unwrap_or(6), float()),
        'e' => format!("{:.*e}", precision.unwrap_or(6), float()),
        'g' => float().to_string(),
        'x' => format!("{:x}", whole(argument)),
        'X' => format!("{:X}", whole(argument)),
        'o' => format!("{:o}", whole(argument)),
        'c' => u32::try_from(whole(argument))
            .ok()
            .and_then(char::from_u32)
            .map_or_else(String::new, String::from),
        _ => argument
            .chars()
            .take(precision.unwrap_or(usize::MAX))
            .collect(),
    };
    let is_number = "dibufFeg".contains(kind);
    let text = if is_number && flags.contains('+') && !text.starts_with('-') {
        format!("+{text}")
    } else {
        text
    };
    let missing = width.saturating_sub(text.chars().count());
    if flags.contains('-') {
        format!("{text}{}", " ".repeat(missing))
    } else if flags.contains('0') && is_number {
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => (text.get(..1).unwrap_or_default(), digits),
            None => ("", text.as_str()),
        };
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{text}", " ".repeat(missing))
    }
}

/// Breaks a text at blanks into lines of at most `width` characters: the first begins with `prefix`, the others with `indent`.
fn wrap(width: i64, prefix: &str, indent: &str, text: &str) -> String {
    let width = usize::try_from(width).unwrap_or(0).clamp(1, 1000);
    let mut lines: Vec<String> = Vec::new();
    let mut line = prefix.to_owned();
    let mut is_begun = false;
    for word in text.split_whitespace() {
        let is_long = line.chars().count() + 1 + word.chars().count() > width;
        if is_begun && is_long {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines.join("\n")
}
