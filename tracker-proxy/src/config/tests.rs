use super::*;
use crate::activation::{Mode, Payload};

const EXAMPLE: &str = include_str!("../../../docs/segue.example.yaml");

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "SEGUE_WRITE_KEY" => "00012345",
        "SEGUE_USER_TOKEN_KEY" => "a secret of at least thirty-two bytes",
        "SEGUE_STREAM_ID" => "00000000-00000000",
        "SEGUE_ADMIN_TOKEN" => "at_from_outside",
        "CDP_ACTIVATION_CLIENT_ID" => "client",
        "CDP_ACTIVATION_CLIENT_SECRET" => "a: b",
        "CDP_WEBHOOK_SECRET" => "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "CRM_KEY" => "12345678",
        _ => return None,
    };
    Some(value.to_owned())
}

fn messages(text: &str) -> Vec<String> {
    let mistakes = Config::read(text, &environment).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

/// An account with `rest` in it, each of its lines indented to stand there.
fn account(rest: &str) -> String {
    let lines: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    format!("accounts:\n  - id: a\n{lines}")
}

#[test]
fn the_example_has_no_mistakes() {
    let config = Config::read(EXAMPLE, &environment).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8090");
    let account = &config.accounts[0];
    assert_eq!(
        (account.id.as_str(), account.time_zone_name.as_str()),
        ("123456", "Europe/Warsaw")
    );
    assert!(account.write_keys[0].key.matches("00012345"));
    assert_eq!(account.write_keys[1].kind, KeyKind::Public);
    assert_eq!(account.admin_tokens[0].role, Role::Manage);
    let definitions = &account.definitions;
    let (user, password) = definitions.destinations[0].checked.basic.as_ref().unwrap();
    assert_eq!((user.as_str(), password.expose()), ("client", "a: b"));
    let ids: Vec<_> = definitions
        .activations
        .iter()
        .map(|a| a.id.as_str())
        .collect();
    assert_eq!(ids, ["vip_to_shop", "vip_to_crm", "cart_mail"]);
    assert_eq!(definitions.activations[0].checked.mode, Mode::Mirror);
    assert!(matches!(
        definitions.activations[2].checked.payload,
        Payload::Template(_)
    ));
}

#[test]
fn the_example_states_the_defaults() {
    let config = Config::read(EXAMPLE.split("accounts:").next().unwrap(), &environment).unwrap();
    let default = Config::default();
    assert_eq!(config.limits, default.limits);
    assert_eq!(config.store, default.store);
    assert_eq!(config.data_dir, default.data_dir);
}

#[test]
fn five_mistakes_are_five_places() {
    let text = "\
listen: 8090
data_dri: /var/lib/segue
accounts:
  - id: shop
    time_zone: Europe/Warszaw
    write_keys:
      - { key: short }
    admin_tokens:
      - { token: \"${MISSING}\", role: manage }
";
    assert_eq!(
        messages(text),
        [
            "line 1, column 9: `listen` has to be an address with a port such as 127.0.0.1:8090, \
             this is a number",
            "line 2, column 1: unknown key `data_dri`; did you mean `data_dir`?",
            "line 5, column 16: `time_zone` has to be a name such as `Europe/Warsaw`; did you \
             mean `Europe/Warsaw`?",
            "line 7, column 16: `key` has to be 8 to 256 visible ASCII characters without colons",
            "line 9, column 18: the environment variable `MISSING` is not set",
        ]
    );
}

#[test]
fn nothing_but_defaults_is_a_configuration() {
    for text in ["", "# only words\n", "{}"] {
        let config = Config::read(text, &environment).unwrap();
        assert_eq!(config.accounts.len(), 1, "{text}");
        assert_eq!(config.accounts[0].id, DEFAULT_ACCOUNT_ID);
        assert_eq!(config.data_dir.as_os_str(), "./segue-data");
    }
}

#[test]
fn the_data_directory_moves_the_store() {
    let config = Config::read("data_dir: ${DIR:-/var/lib/segue}", &environment).unwrap();
    assert_eq!(
        config.store,
        StoreKind::Sqlite("/var/lib/segue/segue.db".into())
    );
}

#[test]
fn postgresql_is_named_as_missing() {
    assert_eq!(
        messages("store: postgres://user:pass@host/db"),
        ["line 1, column 8: PostgreSQL is not supported yet: leave `store` out to use SQLite"]
    );
    let mistakes = messages("store: mysql://user:pass@host/db");
    assert!(
        !mistakes[0].contains("pass"),
        "secrets stay out of messages: {mistakes:?}"
    );
}

#[test]
fn no_key_opens_two_doors() {
    let text = "\
accounts:
  - id: a
    write_keys: [{ key: wk_the_same }]
    admin_tokens: [{ token: at_the_same }]
  - id: a
    write_keys: [{ key: wk_the_same }]
    admin_tokens: [{ token: wk_the_same }, { token: at_the_same }]
";
    assert_eq!(
        messages(text),
        [
            "line 5, column 9: the account `a` is there already",
            "line 6, column 25: `key` is in use already, at line 3, column 25",
            "line 7, column 29: `token` is in use already, at line 3, column 25",
            "line 7, column 53: `token` is in use already, at line 4, column 29",
        ]
    );
}

#[test]
fn references_and_repeated_ids_are_told_with_their_places() {
    let text = account(
        "\
audiences:
  - { id: vip, when: { did: { event: buy } } }
  - { id: vip, when: { did: { event: buy } } }
destinations:
  - { id: crm, url: https://crm.example/ }
activations:
  - { id: x, audience: vipp, to: crn, payload: { kind: template, body: {} } }
  - { id: x, audiences: [vip, none], to: crm, payload: { kind: template, body: {} } }",
    );
    assert_eq!(
        messages(&text),
        [
            "line 5, column 15: the id `vip` is taken already, at line 4, column 15",
            "line 9, column 28: there is no audience `vipp`; did you mean `vip`?",
            "line 9, column 38: there is no destination `crn`; did you mean `crm`?",
            "line 10, column 15: the id `x` is taken already, at line 9, column 15",
            "line 10, column 35: there is no audience `none`",
        ]
    );
}

#[test]
fn a_broken_definition_is_still_there_to_refer_to() {
    let text = account(
        "\
audiences: [{ id: vip, wehn: {} }]
destinations: [{ id: crm, url: nowhere }]
activations:
  - { id: x, audience: vip, to: crm, payload: { kind: template, body: {} } }",
    );
    let messages = messages(&text);
    assert!(
        messages
            .iter()
            .any(|message| message.contains("unknown key `wehn`"))
    );
    assert!(
        !messages
            .iter()
            .any(|message| message.contains("there is no")),
        "{messages:?}"
    );
}

#[test]
fn the_source_of_a_definition_holds_no_secret() {
    let text = account(
        "destinations: [{ id: crm, url: \"https://crm.example/\", headers: { X: \"${CRM_KEY}\" } }]",
    );
    let config = Config::read(&text, &environment).unwrap();
    let defined = &config.accounts[0].definitions.destinations[0];
    assert_eq!(defined.checked.headers[0].1.expose(), "12345678");
    assert_eq!(defined.source["headers"]["X"], "${CRM_KEY}");
    assert!(!format!("{:?}", config.accounts).contains("12345678"));
}

#[test]
fn an_unset_variable_is_one_mistake_wherever_it_stands() {
    let text = account(
        "\
time_zone: ${NO_ZONE}
write_keys: [{ key: \"${NO}\" }, { key: \"${NO}\" }]
destinations: [{ id: crm, url: \"${NO_URL}\", signing_secrets: [\"${NO_SECRET}\"] }]",
    );
    let messages = messages(&text);
    assert_eq!(messages.len(), 5, "{messages:?}");
    assert!(
        messages
            .iter()
            .all(|message| message.contains("is not set"))
    );
}

#[test]
fn what_is_no_configuration_is_a_mistake_and_not_a_panic() {
    for text in [
        "[]",
        "5",
        "a: [",
        "a: 1\n---\nb: 2\n",
        "accounts: []",
        "accounts: {}",
        "~",
    ] {
        let mistakes = Config::read(text, &environment).unwrap_err();
        assert!(!mistakes.is_empty(), "{text}");
    }
}

#[test]
fn a_damaged_file_is_never_a_panic() {
    for (at, _) in EXAMPLE.char_indices().step_by(7) {
        drop(Config::read(&EXAMPLE[..at], &environment));
    }
    let lines: Vec<_> = EXAMPLE.lines().collect();
    for left_out in 0..lines.len() {
        let mut rest = lines.clone();
        rest.remove(left_out);
        drop(Config::read(&rest.join("\n"), &environment));
    }
    for damage in [
        "{",
        "[",
        "null",
        "\"",
        ": ",
        "- ",
        "\u{0}",
        "99999999999999999999",
        "${",
    ] {
        for value in [
            "fields:", "when:", "on:", "basic:", "payload:", "repeat:", "key:", "id:",
        ] {
            let text = EXAMPLE.replace(value, &format!("{value} {damage}"));
            assert!(
                Config::read(&text, &environment).is_err(),
                "{value} {damage}"
            );
        }
    }
}

#[test]
fn what_an_activation_would_not_do_is_a_mistake_with_its_place() {
    let text = account(
        "audiences: [{ id: vip, when: { did: { event: buy } } }]
destinations: [{ id: crm, url: 'https://crm.example/' }]
activations:
  - { id: m, audience: vip, to: crm, on: join, payload: { kind: segue, segment_group: g } }
  - id: t
    audience: vip
    to: crm
    payload:
      kind: template
      body: { total: '{event.amount}' }
",
    );
    let messages = messages(&text);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(
        messages[0].starts_with("line 6, column 46: a mirror follows"),
        "{messages:?}"
    );
    assert!(messages[1].starts_with("line 12, column "), "{messages:?}");
    assert!(
        messages[1].contains("known only where an event fires"),
        "{messages:?}"
    );
}
