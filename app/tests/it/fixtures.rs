//! A small world to render, and every page made of it.

mod all;
mod change;

pub(crate) use all::all;
pub(crate) use change::change;

use std::{collections::BTreeSet, sync::Arc};

use app::{Assets, Document, Params, Rooms, Theme, Visit};
use control::{
    Page,
    audit::AuditRow,
    catalog::{ImportReport, Link, Problem},
    changes::{
        ApprovalView, Buttons, ChangeDetail, ChangeRow, Preview, RequirementView, TimelineEntry,
    },
    environments::{EnvironmentRegion, EnvironmentRow},
    people::PersonRef,
    releases::ReleaseRow,
    runs::{AwsSessionView, LogLine, RunView, StepView},
    services::{Cell, Facets, ServiceDetail, ServiceRow},
    tokens::TokenRow,
};
use domain::{
    Approvers, Authentication, Caller, CallerKind, ChangeKind, ChangeState, EnvironmentName,
    EventKind, Evidence, GitCommit, ImageDigest, JobRole, Login, Outcome, Person, Reason, Refusal,
    RefusalCode, RegionName, RunState, Scope, ServiceName, StartMode, StepKind, StepState,
    SubjectRef, TeamName, Verdict, Version,
    evidence::{Running, Side, Target},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

pub(crate) fn now() -> Timestamp {
    "2026-11-22T14:03:10Z".parse().expect("a time")
}
pub(crate) fn before(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}
pub(crate) fn id<T: From<Uuid>>(n: u128) -> T {
    T::from(Uuid::from_u128(
        0x0192_f0c1_7000_7000_8000_0000_0000_0000 + n,
    ))
}
pub(crate) fn digest(c: char) -> ImageDigest {
    ImageDigest::parse(format!("sha256:{}", c.to_string().repeat(64))).expect("digest")
}
pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).expect("a name")
}
fn login(text: &str) -> Login {
    Login::parse(text).expect("login")
}
fn region(text: &str) -> RegionName {
    RegionName::parse(text).expect("region")
}
fn version(text: &str) -> Version {
    Version::parse(text).expect("version")
}
fn place(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).expect("environment")
}
fn team(text: &str) -> TeamName {
    TeamName::parse(text).expect("team")
}

/// A visit of somebody with these job roles; none is nobody.
pub(crate) fn visit(path: &str, roles: &[JobRole], query: &[(&str, &str)]) -> Visit {
    let person = Person {
        id: id(1),
        login: login("developer"),
        name: "Dana Developer".into(),
        job_roles: roles.iter().copied().collect(),
        teams: BTreeSet::from([team("checkout")]),
    };
    let has = |role| roles.contains(&role);
    let oversees = has(JobRole::Auditor) || has(JobRole::Administrator);
    Visit {
        caller: (!roles.is_empty()).then(|| Caller {
            person,
            kind: CallerKind::Person {
                session: id(2),
                authentication: Authentication {
                    auth_time: before(1200),
                    mfa: false,
                },
            },
            request_id: id(3),
            ip: Some("127.0.0.1".into()),
        }),
        rooms: Rooms {
            audit: oversees,
            catalog: true,
            import: has(JobRole::Administrator),
            environments: true,
            people: oversees,
        },
        rules_trouble: None,
        holding: std::sync::Arc::default(),
        now: now(),
        path: path.into(),
        params: Params::new(
            query
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        ),
        nonce: "bm9uY2U".into(),
        csrf: "csrf-token".into(),
        theme: Theme::System,
        notice: None,
        request_id: id(3),
        assets: Arc::new(Assets::new(
            "pkg",
            "portolan",
            "css: test\njs: test\nwasm: test\n",
        )),
    }
}

