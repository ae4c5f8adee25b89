//! `/new`: a new repository, of any kind, for oneself or an organisation.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::AccountError;
use hub_core::{RepoKind, UserError, Visibility};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query};
use hub_repo::{NewRepo, RepoError, Repos, SpaceSdk};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::organizations::creatable;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// The licences that the form offers.
const LICENSES: &[&str] = &[
    "apache-2.0",
    "mit",
    "openrail",
    "bigscience-openrail-m",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc0-1.0",
    "bsd-3-clause",
    "gpl-3.0",
    "agpl-3.0",
    "llama3.1",
    "gemma",
    "other",
];

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get(AccessClass::Login, "/new".to_owned()).to(form))
        .route(post(AccessClass::Login, "/new".to_owned()).to(create))
}

/// What the form begins with.
#[derive(Deserialize, Default)]
#[serde(default)]
struct NewQuery {
    kind: String,
    owner: String,
}

#[derive(Template)]
#[template(path = "repo/new/page.html")]
struct NewPage<'a> {
    shell: Shell,
    body: &'a NewBody,
    kinds: Vec<(&'static str, &'static str, &'static str)>,
    owners: Vec<String>,
    licenses: &'static [&'static str],
    problem: Option<String>,
}

/// The filled form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct NewBody {
    form_token: String,
    kind: String,
    owner: String,
    name: String,
    visibility: String,
    license: String,
    sdk: String,
}

impl NewBody {
    fn is_kind(&self, kind: &str) -> bool {
        self.kind == kind || self.kind.is_empty() && kind == "model"
    }

    fn is_owner(&self, owner: &str) -> bool {
        self.owner == owner
    }

    fn is_license(&self, license: &str) -> bool {
        self.license == license
    }

    fn is_private(&self) -> bool {
        self.visibility == "private"
    }

    fn is_sdk(&self, sdk: &str) -> bool {
        self.sdk == sdk || self.sdk.is_empty() && sdk == "static"
    }
}

/// `GET /new`
async fn form(visit: Visit, Query(query): Query<NewQuery>) -> Answer {
    let body = NewBody { kind: query.kind, owner: query.owner, ..NewBody::default() };
    new_page(&visit, StatusCode::OK, &body, None)
}

fn new_page(visit: &Visit, status: StatusCode, body: &NewBody, problem: Option<String>) -> Answer {
    let person = visit.person()?;
    let owners = std::iter::once(person.name.to_string()).chain(creatable(&person.memberships)).collect();
    let words = |key| visit.words.get(key);
    let kinds = vec![
        ("model", words("new.model"), "model"),
        ("dataset", words("new.dataset"), "dataset"),
        ("space", words("new.space"), "space"),
    ];
    let view = NewPage { shell: visit.shell("new"), body, kinds, owners, licenses: LICENSES, problem };
    Ok(visit.page(status, &view))
}

/// `POST /new`
async fn create(visit: Visit, State(repos): State<Repos>, JsonOrForm(body): JsonOrForm<NewBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    match create_repo(&visit, &repos, &body).await {
        Ok(path) => Ok(go_to(&path)),
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                RepoError::RepoExists { .. } => visit.words.get("new.taken").to_owned(),
                error => sentence(error.message()),
            };
            new_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &body, Some(problem))
        }
        Err(error) => Err(error.into()),
    }
}

async fn create_repo(visit: &Visit, repos: &Repos, body: &NewBody) -> Result<String, RepoError> {
    let invalid = |reason: &dyn std::fmt::Display| {
        RepoError::Unprocessable(format!("invalid repository name {:?}: {reason}", body.name.trim()))
    };
    let kind = RepoKind::from_word(&body.kind).unwrap_or(RepoKind::Model);
    let owner = body.owner.trim();
    let namespace = Some(owner).filter(|owner| !owner.is_empty()).map(str::parse).transpose();
    let namespace =
        namespace.map_err(|source| RepoError::Account(AccountError::Name { name: owner.to_owned(), source }))?;
    let sdk = match body.sdk.as_str() {
        "gradio" => SpaceSdk::Gradio,
        "streamlit" => SpaceSdk::Streamlit,
        "docker" => SpaceSdk::Docker,
        _ => SpaceSdk::Static,
    };
    let new = NewRepo {
        kind,
        namespace,
        name: body.name.trim().parse().map_err(|reason| invalid(&reason))?,
        visibility: match body.visibility.as_str() {
            "private" => Some(Visibility::Private),
            "public" => Some(Visibility::Public),
            _ => None,
        },
        sdk: (kind == RepoKind::Space).then_some(sdk),
        license: Some(body.license.clone()).filter(|license| LICENSES.contains(&license.as_str())),
        files: Vec::new(),
    };
    let repo = repos.create(&visit.caller, new).await?;
    Ok(format!("/{}", repo.addr().url_path()))
}
