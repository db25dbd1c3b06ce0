//! What every page has.

use std::sync::Arc;

use app::{Notice, changes::Posted};
use control::rules::Trouble;
use domain::{ChangeState, EventKind, JobRole, Outcome, StepKind, StepState};
use scraper::{Html, Selector};

use crate::fixtures;

fn select(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

#[test]
fn every_page_is_one_sound_document() {
    let out = std::env::var_os("PORTOLAN_PAGES_OUT");
    for (name, visit, document) in fixtures::all() {
        let title = document.title.clone();
        let html = document.into_html(&visit);
        if let Some(folder) = &out {
            let path = std::path::Path::new(folder).join(format!("{name}.html"));
            std::fs::write(path, &html).expect("written");
        }
        let page = Html::parse_document(&html);
        let count = |selector: &str| page.select(&select(selector)).count();
        assert_eq!(count("h1"), 1, "{name}: one heading");
        assert_eq!(count("main#main"), 1, "{name}: one main");
        assert_eq!(count("title"), 1, "{name}");
        assert!(!title.is_empty(), "{name}");
        assert_eq!(
            count("a.skip[href='#main']"),
            1,
            "{name}: a way past the menu"
        );
        assert_eq!(
            count("[style]"),
            0,
            "{name}: no inline style, the policy forbids it"
        );
        assert_eq!(
            count("[onclick],[onload],[onerror],[onsubmit]"),
            0,
            "{name}: no inline handlers"
        );
        let islands = count("leptos-island");
        assert_eq!(
            count("script"),
            usize::from(islands > 0),
            "{name}: a script where there are islands"
        );
        assert_eq!(
            count("script[nonce='bm9uY2U']"),
            usize::from(islands > 0),
            "{name}: its nonce"
        );
        ids_are_unique(&name, &page);
        controls_have_names(&name, &page);
        tables_are_tables(&name, &page);
        for form in page.select(&select("form[method=post]")) {
            assert_eq!(
                form.select(&select("input[name=csrf][value='csrf-token']"))
                    .count(),
                1,
                "{name}: a token in every form"
            );
            assert_eq!(
                form.select(&select("form")).count(),
                0,
                "{name}: no form in a form"
            );
        }
        // What the parser had to repair is what a browser would show otherwise than meant.
        // (`<!>` is how Leptos keeps two texts apart: an empty comment, spelled short.)
        let serious: Vec<_> = page
            .errors
            .iter()
            .filter(|e| !e.contains("MarkupDeclarationOpen"))
            .collect();
        assert!(serious.is_empty(), "{name}: {serious:?}");
    }
}

fn ids_are_unique(name: &str, page: &Html) {
    let mut seen = std::collections::BTreeSet::new();
    for element in page.select(&select("[id]")) {
        let id = element.attr("id").expect("id");
        assert!(seen.insert(id), "{name}: two elements with the id {id}");
    }
    for attribute in [
        "aria-labelledby",
        "aria-describedby",
        "aria-controls",
        "for",
    ] {
        for element in page.select(&select(&format!("[{attribute}]"))) {
            for id in element
                .attr(attribute)
                .unwrap_or_default()
                .split_whitespace()
            {
                assert!(seen.contains(id), "{name}: {attribute} points to no {id}");
            }
        }
    }
}

fn controls_have_names(name: &str, page: &Html) {
    for control in page.select(&select("input:not([type=hidden]),select,textarea")) {
        let by_id = control
            .attr("id")
            .is_some_and(|id| page.select(&select(&format!("label[for='{id}']"))).count() == 1);
        let wrapped = control
            .ancestors()
            .filter_map(scraper::ElementRef::wrap)
            .any(|e| e.value().name() == "label");
        assert!(
            by_id || wrapped || control.attr("aria-label").is_some(),
            "{name}: a control without a label: {:?}",
            control.html()
        );
    }
    for button in page.select(&select("button,a[href],summary")) {
        let words: String = button.text().collect();
        let named = !words.trim().is_empty() || button.attr("aria-label").is_some();
        assert!(named, "{name}: nothing to read on {:?}", button.html());
    }
    for button in page.select(&select("button[disabled]")) {
        let why = button
            .attr("aria-describedby")
            .expect("a disabled button says why");
        let why = page
            .select(&select(&format!("[id='{why}']")))
            .next()
            .expect("the reason is there");
        assert!(
            why.text().collect::<String>().len() > 10,
            "{name}: no reason"
        );
    }
}

fn tables_are_tables(name: &str, page: &Html) {
    for table in page.select(&select("table")) {
        assert_eq!(
            table.select(&select("caption")).count(),
            1,
            "{name}: a caption"
        );
        assert_eq!(table.select(&select("tbody")).count(), 1, "{name}: a body");
        assert!(
            table.select(&select("thead th[scope=col]")).count() > 1,
            "{name}: headings with a scope"
        );
    }
    for time in page.select(&select("time")) {
        assert!(
            time.attr("datetime").is_some_and(|t| t.ends_with('Z')),
            "{name}: a time for machines"
        );
    }
}

/// A bad rules file is told on every page of an administrator, with its mistakes, and of nobody else.
#[test]
fn a_refused_rules_file_is_told_to_administrators_everywhere() {
    let trouble = Arc::new(Trouble {
        file: "rules.toml".into(),
        mistakes: vec![],
        since: fixtures::now(),
        version: "sha256:abc".into(),
    });
    for roles in [&[JobRole::Administrator][..], &[JobRole::Manager]] {
        for (name, _, document) in fixtures::all() {
            let mut visit = fixtures::visit("/services", roles, &[]);
            visit.rules_trouble = Some(trouble.clone());
            let page = Html::parse_document(&document.into_html(&visit));
            let told = page.select(&select("#rules-trouble")).next();
            assert_eq!(
                told.is_some(),
                roles.contains(&JobRole::Administrator),
                "{name} for {roles:?}"
            );
        }
    }
}

/// The way back stands only beside a change that has one, and for whom it would lead somewhere.
#[test]
fn a_rollback_is_offered_where_it_leads_somewhere() {
    for (name, _, document) in fixtures::all() {
        if !name.starts_with("service") {
            continue;
        }
        let page = Html::parse_document(document.main.as_str());
        let links = page.select(&select("table a[href$='/rollback']")).count();
        assert_eq!(links > 0, name == "service", "{name}: {links}");
        let deploys = page.select(&select("a[href*='/deploy']")).count();
        assert_eq!(deploys > 0, name == "service", "{name}: {deploys}");
    }
}

fn change_page(change: &control::changes::ChangeDetail, notice: Option<Notice>) -> Html {
    let path = format!("/changes/{}", change.row.id);
    let mut visit = fixtures::visit(&path, &[JobRole::Developer], &[]);
    visit.notice = notice;
    let document = app::changes::detail::view(&visit, change, &[], Posted::default());
    Html::parse_document(&document.into_html(&visit))
}

fn text(page: &Html, selector: &str) -> String {
    page.select(&select(selector))
        .flat_map(|e| e.text())
        .collect()
}

/// "Below is what will be done" is told until it is done, also in a page that follows the change.
#[test]
fn what_a_request_came_to_is_told_until_the_change_moves_on() {
    for (state, told) in [
        (ChangeState::AwaitingApproval, true),
        (ChangeState::Approved, true),
        (ChangeState::Running, false),
        (ChangeState::Succeeded, false),
    ] {
        let page = change_page(&fixtures::change(state), Some(Notice::Requested));
        let words = text(&page, "#notice[data-live-region]");
        assert_eq!(words.contains("is requested"), told, "{state}: {words}");
    }
    let ended = fixtures::change(ChangeState::Rejected);
    let words = text(&change_page(&ended, Some(Notice::Rejected)), "#notice");
    assert!(
        words.contains("recorded"),
        "what was done stays told: {words}"
    );
}

/// Nobody pressed anything: it was asked for with the request.
#[test]
fn a_start_by_itself_is_nobodys_act() {
    let mut change = fixtures::change(ChangeState::Running);
    change.timeline.push(control::changes::TimelineEntry {
        at: fixtures::before(500),
        door: "job".into(),
        kind: EventKind::ChangeStarted.into(),
        outcome: Outcome::Success,
        login: Some(change.row.requester.clone()),
        data: serde_json::Value::Null,
    });
    let told = text(&change_page(&change, None), ".timeline li:last-child p");
    assert!(
        told.starts_with("Started by itself, as developer had asked"),
        "{told}"
    );
    change.timeline.last_mut().expect("the start").door = "person".into();
    let told = text(&change_page(&change, None), ".timeline li:last-child p");
    assert!(told.starts_with("developer started the run"), "{told}");
}

/// A step between two looks at the canary is not "due": it says what goes on, and when it is looked at again.
#[test]
fn a_canary_that_is_watched_says_so() {
    let mut change = fixtures::change(ChangeState::Running);
    let steps = &mut change.run.as_mut().expect("a run").steps;
    let step = steps.iter_mut().find(|s| s.state == StepState::Running);
    let step = step.expect("a step");
    (step.kind, step.state, step.lease) = (StepKind::Bake, StepState::Due, None);
    step.started_at = Some(fixtures::now());
    step.due_at = Some(fixtures::now() + jiff::SignedDuration::from_secs(30));
    let id = step.id;
    let page = change_page(&change, None);
    let told = text(&page, &format!("[data-step='{id}']"));
    assert!(told.contains("Watching"), "{told}");
    assert!(
        told.contains("The canary is looked at again in 30 s"),
        "{told}"
    );
    for odd in ["Due", "0 s ", "1 s"] {
        assert!(!told.contains(odd), "{odd}: {told}");
    }
}
