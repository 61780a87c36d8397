use super::*;
use crate::config::listen::ListenAddress;
use crate::{
    config::perl,
    mail::{address::Address, decision::Destiny},
};

fn load(text: &str) -> Result<Config, String> {
    let mut raw = RawConfig::default();
    perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
    resolve(&raw).map_err(|errors| errors.to_string())
}

#[test]
fn an_empty_file_gives_the_documented_defaults() {
    let config = load("").unwrap();
    assert_eq!(
        (config.process.max_servers, config.process.max_requests),
        (2, 20)
    );
    assert_eq!(
        (config.process.child_timeout, config.smtpd.timeout),
        (Duration::from_secs(480), Duration::from_secs(480))
    );
    let addresses: Vec<String> = config
        .listen
        .addresses
        .iter()
        .map(ListenAddress::to_string)
        .collect();
    assert_eq!(addresses, ["127.0.0.1:10024", "[::1]:10024"]);
    assert_eq!(
        config.delivery.forward[0].to_string(),
        "smtp:[127.0.0.1]:10025"
    );
    assert_eq!(
        config.process.pid_file,
        PidFile::Default("/var/lib/amavis/amavisd.pid".into())
    );
    assert!(config.smtpd.access.contains("127.0.0.1".parse().unwrap()));
    assert_eq!(config.listen.unix_mode, 0o660);
}

#[test]
fn the_guides_lines_work_as_written() {
    let config = load(
        "$inet_socket_port = 10024;\n$notify_method  = 'smtp:[172.16.0.1]:20025';\n$forward_method = 'smtp:[172.16.0.1]:20025';\n\
         $max_servers = 10;\n$max_requests = 20;\n$child_timeout=8*60;\n",
    )
    .unwrap();
    assert_eq!(
        config.delivery.forward[0].to_string(),
        "smtp:[172.16.0.1]:20025"
    );
    assert_eq!(config.process.max_servers, 10);
}

#[test]
fn settings_depend_on_each_other_as_documented() {
    let config = load(
        "$MYHOME='/h'; $pid_file='/run/x/p.pid'; $inet_socket_bind='127.0.0.1'; $inet_socket_port=[10024,10026]; $unix_socketname='/h/s';\n\
         @listen_sockets=('[::1]:99', 10024); $smtpd_message_size_limit='10k'; $daemon_group='g'; @daemon_groups=('a','g');\n\
         @local_domains_acl=('.example.com'); $unix_socket_mode=0600; $smtpd_timeout='2m';",
    )
    .unwrap();
    let addresses: Vec<String> = config
        .listen
        .addresses
        .iter()
        .map(ListenAddress::to_string)
        .collect();
    assert_eq!(
        addresses,
        ["[::1]:99", "127.0.0.1:10024", "/h/s", "127.0.0.1:10026"]
    );
    assert_eq!(config.process.state_dir, PathBuf::from("/run/x"));
    assert_eq!(config.process.temp_base, PathBuf::from("/h"));
    assert_eq!(
        config.smtpd.size_limit,
        Some(65_536),
        "raised to what RFC 5321 asks for"
    );
    assert_eq!(config.process.groups, ["g", "a"]);
    assert!(
        config
            .policy
            .local_domains
            .is_true(&Address::parse(b"u@sub.example.com").unwrap())
            .unwrap()
    );
    assert_eq!(config.listen.unix_mode, 0o600);
    assert_eq!(config.smtpd.timeout, Duration::from_secs(120));
}

