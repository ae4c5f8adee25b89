//! What people did lately, by the indexes that lead from them to it. Rows come with their places in a feed.

use hub_account::NamespaceId;
use hub_db::{Db, DbError, Value, args};
use hub_repo::RepoId;

use crate::discussions::DiscussionId;
use crate::feed::{Before, FeedPlace, Mark, Source};
use crate::papers::PaperId;
use crate::pieces::PieceId;

type Marks = Result<Vec<(FeedPlace, Mark)>, DbError>;

fn keys(ids: &[NamespaceId]) -> Vec<Value> {
    ids.iter().map(|id| Value::from(id.key())).collect()
}

/// What was published in the name of these, or by these, in a stretch of time.
pub(crate) async fn pieces(db: &Db, people: &[NamespaceId], before: Before) -> Marks {
    let mut marks = Vec::new();
    for column in ["owner", "author"] {
        let sql = format!(
            "SELECT id, published_ms FROM piece WHERE {column} IN ({{in}}) AND is_draft = 0 AND hidden_by IS NULL \
             AND published_ms >= $1 AND (published_ms, id) < ($2, $3) ORDER BY published_ms DESC, id DESC LIMIT $4"
        );
        let bounds = args![before.from, before.at, before.key, before.limit];
        let rows: Vec<(i64, i64)> = db.query_in(&sql, bounds, &keys(people)).await?;
        let place = |key, at| FeedPlace { at, source: Source::Piece, key, more: 0 };
        marks.extend(rows.into_iter().map(|(key, at)| (place(key, at), Mark::Piece(PieceId(key)))));
    }
    Ok(marks)
}

/// Discussions and pull requests that these opened, or that were opened in these repositories.
pub(crate) async fn discussions(db: &Db, people: &[NamespaceId], repos: &[RepoId], before: Before) -> Marks {
    let repos: Vec<Value> = repos.iter().map(|id| Value::from(id.key())).collect();
    let mut marks = Vec::new();
    for (column, keys) in [("author", keys(people)), ("repo_id", repos)] {
        let sql = format!(
            "SELECT id, repo_id, created_ms FROM discussion WHERE {column} IN ({{in}}) AND created_ms >= $1 \
             AND (created_ms, id) < ($2, $3) ORDER BY created_ms DESC, id DESC LIMIT $4"
        );
        let bounds = args![before.from, before.at, before.key, before.limit];
        let rows: Vec<(i64, i64, i64)> = db.query_in(&sql, bounds, &keys).await?;
        marks.extend(rows.into_iter().map(|(key, repo, at)| {
            let place = FeedPlace { at, source: Source::Discussion, key, more: 0 };
            (place, Mark::Discussion(DiscussionId(key), RepoId::from_key(repo)))
        }));
    }
    Ok(marks)
}

/// Papers that these submitted. They have no numbers: of those of the very moment where a page ends, none is on the next.
pub(crate) async fn papers(db: &Db, people: &[NamespaceId], before: Before) -> Marks {
    let upper = if before.key == i64::MAX { before.at.saturating_add(1) } else { before.at };
    let rows: Vec<(String, i64, i64)> = db
        .query_in(
            "SELECT id, submitted_by, submitted_ms FROM paper WHERE submitted_by IN ({in}) AND submitted_ms >= $1 \
             AND submitted_ms < $2 ORDER BY submitted_ms DESC, id DESC LIMIT $3",
            args![before.from, upper, before.limit],
            &keys(people),
        )
        .await?;
    let mark = |(place, (id, by, at)): (i64, (String, i64, i64))| {
        let id = PaperId::parse(&id).ok()?;
        Some((FeedPlace { at, source: Source::Paper, key: place, more: 0 }, Mark::Paper(id, NamespaceId::new(by))))
    };
    Ok((0_i64..).zip(rows).filter_map(mark).collect())
}

/// What these like.
pub(crate) async fn likes(db: &Db, people: &[NamespaceId], before: Before) -> Marks {
    let rows: Vec<(i64, i64, i64)> = db
        .query_in(
            "SELECT repo_id, user_id, created_ms FROM repo_like WHERE user_id IN ({in}) AND created_ms >= $1 \
             AND (created_ms, repo_id, user_id) < ($2, $3, $4) \
             ORDER BY created_ms DESC, repo_id DESC, user_id DESC LIMIT $5",
            args![before.from, before.at, before.key, before.more, before.limit],
            &keys(people),
        )
        .await?;
    let mark = |(repo, user, at)| {
        let place = FeedPlace { at, source: Source::Like, key: repo, more: user };
        (place, Mark::Like(NamespaceId::new(user), RepoId::from_key(repo)))
    };
    Ok(rows.into_iter().map(mark).collect())
}
