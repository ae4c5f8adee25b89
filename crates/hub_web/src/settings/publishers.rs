//! `/settings/publishers`: programs that may act for a person without a secret.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, PublisherDraft, PublisherId, ScopeEntity, TrustedPublisher, key_of_wire_id};
use hub_core::{Access, Code, RepoAddr, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use hub_repo::Repos;
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/publishers").to(show))
        .route(post("/settings/publishers").to(trust))
        .route(post("/settings/publishers/remove").to(distrust))
}

#[derive(Template)]
#[template(path = "settings/publishers/page.html")]
struct PublishersPage<'a> {
    shell: Shell,
    publishers: Vec<TrustedPublisher>,
    issuers: &'a [String],
    body: &'a PublisherBody,
    problem: Option<String>,
}

/// The filled form: a claim a line, `name = value`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PublisherBody {
    form_token: String,
    resource: String,
    issuer: String,
    claims: String,
}

impl PublisherBody {
    fn claims(&self) -> BTreeMap<String, String> {
        let pairs = self.claims.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
    }
}

/// `GET /settings/publishers`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    publishers_page(&visit, &accounts, &PublisherBody::default(), None).await
}

async fn publishers_page(visit: &Visit, accounts: &Accounts, body: &PublisherBody, problem: Option<String>) -> Answer {
    visit.person()?;
    let publishers = accounts.trusted_publishers(visit.by()).await?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let issuers = accounts.publisher_issuers();
    Ok(visit.page(status, &PublishersPage { shell: visit.shell("publishers"), publishers, issuers, body, problem }))
}

/// `POST /settings/publishers`
async fn trust(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    JsonOrForm(body): JsonOrForm<PublisherBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let repo = match repo_of(&visit, &repos, &body).await {
        Ok(repo) => repo,
        Err(problem) => return publishers_page(&visit, &accounts, &body, Some(problem)).await,
    };
    let draft = PublisherDraft { repo, issuer: body.issuer.trim().to_owned(), claims: body.claims() };
    match accounts.trust_publisher(visit.by(), draft).await {
        Ok(_) => Ok(go_to("/settings/publishers?done=saved")),
        Err(error) if is_mendable(&error) => {
            publishers_page(&visit, &accounts, &body, Some(sentence(error.message()))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The repository that the form names, if it names one; else what is wrong with it.
async fn repo_of(visit: &Visit, repos: &Repos, body: &PublisherBody) -> Result<Option<(ScopeEntity, String)>, String> {
    let resource = body.resource.trim().trim_start_matches('/');
    if resource.is_empty() {
        return Ok(None);
    }
    let unknown = || visit.words.get("publish.norepo").to_owned();
    let addr = RepoAddr::named(resource).map_err(|_| unknown())?;
    let repo = repos.open(&visit.caller, &addr, Access::Write).await.map_err(|_| unknown())?;
    Ok(Some((repo.scope_entity(), repo.addr().url_path())))
}

/// Which one.
#[derive(Deserialize)]
struct DistrustBody {
    form_token: String,
    id: String,
}

/// `POST /settings/publishers/remove`
async fn distrust(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<DistrustBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let id = PublisherId::new(key_of_wire_id(&body.id).ok_or_else(missing)?);
    match accounts.distrust_publisher(visit.by(), id).await {
        Ok(()) | Err(AccountError::NoSuchItem { .. }) => Ok(go_to("/settings/publishers?done=saved")),
        Err(error) => Err(error.into()),
    }
}
