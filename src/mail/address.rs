//! Envelope addresses: a mailbox, `postmaster` without a domain, or nothing at all.
//!
//! # Guards
//! I10: an `Address` holds no control octet, so it can be written to the wire and (escaped) to the log.
//!
//! # Source
//! RFC 5321 sections 4.1.2 and 4.5.5; RFC 6531 section 3.3 (octets above 0x7F).

use std::fmt;

use thiserror::Error;

/// The path between the angle brackets of MAIL or RCPT, in canonical quoting and without a source route.
///
/// `<>` is the null reverse-path. The local part keeps its quotes only where it needs them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Address {
    text: Vec<u8>,
    /// Length of the local part in `text`; the `@`, if any, follows.
    local: usize,
}

/// Why a path was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum AddressError {
    /// An octet that no address may hold where it stands: a control, a blank, a bracket.
    #[error("octet that an address cannot hold")]
    Octet,
    /// A quoted string that does not end.
    #[error("unbalanced quotes")]
    Quotes,
    /// A source route without its colon.
    #[error("source route without an address")]
    Route,
    /// Nothing before or after the `@`.
    #[error("local part or domain is missing")]
    Missing,
}

impl Address {
    /// Reads the text between `<` and `>`.
    ///
    /// # Errors
    /// See [`AddressError`]; the text is not kept.
    pub fn parse(inner: &[u8]) -> Result<Self, AddressError> {
        let mailbox = without_route(inner)?;
        if mailbox.is_empty() {
            return if inner.is_empty() {
                Ok(Self::default())
            } else {
                Err(AddressError::Route)
            };
        }
        let split = local_length(mailbox)?;
        let (local, rest) = mailbox
            .split_at_checked(split)
            .ok_or(AddressError::Missing)?;
        let mut text = canonical_local(local);
        let local = text.len();
        match rest.split_first() {
            None if local > 0 => {}
            Some((b'@', domain)) if local > 0 && !domain.is_empty() => {
                check_domain(domain)?;
                text.push(b'@');
                text.extend_from_slice(domain);
            }
            _ => return Err(AddressError::Missing),
        }
        Ok(Self { text, local })
    }

    /// True for `<>`, the reverse-path of notifications.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        self.text.is_empty()
    }

    /// The address without brackets, as it goes to the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The part before the `@`, with quotes if it needs them; all of it when there is no domain.
    #[must_use]
    pub fn local_part(&self) -> &[u8] {
        self.text.get(..self.local).unwrap_or_default()
    }

    /// The part after the `@`; empty for `postmaster` and for the null path.
    #[must_use]
    pub fn domain(&self) -> &[u8] {
        self.text.get(self.local + 1..).unwrap_or_default()
    }

    /// The same mailbox with its domain in ASCII form (UTS 46); `None` if it is ASCII already, or cannot be brought into that form
    /// because the local part is not ASCII or the domain no name.
    #[must_use]
    pub fn with_ascii_domain(&self) -> Option<Self> {
        let local = self.local_part();
        if self.is_ascii() || !local.is_ascii() {
            return None;
        }
        let domain = idna::domain_to_ascii_cow(self.domain(), idna::AsciiDenyList::URL).ok()?;
        let text = [local, b"@", domain.as_bytes()].concat();
        Self::parse(&text).ok()
    }

    /// The same mailbox with an extension: `user+spam@example.com`. One that is there already gives way if `replaces` says so. `None` if
    /// the result would be no address, or the local part is quoted.
    #[must_use]
    pub fn with_extension(&self, delimiter: char, extension: &str, replaces: bool) -> Option<Self> {
        let local = std::str::from_utf8(self.local_part()).ok()?;
        if local.is_empty() || local.starts_with('"') || extension.is_empty() {
            return None;
        }
        let base = match local.split_once(delimiter) {
            Some((base, _)) if replaces && !base.is_empty() => base,
            _ => local,
        };
        let mut text = format!("{base}{delimiter}{extension}").into_bytes();
        if !self.domain().is_empty() {
            text.push(b'@');
            text.extend_from_slice(self.domain());
        }
        Self::parse(&text).ok()
    }

    /// True when every octet is ASCII, so that no SMTPUTF8 is needed to pass it on.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// `<address>`; octets that are not valid UTF-8 are shown as U+FFFD.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", String::from_utf8_lossy(&self.text))
    }
}

