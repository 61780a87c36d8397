//! The parameters of MAIL and RCPT.
//!
//! Each function fills the envelope part it is given, or says the reply that refuses the command.
//!
//! # Source
//! daemon.md 3.2 (rules and texts, observed), RFC 1870, RFC 3461, RFC 6152, RFC 6531.

use super::command::words;
use crate::mail::{
    envelope::{Body, Envelope, Notify, Orcpt, Recipient, Ret},
    reply::Reply,
};

/// `NAME` or `NAME=value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameter<'l> {
    /// Keyword as written; compare without case.
    pub name: &'l str,
    /// What follows the `=`.
    pub value: Option<&'l str>,
}

/// Splits one word; `None` if it has not the form of RFC 5321 section 4.1.2 `esmtp-param`.
#[must_use]
pub fn split(word: &[u8]) -> Option<Parameter<'_>> {
    let word = std::str::from_utf8(word).ok()?;
    let (name, value) = match word.split_once('=') {
        None => (word, None),
        Some((name, value)) => (name, Some(value)),
    };
    let mut octets = name.bytes();
    let named = octets.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && octets.all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let valued = value.is_none_or(|v| {
        !v.is_empty() && !v.contains('=') && v.chars().all(|c| c > ' ' && c != '\u{7F}')
    });
    (named && valued).then_some(Parameter { name, value })
}

/// Reads what follows the path of MAIL into `envelope`.
///
/// # Errors
/// The reply that refuses the command.
pub fn mail(text: &[u8], envelope: &mut Envelope) -> Result<(), Reply> {
    let mut seen_auth = false;
    for word in words(text) {
        let parameter =
            split(word).ok_or_else(|| refuse(501, "Syntax error in MAIL FROM parameters"))?;
        match parameter.name.to_ascii_uppercase().as_str() {
            "SIZE" => size(parameter, envelope)?,
            "BODY" => body(parameter, envelope)?,
            "RET" => ret(parameter, envelope)?,
            "ENVID" => envid(parameter, envelope)?,
            "SMTPUTF8" => smtputf8(parameter, envelope)?,
            "AUTH" => auth(parameter, &mut seen_auth)?,
            name => {
                let value = parameter.value.unwrap_or_default();
                return Err(refuse(
                    504,
                    format!("MAIL command parameter error: {name}={value}"),
                ));
            }
        }
    }
    Ok(())
}

fn size(parameter: Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    let Some(value) = parameter.value else {
        return Ok(());
    };
    if value.len() > 20 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refuse(501, "Syntax error in MAIL parameter: SIZE"));
    }
    // Twenty digits may be more than 64 bits hold: that is "too large" for every limit.
    let octets = value.parse().unwrap_or(u64::MAX);
    envelope.declared_size.get_or_insert(octets);
    Ok(())
}

fn body(parameter: Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    let value = mail_value(parameter, "BODY")?;
    envelope.body = Some(match value.to_ascii_uppercase().as_str() {
        "7BIT" => Body::SevenBit,
        "8BITMIME" => Body::EightBitMime,
        _ => return Err(refuse(501, "Syntax error in MAIL parameter: BODY")),
    });
    Ok(())
}

fn ret(parameter: Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    let value = mail_value(parameter, "RET")?;
    if envelope.ret.is_some() {
        return Err(refuse(501, "Syntax error in MAIL parameter: RET"));
    }
    envelope.ret = Some(match value.to_ascii_uppercase().as_str() {
        "FULL" => Ret::Full,
        "HDRS" => Ret::Headers,
        _ => {
            return Err(refuse(
                501,
                format!("Syntax error in MAIL parameter RET: {value}"),
            ));
        }
    });
    Ok(())
}

fn envid(parameter: Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    let value = mail_value(parameter, "ENVID")?;
    // RFC 3461 section 4.4: at most 100 characters.
    if envelope.envid.is_some() || !value.is_ascii() || value.len() > 300 {
        return Err(refuse(501, "Syntax error in MAIL parameter: ENVID"));
    }
    envelope.envid = Some(value.to_owned());
    Ok(())
}

