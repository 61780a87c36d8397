use super::*;
use crate::config::value::Value;

mod statements;

fn load(text: &str) -> Result<RawConfig, String> {
    let mut config = RawConfig::default();
    read("f", text, &mut config, &Nowhere)
        .map(|()| config)
        .map_err(|error| error.to_string())
}

fn value(text: &str, name: &str) -> Value {
    load(text).unwrap().get(name).unwrap().value.clone()
}

#[test]
fn scalars_and_expressions() {
    for (text, want) in [
        ("$max_servers = 5;", "5"),
        ("$child_timeout=8*60;", "480"),
        ("$max_servers = 2 + 3 * (4 - 1) ;", "11"),
        ("$logfile = 'a\\'b\\\\c\\n';", "a'b\\c\\n"),
        (
            "$MYHOME='/h'; $logfile = \"$MYHOME/x\\t${MYHOME}\\x41\\x{e4}\\$\";",
            "/h/x\t/hA\u{e4}$",
        ),
        (
            "$forward_method = 'smtp:[1.2.3.4]:25'; $notify_method = $forward_method;",
            "smtp:[1.2.3.4]:25",
        ),
        ("$unix_socket_mode = 0770;", "504"),
        ("$max_servers = 0x10; # comment\n", "16"),
        ("$smtpd_message_size_limit = 10*1_000_000;", "10000000"),
        ("$syslog_ident = q{a{b}c};", "a{b}c"),
        ("$syslog_ident = 'a' . 'b' x 3;", "abbb"),
        ("$final_unchecked_destiny = D_REJECT;", "-3"),
        ("$max_servers = 7\n", "7"),
        ("$max_servers = 10 % 4;", "2"),
        (
            "use strict;\n=head1 POD\n\n$bad = ;\n\n=cut\n$max_servers = 3; 1; __END__ garbage {{{",
            "3",
        ),
        ("$Amavis::Conf::max_servers = 3;", "3"),
        ("$DO_SYSLOG = 1;", "1"),
    ] {
        let config = load(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let held: Vec<&str> = settings_of(&config);
        assert!(held.contains(&want), "{text}: {held:?}");
    }
}

/// All scalar values of a configuration.
fn settings_of(config: &RawConfig) -> Vec<&str> {
    crate::config::settings::SETTINGS
        .iter()
        .filter_map(|s| config.get(s.perl)?.value.as_text())
        .collect()
}

#[test]
fn lists_hashes_and_references() {
    let text = |text: &str| Value::text(text);
    assert_eq!(
        value("@inet_acl = qw( 127.0.0.1 [::1] );", "@inet_acl"),
        Value::List(vec![text("127.0.0.1"), text("[::1]")])
    );
    assert_eq!(
        value(
            "@local_domains_acl = ( \".$mydomain\", );",
            "@local_domains_acl"
        ),
        Value::List(vec![text(".!change-mydomain-variable!.example.com")])
    );
    assert_eq!(
        value("@local_domains_maps=(['.x']);", "@local_domains_maps"),
        Value::List(vec![Value::List(vec![text(".x")])])
    );
    assert_eq!(
        value(
            "@local_domains_maps = ( \\%local_domains, \\@local_domains_acl, \\1 );",
            "@local_domains_maps"
        ),
        Value::List(vec![
            Value::Reference("%local_domains".into()),
            Value::Reference("@local_domains_acl".into()),
            text("1")
        ])
    );
    assert_eq!(
        value(
            "@inet_acl = ('a'); @inet_acl = (@inet_acl, 'b');",
            "@inet_acl"
        ),
        Value::List(vec![text("a"), text("b")])
    );
    let Value::Map(map) = value(
        "%local_domains = ( 'a' => 1, b => undef );",
        "%local_domains",
    ) else {
        panic!()
    };
    assert_eq!(map.get("b"), Some(&Value::Undef));
    let Value::Map(map) = value(
        "$local_domains{x} = 1; $local_domains{'y'} = 0;",
        "%local_domains",
    ) else {
        panic!()
    };
    assert_eq!(map.len(), 2);
    assert_eq!(
        value("$inet_socket_port = [10024,10026];", "$inet_socket_port"),
        Value::List(vec![text("10024"), text("10026")])
    );
    assert_eq!(value("undef $daemon_user;", "$daemon_user"), Value::Undef);
    assert_eq!(value("$daemon_user = undef;", "$daemon_user"), Value::Undef);
}

#[test]
fn what_a_real_file_holds_is_read_and_told_of() {
    let config = load(
        "$ENV{PATH} = $path = '/usr/bin';\n\
         $banned_filename_re = new_RE( qr'\\.[^./]*\\.(exe|vbs)\\.?$'i, [ qr/x\\/y/ => 0 ], # comment\n );\n\
         @av_scanners = (['ClamAV-clamd', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/s'], qr/\\bOK$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m]);\n\
         $uncompress = ['uncompress', 'gzip -d', 'zcat'];\n\
         $policy_bank{'AM.PDP-SOCK'} = { protocol => 'AM.PDP', auth_required_release => 0, };\n\
         $sa_timeout = 30;\n1;\n",
    )
    .unwrap();
    assert_eq!(
        config.without_effect(),
        ["$ENV{PATH}", "$path", "$sa_timeout", "$uncompress",]
    );
    assert_eq!(
        config.warnings[0].to_string(),
        "f:7:1: $sa_timeout was retired: setting it has no effect"
    );
    let Value::PatternTable(table) = &config.get("$banned_filename_re").unwrap().value else {
        panic!()
    };
    assert_eq!(
        table[0],
        Value::Pattern("\\.[^./]*\\.(exe|vbs)\\.?$".into(), "i".into())
    );
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_error_names_its_place() {
    for (text, want) in [
        (
            "\n $max_server = 3;",
            "f:2:2: unknown setting $max_server (did you mean $max_servers?)",
        ),
        (
            "$max_servers = $max_serverz;",
            "f:1:16: unknown setting $max_serverz (did you mean $max_servers?)",
        ),
        ("$max_servers = ;", "f:1:16: expected a value, found \";\""),
        (
            "$max_servers = 3\n$log_level = 1;",
            "f:2:1: expected ; at the end of the statement, found $log_level",
        ),
        (
            "$logfile = 'abc",
            "f:1:12: string that begins with ' is not ended",
        ),
        (
            "$logfile = \"joe@example.com\";",
            "f:1:16: @example in double quotes means a list (write \\@ for the character itself)",
        ),
        ("@inet_acl = (1, 2;", "f:1:18: expected , or ), found \";\""),
        ("if ($x) { }", "f:1:5: unknown setting $x"),
        (
            "$logfile = `date +%s`;",
            "f:1:12: the command `date +%s` is not run (write its result instead)",
        ),
        (
            "$path = sub { unlink('/x') };",
            "f:1:9: sub is beyond what is understood (code is not run)",
        ),
        (
            "read_l10n_templates('en_US', '/etc/amavis');",
            "f:1:1: read_l10n_templates: /etc/amavis/en_US/template-dsn.txt is not read here",
        ),
        (
            "use DBI;",
            "f:1:1: use DBI is beyond what is understood (modules are not loaded)",
        ),
        (
            "$final_unchecked_destiny = D_REJEKT;",
            "f:1:28: D_REJEKT is beyond what is understood (did you mean D_REJECT?)",
        ),
        ("$max_servers = 1/0;", "f:1:18: division by zero"),
        ("$max_servers = 'a' * 2;", "f:1:16: \"a\" is no number"),
        (
            "%local_domains = ('a');",
            "f:1:18: a hash needs a value for each key",
        ),
        ("1 = 2;", "f:1:1: only a setting can be assigned to"),
        ("$logfile = 09;", "f:1:12: 09 is no number"),
        (
            "$logfile = \u{2}1;",
            "f:1:12: unexpected character '\\u{2}'",
        ),
        (
            "$logfile = $ENV{HOME};",
            "f:1:12: the environment is not read (write the value instead)",
        ),
        (
            "$logfile = <<'EOD';\nx\nEO\n",
            "f:1:12: the text is not ended by a line EOD",
        ),
        (
            "$syslog_ident = 'x' x 1e14;",
            "f:1:17: the result would be too long",
        ),
    ] {
        assert_eq!(load(text).unwrap_err(), want, "{text}");
    }
    let deep = format!("@inet_acl = {}1{};", "[".repeat(500), "]".repeat(500));
    assert!(load(&deep).unwrap_err().ends_with("nested deeper than 64"));
    let deep = format!("$max_servers = {}1;", "-".repeat(5000));
    assert!(load(&deep).unwrap_err().ends_with("nested deeper than 64"));
}

#[test]
fn undef_empties_lists_and_hashes() {
    let list = value("@inet_acl = (1); undef @inet_acl;", "@inet_acl");
    assert_eq!(list, Value::List(Vec::new()));
    let hash = value("undef(%local_domains);", "%local_domains");
    assert_eq!(hash, Value::Map(std::collections::BTreeMap::new()));
}

#[test]
fn operators_rank_as_in_the_original_language() {
    for (expression, want) in [
        ("10-3-2", "5"),
        ("2*3%4", "2"),
        ("2**3**2", "512"),
        ("-2**2", "-4"),
        ("2**-1", "0.5"),
        ("1.5 ** 1.5", "1.83711730708738"),
        ("1000 ** 31", "1e+93"),
        ("1/3", "0.333333333333333"),
        ("0.1 + 0.2", "0.3"),
        ("1e-7 * 1", "1e-07"),
        ("1.5e3 . 1.5E-1", "15000.15"),
        ("0x1e-7", "23"),
        ("1/128", "0.0078125"),
        ("2e6", "2000000"),
        ("99999999999999999999", "1e+20"),
        ("1e15 + 0", "1e+15"),
        ("!2**2", ""),
        ("7 % -3", "-2"),
        ("-7 % 3", "2"),
        ("7.9 % 3", "1"),
        ("0*-1", "0"),
        ("-0", "0"),
        ("('a').'b'", "ab"),
        ("'a'.'b'x 2", "abb"),
        ("1 . 2 + 3", "15"),
    ] {
        let text = format!("$syslog_ident = {expression};");
        assert_eq!(
            value(&text, "$syslog_ident"),
            Value::text(want),
            "{expression}"
        );
    }
    let error = load("$max_servers = 5 % 0.5;").unwrap_err();
    assert_eq!(error, "f:1:20: division by zero");
}

#[test]
fn a_long_sum_takes_no_more_of_the_stack_than_a_short_one() {
    let sum = format!("$max_servers = 0{};", "+1".repeat(50_000));
    assert_eq!(value(&sum, "$max_servers"), Value::text("50000"));
    let joined = format!("$logfile = ''{};", ".'x'".repeat(50_000));
    assert!(load(&joined).is_ok());
    let powers = format!("$max_servers = 1{};", "**1".repeat(5000));
    assert!(
        load(&powers)
            .unwrap_err()
            .ends_with("nested deeper than 64")
    );
}

#[test]
fn values_that_double_come_to_an_end() {
    for statement in [
        "$logfile = 'xxxxxxxx'; LOOP $logfile = $logfile . $logfile;",
        "$logfile = 'xxxxxxxx'; LOOP $logfile = \"$logfile$logfile\";",
        "@inet_acl = (1); LOOP @inet_acl = ([@inet_acl], [@inet_acl]);",
        "%local_domains = (a => 'xxxx'); LOOP $local_domains{a} = $local_domains{a} . $local_domains{a};",
        "@inet_acl = ('x' x 90000); LOOP @inet_acl = (@inet_acl, @inet_acl);",
    ] {
        let (before, after) = statement.split_once("LOOP").unwrap();
        let error = load(&format!("{before}{}", after.repeat(60))).unwrap_err();
        assert!(error.contains("grow"), "{statement}: {error}");
    }
    let deep = load(&format!(
        "@inet_acl = (1);{}",
        "@inet_acl = ([@inet_acl]);".repeat(100)
    ));
    assert!(deep.unwrap_err().contains("nested deeper than 64"));
}

#[test]
fn an_error_in_a_quoted_string_is_shown_where_it_is() {
    for (text, want) in [
        ("$logfile = qq{\u{e4}\u{e4}\\x{zz}};", "f:1:17: "),
        ("$logfile = qq  (\n@x);", "f:2:1: "),
        ("$logfile = \"\u{e4}@x\";", "f:1:14: "),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

/// A machine with one file.
struct Small;

impl World for Small {
    fn read(&self, path: &std::path::Path) -> Result<String, crate::config::error::ConfigError> {
        match path.to_str() {
            Some("/etc/inner") => Ok("$max_servers = 9;\nmy $own = 1;\n".to_owned()),
            Some("/etc/bad") => Ok("$max_servers = 9;\n $max_server = 1;\n".to_owned()),
            Some("/etc/circle") => Ok("do '/etc/circle';".to_owned()),
            Some("/etc/wl") => Ok("a@x 1\n.y 0\n".to_owned()),
            Some("/etc/mailname") => Ok("example.org\nmore\n".to_owned()),
            Some(path) if path.starts_with("/etc/amavis/de_DE/template-") => Ok(path.to_owned()),
            _ => Nowhere.read(path),
        }
    }

    fn read_data(
        &self,
        path: &std::path::Path,
    ) -> Result<Vec<u8>, crate::config::error::ConfigError> {
        if path.ends_with("wl.cdb") {
            return Ok(crate::lookup::cdb::tests::make(&[("a@x", "7")]));
        }
        self.read(path).map(String::into_bytes)
    }

    fn has(&self, test: char, path: &std::path::Path) -> bool {
        test != 'd' && self.read(path).is_ok()
    }

    fn host_name(&self, qualified: bool) -> String {
        if qualified {
            "mail.example.org"
        } else {
            "mail"
        }
        .to_owned()
    }
}

#[test]
fn what_the_machine_is_asked_for_is_found_out_without_running_anything() {
    let mut config = RawConfig::default();
    let text = "chomp($mydomain = `head -n 1 /etc/mailname`);\nchomp($myhostname = `hostname --fqdn`);\n\
                $syslog_ident = `/bin/uname -n`;\n$logfile = `cat /nowhere`;\nread_l10n_templates('de_DE', '/etc/amavis');\n\
                @av_scanners = (['x', sub {chdir('/opt') or die \"no: $!\"}, sub { ca('inet_acl') }]);\n";
    read("f", text, &mut config, &Small).unwrap();
    for (name, want) in [
        ("$mydomain", "example.org"),
        ("$myhostname", "mail.example.org"),
        ("$syslog_ident", "mail"),
        ("$logfile", ""),
        (
            "$notify_spam_admin_templ",
            "/etc/amavis/de_DE/template-spam-admin.txt",
        ),
    ] {
        assert_eq!(config.get(name).unwrap().value, Value::text(want), "{name}");
    }
    assert_eq!(
        config.warnings[0].to_string(),
        "f:4:12: `cat /nowhere` has no result: /nowhere is not read here (write the value instead)"
    );
    let scanner = vec![
        Value::text("x"),
        Value::Code("chdir".into()),
        Value::Reference("@inet_acl".into()),
    ];
    assert_eq!(
        config.get("@av_scanners").unwrap().value,
        Value::List(vec![Value::List(scanner)])
    );
}
