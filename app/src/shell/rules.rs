//! The banner that says that the rules file is bad, on every page of an administrator until it is mended.

use domain::JobRole;
use leptos::prelude::*;

use crate::{Html, Visit, html, parts::icon, time};

/// So many mistakes are shown; the log has all.
const SHOWN: usize = 5;

pub(super) fn trouble(visit: &Visit) -> Html {
    let Some(trouble) = visit
        .rules_trouble
        .as_ref()
        .filter(|_| visit.has_role(JobRole::Administrator))
    else {
        return Html::EMPTY;
    };
    let mistakes: Vec<_> = trouble
        .mistakes
        .iter()
        .take(SHOWN)
        .map(|mistake| html! { <li class="user-text">{mistake.to_string()}</li> })
        .collect();
    let more = trouble.mistakes.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| html! { <p class="small">{format!("and {more} more")}</p> });
    html! {
        <div class="panel bad" role="status" id="rules-trouble">
            {icon("file-warning")}
            <div class="stack-sm">
                <p class="panel-title">"The rules file is refused; the rules before it stay in force"</p>
                <p><code class="user-text">{trouble.file.as_str()}</code>" has been bad since "{time::ago(visit.now, trouble.since)}". In force are the rules "<code>{trouble.version.as_str()}</code>"."</p>
                <ul class="stack-sm">{mistakes}</ul>
                {more}
            </div>
        </div>
    }
}
