//! Full text over real repositories: what is found, by whom, in which order, and that the index follows.

use bytes::Bytes;
use hub_account::Caller;
use hub_core::{Access, Clock as _, Code, RepoAddr, RepoKind, Revision, UserError as _, Visibility};
use hub_jobs::Outbox;
use hub_repo::{CommitHeader, NewRepo, Operation, Repo, SettingsChange, SpaceSdk};
use hub_search::{Hits, Search, SearchError, Wanted};
use hub_test::TestEngine;
use tempfile::TempDir;

struct Library {
    engine: TestEngine,
    folder: TempDir,
    search: Search,
    alice: Caller,
}

impl Library {
    async fn new() -> Self {
        let engine = TestEngine::new().await;
        let folder = TempDir::new().expect("a folder");
        let search = Search::new(engine.repos.clone(), engine.db.clone(), folder.path().join("texts"));
        let alice = engine.caller("alice").await;
        Self { engine, folder, search, alice }
    }

    /// Another replica, or the same after a restart.
    fn reopened(&self, name: &str) -> Search {
        Search::new(self.engine.repos.clone(), self.engine.db.clone(), self.folder.path().join(name))
    }

    async fn publish(&self, kind: RepoKind, id: &str, visibility: Visibility, files: &[(&str, &str)]) -> Repo {
        let addr = RepoAddr::parse(kind, id).expect("a valid address");
        let new = NewRepo {
            kind,
            namespace: Some(addr.namespace.clone()),
            name: addr.name.clone(),
            visibility: Some(visibility),
            sdk: (kind == RepoKind::Space).then_some(SpaceSdk::Gradio),
            license: None,
            files: Vec::new(),
        };
        self.engine.repos.create(&self.alice, new).await.expect("created");
        let repo = self.engine.repos.open(&self.alice, &addr, Access::Admin).await.expect("its owner opens it");
        write(&repo, files).await;
        repo
    }

    async fn find(&self, caller: &Caller, text: &str) -> Hits {
        self.search.catch_up().await.expect("the index follows");
        let wanted = Wanted { text: text.to_owned(), limit: 20, ..Wanted::default() };
        self.search.find(caller, &wanted).await.expect("an answer")
    }

    async fn names(&self, text: &str) -> Vec<String> {
        names(&self.find(&Caller::Anonymous, text).await)
    }
}

async fn write(repo: &Repo, files: &[(&str, &str)]) {
    let mut draft = repo.begin_commit(&Revision::main()).await.expect("a draft");
    for (path, content) in files {
        let content = Bytes::copy_from_slice(content.as_bytes());
        let put = Operation::Put { path: path.parse().expect("a path"), content, old_path: None };
        draft.push(put).await.expect("taken");
    }
    draft.finish(CommitHeader { title: "one".to_owned(), ..CommitHeader::default() }).await.expect("committed");
}

