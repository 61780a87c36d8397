//! Names of domains in their two forms.
//!
//! # Source
//! UTS 46; RFC 5891 (A-labels and U-labels).

/// The form in which a domain is looked up and sent: lower case, labels in ASCII. A dot in front, which stands for all below the
/// domain, is kept; what is no name in the domain name system stays as it is, in lower case.
#[must_use]
pub fn to_ascii(domain: &str) -> String {
    let (dot, name) = match domain.strip_prefix('.') {
        Some(name) => (".", name),
        None => ("", domain),
    };
    if name.is_ascii() {
        return domain.to_lowercase();
    }
    match idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL) {
        Ok(ascii) => format!("{dot}{ascii}"),
        Err(_) => domain.to_lowercase(),
    }
}

/// The form in which a domain is shown.
#[must_use]
pub fn to_unicode(domain: &str) -> String {
    idna::domain_to_unicode(domain).0
}

/// The address with its domain as in [`to_ascii`].
#[must_use]
pub fn address_to_ascii(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", to_ascii(domain)),
        None => to_ascii(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_two_forms() {
        for (from, want) in [
            ("Example.COM", "example.com"),
            (".B\u{fc}cher.example", ".xn--bcher-kva.example"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("[127.0.0.1]", "[127.0.0.1]"),
            (".", "."),
            ("", ""),
            ("\u{fc} x", "\u{fc} x"),
        ] {
            assert_eq!(to_ascii(from), want, "{from}");
        }
        assert_eq!(to_unicode("xn--bcher-kva.example"), "b\u{fc}cher.example");
        assert_eq!(
            address_to_ascii("Joe@B\u{fc}cher.example"),
            "Joe@xn--bcher-kva.example"
        );
    }
}
