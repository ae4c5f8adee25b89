use super::*;

#[test]
fn only_addresses_that_a_browser_can_be_sent_to_are_registered() {
    for good in [
        "https://app.example.org/cb?x=1",
        "http://localhost:7860/login/callback",
        "http://hub.intern:8080/",
        "org.example.app:/cb",
        "https://[::1]:8443/cb",
    ] {
        assert_eq!(good.parse::<RedirectUri>().unwrap().as_str(), good);
    }
    for bad in [
        "",
        "/cb",
        "app.example.org/cb",
        "https:/x",
        "https://",
        "https://a@b/",
        "https://a/#x",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a/\nx",
        "https://*.example.org/",
        "JAVASCRIPT:x",
        "file:///etc",
        "https://a\\b/",
    ] {
        assert!(bad.parse::<RedirectUri>().is_err(), "{bad:?}");
    }
}

#[test]
fn an_asked_address_is_the_registered_one_but_for_the_port_of_loopback() {
    let check = |registered: &str, asked: &str, expect: bool| {
        assert_eq!(registered.parse::<RedirectUri>().unwrap().permits(asked), expect, "{registered} {asked}");
    };
    check("https://a.org/cb", "https://a.org/cb", true);
    for other in
        ["https://a.org/cb/", "https://a.org/cb?x", "https://a.org:443/cb", "http://a.org/cb", "https://a.org.evil/cb"]
    {
        check("https://a.org/cb", other, false);
    }
    check("http://127.0.0.1/cb", "http://127.0.0.1:5123/cb", true);
    check("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true);
    check("http://127.0.0.1/cb", "http://127.0.0.1:5123/other", false);
    check("http://127.0.0.1/cb", "http://localhost:5123/cb", false);
    check("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.org/cb", false);
    check("http://localhost:1/cb", "http://localhost:x/cb", false);
}

#[test]
fn the_place_is_what_a_policy_names() {
    assert_eq!(RedirectUri::place("https://a.org:8443/cb?x"), "https://a.org:8443");
    assert_eq!(RedirectUri::place("http://a.org"), "http://a.org");
    assert_eq!(RedirectUri::place("org.example.app:/cb"), "org.example.app:");
}
