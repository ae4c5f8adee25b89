//! Create, rename, transfer, duplicate, delete, list.

use hub_account::Caller;
use hub_core::{Access, RepoKind, Visibility};
use hub_repo::{ListQuery, RepoError, SettingsChange};
use hub_test::TestEngine;

use crate::support::{addr, commit, model, new_model, paths, put, put_large, read, upload};

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_once_whatever_its_case() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    model(&engine, &alice, "alice/Model").await;
    let again = engine.repos.create(&alice, new_model("alice", "model")).await;
    assert!(matches!(again, Err(RepoError::RepoExists { .. })));
    let foreign = engine.repos.create(&alice, new_model("bob", "model")).await;
    assert!(matches!(foreign, Err(RepoError::Forbidden(_))));
    let racers = (0..8).map(|_| {
        let (repos, alice) = (engine.repos.clone(), alice.clone());
        tokio::spawn(async move { repos.create(&alice, new_model("alice", "raced")).await.is_ok() })
    });
    let won =
        futures::future::join_all(racers).await.into_iter().filter(|won| *won.as_ref().expect("no panic")).count();
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_addresses_lead_to_the_new_one_for_those_who_may_know() {
    let engine = TestEngine::new().await;
    let (alice, carol) = (engine.caller("alice").await, engine.caller("carol").await);
    let repo = model(&engine, &alice, "alice/old").await;
    commit(&repo, "one", vec![put("a", "1")]).await.expect("committed");
    engine.repos.rename(&repo, addr("acme/new")).await.expect("moved");
    let moved = engine.repos.open(&carol, &addr("alice/old"), Access::Read).await;
    assert!(matches!(moved, Err(RepoError::Moved { to }) if to.repo_id() == "acme/new"));
    let repo = engine.repos.open(&alice, &addr("acme/new"), Access::Admin).await.expect("there");
    assert_eq!(read(&repo, "a").await.expect("nothing is lost"), b"1");

    let hide = SettingsChange { visibility: Some(Visibility::Private), ..SettingsChange::default() };
    engine.repos.change_settings(&repo, &hide).await.expect("hidden");
    let hidden = engine.repos.open(&carol, &addr("alice/old"), Access::Read).await;
    assert!(matches!(hidden, Err(RepoError::RepoNotFound)));

    model(&engine, &alice, "alice/old").await;
    assert!(engine.repos.open(&carol, &addr("alice/old"), Access::Read).await.is_ok(), "a new one takes the name over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_has_everything_and_goes_its_own_way() {
    let engine = TestEngine::new().await;
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    let repo = model(&engine, &alice, "alice/original").await;
    let weights = vec![7; 300_000];
    upload(&engine, &repo, &weights).await.expect("uploaded");
    commit(&repo, "one", vec![put("a", "1"), put_large("w.bin", &weights)]).await.expect("committed");
    let seen = engine.repos.open(&bob, &addr("alice/original"), Access::Read).await.expect("public");
    let copy = engine.repos.duplicate(&seen, addr("bob/copy"), None).await.expect("duplicated");
    engine.repos.delete(&repo).await.expect("deleted");
    assert_eq!(paths(&copy).await, [".gitattributes", "a", "w.bin"]);
    assert_eq!(read(&copy, "w.bin").await.expect("content is shared"), weights);
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_what_the_caller_may_know_and_page_to_the_end() {
    let engine = TestEngine::new().await;
    let (alice, carol) = (engine.caller("alice").await, engine.caller("carol").await);
    for n in 0..7 {
        let mut new = new_model("alice", &format!("listed-{n}"));
        new.visibility = Some(if n == 3 { Visibility::Private } else { Visibility::Public });
        engine.repos.create(&alice, new).await.expect("created");
    }
    let names = async |caller: &Caller, query: ListQuery| {
        let (mut names, mut query) = (Vec::new(), query);
        loop {
            let page = engine.repos.list(caller, &query).await.expect("a page");
            names.extend(page.repos.iter().map(|repo| repo.state.addr.name.to_string()));
            query.after = page.next;
            if query.after.is_none() {
                return names;
            }
        }
    };
    let all = ListQuery { limit: 2, ..ListQuery::of(RepoKind::Model) };
    assert_eq!(names(&alice, all.clone()).await.len(), 7);
    assert_eq!(names(&carol, all.clone()).await.len(), 6);
    assert_eq!(names(&Caller::Anonymous, all.clone()).await.len(), 6);
    let search = ListQuery { search: vec!["STED-5".to_owned()], ..all.clone() };
    assert_eq!(names(&carol, search).await, ["listed-5"]);
    let wild = ListQuery { search: vec!["listed_".to_owned()], ..all };
    assert!(names(&carol, wild).await.is_empty(), "a wildcard is an ordinary character");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_a_repository_deleted_meanwhile_finds_none() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/vanishing").await;
    let mut draft = repo.begin_commit(&hub_core::Revision::main()).await.expect("a draft");
    draft.push(put("README.md", "---\nlicense: mit\n---\n")).await.expect("taken");
    engine.repos.delete(&repo).await.expect("deleted");
    let refused = draft.finish(crate::support::titled("too late")).await;
    assert!(matches!(refused, Err(RepoError::RepoNotFound)));
}
