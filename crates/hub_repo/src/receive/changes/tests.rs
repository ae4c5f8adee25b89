use super::*;

fn tree(list: &[(&str, &str, u8)]) -> Vec<u8> {
    list.iter()
        .flat_map(|(mode, name, id)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[*id; 20]].concat())
        .collect()
}

fn names(now: &[(&str, &str, u8)], before: &[&[(&str, &str, u8)]]) -> Vec<String> {
    let before: Vec<Vec<u8>> = before.iter().map(|list| tree(list)).collect();
    let before: Vec<&[u8]> = before.iter().map(Vec::as_slice).collect();
    let changed = changed_entries(&tree(now), &before).expect("whole trees");
    changed
        .into_iter()
        .map(|entry| {
            let sign = if entry.now.is_some() { '+' } else { '-' };
            format!("{sign}{}", String::from_utf8_lossy(&entry.name))
        })
        .collect()
}

const F: &str = "100644";
const D: &str = "40000";

#[test]
fn one_parent_is_compared_entry_by_entry() {
    let old = [(F, "a", 1), (F, "b.x", 2), (D, "b", 3), (F, "c", 4)];
    assert!(names(&old, &[&old]).is_empty());
    assert_eq!(names(&[(F, "a", 9), (F, "b.x", 2), (D, "b", 3), (F, "d", 5)], &[&old]), ["+a", "-c", "+d"]);
    assert_eq!(names(&[], &[&old]), ["-a", "-b.x", "-b", "-c"]);
    assert_eq!(names(&old, &[]), ["+a", "+b.x", "+b", "+c"]);
    assert_eq!(names(&[("100755", "a", 1), (F, "b.x", 2), (D, "b", 3), (F, "c", 4)], &[&old]), ["+a"]);
    assert_eq!(names(&[(F, "a", 1), (F, "b", 3), (F, "b.x", 2), (F, "c", 4)], &[&old]), ["+b", "-b"]);
}

#[test]
fn a_merge_changes_what_is_as_in_no_parent() {
    let (one, two) = ([(F, "a", 1), (F, "b", 1), (F, "c", 1)], [(F, "a", 2), (F, "b", 2)]);
    assert!(names(&[(F, "a", 1), (F, "b", 2)], &[&one, &two]).is_empty());
    assert_eq!(names(&[(F, "a", 3), (F, "b", 2)], &[&one, &two]), ["+a"]);
    assert_eq!(names(&[(F, "b", 2)], &[&one, &two]), ["-a"]);
    assert!(names(&[(F, "a", 1), (F, "b", 2), (F, "c", 1)], &[&one, &two]).is_empty());
    assert_eq!(names(&[(F, "a", 1), (F, "b", 2), (F, "c", 1), (F, "d", 1)], &[&one, &two]), ["+d"]);
}

#[test]
fn folders_of_the_parents_are_handed_on() {
    let (one, two) = (tree(&[(D, "d", 1)]), tree(&[(F, "d", 2)]));
    let changed = changed_entries(&tree(&[(D, "d", 3)]), &[&one, &two]).expect("whole trees");
    assert_eq!(changed.len(), 1, "a parent's file of that name went away in one parent only");
    assert_eq!(changed[0].folders_before, [Some(Oid::new([1; 20])), None]);
}
