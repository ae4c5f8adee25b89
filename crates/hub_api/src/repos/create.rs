//! `POST /api/repos/create`, `DELETE /api/repos/delete`, `POST /api/repos/move`, `POST …/duplicate`.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_core::{Access, NamespaceName, RepoAddr, RepoKind, RepoPath};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, delete, post};
use hub_repo::{EnvironmentKind, NewEntry, NewFile, NewRepo, Repos, SpaceSdk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spaces::EntryBody;
use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::{Answer, Failed};
use crate::wire::{Done, KindWord, VisibilityWord, visibility};

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let once = ApiRouter::new()
        .route(
            post("/api/repos/create")
                .access(AccessClass::Login)
                .tag("repositories")
                .summary("Creates a repository with its first commit")
                .body::<CreateBody>()
                .answer::<CreatedView>()
                .to(create_repo),
        )
        .route(
            delete("/api/repos/delete")
                .access(AccessClass::Admin)
                .tag("repositories")
                .summary("Deletes a repository with its history")
                .body::<DeleteBody>()
                .answer::<Done>()
                .to(delete_repo),
        )
        .route(
            post("/api/repos/move")
                .access(AccessClass::Admin)
                .tag("repositories")
                .summary("Renames a repository or hands it to another owner")
                .body::<MoveBody>()
                .answer::<MovedView>()
                .to(move_repo),
        );
    once.merge(per_kind(|kind| {
        ApiRouter::new().route(
            post(format!("{}/duplicate", api_base(kind)))
                .access(AccessClass::Read)
                .tag("repositories")
                .id(format!("duplicate_{}", kind.word()))
                .summary("Makes a repository with the files and history of this one")
                .body::<DuplicateBody>()
                .answer::<CreatedView>()
                .to(duplicate_repo),
        )
    }))
}

/// What is asked of a new repository. Hardware and volumes of Spaces are passed over: Hearth runs no apps.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CreateBody {
    /// `name`, or `namespace/name`.
    name: String,
    /// Whose it shall be; without it, the caller's own.
    organization: Option<String>,
    /// `model`, `dataset`, `space`, `kernel` or `bucket`.
    r#type: Option<KindWord>,
    visibility: Option<VisibilityWord>,
    private: Option<bool>,
    /// What runs a Space.
    sdk: Option<SdkWord>,
    /// The licence for a first card.
    license: Option<String>,
    /// Files of the first commit.
    #[serde(default)]
    files: Vec<FileBody>,
    #[serde(flatten)]
    environment: EnvironmentBody,
}

/// What the app of a Space finds in its environment.
#[derive(Deserialize, JsonSchema)]
struct EnvironmentBody {
    secrets: Option<Vec<EntryBody>>,
    variables: Option<Vec<EntryBody>>,
}

/// The same, read: what is to be set, by its kind.
type Environment = Vec<(EnvironmentKind, Vec<NewEntry>)>;

impl EnvironmentBody {
    /// Reads everything before anything is made, so that a name that cannot be taken leaves no repository behind.
    fn parse(self, kind: RepoKind) -> Answer<Environment> {
        let is_given = |list: &Option<Vec<EntryBody>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if kind != RepoKind::Space && (is_given(&self.secrets) || is_given(&self.variables)) {
            return Err(ApiError::bad_request("only a Space has `secrets` and `variables`").into());
        }
        let lists = [(EnvironmentKind::Secret, self.secrets), (EnvironmentKind::Variable, self.variables)];
        let given = lists.into_iter().filter_map(|(kind, list)| Some((kind, list?)));
        let given = given.filter(|(_, list)| !list.is_empty());
        given.map(|(kind, list)| Ok((kind, list.into_iter().map(EntryBody::parse).collect::<Answer<_>>()?))).collect()
    }
}

/// A file of the first commit.
#[derive(Deserialize, JsonSchema)]
struct FileBody {
    path: String,
    content: String,
    encoding: Option<String>,
}

/// What runs a Space.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SdkWord {
    Gradio,
    Streamlit,
    Docker,
    Static,
}

impl From<SdkWord> for SpaceSdk {
    fn from(word: SdkWord) -> Self {
        match word {
            SdkWord::Gradio => SpaceSdk::Gradio,
            SdkWord::Streamlit => SpaceSdk::Streamlit,
            SdkWord::Docker => SpaceSdk::Docker,
            SdkWord::Static => SpaceSdk::Static,
        }
    }
}

/// Where the repository is.
#[derive(Serialize, JsonSchema)]
struct CreatedView {
    url: String,
    name: String,
    id: String,
}

impl CreatedView {
    fn of(public_url: &PublicUrl, addr: &RepoAddr, key: i64) -> Self {
        Self {
            url: public_url.join(&format!("/{}", addr.url_path())),
            name: addr.repo_id(),
            id: hub_account::wire_id(key),
        }
    }
}

/// `POST /api/repos/create`
async fn create_repo(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<CreateBody>,
) -> Answer<Json<CreatedView>> {
    let (new, environment) = body.parse()?;
    let repo = repos.create(&caller, new).await.map_err(|error| Failed::creating(&public_url, error))?;
    for (kind, entries) in &environment {
        repo.set_environment(*kind, entries).await?;
    }
    Ok(Json(CreatedView::of(&public_url, repo.addr(), repo.id().key())))
}

