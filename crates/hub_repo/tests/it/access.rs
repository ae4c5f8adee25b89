//! Who may know, read, write and administer.

use hub_account::Caller;
use hub_core::{Access, SecretString, Visibility};
use hub_repo::{Gating, RepoError, SettingsChange};
use hub_test::TestEngine;

use crate::support::{addr, model};

async fn outcome(engine: &TestEngine, caller: &Caller, id: &str, access: Access) -> &'static str {
    match engine.repos.open(caller, &addr(id), access).await {
        Ok(_) => "ok",
        Err(RepoError::RepoNotFound) => "not found",
        Err(RepoError::NeedsLogin) => "login",
        Err(RepoError::Forbidden(_)) => "forbidden",
        Err(RepoError::Gated { .. }) => "gated",
        Err(error) => panic!("unexpected: {error}"),
    }
}

const EACH: [Access; 4] = [Access::Metadata, Access::Read, Access::Write, Access::Admin];

async fn row(engine: &TestEngine, caller: &Caller, id: &str) -> [&'static str; 4] {
    let mut outcomes = [""; 4];
    for (place, access) in EACH.into_iter().enumerate() {
        outcomes[place] = outcome(engine, caller, id, access).await;
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn each_visibility_grants_what_it_says() {
    let engine = TestEngine::new().await;
    let (alice, bob, carol) = (engine.caller("alice").await, engine.caller("bob").await, engine.caller("carol").await);
    let read_only =
        engine.accounts.authenticate_token(&SecretString::new("hf_alice_read")).await.expect("a read token");
    let repo = model(&engine, &alice, "acme/model").await;

    let public = [
        (&Caller::Anonymous, ["ok", "ok", "login", "login"]),
        (&carol, ["ok", "ok", "forbidden", "forbidden"]),
        (&bob, ["ok", "ok", "forbidden", "forbidden"]),
        (&read_only, ["ok", "ok", "forbidden", "forbidden"]),
        (&alice, ["ok", "ok", "ok", "ok"]),
    ];
    for (caller, expected) in public {
        assert_eq!(row(&engine, caller, "acme/model").await, expected, "public, {caller:?}");
    }

    let gate = SettingsChange { gating: Some(Gating::Manual), ..SettingsChange::default() };
    engine.repos.change_settings(&repo, &gate).await.expect("gated");
    assert_eq!(row(&engine, &carol, "acme/model").await, ["ok", "gated", "forbidden", "forbidden"]);
    assert_eq!(row(&engine, &Caller::Anonymous, "acme/model").await, ["ok", "gated", "login", "login"]);
    assert_eq!(row(&engine, &bob, "acme/model").await, ["ok", "ok", "forbidden", "forbidden"]);

    let hide = SettingsChange { visibility: Some(Visibility::Private), ..SettingsChange::default() };
    engine.repos.change_settings(&repo, &hide).await.expect("hidden");
    let missing = ["not found"; 4];
    assert_eq!(row(&engine, &Caller::Anonymous, "acme/model").await, missing);
    assert_eq!(row(&engine, &carol, "acme/model").await, missing);
    assert_eq!(row(&engine, &carol, "acme/absent").await, missing);
    assert_eq!(row(&engine, &bob, "acme/model").await, ["ok", "ok", "forbidden", "forbidden"]);
    assert_eq!(row(&engine, &read_only, "acme/model").await, ["ok", "ok", "forbidden", "forbidden"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contributors_administer_what_they_created() {
    let engine = TestEngine::new().await;
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    model(&engine, &bob, "acme/by-bob").await;
    model(&engine, &alice, "acme/by-alice").await;
    assert_eq!(row(&engine, &bob, "acme/by-bob").await, ["ok"; 4]);
    assert_eq!(row(&engine, &bob, "acme/by-alice").await, ["ok", "ok", "forbidden", "forbidden"]);
}
