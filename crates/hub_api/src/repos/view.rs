//! What the API tells of a repository: each property under its wire name, and which of them an answer has.

use hub_core::{Oid, RepoKind};
use hub_http::ApiError;
use hub_repo::{EntryKind, Facts, Gating, RepoState, TreeEntryInfo};
use serde_json::{Map, Value, json};

/// `false`, `"auto"` or `"manual"`.
pub(crate) fn gated_word(gating: Gating) -> Value {
    match gating {
        Gating::Open => Value::Bool(false),
        Gating::Auto => Value::from("auto"),
        Gating::Manual => Value::from("manual"),
    }
}

/// The properties that clients can ask for by `expand`, in the order in which a refusal lists them.
fn expandable(kind: RepoKind) -> &'static [&'static str] {
    match kind {
        RepoKind::Model | RepoKind::Kernel | RepoKind::Bucket => &[
            "author",
            "baseModels",
            "cardData",
            "childrenModelCount",
            "config",
            "createdAt",
            "disabled",
            "downloads",
            "downloadsAllTime",
            "evalResults",
            "gated",
            "gguf",
            "gitalyUid",
            "inference",
            "inferenceProviderMapping",
            "lastModified",
            "library_name",
            "likes",
            "mask_token",
            "model-index",
            "pipeline_tag",
            "private",
            "resourceGroup",
            "safetensors",
            "sha",
            "siblings",
            "spaces",
            "tags",
            "transformersInfo",
            "trendingScore",
            "usedStorage",
            "widgetData",
            "xetEnabled",
        ],
        RepoKind::Dataset => &[
            "author",
            "cardData",
            "citation",
            "createdAt",
            "description",
            "disabled",
            "downloads",
            "downloadsAllTime",
            "gated",
            "gitalyUid",
            "lastModified",
            "likes",
            "mainSize",
            "paperswithcode_id",
            "private",
            "resourceGroup",
            "sha",
            "siblings",
            "tags",
            "trendingScore",
            "usedStorage",
            "xetEnabled",
        ],
        RepoKind::Space => &[
            "author",
            "cardData",
            "createdAt",
            "datasets",
            "disabled",
            "gitalyUid",
            "lastModified",
            "likes",
            "models",
            "private",
            "region",
            "resourceGroup",
            "runtime",
            "sdk",
            "sha",
            "siblings",
            "subdomain",
            "tags",
            "trendingScore",
            "usedStorage",
            "xetEnabled",
        ],
    }
}

/// The properties of an answer that asks for none in particular.
fn usual(kind: RepoKind) -> &'static [&'static str] {
    match kind {
        RepoKind::Model | RepoKind::Kernel | RepoKind::Bucket => &[
            "author",
            "sha",
            "lastModified",
            "createdAt",
            "private",
            "gated",
            "disabled",
            "downloads",
            "likes",
            "library_name",
            "tags",
            "pipeline_tag",
            "mask_token",
            "cardData",
            "config",
            "transformersInfo",
            "safetensors",
            "gguf",
            "model-index",
            "widgetData",
            "spaces",
            "siblings",
            "usedStorage",
        ],
        RepoKind::Dataset => &[
            "author",
            "sha",
            "lastModified",
            "createdAt",
            "private",
            "gated",
            "disabled",
            "downloads",
            "likes",
            "tags",
            "description",
            "citation",
            "paperswithcode_id",
            "cardData",
            "siblings",
            "usedStorage",
        ],
        RepoKind::Space => &[
            "author",
            "sha",
            "lastModified",
            "createdAt",
            "private",
            "gated",
            "disabled",
            "likes",
            "tags",
            "cardData",
            "sdk",
            "subdomain",
            "host",
            "runtime",
            "models",
            "datasets",
            "siblings",
            "usedStorage",
        ],
    }
}

