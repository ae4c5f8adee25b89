//! `/settings/about/{owner}`: what a person says about themselves, or an administrator about their organisation, and the
//! picture of both.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hub_account::{AccountError, Accounts, Country, Handles, HouseKind, Namespace, NamespaceKind, Picture, Profile};
use hub_core::{Code, NamespaceName, UserError};
use hub_http::{ApiRouter, BodyStream, JsonOrForm, Path};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::form;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// What the marks around a file take.
const FRAME_BYTES: u64 = 64 * 1024;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/about").to(begin))
        .route(get("/settings/about/{owner}").to(show))
        .route(post("/settings/about/{owner}").to(save))
        .route(post("/settings/about/{owner}/picture").to(send_picture))
        .route(post("/settings/about/{owner}/picture/remove").to(remove_picture))
}

#[derive(Template)]
#[template(path = "settings/about/page.html")]
struct AboutPage<'a> {
    shell: Shell,
    owner: String,
    is_org: bool,
    /// Sets the address of the picture apart from the one that the browser may remember.
    moment: i64,
    body: &'a AboutBody,
    kinds: Vec<(&'static str, &'static str)>,
    countries: Vec<Country>,
    /// Whether an administrator of the instance entered kind and country.
    is_verified: bool,
    problem: Option<String>,
}

/// The filled form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct AboutBody {
    form_token: String,
    bio: String,
    website: String,
    twitter: String,
    github: String,
    linkedin: String,
    bluesky: String,
    kind: String,
    country: String,
    source: String,
}

impl From<Profile> for AboutBody {
    fn from(profile: Profile) -> Self {
        let Handles { twitter, github, linkedin, bluesky } = profile.handles;
        Self {
            form_token: String::new(),
            bio: profile.bio,
            website: profile.website,
            twitter,
            github,
            linkedin,
            bluesky,
            kind: profile.kind.map_or("", HouseKind::word).to_owned(),
            country: profile.country.map_or("", Country::code).to_owned(),
            source: profile.source,
        }
    }
}

impl AboutBody {
    fn read(&self) -> Result<Profile, AccountError> {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Profile {
            bio: self.bio.clone(),
            website: self.website.clone(),
            handles: Handles {
                twitter: self.twitter.clone(),
                github: self.github.clone(),
                linkedin: self.linkedin.clone(),
                bluesky: self.bluesky.clone(),
            },
            kind: said(&self.kind).map(|word| word.parse()).transpose()?,
            country: said(&self.country).map(|code| code.parse()).transpose()?,
            source: self.source.clone(),
            is_verified: false,
        })
    }
}

/// `GET /settings/about`
async fn begin(visit: Visit) -> Answer {
    Ok(go_to(&format!("/settings/about/{}", visit.person()?.name)))
}

/// `GET /settings/about/{owner}`
async fn show(visit: Visit, State(accounts): State<Accounts>, Path(owner): Path<NamespaceName>) -> Answer {
    let found = governed(&visit, &accounts, &owner).await?;
    let body = accounts.profile(&found).await?.into();
    about_page(&visit, &accounts, &found, &body, None).await
}

/// To others than those who look after it there is no such page.
pub(super) async fn governed(
    visit: &Visit,
    accounts: &Accounts,
    owner: &NamespaceName,
) -> Result<Namespace, PageError> {
    visit.person()?;
    match accounts.governed(visit.by(), owner).await {
        Err(error) if matches!(error.code(), Code::Forbidden | Code::NotFound) => {
            Err(PageError::told(Code::NotFound, visit.words.get("error.nothing")))
        }
        other => Ok(other?),
    }
}

async fn about_page(
    visit: &Visit,
    accounts: &Accounts,
    found: &Namespace,
    body: &AboutBody,
    problem: Option<String>,
) -> Answer {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = AboutPage {
        shell: visit.shell("about"),
        owner: found.name.to_string(),
        is_org: found.kind == NamespaceKind::Organization,
        moment: visit.now.millis(),
        body,
        kinds: HouseKind::ALL.into_iter().map(|kind| (kind.word(), kind_shown(visit, kind))).collect(),
        countries: Country::all().collect(),
        is_verified: accounts.profile(found).await?.is_verified,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// A kind of house in the reader's language.
pub(crate) fn kind_shown(visit: &Visit, kind: HouseKind) -> &'static str {
    visit.words.find(&format!("house.kind.{}", kind.word())).unwrap_or(kind.word())
}

/// `POST /settings/about/{owner}`
async fn save(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(owner): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<AboutBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let found = governed(&visit, &accounts, &owner).await?;
    let done = match body.read() {
        Ok(profile) => accounts.describe(visit.by(), &found, profile).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(go_to(&format!("/settings/about/{owner}?done=saved"))),
        Err(error) if is_mendable(&error) => {
            about_page(&visit, &accounts, &found, &body, Some(sentence(error.message()))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/about/{owner}/picture`
async fn send_picture(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(owner): Path<NamespaceName>,
    headers: HeaderMap,
    body: BodyStream,
) -> Answer {
    let mut parts = form::parts(&headers, body, Picture::BYTES_MAX as u64 + FRAME_BYTES)?;
    visit.check(&form::token(&mut parts).await?)?;
    let found = governed(&visit, &accounts, &owner).await?;
    let mut sent = Vec::new();
    while let Some(field) = parts.next_field().await.map_err(|error| form::cut_off(&error))? {
        if field.name() == Some("picture") {
            sent = form::whole(field, Picture::BYTES_MAX).await?.to_vec();
        }
    }
    match accounts.set_picture(visit.by(), &found, sent).await {
        Ok(()) => Ok(go_to(&format!("/settings/about/{owner}?done=saved"))),
        Err(error) if is_mendable(&error) => {
            let body = accounts.profile(&found).await?.into();
            about_page(&visit, &accounts, &found, &body, Some(sentence(error.message()))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Nothing but the token.
#[derive(Deserialize)]
struct RemoveBody {
    form_token: String,
}

/// `POST /settings/about/{owner}/picture/remove`
async fn remove_picture(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(owner): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<RemoveBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let found = governed(&visit, &accounts, &owner).await?;
    accounts.remove_picture(visit.by(), &found).await?;
    Ok(go_to(&format!("/settings/about/{owner}?done=saved")))
}
