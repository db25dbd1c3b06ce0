//! A small world to render, and every page made of it.

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
        },
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
    };
    Evidence {
        schema: Evidence::SCHEMA,
        kind: ChangeKind::Deploy,
        requester: login("developer"),
        service: name("cart"),
        team: team("checkout"),
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
        rule_version: "3f2a9c1d0b7e4455".into(),
        policy_version: "91b0c4de77aa1122".into(),
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
    }
}

fn no(code: RefusalCode, detail: &str) -> Result<(), Refusal> {
    Err(Refusal::new(code, detail))
}

pub(crate) fn change(state: ChangeState) -> ChangeDetail {
    let over = || no(RefusalCode::WrongState, "It is over.");
    let waiting = state == ChangeState::AwaitingApproval;
    let begun = !waiting
        && !matches!(
            state,
            ChangeState::Approved
                | ChangeState::Rejected
                | ChangeState::Expired
                | ChangeState::Stale
        );
    let reason = match state {
        ChangeState::Failed => Some(
            "AWS refused developer as portolan-job-developer: ecr:DescribeImages on arn:aws:ecr:eu-central-1:300000000003:repository/shop/cart.",
        ),
        ChangeState::NeedsAttention => Some(
            "Jenkins does not say whether the build was started; look for it at the job before going on.",
        ),
        ChangeState::Stale => Some("targets.0.current was 1.0.0 and is 1.1.0."),
        _ => None,
    };
    let entry = |seconds, kind, who: Option<&str>, data| TimelineEntry {
        at: before(seconds),
        kind,
        outcome: Outcome::Success,
        login: who.map(login),
        data,
    };
    let mut timeline = vec![
        entry(
            3_600,
            EventKind::ChangeRequested,
            Some("developer"),
            json!({"reason": "Fixes the rounding of discounts."}),
        ),
        entry(
            3_599,
            EventKind::ChangePlanned,
            None,
            json!({"from": "planning", "to": "awaiting_approval"}),
        ),
    ];
    if begun {
        timeline.push(entry(
            600,
            EventKind::ChangeApproved,
            Some("manager"),
            json!({"comment": "Checked with finance."}),
        ));
        timeline.push(entry(590, EventKind::RoleAssumed, Some("developer"), json!({"role_arn": "arn:aws:iam::300000000003:role/portolan-job-developer", "access_key_id": "ASIAEXAMPLE"})));
    }
    if state == ChangeState::Stale {
        timeline.push(entry(
            60,
            EventKind::ChangeStale,
            None,
            json!({"differences": {"targets.0.current.version": ["1.0.0", "1.1.0"]}}),
        ));
    }
    let (text, _) = evidence().seal().expect("seals");
    ChangeDetail {
        row: row(1, state),
        evidence: evidence(),
        evidence_text: text,
        state_reason: reason.map(str::to_owned),
        cancel_requested: false,
        start_mode: StartMode::OnApproval,
        retry_of: None,
        version_no: 7,
        requirements: needs(u32::from(waiting)),
        approvals: if begun {
            vec![ApprovalView {
                id: id(50),
                person: person(20, "manager"),
                verdict: Verdict::Approve,
                comment: "Checked with finance.".into(),
                stepped_up: true,
                at: before(600),
            }]
        } else {
            vec![]
        },
        run: begun.then(|| run(state)),
        timeline,
        buttons: Buttons {
            approve: if waiting {
                no(
                    RefusalCode::StepUpRequired,
                    "This environment is protected: confirm with a fresh sign-in and a second factor.",
                )
            } else {
                over()
            },
            reject: if waiting { Ok(()) } else { over() },
            start: over(),
            cancel: if state.is_final() { over() } else { Ok(()) },
            resume: if state == ChangeState::NeedsAttention {
                no(
                    RefusalCode::Forbidden,
                    "Only operators resume a parked run.",
                )
            } else {
                over()
            },
            retry: if state.is_final() && state != ChangeState::Succeeded {
                Ok(())
            } else {
                over()
            },
        },
    }
}

