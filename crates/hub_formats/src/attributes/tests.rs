use super::*;

/// What `git check-attr --stdin filter` says about paths, given `attributes.txt`.
const EXPECT: &str = include_str!("../../fixtures/attributes/attributes_expect.txt");
const FILE: &[u8] = include_bytes!("../../fixtures/attributes/attributes.txt");

#[test]
fn each_path_is_judged_as_git_does() {
    let attributes = Attributes::parse(FILE);
    for line in EXPECT.lines() {
        let (path, value) = line.rsplit_once(": filter: ").expect("a line of git");
        let path = path.trim_matches('"');
        let ours = match attributes.state(path, "filter") {
            None => "unspecified",
            Some(State::Set) => "set",
            Some(State::Unset) => "unset",
            Some(State::Value(value)) => value,
            Some(State::Unspecified) => unreachable!("hidden by state()"),
        };
        assert_eq!(ours, value, "{path}");
    }
    assert!(attributes.is_lfs("tab\tnü.q"));
}

#[test]
fn files_of_inner_folders_outweigh_outer_ones() {
    let mut attributes = Attributes::parse(b"*.bin filter=lfs\n");
    attributes.add("a", b"*.bin -filter\n/x.bin filter=lfs\r\n");
    assert!(attributes.is_lfs("y.bin"));
    assert!(attributes.is_lfs("a/x.bin"));
    assert!(!attributes.is_lfs("a/y.bin"));
    assert!(!attributes.is_lfs("a/b/x.bin"));
    assert!(attributes.is_lfs("ab/y.bin"));
}

#[test]
fn new_repositories_send_large_files_the_right_way() {
    let model = Attributes::parse(DEFAULT_MODEL.as_bytes());
    for path in
        ["model.safetensors", "a/b.gguf", "saved_model/x/y", "runs/events.out.tfevents.1", "m.tar.gz", "t.arrow"]
    {
        assert!(model.is_lfs(path), "{path}");
    }
    for path in ["config.json", "README.md", "tokenizer.json", "a.png", ".gitattributes"] {
        assert!(!model.is_lfs(path), "{path}");
    }
    assert!(Attributes::parse(DEFAULT_DATASET.as_bytes()).is_lfs("a.png"));
    assert!(DEFAULT_MODEL.lines().all(|line| line.starts_with('#') || line.ends_with(" -text")));
}

#[test]
fn macros_of_macros_stay_small() {
    let names: String = (0..200).map(|i| format!(" n{i}")).collect();
    let attributes = Attributes::parse(format!("[attr]m{names}\n* m\n").as_bytes());
    assert!(attributes.rules[0].assignments.len() <= WORDS_MAX);
    let mut text = String::from("[attr]m0 filter=lfs a b c d e f\n");
    for i in 1..60 {
        text += &format!("[attr]m{i} m{0} m{0} m{0}\n", i - 1);
    }
    text += "* m59\n";
    assert!(Attributes::parse(text.as_bytes()).is_lfs("x"));
}

#[test]
fn every_prefix_is_read() {
    for end in 0..FILE.len() {
        Attributes::parse(&FILE[..end]).is_lfs("a/b.bin");
    }
}
