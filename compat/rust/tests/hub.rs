//! What the `hf-hub` crate can ask of a Hub without Xet, asked of Hearth.

use futures::TryStreamExt;
use hearth_compat::{ALICE, BOB, bytes, client, create, filled, large, new_name};
use hf_hub::repository::{CommitOperation, GitStatus, RepoTreeEntry};
use hf_hub::{HFError, RepoTypeDataset, RepoTypeModel, RepoTypeSpace};

fn path_of(entry: &RepoTreeEntry) -> &str {
    match entry {
        RepoTreeEntry::File { path, .. } | RepoTreeEntry::Directory { path, .. } => path,
    }
}

#[tokio::test]
async fn whoami() {
    let me = client(ALICE).hub.whoami().send().await.unwrap();
    assert_eq!(me.username, "alice");
    assert_eq!(me.fullname.as_deref(), Some("Alice Archer"));
    let refused = client("hf_wrong").hub.whoami().send().await;
    assert!(matches!(refused, Err(HFError::AuthRequired { .. })), "{refused:?}");
}

#[tokio::test]
async fn overviews() {
    let hub = client(ALICE).hub;
    let person = hub.user_overview().username("bob").send().await.unwrap();
    assert_eq!(person.username, "bob");
    let organization = hub.organization_overview().organization("acme").send().await.unwrap();
    assert_eq!(organization.name, "acme");
    let members: Vec<_> =
        hub.list_organization_members().organization("acme").send().unwrap().try_collect().await.unwrap();
    assert_eq!(members.len(), 3);
}

