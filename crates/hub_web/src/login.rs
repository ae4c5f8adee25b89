//! `/login`: in by password and, where there is one, second factor; out again; a new password by link; light or dark.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hub_account::{AccountError, Accounts, LetterWords, PasskeyAnswer, SignIn, SignUpPolicy};
use hub_core::{SecretString, UserError};
use hub_http::{AccessClass, ApiRouter, Json, JsonOrForm, Query, get, post};
use serde::{Deserialize, Serialize};

use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, is_mendable, sentence};
use crate::oauth::goes_on_to_app;
use crate::page::go_to;
use crate::settings::passkeys::{DoneView, place};
use crate::shell::Shell;
use crate::visit::{Theme, Visit, local_path};
use crate::words::Words;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Public).undocumented();
    let post = |path: &str| post(path).access(AccessClass::Public).undocumented();
    ApiRouter::new()
        .route(get("/login").to(form))
        .route(post("/login").to(sign_in))
        .route(get("/login/code").to(code_form))
        .route(post("/login/code").to(confirm))
        .route(post("/login/passkey/begin").to(begin_passkey))
        .route(post("/login/passkey").to(by_passkey))
        .route(get("/login/forgot").to(forgot_form))
        .route(post("/login/forgot").to(forgot))
        .route(get("/login/reset").to(reset_form))
        .route(post("/login/reset").to(reset))
        .route(post("/logout").to(sign_out))
        .route(post("/settings/appearance").to(choose))
}

/// Where to go on to.
#[derive(Deserialize)]
struct NextQuery {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "login/page.html")]
struct LoginPage<'a> {
    shell: Shell,
    next: &'a str,
    /// The same for an address.
    onward: String,
    login: &'a str,
    /// What the button to another house is called.
    house: Option<String>,
    can_join: bool,
    has_mail: bool,
    problem: Option<String>,
}

/// `GET /login`
async fn form(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(state): State<WebState>,
    Query(query): Query<NextQuery>,
) -> Answer {
    let next = local_path(&query.next);
    if visit.caller.user().is_some() {
        return Ok(go_to(next));
    }
    let house = state.sso.as_ref().map(|sso| sso.label.clone());
    Ok(login_page(&visit, &accounts, house, StatusCode::OK, (next, ""), None))
}

fn login_page(
    visit: &Visit,
    accounts: &Accounts,
    house: Option<String>,
    status: StatusCode,
    (next, login): (&str, &str),
    problem: Option<String>,
) -> Response {
    let can_join = accounts.sign_up_policy() != SignUpPolicy::Closed;
    let has_mail = accounts.mail().is_on();
    let onward = escape_value(next);
    let view = LoginPage { shell: visit.shell("login"), next, onward, login, house, can_join, has_mail, problem };
    visit.form_page(status, &view)
}

/// The filled form.
#[derive(Deserialize)]
struct LoginBody {
    form_token: String,
    #[serde(default)]
    next: String,
    login: String,
    password: SecretString,
}

/// `POST /login`
async fn sign_in(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(state): State<WebState>,
    JsonOrForm(body): JsonOrForm<LoginBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let next = local_path(&body.next);
    let login = body.login.trim();
    let attempt = SignIn { login, password: &body.password, address: &visit.address, client: &visit.client };
    match accounts.sign_in(&attempt).await {
        Ok(session) => {
            let mut response = match session.needs_code {
                true => go_to(&format!("/login/code?next={}", escape_value(next))),
                false => go_on(&visit, next),
            };
            visit.set_session(&mut response, Some(&session.value));
            Ok(response)
        }
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                AccountError::BadCredentials => visit.words.get("login.wrong").to_owned(),
                error => sentence(error.message()),
            };
            let house = state.sso.as_ref().map(|sso| sso.label.clone());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(login_page(&visit, &accounts, house, status, (next, login), Some(problem)))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "login/onward.html")]
struct OnwardPage<'a> {
    shell: Shell,
    next: &'a str,
}

/// Leads on after somebody signed in. An app that waits for them is elsewhere, and a browser follows the answer of a form
/// to nowhere else; it follows a page that says where to go.
pub(crate) fn go_on(visit: &Visit, next: &str) -> Response {
    match goes_on_to_app(next) {
        true => onward(visit, next),
        false => go_to(next),
    }
}

/// A page that leads on to another place.
pub(crate) fn onward(visit: &Visit, next: &str) -> Response {
    visit.page(StatusCode::OK, &OnwardPage { shell: visit.shell("login"), next })
}

#[derive(Template)]
#[template(path = "login/code.html")]
struct CodePage<'a> {
    shell: Shell,
    next: &'a str,
    problem: Option<String>,
}

/// `GET /login/code`
async fn code_form(visit: Visit, Query(query): Query<NextQuery>) -> Answer {
    let view = CodePage { shell: visit.shell("login"), next: local_path(&query.next), problem: None };
    Ok(visit.form_page(StatusCode::OK, &view))
}

/// The code of the second factor.
#[derive(Deserialize)]
struct CodeBody {
    form_token: String,
    #[serde(default)]
    next: String,
    code: SecretString,
}

