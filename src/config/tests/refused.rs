use super::*;

fn said(result: Result<Config, BadSetting>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_malformed_flag_is_named() {
    for (flag, value) in [
        ("--max-calls", "many"),
        ("--max-calls", "0"),
        ("--ring-timeout", "0"),
        ("--ring-timeout", "-1"),
        ("--http-listen", "127.0.0.1"),
        ("--http-listen", "127.0.0.1:http"),
        ("--http-listen", "::1:8080:1"),
        ("--sip-listen", "127.0.0.1:5060"),
        ("--sip-listen", "sctp://127.0.0.1:5060"),
        ("--sip-listen", "udp://127.0.0.1"),
        ("--sip-listen", "udp://127.0.0.1:5060?advertise="),
        ("--sip-listen", "udp://127.0.0.1:5060?advertise=::1"),
        ("--sip-listen", "udp://127.0.0.1:5060?announce=192.0.2.1"),
        ("--sip-listen", "udp://127.0.0.1:5060?"),
        ("--dns-server", "dns.example.com:53"),
        ("--dns-server", "192.0.2.53"),
        ("--advertise", "::1"),
        ("--advertise", "two words"),
        ("--advertise", "1.2.3.4.5"),
        ("--advertise", ""),
        ("--media-address", "192.0.2.1"),
        ("--codecs", "PCM A"),
        ("--codecs", "FOO"),
        ("--codecs", "PCMA,PCMU,pcma"),
        ("--codecs", "telephone-event,CN"),
        ("--on-offer", "maybe"),
        ("--durability", "maybe"),
        ("--journal-seconds", "0"),
        ("--reject-status", "302"),
        ("--busy-status", "200"),
        ("--busy-header", "a b"),
        ("--no-listener-seconds", "-1"),
        ("--cors-origin", "crm.example.com"),
        ("--cors-origin", "https://crm.example.com/"),
        ("--cors-origin", "https://CRM.example.com"),
        ("--cors-origin", "*"),
        ("--cors-origin", "null"),
        ("--rate-limit", "fast"),
        ("--failed-auth-limit", "5:0"),
        ("--log", "call_agent=loud"),
        ("--log-format", "xml"),
    ] {
        let message = said(load(&[&format!("{flag}={value}")], &[]));
        assert!(message.contains(flag), "{flag} {value}: {message}");
    }
}

#[test]
fn a_negative_number_is_a_value_of_its_flag() {
    for flag in
        ["--max-calls", "--ring-timeout", "--journal-events", "--sip-peer-rate", "--no-listener-seconds"]
    {
        assert!(said(load(&[flag, "-1"], &[])).contains(&format!("'{flag} <")), "{flag}");
    }
}

#[test]
fn codecs_that_make_no_list_are_named_by_the_variable_and_the_key() {
    let variable = said(load(&[], &[("CALL_AGENT_CODECS", "PCMA,PCMA")]));
    assert_eq!(variable, "CALL_AGENT_CODECS: PCMA is there twice");
    let list = said(load_file("codecs", "codecs = [\"telephone-event\"]"));
    assert!(list.ends_with("codecs: there is no codec for speech in the list"), "{list}");
}

#[test]
fn a_data_directory_that_cannot_be_one_is_named() {
    let directory = Directory::new("no-data-dir");
    let file = directory.file("");
    let setting = |path: &Path| load(&["--data-dir", path.to_str().unwrap()], &[]).unwrap();
    let fault = setting(&file).make_data_dir().unwrap_err().to_string();
    assert!(fault.starts_with(&format!("--data-dir {}: ", file.display())), "{fault}");
    setting(&directory.path().join("new")).make_data_dir().unwrap();
    assert!(directory.path().join("new").is_dir());
    setting(Path::new("none")).make_data_dir().unwrap();
}

#[test]
fn an_unknown_flag_is_named() {
    assert!(said(load(&["--api-key", "x"], &[])).contains("--api-key"));
}

#[test]
fn help_and_version_are_not_faults() {
    for flag in ["--help", "--version"] {
        let Err(BadSetting::Flag(error)) = load(&[flag], &[]) else { panic!("{flag}") };
        assert_eq!(error.exit_code(), 0);
    }
}

#[test]
fn help_names_the_other_commands_and_the_tables_of_the_file() {
    let Err(BadSetting::Flag(help)) = load(&["--help"], &[]) else { panic!("--help") };
    let help = help.to_string();
    for name in ["call", "events", "keys new"].map(|name| format!("call-agent {name} ")) {
        assert!(help.contains(&name), "{name}");
    }
    for table in ["account", "webhook", "sip_user", "key"] {
        assert!(help.contains(&format!("[[{table}]]")), "{table}");
    }
}

#[test]
fn a_setting_without_the_one_that_it_needs_is_refused_and_both_are_named() {
    for (given, missing) in [
        ("--tls-certificate", "--tls-key"),
        ("--tls-key", "--tls-certificate"),
        ("--tls-client-ca", "--tls-certificate"),
        ("--http-tls-certificate", "--http-tls-key"),
        ("--http-tls-key", "--http-tls-certificate"),
        ("--jwt-jwks-file", "--jwt-issuer"),
        ("--jwt-issuer", "--jwt-jwks-file"),
        ("--jwt-audience", "--jwt-jwks-file"),
    ] {
        assert_eq!(said(load(&[given, "file.pem"], &[])), format!("{given} needs {missing}"));
    }
    let from_both = load(&["--tls-certificate", "file.pem"], &[("CALL_AGENT_TLS_KEY", "file.key")]);
    assert!(from_both.unwrap().tls.sip.is_some());
}

#[test]
fn an_unknown_or_malformed_variable_is_named() {
    assert_eq!(
        said(load(&[], &[("CALL_AGENT_MAX_CALL", "1")])),
        "CALL_AGENT_MAX_CALL: there is no such setting"
    );
    assert_eq!(said(load(&[], &[("CALL_AGENT_HELP", "1")])), "CALL_AGENT_HELP: there is no such setting");
    assert_eq!(
        said(load(&[], &[("CALL_AGENT_max_calls", "1")])),
        "CALL_AGENT_max_calls: there is no such setting"
    );
    assert_eq!(
        said(load(&[], &[("CALL_AGENT_MAX_CALLS", "x")])),
        "CALL_AGENT_MAX_CALLS: \"x\": a whole number"
    );
    assert_eq!(said(load(&[], &[("CALL_AGENT_API_KEY", "")])), "CALL_AGENT_API_KEY: empty");
    assert!(said(load(&[], &[("CALL_AGENT_API_KEY", "two words")])).starts_with("CALL_AGENT_API_KEY: "));
}

#[test]
fn a_malformed_value_is_refused_even_where_a_flag_goes_before_it() {
    let message = said(load(&["--max-calls", "1"], &[("CALL_AGENT_MAX_CALLS", "x")]));
    assert!(message.starts_with("CALL_AGENT_MAX_CALLS: "), "{message}");
}

#[test]
fn an_unknown_or_malformed_key_of_the_file_is_named() {
    for (key, text) in [
        ("max_call", "max_call = 1"),
        ("max-calls", "max-calls = 1"),
        ("api_key", "api_key = \"secret\""),
        ("config", "config = \"other.toml\""),
        ("account[0].registrar", "[[account]]\nid = \"1000\""),
        ("webhook[0].secret", "[[webhook]]\nid = \"crm\""),
        ("max_calls", "max_calls = \"x\""),
        ("max_calls", "max_calls = [1, 2]"),
        ("max_calls", "max_calls = true"),
        ("max_calls", "max_calls = 1.5"),
        ("sip_listen", "sip_listen = []"),
        ("sip_listen", "sip_listen = [\"tcp://127.0.0.1:5060\", \"sctp://127.0.0.1:5060\"]"),
    ] {
        let message = said(load_file("unknown-key", text));
        assert!(message.contains(&format!("call-agent.toml: {key}: ")), "{text}: {message}");
    }
}

#[test]
fn a_file_that_is_not_there_or_is_not_toml_is_named() {
    let message = said(load(&["--config", "/no/such/file.toml"], &[]));
    assert!(message.starts_with("--config /no/such/file.toml: "), "{message}");
    let message = said(load_file("not-toml", "log = \"info\"\nmax_calls ="));
    assert!(message.contains("call-agent.toml: line 2, column "), "{message}");
}
