//! The log of a run: its end on the change's page, and all of it on pages of its own, which
//! need no script.

use control::{Control, Result, changes::ChangeDetail, runs::LogLine};
use domain::{ChangeId, Refusal};
use leptos::prelude::*;

use crate::{
    Document, Html, Visit, html,
    html::escape,
    islands,
    parts::{self, icon},
    time,
};

/// Lines of a block, which the browser need not lay out while it is out of sight. As in the island.
const BLOCK: usize = 250;
/// Lines on a page of the log.
const PAGE: i64 = 1_000;

/// # Errors
/// Not found where the caller may not know of the change.
pub async fn log(control: &Control, visit: &Visit, id: &str) -> Result<Document> {
    let caller = visit.caller()?;
    let id: ChangeId = id
        .parse()
        .map_err(|_| Refusal::not_found("change with this id"))?;
    let change = control.change(caller, id).await?;
    let after = visit
        .params
        .get("after")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let lines = control.log(caller, id, after, PAGE).await?;
    Ok(view(visit, &change, after, &lines))
}

pub fn view(visit: &Visit, change: &ChangeDetail, after: i64, found: &[LogLine]) -> Document {
    let row = &change.row;
    let path = format!("/changes/{}/log", row.id);
    let name = format!("Deploy {} {}", row.service, row.version);
    let next = found.last().map(|line| line.seq.to_string());
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= PAGE);
    let more = if full {
        "Next lines"
    } else {
        "Look for newer lines"
    };
    let shown = if found.is_empty() {
        parts::empty(
            "terminal",
            "No lines here",
            "The run has written nothing after this point, as of this page.",
            None,
        )
    } else {
        html! { <div class="log log-page" role="log" aria-label="Log of the run" tabindex="0">{lines(change, found)}</div> }
    };
    let main = html! {
        {parts::heading(&[("/changes", "Changes"), (&format!("/changes/{}", row.id), &name)], "Log", html! { <span>{format!("Lines after number {after}, oldest first")}</span> }, Html::EMPTY)}
        {shown}
        <nav class="pager" aria-label="Pages of the log">
            <span class="muted">{format!("{} lines", found.len())}</span>
            <span class="row">
                {(after > 0).then(|| html! { <a class="btn btn-sm" href=path.clone()>"From the start"</a> })}
                {next.map(|seq| html! { <a class="btn btn-sm" href=visit.params.link(&path, &[("after", &seq)])>{more}{icon("chevron-right")}</a> })}
            </span>
        </nav>
    };
    Document::new(format!("Log of {name}"), main)
}

/// The panel on the change's page. `tail` is the end of the log.
pub(super) fn panel(visit: &Visit, change: &ChangeDetail, tail: &[LogLine]) -> Html {
    let id = change.row.id;
    #[expect(
        clippy::cast_precision_loss,
        reason = "line numbers stay far below 2^53"
    )]
    let last = tail.last().map_or(0.0, |line| line.seq as f64);
    let ended = change.row.state.is_final();
    let live = (!ended || change.run.is_some()).then(|| {
        islands::render(
            || view! { <frontend::ChangeLive change=id.to_string() version=change.version_no.to_string() log_after=last ended=ended /> },
        )
    });
    let empty = tail.is_empty().then(|| {
        let words = if ended {
            "The run wrote no log."
        } else {
            "Nothing yet. The pipeline writes here when it runs."
        };
        html! { <p class="log-empty" id="log-empty">{words}</p> }
    });
    let earlier = tail.first().is_some_and(|line| line.seq > 1);
    let part = tail.first().zip(tail.last()).filter(|_| earlier).map(|(first, last)| html! {
        <p class="log-part" id="log-part">{format!("Lines {} to {}, the end of the log.", first.seq, last.seq)}
            " The earlier ones are not on this page: "<a class="link" href=format!("/changes/{id}/log")>"read them from the start"</a>"."</p>
    });
    // There before the run begins, so that a page that is followed has where to write.
    let body = (change.run.is_some() || !ended).then(|| html! {
        <section class="card" aria-labelledby="h-log">
            <div class="card-head">
                <h2 id="h-log">"Log"</h2>
                <span class="row">
                    <a class="btn btn-sm" href=format!("/changes/{id}/log")>{icon("scroll-text")}"All of it"</a>
                    <a class="btn btn-sm" href=visit.here()>{icon("refresh-cw")}"Refresh"</a>
                </span>
            </div>
            <div class="log-tools" id="log-tools" hidden>
                <label class="sr-only" for="log-search">"Search the log"</label>
                <input class="input input-sm" id="log-search" type="search" placeholder="Search; Enter for the next" autocomplete="off" />
                <span class="muted small" id="log-count" role="status">{format!("{} lines", tail.len())}</span>
                {earlier.then(|| html! { <button class="btn btn-sm" type="button" id="log-all">"Load earlier lines"</button> })}
                <button class="btn btn-sm" type="button" id="log-follow" aria-pressed="true">{icon("arrow-down")}"Follow"</button>
                <button class="btn btn-sm btn-primary" type="button" id="log-unread" hidden>"0 new lines"</button>
            </div>
            {part}
            <div class="log" id="log" role="log" aria-live="off" aria-label="Log of the run" tabindex="0">{empty}{lines(change, tail)}</div>
        </section>
    });
    html! { <div class="live-line">{live}</div>{body} }
}

/// Lines in the blocks and with the attributes that the island continues.
fn lines(change: &ChangeDetail, lines: &[LogLine]) -> Html {
    let steps = change.run.as_ref().map_or(&[][..], |run| &run.steps);
    let mut out = String::with_capacity(lines.len() * 120);
    for block in lines.chunks(BLOCK) {
        out.push_str(if block.len() == BLOCK {
            "<div class=\"log-block full\">"
        } else {
            "<div class=\"log-block\">"
        });
        for line in block {
            let region = steps
                .iter()
                .find(|s| s.id == line.step)
                .map_or("", |s| s.region.as_str());
            out.push_str("<div class=\"log-line\" id=\"L");
            out.push_str(&line.seq.to_string());
            out.push_str("\" data-l=\"");
            out.push_str(&time::exact(line.at)[11..19]);
            out.push(' ');
            out.push_str(region);
            out.push_str("\">");
            escape(&mut out, &frontend::plain(&line.text));
            out.push_str("</div>");
        }
        out.push_str("</div>");
    }
    Html::assembled(out)
}