/// Drops `@one,@two:` (RFC 5321 section 4.1.2 allows to ignore it).
fn without_route(inner: &[u8]) -> Result<&[u8], AddressError> {
    if inner.first() != Some(&b'@') {
        return Ok(inner);
    }
    let colon = inner
        .iter()
        .position(|&b| b == b':')
        .ok_or(AddressError::Route)?;
    let (route, mailbox) = inner.split_at_checked(colon).ok_or(AddressError::Route)?;
    for hop in route.split(|&b| b == b',') {
        match hop.split_first() {
            Some((b'@', domain)) if !domain.is_empty() => check_domain(domain)?,
            _ => return Err(AddressError::Route),
        }
    }
    Ok(mailbox.get(1..).unwrap_or_default())
}

/// Finds where the local part ends: at an `@` outside quotes, or at the end.
fn local_length(mailbox: &[u8]) -> Result<usize, AddressError> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &octet) in mailbox.iter().enumerate() {
        if escaped {
            if is_control(octet) {
                return Err(AddressError::Octet);
            }
            escaped = false;
            continue;
        }
        match octet {
            b'\\' => escaped = true,
            b'"' if quoted => {
                quoted = false;
                if !matches!(mailbox.get(at + 1), None | Some(b'@' | b'.')) {
                    return Err(AddressError::Quotes);
                }
            }
            b'"' if at == 0 || mailbox.get(at - 1) == Some(&b'.') => quoted = true,
            b'"' => return Err(AddressError::Quotes),
            b'@' if !quoted => return Ok(at),
            b' ' | b'<' | b'>' if !quoted => return Err(AddressError::Octet),
            _ if is_control(octet) => return Err(AddressError::Octet),
            _ => {}
        }
    }
    if quoted || escaped {
        Err(AddressError::Quotes)
    } else {
        Ok(mailbox.len())
    }
}

/// Refuses what would end or split a path on the wire; names are not looked up here.
fn check_domain(domain: &[u8]) -> Result<(), AddressError> {
    let bad = |&b: &u8| {
        is_control(b) || matches!(b, b' ' | b'<' | b'>' | b'@' | b'"' | b'\\' | b',' | b';')
    };
    if domain.iter().any(bad) {
        Err(AddressError::Octet)
    } else {
        Ok(())
    }
}

/// Takes quotes and backslashes away, and puts quotes back only where the content needs them.
fn canonical_local(local: &[u8]) -> Vec<u8> {
    if !local.iter().any(|&b| matches!(b, b'"' | b'\\')) && !needs_quotes(local) {
        return local.to_vec();
    }
    let mut content = Vec::with_capacity(local.len());
    let mut octets = local.iter().copied();
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => {}
            b'\\' => content.extend(octets.next()),
            _ => content.push(octet),
        }
    }
    // `"".@x` and the like: an empty local part exists only in quotes.
    if !content.is_empty() && !needs_quotes(&content) {
        return content;
    }
    let mut quoted = Vec::with_capacity(content.len() + 2);
    quoted.push(b'"');
    for octet in content {
        if matches!(octet, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(octet);
    }
    quoted.push(b'"');
    quoted
}

/// True for content that is no dot-string. Dots at odd places are left as they came: real addresses have them.
fn needs_quotes(content: &[u8]) -> bool {
    content.iter().any(|&b| {
        is_control(b)
            || matches!(
                b,
                b' ' | b'('
                    | b')'
                    | b'<'
                    | b'>'
                    | b'['
                    | b']'
                    | b':'
                    | b';'
                    | b'@'
                    | b'\\'
                    | b','
                    | b'"'
            )
    })
}

