//! What was written in the inbox survives the second factor, without scripts too.

use app::{
    Params,
    approvals::{Outcome, view},
};
use domain::{ChangeState, JobRole, Refusal, RefusalCode};
use scraper::{Html, Selector};

use crate::fixtures::{change, visit};

fn one(html: &str, selector: &str, attribute: &str) -> Option<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).expect("a selector");
    let found = page.select(&selector).next()?;
    found.attr(attribute).map(str::to_owned)
}

#[test]
fn comment_and_selection_go_to_the_second_factor_and_come_back() {
    let waiting = change(ChangeState::AwaitingApproval);
    let id = waiting.row.id;
    let refused = Outcome {
        change: id,
        name: "Deploy".into(),
        result: Err(Refusal::new(RefusalCode::StepUpRequired, "Confirm.")),
    };
    let sent = Params::new(vec![("comment".into(), "seen & agreed".into())]);
    let v = visit("/approvals", &[JobRole::Manager], &[]);
    let waits = std::slice::from_ref(&waiting);
    let answer = view(&v, waits, Some(1), None, &[refused], Some(&sent)).into_html(&v);
    let back = one(&answer, "[role=alert] a.btn", "href").expect("a link to the second factor");
    assert_eq!(
        back,
        format!(
            "/auth/step-up?return_to=%2Fapprovals%3Fcomment%3Dseen%2520%2526%2520agreed%26selected%3D{id}"
        )
    );

    let text = id.to_string();
    let query = [("comment", "seen & agreed"), ("selected", &text)];
    let v = visit("/approvals", &[JobRole::Manager], &query);
    let page = view(&v, waits, Some(1), None, &[], None).into_html(&v);
    assert!(one(&page, "details.bulk", "open").is_some());
    assert!(one(&page, "input[data-select]", "checked").is_some());
    assert!(page.contains("seen &amp; agreed"));

    let v = visit("/approvals", &[JobRole::Manager], &[]);
    let page = view(&v, waits, Some(1), None, &[], None).into_html(&v);
    assert_eq!(one(&page, "input[data-select]", "checked"), None);
    assert_eq!(one(&page, "details.bulk", "open"), None);
}
