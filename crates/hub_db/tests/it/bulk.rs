//! Many rows and many keys.

use hub_db::{OnConflict, Value, args};

use crate::shelf;

fn books(ids: std::ops::Range<i64>) -> Vec<Vec<Value>> {
    let title = |id: i64| (id % 3 != 0).then(|| format!("book {id}"));
    ids.map(|id| vec![id.into(), title(id).into(), Value::Null, (id as f64 / 2.0).into(), vec![id as u8].into()])
        .collect()
}

const COLUMNS: [&str; 5] = ["id", "title", "pages", "price", "cover"];

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_inserted_at_once() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.insert_many("book", &COLUMNS, &books(0..2500), OnConflict::Fail).await.unwrap(), 2500);
    assert_eq!(tx.insert_many("book", &COLUMNS, &books(2400..2600), OnConflict::Ignore).await.unwrap(), 100);
    assert_eq!(tx.insert_many("book", &COLUMNS, &[], OnConflict::Fail).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let (count, titled): (i64, i64) = db.query_one("SELECT COUNT(*), COUNT(title) FROM book", args![]).await.unwrap();
    assert_eq!((count, titled), (2600, 1733));
    let row: (Option<String>, Option<i64>, f64, Vec<u8>) =
        db.query_one("SELECT title, pages, price, cover FROM book WHERE id = 7", args![]).await.unwrap();
    assert_eq!(row, (Some("book 7".into()), None, 3.5, vec![7]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colliding_row_fails_them_all() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_many("book", &COLUMNS, &books(0..10), OnConflict::Fail).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert!(tx.insert_many("book", &COLUMNS, &books(9..20), OnConflict::Fail).await.unwrap_err().is_unique());
    assert!(tx.commit().await.is_err());
    assert_eq!(db.query_one::<(i64,)>("SELECT COUNT(*) FROM book", args![]).await.unwrap(), (10,));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_any_length_are_asked_for() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_many("book", &COLUMNS, &books(0..2000), OnConflict::Fail).await.unwrap();
    tx.commit().await.unwrap();
    let select = "SELECT id FROM book WHERE id < $1 AND id IN ({in})";
    for count in [0, 1, 2, 8, 9, 511, 512, 513, 1600] {
        let keys: Vec<Value> = (0..count).map(Value::from).collect();
        let mut found: Vec<(i64,)> = db.query_in(select, args![1500], &keys).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, (0..i64::from(count.min(1500))).map(|id| (id,)).collect::<Vec<_>>(), "{count} keys");
    }
    let mut tx = db.begin().await.unwrap();
    let keys: Vec<Value> = (0..700).map(Value::from).collect();
    assert_eq!(tx.exec_in("DELETE FROM book WHERE id IN ({in}) AND id >= $1", args![100], &keys).await.unwrap(), 600);
    assert_eq!(
        tx.query_in::<(i64,)>("SELECT id FROM book WHERE id IN ({in})", args![], &keys).await.unwrap().len(),
        100
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_texts_stands_as_rows() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_many("book", &COLUMNS, &books(0..2000), OnConflict::Fail).await.unwrap();
    tx.commit().await.unwrap();
    let select = "WITH wanted (title) AS (VALUES {rows}) \
                  SELECT wanted.title, (SELECT MAX(id) FROM book WHERE title = wanted.title AND id >= $1) FROM wanted";
    for count in [0, 1, 7, 512, 600] {
        let title = |id: i32| format!("book {}", id * 3 + 1);
        let keys: Vec<Value> = (0..count).map(|id| Value::from(title(id))).collect();
        let mut found: Vec<(String, Option<i64>)> = db.query_in(select, args![10], &keys).await.unwrap();
        found.sort_unstable();
        found.dedup();
        let mut expected: Vec<(String, Option<i64>)> =
            (0..count).map(|id| (title(id), Some(i64::from(id * 3 + 1)).filter(|id| *id >= 10))).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{count} keys");
    }
}
