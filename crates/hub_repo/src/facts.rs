//! What is known of a repository from its files: the card's metadata, tags, configuration, parameter counts.
//!
//! The facts of the default branch are kept in the repository's row and renewed with the commit that changes them; those
//! of any other commit are gathered when they are asked for.

use hub_core::{CommitId, Oid, RepoKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::objects::Unwritten;
use crate::store::facts;
use crate::{Repo, RepoError};

mod gather;

/// What the files of a commit say about the repository. Fields are absent where the files say nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The metadata of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_data: Option<Map<String, Value>>,
    /// Tags by which lists filter.
    pub tags: Vec<String>,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_tag: Option<String>,
    /// The library that loads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library_name: Option<String>,
    /// What clients need of `config.json` and its kin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// How transformers loads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transformers_info: Option<Value>,
    /// Parameter counts per number format: `{"parameters": {"F32": n}, "total": n}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safetensors: Option<Value>,
    /// The header of the first GGUF file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gguf: Option<Value>,
    /// The token that stands for a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_token: Option<String>,
    /// Parameters in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
}

impl Facts {
    /// Reads what a row holds.
    pub(crate) fn from_row(text: &str) -> Result<Self, RepoError> {
        serde_json::from_str(text).map_err(|_| RepoError::Inconsistent("a repository has damaged facts".to_owned()))
    }

    /// A field of the card that is a text.
    pub fn card_text(&self, field: &str) -> Option<&str> {
        self.card_data.as_ref()?.get(field)?.as_str()
    }

    /// What the card says about access, to which people agree who ask for it.
    pub fn terms(&self) -> String {
        let card = self.card_data.clone().unwrap_or_default();
        let terms = card.into_iter().filter(|(name, _)| name.starts_with("extra_gated_"));
        serde_json::Value::Object(terms.collect()).to_string()
    }

    /// A field of the card that is a text or a list of texts.
    pub fn card_list(&self, field: &str) -> Vec<String> {
        match self.card_data.as_ref().and_then(|data| data.get(field)) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }
}

/// Whether the facts of a repository of this kind may change when the files at these paths do.
pub(crate) fn depend_on(kind: RepoKind, changed: &[String]) -> bool {
    changed.iter().any(|path| gather::is_telling(kind, path))
}

impl Repo {
    /// The facts at a commit.
    pub async fn facts(&self, commit: CommitId) -> Result<Facts, RepoError> {
        if self.main_head().await? == Some(commit.oid()) {
            let text = facts::read(self.repos.db(), self.id()).await?.ok_or(RepoError::RepoNotFound)?;
            return Facts::from_row(&text);
        }
        let tree: Oid = self.commit_row(commit).await?.tree;
        self.gather_facts(tree, &Unwritten::default()).await
    }

    /// Gathers the facts of the default branch anew, after its history was rewritten.
    pub(crate) async fn renew_facts(&self) -> Result<(), RepoError> {
        let Some(head) = self.main_head().await? else { return Ok(()) };
        let tree = self.commit_row(CommitId::new(head)).await?.tree;
        let facts = self.gather_facts(tree, &Unwritten::default()).await?;
        let mut tx = self.repos.db().begin().await?;
        facts::write(&mut tx, self.id(), &facts).await?;
        tx.commit().await?;
        Ok(())
    }
}
