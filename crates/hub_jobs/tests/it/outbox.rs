//! Events are read in order, once committed, and none is missed.

use hub_db::{Db, Dialect, Tx, args};
use hub_jobs::{Event, Outbox, OutboxError, Sequence};
use serde_json::json;

use crate::{NOON, bench};

async fn append(tx: &mut Tx, subject: &str) {
    Outbox::append(tx, "test.happened", subject, &json!({ "of": subject }), NOON).await.expect("an event is written");
}

async fn append_alone(db: &Db, subject: &str) {
    let mut tx = db.begin().await.expect("a transaction begins");
    append(&mut tx, subject).await;
    tx.commit().await.expect("it commits");
}

fn subjects(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.subject.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_in_pages() {
    let bench = bench().await;
    let outbox = Outbox::new(bench.db.clone());
    assert!(outbox.after(Sequence::START, 10).await.unwrap().is_empty());
    assert_eq!(outbox.latest().await.unwrap(), Sequence::START);
    for subject in ["a", "b", "c", "d", "e"] {
        append_alone(&bench.db, subject).await;
    }
    let first = outbox.after(Sequence::START, 3).await.unwrap();
    assert_eq!(subjects(&first), ["a", "b", "c"]);
    let event = Event {
        sequence: Sequence::new(1),
        kind: "test.happened".into(),
        subject: "a".into(),
        payload: json!({ "of": "a" }),
        at: NOON,
    };
    assert_eq!(first[0], event);
    let second = outbox.after(first[2].sequence, 3).await.unwrap();
    assert_eq!(subjects(&second), ["d", "e"]);
    assert_eq!(outbox.latest().await.unwrap(), second[1].sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_undone_transaction_never_happened() {
    let bench = bench().await;
    let outbox = Outbox::new(bench.db.clone());
    let mut tx = bench.db.begin().await.unwrap();
    append(&mut tx, "undone").await;
    assert!(outbox.after(Sequence::START, 10).await.unwrap().is_empty());
    drop(tx);
    append_alone(&bench.db, "kept").await;
    assert_eq!(subjects(&outbox.after(Sequence::START, 10).await.unwrap()), ["kept"]);
}

/// In PostgreSQL the id of the early event is drawn first and becomes visible last.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_not_passed_over() {
    let bench = bench().await;
    if bench.db.dialect() == Dialect::Sqlite {
        return;
    }
    let outbox = Outbox::new(bench.db.clone());
    let mut late = bench.db.begin().await.unwrap();
    append(&mut late, "late").await;
    append_alone(&bench.db, "early").await;
    let seen = outbox.after(Sequence::START, 10).await.unwrap();
    assert_eq!(subjects(&seen), ["early"]);
    late.commit().await.unwrap();
    assert_eq!(subjects(&outbox.after(seen[0].sequence, 10).await.unwrap()), ["late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_beside_many_writers_sees_each_event_once() {
    let bench = bench().await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let db = bench.db.another().await;
        writers.push(tokio::spawn(async move {
            for number in 0..25 {
                append_alone(&db, &format!("{writer}/{number}")).await;
            }
        }));
    }
    let outbox = Outbox::new(bench.db.another().await);
    let (mut seen, mut position) = (Vec::new(), Sequence::START);
    while seen.len() < 100 {
        let events = outbox.after(position, 7).await.unwrap();
        position = events.last().map_or(position, |event| event.sequence);
        seen.extend(events);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(seen.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    for writer in 0..4 {
        let own = seen.iter().filter(|event| event.subject.starts_with(&format!("{writer}/")));
        let expect: Vec<String> = (0..25).map(|number| format!("{writer}/{number}")).collect();
        assert_eq!(own.map(|event| event.subject.clone()).collect::<Vec<_>>(), expect);
    }
    assert!(outbox.after(position, 7).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_go_and_a_reader_that_missed_them_is_told() {
    let bench = bench().await;
    let outbox = Outbox::new(bench.db.clone());
    for subject in ["a", "b", "c"] {
        append_alone(&bench.db, subject).await;
    }
    assert_eq!(outbox.prune(NOON).await.unwrap(), 0);
    assert_eq!(outbox.prune(NOON.plus_millis(1)).await.unwrap(), 3);
    assert_eq!(outbox.latest().await.unwrap(), Sequence::new(3));
    let missed = outbox.after(Sequence::new(2), 10).await;
    assert!(matches!(missed, Err(OutboxError::Pruned { after }) if after == Sequence::new(2)));
    append_alone(&bench.db, "d").await;
    let next = outbox.after(Sequence::new(3), 10).await.unwrap();
    assert_eq!((subjects(&next), next[0].sequence), (vec!["d"], Sequence::new(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_reader_moves_on_once() {
    let bench = bench().await;
    let outbox = Outbox::new(bench.db.clone());
    append_alone(&bench.db, "before it").await;
    let start = outbox.position("mailer").await.unwrap();
    assert_eq!(start, Sequence::new(1));
    append_alone(&bench.db, "for it").await;
    assert_eq!(outbox.position("mailer").await.unwrap(), start);
    let next = outbox.after(start, 10).await.unwrap()[0].sequence;
    let mut tx = bench.db.begin().await.unwrap();
    assert!(Outbox::advance(&mut tx, "mailer", start, next).await.unwrap());
    assert!(!Outbox::advance(&mut tx, "mailer", start, next).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(outbox.position("mailer").await.unwrap(), next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_event_is_named() {
    let bench = bench().await;
    append_alone(&bench.db, "a").await;
    bench.db.exec("UPDATE event SET payload = '{'", args![]).await.unwrap();
    let error = Outbox::new(bench.db.clone()).after(Sequence::START, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "event 1 is damaged");
}
