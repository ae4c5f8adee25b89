//! The words of a repository, for an index of full text: what its card says, and what the app of a Space does.
//!
//! Like the survey this reads hidden repositories as well; whoever answers from it decides who may see what.

use hub_account::Caller;
use hub_core::{Access, CommitId, RepoKind, RepoPath};
use hub_formats::card::Card;

use crate::store::repos;
use crate::{Repo, RepoError, RepoId, Repos};

/// A file of a repository, as far as it is indexed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileText {
    /// Where it lies.
    pub path: RepoPath,
    /// What it says. Of a card this is what follows the metadata.
    pub text: String,
}

/// What a repository says in words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RepoTexts {
    /// The card.
    pub card: Option<FileText>,
    /// The program that a Space runs.
    pub app: Option<FileText>,
}

/// Of longer files only the beginning counts.
const TEXT_MAX_BYTES: u64 = 128 << 10;
/// What is read at all: a file beyond this is not prose and no program of a demonstration.
const FILE_MAX_BYTES: u64 = 2 << 20;
/// Where the program of a Space lies if its card does not say.
const APP_FILES: &[&str] = &["app.py", "index.html", "main.py", "app.js", "server.js", "Dockerfile"];

impl Repos {
    /// What a repository says on its default branch; nothing if it is gone.
    pub async fn texts_of(&self, id: RepoId) -> Result<RepoTexts, RepoError> {
        let Some(row) = repos::by_id(self.db(), id).await? else { return Ok(RepoTexts::default()) };
        let state = row.into_state()?;
        if state.addr.kind == RepoKind::Bucket || state.disabled {
            return Ok(RepoTexts::default());
        }
        Repo::for_index(self, state).texts().await
    }
}

impl Repo {
    /// What the caller may read of the words of this repository.
    pub async fn texts(&self) -> Result<RepoTexts, RepoError> {
        self.require(Access::Metadata)?;
        let Some(head) = self.main_head().await? else { return Ok(RepoTexts::default()) };
        // The card is shown to whoever may know of the repository, also where files are given only on request.
        let reader = Repo::for_index(&self.repos, self.state().clone());
        let commit = CommitId::new(head);
        let mut texts = RepoTexts::default();
        let mut app_file = None;
        if let Some(readme) = reader.text(commit, "README.md").await? {
            let card = Card::parse_or_default(&readme.text);
            app_file = card.text("app_file").map(str::to_owned);
            let body = readme.text.get(card.body_offset..).unwrap_or_default().trim().to_owned();
            texts.card = Some(FileText { text: body, ..readme });
        }
        if self.addr().kind == RepoKind::Space {
            for path in app_file.as_deref().into_iter().chain(APP_FILES.iter().copied()) {
                texts.app = reader.text(commit, path).await?;
                if texts.app.is_some() {
                    break;
                }
            }
        }
        Ok(texts)
    }

    /// A repository as an index reads it, for nobody in particular.
    pub(crate) fn for_index(repos: &Repos, state: crate::RepoState) -> Self {
        Self::of_parts(repos.clone(), state, Access::Read, Caller::Anonymous)
    }

    /// The beginning of a small text; nothing if there is no such file, or it is no text.
    async fn text(&self, commit: CommitId, path: &str) -> Result<Option<FileText>, RepoError> {
        let Ok(path) = path.parse::<RepoPath>() else { return Ok(None) };
        let file = match self.file(commit, &path).await {
            Ok(file) => file,
            Err(RepoError::EntryNotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.size > FILE_MAX_BYTES {
            return Ok(None);
        }
        let bytes = self.read_small(&file, FILE_MAX_BYTES).await?;
        let bytes = &bytes[..bytes.len().min(TEXT_MAX_BYTES as usize)];
        // A cut may go through a character; anything else that is not UTF-8 is no text.
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Ok(None),
        };
        Ok(Some(FileText { path, text: text.to_owned() }))
    }
}