fn smtputf8(parameter: Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    if parameter.value.is_some() {
        return Err(refuse(501, "Syntax error in MAIL parameter: SMTPUTF8"));
    }
    envelope.wants_smtputf8 = true;
    Ok(())
}

/// `AUTH=` means nothing without authentication; RFC 4954 section 5 has it treated as `<>`.
fn auth(parameter: Parameter<'_>, seen: &mut bool) -> Result<(), Reply> {
    let value = mail_value(parameter, "AUTH")?;
    if std::mem::replace(seen, true) {
        return Err(refuse(
            504,
            format!("MAIL command duplicate param.: AUTH={value}"),
        ));
    }
    Ok(())
}

fn mail_value<'l>(parameter: Parameter<'l>, name: &str) -> Result<&'l str, Reply> {
    parameter.value.ok_or_else(|| {
        refuse(
            501,
            format!("Syntax error in MAIL parameter, value is required: {name}"),
        )
    })
}

/// Reads what follows the path of RCPT into `recipient`.
///
/// # Errors
/// The reply that refuses the command.
pub fn rcpt(text: &[u8], recipient: &mut Recipient) -> Result<(), Reply> {
    for word in words(text) {
        let parameter =
            split(word).ok_or_else(|| refuse(501, "Syntax error in RCPT parameters"))?;
        let name = parameter.name.to_ascii_uppercase();
        match name.as_str() {
            "NOTIFY" | "ORCPT" => {}
            _ => {
                return Err(refuse(
                    555,
                    format!("RCPT command parameter unrecognized: {name}"),
                ));
            }
        }
        let value = parameter.value.ok_or_else(|| {
            refuse(
                501,
                format!("Syntax error in RCPT parameter, value is required: {name}"),
            )
        })?;
        let repeated = if name == "NOTIFY" {
            recipient.notify.is_some()
        } else {
            recipient.orcpt.is_some()
        };
        if repeated {
            return Err(refuse(
                501,
                format!("Syntax error in RCPT parameter {name}"),
            ));
        }
        if name == "NOTIFY" {
            recipient.notify = Some(notify(value)?);
        } else {
            recipient.orcpt = Some(orcpt(value)?);
        }
    }
    Ok(())
}

fn notify(value: &str) -> Result<Notify, Reply> {
    let mut notify = Notify::NEVER;
    let mut never = false;
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "NEVER" => never = true,
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => {
                return Err(refuse(
                    501,
                    format!("Error in RCPT parameter NOTIFY, illegal value: {value}"),
                ));
            }
        }
    }
    if never && notify != Notify::NEVER {
        return Err(refuse(
            501,
            format!("Error in RCPT parameter NOTIFY, illegal combination of values: {value}"),
        ));
    }
    Ok(notify)
}

fn orcpt(value: &str) -> Result<Orcpt, Reply> {
    // RFC 3461 section 4.2: at most 500 characters.
    let parts = value
        .split_once(';')
        .filter(|(kind, xtext)| !kind.is_empty() && !xtext.is_empty() && value.len() <= 1500);
    let kind_fits = |kind: &str| kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match parts {
        Some((kind, xtext)) if kind_fits(kind) => Ok(Orcpt {
            kind: kind.to_owned(),
            xtext: xtext.to_owned(),
        }),
        _ => Err(refuse(501, "Syntax error in RCPT parameter ORCPT")),
    }
}