/// The properties of an item of a list that asks for none in particular.
fn listed(kind: RepoKind) -> &'static [&'static str] {
    match kind {
        RepoKind::Model | RepoKind::Kernel | RepoKind::Bucket => {
            &["likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt"]
        }
        RepoKind::Dataset => &[
            "author",
            "disabled",
            "gated",
            "lastModified",
            "likes",
            "trendingScore",
            "private",
            "sha",
            "description",
            "downloads",
            "tags",
            "createdAt",
        ],
        RepoKind::Space => &["likes", "trendingScore", "private", "sdk", "tags", "createdAt"],
    }
}

/// What a list adds to its items with `full=true`.
const FULL: &[&str] = &["author", "sha", "lastModified", "gated", "disabled", "siblings"];

/// Which properties an answer has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted(Vec<&'static str>);

impl Wanted {
    /// Those that were asked for by `expand`; if none were, the usual ones.
    ///
    /// # Errors
    /// A property that does not exist is refused with the list of those that do.
    pub(crate) fn of_info(kind: RepoKind, expand: &[String]) -> Result<Self, ApiError> {
        if expand.is_empty() { Ok(Self(usual(kind).to_vec())) } else { Self::expanded(kind, expand) }
    }

    /// The same for the items of a list.
    pub(crate) fn of_list(kind: RepoKind, expand: &[String], detail: ListDetail) -> Result<Self, ApiError> {
        if !expand.is_empty() {
            return Self::expanded(kind, expand);
        }
        let mut wanted = listed(kind).to_vec();
        // The card is much of what is known of datasets and Spaces; of models it is asked for by itself.
        let is_carded = matches!(kind, RepoKind::Dataset | RepoKind::Space);
        let card_data = detail.card_data || detail.full && is_carded;
        let extra = [(detail.full, FULL), (card_data, &["cardData"]), (detail.config, &["config"])];
        for name in extra.into_iter().filter(|(asked, _)| *asked).flat_map(|(_, names)| names) {
            if !wanted.contains(name) {
                wanted.push(name);
            }
        }
        Ok(Self(wanted))
    }

    fn expanded(kind: RepoKind, expand: &[String]) -> Result<Self, ApiError> {
        let known = expandable(kind);
        let find = |(index, asked): (usize, &String)| {
            known.iter().find(|name| *name == asked).copied().ok_or_else(|| {
                let options: Vec<String> = known.iter().map(|name| format!("\"{name}\"")).collect();
                let options = options.join("|");
                ApiError::bad_request(format!("✖ Invalid option: expected one of {options}\n  → at expand[{index}]"))
            })
        };
        expand.iter().enumerate().map(find).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the files must be listed for the answer.
    pub(crate) fn has_siblings(&self) -> bool {
        self.0.contains(&"siblings")
    }
}

/// What a list shows beyond the usual.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListDetail {
    pub(crate) full: bool,
    pub(crate) card_data: bool,
    pub(crate) config: bool,
}

/// A repository about to be shown.
pub(crate) struct Shown<'a> {
    pub(crate) state: &'a RepoState,
    pub(crate) facts: &'a Facts,
    pub(crate) sha: Option<Oid>,
    /// Its trending score now.
    pub(crate) trending: f64,
    /// The files, if they are wanted.
    pub(crate) siblings: Option<Value>,
}

