//! A person or an organisation as answers about community matters show them.

use hub_account::{Namespace, NamespaceId, NamespaceKind};
use hub_community::People;
use hub_http::PublicUrl;
use serde_json::{Value, json};

/// The object of one person.
pub(crate) fn person_view(public_url: &PublicUrl, person: &Namespace) -> Value {
    let mut view = json!({
        "_id": person.id.to_string(),
        "avatarUrl": public_url.join(&person.avatar_path()),
        "fullname": person.full_name.to_string(),
        "name": person.name.to_string(),
        "type": person.kind.word(),
        "isHf": false,
        "isHfAdmin": false,
        "isMod": false,
    });
    if person.kind == NamespaceKind::User {
        view["isPro"] = false.into();
    }
    view
}

/// Puts the author into an answer; whoever has no account any more is left out, which clients show as "deleted".
pub(crate) fn add_author(view: &mut Value, public_url: &PublicUrl, people: &People, author: Option<NamespaceId>) {
    if let Some(author) = author.and_then(|author| people.get(author)) {
        view["author"] = person_view(public_url, author);
    }
}
