//! Words and small shapes that several resources put on the wire.

use hub_core::{RepoKind, Visibility};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A success that has nothing to tell: `{}`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {}

/// A kind of repository as bodies spell it.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KindWord {
    Model,
    Dataset,
    Space,
    Kernel,
    Bucket,
}

impl From<KindWord> for RepoKind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Model => RepoKind::Model,
            KindWord::Dataset => RepoKind::Dataset,
            KindWord::Space => RepoKind::Space,
            KindWord::Kernel => RepoKind::Kernel,
            KindWord::Bucket => RepoKind::Bucket,
        }
    }
}

/// Who may know of a repository, as bodies spell it.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VisibilityWord {
    Public,
    Private,
    Protected,
}

/// Newer clients send `visibility`, older ones `private`; neither means that the owner's preference holds.
pub(crate) fn visibility(word: Option<VisibilityWord>, private: Option<bool>) -> Option<Visibility> {
    let by_word = word.map(|word| match word {
        VisibilityWord::Public => Visibility::Public,
        VisibilityWord::Private => Visibility::Private,
        VisibilityWord::Protected => Visibility::Protected,
    });
    by_word.or(private.map(|private| if private { Visibility::Private } else { Visibility::Public }))
}