impl Shown<'_> {
    /// The JSON object with the ids and the wanted properties. A property without a value is left out.
    pub(crate) fn view(&self, wanted: &Wanted) -> Value {
        let repo_id = self.state.addr.repo_id();
        let mut view = Map::new();
        view.insert("_id".to_owned(), hub_account::wire_id(self.state.id.key()).into());
        view.insert("id".to_owned(), repo_id.clone().into());
        if self.state.addr.kind == RepoKind::Model {
            view.insert("modelId".to_owned(), repo_id.into());
        }
        for name in &wanted.0 {
            let value = self.property(name);
            if !value.is_null() {
                view.insert((*name).to_owned(), value);
            }
        }
        Value::Object(view)
    }

    fn property(&self, name: &str) -> Value {
        let (state, facts) = (self.state, self.facts);
        match name {
            "author" => state.addr.namespace.as_str().into(),
            "sha" => self.sha.map(|sha| sha.to_string()).into(),
            "lastModified" => state.modified.to_string().into(),
            "createdAt" => state.created.to_string().into(),
            "private" => state.visibility.is_hidden().into(),
            "gated" => gated_word(state.gating),
            "disabled" => state.disabled.into(),
            "downloads" => state.downloads.into(),
            "downloadsAllTime" => state.downloads_all.into(),
            "likes" => state.likes.into(),
            "trendingScore" => self.trending.into(),
            "usedStorage" => state.used_bytes.into(),
            "tags" => facts.tags.clone().into(),
            "cardData" => facts.card_data.clone().map(Value::Object).into(),
            "siblings" => self.siblings.clone().into(),
            "xetEnabled" => true.into(),
            "library_name" => facts.library_name.clone().into(),
            "pipeline_tag" => facts.pipeline_tag.clone().into(),
            "mask_token" => facts.mask_token.clone().into(),
            "config" => facts.config.clone().into(),
            "transformersInfo" => facts.transformers_info.clone().into(),
            "safetensors" => facts.safetensors.clone().into(),
            "gguf" => facts.gguf.clone().into(),
            "model-index" => self.card("model-index"),
            "widgetData" => self.card("widget"),
            "paperswithcode_id" => self.card("paperswithcode_id"),
            "baseModels" => facts.card_list("base_model").into(),
            "childrenModelCount" => 0.into(),
            "evalResults" | "spaces" | "inferenceProviderMapping" => json!([]),
            "description" => state.settings.description.clone().into(),
            "models" => facts.card_list("models").into(),
            "datasets" => facts.card_list("datasets").into(),
            "sdk" => self.sdk(),
            "subdomain" => subdomain(&state.addr.repo_id()).into(),
            "runtime" => runtime(self.sdk() == "static"),
            _ => Value::Null,
        }
    }

    fn card(&self, field: &str) -> Value {
        self.facts.card_data.as_ref().and_then(|card| card.get(field)).cloned().into()
    }

    /// The card says what runs the Space; before there is one, its creator has said it.
    fn sdk(&self) -> Value {
        let by_card = self.facts.card_text("sdk").map(Value::from);
        by_card.or_else(|| serde_json::to_value(self.state.settings.sdk).ok()).unwrap_or_default()
    }
}

/// A static app is up as soon as it is there; Hearth runs no others, so they are at rest.
fn runtime(is_static: bool) -> Value {
    json!({
        "stage": if is_static { "RUNNING" } else { "STOPPED" },
        "hardware": { "current": null, "requested": null },
        "storage": null,
        "gcTimeout": null,
        "replicas": { "current": 0, "requested": 0 },
    })
}

fn subdomain(repo_id: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    repo_id.chars().map(fold).collect()
}

/// The files as `siblings` shows them; with sizes and ids if `blobs` were asked for.
pub(crate) fn siblings(entries: &[TreeEntryInfo], blobs: bool) -> Value {
    let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
    let view = |entry: &TreeEntryInfo| {
        let mut view = json!({ "rfilename": entry.path });
        if blobs {
            view["size"] = entry.size.into();
            view["blobId"] = entry.oid.to_string().into();
            if let Some(large) = entry.large {
                view["lfs"] = json!({
                    "sha256": large.sha256, "size": large.size, "pointerSize": entry.blob_size,
                });
            }
        }
        view
    };
    files.map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_property_is_refused_with_the_list_of_known_ones() {
        let expand = ["sha".to_owned(), "nothing".to_owned()];
        let refused = Wanted::of_info(RepoKind::Space, &expand).unwrap_err();
        let message = refused.message();
        assert!(message.starts_with("✖ Invalid option: expected one of \"author\"|\"cardData\"|"), "{message}");
        assert!(message.ends_with("|\"xetEnabled\"\n  → at expand[1]"), "{message}");
    }

    #[test]
    fn what_is_usual_can_be_asked_for_except_what_only_spaces_show() {
        for kind in RepoKind::WITH_GIT {
            for name in usual(kind).iter().chain(listed(kind)) {
                let only_shown = ["host", "gated"].contains(name) && kind == RepoKind::Space;
                assert!(expandable(kind).contains(name) || only_shown, "{kind} {name}");
            }
        }
    }
}
