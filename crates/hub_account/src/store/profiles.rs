//! Rows of `profile` and `profile_picture`.

use hub_core::Timestamp;
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use super::parse;
use crate::namespace::NamespaceId;
use crate::picture::Picture;
use crate::profile::{Handles, Profile};

impl FromRow for Profile {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let (kind, country): (String, String) = (row.get(6)?, row.get(7)?);
        Ok(Profile {
            bio: row.get(0)?,
            website: row.get(1)?,
            handles: Handles { twitter: row.get(2)?, github: row.get(3)?, linkedin: row.get(4)?, bluesky: row.get(5)? },
            kind: Some(kind).filter(|word| !word.is_empty()).map(|word| parse(6, &word)).transpose()?,
            country: Some(country).filter(|code| !code.is_empty()).map(|code| parse(7, &code)).transpose()?,
            source: row.get(8)?,
            is_verified: row.get::<i64>(9)? != 0,
        })
    }
}

pub(crate) async fn by_id(db: &Db, id: NamespaceId) -> Result<Option<Profile>, DbError> {
    let sql = "SELECT bio, website, twitter, github, linkedin, bluesky, kind, country, source, verified \
               FROM profile WHERE namespace_id = $1";
    db.query_opt(sql, args![id.key()]).await
}

pub(crate) async fn put(tx: &mut Tx, id: NamespaceId, profile: &Profile, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO profile (namespace_id, bio, website, twitter, github, linkedin, bluesky, kind, country, \
               source, verified, changed_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (namespace_id) DO UPDATE SET bio = $2, website = $3, twitter = $4, github = $5, \
               linkedin = $6, bluesky = $7, kind = $8, country = $9, source = $10, verified = $11, \
               changed_ms = $12";
    tx.exec(
        sql,
        args![
            id.key(),
            profile.bio.as_str(),
            profile.website.as_str(),
            profile.handles.twitter.as_str(),
            profile.handles.github.as_str(),
            profile.handles.linkedin.as_str(),
            profile.handles.bluesky.as_str(),
            profile.kind.map_or("", |kind| kind.word()),
            profile.country.map_or("", |country| country.code()),
            profile.source.as_str(),
            profile.is_verified,
            now
        ],
    )
    .await?;
    Ok(())
}

impl FromRow for Picture {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Picture { media_type: row.get(0)?, etag: row.get(1)?, bytes: row.get(2)? })
    }
}

pub(crate) async fn picture(db: &Db, name_key: &str) -> Result<Option<Picture>, DbError> {
    let sql = "SELECT p.media_type, p.etag, p.bytes FROM profile_picture p JOIN namespace n ON n.id = p.namespace_id \
               WHERE n.name_key = $1";
    db.query_opt(sql, args![name_key]).await
}

pub(crate) async fn put_picture(tx: &mut Tx, id: NamespaceId, picture: &Picture) -> Result<(), DbError> {
    let sql = "INSERT INTO profile_picture (namespace_id, media_type, etag, bytes) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (namespace_id) DO UPDATE SET media_type = $2, etag = $3, bytes = $4";
    tx.exec(sql, args![id.key(), picture.media_type.as_str(), picture.etag.as_str(), picture.bytes.clone()]).await?;
    Ok(())
}

pub(crate) async fn delete_picture(tx: &mut Tx, id: NamespaceId) -> Result<bool, DbError> {
    Ok(tx.exec("DELETE FROM profile_picture WHERE namespace_id = $1", args![id.key()]).await? == 1)
}
