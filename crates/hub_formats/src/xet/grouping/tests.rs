use super::*;
use crate::random::Numbers;

#[test]
fn bytes_are_grouped_by_their_place() {
    let check = |content: &[u8], expect: &[u8]| {
        let mut groups = vec![9; 3];
        split(content, &mut groups);
        assert_eq!(groups, expect);
        let mut joined = vec![0; content.len()];
        join(&groups, &mut joined);
        assert_eq!(joined, content);
    };
    check(&[], &[]);
    check(&[0], &[0]);
    check(&[0, 1], &[0, 1]);
    check(&[0, 1, 2], &[0, 1, 2]);
    check(&[0, 1, 2, 3], &[0, 1, 2, 3]);
    check(&[0, 1, 2, 3, 4], &[0, 4, 1, 2, 3]);
    check(&[0, 1, 2, 3, 4, 5], &[0, 4, 1, 5, 2, 3]);
    check(&[0, 1, 2, 3, 4, 5, 6], &[0, 4, 1, 5, 2, 6, 3]);
    check(&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[0, 4, 8, 1, 5, 2, 6, 3, 7]);
}

#[test]
fn what_was_split_is_joined() {
    let mut numbers = Numbers::new(6);
    for size in (0..70).chain([4093, 65_537]) {
        let content = numbers.bytes(size);
        let (mut groups, mut joined) = (Vec::new(), vec![0; size]);
        split(&content, &mut groups);
        join(&groups, &mut joined);
        assert_eq!(joined, content, "{size} bytes");
    }
}
