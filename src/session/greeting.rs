//! What the protocol machine is told of its surroundings: names, banners, limits.
//!
//! # Source
//! daemon.md 3.2 (banner variables); decision 22 (words of the guide).

use crate::{
    config::settled::{Config, Protocol},
    mail::settlement::ReplyForm,
    sys::socket::Endpoint,
    wire::smtp::server::Options,
};

/// The options for a session on `local`.
pub(super) fn options(config: &Config, local: &Endpoint) -> Options {
    let smtpd = &config.smtpd;
    let helo_name = match local.address() {
        Some(address) => format!("[{address}]"),
        None => "[localhost]".to_owned(),
    };
    let speaks_lmtp = config.listen.protocol == Protocol::Lmtp;
    let protocol = if speaks_lmtp { "LMTP" } else { "ESMTP" };
    let banner = |template: &str| expand(template, config, &helo_name, protocol);
    Options {
        greeting: banner(&smtpd.greeting_banner),
        goodbye: banner(&smtpd.quit_banner),
        speaks_lmtp,
        size_limit: smtpd.size_limit,
        hidden_keywords: smtpd.discarded_keywords.clone(),
        most_recipients: smtpd.recipient_limit,
        most_errors: smtpd.error_limit,
        refuses_early_data: smtpd.rejects_early_data,
        helo_name,
    }
}

/// Fills `${name}` and `$name` in; unknown names are empty.
fn expand(template: &str, config: &Config, helo_name: &str, protocol: &str) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once('$') {
        out.push_str(text);
        let (name, after) = match tail
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some(braced) => braced,
            None => tail.split_at(
                tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
                    .unwrap_or(tail.len()),
            ),
        };
        out.push_str(&value(name, config, helo_name, protocol));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn value(name: &str, config: &Config, helo_name: &str, protocol: &str) -> String {
    let identity = &config.identity;
    let usual_product = match config.smtpd.reply_form {
        ReplyForm::Guide => "amavisd-new",
        ReplyForm::V213 => "amavis",
    };
    let product = || identity.product.as_deref().unwrap_or(usual_product);
    match name {
        "helo-name" => helo_name.to_owned(),
        "myhostname" => identity.host_name.clone(),
        // The program's, whatever the product is called.
        "version" => format!(
            "{usual_product}-{} ({})",
            identity.version_id, identity.version_date
        ),
        "version-id" => identity.version_id.clone(),
        "version-date" => identity.version_date.clone(),
        "product" => product().to_owned(),
        "protocol" => protocol.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{raw::RawConfig, resolve::resolve, value::Value};

    fn config(settings: &[(&str, &str)]) -> Config {
        let mut raw = RawConfig::default();
        for (name, value) in settings {
            raw.set(
                name,
                Value::text(*value),
                crate::config::error::Place::default(),
            )
            .unwrap();
        }
        resolve(&raw).unwrap()
    }

    #[test]
    fn banners_are_those_of_the_guide_unless_told_otherwise() {
        let v4 = Endpoint::Tcp("127.0.0.1:10024".parse().unwrap());
        let v6 = Endpoint::Tcp("[::1]:10024".parse().unwrap());
        let unix = Endpoint::Unix("/run/x".into());
        let guide = options(&config(&[]), &v4);
        assert_eq!(
            guide.greeting,
            "[127.0.0.1] ESMTP amavisd-new service ready"
        );
        assert_eq!(
            guide.goodbye,
            "[127.0.0.1] amavisd-new closing transmission channel"
        );
        assert_eq!(
            options(&config(&[]), &v6).greeting,
            "[::1] ESMTP amavisd-new service ready"
        );
        assert_eq!(
            options(&config(&[("$protocol", "LMTP")]), &unix).greeting,
            "[localhost] LMTP amavisd-new service ready"
        );
        assert_eq!(
            options(&config(&[("$reply_form", "2.13")]), &v4).greeting,
            "[127.0.0.1] ESMTP amavis service ready"
        );
        let own = [
            ("$myproduct_name", "mine"),
            ("$myhostname", "a.b"),
            (
                "$smtpd_greeting_banner",
                "$myhostname ${product}/$nonsense/${version} costs $",
            ),
        ];
        assert_eq!(
            options(&config(&own), &v4).greeting,
            "a.b mine//amavisd-new-2.13.0 (20230106) costs "
        );
    }
}
