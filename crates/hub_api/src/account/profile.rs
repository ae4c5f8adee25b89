//! What people and organisations say about themselves, and their pictures.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_account::{Accounts, By, Country, Handles, HouseKind, Namespace, NamespaceKind, Picture, Profile};
use hub_core::{Code, NamespaceName};
use hub_http::{
    AccessClass, ApiError, ApiRouter, BodyStream, Caller, JsonBody, Path, PublicUrl, Query, delete, get, put,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let read = |path: &str| get(path).access(AccessClass::Read).tag("accounts");
    ApiRouter::new()
        .route(
            read("/api/users/{namespace}/avatar")
                .summary("Tells where the picture of a person is")
                .query::<AvatarQuery>()
                .answer::<AvatarView>()
                .to(user_avatar),
        )
        .route(
            read("/api/organizations/{namespace}/avatar")
                .summary("Tells where the picture of an organisation is")
                .query::<AvatarQuery>()
                .answer::<AvatarView>()
                .to(org_avatar),
        )
        .route(read("/api/avatars/{namespace}").summary("Leads to the picture of a person or an organisation").to(lead))
        .route(
            put("/api/avatars/{namespace}")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Replaces a picture by the PNG, JPEG, WebP or GIF file that is sent")
                .to(set_picture),
        )
        .route(
            delete("/api/avatars/{namespace}")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Takes a picture away")
                .to(remove_picture),
        )
        .route(
            read("/api/users/{namespace}/socials")
                .summary("Tells the names of a person in other places")
                .answer::<UserSocialsView>()
                .to(user_socials),
        )
        .route(
            read("/api/organizations/{namespace}/socials")
                .summary("Tells the names of an organisation in other places")
                .answer::<OrgSocialsView>()
                .to(org_socials),
        )
        .route(
            read("/api/profiles/{namespace}")
                .summary("Tells what a person or an organisation says about themselves")
                .answer::<ProfileView>()
                .to(show),
        )
        .route(
            put("/api/profiles/{namespace}")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Replaces what a person or an organisation says about themselves")
                .body::<ProfileBody>()
                .answer::<ProfileView>()
                .to(describe),
        )
        .route(
            get("/avatars/{file}")
                .access(AccessClass::Public)
                .summary("Shows the picture of a name")
                .undocumented()
                .to(picture),
        )
}

pub(super) async fn named(accounts: &Accounts, name: &NamespaceName, kind: NamespaceKind) -> Answer<Namespace> {
    let what = match kind {
        NamespaceKind::User => "user",
        NamespaceKind::Organization => "organization",
    };
    match accounts.namespace(name).await? {
        Some(found) if found.kind == kind => Ok(found),
        _ => Err(no_longer(accounts, name, what).await?.into()),
    }
}

/// The answer where nobody of that kind bears the name: where it leads to, if somebody bore it.
async fn no_longer(accounts: &Accounts, name: &NamespaceName, what: &str) -> Answer<ApiError> {
    Ok(match accounts.renamed(name).await? {
        Some(now) => ApiError::renamed(name, &now.name),
        None => ApiError::new(Code::NotFound, format!("there is no {what} called {name}")),
    })
}

async fn anyone(accounts: &Accounts, name: &NamespaceName) -> Answer<Namespace> {
    match accounts.namespace(name).await? {
        Some(found) => Ok(found),
        None => Err(no_longer(accounts, name, "user or organization").await?.into()),
    }
}

/// How the picture is wanted.
#[derive(Deserialize, JsonSchema)]
struct AvatarQuery {
    /// Whether to be led to the picture instead of being told where it is; any value counts.
    redirect: Option<String>,
}

/// Where a picture is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AvatarView {
    avatar_url: String,
}

