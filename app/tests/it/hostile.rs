//! Text that wants to be more than text.

use app::{Params, changes::Posted};
use domain::{ChangeState, JobRole, Refusal};
use scraper::{Html, Selector};

use crate::fixtures;

fn hostile() -> Vec<String> {
    vec![
        "<script>alert(1)</script>".into(),
        "\"><img src=x onerror=alert(1)>".into(),
        "' onmouseover='alert(1)".into(),
        "</textarea></title></style><script>alert(1)</script>".into(),
        "<!-- <leptos-island data-component=\"x\">".into(),
        "\u{202e}evil\u{2066}".into(),
        "{{7*7}} ${7*7} %3Cscript%3E".into(),
        "x".repeat(10_000),
        "'; DROP TABLE change; --".into(),
    ]
}

/// Nothing of a hostile text has become an element or an attribute.
fn is_harmless(name: &str, html: &str) {
    let page = Html::parse_document(html);
    let count = |selector: &str| {
        page.select(&Selector::parse(selector).expect("selector"))
            .count()
    };
    assert_eq!(count("script:not([nonce])"), 0, "{name}");
    assert_eq!(
        count("img,iframe,object,embed,base,meta[http-equiv]"),
        0,
        "{name}"
    );
    assert_eq!(
        count("[onerror],[onmouseover],[onload],[onclick]"),
        0,
        "{name}"
    );
    assert_eq!(count("[data-component='x']"), 0, "{name}");
    assert_eq!(count("a[href^='javascript'],a[href^='data']"), 0, "{name}");
    assert_eq!(count("main#main"), 1, "{name}");
}

#[test]
fn in_every_field_of_a_change() {
    for text in hostile() {
        let mut change = fixtures::change(ChangeState::Failed);
        change.row.reason = fixtures::reason(&text);
        change.state_reason = Some(text.clone());
        change.approvals[0].comment.clone_from(&text);
        change.approvals[0].person.name.clone_from(&text);
        change.requirements[0].rule.clone_from(&text);
        change.evidence.repository.clone_from(&text);
        change.evidence.pipeline.clone_from(&text);
        change.evidence_text.clone_from(&text);
        change.timeline[0].data =
            serde_json::json!({ "reason": text, text.clone(): text, "deep": { "a": [text] } });
        let run = change.run.as_mut().expect("a run");
        run.steps[0].note = Some(text.clone());
        run.steps[0].build_url = Some(text.clone());
        run.steps[0].aws[0].role_arn.clone_from(&text);
        let mut log = fixtures::log();
        log[0].text.clone_from(&text);
        let visit = fixtures::visit("/changes/x", &[JobRole::Manager], &[("comment", &text)]);
        let html =
            app::changes::detail::view(&visit, &change, &log, Posted::default()).into_html(&visit);
        is_harmless(&text, &html);
    }
}

#[test]
fn in_every_field_of_a_service() {
    for text in hostile() {
        let mut service = fixtures::detail();
        service.row.title.clone_from(&text);
        service.row.description.clone_from(&text);
        service.row.system = Some(text.clone());
        service.row.lifecycle.clone_from(&text);
        service.row.tags = vec![text.clone()];
        service.repository = Some(text.clone());
        service.links[0].title.clone_from(&text);
        service.links[0].url.clone_from(&text);
        service.source_file.clone_from(&text);
        let visit = fixtures::visit(
            "/services/cart",
            &[JobRole::Developer],
            &[("releases_cursor", &text)],
        );
        let empty = control::Page {
            items: vec![],
            next_cursor: None,
            total: None,
        };
        let html = app::services::detail::view(
            &visit,
            &service,
            &fixtures::releases(),
            &empty,
            &std::collections::BTreeSet::default(),
        )
        .into_html(&visit);
        is_harmless(&text, &html);
        let visit = fixtures::visit(
            "/services",
            &[JobRole::Developer],
            &[
                ("q", &text),
                ("team", &text),
                ("sort", &text),
                ("unknown", &text),
            ],
        );
        let mut page = fixtures::services(2);
        page.items[0] = service.row;
        let html =
            app::services::list::view(&visit, &fixtures::facets(), Ok(&page)).into_html(&visit);
        is_harmless(&text, &html);
    }
}

#[test]
fn in_audit_events_tokens_and_imports() {
    for text in hostile() {
        let mut events = fixtures::events(3);
        events.items[1].login = Some(text.clone());
        events.items[1].subject.kind.clone_from(&text);
        events.items[1].subject.id.clone_from(&text);
        events.items[1].ip = Some(text.clone());
        events.items[1].data = serde_json::json!({ "detail": text });
        let visit = fixtures::visit("/audit", &[JobRole::Auditor], &[("login", &text)]);
        is_harmless(
            &text,
            &app::audit::list::view(&visit, Ok(&events)).into_html(&visit),
        );
        is_harmless(
            &text,
            &app::audit::event::view(&events.items[1]).into_html(&visit),
        );
        let mut tokens = fixtures::tokens();
        tokens[0].name.clone_from(&text);
        is_harmless(
            &text,
            &app::tokens::view(&visit, &tokens, app::tokens::Made::default()).into_html(&visit),
        );
        let mut report = fixtures::report();
        report.source.clone_from(&text);
        report.problems[0].message.clone_from(&text);
        report.problems[0].file.clone_from(&text);
        is_harmless(
            &text,
            &app::catalog::view(&visit, Some(&report), None).into_html(&visit),
        );
        let refusal = Refusal::field(text.clone(), text.clone());
        is_harmless(
            &text,
            &app::trouble::trouble(&visit, &refusal).into_html(&visit),
        );
    }
}

/// A refused form comes back with every letter of what was written.
#[test]
fn nothing_written_is_lost() {
    for text in hostile() {
        let fields = Params::new(vec![
            ("version".into(), "1.2.0".into()),
            ("environment".into(), "production".into()),
            ("reason".into(), text.clone()),
        ]);
        let refusal = Refusal::field("reason", "a reason has at most 2,000 characters");
        let (service, releases, preview) = (
            fixtures::detail(),
            fixtures::releases(),
            fixtures::preview(),
        );
        let draft = app::deploy::Draft {
            service: &service,
            releases: &releases.items,
            preview: Some(&preview),
            refusal: Some(&refusal),
            fields: &fields,
        };
        let visit = fixtures::visit("/services/cart/deploy", &[JobRole::Developer], &[]);
        let html = app::deploy::view(&visit, &draft).into_html(&visit);
        is_harmless(&text, &html);
        let page = Html::parse_document(&html);
        let area = Selector::parse("textarea[name=reason]").expect("selector");
        let kept: String = page
            .select(&area)
            .next()
            .expect("the field")
            .text()
            .collect();
        assert_eq!(kept, text);
    }
}
