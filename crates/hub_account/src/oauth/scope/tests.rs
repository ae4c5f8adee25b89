use super::*;

#[test]
fn scopes_are_read_once_each_and_strange_ones_left_out() {
    let scopes = OauthScopes::read("profile openid  openid read-minds read-repos\n");
    assert_eq!(scopes.to_string(), "openid profile read-repos");
    assert!(scopes.ask_for_orgs() && !OauthScopes::read("openid email gated-repos").ask_for_orgs());
    assert!(OauthScopes::read("contribute-repos").ask_for_orgs());
    assert!(scopes.cover(&OauthScopes::read("read-repos")) && !scopes.cover(&OauthScopes::read("write-repos")));
    assert_eq!(OauthScopes::read("openid write-repos").within(&scopes).to_string(), "openid");
}

#[test]
fn every_permission_that_a_scope_names_exists() {
    for word in SCOPES.iter().flat_map(|(_, permissions)| *permissions) {
        assert!(word.parse::<Permission>().is_ok(), "{word}");
    }
}
