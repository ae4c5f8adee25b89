//! `GET /{namespace}/{name}/user-access-report`: every request as a line of CSV.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use hub_account::{Accounts, NamespaceId};
use hub_core::Access;
use hub_http::{AccessClass, ApiRouter, Caller, get};
use hub_repo::{AccessRequest, Repos, RequestStatus};
use serde_json::Value;

use crate::ApiState;
use crate::address::{At, per_kind, web_base};
use crate::failure::Answer;

/// The most requests of a report.
const ROWS_MAX: usize = 100_000;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        ApiRouter::new().route(
            get(format!("{}/user-access-report", web_base(kind)))
                .access(AccessClass::Write)
                .tag("access requests")
                .id(format!("report_{}_access_requests", kind.word()))
                .summary("Gives every request for access as a line of CSV")
                .answer_bytes("text/csv")
                .to(report),
        )
    })
}

/// `GET /{namespace}/{name}/user-access-report`
async fn report(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    at: At,
) -> Answer<impl IntoResponse> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let mut csv = "user,fullname,status,time,reviewed,terms,fields\r\n".to_owned();
    let mut rows = 0;
    for status in [RequestStatus::Pending, RequestStatus::Accepted, RequestStatus::Rejected] {
        let mut after = None;
        while rows < ROWS_MAX {
            let page = repo.access_requests(status, after, 1000).await?;
            let ids: Vec<NamespaceId> = page.requests.iter().map(|request| request.user).collect();
            let people = accounts.namespaces_by_id(&ids).await?;
            for request in &page.requests {
                let found = people.iter().find(|person| person.id == request.user);
                let name = found.map(|person| person.name.to_string()).unwrap_or_default();
                let full_name = found.map(|person| person.full_name.to_string()).unwrap_or_default();
                csv.push_str(&line(&name, &full_name, request));
            }
            rows += page.requests.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    let name = format!("attachment; filename=\"access-{}.csv\"", repo.addr().name);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, csv))
}

fn line(name: &str, full_name: &str, request: &AccessRequest) -> String {
    let terms: String = request.terms.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
    let fields = match request.fields.is_empty() {
        true => String::new(),
        false => Value::Object(request.fields.clone()).to_string(),
    };
    let cells = [
        name,
        full_name,
        request.status.word(),
        &request.asked.to_string(),
        &request.reviewed.map(|at| at.to_string()).unwrap_or_default(),
        &terms,
        &fields,
    ];
    cells.map(cell).join(",") + "\r\n"
}

/// A cell in quotes. What a table program would take for a formula is made text.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_anything_and_are_no_formulas() {
        assert_eq!(cell("a \"b\"\n,c"), "\"a \"\"b\"\"\n,c\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }
}
