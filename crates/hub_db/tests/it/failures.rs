//! What is told, and what goes on, when the database does not do as asked.

use std::time::Duration;

use hub_core::{Code, UserError};
use hub_db::{Db, DbConfig, DbError, Dialect, args};

use crate::shelf;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_survived() {
    let db = shelf().await;
    if db.dialect() != Dialect::Sqlite {
        return;
    }
    let mut tx = db.begin().await.unwrap();
    let (limit,): (i64,) = tx.query_one("PRAGMA max_page_count = 40", args![]).await.unwrap();
    assert_eq!(limit, 40);
    tx.commit().await.unwrap();

    let mut tx = db.begin().await.unwrap();
    tx.exec("INSERT INTO book (id) VALUES (1)", args![]).await.unwrap();
    let big = vec![0u8; 400_000];
    let error = tx.exec("INSERT INTO book (id, cover) VALUES (2, $1)", args![big]).await.unwrap_err();
    assert!(matches!(error, DbError::Full(_)), "{error:?}");
    assert_eq!(error.code(), Code::StorageFull);
    assert!(tx.commit().await.is_err());

    assert!(db.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap().is_empty());
    db.exec("INSERT INTO book (id) VALUES (3)", args![]).await.unwrap();
    assert_eq!(db.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap(), [(3,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_told_and_replaced() {
    let db = shelf().await;
    if db.dialect() != Dialect::Postgres {
        return;
    }
    let mut tx = db.begin().await.unwrap();
    tx.exec("INSERT INTO book (id) VALUES (1)", args![]).await.unwrap();
    let (pid,): (i64,) = tx.query_one("SELECT pg_backend_pid()", args![]).await.unwrap();
    let end = "SELECT pg_terminate_backend(CAST($1 AS INTEGER))";
    db.query_one::<(bool,)>(end, args![pid]).await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(error.code(), Code::Unavailable);
    db.exec("INSERT INTO book (id) VALUES (2)", args![]).await.unwrap();
    assert_eq!(db.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap(), [(2,)]);
}

/// A caller that stops waiting cannot know what became of its statement, so nothing of the transaction is kept.
#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_statement_ends_its_transaction() {
    let db = shelf().await;
    if db.dialect() != Dialect::Postgres {
        return;
    }
    let mut tx = db.begin().await.unwrap();
    let slow = tx.exec("INSERT INTO book (id) SELECT 1 FROM pg_sleep(0.2)", args![]);
    assert!(tokio::time::timeout(Duration::from_millis(20), slow).await.is_err());
    assert!(matches!(tx.commit().await, Err(DbError::Aborted)));
    assert!(db.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_a_conflict() {
    let db = shelf().await;
    if db.dialect() != Dialect::Postgres {
        return;
    }
    db.exec("INSERT INTO book (id) VALUES (1), (2)", args![]).await.unwrap();
    let touch = "UPDATE book SET pages = 1 WHERE id = $1";
    let (mut one, mut two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    one.exec(touch, args![1]).await.unwrap();
    two.exec(touch, args![2]).await.unwrap();
    let (first, second) = tokio::join!(
        async {
            one.exec(touch, args![2]).await?;
            one.commit().await
        },
        async {
            two.exec(touch, args![1]).await?;
            two.commit().await
        },
    );
    let loser = match (first, second) {
        (Ok(()), Err(error)) | (Err(error), Ok(())) => error,
        other => panic!("one of the two wins, not {other:?}"),
    };
    assert!(loser.is_conflict(), "{loser:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_told_at_once() {
    let nobody_listens = DbConfig::new("postgres://nobody@127.0.0.1:1/nothing");
    let error = Db::open(&nobody_listens).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let no_folder = DbConfig::new("sqlite:/nonexistent/folder/hearth.db");
    assert!(matches!(Db::open(&no_folder).await, Err(DbError::Other(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found() {
    let db = shelf().await;
    assert!(db.damages().await.unwrap().is_empty());
    if db.dialect() != Dialect::Sqlite {
        return;
    }
    db.exec("CREATE TABLE page (book BIGINT REFERENCES book (id))", args![]).await.unwrap();
    let orphan = "INSERT INTO page (book) VALUES (404)";
    assert!(matches!(db.exec(orphan, args![]).await, Err(DbError::Constraint { .. })));
    // Some other program may write without SQLite's foreign keys, which are off by default.
    let path = db.config().url.strip_prefix("sqlite:").unwrap();
    let careless = rusqlite::Connection::open(path).unwrap();
    careless.execute_batch(&format!("PRAGMA foreign_keys = OFF; {orphan}")).unwrap();
    assert_eq!(db.damages().await.unwrap(), ["row 1 of page refers to a row that book does not have"]);
}
