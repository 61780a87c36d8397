//! XFORWARD: what the MTA tells about the original client, and how it is passed on.
//!
//! # Guards
//! I10: values are limited to printable octets and 255 characters before anyone sees them.
//!
//! # Source
//! Postfix `XFORWARD_README`; daemon.md 3.2 and 4.4.

use std::net::IpAddr;

use super::{command::words, xtext};
use crate::mail::{
    client::{ClientFacts, ClientSource},
    reply::Reply,
};

/// The attributes we announce, in the order in which they are announced.
pub const ATTRIBUTES: &str = "NAME ADDR PORT PROTO HELO IDENT SOURCE";

/// Longest value that is kept or sent.
const LONGEST: usize = 255;

/// Reads the arguments of an XFORWARD command into `facts`.
///
/// # Errors
/// The reply that refuses the command; `facts` may hold the attributes before the offending one, so pass a copy.
pub fn read(arguments: &[u8], facts: &mut ClientFacts) -> Result<(), Reply> {
    for word in words(arguments) {
        let at = word.iter().position(|&b| b == b'=');
        let (name, value) = at
            .and_then(|at| word.split_at_checked(at))
            .ok_or_else(|| refuse("Syntax error in XFORWARD parameters"))?;
        let text = clean(value.get(1..).unwrap_or_default());
        let known = (!text.is_empty() && text != "[UNAVAILABLE]").then_some(text);
        match name.to_ascii_uppercase().as_slice() {
            b"NAME" => facts.name = known,
            b"ADDR" => facts.address = known.as_deref().and_then(address),
            b"PORT" => facts.port = known.and_then(|port| port.parse().ok()),
            b"PROTO" => facts.protocol = known,
            b"HELO" => facts.helo = known,
            b"IDENT" => facts.queue_id = known,
            b"SOURCE" => facts.source = known.as_deref().and_then(source),
            b"LOGIN" => {}
            name => {
                let shown = [name, value].concat();
                let shown = String::from_utf8_lossy(&shown);
                return Err(refuse(format!("XFORWARD command parameter error: {shown}")));
            }
        }
    }
    Ok(())
}

