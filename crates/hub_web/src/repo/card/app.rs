//! The app of a static Space in a frame, which shows another origin.

use hub_core::RepoKind;
use hub_repo::{Facts, Repo};

use crate::apps::{AppOrigin, AppPlace};
use crate::error::PageError;
use crate::visit::Visit;

/// What a page shows of an app.
pub(super) enum AppView {
    None,
    Frame(Frame),
    /// A sentence why there is none.
    Closed(&'static str),
}

/// A frame.
pub(super) struct Frame {
    pub(super) src: String,
    pub(super) sandbox: &'static str,
    /// The origin that the policy of the page must let in.
    pub(super) origin: String,
}

/// What an app may do at all, wherever it is served.
const ALONE: &str = "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads";
/// An app that shares its host with others is kept from them: it has an origin that nothing else has.
const SHARED: &str =
    "allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads";

/// The app of a repository, if it is a Space that has one.
pub(super) async fn of(visit: &Visit, origin: &AppOrigin, repo: &Repo, facts: &Facts) -> Result<AppView, PageError> {
    if repo.addr().kind != RepoKind::Space {
        return Ok(AppView::None);
    }
    if facts.card_text("sdk") != Some("static") {
        return Ok(match facts.card_text("sdk") {
            Some(_) => AppView::Closed(visit.words.get("app.needsruntime")),
            None => AppView::None,
        });
    }
    let label = repo.app_label().await?;
    Ok(match origin.place(&visit.url, &label) {
        Some(AppPlace { src, origin, is_alone }) => {
            AppView::Frame(Frame { src, sandbox: if is_alone { ALONE } else { SHARED }, origin })
        }
        None => AppView::Closed(visit.words.get("app.noorigin")),
    })
}
