//! What can be shown without a server: part sizes, the list of uploads, and what a link is made of.

use hub_core::Sha256;

use super::leftovers::{PendingUpload, UploadPage, parse};
use super::write::part_bytes;
use super::*;

fn store(prefix: &str) -> Result<S3Store, BlobError> {
    S3Store::open(&S3Config {
        endpoint: Some("http://127.0.0.1:9/".to_owned()),
        public_endpoint: Some("https://files.example.com".to_owned()),
        bucket: "bucket".to_owned(),
        prefix: prefix.to_owned(),
        access_key: Some("access".to_owned()),
        secret_key: Some(SecretString::new("secret")),
        ..S3Config::default()
    })
}

fn key() -> ObjectKey {
    ObjectKey::Large { sha256: Sha256::new([7; 32]), copy: "0123456789abcdef".parse().unwrap() }
}

#[test]
fn ten_thousand_parts_hold_the_largest_object() {
    assert_eq!(part_bytes(0), 8 << 20);
    assert_eq!(part_bytes(999), 8 << 20);
    assert_eq!(part_bytes(1000), 16 << 20);
    assert!(part_bytes(9_999) <= 5 << 30);
    let whole: usize = (0..10_000).map(part_bytes).sum();
    assert!(whole >= 5 << 40);
}

#[tokio::test]
async fn a_link_names_the_public_host_and_says_what_the_answer_shall_be() {
    let store = store("/some/prefix/").unwrap();
    let options = LinkOptions {
        ttl: Duration::from_secs(60),
        content_type: Some("text/plain".to_owned()),
        content_disposition: Some("inline; filename=\"a b\"".to_owned()),
    };
    let link = store.download_link(&key(), &options).await.unwrap().unwrap();
    assert!(link.starts_with(&format!("https://files.example.com/bucket/some/prefix/{}?", key())), "{link}");
    for part in ["X-Amz-Expires=60", "response-content-type=text%2Fplain", "response-content-disposition=inline%3B%20"]
    {
        assert!(link.contains(part), "{link}");
    }
    let parts: PartsId = "10:upload/1".parse().unwrap();
    let link = store.part_link(&key(), &parts, 3, Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(link.contains("partNumber=3") && link.contains("uploadId=upload%2F1"), "{link}");
}

#[test]
fn only_keys_below_the_prefix_are_ours() {
    let text = key().to_string();
    let plain = store("").unwrap();
    assert_eq!(plain.key(&text), Some(key()));
    assert_eq!(plain.key(&format!("/{text}")), None);
    let below = store("a/b").unwrap();
    assert_eq!(below.key(&format!("a/b/{text}")), Some(key()));
    assert_eq!(below.key(&format!("a/bb/{text}")), None);
    assert_eq!(below.key(&format!("a/b{text}")), None);
    assert_eq!(below.key(&text), None);
    assert_eq!(below.path(&key()).as_ref(), format!("a/b/{text}"));
    assert!(matches!(store("a//b"), Err(BlobError::Config(_))));
    assert!(matches!(store("a/../b"), Err(BlobError::Config(_))));
}

#[test]
fn the_secret_is_not_shown() {
    assert!(!format!("{:?}", store("").unwrap()).contains("secret\""));
}

#[test]
fn a_list_of_uploads_is_read() {
    let page = parse(
        "<?xml version=\"1.0\"?>\n<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\
         <Bucket>bucket</Bucket><KeyMarker/><UploadIdMarker></UploadIdMarker>\n\
         <NextKeyMarker>b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>\n\
         <IsTruncated>true</IsTruncated>\n\
         <Upload><Key>a &amp; b</Key><UploadId>1</UploadId><Initiator><ID>x</ID></Initiator>\
         <Initiated>2024-01-31T12:00:00.000Z</Initiated></Upload>\n\
         <Upload><Key>b</Key><UploadId>2</UploadId><Initiated>2024-02-01T00:00:00.000Z</Initiated></Upload>\n\
         </ListMultipartUploadsResult>",
    )
    .unwrap();
    let upload = |key: &str, id: &str, begun: &str| PendingUpload {
        key: key.to_owned(),
        id: id.to_owned(),
        begun: begun.to_owned(),
    };
    let uploads = vec![upload("a & b", "1", "2024-01-31T12:00:00.000Z"), upload("b", "2", "2024-02-01T00:00:00.000Z")];
    assert_eq!(page, UploadPage { uploads, next: Some(("b".to_owned(), "2".to_owned())) });
    assert_eq!(parse("<ListMultipartUploadsResult/>").unwrap(), UploadPage::default());
    assert!(parse("<ListMultipartUploadsResult></Other>").is_err());
}
