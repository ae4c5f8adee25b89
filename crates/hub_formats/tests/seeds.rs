//! The inputs that the fuzzer begins with, and those in which it found something new, by the same words in every build.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/git.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets are another crate")]
mod git;

/// What must hold of an input.
type Check = fn(&[u8]);

#[test]
fn every_seed_is_read_or_refused_as_it_must_be() {
    let targets: [(&str, Check); 7] = [
        ("pack", git::pack),
        ("delta", git::delta),
        ("pkt_line", git::pkt_line),
        ("git_tree", git::tree),
        ("git_commit", git::commit),
        ("git_tag", git::tag),
        ("git_object", git::object),
    ];
    for (name, check) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        for entry in fs::read_dir(&folder).unwrap() {
            inputs.push(fs::read(entry.unwrap().path()).unwrap());
        }
        assert!(inputs.len() >= 5, "{name} has too few seeds");
        for input in &inputs {
            check(input);
            // Cut off anywhere, and with a bit turned over anywhere.
            for place in 0..input.len().min(300) {
                check(&input[..place]);
                let mut damaged = input.clone();
                damaged[place] ^= 1 << (place % 8);
                check(&damaged);
            }
        }
    }
}
