//! `/organizations`: who there is; organisations made, their members added, given roles, taken out; leaving; deleting.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{
    AccountError, Accounts, Label, Member, Membership, Namespace, NamespaceKind, NewOrganization, Organization,
    PageQuery,
};
use hub_core::{Code, NamespaceName, OrgRole, Timestamp, UserError, Visibility};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Path, Query, get, post};
use hub_repo::Repos;
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// People and organisations on a page of the list.
const PAGE: usize = 48;
/// Members that the settings show.
const MEMBERS_SHOWN: usize = 500;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Login).undocumented();
    let post = |path: &str| post(path).access(AccessClass::Login).undocumented();
    let public = |path: &str| hub_http::get(path).access(AccessClass::Read).undocumented();
    ApiRouter::new()
        .route(public("/organizations").to(organizations))
        .route(public("/users").to(people))
        .route(get("/organizations/new").to(form))
        .route(post("/organizations/new").to(create))
        .route(get("/organizations/{name}/settings").to(settings))
        .route(post("/organizations/{name}/settings").to(save))
        .route(post("/organizations/{name}/members").to(put_member))
        .route(post("/organizations/{name}/members/remove").to(remove_member))
        .route(post("/organizations/{name}/delete").to(delete))
}

/// Which of them.
#[derive(Deserialize)]
struct DirectoryQuery {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "organizations/page.html")]
struct DirectoryPage {
    shell: Shell,
    is_people: bool,
    search: String,
    entries: Vec<Entry>,
    next: Option<String>,
}

/// A person or an organisation in the list.
struct Entry {
    name: String,
    full_name: String,
    since: Timestamp,
}

/// `GET /organizations`
async fn organizations(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<DirectoryQuery>) -> Answer {
    directory(&visit, &accounts, NamespaceKind::Organization, query).await
}

/// `GET /users`
async fn people(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<DirectoryQuery>) -> Answer {
    directory(&visit, &accounts, NamespaceKind::User, query).await
}

async fn directory(visit: &Visit, accounts: &Accounts, kind: NamespaceKind, query: DirectoryQuery) -> Answer {
    let search = query.q.trim().to_owned();
    let page = PageQuery { after: query.after, limit: Some(PAGE) };
    let found = accounts.directory(kind, &search, &page).await?;
    let is_people = kind == NamespaceKind::User;
    let path = if is_people { "/users" } else { "/organizations" };
    let entry = |space: Namespace| Entry {
        name: space.name.to_string(),
        full_name: space.full_name.to_string(),
        since: space.created_at,
    };
    let next = found.next.map(|after| format!("{path}?q={}&after={}", escape_value(&search), escape_value(&after)));
    let entries = found.items.into_iter().map(entry).collect();
    Ok(visit.page(StatusCode::OK, &DirectoryPage { shell: visit.shell("people"), is_people, search, entries, next }))
}

#[derive(Template)]
#[template(path = "organizations/new.html")]
struct NewOrgPage<'a> {
    shell: Shell,
    name: &'a str,
    full_name: &'a str,
    problem: Option<String>,
}

