//! The index beside the database: the same answers, at once after each change, for everyone who asks.

use bytes::Bytes;
use hub_account::Caller;
use hub_catalog::{Catalog, CatalogError, Clause, Group, Query};
use hub_core::{Access, RepoAddr, RepoKind, Revision, Visibility};
use hub_jobs::Outbox;
use hub_repo::{ClientClass, CommitHeader, Download, ListQuery, NewRepo, Operation, Repo, SettingsChange, SortKey};
use hub_test::TestEngine;

async fn indexed(engine: &TestEngine) -> Catalog {
    let catalog = Catalog::new(engine.repos.clone(), engine.db.clone());
    catalog.build().await.expect("the index is built");
    catalog
}

async fn model(engine: &TestEngine, caller: &Caller, id: &str, visibility: Visibility) -> Repo {
    let addr = RepoAddr::parse(RepoKind::Model, id).expect("a valid address");
    let new = NewRepo {
        kind: RepoKind::Model,
        namespace: Some(addr.namespace.clone()),
        name: addr.name.clone(),
        visibility: Some(visibility),
        sdk: None,
        license: None,
        files: Vec::new(),
    };
    engine.repos.create(caller, new).await.expect("created");
    engine.repos.open(caller, &addr, Access::Admin).await.expect("its owner opens it")
}

async fn write(repo: &Repo, path: &str, content: &str) {
    let mut draft = repo.begin_commit(&Revision::main()).await.expect("a draft");
    let content = Bytes::copy_from_slice(content.as_bytes());
    let put = Operation::Put { path: path.parse().expect("a path"), content, old_path: None };
    draft.push(put).await.expect("taken");
    draft.finish(CommitHeader { title: "one".to_owned(), ..CommitHeader::default() }).await.expect("committed");
}

fn card(task: &str, license: &str, languages: &str) -> String {
    format!("---\npipeline_tag: {task}\nlicense: {license}\nlanguage: [{languages}]\n---\n# Card\n")
}

