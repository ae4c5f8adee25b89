//! Commits, trees, history, branches and tags.

use hub_core::{CommitId, Revision};
use hub_repo::{ChangeStatus, CommitHeader, Operation, RepoError};
use hub_test::TestEngine;

use crate::support::{commit, model, path, paths, put, read, titled};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_repository_has_one_commit_with_attributes() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/first").await;
    assert_eq!(paths(&repo).await, [".gitattributes"]);
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let history = repo.list_commits(head, 0, 10).await.expect("a history");
    assert_eq!((history.total, history.commits[0].title.as_str()), (1, "initial commit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_put_moved_and_deleted_in_one_commit() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/edit").await;
    commit(&repo, "add", vec![put("a.txt", "a"), put("d/b.txt", "b"), put("d/e/c.txt", "c")]).await.expect("added");
    let operations = vec![
        Operation::Move { from: path("a.txt"), to: path("moved/a.txt") },
        Operation::DeleteFolder(path("d/e")),
        put("d/b.txt", "b2"),
    ];
    commit(&repo, "change", operations).await.expect("changed");
    assert_eq!(paths(&repo).await, [".gitattributes", "d", "d/b.txt", "moved", "moved/a.txt"]);
    assert_eq!(read(&repo, "d/b.txt").await.expect("readable"), b"b2");
    assert_eq!(read(&repo, "moved/a.txt").await.expect("readable"), b"a");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_leaves_the_branch_alone() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/refused").await;
    commit(&repo, "add", vec![put("a.txt", "a"), put("dir/b.txt", "b")]).await.expect("added");
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let refused = [
        vec![put("x", "1"), put("x", "2")],
        vec![put("x", "1"), put("x/y", "2")],
        vec![put("a.txt/inside", "1")],
        vec![put("A.txt", "1")],
        vec![Operation::DeleteEntry(path("absent"))],
        vec![Operation::DeleteFolder(path("a.txt"))],
        vec![Operation::Move { from: path("absent"), to: path("b") }],
    ];
    for operations in refused {
        let shown = format!("{operations:?}");
        let error = commit(&repo, "bad", operations).await.expect_err(&shown);
        let kind_fits =
            matches!(error, RepoError::BadRequest(_) | RepoError::Unprocessable(_) | RepoError::EntryNotFound { .. });
        assert!(kind_fits, "{shown}: {error}");
    }
    assert_eq!(repo.resolve(&Revision::main()).await.expect("main exists"), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_parent_loses_and_no_parent_follows_the_branch() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/race").await;
    let before = repo.resolve(&Revision::main()).await.expect("main exists");
    commit(&repo, "one", vec![put("one", "1")]).await.expect("committed");
    let mut draft = repo.begin_commit(&Revision::main()).await.expect("a draft");
    draft.push(put("two", "2")).await.expect("taken");
    let header = CommitHeader { parent: Some(before.oid()), ..titled("two") };
    assert!(matches!(draft.finish(header).await, Err(RepoError::StaleParent)));

    let writers = (0..16).map(|n| {
        let repo = repo.clone();
        tokio::spawn(async move { commit(&repo, "many", vec![put(&format!("file-{n}"), "x")]).await })
    });
    for writer in futures::future::join_all(writers).await {
        writer.expect("no panic").expect("each writer without a parent succeeds");
    }
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let history = repo.list_commits(head, 0, 100).await.expect("a history");
    assert_eq!((history.total, history.commits.len()), (18, 18));
    assert!(history.commits.iter().all(|commit| commit.parents.len() <= 1));
    assert_eq!(paths(&repo).await.len(), 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_commit_of_each_entry_is_found_on_every_branch() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/last").await;
    let one = commit(&repo, "one", vec![put("a", "1"), put("d/x", "1")]).await.expect("committed").id;
    repo.create_branch("side", None, false, false).await.expect("a branch");
    let two = commit(&repo, "two", vec![put("d/x", "2")]).await.expect("committed").id;
    let mut draft = repo.begin_commit(&Revision::new("side")).await.expect("a draft");
    draft.push(put("d/y", "3")).await.expect("taken");
    let side = draft.finish(titled("side")).await.expect("committed").id;
    let last = async |head: CommitId| {
        let mut entries = repo.list_tree(head, None, true, None, 100).await.expect("listed").entries;
        repo.add_last_commits(head, &mut entries).await.expect("found");
        entries
            .into_iter()
            .map(|entry| (entry.path, entry.last_commit.expect("each entry has one").title))
            .collect::<Vec<_>>()
    };
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(path, title)| (path.to_string(), title.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(
        last(one).await,
        pairs(&[(".gitattributes", "initial commit"), ("a", "one"), ("d", "one"), ("d/x", "one")])
    );
    assert_eq!(
        last(two).await,
        pairs(&[(".gitattributes", "initial commit"), ("a", "one"), ("d", "two"), ("d/x", "two")])
    );
    assert_eq!(
        last(side).await,
        pairs(&[(".gitattributes", "initial commit"), ("a", "one"), ("d", "side"), ("d/x", "one"), ("d/y", "side")])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_commits_of_a_long_page_are_found_at_once() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/long").await;
    // More files than one question to the database asks about.
    let files = (0..700).map(|n| put(&format!("d/{n:03}"), "old")).collect();
    commit(&repo, "all", files).await.expect("committed");
    for n in (0..700).step_by(70) {
        commit(&repo, &format!("change {n}"), vec![put(&format!("d/{n:03}"), "new")]).await.expect("committed");
    }
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let mut entries = repo.list_tree(head, Some(&path("d")), false, None, 1000).await.expect("listed").entries;
    repo.add_last_commits(head, &mut entries).await.expect("found");
    assert_eq!(entries.len(), 700);
    for (n, entry) in entries.into_iter().enumerate() {
        let title = if n % 70 == 0 { format!("change {n}") } else { "all".to_owned() };
        assert_eq!(entry.last_commit.expect("each entry has one").title, title, "{}", entry.path);
    }
    let page = repo.list_commits(head, 3, 4).await.expect("listed");
    let titles: Vec<&str> = page.commits.iter().map(|commit| commit.title.as_str()).collect();
    assert_eq!((titles, page.total), (vec!["change 420", "change 350", "change 280", "change 210"], 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_follow_files_that_come_and_go_with_their_folder() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/facts").await;
    let tags =
        async || repo.facts(repo.resolve(&Revision::main()).await.expect("main exists")).await.expect("facts").tags;
    commit(&repo, "notes", vec![put("notes.txt", "1"), put("onnx/model.onnx", "1")]).await.expect("committed");
    assert_eq!(tags().await, ["onnx", "region:us"]);
    commit(&repo, "delete", vec![Operation::DeleteFolder(path("onnx"))]).await.expect("committed");
    assert_eq!(tags().await, ["region:us"]);
    commit(&repo, "deeper", vec![put("a/b/model.gguf", "no header"), put("a/text", "1")]).await.expect("committed");
    assert_eq!(tags().await, ["gguf", "region:us"]);
    let replaced = vec![Operation::DeleteEntry(path("a/b")), put("a/b/model.pt", "1")];
    commit(&repo, "replace", replaced).await.expect("committed");
    assert_eq!(tags().await, ["pytorch", "region:us"]);
    commit(&repo, "move", vec![Operation::Move { from: path("a"), to: path("c") }]).await.expect("committed");
    assert_eq!(tags().await, ["pytorch", "region:us"]);
    assert_eq!(paths(&repo).await, [".gitattributes", "c", "c/b", "c/b/model.pt", "c/text", "notes.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_makes_room_for_a_folder_of_its_name() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/room").await;
    commit(&repo, "file", vec![put("a", "1"), put("b", "1")]).await.expect("committed");
    let refused = commit(&repo, "both", vec![put("a/x", "2")]).await.expect_err("a file is in the way");
    assert!(refused.to_string().contains("delete it in the same commit"), "{refused}");
    let both =
        vec![Operation::DeleteEntry(path("a")), put("a/x", "2"), put("B/x", "2"), Operation::DeleteEntry(path("b"))];
    commit(&repo, "both", both).await.expect("committed");
    assert_eq!(paths(&repo).await, [".gitattributes", "B", "B/x", "a", "a/x"]);
    let collides = commit(&repo, "case", vec![put("A/y", "3")]).await.expect_err("names differ only in case");
    assert!(collides.to_string().starts_with("A and a differ only in case"), "{collides}");
    let twice = commit(&repo, "case", vec![put("N/Ü", "3"), put("N/ü", "3")]).await.expect_err("both are new");
    assert!(twice.to_string().starts_with("N/Ü and N/ü differ only in case"), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_tree_join_without_gap_or_repeat() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/pages").await;
    let files: Vec<_> = (0..40).map(|n| put(&format!("d{}/e{}/f{n}.txt", n % 3, n % 5), &n.to_string())).collect();
    commit(&repo, "many", files).await.expect("committed");
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let whole = paths(&repo).await;
    for limit in [1, 2, 7, 100] {
        let (mut joined, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = repo.list_tree(head, None, true, after.as_deref(), limit).await.expect("a page");
            joined.extend(page.entries.into_iter().map(|entry| entry.path));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(joined, whole, "pages of {limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_branches_tags_and_commits_in_full_or_short() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/revisions").await;
    let head = commit(&repo, "one", vec![put("a", "1")]).await.expect("committed").id;
    repo.create_tag("light", &Revision::main(), None).await.expect("a tag");
    repo.create_tag("v1.0", &Revision::main(), Some("first release")).await.expect("an annotated tag");
    let text = head.to_string();
    for name in ["main", "HEAD", "refs/heads/main", "light", "v1.0", "refs/tags/v1.0", &text, &text[..8]] {
        assert_eq!(repo.resolve(&Revision::new(name)).await.expect(name), head, "{name}");
    }
    for name in ["absent", "refs/pr/1", "0000000", &"0".repeat(40), "a b"] {
        assert!(matches!(repo.resolve(&Revision::new(name)).await, Err(RepoError::RevisionNotFound(_))), "{name}");
    }
    assert!(matches!(repo.create_tag("light", &Revision::main(), None).await, Err(RepoError::Conflict(_))));
    assert!(matches!(repo.delete_branch("main").await, Err(RepoError::Forbidden(_))));
    repo.delete_tag("v1.0").await.expect("deleted");
    assert_eq!(repo.list_refs().await.expect("listed").tags.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_compared_with_renames() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/diff").await;
    let old = commit(&repo, "one", vec![put("keep", "k"), put("old", "same"), put("gone", "g")]).await.expect("one").id;
    let operations = vec![
        Operation::Move { from: path("old"), to: path("new") },
        Operation::DeleteEntry(path("gone")),
        put("keep", "k2"),
        put("fresh", "f"),
    ];
    let new = commit(&repo, "two", operations).await.expect("two").id;
    let changes = repo.compare(Some(old), Some(new)).await.expect("compared");
    let shown: Vec<_> = changes.iter().map(|c| (c.status, c.path.as_str(), c.new_path.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (ChangeStatus::Added, "fresh", None),
            (ChangeStatus::Deleted, "gone", None),
            (ChangeStatus::Modified, "keep", None),
            (ChangeStatus::Renamed, "old", Some("new")),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn squashing_keeps_files_and_drops_history() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/squash").await;
    commit(&repo, "one", vec![put("a", "1")]).await.expect("one");
    commit(&repo, "two", vec![put("a", "2")]).await.expect("two");
    let head = repo.super_squash(&Revision::main(), "all in one").await.expect("squashed");
    let history = repo.list_commits(head, 0, 10).await.expect("a history");
    assert_eq!((history.total, history.commits[0].title.as_str()), (1, "all in one"));
    assert_eq!(read(&repo, "a").await.expect("readable"), b"2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_card_is_a_warning_and_no_obstacle() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/card").await;
    let good = commit(&repo, "good", vec![put("README.md", "---\nlicense: mit\n---\n# Fine\n")]).await.expect("made");
    assert_eq!(good.card_warnings, Vec::<String>::new());
    let faulty = "---\nlicense: none-such\ntags: [a\n---\n";
    let done = commit(&repo, "faulty", vec![put("README.md", faulty)]).await.expect("made all the same");
    assert!(!done.card_warnings.is_empty());
    assert_eq!(read(&repo, "README.md").await.expect("readable"), faulty.as_bytes());
    assert!(repo.facts(done.id).await.expect("facts").card_data.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_is_text_that_git_applies() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/patch").await;
    let old = commit(&repo, "one", vec![put("a", "1\n2\n3\n"), put("bin", "\0")]).await.expect("one").id;
    let new = commit(&repo, "two", vec![put("a", "1\ntwo\n3\n"), put("bin", "\0\0"), put("b", "new")]).await;
    let changes = repo.compare(Some(old), Some(new.expect("two").id)).await.expect("compared");
    let text = repo.unified_diff(&changes).await.expect("text");
    assert!(text.contains("--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"), "{text}");
    assert!(text.contains("Binary files a/bin and b/bin differ\n"), "{text}");
    assert!(text.contains("new file mode 100644\n"), "{text}");
    assert!(text.contains("--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+new\n\\ No newline at end of file\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_and_a_configuration_too_large_for_a_row_are_committed_and_read() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/long-card").await;
    let card = format!("---\nlicense: mit\n---\n{}", "word ".repeat(50_000));
    let config = format!("{{\"model_type\": \"bert\", \"padding\": \"{}\"}}", "x".repeat(200_000));
    commit(&repo, "add", vec![put("README.md", &card), put("config.json", &config)]).await.expect("committed");
    assert_eq!(read(&repo, "README.md").await.expect("readable"), card.as_bytes());
    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    let facts = repo.facts(head).await.expect("facts");
    assert_eq!(facts.card_text("license"), Some("mit"));
    assert!(facts.tags.iter().any(|tag| tag == "bert"), "{:?}", facts.tags);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_names_that_git_refuses_are_refused() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/names").await;
    for title in ["", "  ", "a\0b", &"x".repeat(70_000)] {
        assert!(commit(&repo, title, vec![put("a", "1")]).await.is_err(), "{:?}", title.get(..4));
    }
    for name in ["HEAD", "refs/tags/x", "a b", "-x", "refs/heads/"] {
        assert!(repo.create_branch(name, None, false, false).await.is_err(), "branch {name}");
        assert!(repo.create_tag(name, &Revision::main(), None).await.is_err(), "tag {name}");
    }
    assert!(repo.create_tag("v1", &Revision::main(), Some("a\0b")).await.is_err());
}
