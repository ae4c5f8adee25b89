//! The bucket. Needs a server: `TEST_S3_ENDPOINT`, `TEST_S3_BUCKET`, `TEST_S3_ACCESS_KEY`, `TEST_S3_SECRET_KEY`.
//!
//! `TEST_S3_SERVER` names a test server whose gaps are known; without it the server must do all that S3 does. The two
//! known ones complement each other: between them every check runs.

use hub_blob::{BlobError, BlobStore, S3Config, S3Store};
use hub_core::SecretString;

use crate::conformance::{self, Gaps};
use crate::support::{CountingIds, key_of, pattern, read, write};

/// A prefix of its own for each test, or nothing if no server is named.
fn config(test: &str) -> Option<S3Config> {
    let endpoint = std::env::var("TEST_S3_ENDPOINT").ok()?;
    let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("TEST_S3_ENDPOINT is set, {name} is not"));
    Some(S3Config {
        endpoint: Some(endpoint),
        bucket: var("TEST_S3_BUCKET"),
        access_key: Some(var("TEST_S3_ACCESS_KEY")),
        secret_key: Some(SecretString::new(var("TEST_S3_SECRET_KEY"))),
        prefix: format!("hub_blob/{test}-{}", std::process::id()),
        ..S3Config::default()
    })
}

fn gaps() -> Gaps {
    match std::env::var("TEST_S3_SERVER").as_deref() {
        Ok("s3s-fs") => Gaps { tags: true, upload_list: true, gone_uploads: true, ..Gaps::default() },
        Ok("moto") => Gaps { signatures: true, gone_uploads: true, ..Gaps::default() },
        Ok(other) => panic!("TEST_S3_SERVER={other} is not known"),
        Err(_) => Gaps::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises() {
    let Some(config) = config("promises") else { return };
    conformance::run(&S3Store::open(&config).unwrap(), &*CountingIds::new(), gaps()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises_without_links() {
    let Some(config) = config("linkless") else { return };
    let store = S3Store::open(&S3Config { no_links: true, ..config }).unwrap();
    conformance::run(&store, &*CountingIds::new(), gaps()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefixes_do_not_see_each_other() {
    let Some(config) = config("apart") else { return };
    let ids = CountingIds::new();
    let longer = S3Config { prefix: format!("{}-x", config.prefix), ..config.clone() };
    let (one, other) = (S3Store::open(&config).unwrap(), S3Store::open(&longer).unwrap());
    let bytes = pattern(10);
    let key = key_of(&bytes, &*ids);
    write(&other, &key, &bytes, 10).await;
    assert_eq!(one.size(&key).await.unwrap(), None);
    assert_eq!(one.list(None, 10).await.unwrap(), []);
    other.delete(&key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn links_may_name_another_host() {
    let Some(config) = config("host") else { return };
    let public = S3Config { public_endpoint: Some("https://files.example.com".to_owned()), ..config };
    let store = S3Store::open(&public).unwrap();
    let key = key_of(b"", &*CountingIds::new());
    let link = store.upload_link(&key, std::time::Duration::from_secs(60), 0).await.unwrap().unwrap();
    assert!(link.starts_with(&format!("https://files.example.com/{}/{}", public.bucket, public.prefix)), "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_an_error_that_does_not_show_it() {
    let Some(config) = config("secret") else { return };
    if gaps().signatures {
        return;
    }
    let wrong = S3Config { secret_key: Some(SecretString::new("wrong-secret")), ..config };
    let store = S3Store::open(&wrong).unwrap();
    let key = key_of(b"x", &*CountingIds::new());
    for error in [store.check().await.unwrap_err(), read(&store, &key, 0..1).await.unwrap_err()] {
        assert!(matches!(error, BlobError::Remote(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("wrong-secret"));
    }
}