/// `GET /api/users/{namespace}/avatar`
async fn user_avatar(
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    Query(query): Query<AvatarQuery>,
    public_url: PublicUrl,
    headers: HeaderMap,
) -> Answer<Response> {
    let found = named(&accounts, &name, NamespaceKind::User).await?;
    Ok(avatar_of(&found, &query, &public_url, &headers))
}

/// `GET /api/organizations/{namespace}/avatar`
async fn org_avatar(
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    Query(query): Query<AvatarQuery>,
    public_url: PublicUrl,
    headers: HeaderMap,
) -> Answer<Response> {
    let found = named(&accounts, &name, NamespaceKind::Organization).await?;
    Ok(avatar_of(&found, &query, &public_url, &headers))
}

fn avatar_of(found: &Namespace, query: &AvatarQuery, public_url: &PublicUrl, headers: &HeaderMap) -> Response {
    let avatar_url = public_url.join(&found.avatar_path());
    // A page that names this address in an `img` wants the picture.
    let is_image = headers.get("sec-fetch-dest").is_some_and(|dest| dest == "image");
    if is_image || query.redirect.is_some() {
        led_to(&avatar_url)
    } else {
        Json(AvatarView { avatar_url }).into_response()
    }
}

fn led_to(url: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, url)]).into_response()
}

/// `GET /api/avatars/{namespace}`
async fn lead(
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
) -> Answer<Response> {
    let found = anyone(&accounts, &name).await?;
    Ok(led_to(&public_url.join(&found.avatar_path())))
}

/// `PUT /api/avatars/{namespace}`
async fn set_picture(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
    body: BodyStream,
) -> Answer<Json<AvatarView>> {
    let found = accounts.governed(By::Caller(&caller), &name).await?;
    let sent = body.whole(Picture::BYTES_MAX as u64).await?;
    accounts.set_picture(By::Caller(&caller), &found, sent.to_vec()).await?;
    Ok(Json(AvatarView { avatar_url: public_url.join(&found.avatar_path()) }))
}

/// `DELETE /api/avatars/{namespace}`
async fn remove_picture(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
) -> Answer<StatusCode> {
    let found = accounts.governed(By::Caller(&caller), &name).await?;
    accounts.remove_picture(By::Caller(&caller), &found).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Names in other places; those that were not told are left out.
#[derive(Serialize, Deserialize, Default, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct HandlesView {
    #[serde(skip_serializing_if = "String::is_empty")]
    twitter: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    github: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    linkedin: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    bluesky: String,
}

impl From<Handles> for HandlesView {
    fn from(Handles { twitter, github, linkedin, bluesky }: Handles) -> Self {
        Self { twitter, github, linkedin, bluesky }
    }
}

/// The names of a person in other places.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserSocialsView {
    #[serde(rename = "_id")]
    id: String,
    user: String,
    social_handles: HandlesView,
}

/// The names of an organisation in other places.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrgSocialsView {
    #[serde(rename = "_id")]
    id: String,
    org: String,
    social_handles: HandlesView,
}

/// `GET /api/users/{namespace}/socials`
async fn user_socials(
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
) -> Answer<Json<UserSocialsView>> {
    let found = named(&accounts, &name, NamespaceKind::User).await?;
    let social_handles = accounts.profile(&found).await?.handles.into();
    Ok(Json(UserSocialsView { id: found.id.to_string(), user: found.name.to_string(), social_handles }))
}

/// `GET /api/organizations/{namespace}/socials`
async fn org_socials(
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
) -> Answer<Json<OrgSocialsView>> {
    let found = named(&accounts, &name, NamespaceKind::Organization).await?;
    let social_handles = accounts.profile(&found).await?.handles.into();
    Ok(Json(OrgSocialsView { id: found.id.to_string(), org: found.name.to_string(), social_handles }))
}

