//! Addresses of databases, good and bad.

use super::*;

#[test]
fn an_address_names_a_file_or_a_server() {
    let check = |url: &str, expect: &str| {
        let shown = match DbConfig::new(url).target() {
            Ok(Target::Sqlite(path)) => format!("file {}", path.display()),
            Ok(Target::Postgres(target)) => format!("server, tls {}", target.tls.is_some()),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect, "{url}");
    };
    check("sqlite:data/hearth.db", "file data/hearth.db");
    check("sqlite:///data/hearth.db", "file /data/hearth.db");
    check("sqlite::memory:", "the address of the database is not usable: sqlite: needs the path of a file");
    check("postgres://u:p@localhost/hearth", "server, tls false");
    check("postgresql://u@h1/hearth?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=5", "server, tls true");
    check(
        "postgres://u@h/hearth?sslmode=prefer",
        "the address of the database is not usable: sslmode is disable or verify-full, not prefer",
    );
    check(
        "mysql://h/hearth",
        "the address of the database is not usable: it starts neither with sqlite: nor with postgres://",
    );
}

#[test]
fn a_password_stays_out_of_debug_output() {
    let config = DbConfig::new("postgres://u:hunter2@localhost/hearth");
    assert!(!format!("{config:?}").contains("hunter2"));
}
