use super::*;

const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOYb8NGTS5ncHVUnVxgjsl5s1PV7FuPc/OthO8XvFP4S ada@laptop";
const ECDSA: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBMfN1hh6aTerLCA23pKseOMTsAIj\
    u2OQdHgGIN+lRKGhQpunutSqJ30eXS2Aeq7hl/p6LqTi0LZUURqmIGeYRb5zEdbujCLFc5rJiBgoMhTZ50FQBFdEs5A4NEeIl65W/A== x";
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCy+Fqf1NrWVOBdRiYyUYUuNF+grrl62vGSYV6Fq4hRk+OPRFKDVbxAwjklXV+x\
    0TbV+ui7pZac4MNcmzStTPRHQrXaJohRxBojfwLU/A8DEqLi1t6WnC0s+o3cy6lMhvn4ff/Iv6lqJUpp/z+4+3qxlij3/Io/N5chLZ8aw/jpAQ==";

fn refused(text: &str) -> PublicKeyError {
    text.parse::<PublicKey>().expect_err(text)
}

#[test]
fn keys_of_openssh_are_taken_and_fingerprinted_as_it_does() {
    let key: PublicKey = ED25519.parse().expect("a good key");
    let fingerprint = base64::engine::general_purpose::STANDARD_NO_PAD.encode(key.fingerprint().as_bytes());
    assert_eq!(fingerprint, "1VgOli09zy9nt4QNEYsQHRYwekIfG0FlmBNTJmwmX+c");
    assert_eq!(algorithm_of(key.as_bytes()), "ssh-ed25519");
    ECDSA.parse::<PublicKey>().expect("a good key");
    let bare = ED25519.rsplit_once(' ').expect("it has a comment").0;
    assert_eq!(format!("  {bare}\n").parse::<PublicKey>(), Ok(key), "the comment is not part of the key");
}

#[test]
fn anything_else_is_refused_with_a_reason() {
    assert_eq!(refused(""), PublicKeyError::Malformed);
    assert_eq!(refused("ssh-ed25519"), PublicKeyError::Malformed);
    assert_eq!(refused("ssh-ed25519 ???"), PublicKeyError::Malformed);
    assert_eq!(refused("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"), PublicKeyError::Private);
    assert_eq!(refused(&format!("{ED25519}\n{ED25519}")), PublicKeyError::Malformed);
    assert_eq!(refused(&ED25519.replacen("ssh-ed25519", "ssh-rsa", 1)), PublicKeyError::Malformed);
    assert_eq!(refused(RSA_1024), PublicKeyError::Weak);
    assert_eq!(refused("ssh-dss AAAAB3NzaC1kc3MAAAAA"), PublicKeyError::Algorithm);
    assert_eq!(refused(&format!("command=\"x\" {ED25519}")), PublicKeyError::Malformed);
    // The line of a key cut off, or with bytes after its end.
    let encode = |bytes: &[u8]| format!("ssh-ed25519 {}", STANDARD.encode(bytes));
    let whole = ED25519.parse::<PublicKey>().expect("a good key");
    for length in 0..whole.as_bytes().len() {
        refused(&encode(&whole.as_bytes()[..length]));
    }
    refused(&encode(&[whole.as_bytes(), &[0]].concat()));
}
