use super::*;

#[test]
fn only_the_wanted_cookie_is_read() {
    let check = |cookies: &str, expect: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        assert_eq!(cookie(&headers, FORM_COOKIE).as_deref(), expect, "{cookies}");
    };
    check("a=b; hearth_form=x; c=d", Some("x"));
    check("hearth_formal=x", None);
    check("", None);
}

#[test]
fn a_way_back_stays_on_this_server() {
    for good in ["/", "/alice/m?a=b#c", "/settings"] {
        assert_eq!(local_path(good), good);
    }
    for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"] {
        assert_eq!(local_path(bad), "/", "{bad}");
    }
}

#[test]
fn a_notice_is_named_by_a_plain_word() {
    assert_eq!(query_value("/x?a=b&done=saved", "done").as_deref(), Some("saved"));
    assert_eq!(query_value("/x?done=<b>", "done"), None);
    assert_eq!(query_value("/x", "done"), None);
}
