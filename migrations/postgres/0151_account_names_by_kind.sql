-- People and organisations in the order of their names, each kind for itself: found while somebody types. Owner: hub_account.
CREATE INDEX namespace_by_kind ON namespace (kind, name_key);
