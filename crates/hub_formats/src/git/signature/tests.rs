use super::*;

#[test]
fn lines_are_read_and_written_back() {
    let check = |line: &str, name: &str, email: &str, seconds, offset| {
        let signature = Signature::parse(line.as_bytes());
        let fields = (signature.name(), signature.email(), signature.seconds(), signature.offset_minutes());
        assert_eq!(fields, (name, email, seconds, offset), "{line}");
        assert_eq!(signature.write(), line.as_bytes());
    };
    check("Ann Example <ann@example.org> 1700000000 +0530", "Ann Example", "ann@example.org", 1_700_000_000, 330);
    check("Ann <a@b> 1 -0330", "Ann", "a@b", 1, -210);
    check("<a@b> 1 +0000", "", "a@b", 1, 0);
    check(" <a@b> 1 +0000", "", "a@b", 1, 0);
    check("Ann <a@b> 1 -0000", "Ann", "a@b", 1, 0);
    check("Ann <a@b>", "Ann", "a@b", 0, 0);
    check("Ann", "Ann", "", 0, 0);
    check("", "", "", 0, 0);
    check("Ann <Bob <a@b>> 7 +0100", "Ann", "Bob <a@b>", 7, 60);
    check("Ann  <a@b> 99999999999999999999 +01", "Ann", "a@b", 0, 0);
    check("Ann <a@b> -5 +0100", "Ann", "a@b", 0, 0);
    check("Ann <a@b> 5 +01é", "Ann", "a@b", 5, 0);
    check("Ann <a@b> 5 +9999", "Ann", "a@b", 5, 99 * 60 + 99);
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let line = b"J\xf6rg <j@x> 5 +0100";
    let signature = Signature::parse(line);
    assert_eq!(signature.name(), "J\u{fffd}rg");
    assert_eq!(signature.write(), line);
}

#[test]
fn what_we_make_can_be_read_back() {
    let check = |name: &str, email: &str, seconds, offset, expect: &str| {
        let signature = Signature::new(name, email, seconds, offset);
        assert_eq!(String::from_utf8_lossy(&signature.write()), expect);
        assert_eq!(Signature::parse(&signature.write()), signature);
    };
    check("Ann", "a@b", 5, -90, "Ann <a@b> 5 -0130");
    check("A <script>\n", "a>b\n@c", -5, 100_000, "A script <ab@c> 0 +9959");
    check("", "", 5, 0, "<> 5 +0000");
}
