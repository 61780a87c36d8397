//! spamd's protocol, without input and output.
//!
//! # Source
//! SpamAssassin's spamd/PROTOCOL, version 1.5.

/// The header section of a reply.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    /// 0 is success.
    pub code: u32,
    /// The words beside it.
    pub words: String,
    /// Octets of the body, if it says so.
    pub length: Option<usize>,
    /// Score, if it says so.
    pub score: Option<f64>,
}

/// Reads a header section, without its empty line.
#[must_use]
pub fn head(section: &str) -> Option<Head> {
    let mut lines = section.split("\r\n");
    let mut words = lines.next()?.splitn(3, ' ');
    if !words.next()?.starts_with("SPAMD/") {
        return None;
    }
    let mut head = Head {
        code: words.next()?.parse().ok()?,
        words: words.next().unwrap_or_default().trim().to_owned(),
        length: None,
        score: None,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.length = Some(value.parse().ok()?);
        } else if name.eq_ignore_ascii_case("spam") {
            // `True ; 15.2 / 5.0`
            let (_, numbers) = value.split_once(';')?;
            let (score, _) = numbers.split_once('/')?;
            head.score = score
                .trim()
                .parse()
                .ok()
                .filter(|score: &f64| score.is_finite());
        }
    }
    Some(head)
}

/// What the body of a reply tells.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Told {
    /// Tests, with points where they are told.
    pub tests: Vec<(String, Option<f64>)>,
    /// What was learned.
    pub autolearn: Option<String>,
    /// `X-Spam-Tests`, which spamd's configuration has added.
    pub tests_field: Option<String>,
}

/// Reads a header section that spamd made (`HEADERS`), or a list of names (`SYMBOLS`).
#[must_use]
pub fn body(text: &str) -> Told {
    let unfolded = text
        .replace("\r\n", "\n")
        .replace("\n\t", " ")
        .replace("\n ", " ");
    let mut told = Told::default();
    let mut is_header = false;
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("x-spam-status") {
            is_header = true;
            if told.tests.is_empty() {
                told.tests = tests(item(value, "tests="));
            }
            let learned = value.split_once("autolearn=").map(|(_, rest)| rest);
            told.autolearn = learned.map(|rest| {
                let words: Vec<&str> = rest.split_whitespace().take(2).collect();
                match words.as_slice() {
                    [word, force] if force.starts_with("autolearn_force=") => {
                        format!("{word} {force}")
                    }
                    [word, ..] => (*word).to_owned(),
                    [] => "unavailable".to_owned(),
                }
            });
        } else if name.len() > 7
            && name
                .get(..7)
                .is_some_and(|begin| begin.eq_ignore_ascii_case("x-spam-"))
            && !name.eq_ignore_ascii_case("x-spam-report")
        {
            is_header = true;
            // `add_header all Tests _TESTSSCORES(,)_`: the only place where spamd tells points exactly.
            let with_points = tests(value.trim());
            if name.eq_ignore_ascii_case("x-spam-tests") {
                told.tests_field = Some(value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            let all_have = with_points.iter().all(|(_, points)| points.is_some());
            if !with_points.is_empty() && all_have {
                told.tests = with_points;
            }
        }
    }
    if !is_header {
        told.tests = tests(unfolded.trim());
    }
    told
}

/// What follows `key` up to the next item with `=` in it that is no test.
fn item<'v>(value: &'v str, key: &str) -> &'v str {
    let Some((_, rest)) = value.split_once(key) else {
        return "";
    };
    let end = ["autolearn=", "version=", " shortcircuit="]
        .iter()
        .filter_map(|next| rest.find(next))
        .min();
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

/// `A,B=1.5, C`; `none` is none. Nothing if something in it is no name of a test.
fn tests(list: &str) -> Vec<(String, Option<f64>)> {
    const MOST: usize = 1000;
    let list = list.trim().trim_start_matches('[').trim_end_matches(']');
    let mut found = Vec::new();
    for word in list.split(|c: char| c == ',' || c.is_whitespace()) {
        if word.is_empty() || word == "none" {
            continue;
        }
        let (name, points) = match word.split_once('=') {
            Some((name, points)) => match points.parse::<f64>() {
                Ok(points) if points.is_finite() => (name, Some(points)),
                _ => return Vec::new(),
            },
            None => (word, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > 80 || !name.chars().all(is_name) {
            return Vec::new();
        }
        if found.len() < MOST {
            found.push((name.to_owned(), points));
        }
    }
    found
}

#[cfg(test)]
mod tests_of_reading {
    use super::*;

    #[test]
    fn heads_are_read() {
        let head =
            head("SPAMD/1.1 0 EX_OK\r\nContent-length: 5\r\nSpam: True ; 15.2 / 5.0").unwrap();
        assert_eq!(
            (head.code, head.length, head.score),
            (0, Some(5), Some(15.2))
        );
        let head = super::head("SPAMD/1.0 76 Bad header line: x").unwrap();
        assert_eq!((head.code, head.words.as_str()), (76, "Bad header line: x"));
        for bad in [
            "",
            "HTTP/1.1 200",
            "SPAMD/1.1 x",
            "SPAMD/1.1 0 OK\r\nSpam: x",
        ] {
            assert_eq!(super::head(bad), None, "{bad}");
        }
    }

    #[test]
    fn tests_are_read_from_headers_and_lists() {
        let names = |text: &str| -> Vec<String> {
            let told = body(text);
            told.tests
                .into_iter()
                .map(|(name, points)| match points {
                    Some(points) => format!("{name}={points}"),
                    None => name,
                })
                .collect()
        };
        assert_eq!(names("GTUBE,NO_RELAYS\r\n"), ["GTUBE", "NO_RELAYS"]);
        assert_eq!(names("\r\n"), [""; 0]);
        let status = "X-Spam-Status: Yes, score=1000.0 required=5.0 tests=GTUBE,\r\n\tNO_RELAYS autolearn=no autolearn_force=no\r\n\tversion=4.0.0\r\nSubject: x: y=3\r\n";
        assert_eq!(names(status), ["GTUBE", "NO_RELAYS"]);
        assert_eq!(
            body(status).autolearn.as_deref(),
            Some("no autolearn_force=no")
        );
        let exact = format!("X-Spam-Tests: GTUBE=1000,\r\n NO_RELAYS=-0.001\r\n{status}");
        assert_eq!(names(&exact), ["GTUBE=1000", "NO_RELAYS=-0.001"]);
        let after = format!("{status}X-Spam-Tests: A=1.5\r\n");
        assert_eq!(names(&after), ["A=1.5"]);
        assert_eq!(
            names("X-Spam-Status: No, score=0.0 tests=none autolearn=ham\r\n"),
            [""; 0]
        );
        assert_eq!(names("what is this? no idea"), [""; 0]);
    }
}