/// What somebody says about themselves.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProfileView {
    name: String,
    r#type: &'static str,
    bio: String,
    website: String,
    social_handles: HandlesView,
    /// `company`, `university`, `non-profit`, `community`, `government`, `independent`.
    kind: Option<&'static str>,
    /// Two letters of ISO 3166.
    country: Option<&'static str>,
    /// A page that shows kind and country.
    source: String,
    /// Who says so: `self` or `administrator`.
    declared_by: &'static str,
}

impl ProfileView {
    fn of(found: &Namespace, profile: Profile) -> Self {
        Self {
            name: found.name.to_string(),
            r#type: found.kind.word(),
            bio: profile.bio,
            website: profile.website,
            social_handles: profile.handles.into(),
            kind: profile.kind.map(HouseKind::word),
            country: profile.country.map(Country::code),
            source: profile.source,
            declared_by: if profile.is_verified { "administrator" } else { "self" },
        }
    }
}

/// The same, to be kept; what is left out is no longer said.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileBody {
    #[serde(default)]
    bio: String,
    #[serde(default)]
    website: String,
    #[serde(default)]
    social_handles: HandlesView,
    kind: Option<String>,
    country: Option<String>,
    #[serde(default)]
    source: String,
}

/// `GET /api/profiles/{namespace}`
async fn show(State(accounts): State<Accounts>, Path(name): Path<NamespaceName>) -> Answer<Json<ProfileView>> {
    let found = anyone(&accounts, &name).await?;
    Ok(Json(ProfileView::of(&found, accounts.profile(&found).await?)))
}

/// `PUT /api/profiles/{namespace}`
async fn describe(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    JsonBody(body): JsonBody<ProfileBody>,
) -> Answer<Json<ProfileView>> {
    let found = accounts.governed(By::Caller(&caller), &name).await?;
    let HandlesView { twitter, github, linkedin, bluesky } = body.social_handles;
    let profile = Profile {
        bio: body.bio,
        website: body.website,
        handles: Handles { twitter, github, linkedin, bluesky },
        kind: body.kind.map(|word| word.parse()).transpose().map_err(hub_account::AccountError::from)?,
        country: body.country.map(|code| code.parse()).transpose().map_err(hub_account::AccountError::from)?,
        source: body.source,
        is_verified: false,
    };
    accounts.describe(By::Caller(&caller), &found, profile).await?;
    Ok(Json(ProfileView::of(&found, accounts.profile(&found).await?)))
}

/// `GET /avatars/{name}`: the picture that somebody sent, or else the first letter on a colour that the name decides. A
/// name that nobody bears has a letter too, so that pages need not ask who exists. `{name}.svg` is the address of old.
async fn picture(State(accounts): State<Accounts>, Path(file): Path<String>, headers: HeaderMap) -> Answer<Response> {
    let missing = || ApiError::new(Code::NotFound, "pictures are called by the name of a person or an organisation");
    let name: NamespaceName = file.strip_suffix(".svg").unwrap_or(&file).parse().map_err(|_| missing())?;
    // A new picture is seen within a minute, and an old one costs no byte to whoever has it.
    let cache = (header::CACHE_CONTROL, "public, max-age=60");
    let Some(Picture { media_type, etag, bytes }) = accounts.picture(&name).await? else {
        return Ok(([(header::CONTENT_TYPE, "image/svg+xml"), cache], letter(&name)).into_response());
    };
    let etag = format!("\"{etag}\"");
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag.as_str()), cache]).into_response());
    }
    Ok(([(header::CONTENT_TYPE, media_type.as_str()), (header::ETAG, etag.as_str()), cache], bytes).into_response())
}

fn letter(name: &NamespaceName) -> String {
    let hue = name.key().bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 360;
    let letter = name.as_str().chars().next().unwrap_or('?').to_ascii_uppercase();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" \
         fill=\"hsl({hue} 45% 40%)\"/><text x=\"32\" y=\"43\" font-family=\"sans-serif\" font-size=\"32\" \
         fill=\"#fff\" text-anchor=\"middle\">{letter}</text></svg>"
    )
}
