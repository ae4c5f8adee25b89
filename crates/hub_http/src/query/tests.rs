use serde::Deserialize;

use super::parse;

#[derive(Deserialize, Debug, PartialEq, Default)]
#[serde(default)]
struct TreeQuery {
    recursive: bool,
    expand: Vec<String>,
    limit: Option<u32>,
    cursor: Option<String>,
    sort: Option<Sort>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Sort {
    Likes,
    LastModified,
}

fn check(text: &str, expect: TreeQuery) {
    assert_eq!(parse::<TreeQuery>(text, "query parameter").unwrap(), expect, "{text}");
}

fn refused(text: &str) -> String {
    parse::<TreeQuery>(text, "query parameter").unwrap_err().message().to_owned()
}

#[test]
fn every_client_is_understood() {
    check("", TreeQuery::default());
    for yes in ["recursive=True", "recursive=true", "recursive=1", "recursive"] {
        check(yes, TreeQuery { recursive: true, ..Default::default() });
    }
    for no in ["recursive=False", "recursive=false", "recursive=0"] {
        check(no, TreeQuery::default());
    }
    let both = || vec!["a".to_owned(), "b c".to_owned()];
    check("expand=a&expand=b+c", TreeQuery { expand: both(), ..Default::default() });
    check("expand[]=a&expand%5B%5D=b%20c&unknown=1", TreeQuery { expand: both(), ..Default::default() });
    check("limit=50&cursor=", TreeQuery { limit: Some(50), ..Default::default() });
    check("sort=lastModified", TreeQuery { sort: Some(Sort::LastModified), ..Default::default() });
}

#[test]
fn messages_name_the_parameter() {
    assert_eq!(refused("recursive=maybe"), "query parameter `recursive`: expected true or false, got `maybe`");
    assert_eq!(refused("sort=a%00b"), "query parameter `sort`: the character NUL stands in no text");
    assert_eq!(refused("limit=-1"), "query parameter `limit`: expected a positive number, got `-1`");
    assert!(
        refused("sort=size").starts_with("query parameter `sort`: unknown variant `size`"),
        "{}",
        refused("sort=size")
    );
}
