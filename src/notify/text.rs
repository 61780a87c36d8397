//! The text of a notice: what a template became, as header fields and a body.
//!
//! # Guards
//! A field's value has one line: what is in mail cannot add fields to ours. The body is put into a form that every next hop takes.
//!
//! # Source
//! content.md 7.4 (templates), RFC 2045 section 6.7, RFC 2047.

use data_encoding::BASE64;

use crate::mail::text::{encoded_words, folded};

/// Longest line of a body that is sent as it is, octets (RFC 5322 section 2.1.1).
const LONGEST_LINE: usize = 998;

/// A template's text, taken apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// Names and values, in order; values on one line.
    fields: Vec<(String, String)>,
    /// Lines with LF.
    body: String,
}

impl Text {
    /// Reads an expanded template: fields, an empty line, the body. Lines that are no field are passed over.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut lines = text.trim_start_matches(['\n', '\r']).split('\n');
        for line in lines.by_ref() {
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                let name = name.trim_end();
                let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
                if is_name {
                    fields.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
        let body: Vec<&str> = lines.collect();
        Self {
            fields,
            body: body.join("\n").replace('\r', ""),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The header section, in canonical form; `usual` are fields that are put in where the template has none. What says how the
    /// body is encoded is not the template's business.
    #[must_use]
    pub fn header(&self, usual: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut put = |name: &str, value: &str| {
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            if !value.trim().is_empty() {
                out.push_str(&folded(&format!("{name}: {}", in_ascii(&value))));
                out.push_str("\r\n");
            }
        };
        for (name, value) in &self.fields {
            let lower = name.to_ascii_lowercase();
            if !lower.starts_with("content-") && lower != "mime-version" && lower != "bcc" {
                put(name, value);
            }
        }
        for (name, value) in usual {
            if self.field(name).is_none() {
                put(name, value);
            }
        }
        out.push_str("MIME-Version: 1.0\r\n");
        out
    }

    /// The body as a part: its fields, an empty line and the encoded text, in canonical form.
    #[must_use]
    pub fn part(&self) -> String {
        let body = self.body.trim_end_matches('\n');
        let is_short = body.split('\n').all(|line| line.len() <= LONGEST_LINE);
        let eight_bit = body.bytes().filter(|b| !b.is_ascii()).count();
        let (encoding, encoded) = if eight_bit == 0 && is_short {
            ("7bit", format!("{}\r\n", body.replace('\n', "\r\n")))
        } else if eight_bit * 5 < body.len() {
            ("quoted-printable", quoted_printable(body))
        } else {
            ("base64", in_base64(body))
        };
        let charset = if eight_bit == 0 { "us-ascii" } else { "utf-8" };
        format!(
            "Content-Type: text/plain; charset={charset}\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{encoded}"
        )
    }
}

/// A field's value: words that are not ASCII are encoded, addresses and everything else stay as they are.
fn in_ascii(value: &str) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let encode = |word: &str| {
        // An address is no text; a field that has such a one is sent with SMTPUTF8.
        let is_address = word.contains('@') && word.contains(['<', '>']);
        if word.is_ascii() || is_address {
            word.to_owned()
        } else {
            encoded_words(word)
        }
    };
    // A run of words that need it is one text: blanks between encoded words mean nothing.
    let mut out: Vec<String> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for word in value.split(' ') {
        if !word.is_ascii() && !word.contains('@') {
            run.push(word);
            continue;
        }
        if !run.is_empty() {
            out.push(encoded_words(&run.join(" ")));
            run.clear();
        }
        out.push(encode(word));
    }
    if !run.is_empty() {
        out.push(encoded_words(&run.join(" ")));
    }
    out.join(" ")
}

/// RFC 2045 section 6.7.
fn quoted_printable(text: &str) -> String {
    const LINE: usize = 76;
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.split('\n') {
        let mut column = 0;
        let octets = line.as_bytes();
        for (at, &octet) in octets.iter().enumerate() {
            let is_last = at + 1 == octets.len();
            let is_plain = match octet {
                b'=' => false,
                b' ' | b'\t' => !is_last,
                octet => octet.is_ascii_graphic(),
            };
            let width = if is_plain { 1 } else { 3 };
            if column + width > LINE - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if is_plain {
                out.push(char::from(octet));
            } else {
                out.push_str(&format!("={octet:02X}"));
            }
            column += width;
        }
        out.push_str("\r\n");
    }
    out
}

fn in_base64(text: &str) -> String {
    let canonical = text.replace('\n', "\r\n") + "\r\n";
    let encoded = BASE64.encode(canonical.as_bytes());
    let mut out = String::with_capacity(encoded.len() + encoded.len() / 38);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(76));
        out.push_str(line);
        out.push_str("\r\n");
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_fields_and_a_body() {
        let text = Text::read(
            "Subject: VIRUS (x)\n in mail\nBcc: evil@x\nContent-Type: text/html\nnonsense\nTo: <a@b>\n\nbody\n\nmore\n",
        );
        assert_eq!(text.field("subject"), Some("VIRUS (x) in mail"));
        assert_eq!(
            text.header(&[("From", "me <m@x>"), ("To", "nobody")]),
            "Subject: VIRUS (x) in mail\r\nTo: <a@b>\r\nFrom: me <m@x>\r\nMIME-Version: 1.0\r\n"
        );
        assert!(text.part().ends_with("7bit\r\n\r\nbody\r\n\r\nmore\r\n"));
    }

    #[test]
    fn what_is_not_ascii_is_encoded_and_can_be_read_again() {
        let text = Text::read(
            "Subject: b\u{e4}d \u{e4}nd <\u{e4}@x> ok\n\nGr\u{fc}\u{df}e = 1 \nlong enough to be printable\n",
        );
        let header = text.header(&[]);
        assert!(
            header.starts_with("Subject: =?UTF-8?Q?b=C3=A4d_=C3=A4nd?= <\u{e4}@x> ok\r\n"),
            "{header}"
        );
        let part = text.part();
        assert!(
            part.contains("quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe =3D 1=20\r\nlong enough"),
            "{part}"
        );
        let wide = Text::read("A: b\n\n\u{65e5}\u{672c}\u{8a9e}\n");
        assert!(wide.part().contains("base64\r\n\r\n5pel5pys6KqeDQo=\r\n"));
        let long = Text::read(&format!("A: b\n\n{}\n", "x".repeat(2000)));
        assert!(long.part().split("\r\n").all(|line| line.len() <= 78));
    }

    #[test]
    fn mail_cannot_add_fields() {
        let text = Text::read("Subject: a\r\rBcc: evil\n\nx");
        assert_eq!(
            text.header(&[]),
            "Subject: aBcc: evil\r\nMIME-Version: 1.0\r\n"
        );
    }
}
