//! Apps: those that wait on a device, those that come through a browser, those that registered themselves.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_account::{
    Accounts, App, AppDraft, AppKind, AuthorizeError, AuthorizeQuery, AuthorizeRequest, By, Caller, ClientAuth,
    ClientId, GrantError, NewOrganization, OauthScopes, Registration, RegistrationError, SigningAlg, Vouched,
};
use hub_core::SecretString;

use crate::{DAY, World, world};

const HF: &str = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";
const HOUSE: &str = "https://hub.example.org";
const BACK: &str = "https://app.example.org/cb";

fn hf() -> ClientId {
    ClientId::new(HF)
}

/// An app that names itself and has no secret.
fn by_name(id: &ClientId) -> ClientAuth {
    ClientAuth { id: Some(id.to_string()), secret: None }
}

async fn person(world: &World, who: &str) -> Caller {
    world.user(who).await;
    world.caller(who).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gets_a_token_once_its_owner_allows_it() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let device = accounts.begin_device(&hf(), "").await.unwrap();
    assert!(matches!(accounts.begin_device(&ClientId::new("other"), "").await.unwrap_err(), GrantError::InvalidClient));
    let poll = async || accounts.poll_device(&hf(), &device.device_code, HOUSE).await;
    assert!(matches!(poll().await.unwrap_err(), GrantError::Pending));
    assert!(matches!(poll().await.unwrap_err(), GrantError::SlowDown));
    let typed = device.user_code.to_lowercase().replace('-', " ");
    assert_eq!(accounts.waiting_device(By::Caller(&ada), &typed).await.unwrap().app.name, "hf");
    accounts.answer_device(By::Caller(&ada), &typed, true).await.unwrap();
    assert!(accounts.answer_device(By::Caller(&ada), &typed, true).await.is_err());
    assert!(accounts.poll_device(&ClientId::new("other"), &device.device_code, HOUSE).await.is_err());
    let tokens = poll().await.unwrap();
    assert!(matches!(poll().await.unwrap_err(), GrantError::Expired));
    let caller = accounts.authenticate_token(&tokens.access).await.unwrap();
    assert_eq!(caller.user().unwrap().name.as_str(), "ada");

    world.clock.advance_millis(9 * 3_600_000);
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());
    let renewed = accounts.refresh_tokens(&by_name(&hf()), &tokens.refresh).await.unwrap();
    accounts.authenticate_token(&renewed.access).await.unwrap();
    let id = accounts.tokens(By::Caller(&ada), ada.user().unwrap().id).await.unwrap()[0].grant.id;
    accounts.revoke_token(By::Caller(&ada), ada.user().unwrap().id, id).await.unwrap();
    assert!(matches!(
        accounts.refresh_tokens(&by_name(&hf()), &renewed.refresh).await.unwrap_err(),
        GrantError::InvalidGrant
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_or_late_device_gets_nothing_and_guessing_is_slowed() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let device = accounts.begin_device(&hf(), "").await.unwrap();
    accounts.answer_device(By::Caller(&ada), &device.user_code, false).await.unwrap();
    let denied = accounts.poll_device(&hf(), &device.device_code, HOUSE).await.unwrap_err();
    assert!(matches!(denied, GrantError::Denied));
    let late = accounts.begin_device(&hf(), "").await.unwrap();
    world.clock.advance_millis(DAY);
    assert!(accounts.waiting_device(By::Caller(&ada), &late.user_code).await.is_err());
    assert!(matches!(accounts.poll_device(&hf(), &late.device_code, HOUSE).await.unwrap_err(), GrantError::Expired));
    for _ in 0..10 {
        assert!(accounts.waiting_device(By::Caller(&ada), "XXXX-XXXX").await.is_err());
    }
    let real = accounts.begin_device(&hf(), "").await.unwrap();
    assert!(accounts.waiting_device(By::Caller(&ada), &real.user_code).await.is_err());
    assert!(accounts.poll_device(&hf(), &SecretString::new("x"), HOUSE).await.is_err());
    assert!(accounts.waiting_device(By::Caller(&Caller::Anonymous), &real.user_code).await.is_err());
}

fn draft(scopes: &str) -> AppDraft {
    AppDraft {
        name: "Gallery".parse().unwrap(),
        homepage: String::new(),
        redirect_uris: vec![BACK.parse().unwrap()],
        scopes: OauthScopes::read(scopes),
        id_token_alg: SigningAlg::Es256,
    }
}

const SCOPES: &str = "openid profile email read-repos write-repos";

async fn app(world: &World, owner: &Caller, kind: AppKind) -> (App, Option<SecretString>) {
    let name = &owner.user().unwrap().name;
    world.accounts.register_app(By::Caller(owner), name, &draft(SCOPES), kind).await.unwrap()
}

fn challenge(verifier: &str) -> String {
    use sha2::Digest as _;
    URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.as_bytes()))
}