/// The ids of all pages, from the index and from the database.
async fn both(
    engine: &TestEngine,
    catalog: &Catalog,
    caller: &Caller,
    query: &ListQuery,
) -> (Vec<String>, Vec<String>) {
    let (mut from_index, mut from_database) = (Vec::new(), Vec::new());
    let mut asked = query.clone();
    loop {
        let page = catalog.list(caller, &asked).await.expect("the index answers");
        from_index.extend(page.repos.iter().map(|repo| repo.state.addr.repo_id()));
        asked.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let mut asked = query.clone();
    loop {
        let page = engine.repos.list(caller, &asked).await.expect("the database answers");
        from_database.extend(page.repos.iter().map(|repo| repo.state.addr.repo_id()));
        asked.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    (from_index, from_database)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_answers_what_the_database_answers() {
    let engine = TestEngine::new().await;
    let catalog = indexed(&engine).await;
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    for (number, license) in ["mit", "apache-2.0", "mit", "gpl-3.0", "mit", "apache-2.0"].into_iter().enumerate() {
        let visibility = if number % 3 == 2 { Visibility::Private } else { Visibility::Public };
        for (caller, owner) in [(&alice, "alice"), (&alice, "acme"), (&bob, "bob")] {
            let repo = model(&engine, caller, &format!("{owner}/Smol-{number}"), visibility).await;
            let task = if number % 2 == 0 { "text-generation" } else { "fill-mask" };
            write(&repo, "README.md", &card(task, license, if number == 1 { "fr, en" } else { "en" })).await;
        }
    }
    let of = |change: fn(&mut ListQuery)| {
        let mut query = ListQuery { limit: 4, ..ListQuery::of(RepoKind::Model) };
        change(&mut query);
        query
    };
    let queries = [
        of(|_| ()),
        of(|query| query.sort = SortKey::Created),
        of(|query| query.tags = vec!["license:mit".to_owned()]),
        of(|query| query.tags = vec!["fr".to_owned(), "license:apache-2.0".to_owned()]),
        of(|query| query.tags = vec!["unheard-of".to_owned()]),
        of(|query| query.author = Some("ACME".to_owned())),
        of(|query| query.search = vec!["SMOL".to_owned(), "-4".to_owned()]),
        of(|query| query.search = vec!["e/s".to_owned()]),
        of(|query| query.search = vec!["%".to_owned()]),
        of(|query| query.gated = Some(true)),
        of(|query| query.gated = Some(false)),
        of(|query| query.parameters_min = Some(0)),
        of(|query| {
            query.sort = SortKey::Modified;
            query.ascending = true;
        }),
    ];
    let mut seen = 0;
    for caller in [Caller::Anonymous, alice, bob, engine.caller("carol").await] {
        for query in &queries {
            let (index, database) = both(&engine, &catalog, &caller, query).await;
            assert_eq!(index, database, "{query:?}");
            seen += index.len();
        }
    }
    assert!(seen > 200, "the queries find something: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_the_next_answer() {
    let engine = TestEngine::new().await;
    let (catalog, replica) = (indexed(&engine).await, indexed(&engine).await);
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    let ids = async |caller: &Caller| {
        let query = ListQuery { sort: SortKey::Downloads, ..ListQuery::of(RepoKind::Model) };
        let mut answers = Vec::new();
        for catalog in [&catalog, &replica] {
            let page = catalog.list(caller, &query).await.expect("answered");
            answers.push(page.repos.iter().map(|repo| repo.state.addr.repo_id()).collect::<Vec<_>>());
        }
        assert_eq!(answers[0], answers[1], "every replica answers the same");
        answers.remove(0)
    };
    let first = model(&engine, &alice, "alice/first", Visibility::Public).await;
    let second = model(&engine, &alice, "alice/second", Visibility::Public).await;
    assert_eq!(ids(&bob).await.len(), 2);

    write(&first, "config.json", "{}").await;
    let path = "config.json".parse().expect("a path");
    let download = Download { path: &path, address: None, class: ClientClass::Library };
    first.count_download(&download).await.expect("counted");
    engine.repos.write_downloads().await.expect("written");
    assert_eq!(ids(&bob).await, ["alice/first", "alice/second"]);

    let hide = SettingsChange { visibility: Some(Visibility::Private), ..SettingsChange::default() };
    engine.repos.change_settings(&first, &hide).await.expect("hidden");
    assert_eq!(ids(&bob).await, ["alice/second"]);
    assert_eq!(ids(&alice).await, ["alice/first", "alice/second"]);

    let to = RepoAddr::parse(RepoKind::Model, "acme/renamed").expect("an address");
    engine.repos.rename(&second, to).await.expect("moved");
    assert_eq!(ids(&bob).await, ["acme/renamed"]);
    engine.repos.delete(&first).await.expect("deleted");
    assert_eq!(ids(&alice).await, ["acme/renamed"]);

    // A reader that was away too long reads everything again.
    model(&engine, &alice, "alice/third", Visibility::Public).await;
    let later = hub_core::Timestamp::from_millis(i64::MAX / 2);
    Outbox::new(engine.db.clone()).prune(later).await.expect("pruned");
    assert_eq!(ids(&bob).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_and_facets_hold_nothing_that_the_caller_may_not_know() {
    let engine = TestEngine::new().await;
    let catalog = indexed(&engine).await;
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    for (name, visibility, license) in [
        ("open", Visibility::Public, "mit"),
        ("closed", Visibility::Private, "gpl-3.0"),
        ("also", Visibility::Public, "mit"),
    ] {
        let repo = model(&engine, &alice, &format!("alice/{name}"), visibility).await;
        write(&repo, "README.md", &card("text-generation", license, "en, de")).await;
    }
    let query = Query {
        clauses: vec![Clause::has(Group::Author, "alice")],
        limit: 10,
        facets: vec![Group::License, Group::Language],
        facet_terms: 10,
        ..Query::default()
    };
    let search = async |caller: &Caller| {
        let found = catalog.find(caller, RepoKind::Model, query.clone()).await.expect("answered").found;
        let facets: Vec<String> = found
            .facets
            .iter()
            .flat_map(|facet| facet.counts.iter().map(|(value, count)| format!("{value} {count}")))
            .collect();
        (found.total, facets.join(", "))
    };
    assert_eq!(search(&bob).await, (2, "mit 2, de 2, en 2".to_owned()));
    assert_eq!(search(&alice).await, (3, "mit 2, gpl-3.0 1, de 3, en 3".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn until_it_is_built_the_database_answers() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    model(&engine, &alice, "alice/first", Visibility::Public).await;
    let catalog = Catalog::new(engine.repos.clone(), engine.db.clone());
    let query = ListQuery::of(RepoKind::Model);
    assert_eq!(catalog.list(&alice, &query).await.expect("answered").repos.len(), 1);
    let early = catalog.find(&alice, RepoKind::Model, Query::default()).await;
    assert!(matches!(early, Err(CatalogError::NotBuilt)));
    assert_eq!(catalog.build().await.expect("built").repositories, 1);
    assert_eq!(catalog.find(&alice, RepoKind::Model, Query::default()).await.expect("answered").found.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_from_the_snapshot_answers_as_one_from_the_database() {
    let engine = TestEngine::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalog");
    let start = async || {
        let catalog = Catalog::with_snapshot(engine.repos.clone(), engine.db.clone(), path.clone());
        let built = catalog.build().await.expect("built");
        (catalog, built)
    };
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    for number in 0..7 {
        let visibility = if number % 3 == 2 { Visibility::Private } else { Visibility::Public };
        let repo = model(&engine, &alice, &format!("alice/Smol-{number}"), visibility).await;
        write(&repo, "README.md", &card("fill-mask", "mit", "en, fr")).await;
    }
    let (catalog, built) = start().await;
    assert!(!built.from_snapshot && built.refused.is_none());
    assert!(catalog.write_snapshot().await.expect("written"));
    assert!(!catalog.write_snapshot().await.expect("nothing new"));

    // What changed since is taken in; what was removed is gone.
    let late = model(&engine, &bob, "bob/late", Visibility::Public).await;
    let addr = RepoAddr::parse(RepoKind::Model, "alice/smol-0").expect("an address");
    let first = engine.repos.open(&alice, &addr, Access::Admin).await.expect("opened");
    engine.repos.delete(&first).await.expect("deleted");
    let (restored, built) = start().await;
    assert!(built.from_snapshot, "{built:?}");
    let query = Query { limit: 100, facets: Group::ALL.to_vec(), facet_terms: 50, ..Query::default() };
    for caller in [&Caller::Anonymous, &alice, &bob] {
        let found = restored.find(caller, RepoKind::Model, query.clone()).await.expect("answered").found;
        let expected = catalog.find(caller, RepoKind::Model, query.clone()).await.expect("answered").found;
        assert_eq!(found, expected);
    }
    engine.repos.delete(&late).await.expect("deleted");
    assert!(restored.write_snapshot().await.expect("written"));

    // Every damaged byte is noticed, and so are a cut, another version and another database.
    let whole = std::fs::read(&path).expect("the file");
    let expected = restored.find(&alice, RepoKind::Model, query.clone()).await.expect("answered").found;
    for at in (0..whole.len()).step_by(whole.len() / 97 + 1) {
        let mut broken = whole.clone();
        broken[at] ^= 0x10;
        std::fs::write(&path, broken).expect("written");
        let (catalog, built) = start().await;
        assert!(!built.from_snapshot && built.refused.is_some(), "byte {at} of {}", whole.len());
        assert_eq!(catalog.find(&alice, RepoKind::Model, query.clone()).await.expect("answered").found, expected);
    }
    std::fs::write(&path, &whole[..whole.len() - 5]).expect("written");
    assert!(start().await.1.refused.is_some());
    std::fs::write(&path, &whole).expect("written");
    let other = TestEngine::new().await;
    let foreign = Catalog::with_snapshot(other.repos.clone(), other.db.clone(), path.clone());
    let built = foreign.build().await.expect("built");
    assert!(!built.from_snapshot && built.repositories == 0);
}
