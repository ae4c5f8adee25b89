//! Developer commands of Hearth.

fn main() {}
