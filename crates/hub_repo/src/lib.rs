//! Repositories: references, commits, trees, large files, facts, collection of garbage.