#[test]
fn every_error_is_shown_with_its_place() {
    let errors = load(
        "$max_servers = 0;\n$child_timeout = 'x';\n$forward_method = 'smtp:x';\n@inet_acl = ('1.2.3');\n@inet_acl = ('nonsense');\n\
         $reply_form = 'new';\n$TEMPBASE = 'tmp';\n$inet_socket_port = 'abc';\n$log_level = 'much';\n$unix_socket_mode = 'rw';\n\
         $final_unchecked_destiny = 7;\n@local_domains_maps = (qr/x(/);\n$max_requests = [1];\n$notify_method = '';\n\
         $syslog_facility = 'post';",
    )
    .unwrap_err();
    let want = [
        "f:1:1: $max_servers: 0 is not between 1 and 1000",
        "f:2:1: $child_timeout: \"x\" is not a number of seconds",
        "f:3:1: $forward_method: \"smtp:x\" lacks a port",
        "f:5:1: @inet_acl: \"nonsense\" is no address or network",
        "f:6:1: $reply_form: \"new\" is none of: guide, 2.13",
        "f:7:1: $TEMPBASE: \"tmp\" is not an absolute path",
        "f:8:1: $inet_socket_port: \"abc\" is neither a port, nor address:port, nor a path",
        "f:9:1: $log_level: \"much\" is no log level from 0 to 5",
        "f:10:1: $unix_socket_mode: \"rw\" is no file mode such as 0660",
        "f:11:1: $final_unchecked_destiny: \"7\" is none of D_PASS, D_DISCARD, D_BOUNCE, D_REJECT, D_TEMPFAIL",
        "f:12:1: @local_domains_maps: qr/x(/: the pattern is not understood: Opening parenthesis without closing parenthesis",
        "f:13:1: $max_requests: expected a text, found a list",
        "f:14:1: $notify_method: a next hop is needed, such as smtp:[127.0.0.1]:10025",
        "f:15:1: $syslog_facility: \"post\" is none of: auth, authpriv, cron, daemon, ftp, kern, lpr, mail, news, syslog, user, uucp, \
         local0, local1, local2, local3, local4, local5, local6, local7",
    ];
    for line in want {
        assert!(
            errors.lines().any(|l| l == line),
            "{line}\n--- in:\n{errors}"
        );
    }
    assert_eq!(
        load("$forward_method = ['smtp:[::1]:25', 'lmtp:[::1]:24'];").unwrap_err(),
        "f:1:1: $forward_method: all methods must be smtp: or all lmtp:"
    );
    assert!(
        load("$inet_socket_port = undef;")
            .unwrap_err()
            .contains("No listen sockets or ports specified")
    );
}

#[test]
fn nothing_is_no_number_and_no_home() {
    for (text, want) in [
        (
            "$max_servers = undef;",
            "f:1:1: $max_servers: is set to nothing, but a number is needed",
        ),
        (
            "$child_timeout = '';",
            "f:1:1: $child_timeout: is set to nothing, but a number is needed",
        ),
        (
            "$MYHOME = '';",
            "f:1:1: $MYHOME: is set to nothing, but a folder is needed",
        ),
        (
            "$MYHOME = 'home';",
            "f:1:1: $MYHOME: \"home\" is not an absolute path",
        ),
    ] {
        assert_eq!(load(text).unwrap_err(), want, "{text}");
    }
    // Where no number is a value of its own, nothing is that.
    let config = load("$listen_queue_size = undef; $smtpd_message_size_limit = undef;").unwrap();
    assert_eq!(
        (config.listen.backlog, config.smtpd.size_limit),
        (None, None)
    );
}

#[test]
fn size_limits_of_recipients_have_units_and_are_checked() {
    let limit = |text: &str| {
        let config = load(&format!("@message_size_limit_maps = ({text});"))?;
        let user = Address::parse(b"u@example.com").unwrap();
        let found = config.smtpd.size_limit_maps.find(&user).unwrap();
        Ok::<_, String>(found.and_then(|limit| limit.as_octets()))
    };
    assert_eq!(limit("{'example.com' => '10M'}"), Ok(Some(10 << 20)));
    assert_eq!(limit("{'example.com' => 64000}, 99"), Ok(Some(64_000)));
    assert_eq!(limit("'1k'"), Ok(Some(1024)));
    assert_eq!(limit("{'example.com' => undef}"), Ok(None));
    assert_eq!(
        limit("{'example.com' => '10 MB'}").unwrap_err(),
        "f:1:1: @message_size_limit_maps: \"10 MB\" is not a number of octets"
    );
}

#[test]
fn a_destiny_may_be_given_by_name_in_toml() {
    for (text, want) in [
        ("\"D_REJECT\"", Destiny::Reject),
        ("\"D_TEMPFAIL\"", Destiny::TempFail),
        ("-2", Destiny::Bounce),
    ] {
        let mut raw = RawConfig::default();
        let line = format!("final_unchecked_destiny = {text}\n");
        crate::config::toml::read("f", &line, &mut raw, &perl::Nowhere).unwrap();
        assert_eq!(
            resolve(&raw).unwrap().policy.destinies.unchecked,
            want,
            "{text}"
        );
    }
}

