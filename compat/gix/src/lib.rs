//! A repository of Alice's on a running Hearth, whose address is in `HEARTH_URL`, filled and looked over by git itself.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

const ALICE: &str = "hf_AliceWriteAliceWriteAliceWriteAliceWr";

/// Creates a repository and answers its address for git, with Alice's token.
pub fn create(stem: &str) -> String {
    let url = std::env::var("HEARTH_URL").expect("HEARTH_URL says where Hearth listens");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    let name = format!("gix-{stem}-{now:x}");
    let body = format!(r#"{{"name": "{name}"}}"#);
    let request = ureq::post(format!("{url}/api/repos/create")).header("Authorization", format!("Bearer {ALICE}"));
    request.send(body.as_bytes()).expect("the repository is created");
    format!("{}/alice/{name}.git", url.replace("://", &format!("://alice:{ALICE}@")))
}

/// The address without the token: gitoxide sends no credentials over plain HTTP, and the repository is public.
pub fn without_token(address: &str) -> String {
    match (address.split_once("://"), address.split_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        _ => address.to_owned(),
    }
}

/// Runs git in a folder and answers what it says.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A U Thor", "-c", "user.email=author@example.org"]).args(arguments);
    let output = command.current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").output().expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Commits a file, and pushes it.
pub fn push(folder: &Path, path: &str, content: &str) -> String {
    std::fs::create_dir_all(folder.join(path).parent().expect("a folder")).expect("a folder");
    std::fs::write(folder.join(path), content).expect("written");
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", path]);
    git(folder, &["push", "--quiet", "origin", "HEAD:main"]);
    git(folder, &["rev-parse", "HEAD"])
}
