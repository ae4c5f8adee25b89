//! `GET /api/whoami-v2`: who the caller is and what their credential can do.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, Whoami};
use hub_http::{AccessClass, ApiRouter, Caller, PublicUrl, get};
use serde_json::Value;

use crate::ApiState;
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get("/api/whoami-v2")
            .access(AccessClass::Login)
            .tag("accounts")
            .summary("Tells who the caller is")
            .answer::<Value>()
            .to(whoami),
    )
}

/// `GET /api/whoami-v2`
async fn whoami(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    public_url: PublicUrl,
) -> Answer<Json<Whoami>> {
    let mut me = accounts.whoami(&caller).await?;
    me.avatar_url = public_url.join(&me.avatar_url);
    for org in &mut me.orgs {
        org.avatar_url = public_url.join(&org.avatar_url);
    }
    Ok(Json(me))
}
