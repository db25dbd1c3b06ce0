//! The catalogue: the last import with all its problems, and the next.

use control::{Control, Result, catalog::ImportReport};
use domain::Refusal;
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    parts::{self, Narrow, Tone, icon, mark},
    time,
};

/// `refusal` is of an import that was just asked for.
///
/// # Errors
/// A caller without any job role, or a fault.
pub async fn catalog(
    control: &Control,
    visit: &Visit,
    refusal: Option<&Refusal>,
) -> Result<Document> {
    let report = control.latest_import(visit.caller()?).await?;
    let document = view(visit, report.as_ref(), refusal);
    Ok(match refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn view(visit: &Visit, report: Option<&ImportReport>, refusal: Option<&Refusal>) -> Document {
    let import = visit.rooms.import.then(|| html! {
        <form method="post" action="/catalog/import">{visit.csrf_field()}<button class="btn btn-primary" type="submit">{icon("folder-sync")}"Import now"</button></form>
    });
    let body = match report {
        None => parts::empty(
            "folder-sync",
            "Nothing has been imported yet",
            "Services, systems and teams are read from catalog-info.yaml files. An administrator starts the first import.",
            None,
        ),
        Some(report) => html! { {summary(visit, report)}{problems(report)} },
    };
    let main = html! {
        {parts::heading(&[], "Catalogue", html! { <span>"Where services, systems and teams come from."</span> }, html! { {import} })}
        {refusal.map(parts::refusal)}
        {body}
    };
    Document::new("Catalogue", main)
}

pub(crate) fn summary(visit: &Visit, report: &ImportReport) -> Html {
    let state = if report.problems.is_empty() {
        mark("circle-check", "No problems", Tone::Good)
    } else {
        mark("triangle-alert", "Has problems", Tone::Warn)
    };
    html! {
        <section class="card" aria-labelledby="h-last">
            <div class="card-head"><h2 id="h-last">"Last import"</h2><span class="row">{state}<span class="muted small">{time::ago(visit.now, report.at)}</span></span></div>
            <div class="card-body">
                <dl class="tallies">
                    <div><dt>"New or altered"</dt><dd>{report.imported}</dd></div>
                    <div><dt>"Unchanged"</dt><dd>{report.unchanged}</dd></div>
                    <div><dt>"Orphaned"</dt><dd>{report.orphaned}</dd></div>
                    <div><dt>"Problems"</dt><dd>{report.problems.len()}</dd></div>
                </dl>
                {parts::facts(vec![("Source", html! { <code class="user-text">{report.source.as_str()}</code> }), ("Import", html! { <code class="user-text">{report.id.to_string()}</code> })])}
            </div>
        </section>
    }
}

fn problems(report: &ImportReport) -> Html {
    if report.problems.is_empty() {
        return Html::EMPTY;
    }
    let rows = report.problems.iter().map(|problem| html! {
        <tr>
            <th scope="row"><code class="user-text">{problem.file.as_str()}</code></th>
            <td data-label="Line">{problem.line}</td>
            <td data-label="Field"><code class="user-text">{problem.field.clone()}</code></td>
            <td data-label="What is wrong"><span class="user-text" dir="auto">{problem.message.as_str()}</span></td>
        </tr>
    }).collect();
    html! {
        <section class="section" aria-labelledby="h-problems">
            <h2 id="h-problems">"What could not be read"</h2>
            <p class="muted">"Everything else in these files was taken. Correct the file and import again."</p>
            {parts::table("Problems of the last import", Narrow::Cards, parts::heads(&["File", "Line", "Field", "What is wrong"]), rows)}
        </section>
    }
}
