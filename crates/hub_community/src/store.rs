//! All SQL of this crate: one file a group of tables.

pub(crate) mod blocks;
pub(crate) mod collections;
pub(crate) mod discussions;
pub(crate) mod feed;
pub(crate) mod follows;
pub(crate) mod likes;
pub(crate) mod line_comments;
pub(crate) mod notifications;
pub(crate) mod papers;
pub(crate) mod pieces;
pub(crate) mod remarks;
pub(crate) mod reports;
pub(crate) mod reviews;
pub(crate) mod threads;
pub(crate) mod webhooks;