fn run(state: ChangeState) -> RunView {
    let mut steps = vec![];
    for (from, at) in [(0_u8, "eu-central-1"), (5, "eu-west-1")] {
        for (n, kind) in (from..).zip(StepKind::ALL) {
            let stop = match state {
                ChangeState::Succeeded => 10,
                ChangeState::Failed => 1,
                ChangeState::NeedsAttention => 2,
                _ => 3,
            };
            let (step_state, note) = match n.cmp(&stop) {
                std::cmp::Ordering::Less => (StepState::Succeeded, None),
                std::cmp::Ordering::Equal => match state {
                    ChangeState::Failed => (
                        StepState::Failed,
                        Some("AWS refused: AccessDenied for ecr:DescribeImages."),
                    ),
                    ChangeState::NeedsAttention => (
                        StepState::NeedsAttention,
                        Some("Jenkins does not say whether the build was started."),
                    ),
                    _ => (
                        StepState::Running,
                        Some("Waits for build 42 of shop/deploy-cart; it has run for 40 s."),
                    ),
                },
                std::cmp::Ordering::Greater if state == ChangeState::Failed => {
                    (StepState::Skipped, None)
                }
                std::cmp::Ordering::Greater => (StepState::Waiting, None),
            };
            let begun = n <= stop;
            steps.push(StepView {
                id: id(200 + u128::from(n)),
                position: i32::from(n),
                region: region(at),
                kind: *kind,
                state: step_state,
                note: note.map(str::to_owned),
                attempts: i32::from(begun) + i32::from(n == 2),
                started_at: begun.then(|| before(500 - 40 * i64::from(n))),
                finished_at: (n < stop).then(|| before(480 - 40 * i64::from(n))),
                build_url: (*kind == StepKind::FollowPipeline && begun)
                    .then(|| "https://jenkins.example/job/shop/job/deploy-cart/42/".to_owned()),
                aws: if begun && *kind != StepKind::TriggerPipeline {
                    vec![AwsSessionView {
                        purpose: "describe the cluster".into(),
                        role_arn: "arn:aws:iam::300000000003:role/portolan-job-developer".into(),
                        session_name: format!("step-{}", id::<domain::StepId>(200 + u128::from(n))),
                        source_identity: "developer".into(),
                        access_key_id: "ASIAEXAMPLE0000000".into(),
                        request_id: Some("9f1c7a52-0000-4000-8000-000000000000".into()),
                        made_at: before(500),
                        expires_at: now() + SignedDuration::from_mins(9),
                    }]
                } else {
                    vec![]
                },
            });
        }
    }
    let run_state = match state {
        ChangeState::Succeeded => RunState::Succeeded,
        ChangeState::Failed => RunState::Failed,
        ChangeState::NeedsAttention => RunState::NeedsAttention,
        _ => RunState::Running,
    };
    RunView {
        id: id(60),
        state: run_state,
        started_at: before(590),
        finished_at: state.is_final().then(|| before(100)),
        steps,
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
                kind,
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
        may_request: Ok(()),
    }
}

