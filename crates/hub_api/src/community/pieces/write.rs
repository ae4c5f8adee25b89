//! Posts and articles written, changed, hidden, voted for, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_account::Accounts;
use hub_community::{Community, NewPiece, PieceChange, PieceKind};
use hub_core::{Code, NamespaceName};
use hub_http::{
    AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, RouteDraft, SignedIn, SiteAdmin, delete, patch, post,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{At, Kind, all_of, one_of};
use crate::ApiState;
use crate::community::discussions::done;
use crate::failure::Answer;

pub(super) fn routes(kind: PieceKind) -> ApiRouter<ApiState> {
    let (word, one) = (kind.word(), one_of(kind));
    let route = |draft: RouteDraft, id: &str, summary: String| {
        draft.access(AccessClass::Login).tag("posts").id(format!("{id}_{word}")).summary(summary).answer::<Value>()
    };
    let this = match kind {
        PieceKind::Post => "a post",
        PieceKind::Article => "an article",
    };
    ApiRouter::new()
        .route(route(post(all_of(kind)), "create", format!("Writes {this}")).body::<NewBody>().to(create))
        .route(route(patch(one.clone()), "change", format!("Changes {this}")).body::<ChangeBody>().to(change))
        .route(route(delete(one.clone()), "delete", format!("Deletes {this} and the comments on it")).to(remove))
        .route(route(post(format!("{one}/upvote")), "upvote", format!("Votes for {this}")).to(upvote))
        .route(
            route(delete(format!("{one}/upvote")), "withdraw_upvote_of", format!("Takes a vote for {this} back"))
                .to(withdraw_upvote),
        )
        .route(
            post(format!("{one}/hide"))
                .access(AccessClass::SiteAdmin)
                .tag("posts")
                .id(format!("hide_{word}"))
                .summary(format!("Hides {this} from all but its authors, or shows it again"))
                .body::<HideBody>()
                .answer::<Value>()
                .to(hide),
        )
}

/// A new post or article.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewBody {
    /// In whose name; without it, in the caller's.
    namespace: Option<String>,
    /// Of an article; a post has none.
    #[serde(default)]
    title: String,
    /// Markdown: at most 5,000 characters of a post, 200,000 bytes of an article.
    content: String,
    /// Whether an article is kept back for now.
    #[serde(default)]
    draft: bool,
    /// The names of those who write an article with the caller.
    #[serde(default)]
    coauthors: Vec<String>,
}

/// The people of these names.
fn names(texts: &[String]) -> Answer<Vec<NamespaceName>> {
    let name = |text: &String| {
        text.parse().map_err(|_| ApiError::new(Code::NotFound, format!("there is no user called {text}")))
    };
    Ok(texts.iter().map(name).collect::<Result<_, _>>()?)
}

/// `POST /api/posts` and `POST /api/blog`
async fn create(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    SignedIn(caller): SignedIn,
    Kind(kind): Kind,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<NewBody>,
) -> Answer<impl IntoResponse> {
    let own = caller.user().map(|user| user.name.to_string()).unwrap_or_default();
    let name = body.namespace.unwrap_or(own);
    let missing = || ApiError::new(Code::NotFound, format!("there is nobody called {name}"));
    let owner = accounts.namespace(&name.parse().map_err(|_| missing())?).await?.ok_or_else(missing)?;
    let new = NewPiece {
        kind,
        title: body.title,
        body: body.content,
        is_draft: body.draft,
        coauthors: names(&body.coauthors)?,
        host: public_url.as_str().to_owned(),
    };
    let piece = community.write_piece(&caller, &owner, &new).await?;
    let view = json!({
        "_id": piece.id.wire(),
        "slug": piece.slug,
        "namespace": owner.name.to_string(),
        "url": public_url.join(&piece.path(&owner.name)),
    });
    Ok((StatusCode::CREATED, Json(view)))
}

/// What shall change; what is absent stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeBody {
    title: Option<String>,
    content: Option<String>,
    coauthors: Option<Vec<String>>,
    /// `false` publishes a draft.
    draft: Option<bool>,
}

/// `PATCH /api/posts/{namespace}/{slug}` and `PATCH /api/blog/{namespace}/{slug}`
async fn change(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Answer<Json<Value>> {
    let (piece, owner) = at.find(&community, &caller).await?;
    if body.draft == Some(true) && !piece.is_draft {
        return Err(ApiError::bad_request("what is published is no draft any more: delete it instead").into());
    }
    let change = PieceChange {
        title: body.title,
        body: body.content,
        coauthors: body.coauthors.as_deref().map(names).transpose()?,
        publish: body.draft == Some(false),
        host: public_url.as_str().to_owned(),
    };
    community.change_piece(&caller, (&piece, &owner), &change).await?;
    Ok(done())
}

/// `DELETE /api/posts/{namespace}/{slug}` and `DELETE /api/blog/{namespace}/{slug}`
async fn remove(State(community): State<Community>, Caller(caller): Caller, at: At) -> Answer<Json<Value>> {
    let (piece, owner) = at.find(&community, &caller).await?;
    community.delete_piece(&caller, (&piece, &owner)).await?;
    Ok(done())
}

/// `POST /api/posts/{namespace}/{slug}/upvote` and the like of articles
async fn upvote(State(community): State<Community>, Caller(caller): Caller, at: At) -> Answer<Json<Value>> {
    let (piece, _) = at.find(&community, &caller).await?;
    community.upvote_piece(&caller, &piece, true).await?;
    Ok(done())
}

/// `DELETE /api/posts/{namespace}/{slug}/upvote` and the like of articles
async fn withdraw_upvote(State(community): State<Community>, Caller(caller): Caller, at: At) -> Answer<Json<Value>> {
    let (piece, _) = at.find(&community, &caller).await?;
    community.upvote_piece(&caller, &piece, false).await?;
    Ok(done())
}

/// Whether it is hidden.
#[derive(Deserialize, JsonSchema)]
struct HideBody {
    hidden: bool,
}

/// `POST /api/posts/{namespace}/{slug}/hide` and the like of articles
async fn hide(
    State(community): State<Community>,
    SiteAdmin(caller): SiteAdmin,
    at: At,
    JsonBody(body): JsonBody<HideBody>,
) -> Answer<Json<Value>> {
    let (piece, owner) = at.find(&community, &caller).await?;
    community.hide_piece(&caller, (&piece, &owner), body.hidden).await?;
    Ok(done())
}