pub(crate) fn environments() -> Vec<EnvironmentRow> {
    let both = |cluster: &str| {
        vec![
            EnvironmentRegion {
                region: region("eu-central-1"),
                side: Side::Passive,
                cluster: cluster.into(),
            },
            EnvironmentRegion {
                region: region("eu-west-1"),
                side: Side::Active,
                cluster: cluster.into(),
            },
        ]
    };
    let row = |name: &str, title: &str, protected, regions| EnvironmentRow {
        name: place(name),
        title: title.into(),
        protected,
        account: if protected {
            "300000000003"
        } else {
            "200000000002"
        }
        .into(),
        namespace: "shop".into(),
        region_pair: (name != "dev").then(|| "europe".to_owned()),
        regions,
        retired_at: None,
    };
    vec![
        row(
            "dev",
            "Development",
            false,
            vec![EnvironmentRegion {
                region: region("eu-west-1"),
                side: Side::Active,
                cluster: "shop-dev".into(),
            }],
        ),
        row("staging", "Staging", false, both("shop-staging")),
        row("production", "Production", true, both("shop-production")),
    ]
}

pub(crate) fn service(named: &str, owner: &str, drifted: bool) -> ServiceRow {
    let cell = |environment: &str, place_: &str, side, v: Option<&str>, parity| Cell {
        environment: place(environment),
        region: region(place_),
        side,
        version: v.map(version),
        digest: v.map(|v| digest(if v == "1.0.0" { 'a' } else { 'b' })),
        since: v.map(|_| before(86_400 * 3)),
        verified_at: v.map(|_| before(3_000)),
        change: v.map(|_| id(100)),
        parity,
        doubt: None,
    };
    ServiceRow {
        id: id(10),
        name: name(named),
        title: format!("{named} service"),
        description: "Holds what a customer has chosen until it is paid.".into(),
        team: team(owner),
        system: Some("shop".into()),
        lifecycle: "production".into(),
        tags: vec!["rust".into(), "tier-1".into()],
        orphaned_at: None,
        updated_at: before(7_200),
        cells: vec![
            cell("dev", "eu-west-1", Side::Active, Some("1.2.0"), true),
            cell(
                "staging",
                "eu-central-1",
                Side::Passive,
                Some("1.1.0"),
                !drifted,
            ),
            cell(
                "staging",
                "eu-west-1",
                Side::Active,
                Some(if drifted { "1.0.0" } else { "1.1.0" }),
                !drifted,
            ),
            cell(
                "production",
                "eu-central-1",
                Side::Passive,
                Some("1.0.0"),
                true,
            ),
            cell("production", "eu-west-1", Side::Active, Some("1.0.0"), true),
        ],
    }
}

pub(crate) fn services(count: usize) -> Page<ServiceRow> {
    let names = [
        "cart",
        "checkout",
        "payment",
        "product-catalog",
        "search",
        "recommendation",
        "shipping",
        "inventory",
        "email",
        "frontend",
        "currency",
        "ad",
    ];
    let teams = [
        "checkout",
        "checkout",
        "checkout",
        "catalog",
        "catalog",
        "catalog",
        "fulfilment",
        "fulfilment",
        "fulfilment",
        "platform",
        "platform",
        "platform",
    ];
    let items = (0..count)
        .map(|n| {
            let label = if n < names.len() {
                names[n].to_owned()
            } else {
                format!("{}-{n}", names[n % names.len()])
            };
            service(&label, teams[n % teams.len()], n % 7 == 1)
        })
        .collect();
    Page {
        items,
        next_cursor: (count >= 20).then(|| "bmV4dA".to_owned()),
        total: Some(if count >= 20 { 128 } else { count as u64 }),
    }
}

pub(crate) fn facets() -> Facets {
    Facets {
        teams: ["catalog", "checkout", "fulfilment", "platform"]
            .map(str::to_owned)
            .to_vec(),
        systems: vec!["shop".into()],
        lifecycles: vec!["production".into()],
    }
}

pub(crate) fn detail() -> ServiceDetail {
    ServiceDetail {
        row: service("cart", "checkout", true),
        repository: Some("github.com/shop/cart".into()),
        pipeline: Some("shop/deploy-cart".into()),
        image: Some("shop/cart".into()),
        links: vec![
            Link {
                title: "Runbook".into(),
                url: "https://wiki.example/cart".into(),
            },
            Link {
                title: "Dashboard".into(),
                url: "javascript:alert(document.domain)".into(),
            },
        ],
        source: "folder:catalog".into(),
        source_file: "cart/catalog-info.yaml".into(),
        source_line: 1,
        environments: environments(),
        may_request: Ok(()),
        may_register: Ok(()),
    }
}

