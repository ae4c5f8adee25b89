use super::*;

#[test]
fn old_names_stay_addressable_and_new_ones_are_held_to_the_rule() {
    let check = |text: &str, expect: Result<(), NameError>| {
        let got = text.parse::<NamespaceName>().and_then(|name| name.check_registrable());
        assert_eq!(got, expect, "{text:?}");
    };
    check("julia", Ok(()));
    check("open-lab-7", Ok(()));
    check("old_name", Err(NameError::NotForNamespace));
    check("a", Err(NameError::NotForNamespace));
    check("API", Err(NameError::Reserved));
    check("two--dashes", Err(NameError::BadPlacement));
    check("-edge", Err(NameError::BadPlacement));
    check("", Err(NameError::Empty));
    check("sp ace", Err(NameError::BadCharacter));
    check("über", Err(NameError::BadCharacter));
    assert!("old_name".parse::<NamespaceName>().is_ok());
    assert!("..".parse::<NamespaceName>().is_err());
    assert!("x".repeat(97).parse::<RepoName>().is_err());
}

#[test]
fn repository_names_may_hold_dots_but_not_the_endings_of_urls() {
    let check = |text: &str, expect: Result<(), NameError>| {
        assert_eq!(text.parse::<RepoName>().and_then(|name| name.check_registrable()), expect, "{text:?}");
    };
    check("SmolLM2-135M-Instruct", Ok(()));
    check("bert.v1_2", Ok(()));
    check("x.git", Err(NameError::ReservedEnding));
    check("a..b", Err(NameError::BadPlacement));
    check("a.", Err(NameError::BadPlacement));
}

#[test]
fn an_address_needs_both_parts() {
    assert_eq!(RepoAddr::parse(RepoKind::Model, "gpt2"), Err(NameError::NotAnAddress));
    let addr = RepoAddr::parse(RepoKind::Dataset, "julia/penguins").expect("a plain address");
    assert_eq!(addr.url_path(), "datasets/julia/penguins");
    assert_eq!(addr.to_string(), "dataset julia/penguins");
    assert!(RepoAddr::parse(RepoKind::Model, "a/b/c").is_err());
}

#[test]
fn repositories_are_named_as_people_name_them() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(RepoAddr::named(text).map(|addr| addr.url_path()).ok().as_deref(), expect, "{text}");
    };
    check("alice/m", Some("alice/m"));
    check(" /datasets/alice/d/", Some("datasets/alice/d"));
    check("http://hub.test/spaces/alice/s", Some("spaces/alice/s"));
    check("http://hub.test/alice/m", Some("alice/m"));
    check("alice", None);
    check("a b/c", None);
}