fn asked(app: &App, scope: &str) -> AuthorizeQuery {
    AuthorizeQuery {
        client_id: app.client_id.to_string(),
        redirect_uri: BACK.to_owned(),
        response_type: "code".to_owned(),
        scope: scope.to_owned(),
        nonce: "n1".to_owned(),
        code_challenge: challenge("verifier"),
        code_challenge_method: "S256".to_owned(),
    }
}

async fn request(accounts: &Accounts, app: &App, scope: &str) -> AuthorizeRequest {
    accounts.authorize_request(&asked(app, scope)).await.unwrap()
}

fn verifier() -> SecretString {
    SecretString::new("verifier")
}

/// The claims of an id token, whose signature is held against the published keys.
async fn verified(accounts: &Accounts, token: &str) -> serde_json::Value {
    let parts: Vec<&str> = token.split('.').collect();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let head: serde_json::Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    let keys = serde_json::to_value(accounts.public_keys().await.unwrap()).unwrap();
    let key = keys.as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    assert_eq!(head["alg"], key["alg"]);
    let (signed, proof) = (format!("{}.{}", parts[0], parts[1]), decode(parts[2]));
    let part = |name: &str| decode(key[name].as_str().unwrap());
    if key["kty"] == "RSA" {
        let public = ring::signature::RsaPublicKeyComponents { n: part("n"), e: part("e") };
        public.verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &proof).unwrap();
    } else {
        let point: Vec<u8> = [vec![4], part("x"), part("y")].concat();
        let public = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, point);
        public.verify(signed.as_bytes(), &proof).unwrap();
    }
    serde_json::from_slice(&decode(parts[1])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_app_signs_a_person_in_and_does_what_they_allowed() {
    let world = world().await;
    let (ada, bob) = (person(&world, "ada").await, person(&world, "bob").await);
    let accounts = &world.accounts;
    let by = By::Caller(&ada);
    for org in ["lab", "club"] {
        let new = NewOrganization {
            name: org.parse().unwrap(),
            full_name: None,
            default_visibility: hub_core::Visibility::Public,
        };
        accounts.create_org(by, new).await.unwrap();
    }
    let ada = world.caller("ada").await;
    let by = By::Caller(&ada);
    let (app, secret) = app(&world, &bob, AppKind::Public).await;
    assert!(secret.is_none());
    let request = request(accounts, &app, "openid email read-repos jobs").await;
    assert_eq!(request.scopes.to_string(), "openid email read-repos");
    assert!(!accounts.has_consented(by, &request).await.unwrap());
    let user = ada.user().unwrap();
    let lab = user.memberships.iter().find(|membership| membership.name.as_str() == "lab").unwrap().org;
    let club = user.memberships.iter().find(|membership| membership.name.as_str() == "club").unwrap().org;
    let code = accounts.consent(by, &request, Some(&[lab, bob.user().unwrap().id])).await.unwrap();

    // The client says nothing but the code: its verifier proves that it began.
    let none = ClientAuth::default();
    let wrong = accounts.exchange_code(&none, &code, BACK, Some(&SecretString::new("x")), HOUSE).await;
    assert!(matches!(wrong.unwrap_err(), GrantError::WrongVerifier));
    let elsewhere = accounts.exchange_code(&none, &code, "https://evil.example/", Some(&verifier()), HOUSE).await;
    assert!(matches!(elsewhere.unwrap_err(), GrantError::InvalidGrant));
    let other = accounts.exchange_code(&by_name(&hf()), &code, BACK, Some(&verifier()), HOUSE).await;
    assert!(matches!(other.unwrap_err(), GrantError::InvalidClient));
    let tokens = accounts.exchange_code(&none, &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    assert_eq!(tokens.scopes.to_string(), "openid email read-repos");
    let claims = verified(accounts, tokens.id_token.as_deref().unwrap()).await;
    assert_eq!((&claims["iss"], &claims["nonce"]), (&HOUSE.into(), &"n1".into()));
    assert_eq!((&claims["aud"], &claims["sub"]), (&app.client_id.as_str().into(), &user.id.to_string().into()));
    assert!(claims.get("name").is_none(), "{claims}");

    let caller = accounts.authenticate_token(&tokens.access).await.unwrap();
    use hub_core::Access;
    assert_eq!(caller.ceiling(user.id, None), Some(Access::Read));
    assert_eq!((caller.ceiling(lab, None), caller.ceiling(club, None)), (Some(Access::Read), None));
    assert!(!caller.is_instance_admin() && accounts.tokens(By::Caller(&caller), user.id).await.is_err());
    let info = serde_json::to_value(accounts.userinfo(&caller, HOUSE).await.unwrap()).unwrap();
    assert_eq!(info, serde_json::json!({ "sub": user.id.to_string() }));

    // The code again: somebody else has it too, so what it gave ends.
    let again = accounts.exchange_code(&none, &code, BACK, Some(&verifier()), HOUSE).await;
    assert!(matches!(again.unwrap_err(), GrantError::InvalidGrant));
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());

    // Asked for the same, the person need not answer again, and what they chose still holds.
    assert!(accounts.has_consented(by, &request).await.unwrap());
    let code = accounts.consent(by, &request, None).await.unwrap();
    let tokens = accounts.exchange_code(&none, &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    let caller = accounts.authenticate_token(&tokens.access).await.unwrap();
    assert_eq!((caller.ceiling(lab, None), caller.ceiling(club, None)), (Some(Access::Read), None));
    let listed = accounts.authorized_apps(by, user.id).await.unwrap();
    assert_eq!((listed.len(), listed[0].app.name.as_str()), (1, "Gallery"));
    accounts.withdraw_app(by, user.id, &app.client_id).await.unwrap();
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());
    assert!(matches!(accounts.refresh_tokens(&none, &tokens.refresh).await.unwrap_err(), GrantError::InvalidGrant));
    assert!(!accounts.has_consented(by, &request).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_a_secret_must_know_it_and_a_stolen_refresh_token_ends_all() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let (app, secret) = app(&world, &ada, AppKind::Confidential).await;
    let auth = ClientAuth { id: Some(app.client_id.to_string()), secret };
    let request = request(accounts, &app, "write-repos").await;
    let code = accounts.consent(By::Caller(&ada), &request, Some(&[])).await.unwrap();
    let nameless = accounts.exchange_code(&by_name(&app.client_id), &code, BACK, Some(&verifier()), HOUSE).await;
    assert!(matches!(nameless.unwrap_err(), GrantError::InvalidClient));
    let first = accounts.exchange_code(&auth, &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    assert!(first.id_token.is_none());
    let caller = accounts.authenticate_token(&first.access).await.unwrap();
    // It may write and not create or delete.
    let own = ada.user().unwrap().id;
    assert_eq!(caller.ceiling(own, Some(7)), Some(hub_core::Access::Write));
    assert_eq!(caller.ceiling(own, None), Some(hub_core::Access::Read));
    assert!(accounts.refresh_tokens(&by_name(&app.client_id), &first.refresh).await.is_err());
    let second = accounts.refresh_tokens(&auth, &first.refresh).await.unwrap();
    assert!(accounts.authenticate_token(&first.access).await.is_err());
    accounts.authenticate_token(&second.access).await.unwrap();
    let stolen = accounts.refresh_tokens(&auth, &first.refresh).await;
    assert!(matches!(stolen.unwrap_err(), GrantError::InvalidGrant));
    assert!(accounts.authenticate_token(&second.access).await.is_err());
    assert!(accounts.refresh_tokens(&auth, &second.refresh).await.is_err());

    let fresh = accounts.renew_app_secret(By::Caller(&ada), &app.client_id).await.unwrap();
    let code = accounts.consent(By::Caller(&ada), &request, None).await.unwrap();
    assert!(accounts.exchange_code(&auth, &code, BACK, Some(&verifier()), HOUSE).await.is_err());
    let auth = ClientAuth { secret: Some(fresh), ..auth };
    let tokens = accounts.exchange_code(&auth, &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    accounts.give_back_token(&auth, &tokens.access).await.unwrap();
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());
    let late = accounts.consent(By::Caller(&ada), &request, None).await.unwrap();
    world.clock.advance_millis(61_000);
    let expired = accounts.exchange_code(&auth, &late, BACK, Some(&verifier()), HOUSE).await;
    assert!(matches!(expired.unwrap_err(), GrantError::InvalidGrant));
    accounts.delete_app(By::Caller(&ada), &app.client_id).await.unwrap();
    assert!(accounts.authorize_request(&asked(&app, "openid")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_asks_for_is_held_against_its_registration() {
    let world = world().await;
    let (ada, bob) = (person(&world, "ada").await, person(&world, "bob").await);
    let accounts = &world.accounts;
    let (app, _) = app(&world, &ada, AppKind::Public).await;
    let good = asked(&app, "openid");
    let refused = async |query: AuthorizeQuery| match accounts.authorize_request(&query).await.unwrap_err() {
        AuthorizeError::Refused { word, redirect_uri, .. } => {
            assert_eq!(redirect_uri, BACK);
            word
        }
        AuthorizeError::Unreturnable(_) => "unreturnable",
        AuthorizeError::Failed(error) => panic!("{error}"),
    };
    let change = |change: &dyn Fn(&mut AuthorizeQuery)| {
        let mut query = good.clone();
        change(&mut query);
        query
    };
    assert_eq!(refused(change(&|query| query.client_id = "x".to_owned())).await, "unreturnable");
    assert_eq!(refused(change(&|query| query.redirect_uri = format!("{BACK}/x"))).await, "unreturnable");
    assert_eq!(refused(change(&|query| query.response_type = "token".to_owned())).await, "unsupported_response_type");
    assert_eq!(refused(change(&|query| query.scope = "jobs".to_owned())).await, "invalid_scope");
    assert_eq!(refused(change(&|query| query.code_challenge.clear())).await, "invalid_request");
    assert_eq!(refused(change(&|query| query.code_challenge_method = "plain".to_owned())).await, "invalid_request");
    assert_eq!(refused(change(&|query| query.code_challenge = "short".to_owned())).await, "invalid_request");
    assert!(accounts.authorize_request(&change(&|query| query.redirect_uri.clear())).await.is_ok());

    // Others learn nothing of an app and cannot touch it.
    for by in [By::Caller(&bob), By::Caller(&Caller::Anonymous)] {
        assert!(accounts.app(by, &app.client_id).await.is_err());
        assert!(accounts.delete_app(by, &app.client_id).await.is_err());
        assert!(accounts.register_app(by, &ada.user().unwrap().name, &draft("openid"), AppKind::Public).await.is_err());
    }
    assert!(accounts.app(By::Caller(&ada), &hf()).await.is_err());
    let unfit = AppDraft { homepage: "javascript:alert(1)".to_owned(), ..draft("openid") };
    assert!(accounts.change_app(By::Caller(&ada), &app.client_id, &unfit).await.is_err());
    let world_keys = accounts.public_keys().await.unwrap();
    assert_eq!(world.restarted().public_keys().await.unwrap(), world_keys);
    assert_eq!(world_keys.len(), 2);
    world.clock.advance_millis(91 * DAY);
    assert_eq!(accounts.public_keys().await.unwrap().len(), 4);
    world.clock.advance_millis(3 * DAY);
    assert_eq!(accounts.public_keys().await.unwrap().len(), 2);
}

fn registration() -> Registration {
    Registration {
        name: String::new(),
        homepage: String::new(),
        redirect_uris: vec![BACK.to_owned()],
        scope: String::new(),
        kind: AppKind::Public,
        id_token_alg: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_registers_itself_and_signs_people_in_by_rs256() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let (accounts, by) = (&world.accounts, By::Caller(&ada));
    let (app, secret) = accounts.register_itself(&registration(), "203.0.113.1").await.unwrap();
    assert!(secret.is_none() && app.vouched == Vouched::Nobody);
    assert_eq!((app.name.as_str(), app.scopes.to_string().as_str()), ("https://app.example.org", "openid profile"));
    let request = request(accounts, &app, "openid profile email").await;
    assert_eq!(request.scopes.to_string(), "openid profile");
    let code = accounts.consent(by, &request, None).await.unwrap();
    let tokens = accounts.exchange_code(&by_name(&app.client_id), &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    let claims = verified(accounts, tokens.id_token.as_deref().unwrap()).await;
    assert_eq!(claims["preferred_username"], "ada");
    let keys = serde_json::to_value(accounts.public_keys().await.unwrap()).unwrap();
    let rsa: Vec<_> = keys.as_array().unwrap().iter().filter(|key| key["alg"] == "RS256").collect();
    assert!(rsa.len() == 1 && rsa[0]["e"] == "AQAB" && rsa[0].get("d").is_none(), "{keys}");
    // Another program may use its id, so each sign-in is asked for.
    assert!(!accounts.has_consented(by, &request).await.unwrap());
    // Nobody looks after it, and the person can still take back what they allowed.
    assert!(accounts.app(by, &app.client_id).await.is_err());
    accounts.withdraw_app(by, ada.user().unwrap().id, &app.client_id).await.unwrap();
    assert!(accounts.authenticate_token(&tokens.access).await.is_err());

    let confidential = Registration { kind: AppKind::Confidential, name: "Gallery".to_owned(), ..registration() };
    let (app, secret) = accounts.register_itself(&confidential, "203.0.113.1").await.unwrap();
    assert!(secret.is_some() && app.name == "Gallery");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_says_of_itself_is_held_against_the_rules() {
    let world = world().await;
    let refused = async |change: &dyn Fn(&mut Registration)| {
        let mut asked = registration();
        change(&mut asked);
        match world.accounts.register_itself(&asked, "").await.unwrap_err() {
            RegistrationError::RedirectUri(_) => "redirect",
            RegistrationError::Metadata(_) => "metadata",
            RegistrationError::TooMany { .. } => "many",
            RegistrationError::Failed(error) => panic!("{error}"),
        }
    };
    for uri in ["", "x", "http://app.example.org/cb", "javascript:alert(1)", "data:text/html,x", "https://a.example/#x"]
    {
        assert_eq!(refused(&|asked| asked.redirect_uris = vec![uri.to_owned()]).await, "redirect", "{uri}");
    }
    assert_eq!(refused(&|asked| asked.redirect_uris = vec![BACK.to_owned(); 21]).await, "redirect");
    assert_eq!(refused(&|asked| asked.redirect_uris = vec![format!("{BACK}{}", "x".repeat(1000))]).await, "redirect");
    assert_eq!(refused(&|asked| asked.redirect_uris.clear()).await, "metadata");
    assert_eq!(refused(&|asked| asked.homepage = "javascript:alert(1)".to_owned()).await, "metadata");
    assert_eq!(refused(&|asked| asked.name = "x".repeat(10_000)).await, "metadata");
    assert_eq!(refused(&|asked| asked.name = "a\u{0}b".to_owned()).await, "metadata");
    assert_eq!(refused(&|asked| asked.scope = "everything".to_owned()).await, "metadata");
    assert_eq!(refused(&|asked| asked.id_token_alg = "none".to_owned()).await, "metadata");
    for uri in ["http://localhost/cb", "http://127.0.0.1:1234/cb", "http://[::1]/", "org.example.app:/cb"] {
        let asked = Registration { redirect_uris: vec![uri.to_owned()], ..registration() };
        world.accounts.register_itself(&asked, uri).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_are_bounded_and_unused_ones_are_forgotten() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let (used, _) = accounts.register_itself(&registration(), "203.0.113.1").await.unwrap();
    for _ in 1..20 {
        accounts.register_itself(&registration(), "203.0.113.1").await.unwrap();
    }
    let many = accounts.register_itself(&registration(), "203.0.113.1").await.unwrap_err();
    assert!(matches!(many, RegistrationError::TooMany { .. }), "{many}");
    accounts.register_itself(&registration(), "203.0.113.2").await.unwrap();
    world.clock.advance_millis(3_600_001);
    let (fresh, _) = accounts.register_itself(&registration(), "203.0.113.1").await.unwrap();

    let request = request(accounts, &used, "openid").await;
    accounts.consent(By::Caller(&ada), &request, None).await.unwrap();
    world.clock.advance_millis(7 * DAY - 1_800_000);
    assert_eq!(accounts.forget_unused_apps().await.unwrap(), 20);
    for kept in [&used, &fresh] {
        accounts.authorize_request(&asked(kept, "openid")).await.unwrap();
    }
    accounts
        .authorize_request(&AuthorizeQuery { client_id: HF.to_owned(), ..asked(&used, "openid") })
        .await
        .unwrap_err();
    accounts.begin_device(&hf(), "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_contributes_has_a_say_where_it_was_let_in() {
    let world = world().await;
    let ada = person(&world, "ada").await;
    let accounts = &world.accounts;
    let asked_for = Registration { scope: "contribute-repos".to_owned(), ..registration() };
    let (app, _) = accounts.register_itself(&asked_for, "").await.unwrap();
    let request = request(accounts, &app, "contribute-repos").await;
    assert!(request.scopes.ask_for_orgs());
    let code = accounts.consent(By::Caller(&ada), &request, None).await.unwrap();
    let none = ClientAuth::default();
    let tokens = accounts.exchange_code(&none, &code, BACK, Some(&verifier()), HOUSE).await.unwrap();
    let caller = accounts.authenticate_token(&tokens.access).await.unwrap();
    let own = ada.user().unwrap().id;
    assert!(caller.contributor().is_some() && caller.contributor_to(own) == caller.contributor());
    assert_eq!(caller.contributor_to(hub_account::NamespaceId::new(99)), None);
    // It has no say over what is there already, and sees nothing hidden.
    assert_eq!((caller.ceiling(own, None), caller.ceiling(own, Some(7))), (None, None));
    assert!(caller.readable_namespaces().is_empty());
    assert_eq!(ada.contributor(), None);
}