pub(crate) fn releases() -> Page<ReleaseRow> {
    let row = |n: u32, v: &str| ReleaseRow {
        id: id(u128::from(n)),
        service: name("cart"),
        version: version(v),
        commit: GitCommit::parse("0123abcdef0123abcdef").expect("commit"),
        digest: digest(if v == "1.0.0" { 'a' } else { 'b' }),
        build_url: Some("https://jenkins.example/job/cart/12/".into()),
        registered_by: login("developer"),
        created_at: before(i64::from(n) * 86_400),
    };
    Page {
        items: vec![row(1, "1.2.0"), row(2, "1.1.0"), row(9, "1.0.0")],
        next_cursor: None,
        total: None,
    }
}

pub(crate) fn evidence() -> Evidence {
    let target = |at: &str, side, current: Option<&str>| Target {
        region: region(at),
        side,
        account: "300000000003".into(),
        cluster: "shop-production".into(),
        namespace: "shop".into(),
        current: current.map(|v| Running {
            version: version(v),
            digest: digest('a'),
        }),
        becomes: None,
    };
    Evidence {
        schema: Evidence::SCHEMA,
        kind: ChangeKind::Deploy,
        requester: login("developer"),
        service: name("cart"),
        team: team("checkout"),
        system: None,
        tier: None,
        version: version("1.2.0"),
        commit: GitCommit::parse("0123abcdef").expect("commit"),
        repository: "shop/cart".into(),
        digest: digest('b'),
        environment: place("production"),
        protected: true,
        pipeline: "shop/deploy-cart".into(),
        targets: vec![
            target("eu-central-1", Side::Passive, Some("1.0.0")),
            target("eu-west-1", Side::Active, Some("1.0.0")),
        ],
        rollback_of: None,
        wave: Some(wave_plan()),
        through: domain::evidence::Through::default(),
        rule_version: "3f2a9c1d0b7e4455".into(),
        policy_version: "91b0c4de77aa1122".into(),
    }
}

/// A share of each region first, and all of the first region besides.
fn wave_plan() -> domain::wave::Plan {
    let check = || domain::wave::Check {
        wave: "canary of the cart".into(),
        name: "errors <b>".into(),
        namespace: "Shop".into(),
        metric: "Errors".into(),
        dimensions: [("Service".to_owned(), "cart".to_owned())].into(),
        statistic: "Average".into(),
        period_s: 60,
        compare: domain::wave::Compare::AtMost,
        value: domain::wave::Limit::new(0.01).expect("finite"),
        no_data: domain::wave::NoData::Halt,
    };
    domain::wave::Plan {
        waves: vec!["canary of the cart".into()],
        region: region("eu-central-1"),
        bake_s: 600,
        every_s: 60,
        checks: vec![check()],
        share: Some(domain::wave::Shares {
            percent: domain::wave::Percent::new(25).expect("a share"),
            region_too: true,
            then: vec![domain::wave::Stop {
                region: region("eu-west-1"),
                checks: vec![check()],
            }],
        }),
    }
}

pub(crate) fn person(n: u128, who: &str) -> PersonRef {
    PersonRef {
        id: id(n),
        login: login(who),
        name: format!("{who} of the shop"),
    }
}

pub(crate) fn needs(missing: u32) -> Vec<RequirementView> {
    vec![RequirementView {
        rule: "protected needs a manager with a second factor".into(),
        count: 1,
        of: Approvers::JobRole(JobRole::Manager),
        words: "one of the managers".into(),
        step_up: true,
        given: if missing == 0 {
            vec![person(20, "manager")]
        } else {
            vec![]
        },
        missing,
        candidates: if missing == 0 {
            vec![]
        } else {
            vec![person(20, "manager"), person(21, "manager2")]
        },
    }]
}