/// `POST /login/code`
async fn confirm(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<CodeBody>) -> Answer {
    visit.check(&body.form_token)?;
    let next = local_path(&body.next);
    let Some(session) = &visit.session else { return Ok(go_to("/login")) };
    match accounts.confirm_session(session, &body.code, &visit.address).await {
        Ok(()) => Ok(go_on(&visit, next)),
        // The session waited too long: from the beginning.
        Err(AccountError::BadCredentials) => Ok(go_to(&format!("/login?next={}", escape_value(next)))),
        Err(error) if is_mendable(&error) => {
            let view = CodePage { shell: visit.shell("login"), next, problem: Some(sentence(error.message())) };
            Ok(visit.form_page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

/// What a browser needs to use a passkey.
#[derive(Serialize)]
struct PasskeyView {
    challenge: String,
    host: String,
    known: Vec<String>,
}

/// `POST /login/passkey/begin`
async fn begin_passkey(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let place = place(&visit)?;
    let challenge = accounts.begin_passkey_sign_in(visit.session.as_ref()).await?;
    let (host, known) = (place.host, challenge.known);
    Ok(Json(PasskeyView { challenge: challenge.challenge.reveal().to_owned(), host, known }).into_response())
}

/// What a passkey answered.
#[derive(Deserialize)]
struct PasskeyBody {
    form_token: String,
    #[serde(default)]
    next: String,
    #[serde(flatten)]
    answer: PasskeyAnswer,
}

/// `POST /login/passkey`
async fn by_passkey(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<PasskeyBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let place = place(&visit)?;
    let (waiting, address, client) = (visit.session.as_ref(), visit.address.as_str(), visit.client.as_str());
    match accounts.sign_in_by_passkey(&place, &body.answer, waiting, address, client).await {
        Ok(session) => {
            let view = DoneView { next: Some(local_path(&body.next).to_owned()), problem: None };
            let mut response = Json(view).into_response();
            if let Some(session) = session {
                visit.set_session(&mut response, Some(&session.value));
            }
            Ok(response)
        }
        Err(error) if is_mendable(&error) => {
            let view = DoneView { next: None, problem: Some(sentence(error.message())) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(view)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// A form that says nothing but that it is ours.
#[derive(Deserialize)]
pub(crate) struct TokenBody {
    pub(crate) form_token: String,
}

/// `POST /logout`
async fn sign_out(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<TokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    if let Some(session) = &visit.session {
        accounts.sign_out(session).await?;
    }
    let mut response = go_to("/");
    visit.set_session(&mut response, None);
    Ok(response)
}

#[derive(Template)]
#[template(path = "login/forgot.html")]
struct ForgotPage<'a> {
    shell: Shell,
    login: &'a str,
    is_sent: bool,
    problem: Option<String>,
}

/// `GET /login/forgot`
async fn forgot_form(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    if !accounts.mail().is_on() {
        return Err(AccountError::NoMail.into());
    }
    let view = ForgotPage { shell: visit.shell("login"), login: "", is_sent: false, problem: None };
    Ok(visit.form_page(StatusCode::OK, &view))
}

/// Who forgot.
#[derive(Deserialize)]
struct ForgotBody {
    form_token: String,
    login: String,
}

/// `POST /login/forgot`: the answer is the same whether or not there is such an account.
async fn forgot(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ForgotBody>) -> Answer {
    visit.check(&body.form_token)?;
    let words =
        LetterWords { subject: visit.words.get("letter.reset.subject"), text: visit.words.get("letter.reset.text") };
    let login = body.login.trim();
    let (status, is_sent, problem) = match accounts.mail_password_reset(login, &visit.address, words).await {
        Ok(()) => (StatusCode::OK, true, None),
        Err(error) if is_mendable(&error) => (StatusCode::UNPROCESSABLE_ENTITY, false, Some(sentence(error.message()))),
        Err(error) => return Err(error.into()),
    };
    Ok(visit.form_page(status, &ForgotPage { shell: visit.shell("login"), login, is_sent, problem }))
}

/// The code of a link to a new password.
#[derive(Deserialize)]
struct ResetQuery {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "login/reset.html")]
struct ResetPage<'a> {
    shell: Shell,
    code: &'a str,
    problem: Option<String>,
}

/// `GET /login/reset?code=…`
async fn reset_form(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<ResetQuery>) -> Answer {
    if !query.code.is_empty() && !accounts.is_password_reset(&SecretString::new(query.code.clone())).await? {
        return Err(AccountError::ResetInvalid.into());
    }
    let view = ResetPage { shell: visit.shell("login"), code: &query.code, problem: None };
    Ok(visit.form_page(StatusCode::OK, &view))
}

/// The new password.
#[derive(Deserialize)]
struct ResetBody {
    form_token: String,
    code: SecretString,
    password: SecretString,
}

/// `POST /login/reset`
async fn reset(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ResetBody>) -> Answer {
    visit.check(&body.form_token)?;
    match accounts.reset_password(&body.code, &body.password).await {
        Ok(()) => Ok(go_to("/login?done=password")),
        Err(error @ AccountError::Password(_)) => {
            let problem = Some(sentence(error.message()));
            let view = ResetPage { shell: visit.shell("login"), code: body.code.reveal(), problem };
            Ok(visit.form_page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

/// What a reader chose, and where they were.
#[derive(Deserialize)]
struct ChoiceBody {
    #[serde(default)]
    next: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    language: String,
}

/// `POST /settings/appearance`: nothing but two cookies changes, so the form needs no token.
async fn choose(visit: Visit, JsonOrForm(body): JsonOrForm<ChoiceBody>) -> Answer {
    visit.refuse_elsewhere()?;
    let mut response = go_to(local_path(&body.next));
    let theme = (!body.theme.is_empty()).then(|| Theme::of_word(&body.theme));
    visit.set_choices(&mut response, theme, Words::of_tag(&body.language));
    Ok(response)
}
