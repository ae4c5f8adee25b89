//! The kinds of repository and how addresses on the wire spell them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a repository holds. All kinds share one engine; they differ in their facts, their URL and their cards, and buckets
/// also in that they have no history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepoKind {
    /// A machine-learning model.
    Model,
    /// A dataset.
    Dataset,
    /// An interactive demo app.
    Space,
    /// A compute kernel package.
    Kernel,
    /// Files that change in place, without git.
    Bucket,
}

impl RepoKind {
    /// Every kind.
    pub const ALL: [RepoKind; 5] =
        [RepoKind::Model, RepoKind::Dataset, RepoKind::Space, RepoKind::Kernel, RepoKind::Bucket];

    /// The kinds that are git repositories: they have commits, branches and cards.
    pub const WITH_GIT: [RepoKind; 4] = [RepoKind::Model, RepoKind::Dataset, RepoKind::Space, RepoKind::Kernel];

    /// The word of the API: `model`, `dataset`, `space`, `kernel`, `bucket`.
    pub const fn word(self) -> &'static str {
        match self {
            RepoKind::Model => "model",
            RepoKind::Dataset => "dataset",
            RepoKind::Space => "space",
            RepoKind::Kernel => "kernel",
            RepoKind::Bucket => "bucket",
        }
    }

    /// The path segment under `/api/`: `models`, `datasets`, `spaces`, `kernels`, `buckets`.
    pub const fn plural(self) -> &'static str {
        match self {
            RepoKind::Model => "models",
            RepoKind::Dataset => "datasets",
            RepoKind::Space => "spaces",
            RepoKind::Kernel => "kernels",
            RepoKind::Bucket => "buckets",
        }
    }

    /// What stands before `namespace/name` in pages, resolve and git URLs: nothing for models, else `datasets/` and so on.
    pub const fn url_prefix(self) -> &'static str {
        match self {
            RepoKind::Model => "",
            RepoKind::Dataset => "datasets/",
            RepoKind::Space => "spaces/",
            RepoKind::Kernel => "kernels/",
            RepoKind::Bucket => "buckets/",
        }
    }

    /// The word as a person reads it: `Model`, `Dataset`, `Space`, `Kernel`, `Bucket`.
    pub const fn title(self) -> &'static str {
        match self {
            RepoKind::Model => "Model",
            RepoKind::Dataset => "Dataset",
            RepoKind::Space => "Space",
            RepoKind::Kernel => "Kernel",
            RepoKind::Bucket => "Bucket",
        }
    }

    /// Reads `model` or `models` and so on; `None` for any other word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word || kind.plural() == word)
    }

    /// The number under which rows hold the kind.
    pub const fn to_db(self) -> i64 {
        match self {
            RepoKind::Model => 0,
            RepoKind::Dataset => 1,
            RepoKind::Space => 2,
            RepoKind::Kernel => 3,
            RepoKind::Bucket => 4,
        }
    }

    /// Reads the number of a row.
    pub fn from_db(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_db() == number)
    }
}

impl fmt::Display for RepoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
