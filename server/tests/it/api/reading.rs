//! Every call that only reads, and the life of a release and a token.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Shop, in_days, release, send};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["name"].as_str().expect("a name"))
        .collect()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn places_rules_and_who_asks(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let me = developer.read("/me").await;
    assert_eq!(
        (&me["login"], &me["door"], &me["teams"]),
        (&json!("developer"), &json!("token"), &json!(["checkout"]))
    );
    assert_eq!(
        (&me["authentication"], me["scopes"].as_array().map(Vec::len)),
        (&Value::Null, Some(8))
    );

    assert_eq!(
        names(&developer.read("/environments").await),
        ["dev", "staging", "production"]
    );
    let production = developer.read("/environments/production").await;
    assert_eq!(
        production["regions"][0],
        json!({"region": "eu-central-1", "side": "passive", "cluster": "shop-production"})
    );
    let regions = developer.read("/regions").await;
    assert_eq!(names(&regions), ["eu-west-1", "eu-central-1"]);
    assert_eq!(
        regions["items"][0]["environments"],
        json!(["dev", "staging", "production"])
    );
    assert_eq!(regions["items"][1]["other"], "eu-west-1");

    let rules = developer.read("/rules").await;
    assert_eq!(
        rules["items"][1]["require"],
        json!([{"count": 1, "of": "owning_team", "step_up": false}])
    );
    assert_eq!(
        rules["items"][2]["require"][0]["of"],
        json!({"job_role": "manager"})
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn services_page_by_page(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let administrator = shop.as_("administrator");
    let all = administrator.read("/services?limit=100").await;
    assert_eq!((all["total"].as_u64(), names(&all).len()), (Some(12), 12));
    assert_eq!(
        names(&administrator.read("/services?q=visitor+till").await),
        ["cart"]
    );
    assert_eq!(
        names(
            &administrator
                .read("/services?sort=name&order=desc&limit=1")
                .await
        ),
        ["shipping"]
    );
    assert_eq!(
        names(
            &administrator
                .read("/services?team=platform&orphaned=false")
                .await
        ),
        ["ad", "currency", "frontend"]
    );

    let (mut seen, mut cursor) = (vec![], None::<String>);
    loop {
        let after = cursor.map(|c| format!("&cursor={c}")).unwrap_or_default();
        let page = administrator
            .read(&format!("/services?limit=5&sort=team{after}"))
            .await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, names(&all));

    // A developer sees their own teams' services, and others as little as what there is not.
    let developer = shop.as_("developer");
    assert_eq!(
        names(&developer.read("/services").await),
        ["cart", "checkout", "payment"]
    );
    let cart = developer.read("/services/cart").await;
    assert_eq!(
        (&cart["pipeline"], &cart["may_register"]["allowed"]),
        (&json!("shop/deploy-cart"), &json!(true))
    );
    for unknown in [
        "/services/search",
        "/services/nothing",
        "/services/search/releases",
        "/services/A%20b",
    ] {
        let answer = developer.get(unknown).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{unknown}"
        );
        assert_eq!(
            answer.json()["detail"],
            "There is no service of that name, or you may not see it."
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_release_never_changes(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let path = "/services/cart/releases";
    let mut new = release("2.0.0");
    new["build_url"] = json!("https://jenkins.example.com/job/build-cart/7/");
    let made = developer.made(path, &new, 201).await;
    assert_eq!(developer.made(path, &new, 200).await, made);
    new["commit"] = json!("fedcba9");
    let answer = developer.post(path, &new).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    let list = developer.read(&format!("{path}?limit=2")).await;
    assert_eq!(list["items"][0], made);
    let rest = developer
        .read(&format!(
            "{path}?cursor={}",
            list["next_cursor"].as_str().expect("more")
        ))
        .await;
    assert_eq!(
        (rest["items"][0]["version"].as_str(), &rest["next_cursor"]),
        (Some("1.0.0"), &Value::Null)
    );
    let answer = shop.as_("auditor").post(path, &release("3.0.0")).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_token_is_made_used_and_revoked(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    let wish = json!({"name": "ci", "scopes": ["read"], "expires_at": in_days(&shop.world, 1)});
    let made = developer.made("/tokens", &wish, 201).await;
    let secret = made["token"].as_str().expect("the secret");
    let narrow = super::Script::new(&shop.world, Some(secret.to_owned()));
    assert_eq!(narrow.read("/me").await["scopes"], json!(["read"]));
    let answer = narrow
        .post("/services/cart/releases", &release("9.0.0"))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "scope_missing")
    );

    let listed = developer.read("/tokens").await;
    assert_eq!(listed["items"][0]["name"], "ci");
    assert!(
        !listed.to_string().contains(secret),
        "a secret is shown once"
    );
    let path = format!("/tokens/{}", made["id"].as_str().expect("an id"));
    let theirs = send(shop.as_("developer2").request("DELETE", &path)).await;
    assert_eq!(theirs.status, 404, "somebody else's token is not there");
    assert_eq!(send(developer.request("DELETE", &path)).await.status, 204);
    assert_eq!(send(developer.request("DELETE", &path)).await.status, 404);
    assert_eq!(narrow.get("/me").await.status, 401);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_object_that_did_not_change_is_not_sent_again(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let developer = shop.as_("developer");
    for path in ["/services/cart", "/environments/dev", "/rules"] {
        let tag = developer.get(path).await.header("etag").to_owned();
        for (known, status) in [
            (tag.as_str(), 304),
            ("W/\"other\", *", 304),
            ("\"other\"", 200),
        ] {
            let answer = send(
                developer
                    .request("GET", path)
                    .header("if-none-match", known),
            )
            .await;
            assert_eq!(
                (answer.status, answer.header("etag")),
                (status, tag.as_str()),
                "{path} {known}"
            );
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_audit_log_is_for_auditors(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let auditor = shop.as_("auditor");
    let page = auditor
        .read("/audit/events?kind=release.registered&login=developer&outcome=success&limit=1")
        .await;
    let (event, more) = (
        &page["items"][0],
        page["next_cursor"].as_str().expect("more"),
    );
    assert_eq!(
        (&event["data"]["version"], &event["door"]),
        (&json!("1.1.0"), &json!("token"))
    );
    let next = auditor
        .read(&format!(
            "/audit/events?kind=release.registered&login=developer&outcome=success&cursor={more}"
        ))
        .await;
    assert_eq!(next["items"][0]["data"]["version"], "1.0.0");
    // A cursor is a place in the answer to one question.
    for other in [
        format!("/audit/events?kind=release.registered&cursor={more}"),
        format!(
            "/audit/events?kind=release.registered&login=developer&outcome=success&cursor={more}AAAA"
        ),
        format!("/changes?cursor={more}"),
        format!("/services/cart/releases?cursor={more}"),
        format!("/people?cursor={more}"),
        format!("/freezes?cursor={more}"),
        format!("/delegations?cursor={more}"),
    ] {
        let answer = auditor.get(&other).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (422, "invalid"),
            "{other}: {}",
            answer.text
        );
        assert!(answer.json()["errors"]["cursor"].is_string(), "{other}");
    }
    let path = format!("/audit/events/{}", event["id"].as_str().expect("an id"));
    assert_eq!(&auditor.read(&path).await, event);
    let none = auditor
        .read("/audit/events?until=2020-01-01T00:00:00Z&subject_kind=service&subject_id=cart")
        .await;
    assert_eq!(none["items"], json!([]));
    for path in ["/audit/events", path.as_str(), "/audit/export?format=csv"] {
        let answer = shop.as_("developer").get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "forbidden"),
            "{path}"
        );
    }
    // Two pages of one question are one look; then one event, and another question.
    assert!(shop.world.events("audit.read").await.len() >= 3);
}