#[tokio::test]
async fn create_move_and_delete() {
    let alice = client(ALICE);
    let (old, new) = (new_name("old"), new_name("new"));
    create(&alice, &old, RepoTypeModel).await;
    let (old_id, new_id) = (format!("alice/{old}"), format!("alice/{new}"));
    let again = alice.hub.create_repository().repo_id(&old_id).repo_type(RepoTypeModel).send().await;
    assert!(matches!(again, Err(HFError::Conflict { .. })), "{again:?}");
    let again = alice.hub.create_repository().repo_id(&old_id).repo_type(RepoTypeModel).exist_ok(true).send().await;
    assert!(again.unwrap().url.ends_with(&old_id));
    alice.hub.move_repository().from_id(&old_id).to_id(&new_id).repo_type(RepoTypeModel).send().await.unwrap();
    assert!(alice.hub.model("alice", &new).exists().send().await.unwrap());
    // The old name leads to the new one.
    let found = alice.hub.model("alice", &old).download_file_to_bytes().filename(".gitattributes").send().await;
    assert!(!found.unwrap().is_empty());
    alice.hub.delete_repository().repo_id(&new_id).repo_type(RepoTypeModel).send().await.unwrap();
    assert!(!alice.hub.model("alice", &new).exists().send().await.unwrap());
    let gone = alice.hub.delete_repository().repo_id(&new_id).repo_type(RepoTypeModel).send().await;
    assert!(matches!(gone, Err(HFError::RepoNotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn info_of_each_kind() {
    let alice = client(ALICE);
    let model = filled(&alice, "info").await;
    let info = model.info().send().await.unwrap();
    assert_eq!(info.id, model.repo_path());
    assert_eq!(info.author.as_deref(), Some("alice"));
    assert_eq!(info.private, Some(false));
    assert!(info.tags.unwrap().contains(&"license:mit".to_owned()));
    assert_eq!(info.siblings.unwrap().len(), 5);

    let name = new_name("info");
    create(&alice, &name, RepoTypeDataset).await;
    let info = alice.hub.dataset("alice", &name).info().send().await.unwrap();
    assert_eq!(info.sha.unwrap().len(), 40);

    let id = format!("alice/{name}");
    alice.hub.create_repository().repo_id(&id).repo_type(RepoTypeSpace).space_sdk("static").send().await.unwrap();
    let info = alice.hub.space("alice", &name).info().send().await.unwrap();
    assert_eq!(info.sdk.as_deref(), Some("static"));
}

#[tokio::test]
async fn existence() {
    let alice = client(ALICE);
    let repo = filled(&alice, "exists").await;
    assert!(repo.file_exists().filename("data/deep/b.txt").send().await.unwrap());
    assert!(!repo.file_exists().filename("data/none.txt").send().await.unwrap());
    assert!(repo.revision_exists().revision("main").send().await.unwrap());
    assert!(!repo.revision_exists().revision("nowhere").send().await.unwrap());
}

#[tokio::test]
async fn tree_and_paths() {
    let alice = client(ALICE);
    let repo = filled(&alice, "tree").await;
    let all: Vec<_> =
        repo.list_tree().recursive(true).expand(true).send().unwrap().try_collect::<Vec<_>>().await.unwrap();
    let mut paths: Vec<_> = all.iter().map(path_of).collect();
    paths.sort_unstable();
    let expected = [".gitattributes", "README.md", "data", "data/a.txt", "data/deep", "data/deep/b.txt", "weights.bin"];
    assert_eq!(paths, expected);
    let folder: Vec<_> = repo.list_tree().path_in_repo("data/deep").send().unwrap().try_collect().await.unwrap();
    assert_eq!(folder.iter().map(path_of).collect::<Vec<_>>(), ["data/deep/b.txt"]);
    let found = repo
        .get_paths_info()
        .paths(vec!["README.md".to_owned(), "data".to_owned(), "none".to_owned()])
        .send()
        .await
        .unwrap();
    let mut paths: Vec<_> = found.iter().map(path_of).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["README.md", "data"]);
}

#[tokio::test]
async fn downloads() {
    let alice = client(ALICE);
    let repo = filled(&alice, "download").await;
    let metadata = repo.get_file_metadata().filepath("weights.bin").send().await.unwrap();
    assert_eq!(metadata.file_size, large().len() as u64);
    assert_eq!(metadata.commit_hash.len(), 40);
    let path = repo.download_file().filename("weights.bin").send().await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), large());
    let part = repo.download_file_to_bytes().filename("weights.bin").range(1000..2000).send().await.unwrap();
    assert_eq!(part, large()[1000..2000]);
    let folder = repo.snapshot_download().send().await.unwrap();
    assert_eq!(std::fs::read(folder.join("data/deep/b.txt")).unwrap(), b"b");
    assert_eq!(std::fs::read(folder.join("weights.bin")).unwrap(), large());
    let missing = repo.download_file().filename("none").send().await;
    assert!(matches!(missing, Err(HFError::EntryNotFound { .. })), "{missing:?}");
}

#[tokio::test]
async fn uploads_and_commits() {
    let alice = client(ALICE);
    let name = new_name("upload");
    create(&alice, &name, RepoTypeDataset).await;
    let repo = alice.hub.dataset("alice", &name);
    let first = repo.upload_file().source(bytes("one")).path_in_repo("one.txt").commit_message("first").send().await;
    let first = first.unwrap().commit_oid.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/two.txt"), "two").unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    repo.upload_folder().folder_path(folder.path()).path_in_repo("up").send().await.unwrap();
    repo.create_commit()
        .operations(vec![CommitOperation::add_bytes("three.txt", "3"), CommitOperation::delete("one.txt")])
        .commit_message("mixed")
        .commit_description("both at once")
        .send()
        .await
        .unwrap();
    repo.delete_file().path_in_repo("three.txt").send().await.unwrap();
    let stale = repo
        .create_commit()
        .operations(vec![CommitOperation::add_bytes("late.txt", "x")])
        .commit_message("stale")
        .parent_commit(first)
        .send()
        .await;
    assert!(stale.is_err(), "{stale:?}");
    let all: Vec<_> = repo.list_tree().recursive(true).send().unwrap().try_collect().await.unwrap();
    let mut paths: Vec<_> = all.iter().map(path_of).collect();
    paths.sort_unstable();
    assert_eq!(paths, [".gitattributes", "up", "up/empty", "up/sub", "up/sub/two.txt"]);
    repo.delete_folder().path_in_repo("up").send().await.unwrap();

    let commits: Vec<_> = repo.list_commits().send().unwrap().try_collect().await.unwrap();
    assert_eq!(commits.len(), 6);
    assert_eq!(commits[2].title, "mixed");
    assert_eq!(commits[2].message, "both at once");
    assert_eq!(commits[5].title, "initial commit");
}

#[tokio::test]
async fn branches_tags_and_differences() {
    let alice = client(ALICE);
    let repo = filled(&alice, "refs").await;
    repo.create_branch().branch("dev/one").send().await.unwrap();
    repo.upload_file().source(bytes("new\n")).path_in_repo("new.txt").revision("dev/one").send().await.unwrap();
    repo.create_tag().tag("v1").message("first").send().await.unwrap();
    let refs = repo.list_refs().include_pull_requests(true).send().await.unwrap();
    let mut names: Vec<_> = refs.branches.iter().map(|branch| branch.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["dev/one", "main"]);
    assert_eq!(refs.tags[0].git_ref, "refs/tags/v1");

    let head = |name: &str| refs.branches.iter().find(|b| b.name == name).unwrap().target_commit.clone();
    let compare = format!("{}..{}", head("main"), head("dev/one"));
    let diff = repo.get_commit_diff().compare(&compare).send().await.unwrap();
    assert!(diff.contains("+new"), "{diff}");
    let changes: Vec<_> =
        repo.get_raw_diff_stream().compare(compare).send().await.unwrap().try_collect().await.unwrap();
    assert_eq!(changes.len(), 1);
    assert!(matches!(changes[0].status, GitStatus::Addition));
    assert_eq!(changes[0].file_path, "new.txt");

    let again = repo.create_branch().branch("dev/one").send().await;
    assert!(matches!(again, Err(HFError::Conflict { .. })), "{again:?}");
    repo.delete_branch().branch("dev/one").send().await.unwrap();
    repo.delete_tag().tag("v1").send().await.unwrap();
    let refs = repo.list_refs().send().await.unwrap();
    assert_eq!((refs.branches.len(), refs.tags.len()), (1, 0));
}

#[tokio::test]
async fn lists() {
    let alice = client(ALICE);
    let repo = filled(&alice, "listed").await;
    let anonymous = client("");
    let models: Vec<_> =
        anonymous.hub.list_models().author("alice").search(repo.name()).send().unwrap().try_collect().await.unwrap();
    assert_eq!(models.iter().map(|model| model.id.clone()).collect::<Vec<_>>(), [repo.repo_path()]);
    let few: Vec<_> = anonymous.hub.list_models().limit(1).full(true).send().unwrap().try_collect().await.unwrap();
    assert_eq!(few.len(), 1);
    let _: Vec<_> = anonymous.hub.list_datasets().author("alice").send().unwrap().try_collect().await.unwrap();
    let _: Vec<_> = anonymous.hub.list_spaces().author("alice").send().unwrap().try_collect().await.unwrap();
}

#[tokio::test]
async fn strangers_are_kept_out() {
    let alice = client(ALICE);
    let name = new_name("private");
    let id = format!("alice/{name}");
    alice.hub.create_repository().repo_id(&id).repo_type(RepoTypeModel).private(true).send().await.unwrap();
    for token in [BOB, ""] {
        let stranger = client(token);
        let refused = stranger.hub.model("alice", &name).info().send().await;
        let expected = matches!(refused, Err(HFError::RepoNotFound { .. } | HFError::AuthRequired { .. }));
        assert!(expected, "{refused:?}");
    }
    let public = filled(&alice, "read-only").await;
    let bob = client(BOB);
    let refused = bob.hub.model("alice", public.name()).upload_file().source(bytes("x")).path_in_repo("x").send().await;
    assert!(matches!(refused, Err(HFError::Forbidden { .. })), "{refused:?}");
}
