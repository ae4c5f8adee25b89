//! The people that an answer mentions, looked up together.

use std::collections::{HashMap, HashSet};

use hub_account::{Namespace, NamespaceId};

use crate::{Community, CommunityError};

/// People and organisations by their keys. Those whose accounts are gone are missing.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<NamespaceId, Namespace>);

impl People {
    /// Who bears the key.
    pub fn get(&self, id: NamespaceId) -> Option<&Namespace> {
        self.0.get(&id)
    }
}

impl Community {
    /// Looks up whoever is mentioned, once each.
    pub(crate) async fn people(&self, ids: impl IntoIterator<Item = NamespaceId>) -> Result<People, CommunityError> {
        let ids: HashSet<NamespaceId> = ids.into_iter().collect();
        let ids: Vec<NamespaceId> = ids.into_iter().collect();
        let found = self.accounts().namespaces_by_id(&ids).await?;
        Ok(People(found.into_iter().map(|namespace| (namespace.id, namespace)).collect()))
    }
}
