//! Values go in and come out the same, and what does not fit is named.

use hub_core::{CommitId, Oid, Sha256, Timestamp};
use hub_db::{Cell, CellError, Column, DbError, FromRow, Row, Value, args};

use crate::shelf;

type Everything = (i64, Option<String>, Option<i64>, Option<f64>, Option<Vec<u8>>);

#[tokio::test(flavor = "multi_thread")]
async fn values_return_as_they_went() {
    let db = shelf().await;
    let insert = "INSERT INTO book (id, title, pages, price, cover) VALUES ($1, $2, $3, $4, $5)";
    let text = "naïve – 図書 🦀 'quoted' $1";
    db.exec(insert, args![i64::MAX, text, 0, -1.5, &[0u8, 255][..]]).await.unwrap();
    db.exec(insert, args![i64::MIN, "", Some(3i64), 2.0, Vec::new()]).await.unwrap();
    db.exec(insert, args![0, None::<String>, None::<i64>, None::<f64>, None::<Vec<u8>>]).await.unwrap();
    let rows: Vec<Everything> =
        db.query("SELECT id, title, pages, price, cover FROM book ORDER BY id", args![]).await.unwrap();
    assert_eq!(
        rows,
        [
            (i64::MIN, Some(String::new()), Some(3), Some(2.0), Some(vec![])),
            (0, None, None, None, None),
            (i64::MAX, Some(text.into()), Some(0), Some(-1.5), Some(vec![0, 255])),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_vocabulary_are_columns() {
    let db = shelf().await;
    let (oid, sha256) = (Oid::EMPTY_TREE, Sha256::new([7; 32]));
    let when = Timestamp::from_millis(1_706_702_400_123);
    let insert = "INSERT INTO book (id, pages, cover) VALUES ($1, $2, $3)";
    db.exec(insert, args![1, when, oid]).await.unwrap();
    db.exec(insert, args![2, true, sha256]).await.unwrap();
    db.exec(insert, args![3, false, CommitId::new(oid)]).await.unwrap();
    let select = "SELECT pages, cover FROM book WHERE id = $1";
    assert_eq!(db.query_one::<(Timestamp, Oid)>(select, args![1]).await.unwrap(), (when, oid));
    assert_eq!(db.query_one::<(bool, Sha256)>(select, args![2]).await.unwrap(), (true, sha256));
    assert_eq!(db.query_one::<(bool, Option<CommitId>)>(select, args![3]).await.unwrap().1, Some(CommitId::new(oid)));
    let found: Vec<(i64,)> = db.query("SELECT id FROM book WHERE cover = $1 ORDER BY id", args![oid]).await.unwrap();
    assert_eq!(found, [(1,), (3,)]);
}

#[derive(Debug, PartialEq)]
enum Length {
    Short,
    Long,
}

impl Column for Length {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        match cell {
            Cell::Int(pages) if pages < 100 => Ok(Length::Short),
            Cell::Int(_) => Ok(Length::Long),
            other => Err(other.unlike("a number of pages")),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Book {
    title: String,
    length: Length,
}

impl FromRow for Book {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self { title: row.get(0)?, length: row.get(1)? })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn structs_and_own_columns_are_read() {
    let db = shelf().await;
    let mut tx = db.begin().await.unwrap();
    let insert = "INSERT INTO book (id, title, pages) VALUES ($1, $2, $3) RETURNING title, pages";
    let long: Book = tx.query_one(insert, args![1, "long", 900]).await.unwrap();
    let short: Book = tx.query_one(insert, args![2, "short", 9]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(long, Book { title: "long".into(), length: Length::Long });
    assert_eq!(short, Book { title: "short".into(), length: Length::Short });
    let unlike = db.query::<(Length,)>("SELECT title FROM book", args![]).await.unwrap_err();
    assert_eq!(unlike.to_string(), "column 0 cannot be read: wanted a number of pages, found text");
    let missing = db.query::<(i64, i64)>("SELECT id FROM book", args![]).await.unwrap_err();
    assert!(matches!(missing, DbError::Decode { column: 1, .. }), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_none_or_an_error() {
    let db = shelf().await;
    let select = "SELECT id FROM book WHERE id = $1";
    assert_eq!(db.query_opt::<(i64,)>(select, args![1]).await.unwrap(), None);
    assert!(matches!(db.query_one::<(i64,)>(select, args![1]).await, Err(DbError::NoRow)));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_with_nul_is_refused_alike() {
    let db = shelf().await;
    let update = "UPDATE book SET title = $1";
    assert!(matches!(db.exec(update, args!["a\0b"]).await, Err(DbError::NulInText)));
    let mut tx = db.begin().await.unwrap();
    let rows = [vec![Value::from(1), Value::from("\0")]];
    let refused = tx.insert_many("book", &["id", "title"], &rows, hub_db::OnConflict::Fail).await;
    assert!(matches!(refused, Err(DbError::NulInText)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_exists_are_integers_and_flags() {
    let db = shelf().await;
    let insert = "INSERT INTO book (id, pages) VALUES (1, $1), (2, $2)";
    db.exec(insert, args![40, 2]).await.unwrap();
    let (sum, count): (i64, i64) =
        db.query_one("SELECT CAST(SUM(pages) AS BIGINT), COUNT(*) FROM book", args![]).await.unwrap();
    assert_eq!((sum, count), (42, 2));
    let (exists,): (bool,) =
        db.query_one("SELECT EXISTS (SELECT 1 FROM book WHERE pages = $1)", args![2]).await.unwrap();
    assert!(exists);
}

/// The current-thread runtime has nobody to hand work to; calls simply run there.
#[tokio::test]
async fn one_thread_is_enough() {
    let db = shelf().await;
    db.exec("INSERT INTO book (id) VALUES (1)", args![]).await.unwrap();
    assert_eq!(db.query::<(i64,)>("SELECT id FROM book", args![]).await.unwrap(), [(1,)]);
    assert!(db.size_bytes().await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_are_numbered_not_counted() {
    let db = shelf().await;
    db.exec("INSERT INTO book (title, id, pages) VALUES ($2, $1, $1)", args![7, "seven"]).await.unwrap();
    db.exec("UPDATE book SET title = $2, price = $3 WHERE id = $1", args![7, "eight", 8.5]).await.unwrap();
    let row: (i64, String, i64, f64) = db.query_one("SELECT id, title, pages, price FROM book", args![]).await.unwrap();
    assert_eq!(row, (7, "eight".into(), 7, 8.5));
    for wrong in [args![], args![7, 8]] {
        assert!(db.query::<(i64,)>("SELECT id FROM book WHERE id = $1", wrong).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_returned_by_a_statement_for_its_effect_are_counted() {
    let db = shelf().await;
    let insert = "INSERT INTO book (id) VALUES (1), (2), (3) RETURNING id";
    assert_eq!(db.exec(insert, args![]).await.unwrap(), 3);
    assert_eq!(db.query_one::<(i64,)>("SELECT COUNT(*) FROM book", args![]).await.unwrap(), (3,));
}
