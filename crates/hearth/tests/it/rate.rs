//! Rate limits over HTTP: what answers tell, when they refuse, and that an account has its own quota.

use hearth::app::App;
use hearth::config::Config;
use hub_http::Quotas;
use hub_test::TestEngine;

use crate::site::{Site, application};

#[tokio::test]
async fn quotas_are_told_and_kept() {
    let engine = TestEngine::new().await;
    let (_, hub, metrics) = application(&engine);
    let mut config = Config::default();
    config.rate.anonymous = Quotas { api: 3, resolvers: 2, pages: 1 };
    config.rate.signed_in = Quotas { api: 5, ..config.rate.anonymous };
    let router = App::new(&hub, &config, &metrics).into_router(&hub, &metrics);
    let (search, insights, community) = (hub.search.clone(), hub.insights.clone(), hub.community.clone());
    hub.catalog.build().await.unwrap();
    let site = Site { router, engine, search, insights, community };

    let left = async |who: &str, path: &str| {
        let answer = site.get(who, path).await;
        (answer.status.as_u16(), answer.header("ratelimit").map(str::to_owned))
    };
    let told = |word: &str, left: u32| Some(format!("\"{word}\";r={left};t=300"));
    let first = site.get("", "/api/models").await.ok();
    assert_eq!(first.header("ratelimit-policy"), Some("\"fixed window\";\"api\";q=3;w=300"));
    // The token is recognised by its first answer; from then on the account counts.
    assert_eq!(left("alice", "/api/whoami-v2").await, (200, told("api", 1)));
    assert_eq!(left("alice", "/api/whoami-v2").await, (200, told("api", 4)));
    assert_eq!(left("", "/api/models").await, (200, told("api", 0)));
    let refused = site.get("", "/api/models").await.fails(429, None, "try again in 300 seconds");
    assert_eq!(refused.header("retry-after"), Some("300"));
    assert_eq!(refused.header("ratelimit"), told("api", 0).as_deref());
    assert_eq!(left("alice", "/api/whoami-v2").await, (200, told("api", 3)));
    // Classes are counted apart; health is never refused.
    assert_eq!(left("", "/").await.0, 200);
    let page = site.get("", "/").await;
    assert_eq!(page.status, 429);
    for _ in 0..5 {
        assert_eq!(left("", "/health/live").await, (200, None));
    }
    // A new window forgets.
    site.engine.clock.advance_millis(300_000);
    assert_eq!(left("", "/api/models").await, (200, told("api", 2)));
}
