//! Importing, listing and releases.

use domain::{JobRole, RefusalCode};
use portolan_control::services::{ServiceQuery, ServiceSort};
use sqlx::PgPool;

use crate::harness::{CATALOG, Portal, release, service};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_import_says_what_it_did_and_the_second_changes_nothing(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let admin = portal
        .person("administrator", &[JobRole::Administrator], &[], false)
        .await;
    let import = |text: String| {
        portal
            .control
            .import_text(&admin, "shop", "catalog.yaml", text)
    };
    let first = import(CATALOG.into()).await.expect("imports");
    assert_eq!((first.imported, first.unchanged, first.orphaned), (3, 0, 0));
    let again = import(CATALOG.into()).await.expect("imports");
    assert_eq!((again.imported, again.unchanged, again.orphaned), (0, 3, 0));
    let without = CATALOG.replace("name: search", "name: find");
    let third = import(without).await.expect("imports");
    assert_eq!(
        (third.imported, third.orphaned),
        (1, 1),
        "search vanished and is kept as an orphan"
    );
    let all = portal
        .control
        .services(&admin, ServiceQuery::default())
        .await
        .expect("lists");
    let orphan = all
        .items
        .iter()
        .find(|s| s.name.as_str() == "search")
        .expect("still there");
    assert!(orphan.orphaned_at.is_some());
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn only_an_administrator_imports_and_a_refusal_is_recorded(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let refused = portal
        .control
        .import_text(&developer, "x", "x", String::new())
        .await
        .expect_err("refused");
    assert_eq!(refused.code(), RefusalCode::Forbidden);
    let denied: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_event WHERE kind = 'policy.denied' AND person_login = 'developer'")
        .fetch_one(&portal.pool)
        .await
        .expect("count");
    assert_eq!(denied, 1);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn lists_page_filter_and_count_and_show_only_what_may_be_seen(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let query = |q: &str| ServiceQuery {
        q: Some(q.into()),
        ..ServiceQuery::default()
    };
    let own = portal
        .control
        .services(&developer, ServiceQuery::default())
        .await
        .expect("lists");
    assert_eq!(own.total, Some(2), "team checkout has two");
    let all = portal
        .control
        .services(&manager, ServiceQuery::default())
        .await
        .expect("lists");
    assert_eq!(all.total, Some(3));
    assert_eq!(
        portal
            .control
            .services(&manager, query("SEARCH shop"))
            .await
            .expect("lists")
            .total,
        Some(1)
    );
    assert_eq!(
        portal
            .control
            .services(&manager, query("%"))
            .await
            .expect("lists")
            .total,
        Some(0),
        "no pattern language"
    );
    for descending in [false, true] {
        for sort in [ServiceSort::Name, ServiceSort::Team, ServiceSort::Updated] {
            let (mut names, mut cursor) = (vec![], None);
            loop {
                let query = ServiceQuery {
                    sort,
                    descending,
                    cursor,
                    limit: Some(1),
                    ..ServiceQuery::default()
                };
                let page = portal
                    .control
                    .services(&manager, query)
                    .await
                    .expect("lists");
                names.extend(page.items.iter().map(|s| s.name.to_string()));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(names.len(), 3, "{sort:?} {descending}");
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 3, "each once");
        }
    }
    let foreign = portal
        .control
        .service(&developer, &service("search"))
        .await
        .expect_err("foreign");
    let missing = portal
        .control
        .service(&developer, &service("nothing"))
        .await
        .expect_err("missing");
    assert_eq!(
        foreign.refusal(),
        missing.refusal(),
        "one cannot be told from the other"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_release_never_changes(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, _) = portal.shop().await;
    let cart = service("cart");
    let (_, created) = portal
        .control
        .register_release(&developer, &cart, release("cart", "1.1.0"))
        .await
        .expect("same again");
    assert!(!created);
    let mut other = release("cart", "1.1.0");
    other.digest = release("cart", "other").digest;
    let refused = portal
        .control
        .register_release(&developer, &cart, other)
        .await
        .expect_err("another digest");
    assert_eq!(refused.code(), RefusalCode::Conflict);
    let page = portal
        .control
        .releases(&developer, &cart, None, None)
        .await
        .expect("lists");
    let versions: Vec<_> = page.items.iter().map(|r| r.version.as_str()).collect();
    assert_eq!(versions, ["1.1.0", "1.0.0"], "newest first");
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn the_portals_role_cannot_alter_the_audit_log(pool: PgPool) {
    let portal = Portal::new(pool).await;
    portal.shop().await;
    for statement in [
        "UPDATE audit_event SET kind = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event CASCADE",
        "DELETE FROM approval",
        "UPDATE approval SET comment = ''",
    ] {
        let mut conn = portal.pool.acquire().await.expect("connection");
        sqlx::query("SET ROLE portolan")
            .execute(&mut *conn)
            .await
            .expect("role");
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut *conn)
            .await
            .expect_err(statement)
            .to_string();
        assert!(
            refused.contains("permission denied"),
            "{statement}: {refused}"
        );
        conn.close().await.expect("closes");
    }
    // The owner has the right and is stopped by the trigger.
    for statement in [
        "UPDATE audit_event SET kind = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event CASCADE",
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&portal.pool)
            .await
            .expect_err(statement)
            .to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_mistake_or_a_missing_folder_orphans_nothing(pool: PgPool) {
    let folder = std::env::temp_dir().join(format!("portolan-catalog-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("a.yaml"), CATALOG).expect("a file");
    let mut settings = crate::harness::settings();
    settings.catalog_folder = Some(folder.clone());
    let portal = Portal::with(pool, crate::harness::RULES, settings).await;
    let admin = portal
        .person("administrator", &[JobRole::Administrator], &[], false)
        .await;
    let import = || portal.control.import_folder(&admin);
    assert_eq!(import().await.expect("imports").imported, 3);
    // A typo in one entity, with a character that no database takes.
    let typo = CATALOG.replacen("name: search", "name: \"Se\\0arch\"", 1);
    std::fs::write(folder.join("a.yaml"), typo).expect("a file");
    let report = import().await.expect("a bad entity stops nothing");
    assert_eq!(
        (report.problems.len(), report.orphaned),
        (1, 0),
        "{report:?}"
    );
    std::fs::remove_dir_all(&folder).expect("gone");
    let refused = import().await.expect_err("no folder");
    assert_eq!(refused.code(), RefusalCode::Conflict);
    let all = portal
        .control
        .services(&admin, ServiceQuery::default())
        .await
        .expect("lists");
    assert!(all.items.iter().all(|s| s.orphaned_at.is_none()));
}

/// An upload with these services, each (name, owner), and these groups.
fn file(services: &[(&str, &str)], groups: &[&str]) -> String {
    let mut all: Vec<String> = vec![];
    for (name, owner) in services {
        all.push(format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  owner: {owner}\n"
        ));
    }
    for name in groups {
        all.push(format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: {name}\nspec:\n  type: team\n"
        ));
    }
    all.join("---\n")
}

/// (owner, whether it is an orphan) of a service.
async fn of(portal: &Portal, name: &str) -> (String, bool) {
    sqlx::query_as("SELECT team, orphaned_at IS NOT NULL FROM service WHERE name = $1")
        .bind(name)
        .fetch_one(&portal.pool)
        .await
        .expect(name)
}

/// What the newest import told the audit log of services.
async fn told(portal: &Portal) -> serde_json::Value {
    let record: String = sqlx::query_scalar(
        "SELECT record FROM audit_event WHERE kind = 'catalog.imported' ORDER BY id DESC LIMIT 1",
    )
    .fetch_one(&portal.pool)
    .await
    .expect("an event");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    record["data"]["services"].clone()
}

fn some(first: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"count": first.as_array().expect("a list").len(), "first": first})
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn no_source_takes_a_name_from_another(pool: PgPool) {
    let portal = Portal::new(pool).await;
    portal.shop().await;
    let admin = portal
        .person("admin2", &[JobRole::Administrator], &[], false)
        .await;
    let import = |source: &'static str, text: String| {
        portal
            .control
            .import_text(&admin, source, "taken.yaml", text)
    };
    let report = import(
        "adv3",
        file(&[("ours", "catalog"), ("cart", "catalog")], &[]),
    )
    .await
    .expect("the others go on");
    assert_eq!((report.imported, report.unchanged), (1, 0), "{report:?}");
    let [problem] = report.problems.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(
        (
            problem.file.as_str(),
            problem.line,
            problem.field.as_deref()
        ),
        ("taken.yaml", Some(11), Some("metadata.name"))
    );
    assert!(problem.message.contains("'upload:shop'"), "{problem:?}");
    assert_eq!(of(&portal, "cart").await, ("checkout".into(), false));
    assert_eq!(of(&portal, "ours").await, ("catalog".into(), false));
    assert_eq!(
        told(&portal).await["added"],
        some(serde_json::json!(["ours"]))
    );

    // Nothing at all, comments, a mistake in a file of another name: none of them lets go.
    for broken in [
        "",
        "# gone\n",
        "kind: [",
        "apiVersion: backstage.io/v1alpha1\nkind: API\n",
    ] {
        let report = portal
            .control
            .import_text(&admin, "adv3", "other.yaml", broken.to_owned())
            .await
            .expect("imports");
        assert_eq!(report.orphaned, 0, "{broken:?}: {report:?}");
        assert!(!report.problems.is_empty(), "{broken:?}");
    }
    assert_eq!(of(&portal, "ours").await, ("catalog".into(), false));
    assert_eq!(of(&portal, "cart").await, ("checkout".into(), false));

    // A Group of another source is as safe.
    import(
        "shop",
        file(&[("cart", "checkout")], &["checkout", "catalog"]),
    )
    .await
    .expect("imports");
    assert_eq!(
        told(&portal).await["orphaned"],
        some(serde_json::json!(["checkout", "search"]))
    );
    let report = import("adv3", file(&[("ours", "catalog")], &["checkout"]))
        .await
        .expect("imports");
    assert_eq!(report.problems[0].field.as_deref(), Some("metadata.name"));
    let holder: String =
        sqlx::query_scalar("SELECT source FROM catalog_entity WHERE name = 'checkout'")
            .fetch_one(&portal.pool)
            .await
            .expect("the group");
    assert_eq!(holder, "upload:shop");

    // What its source let go of may be taken up, and that is told; so is a new owner.
    let both = [("ours", "checkout"), ("search", "checkout")];
    let report = import("adv3", file(&both, &[])).await.expect("imports");
    assert_eq!(report.problems, []);
    let told = told(&portal).await;
    assert_eq!(
        told["owner_changed"],
        some(serde_json::json!([
            {"service": "ours", "from": "catalog", "to": "checkout"},
            {"service": "search", "from": "catalog", "to": "checkout"},
        ]))
    );
    assert_eq!(
        told["taken_up"],
        some(serde_json::json!([{"service": "search", "from_source": "upload:shop"}]))
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn an_owner_that_is_no_team_gets_nothing(pool: PgPool) {
    // A rule names team `payments`, which has no Group.
    let rules =
        r#"[{"name": "pay", "match": {}, "require": [{"count": 1, "of": {"team": "payments"}}]}]"#;
    let portal = Portal::with(pool, rules, crate::harness::settings()).await;
    let admin = portal
        .person("administrator", &[JobRole::Administrator], &[], false)
        .await;
    let import = |text: String| {
        portal
            .control
            .import_text(&admin, "shop", "catalog.yaml", text)
    };
    // A catalogue without Groups says nothing about who there is.
    let report = import(file(&[("cart", "checkout")], &[]))
        .await
        .expect("imports");
    assert_eq!((report.imported, report.problems.len()), (1, 0));
    let services = [
        ("cart", "group:nonexistent"),
        ("till", "payments"),
        ("new", "nobody"),
    ];
    let report = import(file(&services, &["checkout"]))
        .await
        .expect("imports");
    assert_eq!((report.imported, report.orphaned), (1, 0), "{report:?}");
    let places: Vec<_> = report
        .problems
        .iter()
        .map(|p| (p.line, p.field.as_deref()))
        .collect();
    assert_eq!(
        places,
        [
            (Some(6), Some("spec.owner")),
            (Some(20), Some("spec.owner"))
        ]
    );
    assert_eq!(of(&portal, "cart").await, ("checkout".into(), false));
    assert_eq!(of(&portal, "till").await, ("payments".into(), false));
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_cursor_is_of_one_list_in_one_order(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (_, manager) = portal.shop().await;
    let query = |sort, descending, cursor| ServiceQuery {
        sort,
        descending,
        cursor,
        limit: Some(1),
        ..ServiceQuery::default()
    };
    let first = portal
        .control
        .services(&manager, query(ServiceSort::Name, false, None))
        .await
        .expect("lists");
    let cursor = first.next_cursor.expect("more");
    let with = |sort, descending, cursor: &str| {
        let query = query(sort, descending, Some(cursor.to_owned()));
        portal.control.services(&manager, query)
    };
    let next = with(ServiceSort::Name, false, &cursor)
        .await
        .expect("lists");
    assert_eq!(next.items[0].name.as_str(), "checkout");
    for (sort, descending, cursor) in [
        (ServiceSort::Team, false, cursor.clone()),
        (ServiceSort::Name, true, cursor.clone()),
        (ServiceSort::Name, false, format!("{cursor}AAAA")),
    ] {
        let refused = with(sort, descending, &cursor).await.expect_err("refused");
        assert_eq!(refused.code(), RefusalCode::Invalid);
        let fields = refused.refusal().fields;
        assert!(
            fields.iter().any(|(name, _)| name == "cursor"),
            "{fields:?}"
        );
    }
    // Nor of another list.
    let changes = portolan_control::changes::ChangeQuery {
        cursor: Some(cursor),
        ..portolan_control::changes::ChangeQuery::default()
    };
    let refused = portal
        .control
        .changes(&manager, changes)
        .await
        .expect_err("refused");
    assert_eq!(refused.code(), RefusalCode::Invalid);
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_comment_that_nobody_sees_rejects_nothing(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (developer, manager) = portal.shop().await;
    let change = portal
        .control
        .request_change(&developer, crate::harness::deploy("1.1.0", "staging"))
        .await
        .expect("asked");
    for comment in ["\u{200b}", "\u{feff}\u{2060}", "fine \u{202e}ton"] {
        let refused = portal
            .control
            .decide(
                &manager,
                change.row.id,
                domain::Verdict::Reject,
                change.row.evidence_digest,
                comment.to_owned(),
            )
            .await
            .expect_err("refused");
        let fields = refused.refusal().fields;
        assert!(
            fields.iter().any(|(name, _)| name == "comment"),
            "{fields:?}"
        );
    }
}