impl CreateBody {
    fn parse(self) -> Answer<(NewRepo, Environment)> {
        let (namespace, name) = match (&self.organization, self.name.split_once('/')) {
            (_, Some((namespace, name))) => (Some(namespace), name),
            (organization, None) => (organization.as_deref(), self.name.as_str()),
        };
        let new = NewRepo {
            kind: self.r#type.map_or(RepoKind::Model, RepoKind::from),
            namespace: namespace.map(parse_namespace).transpose()?,
            name: name.parse().map_err(|reason| bad_name("repository name", name, &reason))?,
            visibility: visibility(self.visibility, self.private),
            sdk: self.sdk.map(SpaceSdk::from),
            license: self.license.map(check_license).transpose()?,
            files: self.files.into_iter().map(FileBody::parse).collect::<Answer<_>>()?,
        };
        let environment = self.environment.parse(new.kind)?;
        Ok((new, environment))
    }
}

/// The licence becomes a line of YAML: nothing that could end the line or the value may be in it.
fn check_license(license: String) -> Answer<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '+');
    if license.is_empty() || license.len() > 100 || !license.chars().all(plain) {
        return Err(ApiError::bad_request("`license` must be an identifier such as apache-2.0 or mit").into());
    }
    Ok(license)
}

impl FileBody {
    fn parse(self) -> Answer<NewFile> {
        let path = self.path.parse::<RepoPath>().map_err(|reason| bad_name("path", &self.path, &reason))?;
        let content = match self.encoding.as_deref() {
            None | Some("utf-8" | "utf8") => self.content.into_bytes(),
            Some("base64") => STANDARD
                .decode(self.content.as_bytes())
                .map_err(|reason| ApiError::bad_request(format!("the content of {path:?} is not base64: {reason}")))?,
            Some(other) => return Err(ApiError::bad_request(format!("unknown encoding {other:?}: use base64")).into()),
        };
        Ok(NewFile { path, content: content.into() })
    }
}

/// Which repository to delete.
#[derive(Deserialize, JsonSchema)]
struct DeleteBody {
    /// `name`, or `namespace/name`.
    name: String,
    /// Whose it is; without it, the caller's own.
    organization: Option<String>,
    /// `model`, `dataset`, `space`, `kernel` or `bucket`.
    r#type: Option<KindWord>,
}

/// `DELETE /api/repos/delete`
async fn delete_repo(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<DeleteBody>,
) -> Answer<Json<Done>> {
    let kind = body.r#type.map_or(RepoKind::Model, RepoKind::from);
    let own = caller.user().map(|user| user.name.to_string());
    let repo_id = match (&body.organization, body.name.contains('/')) {
        (_, true) => body.name,
        (organization, false) => {
            format!("{}/{}", organization.as_ref().or(own.as_ref()).map_or("", |name| name), body.name)
        }
    };
    let addr = RepoAddr::parse(kind, &repo_id).map_err(|_| Failed::no_repo())?;
    let repo = repos.open(&caller, &addr, Access::Admin).await?;
    repos.delete(&repo).await?;
    Ok(Json(Done {}))
}

/// Where a repository is and where it goes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MoveBody {
    /// `namespace/name`
    from_repo: String,
    /// `namespace/name`
    to_repo: String,
    /// `model`, `dataset`, `space`, `kernel` or `bucket`.
    r#type: Option<KindWord>,
}

/// Where it is now.
#[derive(Serialize, JsonSchema)]
struct MovedView {
    success: bool,
    url: String,
}

/// `POST /api/repos/move`
async fn move_repo(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<MoveBody>,
) -> Answer<Json<MovedView>> {
    let kind = body.r#type.map_or(RepoKind::Model, RepoKind::from);
    let from = RepoAddr::parse(kind, &body.from_repo).map_err(|_| Failed::no_repo())?;
    let to =
        RepoAddr::parse(kind, &body.to_repo).map_err(|reason| bad_name("repository id", &body.to_repo, &reason))?;
    let repo = repos.open(&caller, &from, Access::Admin).await?;
    let addr = repos.rename(&repo, to).await?;
    Ok(Json(MovedView { success: true, url: public_url.join(&format!("/{}", addr.url_path())) }))
}

/// How the copy is called and who may know of it.
#[derive(Deserialize, JsonSchema)]
struct DuplicateBody {
    /// `namespace/name`
    repository: String,
    visibility: Option<VisibilityWord>,
    private: Option<bool>,
    #[serde(flatten)]
    environment: EnvironmentBody,
}

/// `POST /api/{kind}s/{namespace}/{name}/duplicate`
async fn duplicate_repo(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<DuplicateBody>,
) -> Answer<Json<CreatedView>> {
    let from = at.open(&repos, &caller, Access::Read).await?;
    let to = RepoAddr::parse(at.addr.kind, &body.repository)
        .map_err(|reason| bad_name("repository id", &body.repository, &reason))?;
    let shown = visibility(body.visibility, body.private);
    let environment = body.environment.parse(at.addr.kind)?;
    let repo = repos.duplicate(&from, to, shown).await.map_err(|error| Failed::creating(&public_url, error))?;
    for (kind, entries) in &environment {
        repo.set_environment(*kind, entries).await?;
    }
    Ok(Json(CreatedView::of(&public_url, repo.addr(), repo.id().key())))
}

fn parse_namespace(text: &str) -> Answer<NamespaceName> {
    text.parse().map_err(|reason| bad_name("namespace", text, &reason))
}

fn bad_name(what: &str, text: &str, reason: &dyn std::error::Error) -> Failed {
    ApiError::new(hub_core::Code::Unprocessable, format!("invalid {what} {text:?}: {reason}")).into()
}
