use super::*;

fn courier() -> Courier {
    let config = MailConfig {
        host: Some("localhost".to_owned()),
        security: MailSecurity::None,
        from: Some("Hearth <hearth@example.org>".to_owned()),
        ..MailConfig::default()
    };
    Courier::new(&config).unwrap().unwrap()
}

#[test]
fn a_letter_has_the_headers_that_it_should_and_no_others() {
    let letter = Letter::new("ada@example.org", "Grüße\r\nBcc: eve@example.org", "Hällo\n.\nend");
    let raw = String::from_utf8(courier().message(&letter).unwrap().formatted()).unwrap();
    let head = raw.split("\r\n\r\n").next().unwrap();
    assert!(head.contains("From: Hearth <hearth@example.org>\r\n"), "{head}");
    assert!(head.contains("To: ada@example.org\r\n") && head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
}

#[test]
fn an_address_that_is_none_is_given_up() {
    for wrong in ["", "ada", "ada@example.org\r\nRCPT TO:<eve@example.org>", "a@b, c@d", "<a@b>"] {
        let refused = courier().message(&Letter::new(wrong, "x", "y"));
        assert!(matches!(refused, Err(JobError::GiveUp(_))), "{wrong:?}");
    }
}

#[test]
fn a_server_without_a_sender_is_refused_and_no_server_is_none() {
    assert!(Courier::new(&MailConfig::default()).unwrap().is_none());
    let config = MailConfig { host: Some("mail.example.org".to_owned()), ..MailConfig::default() };
    assert!(matches!(Courier::new(&config), Err(MailError::From)));
}
