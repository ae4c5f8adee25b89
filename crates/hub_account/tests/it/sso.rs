//! Single sign-on: one house signs tokens, another lets people in by them, under each policy.

use hub_account::{
    AppDraft, AppKind, AuthorizeQuery, By, ClientAuth, KeySet, OauthScopes, SigningAlg, SsoArrival, SsoPending,
    SsoPolicy, SsoSignUp, pkce_challenge,
};
use hub_core::SecretString;

use crate::{World, name, refused, world};

const THERE: &str = "https://id.example.org";
const BACK: &str = "https://hub.example.org/login/sso/callback";

/// Another house, with the app that this one is there.
struct Provider {
    world: World,
    client_id: String,
    secret: SecretString,
}

impl Provider {
    async fn new() -> Self {
        let world = world().await;
        world.admin("root-there").await;
        let root = world.caller("root-there").await;
        let draft = AppDraft {
            name: "Hearth".parse().unwrap(),
            homepage: String::new(),
            redirect_uris: vec![BACK.parse().unwrap()],
            scopes: OauthScopes::read("openid profile email"),
            id_token_alg: SigningAlg::Rs256,
        };
        let by = By::Caller(&root);
        let (app, secret) =
            world.accounts.register_app(by, &name("root-there"), &draft, AppKind::Confidential).await.unwrap();
        Self { world, client_id: app.client_id.to_string(), secret: secret.unwrap() }
    }

    fn policy(&self) -> SsoPolicy {
        SsoPolicy {
            issuer: THERE.to_owned(),
            client_id: self.client_id.clone(),
            name_claim: "preferred_username".to_owned(),
            ..SsoPolicy::default()
        }
    }

    async fn keys(&self) -> KeySet {
        let keys = self.world.accounts.public_keys().await.unwrap();
        serde_json::from_value(serde_json::json!({ "keys": keys })).unwrap()
    }

    /// What this house signs for `who`, for somebody on their way from `here`.
    async fn token(&self, here: &World, who: &str, link: Option<&hub_account::Caller>) -> (SsoPending, String) {
        let by = link.map_or(By::Operator, By::Caller);
        let begin = here.accounts.begin_sso(by, "/models", link.is_some()).await.unwrap();
        let query = AuthorizeQuery {
            client_id: self.client_id.clone(),
            redirect_uri: BACK.to_owned(),
            response_type: "code".to_owned(),
            scope: "openid profile email".to_owned(),
            nonce: begin.nonce.reveal().to_owned(),
            code_challenge: pkce_challenge(&begin.verifier),
            code_challenge_method: "S256".to_owned(),
        };
        let accounts = &self.world.accounts;
        let request = accounts.authorize_request(&query).await.unwrap();
        let person = self.world.caller(who).await;
        let code = accounts.consent(By::Caller(&person), &request, None).await.unwrap();
        let auth = ClientAuth { id: Some(self.client_id.clone()), secret: Some(self.secret.clone()) };
        let pending = here.accounts.take_sso(&begin.state).await.unwrap();
        assert!(refused(here.accounts.take_sso(&begin.state).await).contains("begin again"));
        let tokens = accounts.exchange_code(&auth, &code, BACK, Some(&pending.verifier), THERE).await.unwrap();
        (pending, tokens.id_token.unwrap())
    }
}

/// The name of who is let in.
async fn arrive(here: &World, provider: &Provider, policy: &SsoPolicy, who: &str) -> Result<String, String> {
    let (pending, token) = provider.token(here, who, None).await;
    assert_eq!(pending.next, "/models");
    let arrived = here.accounts.arrive_by_sso(policy, &pending, &provider.keys().await, &token, "test").await;
    match arrived {
        Ok(SsoArrival::SignedIn(session)) => {
            let caller = here.accounts.authenticate_session(&session.value).await.unwrap();
            Ok(caller.user().unwrap().name.to_string())
        }
        Ok(SsoArrival::Linked) => panic!("nobody wanted to link"),
        Err(error) => Err(refused::<()>(Err(error))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_the_other_house_knows_gets_an_account_and_keeps_it() {
    let (here, provider) = (world().await, Provider::new().await);
    provider.world.user("ada").await;
    here.user("ada").await;
    // The name is taken by somebody who need not be the same person.
    assert_eq!(arrive(&here, &provider, &provider.policy(), "ada").await.unwrap(), "ada-2");
    assert_eq!(arrive(&here, &provider, &provider.policy(), "ada").await.unwrap(), "ada-2");
    let closed = SsoPolicy { sign_up: SsoSignUp::Nobody, ..provider.policy() };
    assert_eq!(arrive(&here, &provider, &closed, "ada").await.unwrap(), "ada-2");
    assert!(arrive(&here, &provider, &closed, "root-there").await.unwrap_err().contains("no account here"));
    let domains =
        SsoPolicy { sign_up: SsoSignUp::Domains, domains: vec!["example.org".to_owned()], ..provider.policy() };
    // An address that the other house has not proved says nothing.
    let mail = "root@example.org".parse().unwrap();
    provider.world.accounts.set_profile(By::Operator, &name("root-there"), None, Some(&mail)).await.unwrap();
    assert!(arrive(&here, &provider, &domains, "root-there").await.is_err());
    here.accounts.set_disabled(By::Operator, &name("ada-2"), true).await.unwrap();
    assert!(arrive(&here, &provider, &provider.policy(), "ada").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_links_an_identity_which_is_then_theirs_alone() {
    let (here, provider) = (world().await, Provider::new().await);
    provider.world.user("ada").await;
    here.user("grace").await;
    here.user("eve").await;
    let policy = SsoPolicy { sign_up: SsoSignUp::Nobody, ..provider.policy() };
    let keys = provider.keys().await;
    let link = async |who: &str| {
        let caller = here.caller(who).await;
        let (pending, token) = provider.token(&here, "ada", Some(&caller)).await;
        here.accounts.arrive_by_sso(&policy, &pending, &keys, &token, "test").await
    };
    assert!(matches!(link("grace").await.unwrap(), SsoArrival::Linked));
    assert!(matches!(link("grace").await.unwrap(), SsoArrival::Linked));
    assert!(refused(link("eve").await).contains("another account"));
    assert_eq!(arrive(&here, &provider, &policy, "ada").await.unwrap(), "grace");
    let grace = here.caller("grace").await;
    let id = grace.user().unwrap().id;
    let held = here.accounts.sso_identities(By::Caller(&grace), id).await.unwrap();
    assert_eq!((held.len(), held[0].shown.as_str()), (1, "ada"));
    here.accounts.unlink_sso(By::Caller(&grace), id, THERE, &held[0].subject).await.unwrap();
    assert!(arrive(&here, &provider, &policy, "ada").await.is_err());

    // A token for one sign-in is none for another, and one of nobody we know is none at all.
    let (first, _) = provider.token(&here, "ada", None).await;
    let (_, second) = provider.token(&here, "ada", None).await;
    let everyone = provider.policy();
    assert!(here.accounts.arrive_by_sso(&everyone, &first, &keys, &second, "test").await.is_err());
    let stranger = Provider::new().await;
    let (pending, token) = provider.token(&here, "ada", None).await;
    assert!(here.accounts.arrive_by_sso(&everyone, &pending, &stranger.keys().await, &token, "test").await.is_err());
}
