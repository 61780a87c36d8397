//! Envelope addresses.

use filterd::mail::address::Address;

/// An address that is taken is one that can be sent: no controls, no brackets, and the same when it is read again.
pub fn check(inner: &[u8]) {
    let Ok(address) = Address::parse(inner) else {
        return;
    };
    let text = address.as_bytes();
    assert!(!text.iter().any(|&octet| octet < 0x20 || octet == 0x7F));
    assert_eq!(address.is_null(), inner.is_empty());
    assert_eq!(address.is_ascii(), text.is_ascii());
    assert_eq!(Address::parse(text).as_ref(), Ok(&address), "not stable");
    if !address.is_null() {
        assert!(!address.local_part().is_empty());
        let joined = match address.domain() {
            [] => address.local_part().to_vec(),
            domain => [address.local_part(), b"@", domain].concat(),
        };
        assert_eq!(joined, text);
    }
    // Outside quotes nothing may end the path, or begin another parameter.
    if !address.local_part().starts_with(b"\"") {
        assert!(
            !address
                .local_part()
                .iter()
                .any(|octet| b" <>\"".contains(octet))
        );
    }
    assert!(
        !address
            .domain()
            .iter()
            .any(|octet| b" <>@\"".contains(octet))
    );
    check_ascii_form(&address);
}

fn check_ascii_form(address: &Address) {
    if let Some(ascii) = address.with_ascii_domain() {
        assert!(ascii.is_ascii());
        assert_eq!(ascii.local_part(), address.local_part());
        assert_eq!(ascii.with_ascii_domain(), None);
    }
}