/// Every page and state: its name for files, the visit, the document.
pub(crate) fn all() -> Vec<(String, Visit, Document)> {
    use JobRole as R;
    let mut out: Vec<(String, Visit, Document)> = vec![];
    let mut add =
        |name: &str, visit: Visit, document: Document| out.push((name.to_owned(), visit, document));
    let everything = [
        R::Developer,
        R::Manager,
        R::Auditor,
        R::Operator,
        R::Administrator,
    ];

    let v = visit("/", &[], &[]);
    let d = app::landing::landing(&v);
    add("landing", v, d);

    let mut home = app::home::Found {
        services: Some(services(3)),
        environments: environments(),
        ..Default::default()
    };
    home.changes.mine = vec![row(1, ChangeState::Running), row(2, ChangeState::Succeeded)];
    home.changes.awaiting = vec![row(3, ChangeState::AwaitingApproval)];
    home.changes.failed = vec![row(4, ChangeState::Failed)];
    home.changes.running = vec![row(1, ChangeState::Running)];
    home.events = events(4).items;
    home.denied = events(2).items;
    home.import = Some(report());
    for (label, roles) in [
        ("developer", &[R::Developer][..]),
        ("manager", &[R::Manager]),
        ("operator", &[R::Operator]),
        ("auditor", &[R::Auditor]),
        ("administrator", &[R::Administrator]),
    ] {
        let v = visit("/", roles, &[]);
        let d = app::home::view(&v, &home);
        add(&format!("home-{label}"), v, d);
    }
    let v = visit("/services", &[R::Developer], &[]);
    let d = app::services::list::view(&v, &facets(), Ok(&services(20)));
    add("services", v, d);
    let v = visit(
        "/services",
        &[R::Developer],
        &[("q", "nothing"), ("team", "checkout")],
    );
    let d = app::services::list::view(&v, &facets(), Ok(&services(0)));
    add("services-none", v, d);
    let v = visit("/services/cart", &[R::Developer], &[]);
    let changes = Page {
        items: vec![row(1, ChangeState::Running), row(2, ChangeState::Succeeded)],
        next_cursor: None,
        total: Some(2),
    };
    let d = app::services::detail::view(&v, &detail(), &releases(), &changes);
    add("service", v, d);
    let v = visit("/services/cart", &[R::Auditor], &[]);
    let mut orphan = detail();
    orphan.row.orphaned_at = Some(before(86_400));
    orphan.may_request = no(
        RefusalCode::Forbidden,
        "Auditors see everything and change nothing; a person with that job role cannot do this.",
    );
    let d = app::services::detail::view(
        &v,
        &orphan,
        &releases(),
        &Page {
            items: vec![],
            next_cursor: None,
            total: Some(0),
        },
    );
    add("service-orphaned", v, d);

    let service = detail();
    let list = releases();
    let none = Params::default();
    let v = visit("/services/cart/deploy", &[R::Developer], &[]);
    let d = app::deploy::view(
        &v,
        &app::deploy::Draft {
            service: &service,
            releases: &list.items,
            preview: None,
            refusal: None,
            fields: &none,
        },
    );
    add("deploy-choose", v, d);
    let chosen = Params::new(vec![
        ("version".into(), "1.2.0".into()),
        ("environment".into(), "production".into()),
        ("reason".into(), String::new()),
    ]);
    let v = visit("/services/cart/deploy", &[R::Developer], &[]);
    let d = app::deploy::view(
        &v,
        &app::deploy::Draft {
            service: &service,
            releases: &list.items,
            preview: Some(&preview()),
            refusal: None,
            fields: &chosen,
        },
    );
    add("deploy-preview", v, d);
    let refusal = Refusal::field(
        "reason",
        "say why, in a sentence: approvers and auditors read it",
    );
    let v = visit("/services/cart/deploy", &[R::Developer], &[]);
    let d = app::deploy::view(
        &v,
        &app::deploy::Draft {
            service: &service,
            releases: &list.items,
            preview: Some(&preview()),
            refusal: Some(&refusal),
            fields: &chosen,
        },
    );
    add("deploy-refused", v, d);

    let v = visit("/changes", &[R::Developer], &[]);
    let rows = Page {
        items: ChangeState::ALL
            .iter()
            .zip(1..)
            .map(|(s, n)| row(n, *s))
            .collect(),
        next_cursor: Some("bmV4dA".into()),
        total: Some(10_000),
    };
    let d = app::changes::list::view(&v, &["dev", "staging", "production"], Ok(&rows));
    add("changes", v, d);
    for (label, state) in [
        ("awaiting", ChangeState::AwaitingApproval),
        ("running", ChangeState::Running),
        ("succeeded", ChangeState::Succeeded),
        ("failed", ChangeState::Failed),
        ("attention", ChangeState::NeedsAttention),
        ("stale", ChangeState::Stale),
        ("approved", ChangeState::Approved),
    ] {
        let v = visit(
            &format!("/changes/{}", id::<domain::ChangeId>(1001)),
            &[R::Manager],
            &[],
        );
        let c = change(state);
        let tail = if c.run.is_some() { log() } else { vec![] };
        let d = app::changes::detail::view(&v, &c, &tail, app::changes::Posted::default());
        add(&format!("change-{label}"), v, d);
    }
    let v = visit("/changes/x/log", &[R::Manager], &[]);
    let d = app::changes::log::view(&v, &change(ChangeState::Running), 0, &log());
    add("log", v, d);

    let v = visit("/approvals", &[R::Manager], &[]);
    let d = app::approvals::view(
        &v,
        &[change(ChangeState::AwaitingApproval)],
        Some(1),
        None,
        &[],
        None,
    );
    add("approvals", v, d);
    let v = visit("/approvals", &[R::Manager], &[]);
    let outcomes = [
        app::approvals::Outcome {
            change: id(1001),
            name: "Deploy cart 1.2.0 to staging".into(),
            result: Ok(()),
        },
        app::approvals::Outcome {
            change: id(1002),
            name: "Deploy payment 2.0.0 to production".into(),
            result: no(
                RefusalCode::StepUpRequired,
                "This environment is protected: confirm with a fresh sign-in and a second factor.",
            ),
        },
    ];
    let d = app::approvals::view(&v, &[], Some(0), None, &outcomes, None);
    add("approvals-none", v, d);

    let v = visit("/audit", &[R::Auditor], &[]);
    let d = app::audit::list::view(&v, Ok(&events(50)));
    add("audit", v, d);
    let v = visit("/audit/x", &[R::Auditor], &[]);
    let d = app::audit::event::view(&events(2).items[1]);
    add("audit-event", v, d);

    let v = visit("/tokens", &[R::Developer], &[]);
    let d = app::tokens::view(
        &v,
        &tokens(),
        app::tokens::Made {
            token: Some((&tokens()[0], "ptl_4f9kexamplexamplexamplexamplexample")),
            ..Default::default()
        },
    );
    add("tokens", v, d);
    let v = visit("/sessions", &[R::Developer], &[]);
    let d = app::sessions::sessions(&v).expect("signed in");
    add("sessions", v, d);
    let v = visit("/catalog", &[R::Administrator], &[]);
    let d = app::catalog::view(&v, Some(&report()), None);
    add("catalog", v, d);
    let v = visit("/environments", &[R::Operator], &[]);
    let d = app::environments::view(&v, &environments());
    add("environments", v, d);
    let v = visit("/keys", &everything, &[]);
    let d = app::keys::keys(&v);
    add("keys", v, d);
    for (label, code, roles) in [
        ("not-found", RefusalCode::NotFound, &[R::Developer][..]),
        ("forbidden", RefusalCode::Forbidden, &[R::Developer]),
        ("signed-out", RefusalCode::NotSignedIn, &[]),
        ("rate-limited", RefusalCode::RateLimited, &[R::Developer]),
        ("fault", RefusalCode::Unavailable, &[R::Developer]),
    ] {
        let v = visit("/somewhere", roles, &[]);
        let d = app::trouble::trouble(
            &v,
            &Refusal::new(
                code,
                "There is no service of that name, or you may not see it.",
            ),
        );
        add(&format!("trouble-{label}"), v, d);
    }
    out
}

/// A reason with `text` in it.
pub(crate) fn reason(text: &str) -> String {
    Reason::parse(text).map_or_else(|_| text.to_owned(), |r| r.to_string())
}
