//! `/settings/name/{owner}`: another name for a person, or for an organisation by its administrators.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, Namespace, NamespaceKind};
use hub_core::{NamespaceName, SecretString, UserError};
use hub_http::{ApiRouter, JsonOrForm, Path};
use hub_repo::{RepoError, Repos};
use serde::Deserialize;

use super::about::governed;
use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/name").to(begin))
        .route(get("/settings/name/{owner}").to(show))
        .route(post("/settings/name/{owner}").to(rename))
}

#[derive(Template)]
#[template(path = "settings/naming/page.html")]
struct NamingPage<'a> {
    shell: Shell,
    owner: String,
    is_org: bool,
    name: &'a str,
    has_password: bool,
    problem: Option<String>,
}

/// `GET /settings/name`
async fn begin(visit: Visit) -> Answer {
    Ok(go_to(&format!("/settings/name/{}", visit.person()?.name)))
}

/// `GET /settings/name/{owner}`
async fn show(visit: Visit, State(accounts): State<Accounts>, Path(owner): Path<NamespaceName>) -> Answer {
    visit.person()?;
    let owner = governed(&visit, &accounts, &owner).await?;
    naming_page(&visit, &accounts, &owner, "", None).await
}

async fn naming_page(
    visit: &Visit,
    accounts: &Accounts,
    owner: &Namespace,
    name: &str,
    problem: Option<String>,
) -> Answer {
    let view = NamingPage {
        shell: visit.shell("profile"),
        owner: owner.name.to_string(),
        is_org: owner.kind == NamespaceKind::Organization,
        name,
        has_password: accounts.user(visit.by(), &visit.person()?.name).await?.has_password,
        problem,
    };
    let status = if view.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(status, &view))
}

/// The new name, and the password as proof of who means it.
#[derive(Deserialize)]
struct NamingBody {
    form_token: String,
    name: String,
    password: Option<SecretString>,
}

/// `POST /settings/name/{owner}`
async fn rename(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    Path(owner): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<NamingBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let owner = governed(&visit, &accounts, &owner).await?;
    match rename_owner(&visit, &repos, &owner, &body).await {
        Ok(name) => Ok(go_to(&format!("/{name}?done=renamed"))),
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                RepoError::Account(AccountError::BadCredentials) => visit.words.get("password.wrong").to_owned(),
                error => sentence(error.message()),
            };
            naming_page(&visit, &accounts, &owner, body.name.trim(), Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn rename_owner(
    visit: &Visit,
    repos: &Repos,
    owner: &Namespace,
    body: &NamingBody,
) -> Result<NamespaceName, RepoError> {
    let text = body.name.trim();
    let name: NamespaceName = text.parse().map_err(|source| AccountError::Name { name: text.to_owned(), source })?;
    repos.rename_owner(&visit.caller, &owner.name, &name, body.password.as_ref()).await?;
    Ok(name)
}
