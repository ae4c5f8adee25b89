//! `POST …/discussions/{num}`: everything that people do in a discussion, each by the button of a form.

use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, CommunityError, NewReview, Reaction, Status, ThreadEventId, Verdict};
use hub_core::{Access, ThreadNumber, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Path};
use hub_repo::{Attention, Repo, Repos};
use serde::Deserialize;

use super::thread::{Num, thread_page};
use crate::WebState;
use crate::error::{Answer, sentence};
use crate::page::go_to;
use crate::repo::{Opened, for_each_kind, post};
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/discussions/{num}", |path| post(AccessClass::Propose, path).to(act))
}

/// What is to be done, and to what.
#[derive(Deserialize)]
struct ActBody {
    form_token: String,
    act: String,
    /// A comment or title.
    #[serde(default)]
    text: String,
    /// The comment that is meant.
    #[serde(default)]
    comment: String,
    /// How somebody feels; a leading hyphen takes it back.
    #[serde(default)]
    reaction: String,
    /// What a review says, and of which commit.
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    commit: String,
}

/// `POST …/discussions/{num}`
async fn act(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
    JsonOrForm(body): JsonOrForm<ActBody>,
) -> Answer {
    let number = num.parse(&visit)?;
    visit.check(&body.form_token)?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let here = format!("{}/{number}", opened.head("discussions").discussions());
    match done(&community, &opened.repo, number, &body).await {
        Ok(anchor) => {
            if ["comment", "review"].contains(&body.act.as_str()) {
                opened.repo.notice(Attention::Word, visit.peer).await;
            }
            Ok(go_to(&format!("{here}{anchor}")))
        }
        Err(CommunityError::Repo(error)) => Err(error.into()),
        Err(CommunityError::Db(error)) => Err(CommunityError::Db(error).into()),
        Err(error) => {
            let problem = Some(sentence(error.message()));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            thread_page(&visit, &community, &opened, number, status, problem).await
        }
    }
}

/// Does it; answers the place of the page to go to.
async fn done(
    community: &Community,
    repo: &Repo,
    number: ThreadNumber,
    body: &ActBody,
) -> Result<String, CommunityError> {
    let text = Some(body.text.as_str());
    let comment = || {
        let missing = || CommunityError::NotFound("there is no such comment in this discussion".to_owned());
        ThreadEventId::of_wire(&body.comment).ok_or_else(missing)
    };
    let event = match body.act.as_str() {
        "comment" => community.comment(repo, number, &body.text).await?.0,
        "edit" => community.edit_comment(repo, number, comment()?, &body.text).await?.0,
        "review" => {
            let unknown = || CommunityError::BadRequest("say whether you approve or want changes".to_owned());
            let new = NewReview {
                verdict: Verdict::from_word(&body.verdict).ok_or_else(unknown)?,
                text: body.text.clone(),
                commit: body.commit.parse().ok(),
            };
            community.review(repo, number, &new).await?.0
        }
        "hide" => community.hide_comment(repo, number, comment()?, None).await?.0,
        "react" => {
            let (word, on) = match body.reaction.strip_prefix('-') {
                Some(word) => (word, false),
                None => (body.reaction.as_str(), true),
            };
            let unknown = || CommunityError::BadRequest("there is no such reaction".to_owned());
            let reaction = Reaction::from_word(word).ok_or_else(unknown)?;
            community.react(repo, number, comment()?, reaction, on).await?.0
        }
        "rename" => community.rename_discussion(repo, number, &body.text).await?.0,
        "open" => community.set_discussion_status(repo, number, Status::Open, text).await?.0,
        "close" => community.set_discussion_status(repo, number, Status::Closed, text).await?.0,
        act => {
            match act {
                "merge" => {
                    repo.demand(Access::Write)?;
                    community.merge_pull(repo, number, text).await?;
                }
                "apply" => {
                    community.apply_suggestion(repo, number, comment()?).await?;
                }
                "delete-ref" => community.delete_pull_ref(repo, number).await?,
                "pin" | "unpin" => community.pin_discussion(repo, number, act == "pin").await?,
                "mute" | "unmute" => community.mute_discussion(repo, number, act == "mute").await?,
                "lock" | "unlock" => community.lock_discussion(repo, number, act == "lock").await?,
                _ => return Err(CommunityError::BadRequest("the form asks for nothing that can be done".to_owned())),
            }
            return Ok(String::new());
        }
    };
    Ok(format!("#{}", event.id))
}
