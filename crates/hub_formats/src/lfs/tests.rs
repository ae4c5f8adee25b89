use super::*;

const HASH: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

fn canonical() -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{HASH}\nsize 12345\n")
}

#[test]
fn the_canonical_pointer_comes_back() {
    let pointer = Pointer::parse(canonical().as_bytes()).expect("pointer");
    assert_eq!((pointer.oid.to_string().as_str(), pointer.size), (HASH, 12345));
    assert_eq!(pointer.write(), canonical());
    assert_eq!(Pointer::parse_canonical(canonical().as_bytes()), Some(pointer));
}

#[test]
fn variants_that_git_lfs_reads_are_read() {
    let expect = Pointer::parse(canonical().as_bytes());
    let check = |text: String| {
        assert_eq!(Pointer::parse(text.as_bytes()), expect, "{text}");
        assert_eq!(Pointer::parse_canonical(text.as_bytes()), None, "{text}");
    };
    check(canonical().replace('\n', "\r\n"));
    check(canonical().trim_end().to_owned());
    check(format!("\n{}\n\n", canonical()));
    check(canonical().replace("git-lfs.github.com", "hawser.github.com"));
    check(canonical().replace("oid", &format!("ext-0-case sha256:{HASH}\noid")));
}

#[test]
fn other_texts_are_refused() {
    let check = |text: String, expect| assert_eq!(Pointer::parse(text.as_bytes()), Err(expect), "{text}");
    let malformed = |key| PointerError::Malformed { key };
    check(String::new(), PointerError::NoVersion);
    check("version 1\n".to_owned(), PointerError::NoVersion);
    check(format!("{}{}", canonical(), " ".repeat(1024)), PointerError::NotText);
    check(canonical().replace(HASH, "abc"), malformed("oid"));
    check(canonical().replace("sha256", "sha512"), malformed("oid"));
    check(canonical().replace("size 12345", "size -1"), malformed("size"));
    check(canonical().replace("size 12345", "size +1"), malformed("size"));
    check(canonical().replace("12345", "9223372036854775808"), malformed("size"));
    check(canonical() + "more yes\n", malformed("size"));
    check(canonical().replace("oid", "ext-x-y 1\noid"), malformed("ext"));
    assert_eq!(Pointer::parse(b"\xff"), Err(PointerError::NotText));
}

#[test]
fn every_prefix_is_refused_or_a_smaller_size() {
    let text = canonical();
    for end in 0..text.len() - 1 {
        if let Ok(pointer) = Pointer::parse(&text.as_bytes()[..end]) {
            assert!(pointer.size < 12345);
        }
    }
}
