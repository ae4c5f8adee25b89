use std::collections::BTreeSet;

use super::*;

fn load_from(text: &str, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hearth.toml");
    std::fs::write(&path, text).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&path), environment, flags).map_err(|error| error.to_string())
}

fn refused(text: &str, environment: &[(&str, &str)]) -> String {
    load_from(text, environment, &Flags::default()).unwrap_err()
}

#[test]
fn the_printed_default_is_the_default() {
    let read = load_from(DEFAULT_TOML, &[], &Flags::default()).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
}

/// Every field of the structs is named in the printed default, be it in a comment.
#[test]
fn the_printed_default_names_every_key() {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let named: BTreeSet<String> = DEFAULT_TOML
        .lines()
        .map(|line| line.trim_start_matches("# "))
        .filter(|line| line.contains(" = "))
        .map(word)
        .chain(
            DEFAULT_TOML
                .lines()
                .filter(|line| line.starts_with('['))
                .flat_map(|line| line.trim_matches(['[', ']']).split('.').map(str::to_owned).collect::<Vec<_>>()),
        )
        .collect();
    let debug = format!("{:?}", Config::default());
    let fields = debug.split([' ', '{', '(', ',']).filter_map(|word| word.strip_suffix(':'));
    for field in fields.filter(|field| field.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    {
        assert!(field.parse::<u32>().is_ok() || named.contains(field), "{field} is missing in default.toml");
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\ndrain_secs = 1\nmax_connections = 1\n";
    let environment = [
        ("HEARTH_SERVER__LISTEN", "127.0.0.1:2"),
        ("HEARTH_SERVER__DRAIN_SECS", "2"),
        ("HEARTH_STORAGE__BLOBS__S3__SECRET_KEY", "12345"),
        ("HEARTH_SAMPLES", "no"),
        ("PATH", "x"),
    ];
    let config = load_from(text, &environment, &Flags::default().set("server.listen", Some("127.0.0.1:3"))).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!((config.server.drain_secs, config.server.max_connections), (2, 1));
    assert_eq!(config.storage.blobs.s3.secret_key.unwrap().reveal(), "12345");
}

#[test]
fn faults_name_their_place() {
    let text = refused("[server]\nlisen = \"x\"\n", &[]);
    assert!(text.contains("hearth.toml: `server") && text.contains("unknown field `lisen`"), "{text}");
    assert!(text.contains("`listen`") && text.contains("print-default"), "{text}");

    let text = refused("", &[("HEARTH_SERVER__DRAIN_SECS", "soon")]);
    assert!(text.starts_with("environment variable HEARTH_SERVER__DRAIN_SECS: `server.drain_secs`"), "{text}");

    let text = refused("[server\n", &[]);
    assert!(text.contains("not valid TOML") && text.contains("line 1"), "{text}");

    let text = refused("[accounts]\nsign_up = \"all\"\n", &[]);
    assert!(text.contains("`accounts.sign_up`") && text.contains("`invitation`"), "{text}");
}

#[test]
fn secrets_are_not_shown() {
    let config = load_from("[storage.metadata]\nurl = \"postgres://a:geheim@h/d\"\n", &[], &Flags::default()).unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
}