/// Decodes xtext and replaces what is not printable.
fn clean(value: &[u8]) -> String {
    let mut octets = xtext::decode(value);
    octets.truncate(LONGEST);
    for octet in &mut octets {
        if !((0x21..=0x7E).contains(octet) || *octet >= 0x80) {
            *octet = b'?';
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// An address with or without the `IPv6:` tag; a zone index is cut, a mapped IPv4 address becomes IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let untagged = match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => text.get(5..)?,
        _ => text,
    };
    let bare = untagged.split('%').next()?;
    bare.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

fn source(text: &str) -> Option<ClientSource> {
    if text.eq_ignore_ascii_case("LOCAL") {
        Some(ClientSource::Local)
    } else if text.eq_ignore_ascii_case("REMOTE") {
        Some(ClientSource::Remote)
    } else {
        None
    }
}

fn refuse(text: impl Into<std::borrow::Cow<'static, str>>) -> Reply {
    Reply::status(501, 5, 4, text)
}

/// The command that passes `facts` on, limited to the attributes in `announced`; `None` if nothing is left to say.
///
/// The address is required: without it the command says nothing that a next hop can use.
#[must_use]
pub fn command(facts: &ClientFacts, announced: &[String]) -> Option<String> {
    let address = facts.address.map(|address| match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("IPv6:{v6}"),
    })?;
    let values: [(&str, Option<String>); 7] = [
        ("ADDR", Some(address)),
        ("NAME", facts.name.clone()),
        ("PORT", facts.port.map(|port| port.to_string())),
        ("PROTO", facts.protocol.clone()),
        ("HELO", facts.helo.clone()),
        (
            "SOURCE",
            facts.source.map(|source| source.as_str().to_owned()),
        ),
        ("IDENT", facts.queue_id.clone()),
    ];
    let mut line = String::from("XFORWARD");
    for (name, value) in values {
        let asked = announced.iter().any(|a| a.eq_ignore_ascii_case(name));
        if let Some(value) = value.filter(|v| asked && !v.is_empty()) {
            line.push_str(&format!(" {name}={}", limited(&harmless(&value))));
        }
    }
    (line.len() > "XFORWARD".len()).then_some(line)
}

/// As much of `value` in xtext as fits; an octet is there whole or not at all.
fn limited(value: &[u8]) -> String {
    let mut encoded = xtext::encode(value);
    let cut = match encoded.as_bytes().get(LONGEST - 2..LONGEST) {
        Some([b'+', _]) => LONGEST - 2,
        Some([_, b'+']) => LONGEST - 1,
        _ => LONGEST,
    };
    if encoded.len() > LONGEST {
        encoded.truncate(cut);
    }
    encoded
}

/// Replaces what could be mistaken for syntax in a trace field.
fn harmless(value: &str) -> Vec<u8> {
    let harmful = |b: u8| {
        !(0x21..=0x7E).contains(&b)
            || matches!(b, b'<' | b'>' | b'(' | b')' | b'\\' | b'"' | b';' | b'@')
    };
    value
        .bytes()
        .map(|b| if harmful(b) { b'?' } else { b })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(arguments: &str) -> Result<ClientFacts, String> {
        let mut facts = ClientFacts::default();
        read(arguments.as_bytes(), &mut facts)
            .map(|()| facts)
            .map_err(|r| r.to_string())
    }

    #[test]
    fn attributes_are_read() {
        let got = facts(
            "NAME=mail.example.org ADDR=IPv6:2001:db8::1 PORT=99 PROTO=SMTP HELO=foo+2Bbar SOURCE=LOCAL IDENT=AB12",
        )
        .unwrap();
        assert_eq!(got.address, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(got.helo.as_deref(), Some("foo+bar"));
        assert_eq!(
            (got.port, got.source),
            (Some(99), Some(ClientSource::Local))
        );
        assert_eq!(got.queue_id.as_deref(), Some("AB12"));
        assert_eq!(
            facts("NAME=[UNAVAILABLE] ADDR=").unwrap(),
            ClientFacts::default()
        );
        assert_eq!(facts("").unwrap(), ClientFacts::default());
        assert_eq!(
            facts("ADDR=::ffff:192.0.2.1").unwrap().address,
            Some("192.0.2.1".parse().unwrap())
        );
        assert_eq!(
            facts("ADDR=IPv6:fe80::1%eth0").unwrap().address,
            Some("fe80::1".parse().unwrap())
        );
        assert_eq!(
            facts("HELO=a+0D+0Ab+20c").unwrap().helo.as_deref(),
            Some("a??b?c")
        );
        assert_eq!(
            facts(&format!("HELO={}", "x".repeat(999)))
                .unwrap()
                .helo
                .unwrap()
                .len(),
            255
        );
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        assert_eq!(
            facts("NAME").unwrap_err(),
            "501 5.5.4 Syntax error in XFORWARD parameters"
        );
        assert_eq!(
            facts("foo=Bar").unwrap_err(),
            "501 5.5.4 XFORWARD command parameter error: FOO=Bar"
        );
    }

    #[test]
    fn facts_are_passed_on_without_harm() {
        let all: Vec<String> = ATTRIBUTES.split(' ').map(str::to_owned).collect();
        let given =
            facts("NAME=h<>x.example ADDR=IPv6:2001:db8::1 PORT=99 PROTO=SMTP HELO=foo+20bar SOURCE=LOCAL IDENT=AB12")
                .unwrap();
        assert_eq!(
            command(&given, &all).unwrap(),
            "XFORWARD ADDR=IPv6:2001:db8::1 NAME=h??x.example PORT=99 PROTO=SMTP HELO=foo?bar SOURCE=LOCAL IDENT=AB12"
        );
        assert_eq!(
            command(&given, &["ADDR".to_owned()]).unwrap(),
            "XFORWARD ADDR=IPv6:2001:db8::1"
        );
        assert_eq!(command(&ClientFacts::default(), &all), None);
        assert_eq!(command(&given, &[]), None);
    }

    #[test]
    fn a_long_value_is_not_cut_within_an_encoded_octet() {
        let all = [String::from("ADDR"), String::from("HELO")];
        for plain in 0..3 {
            let helo = format!("{}{}", "x".repeat(plain), "+2B".repeat(90));
            let given = facts(&format!("ADDR=192.0.2.1 HELO={helo}")).unwrap();
            let line = command(&given, &all).unwrap();
            let value = line.split("HELO=").nth(1).unwrap();
            assert!(value.len() <= 255 && value.ends_with("+2B"), "{value}");
        }
    }
}
