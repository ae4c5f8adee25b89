use super::*;

#[test]
fn names_elsewhere_are_read_out_of_what_people_paste() {
    let handles = |twitter: &str, github: &str, linkedin: &str, bluesky: &str| Profile {
        handles: Handles {
            twitter: twitter.into(),
            github: github.into(),
            linkedin: linkedin.into(),
            bluesky: bluesky.into(),
        },
        ..Profile::default()
    };
    let pasted = handles(
        " @ada_l ",
        "https://github.com/ada/",
        "https://www.linkedin.com/in/zoë-k",
        "https://bsky.app/profile/ada.example.org",
    );
    assert_eq!(pasted.checked().unwrap(), handles("ada_l", "ada", "zoë-k", "ada.example.org"));
    for wrong in ["a/b", "javascript:alert(1)", "sixteen_letters_", "a b"] {
        assert!(
            matches!(handles(wrong, "", "", "").checked(), Err(ProfileError::Handle { place: "X", .. })),
            "{wrong}"
        );
    }
}

#[test]
fn addresses_are_of_the_web() {
    let at = |website: &str| Profile { website: website.into(), ..Profile::default() }.checked().map(|it| it.website);
    assert_eq!(at(" https://example.org/a?b=c "), Ok("https://example.org/a?b=c".to_owned()));
    assert_eq!(at(""), Ok(String::new()));
    for wrong in ["javascript:alert(1)", "https://", "https:///etc", "//example.org", "https://a b"] {
        assert!(matches!(at(wrong), Err(ProfileError::Address(_))), "{wrong}");
    }
}

#[test]
fn few_words_are_few_and_shown_as_they_are() {
    let bio = |bio: &str| Profile { bio: bio.into(), ..Profile::default() }.checked().map(|it| it.bio);
    assert_eq!(bio(" a\r\nb\u{7}\0 "), Ok("a\nb".to_owned()));
    assert_eq!(bio(&"é".repeat(1001)), Err(ProfileError::BioTooLong));
}

#[test]
fn kinds_and_countries_have_their_words() {
    for kind in HouseKind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    assert_eq!(" de ".parse::<Country>().map(Country::name), Ok("Germany"));
    assert!("XX".parse::<Country>().is_err() && "".parse::<Country>().is_err());
    for country in Country::all() {
        assert_eq!(country.code().parse(), Ok(country));
    }
}