/// `GET /organizations/new`
async fn form(visit: Visit) -> Answer {
    visit.person()?;
    let view = NewOrgPage { shell: visit.shell("people"), name: "", full_name: "", problem: None };
    Ok(visit.page(StatusCode::OK, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct NewOrgBody {
    form_token: String,
    name: String,
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    private: bool,
}

/// `POST /organizations/new`
async fn create(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<NewOrgBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    match create_org(&visit, &accounts, &body).await {
        Ok(made) => Ok(go_to(&format!("/organizations/{}/settings?done=org", made.name))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            let (name, full_name) = (body.name.as_str(), body.full_name.as_str());
            let view = NewOrgPage { shell: visit.shell("people"), name, full_name, problem };
            Ok(visit.page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

async fn create_org(visit: &Visit, accounts: &Accounts, body: &NewOrgBody) -> Result<Namespace, AccountError> {
    let new = NewOrganization {
        name: parse_name(&body.name)?,
        full_name: label(&body.full_name)?,
        default_visibility: if body.private { Visibility::Private } else { Visibility::Public },
    };
    accounts.create_org(visit.by(), new).await
}

fn parse_name(text: &str) -> Result<NamespaceName, AccountError> {
    let text = text.trim();
    text.parse().map_err(|source| AccountError::Name { name: text.to_owned(), source })
}

fn label(text: &str) -> Result<Option<Label>, AccountError> {
    Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::parse).transpose()?)
}

#[derive(Template)]
#[template(path = "organizations/settings.html")]
struct OrgSettingsPage {
    shell: Shell,
    org: Organization,
    members: Vec<MemberLine>,
    roles: Vec<(&'static str, &'static str)>,
    is_admin: bool,
    is_private: bool,
    own_name: String,
    is_member: bool,
    problem: Option<String>,
}

/// A member in the list.
struct MemberLine {
    name: String,
    full_name: String,
    role: &'static str,
    role_shown: &'static str,
    since: Timestamp,
}

impl MemberLine {
    fn has(&self, role: &str) -> bool {
        self.role == role
    }
}

/// `GET /organizations/{name}/settings`
async fn settings(visit: Visit, State(accounts): State<Accounts>, Path(name): Path<NamespaceName>) -> Answer {
    org_page(&visit, &accounts, &name, StatusCode::OK, None).await
}

async fn org_page(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let person = visit.person()?;
    let org = accounts.organization(name).await?;
    let page = PageQuery { after: None, limit: Some(MEMBERS_SHOWN) };
    let members = accounts.members(visit.by(), name, &page).await?;
    let role = |role: OrgRole| visit.words.find(&format!("role.{}", role.word())).unwrap_or(role.word());
    let line = |member: Member| MemberLine {
        name: member.name.to_string(),
        full_name: member.full_name.to_string(),
        role: member.role.word(),
        role_shown: role(member.role),
        since: member.since,
    };
    let view = OrgSettingsPage {
        shell: visit.shell("people"),
        is_admin: visit.caller.is_instance_admin() || visit.caller.role_in(org.namespace.id) == Some(OrgRole::Admin),
        is_private: org.namespace.default_visibility == Visibility::Private,
        is_member: visit.caller.role_in(org.namespace.id).is_some(),
        own_name: person.name.to_string(),
        roles: OrgRole::ALL.iter().map(|each| (each.word(), role(*each))).collect(),
        members: members.items.into_iter().map(line).collect(),
        org,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct OrgBody {
    form_token: String,
    full_name: String,
    #[serde(default)]
    private: bool,
}

/// `POST /organizations/{name}/settings`
async fn save(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<OrgBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let done = save_org(&visit, &accounts, &name, &body).await;
    answer(&visit, &accounts, &name, done, "saved").await
}

async fn save_org(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    body: &OrgBody,
) -> Result<(), AccountError> {
    let visibility = if body.private { Visibility::Private } else { Visibility::Public };
    accounts.set_org_profile(visit.by(), name, &body.full_name.parse()?).await?;
    accounts.set_default_visibility(visit.by(), name, visibility).await
}

/// Leads back to the settings, or shows them with what went wrong.
async fn answer(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    done: Result<(), AccountError>,
    word: &str,
) -> Answer {
    match done {
        Ok(()) => Ok(go_to(&format!("/organizations/{name}/settings?done={word}"))),
        Err(error) if is_mendable(&error) || error.code() == Code::NotFound => {
            let problem = Some(sentence(error.message()));
            org_page(visit, accounts, name, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A member and a role.
#[derive(Deserialize)]
struct MemberBody {
    form_token: String,
    user: String,
    #[serde(default)]
    role: String,
}

/// `POST /organizations/{name}/members`
async fn put_member(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<MemberBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let role = OrgRole::from_word(&body.role)
        .ok_or_else(|| PageError::told(Code::BadRequest, visit.words.get("error.nothing")))?;
    let done = match parse_name(&body.user) {
        Ok(user) => accounts.put_member(visit.by(), &name, &user, role).await,
        Err(error) => Err(error),
    };
    answer(&visit, &accounts, &name, done, "member").await
}

/// `POST /organizations/{name}/members/remove`: also how a member leaves.
async fn remove_member(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<MemberBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let own = visit.person()?.name.clone();
    let user = parse_name(&body.user)?;
    let done = accounts.remove_member(visit.by(), &name, &user).await;
    if done.is_ok() && user.key() == own.key() {
        return Ok(go_to("/settings/profile?done=left"));
    }
    answer(&visit, &accounts, &name, done, "removed").await
}

/// The name again, as proof that it is meant.
#[derive(Deserialize)]
struct DeleteBody {
    form_token: String,
    confirm: String,
}

/// `POST /organizations/{name}/delete`
async fn delete(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    Path(name): Path<NamespaceName>,
    JsonOrForm(body): JsonOrForm<DeleteBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    if body.confirm.trim() != name.as_str() {
        let problem = Some(visit.words.fill("form.confirm.wrong", &[&name]));
        return org_page(&visit, &accounts, &name, StatusCode::UNPROCESSABLE_ENTITY, problem).await;
    }
    let org = accounts.organization(&name).await?;
    let owned = u64::from(repos.owns_any(org.namespace.id).await?);
    match accounts.delete_org(visit.by(), &name, owned).await {
        Ok(()) => Ok(go_to("/settings/profile?done=deleted")),
        done => answer(&visit, &accounts, &name, done, "deleted").await,
    }
}

/// The names of a person's organisations in which they may create.
pub(crate) fn creatable(memberships: &[Membership]) -> Vec<String> {
    let may = memberships.iter().filter(|membership| membership.role >= OrgRole::Contributor);
    may.map(|membership| membership.name.to_string()).collect()
}
