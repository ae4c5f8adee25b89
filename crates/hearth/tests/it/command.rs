//! Commands that need no installation, and what is said about a faulty one.

use tempfile::tempdir;

use crate::process::hearth;

fn run(arguments: &[&str]) -> (bool, String, String) {
    let output = hearth().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_printed_default_is_taken_back() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("hearth.toml");
    let (ok, text, _) = run(&["config", "print-default"]);
    assert!(ok);
    std::fs::write(&path, text).unwrap();
    let (ok, _, errors) = run(&["config", "check", "--config", path.to_str().unwrap()]);
    assert!(ok, "{errors}");
}

#[test]
fn a_misspelt_key_is_refused_with_the_place_and_the_choice() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("hearth.toml");
    std::fs::write(&path, "[server]\nlisten_on = \"x\"\n").unwrap();
    let (ok, _, errors) = run(&["serve", "--config", path.to_str().unwrap()]);
    assert!(!ok);
    assert!(errors.contains("unknown field `listen_on`") && errors.contains("`listen`"), "{errors}");
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let (ok, text, errors) = run(&["completions", shell]);
        assert!(ok && text.contains("print-default"), "{shell}: {errors}");
    }
    let (ok, text, _) = run(&["man"]);
    assert!(ok && text.contains(".TH hearth"), "{text}");
}

#[test]
fn a_data_folder_that_cannot_be_is_named() {
    let (ok, _, errors) = run(&["migrate", "--data", "/dev/null/data"]);
    assert!(!ok);
    assert!(errors.contains("/dev/null/data"), "{errors}");
}