#[test]
fn odd_combinations_are_warned_of() {
    let warnings = |text: &str| {
        load(text)
            .unwrap()
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(warnings("$myhostname='mail'; ").contains("not a fully qualified"));
    assert!(
        warnings("$myhostname='a.b'; $child_timeout=700;").contains("Postfix gives up after 600 s")
    );
    assert!(
        warnings("$myhostname='a.b'; $do_syslog=1; $logfile='/x';")
            .contains("$logfile is not written to")
    );
}

#[test]
fn settings_that_refer_to_each_other_in_a_circle_are_refused() {
    for text in [
        "@listen_sockets = (\\$inet_socket_port); $inet_socket_port = [\\@listen_sockets];",
        "@inet_acl = (\\@mynetworks); @mynetworks = (\\@inet_acl);",
        "@local_domains_maps = (\\@local_domains_maps);",
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains("refer"), "{text}: {error}");
    }
    let config = load("@mynetworks = qw(192.0.2.1); @inet_acl = (\\@mynetworks);").unwrap();
    assert!(config.smtpd.access.contains("192.0.2.1".parse().unwrap()));
}

#[test]
fn more_sockets_than_anyone_listens_on_are_refused() {
    let text =
        "$inet_socket_bind = [qw(127.0.0.1 127.0.0.2 127.0.0.3)]; $inet_socket_port = [1..60000];";
    let error = load(text).unwrap_err();
    assert!(error.contains("more than 1000"), "{error}");
}

#[test]
fn a_socket_for_another_protocol_is_left_out_and_told_of() {
    let config = load(
        "$unix_socketname = '/run/x.sock'; $inet_socket_bind = '127.0.0.1'; $inet_socket_port = [10024, 9998];\n\
         $interface_policy{'SOCK'} = 'AM.PDP-SOCK'; $interface_policy{'9998'} = 'AM.PDP-INET';\n\
         $policy_bank{'AM.PDP-SOCK'} = { protocol => 'COURIER' }; $policy_bank{'AM.PDP-INET'} = { protocol => 'QMQPqq' };\n\
         $interface_policy{'10024'} = 'ORIGINATING'; $policy_bank{'ORIGINATING'} = { originating => 1, protocol => 'lmtp' };\n",
    )
    .unwrap();
    let sockets: Vec<String> = config
        .listen
        .addresses
        .iter()
        .map(ListenAddress::to_string)
        .collect();
    assert_eq!(sockets, ["127.0.0.1:10024"]);
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|warning| warning.contains(
            "COURIER, which /run/x.sock is for, is not spoken yet (the socket is not opened)"
        )),
        "{warnings:?}"
    );
}

#[test]
fn a_level_and_a_factor_must_be_numbers() {
    for text in [
        "$sa_tag2_level_deflt = 'much';",
        "$sa_kill_level_deflt = 'nan';",
        "@spam_tag3_level_maps = ({ 'a@b' => '5x' });",
        "@spam_scanners = (['Rspamd', 'Amavis::SpamControl::RspamdClient', score_factor => 'inf']);",
    ] {
        let mut raw = RawConfig::default();
        perl::read("f", text, &mut raw, &perl::Nowhere).unwrap();
        let errors = resolve(&raw).unwrap_err().to_string();
        assert!(errors.contains("is no number"), "{text}: {errors}");
    }
}

#[test]
fn a_scanner_that_is_written_wrongly_is_an_error_and_never_left_out() {
    let errors = |text: &str| load(text).unwrap_err();
    for (text, words) in [
        (
            "@av_scanners = (['x', \\&ask_daemon, ['CONTSCAN {}', 'nowhere']]);",
            "neither a path nor HOST:PORT",
        ),
        (
            "@av_scanners = (['x', \\&ask_daemon, ['CONTSCAN {}']]);",
            "no socket is given",
        ),
        ("@av_scanners = ('clamd');", "expected a list"),
        (
            "@av_scanners = (['x', 'prog', '{}', [0], qr/(/]);",
            "@av_scanners",
        ),
        (
            "@spam_scanners = (['x', 'Amavis::SpamControl::RspamdClient', url => 'gopher://x']);",
            "no address such as",
        ),
    ] {
        assert!(errors(text).contains(words), "{text}: {}", errors(text));
    }
    // The original has more than there is here: that is told.
    let config = load("@spam_scanners = (['x', 'Amavis::SpamControl::Other']); @av_scanners = (['y', \\&sophos_savi]);").unwrap();
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings
            .iter()
            .any(|w| w.contains("nothing here does what \"Other\" does")),
        "{warnings:?}"
    );
    assert!(
        config.scan.has_virus_scanner(),
        "without it there is no verdict"
    );
}
