//! What everyone may know of a person or an organisation, and the members of an organisation.

use axum::Json;
use axum::extract::State;
use hub_account::{
    Accounts, By, Country, HouseKind, Member, Namespace, NamespaceId, NamespaceKind, PageQuery, Profile, avatar_path,
};
use hub_community::{Community, FollowCounts};
use hub_core::NamespaceName;
use hub_http::{AccessClass, ApiRouter, Caller, Page, Paging, Path, PublicUrl, Query, get};
use hub_repo::{KindCounts, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::named;
use crate::ApiState;
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            get("/api/users/{namespace}/overview")
                .access(AccessClass::Read)
                .tag("accounts")
                .summary("Tells what everyone may know of a person")
                .answer::<UserView>()
                .to(user_overview),
        )
        .route(
            get("/api/organizations/{namespace}/overview")
                .access(AccessClass::Read)
                .tag("accounts")
                .summary("Tells what everyone may know of an organisation")
                .answer::<OrgView>()
                .to(org_overview),
        )
        .route(
            get("/api/organizations/{namespace}/members")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Lists the members of an organisation, for its members")
                .query::<MembersQuery>()
                .answer::<Vec<MemberView>>()
                .to(members),
        )
}

/// What people and organisations have in common. Papers are not counted yet.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProfileView {
    #[serde(rename = "_id")]
    id: String,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    is_following: bool,
    /// Of the repositories, those are counted that the caller may know of.
    num_models: u64,
    num_datasets: u64,
    num_spaces: u64,
    num_buckets: u64,
    num_kernels: u64,
    num_papers: u64,
    num_followers: u64,
    created_at: String,
    /// What they say about themselves.
    #[serde(skip_serializing_if = "String::is_empty")]
    details: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    website: String,
    /// What kind of house: `company`, `university`, `non-profit`, `community`, `government`, `independent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Two letters of ISO 3166.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
    /// Where kind and country can be checked.
    #[serde(skip_serializing_if = "String::is_empty")]
    annotation_source: String,
}

impl ProfileView {
    fn of(
        counts: KindCounts,
        follows: FollowCounts,
        public_url: &PublicUrl,
        found: &Namespace,
        profile: Profile,
    ) -> Self {
        Self {
            id: found.id.to_string(),
            fullname: found.full_name.to_string(),
            avatar_url: public_url.join(&found.avatar_path()),
            r#type: match found.kind {
                NamespaceKind::User => "user",
                NamespaceKind::Organization => "org",
            },
            is_following: follows.is_following,
            num_models: counts.models,
            num_datasets: counts.datasets,
            num_spaces: counts.spaces,
            num_buckets: counts.buckets,
            num_kernels: counts.kernels,
            num_papers: 0,
            num_followers: follows.followers,
            created_at: found.created_at.to_string(),
            details: profile.bio,
            website: profile.website,
            kind: profile.kind.map(HouseKind::word),
            country: profile.country.map(Country::code),
            annotation_source: profile.source,
        }
    }
}

/// A person.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserView {
    user: String,
    #[serde(flatten)]
    profile: ProfileView,
    is_pro: bool,
    num_discussions: u64,
    num_upvotes: u64,
    num_likes: u64,
    num_following: u64,
    num_following_orgs: u64,
    orgs: Vec<MembershipView>,
}

/// An organisation that someone is a member of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MembershipView {
    #[serde(rename = "_id")]
    id: String,
    name: String,
    fullname: String,
    avatar_url: String,
}

/// `GET /api/users/{namespace}/overview`
async fn user_overview(
    State(repos): State<Repos>,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
) -> Answer<Json<UserView>> {
    let found = named(&accounts, &name, NamespaceKind::User).await?;
    let orgs: Vec<NamespaceId> = accounts.memberships(found.id).await?.iter().map(|member| member.org).collect();
    let membership = |org: Namespace| MembershipView {
        id: org.id.to_string(),
        avatar_url: public_url.join(&org.avatar_path()),
        name: org.name.to_string(),
        fullname: org.full_name.to_string(),
    };
    let counts = repos.count_of(&caller, found.id).await?;
    let follows = community.follow_counts(&caller, found.id).await?;
    Ok(Json(UserView {
        profile: ProfileView::of(counts, follows, &public_url, &found, accounts.profile(&found).await?),
        user: found.name.to_string(),
        is_pro: false,
        num_discussions: community.count_discussions_of(&caller, found.id).await?,
        num_upvotes: 0,
        num_likes: community.count_liked_by(&caller, found.id).await?,
        num_following: follows.following,
        num_following_orgs: follows.following_orgs,
        orgs: accounts.namespaces_by_id(&orgs).await?.into_iter().map(membership).collect(),
    }))
}

/// An organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrgView {
    name: String,
    #[serde(flatten)]
    profile: ProfileView,
    is_verified: bool,
    num_users: u64,
    plan: &'static str,
}

/// `GET /api/organizations/{namespace}/overview`
async fn org_overview(
    State(repos): State<Repos>,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
) -> Answer<Json<OrgView>> {
    let found = named(&accounts, &name, NamespaceKind::Organization).await?;
    let found = accounts.organization(&found.name).await?;
    let counts = repos.count_of(&caller, found.namespace.id).await?;
    let follows = community.follow_counts(&caller, found.namespace.id).await?;
    let profile = accounts.profile(&found.namespace).await?;
    Ok(Json(OrgView {
        profile: ProfileView::of(counts, follows, &public_url, &found.namespace, profile),
        name: found.namespace.name.to_string(),
        is_verified: false,
        num_users: found.members,
        plan: "free",
    }))
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct MembersQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A member of an organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    #[serde(rename = "_id")]
    id: String,
    user: String,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    role: &'static str,
    is_pro: bool,
}

/// `GET /api/organizations/{namespace}/members`
async fn members(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    Query(query): Query<MembersQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<MemberView>> {
    let page = PageQuery { after: query.cursor, limit: query.limit };
    let found = accounts.members(By::Caller(&caller), &name, &page).await?;
    let view = |member: Member| MemberView {
        id: member.id.to_string(),
        avatar_url: public_url.join(&avatar_path(&member.name)),
        user: member.name.to_string(),
        fullname: member.full_name.to_string(),
        r#type: "user",
        role: member.role.word(),
        is_pro: false,
    };
    Ok(paging.page(found.items.into_iter().map(view).collect(), found.next))
}
