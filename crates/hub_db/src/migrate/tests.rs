//! The steps of the schema: order, agreement of replicas, and what is refused.

use super::*;
use crate::testing;

const FIRST: Migration = Migration {
    name: "0001_test_first",
    sqlite: "CREATE TABLE one (id BIGINT PRIMARY KEY); CREATE TABLE two (id BIGINT PRIMARY KEY)",
    postgres: "CREATE TABLE one (id BIGINT PRIMARY KEY); CREATE TABLE two (id BIGINT PRIMARY KEY)",
};
const SECOND: Migration = Migration {
    name: "0002_test_second",
    sqlite: "INSERT INTO one (id) VALUES (7)",
    postgres: "INSERT INTO one (id) VALUES (7)",
};
const BROKEN: Migration = Migration {
    name: "0003_test_broken",
    sqlite: "INSERT INTO one (id) VALUES (8); INSERT INTO nowhere (id) VALUES (1)",
    postgres: "INSERT INTO one (id) VALUES (8); INSERT INTO nowhere (id) VALUES (1)",
};

async fn ids(db: &Db) -> Vec<(i64,)> {
    db.query("SELECT id FROM one ORDER BY id", args![]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_applied_once_and_in_order() {
    let db = testing::empty_database().await;
    assert_eq!(apply(&db, &[FIRST]).await.unwrap(), ["0001_test_first"]);
    assert_eq!(apply(&db, &[FIRST, SECOND]).await.unwrap(), ["0002_test_second"]);
    assert!(apply(&db, &[FIRST, SECOND]).await.unwrap().is_empty());
    assert_eq!(ids(&db).await, [(7,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_agree() {
    let db = testing::empty_database().await;
    let mut replicas = Vec::new();
    for _ in 0..4 {
        let replica = db.another().await;
        replicas.push(tokio::spawn(async move { apply(&replica, &[FIRST, SECOND]).await.unwrap() }));
    }
    let mut applied = Vec::new();
    for replica in replicas {
        applied.extend(replica.await.unwrap());
    }
    applied.sort_unstable();
    assert_eq!(applied, ["0001_test_first", "0002_test_second"]);
    assert_eq!(ids(&db).await, [(7,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_step_leaves_nothing_and_names_itself() {
    let db = testing::empty_database().await;
    let error = apply(&db, &[FIRST, SECOND, BROKEN]).await.unwrap_err();
    assert_eq!(error.to_string(), "migration 0003_test_broken failed");
    assert_eq!(ids(&db).await, [(7,)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_step_is_refused() {
    let db = testing::empty_database().await;
    apply(&db, &[FIRST]).await.unwrap();
    let edited = Migration { sqlite: "SELECT 1", postgres: "SELECT 1", ..FIRST };
    let error = apply(&db, &[edited, SECOND]).await.unwrap_err();
    assert!(matches!(error, DbError::MigrationChanged { name: "0001_test_first" }), "{error}");
    assert!(ids(&db).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_release_is_refused() {
    let db = testing::empty_database().await;
    apply(&db, &[FIRST, SECOND]).await.unwrap();
    let error = apply(&db, &[FIRST]).await.unwrap_err();
    assert!(matches!(&error, DbError::DatabaseNewer { name } if name == "0002_test_second"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_steps_apply() {
    let db = testing::empty_database().await;
    assert_eq!(db.migrate().await.unwrap().len(), MIGRATIONS.len());
    assert!(db.migrate().await.unwrap().is_empty());
}