/// A refusal with the enhanced code that belongs to parameters, x.5.4.
fn refuse(code: u16, text: impl Into<std::borrow::Cow<'static, str>>) -> Reply {
    Reply::status(code, 5, 4, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_parameters_and_their_refusals() {
        for (text, want) in [
            ("SIZE=9999 BODY=8bitmime RET=HDRS ENVID=e+2Bid SMTPUTF8", ""),
            ("SIZE", ""),
            ("SIZE=99999999999999999999", ""),
            ("AUTH=<>", ""),
            ("SIZE=abc", "501 5.5.4 Syntax error in MAIL parameter: SIZE"),
            (
                "BODY",
                "501 5.5.4 Syntax error in MAIL parameter, value is required: BODY",
            ),
            (
                "BODY=BINARYMIME",
                "501 5.5.4 Syntax error in MAIL parameter: BODY",
            ),
            (
                "RET=FOO",
                "501 5.5.4 Syntax error in MAIL parameter RET: FOO",
            ),
            (
                "RET=full RET=HDRS",
                "501 5.5.4 Syntax error in MAIL parameter: RET",
            ),
            (
                "SMTPUTF8=1",
                "501 5.5.4 Syntax error in MAIL parameter: SMTPUTF8",
            ),
            (
                "MT-PRIORITY=3",
                "504 5.5.4 MAIL command parameter error: MT-PRIORITY=3",
            ),
            ("x", "504 5.5.4 MAIL command parameter error: X="),
            (
                "AUTH=a AUTH=b",
                "504 5.5.4 MAIL command duplicate param.: AUTH=b",
            ),
            ("X=", "501 5.5.4 Syntax error in MAIL FROM parameters"),
            ("X=a=b", "501 5.5.4 Syntax error in MAIL FROM parameters"),
            ("\u{1}=a", "501 5.5.4 Syntax error in MAIL FROM parameters"),
        ] {
            let got = mail(text.as_bytes(), &mut Envelope::default())
                .err()
                .map(|r| r.to_string())
                .unwrap_or_default();
            assert_eq!(got, want, "{text}");
        }
        let mut envelope = Envelope::default();
        mail(b"SIZE=1 SIZE=2", &mut envelope).unwrap();
        assert_eq!(envelope.declared_size, Some(1));
    }

    #[test]
    fn rcpt_parameters_and_their_refusals() {
        for (text, want) in [
            ("NOTIFY=SUCCESS,failure ORCPT=rfc822;b+40example.com", ""),
            (
                "foo=1",
                "555 5.5.4 RCPT command parameter unrecognized: FOO",
            ),
            (
                "NOTIFY",
                "501 5.5.4 Syntax error in RCPT parameter, value is required: NOTIFY",
            ),
            (
                "ORCPT",
                "501 5.5.4 Syntax error in RCPT parameter, value is required: ORCPT",
            ),
            (
                "NOTIFY=DELAY NOTIFY=DELAY",
                "501 5.5.4 Syntax error in RCPT parameter NOTIFY",
            ),
            (
                "NOTIFY=SUCCESS,foo",
                "501 5.5.4 Error in RCPT parameter NOTIFY, illegal value: SUCCESS,foo",
            ),
            (
                "NOTIFY=SUCCESS,",
                "501 5.5.4 Error in RCPT parameter NOTIFY, illegal value: SUCCESS,",
            ),
            ("NOTIFY=never,NEVER", ""),
            (
                "NOTIFY=NEVER,SUCCESS",
                "501 5.5.4 Error in RCPT parameter NOTIFY, illegal combination of values: NEVER,SUCCESS",
            ),
            (
                "NOTIFY=,",
                "501 5.5.4 Error in RCPT parameter NOTIFY, illegal value: ,",
            ),
            ("A=\u{7f}", "501 5.5.4 Syntax error in RCPT parameters"),
        ] {
            let got = rcpt(text.as_bytes(), &mut Recipient::default())
                .err()
                .map(|r| r.to_string())
                .unwrap_or_default();
            assert_eq!(got, want, "{text}");
        }
        let mut recipient = Recipient::default();
        rcpt(b"NOTIFY=success,delay", &mut recipient).unwrap();
        assert_eq!(recipient.notify.unwrap().as_text(), "SUCCESS,DELAY");
        assert!(!recipient.wants_failure_report());
    }
}
