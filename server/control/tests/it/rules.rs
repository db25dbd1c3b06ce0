//! The rules file while the portal runs: a good one is taken over by every process, a bad one changes nothing.

use domain::{
    ChangeState,
    rule::check::{Place, World},
};
use portolan_control::{
    Clock, Control, Outside,
    outside::PortalIdentity,
    rules::{Source, file},
};
use sqlx::PgPool;

use crate::harness::{Portal, Recorded as _, deploy, policies, settings};

const ONE: &str =
    "[[rules]]\nname = \"all\"\nmatch = {}\nrequire = [{ count = 1, of = \"owning_team\" }]\n";
const TWO: &str =
    "[[rules]]\nname = \"all\"\nmatch = {}\nrequire = [{ count = 2, of = \"owning_team\" }]\n";
const BAD: &str =
    "[[rules]]\nname = \"all\"\nmatch = {}\nrequire = [{ count = 0, of = \"owning_team\" }]\n";

fn world() -> World {
    let settings = settings();
    let places = settings.environments.iter().map(|e| Place {
        environment: e.name.clone(),
        protected: e.protected,
        regions: e.clusters.keys().cloned().collect(),
    });
    World {
        places: places.collect(),
        ..World::default()
    }
}

struct File(std::path::PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let file =
            Self(std::env::temp_dir().join(format!("portolan-rules-{}", uuid::Uuid::now_v7())));
        file.write(text);
        file
    }
    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("written");
    }
}

/// A process of its own over the same database, with its own file.
async fn process(pool: &PgPool, file: &File) -> Control {
    let settings = settings();
    let outside = Outside::new(
        &settings.aws,
        &settings.jenkins,
        PortalIdentity::Environment,
    )
    .expect("outside");
    let rules =
        file::read(&std::fs::read(&file.0).expect("read"), &world()).expect("good at start");
    let control = Control::new(
        pool.clone(),
        policies(),
        rules,
        settings,
        Clock::system(),
        outside,
    );
    control.rules_from(Source {
        file: file.0.clone(),
        world: world(),
    });
    control
        .apply_configured_environments()
        .await
        .expect("environments");
    control.apply_configured_rules().await.expect("rules");
    control
}

async fn events(pool: &PgPool, kind: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM audit_event WHERE kind = $1")
        .bind(kind)
        .fetch_one(pool)
        .await
        .expect("events")
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_good_file_is_taken_over_by_every_process_and_a_bad_one_by_none(pool: PgPool) {
    let (here, there) = (File::new(ONE), File::new(ONE));
    let (a, b) = (process(&pool, &here).await, process(&pool, &there).await);
    let first = a.rules().version().to_owned();
    assert_eq!(events(&pool, "rules.changed").await, 1, "the first, once");

    here.write(TWO);
    a.look_at_rules().await.expect("looked");
    let second = a.rules().version().to_owned();
    assert_ne!(first, second);
    assert_eq!(b.rules().version(), first, "b has not looked yet");
    b.look_at_rules().await.expect("looked");
    assert_eq!(
        b.rules().version(),
        second,
        "b goes by what a took over, though its own file is old"
    );
    assert_eq!(events(&pool, "rules.changed").await, 2);

    for file in [&here, &there] {
        file.write(BAD);
    }
    for control in [&a, &b, &a] {
        control.look_at_rules().await.expect("looked");
        assert_eq!(
            control.rules().version(),
            second,
            "the rules before it stay"
        );
        let trouble = control.rules_trouble().expect("told");
        assert_eq!(trouble.mistakes[0].line, Some(1));
        assert_eq!(trouble.version, second);
    }
    assert_eq!(
        events(&pool, "rules.refused").await,
        1,
        "one file, told once"
    );

    std::fs::remove_file(&here.0).expect("removed");
    a.look_at_rules().await.expect("looked");
    assert!(
        a.rules_trouble().expect("told").mistakes[0]
            .wrong
            .contains("cannot be read")
    );

    here.write(TWO);
    a.look_at_rules().await.expect("looked");
    assert!(a.rules_trouble().is_none(), "mended");
    here.write(BAD);
    a.look_at_rules().await.expect("looked");
    assert_eq!(
        events(&pool, "rules.refused").await,
        3,
        "bad again, told again"
    );
}

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_change_asked_for_under_other_rules_goes_stale(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let (developer, _) = portal.shop().await;
    let colleague = portal
        .person(
            "developer2",
            &[domain::JobRole::Developer],
            &["checkout"],
            true,
        )
        .await;
    let file = File::new(ONE);
    let control = process(&pool, &file).await;
    let asked = control
        .request_change(&developer, deploy("1.1.0", "staging"))
        .await
        .expect("asked");
    let id = asked.row.id;
    let digest = asked.row.evidence_digest;
    control
        .decide(
            &colleague,
            id,
            domain::Verdict::Approve,
            digest,
            String::new(),
        )
        .await
        .expect("approved");
    let explained = control.explain(&developer, id).await.expect("explained");
    assert!(!explained.matched.changed);
    file.write(TWO);
    // Another process took them over; this one has not looked, and asks at the start.
    process(&pool, &file).await;
    let refused = control
        .start(&developer, id)
        .await
        .expect_err("other rules");
    assert_eq!(refused.code(), domain::RefusalCode::Stale);
    let stale = control.change(&developer, id).await.expect("there");
    assert_eq!(stale.row.state, ChangeState::Stale);
    assert!(stale.differs_in("rule_version"));
    let why = stale.state_reason.expect("why");
    assert!(why.contains("the rules have changed"), "{why}");
}

/// A service that is not in the catalogue is no mistake, for it may come; but a rule that takes in nothing is shown.
#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn what_rules_name_in_vain_is_shown(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let (developer, _) = portal.shop().await;
    let vain = "teams = [\"checkout\", \"ghosts\"]\ntiers = [\"9\"]\n\n[[rules]]\nname = \"all\"\nmatch = { service = [\"cart\", \"crat\"], team = \"checkout\" }\nrequire = []\n\n[[rules]]\nname = \"other\"\nmatch = { system = \"shpo\", team = \"ghosts\", tier = \"9\" }\nrequire = []\n";
    let file = File::new(vain);
    let control = process(&pool, &file).await;
    let found = control.rules_in_force(&developer).await.expect("rules");
    assert_eq!(
        found.of_rules,
        [
            vec!["service crat"],
            vec!["system shpo", "team ghosts", "tier 9"]
        ]
    );
    assert_eq!(found.of_waves, [[""; 0]; 0]);
    // What vanishes from the catalogue is named in vain from then on.
    sqlx::query("UPDATE service SET orphaned_at = now() WHERE name = 'cart'")
        .execute(&pool)
        .await
        .expect("orphaned");
    let found = control.rules_in_force(&developer).await.expect("rules");
    assert!(
        found.of_rules[0].contains(&"service cart".to_owned()),
        "{found:?}"
    );
    // An environment is configured: one that there is not is refused, with its line.
    let wrong = vain.replace("team = \"checkout\" }", "environment = \"prodction\" }");
    let refused = file::read(wrong.as_bytes(), &world()).expect_err("no such environment");
    assert_eq!(refused[0].line, Some(4));
    assert!(refused[0].wrong.contains("prodction"), "{refused:?}");
}