/// ASCII controls and DEL.
const fn is_control(octet: u8) -> bool {
    octet < 0x20 || octet == 0x7F
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_an_ascii_form() {
        let ascii = |text: &str| {
            let address = Address::parse(text.as_bytes()).unwrap();
            let form = address.with_ascii_domain()?;
            Some(String::from_utf8(form.as_bytes().to_vec()).unwrap())
        };
        for (text, want) in [
            ("a@exämple.com", Some("a@xn--exmple-cua.com")),
            ("\"a b\"@EXÄMPLE.com", Some("\"a b\"@xn--exmple-cua.com")),
            ("a@example.com", None),
            ("ä@exämple.com", None),
            ("", None),
        ] {
            assert_eq!(ascii(text).as_deref(), want, "{text}");
        }
        // What is no UTF-8 is no name.
        let odd = Address::parse(b"a@ex\xFFmple.com").unwrap();
        assert_eq!(odd.with_ascii_domain(), None);
    }

    #[test]
    fn addresses_are_read_in_canonical_form() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"", b""),
            (b"postmaster", b"postmaster"),
            (b"a@example.com", b"a@example.com"),
            (b"\"a b\"@example.com", b"\"a b\"@example.com"),
            (b"\"joe\"@example.com", b"joe@example.com"),
            (b"\"jo\\e\"@example.com", b"joe@example.com"),
            (b"\"a\\\"b\"@example.com", b"\"a\\\"b\"@example.com"),
            (b"a\\@b@example.com", b"\"a@b\"@example.com"),
            (b"\"a@b\"@example.com", b"\"a@b\"@example.com"),
            (b"\"\"@example.com", b"\"\"@example.com"),
            (b"a..b.@example.com", b"a..b.@example.com"),
            (b"a@[127.0.0.1]", b"a@[127.0.0.1]"),
            (b"a@[IPv6:::1]", b"a@[IPv6:::1]"),
            (b"@x,@y:a@b", b"a@b"),
            (b"j\xc3\xb6@\xc3\xb6.example", b"j\xc3\xb6@\xc3\xb6.example"),
        ];
        for (input, want) in cases {
            let got = Address::parse(input).unwrap();
            assert_eq!(got.as_bytes(), *want, "{}", String::from_utf8_lossy(input));
            let again = Address::parse(got.as_bytes()).unwrap();
            assert_eq!(again, got, "{}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let cases: &[&[u8]] = &[
            b"a b@example.com",
            b"a\"b@example.com",
            b"\"a@example.com",
            b"\"a\"b@example.com",
            b"@example.com",
            b"a@",
            b"a@b@c",
            b"a\x00@b",
            b"\"a\tb\"@c",
            b"a\r\n@b",
            b"a@b\nc",
            b"@x",
            b"@x:",
            b"@:a@b",
            b"a\\",
            b"<a@b",
            b"a@b c",
        ];
        for input in cases {
            assert!(
                Address::parse(input).is_err(),
                "{}",
                String::from_utf8_lossy(input)
            );
        }
    }

    #[test]
    fn extensions_are_put_in_or_take_the_place_of_others() {
        let with = |text: &str, replaces: bool| {
            let address = Address::parse(text.as_bytes()).unwrap();
            let extended = address.with_extension('+', "spam", replaces);
            extended.map(|address| address.to_string())
        };
        assert_eq!(with("u@d", true).as_deref(), Some("<u+spam@d>"));
        assert_eq!(with("u+x@d", true).as_deref(), Some("<u+spam@d>"));
        assert_eq!(with("u+x@d", false).as_deref(), Some("<u+x+spam@d>"));
        assert_eq!(
            with("postmaster", true).as_deref(),
            Some("<postmaster+spam>")
        );
        assert_eq!(with("\"a b\"@d", true), None);
        assert_eq!(with("", true), None);
    }

    #[test]
    fn parts_of_an_address() {
        let address = Address::parse(b"\"a@b\"@example.com").unwrap();
        assert_eq!(address.local_part(), b"\"a@b\"");
        assert_eq!(address.domain(), b"example.com");
        let postmaster = Address::parse(b"postmaster").unwrap();
        assert_eq!(postmaster.domain(), b"");
        assert!(!postmaster.is_null());
        assert!(Address::default().is_null());
        assert_eq!(Address::default().to_string(), "<>");
    }
}