fn names(hits: &Hits) -> Vec<String> {
    hits.hits.iter().map(|hit| hit.repo.state.addr.repo_id()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_and_programs_are_found_by_their_words() {
    let library = Library::new().await;
    let card = |body: &str| format!("---\nlicense: mit\ntags: [whale]\n---\n{body}");
    let public = Visibility::Public;
    let speech = card("# Speech\nRecognises short commands in Faroese, offline.");
    library.publish(RepoKind::Model, "alice/speech-tiny", public, &[("README.md", &speech)]).await;
    let chinese = card("本模型用于中文语音识别。");
    library.publish(RepoKind::Model, "alice/zh", public, &[("README.md", &chinese)]).await;
    let japanese = card("これは日本語の機械学習モデルです。");
    library.publish(RepoKind::Dataset, "alice/ja", public, &[("README.md", &japanese)]).await;
    let program = "import gradio as gr\n\ndef recognise_faroese(sound):\n    return 'speech'\n";
    let space = [("README.md", "---\nsdk: gradio\n---\n# Demo"), ("app.py", program)];
    library.publish(RepoKind::Space, "alice/demo", public, &space).await;

    assert_eq!(library.names("faroese").await, ["alice/speech-tiny", "alice/demo"]);
    // A name counts more than a card, a card more than a program.
    assert_eq!(library.names("speech").await[0], "alice/speech-tiny");
    assert_eq!(library.names("\"recognise faroese\"").await, ["alice/demo"]);
    assert_eq!(library.names("faroese -gradio").await, ["alice/speech-tiny"]);
    assert_eq!(library.names("语音识别").await, ["alice/zh"]);
    assert_eq!(library.names("学习").await, Vec::<String>::new());
    assert_eq!(library.names("機械学習").await, ["alice/ja"]);
    assert_eq!(library.names("语").await, ["alice/zh"]);
    assert_eq!(library.names("command").await, ["alice/speech-tiny"], "a plural is found by its singular");
    assert_eq!(library.names("whale").await.len(), 2 + 1, "tags are words too");
    assert_eq!(library.names("nothing-of-it").await, Vec::<String>::new());
    // Metadata is not prose.
    assert_eq!(library.names("sdk").await, Vec::<String>::new());

    let mistyped = library.find(&Caller::Anonymous, "faroesse").await;
    assert!(mistyped.is_forgiving && names(&mistyped).contains(&"alice/speech-tiny".to_owned()), "{mistyped:?}");

    let wanted = Wanted { text: "faroese".to_owned(), limit: 5, explain: true, ..Wanted::default() };
    let hits = library.search.find(&Caller::Anonymous, &wanted).await.expect("an answer");
    assert_eq!((hits.total, hits.is_forgiving, hits.is_complete), (2, false, true));
    let hit = &hits.hits[0];
    assert_eq!(hit.file.as_ref().map(|path| path.as_str()), Some("README.md"));
    let marked: Vec<&str> = hit.excerpt.iter().filter(|piece| piece.is_match).map(|piece| &*piece.text).collect();
    assert_eq!(marked, ["Faroese"]);
    let explanation = hit.explanation.as_ref().expect("it was asked for");
    let words = &explanation["words"];
    assert_eq!((&words[0]["words"], &words[0]["field"]), (&"faroese".into(), &"card".into()), "{explanation}");
    assert!(words[0]["worth"].as_f64().is_some_and(|worth| worth > 0.0), "{explanation}");

    let only = Wanted { kinds: vec![RepoKind::Space], ..wanted.clone() };
    assert_eq!(names(&library.search.find(&Caller::Anonymous, &only).await.unwrap()), ["alice/demo"]);
    let of_bob = Wanted { author: Some("bob".parse().unwrap()), ..wanted.clone() };
    assert_eq!(library.search.find(&Caller::Anonymous, &of_bob).await.unwrap().total, 0);
    let second = Wanted { offset: 1, limit: 1, ..wanted };
    assert_eq!(names(&library.search.find(&Caller::Anonymous, &second).await.unwrap()), ["alice/demo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_what_is_hidden_from_them() {
    let library = Library::new().await;
    let secret = [("README.md", "# The tapir plan")];
    let repo = library.publish(RepoKind::Model, "alice/plan", Visibility::Private, &secret).await;
    library.publish(RepoKind::Model, "acme/plan", Visibility::Private, &secret).await;
    let found = async |who: &str| {
        let hits = match who {
            "" => library.find(&Caller::Anonymous, "tapir").await,
            who => library.find(&library.engine.caller(who).await, "tapir").await,
        };
        assert_eq!(hits.total, hits.hits.len(), "the count tells nothing either");
        let mut names = names(&hits);
        names.sort();
        names
    };
    assert_eq!(found("").await, Vec::<String>::new());
    assert_eq!(found("carol").await, Vec::<String>::new());
    assert_eq!(found("bob").await, ["acme/plan"]);
    assert_eq!(found("alice").await, ["acme/plan", "alice/plan"]);

    let open = SettingsChange { visibility: Some(Visibility::Public), ..SettingsChange::default() };
    library.engine.repos.change_settings(&repo, &open).await.expect("changed");
    assert_eq!(found("carol").await, ["alice/plan"]);
    write(&repo, &[("README.md", "# The anteater plan")]).await;
    assert_eq!(found("carol").await, Vec::<String>::new());
    assert_eq!(library.names("anteater").await, ["alice/plan"]);
    library.engine.repos.delete(&repo).await.expect("deleted");
    assert_eq!(library.names("anteater").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_goes_on_where_it_was_left_and_is_built_anew_when_it_missed_something() {
    let library = Library::new().await;
    library.publish(RepoKind::Model, "alice/one", Visibility::Public, &[("README.md", "# First emu")]).await;
    assert_eq!(library.names("emu").await, ["alice/one"]);
    library.publish(RepoKind::Model, "alice/two", Visibility::Public, &[("README.md", "# Second emu")]).await;

    let again = library.reopened("texts");
    assert_eq!(again.catch_up().await.expect("it follows"), 1, "only what is new is written");
    let wanted = Wanted { text: "emu".to_owned(), limit: 9, ..Wanted::default() };
    assert_eq!(again.find(&Caller::Anonymous, &wanted).await.unwrap().total, 2);
    assert_eq!(again.catch_up().await.expect("it follows"), 0);

    let replica = library.reopened("replica");
    assert!(matches!(replica.find(&Caller::Anonymous, &wanted).await, Err(SearchError::NotOpen)));
    assert_eq!(replica.catch_up().await.expect("it is built"), 2);
    assert_eq!(replica.find(&Caller::Anonymous, &wanted).await.unwrap().total, 2);

    // Events that were removed before they were seen: everything is read again.
    library.publish(RepoKind::Model, "alice/three", Visibility::Public, &[("README.md", "# Third emu")]).await;
    let outbox = Outbox::new(library.engine.db.clone());
    outbox.prune(library.engine.clock.now().plus_millis(1)).await.expect("pruned");
    assert_eq!(replica.catch_up().await.expect("it is built anew"), 3);
    assert_eq!(replica.find(&Caller::Anonymous, &wanted).await.unwrap().total, 3);

    // A damaged index is no reason not to start.
    let damaged = library.folder.path().join("damaged");
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("meta.json"), "{ not json").unwrap();
    let damaged = library.reopened("damaged");
    assert_eq!(damaged.catch_up().await.expect("it is built"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_make_no_sense_are_answered_with_what_is_wrong() {
    let library = Library::new().await;
    library.publish(RepoKind::Model, "alice/one", Visibility::Public, &[("README.md", "# emu")]).await;
    library.search.catch_up().await.expect("it is built");
    let ask = async |wanted: Wanted| library.search.find(&Caller::Anonymous, &wanted).await;
    let of = |text: &str| Wanted { text: text.to_owned(), limit: 10, ..Wanted::default() };
    for wrong in [
        of(&"x".repeat(501)),
        of("a\0b"),
        Wanted { limit: 0, ..of("emu") },
        Wanted { limit: 51, ..of("emu") },
        Wanted { offset: 1000, ..of("emu") },
    ] {
        let error = ask(wrong).await.expect_err("it is refused");
        assert_eq!(error.code(), Code::BadRequest, "{error}");
    }
    for odd in ["", "-", "-emu", "\"", "\"\"", "+-&|!(){}[]^~*?:\\/", "AND OR NOT", &"emu ".repeat(120), "ﷺ", "🦤"]
    {
        assert!(ask(of(odd)).await.is_ok(), "{odd:?}");
    }
    assert_eq!(ask(of("-emu")).await.unwrap().total, 0);
}
