//! `/admin/audit` and `/organizations/{name}/audit`: who did what, found by a word and taken away as a file.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use hub_account::{Accounts, AuditEntry, AuditQuery, Caller};
use hub_core::{Code, NamespaceName, Timestamp};
use hub_http::{AccessClass, ApiRouter, Path, Query};
use serde::Deserialize;

use super::get;
use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError};
use crate::shell::Shell;
use crate::visit::Visit;

/// Entries on a page, and in each part of a file.
const PAGE: i64 = 100;
const PART: i64 = 500;
/// The most entries of one file; the next one begins where it ends.
const FILE_MAX: usize = 1_000_000;

pub(super) fn routes() -> ApiRouter<WebState> {
    let of_org = |path: &str| hub_http::get(path).access(AccessClass::Login).undocumented();
    ApiRouter::new()
        .route(get("/admin/audit").to(all))
        .route(get("/admin/audit/export").to(export_all))
        .route(of_org("/organizations/{name}/audit").to(org))
        .route(of_org("/organizations/{name}/audit/export").to(export_org))
}

/// Which entries, and in which form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct EntriesQuery {
    q: String,
    before: String,
    format: String,
}

impl EntriesQuery {
    /// `before` is the moment and the key of an entry.
    fn as_query(&self, org: Option<NamespaceName>, limit: i64) -> AuditQuery {
        let place = self
            .before
            .split_once('-')
            .and_then(|(at, key)| Some((Timestamp::from_millis(at.parse().ok()?), i64::from_str_radix(key, 16).ok()?)));
        AuditQuery { org, text: self.q.to_lowercase(), before: place, limit }
    }
}

fn place_of(entry: &AuditEntry) -> String {
    format!("{}-{:x}", entry.at.millis(), entry.key)
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    shell: Shell,
    /// The organisation whose log it is.
    org: Option<String>,
    base: String,
    search: String,
    entries: Vec<AuditEntry>,
    next: Option<String>,
    problem: Option<String>,
}

/// `GET /admin/audit`
async fn all(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<EntriesQuery>) -> Answer {
    visit.administers()?;
    audit_page(&visit, &accounts, None, &query).await
}

/// `GET /organizations/{name}/audit`
async fn org(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(name): Path<String>,
    Query(query): Query<EntriesQuery>,
) -> Answer {
    visit.person()?;
    audit_page(&visit, &accounts, Some(name_of(&visit, &name)?), &query).await
}

fn name_of(visit: &Visit, name: &str) -> Result<NamespaceName, PageError> {
    name.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))
}

async fn audit_page(visit: &Visit, accounts: &Accounts, org: Option<NamespaceName>, query: &EntriesQuery) -> Answer {
    let base = match &org {
        Some(name) => format!("/organizations/{name}/audit"),
        None => "/admin/audit".to_owned(),
    };
    let entries = accounts.audit(visit.by(), &query.as_query(org.clone(), PAGE)).await?;
    let is_full = i64::try_from(entries.len()).is_ok_and(|count| count == PAGE);
    let next = entries.last().filter(|_| is_full);
    let next = next.map(|last| format!("{base}?q={}&before={}", escape_value(&query.q), place_of(last)));
    let view = AuditPage {
        shell: visit.shell(if org.is_some() { "people" } else { "admin-audit" }),
        org: org.map(|name| name.to_string()),
        base,
        search: query.q.clone(),
        entries,
        next,
        problem: None,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// `GET /admin/audit/export`
async fn export_all(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<EntriesQuery>) -> Answer {
    visit.administers()?;
    export(&visit, accounts, None, &query).await
}

/// `GET /organizations/{name}/audit/export`
async fn export_org(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(name): Path<String>,
    Query(query): Query<EntriesQuery>,
) -> Answer {
    visit.person()?;
    export(&visit, accounts, Some(name_of(&visit, &name)?), &query).await
}

/// Where a file that is being written stands.
struct Writer {
    accounts: Accounts,
    caller: Caller,
    query: AuditQuery,
    is_csv: bool,
    written: usize,
}

async fn export(visit: &Visit, accounts: Accounts, org: Option<NamespaceName>, query: &EntriesQuery) -> Answer {
    let is_csv = query.format == "csv";
    let query = query.as_query(org, PART);
    // The first part is read before the answer begins, so that a refusal is one.
    let first = accounts.audit(visit.by(), &query).await?;
    let head = if is_csv { "at,actor,credential,action,subject,detail\n" } else { "" };
    let writer = Writer { accounts, caller: visit.caller.clone(), query, is_csv, written: 0 };
    let parts = stream::unfold((writer, Some(first)), |(mut writer, part)| async move {
        let part = match part {
            Some(part) => Ok(part),
            None => writer.accounts.audit((&writer.caller).into(), &writer.query).await,
        };
        let part = match part {
            Ok(part) => part,
            Err(error) => return Some((Err(error), (writer.ended(), None))),
        };
        let last = part.last()?;
        writer.query.before = Some((last.at, last.key));
        writer.written += part.len();
        let text: String = part.iter().map(|entry| line(entry, writer.is_csv)).collect();
        let writer = if writer.written >= FILE_MAX { writer.ended() } else { writer };
        Some((Ok(Bytes::from(text)), (writer, None)))
    });
    let head = stream::iter([Ok(Bytes::from(head))]);
    let body = Body::from_stream(futures::StreamExt::chain(head, parts));
    let (media, name) = match is_csv {
        true => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        false => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
    };
    let mut response = Response::new(body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

impl Writer {
    /// Nothing lies before the beginning of time, so the next part is empty.
    fn ended(mut self) -> Self {
        self.query.before = Some((Timestamp::from_millis(0), 0));
        self
    }
}

fn line(entry: &AuditEntry, is_csv: bool) -> String {
    if !is_csv {
        return serde_json::to_string(entry).map(|line| line + "\n").unwrap_or_default();
    }
    let at = entry.at.to_string();
    let cells = [&at, &entry.actor, &entry.credential, &entry.action, &entry.subject, &entry.detail];
    let cells: Vec<String> = cells.into_iter().map(|cell| csv(cell)).collect();
    cells.join(",") + "\n"
}

/// A cell in quotes. What begins like a formula gets a mark before it, so that a spreadsheet does not run it.
fn csv(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_cell_is_no_formula_and_stays_one_cell() {
        assert_eq!(csv("a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(csv("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
    }
}