pub(crate) fn row(n: u128, state: ChangeState) -> ChangeRow {
    ChangeRow {
        id: id(1000 + n),
        kind: ChangeKind::Deploy,
        state,
        reason: "Fixes the rounding of discounts.\nSee the ticket.".into(),
        requester: login("developer"),
        service: name("cart"),
        team: team("checkout"),
        version: version("1.2.0"),
        environment: place("production"),
        protected: true,
        evidence_digest: evidence().seal().expect("seals").1,
        cancel_requested: false,
        state_reason: None,
        created_at: before(3_600),
        updated_at: before(240),
        expires_at: now() + SignedDuration::from_hours(150),
        queued: None,
    }
}

pub(crate) fn log() -> Vec<LogLine> {
    let texts = [
        "Started by user portolan",
        "\u{1b}[32m+ node deploy.mjs\u{1b}[0m",
        "redeeming the ticket … ok",
        "cluster shop-production in eu-central-1 is ACTIVE",
        "patching deployment shop/cart to @sha256:bbbbbbbbbbbb",
        "<script>alert('log')</script>",
        "1 of 2 pods run the new image",
        "2 of 2 pods run the new image",
        "Finished: SUCCESS",
    ];
    texts
        .iter()
        .zip(1..)
        .map(|(text, seq)| LogLine {
            seq,
            at: before(300 - seq),
            step: id(203),
            text: (*text).to_owned(),
        })
        .collect()
}

pub(crate) fn events(count: u128) -> Page<AuditRow> {
    let kinds = [
        EventKind::ChangeRequested,
        EventKind::ActionDenied,
        EventKind::RoleAssumed,
        EventKind::SignedIn,
        EventKind::TicketRedeemed,
        EventKind::RoleRefused,
    ];
    let items = (0..count)
        .map(|n| {
            let kind = kinds[usize::try_from(n).expect("small") % kinds.len()];
            let outcome = match kind { EventKind::ActionDenied => Outcome::Denied, EventKind::RoleRefused => Outcome::Failure, _ => Outcome::Success };
            AuditRow {
                id: id(5000 + n),
                at: before(i64::try_from(n).expect("small") * 97),
                kind: kind.into(),
                outcome,
                door: "person".into(),
                login: (n % 5 != 4).then(|| "developer".to_owned()),
                subject: SubjectRef::new("change", id::<domain::ChangeId>(1001)),
                change: Some(id(1001)),
                request_id: id(3),
                ip: Some("127.0.0.1".into()),
                policy_version: "91b0c4de77aa1122".into(),
                data: json!({"detail": "Whoever asked for a change never approves it. Somebody else has to.", "code": "forbidden"}),
            }
        })
        .collect();
    Page {
        items,
        next_cursor: Some("bmV4dA".into()),
        total: Some(10_000),
    }
}

pub(crate) fn tokens() -> Vec<TokenRow> {
    vec![TokenRow {
        id: id(70),
        name: "release script".into(),
        hint: "ptl_4f9k".into(),
        scopes: BTreeSet::from([Scope::Read, Scope::ReleasesWrite]),
        created_at: before(86_400 * 5),
        expires_at: now() + SignedDuration::from_hours(24 * 25),
        last_used_at: Some(before(60)),
    }]
}

pub(crate) fn report() -> ImportReport {
    ImportReport {
        id: id(80),
        source: "folder:catalog".into(),
        at: before(400),
        imported: 14,
        unchanged: 3,
        orphaned: 1,
        problems: vec![
            Problem {
                file: "search/catalog-info.yaml".into(),
                line: Some(12),
                field: Some("spec.owner".into()),
                message: "names the group 'serch', which no document defines".into(),
            },
            Problem {
                file: "ad/catalog-info.yaml".into(),
                line: None,
                field: None,
                message: "is larger than 1 MB and was not read".into(),
            },
        ],
    }
}

pub(crate) fn preview() -> Preview {
    let evidence = evidence();
    let digest = evidence.seal().expect("seals").1;
    Preview {
        evidence,
        digest,
        requirements: needs(1),
        may_start: domain::schedule::MayStart {
            at: now(),
            matches: vec![],
            next: None,
            by_override: None,
        },
        not_promoted_from: None,
        may_request: Ok(()),
    }
}

/// A reason with `text` in it.
pub(crate) fn reason(text: &str) -> String {
    Reason::parse(text).map_or_else(|_| text.to_owned(), |r| r.to_string())
}
