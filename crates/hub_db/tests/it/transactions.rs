//! What a transaction promises: all or nothing, unseen until committed, safe under competition.

use hub_db::{Db, DbError, Dialect, args};

use crate::shelf;

async fn titles(db: &Db) -> Vec<String> {
    let rows: Vec<(String,)> =
        db.query("SELECT title FROM book ORDER BY id", args![]).await.expect("the table is readable");
    rows.into_iter().map(|(title,)| title).collect()
}

const INSERT: &str = "INSERT INTO book (id, title, pages) VALUES ($1, $2, 0)";

#[tokio::test(flavor = "multi_thread")]
async fn work_is_seen_once_committed_and_not_before() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.exec(INSERT, args![1, "kept"]).await.unwrap(), 1);
    assert_eq!(tx.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap(), [(1,)]);
    assert!(titles(&db).await.is_empty());
    tx.commit().await.unwrap();
    assert_eq!(titles(&db).await, ["kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_work_is_undone_and_the_next_writer_goes_on() {
    let db = shelf().await;
    for _ in 0..20 {
        let mut tx = db.begin().await.unwrap();
        tx.exec(INSERT, args![1, "lost"]).await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    tx.exec(INSERT, args![1, "lost too"]).await.unwrap();
    tx.rollback().await.unwrap();
    db.exec(INSERT, args![1, "kept"]).await.unwrap();
    assert_eq!(titles(&db).await, ["kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collision_is_told_and_ends_the_transaction() {
    let db = shelf().await;
    db.exec(INSERT, args![1, "first"]).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.exec(INSERT, args![2, "second"]).await.unwrap();
    let error = tx.exec(INSERT, args![1, "again"]).await.unwrap_err();
    assert!(error.is_unique(), "{error}");
    assert!(error.to_string().contains("book"), "{error}");
    assert!(matches!(tx.exec(INSERT, args![3, "third"]).await, Err(DbError::Aborted)));
    assert!(matches!(tx.commit().await, Err(DbError::Aborted)));
    assert_eq!(titles(&db).await, ["first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_is_no_collision() {
    let db = shelf().await;
    let error = db.exec("INSERT INTO book (id, pages) VALUES (1, -1)", args![]).await.unwrap_err();
    assert!(matches!(error, DbError::Constraint { .. }), "{error}");
    let error = db.exec("INSERT INTO book (id) VALUES ($1)", args![None::<i64>]).await.unwrap_err();
    assert!(matches!(error, DbError::Constraint { .. }), "{error}");
    let error = db.exec("INSERT INTO nowhere (id) VALUES (1)", args![]).await.unwrap_err();
    assert!(matches!(error, DbError::Other(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_compare_and_swap_each_wins_once() {
    let db = shelf().await;
    db.exec(INSERT, args![1, "counter"]).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let db = db.another().await;
        tasks.push(tokio::spawn(async move {
            let mut won = 0;
            while won < 5 {
                let (seen,): (i64,) = db.query_one("SELECT pages FROM book WHERE id = 1", args![]).await.unwrap();
                let swap = "UPDATE book SET pages = $1 WHERE id = 1 AND pages = $2";
                won += db.exec(swap, args![seen + 1, seen]).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.query::<(i64,)>("SELECT pages FROM book", args![]).await.unwrap(), [(40,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_statements_do_not_write_on_sqlite() {
    let db = shelf().await;
    if db.dialect() == Dialect::Sqlite {
        let refused = db.query::<(i64,)>("INSERT INTO book (id) VALUES (1) RETURNING id", args![]).await;
        assert!(matches!(refused, Err(DbError::Other(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_wait_for_the_disk() {
    let db = shelf().await;
    match db.dialect() {
        Dialect::Sqlite => {
            let mut tx = db.begin().await.unwrap();
            let full = 2;
            assert_eq!(tx.query_one::<(i64,)>("PRAGMA synchronous", args![]).await.unwrap(), (full,));
            assert_eq!(tx.query_one::<(String,)>("PRAGMA journal_mode", args![]).await.unwrap(), ("wal".into(),));
        }
        Dialect::Postgres => {
            let (setting,): (String,) =
                db.query_one("SELECT current_setting('synchronous_commit')", args![]).await.unwrap();
            assert_eq!(setting, "on");
        }
    }
}
