//! Waves: where a change stops behind its canaries, what decides whether it goes on, and what was measured.

use control::{
    changes::ChangeDetail,
    runs::{ReadingView, RunView, WaveView},
};
use domain::{
    Evidence, StepKind,
    wave::{Check, NoData, Plan, Reach, Span, number},
};
use leptos::prelude::*;

use crate::{
    Html, Visit, html,
    parts::{Narrow, Tone, heads, icon, mark, table},
    time,
};

/// The newest so many readings stand on a page; the API has them all.
const SHOWN: usize = 60;

/// Where a change would stop, for whoever asks for it and whoever approves it. Nothing where it goes on at once.
pub(crate) fn plan(evidence: &Evidence) -> Html {
    let Some(plan) = &evidence.wave else {
        return Html::EMPTY;
    };
    let title = match &plan.share {
        None => format!("It stops after {}", plan.region),
        Some(share) => format!(
            "It stops in each region behind a canary of {}",
            share.percent
        ),
    };
    html! {
        <div class="panel wait">{icon("hourglass")}<div class="stack-sm">
            <p class="panel-title">{title}</p>
            <p>{words(plan)}</p>
            {measured(plan)}
        </div></div>
    }
}

/// The thresholds; under the name of each region where there are several with a canary of their own.
fn measured(plan: &Plan) -> Html {
    let list = |checks: &[Check]| {
        let checks: Vec<_> = checks.iter().map(check).collect();
        html! { <ul class="stack-sm">{checks}</ul> }
    };
    let then = plan.share.iter().flat_map(|share| &share.then);
    let then: Vec<_> = then
        .map(|stop| html! { <p class="small muted">{stop.region.as_str()}</p>{list(&stop.checks)} })
        .collect();
    let first =
        (!then.is_empty()).then(|| html! { <p class="small muted">{plan.region.as_str()}</p> });
    html! { {first}{list(&plan.checks)}{then} }
}

fn words(plan: &Plan) -> String {
    let waves: Vec<String> = plan.waves.iter().map(|wave| format!("“{wave}”")).collect();
    if let Some(share) = &plan.share {
        let region = if share.region_too {
            format!(
                " All of {} is watched as well before the next.",
                plan.region
            )
        } else {
            String::new()
        };
        return format!(
            "By {}: in each region pods of the new image, {} of its replicas rounded up, run beside the old ones first. They are watched for {}, the region's metrics are read every {}, and the rest of it follows only where they let it; then the canary is taken away. Otherwise the run halts and a person decides.{region}",
            waves.join(" and "),
            share.percent,
            Span::seconds(plan.bake_s),
            Span::seconds(plan.every_s),
        );
    }
    format!(
        "By {}: {} is watched for {}, its metrics are read every {}, and the rest follows only where they let it. Otherwise the run halts and a person decides.",
        waves.join(" and "),
        plan.region,
        Span::seconds(plan.bake_s),
        Span::seconds(plan.every_s),
    )
}

fn check(check: &Check) -> Html {
    let dimensions: Vec<String> = check
        .dimensions
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let dimensions = (!dimensions.is_empty())
        .then(|| html! { " of "<code class="user-text">{dimensions.join(", ")}</code> });
    let none = match check.no_data {
        NoData::Halt => "no data halts",
        NoData::Pass => "no data passes",
    };
    html! {
        <li><strong class="user-text">{check.name.as_str()}</strong>": "{check.measures()}{dimensions}" has to be "{check.allowed()}
            <span class="muted small">{format!(", by periods of {}; {none}", Span::seconds(check.period_s))}</span></li>
    }
}

/// How far the watching is behind each canary, and every reading against its threshold; nothing where the run has no
/// such stop.
pub(super) fn wave(visit: &Visit, change: &ChangeDetail) -> Html {
    let waves = change.run.iter().flat_map(|run| &run.waves);
    let cards = waves.enumerate().map(|(n, wave)| {
        let named = match n {
            0 => "h-wave".to_owned(),
            n => format!("h-wave-{}", n + 1),
        };
        let id = named.clone();
        let region = (!wave.of_share)
            .then(|| html! { <span class="muted small">{wave.region.as_str()}</span> });
        html! {
            <section class="card" aria-labelledby=named>
                <div class="card-head"><h2 id=id>{title(change, wave)}</h2>{region}</div>
                <div class="card-body">{standing(visit, wave)}{readings(visit, wave)}</div>
            </section>
        }
    });
    cards.collect()
}

fn title(change: &ChangeDetail, wave: &WaveView) -> String {
    match change.evidence.share().filter(|_| wave.of_share) {
        // Each region has one: a heading names it alone.
        Some(share) => format!("The canary of {share} in {}", wave.region),
        None => "The canary".to_owned(),
    }
}

/// The one of several stops that a run is at, or came to last.
pub(crate) fn present(run: &RunView) -> Option<&WaveView> {
    let begun = run.waves.iter().rev().find(|wave| wave.began_at.is_some());
    begun.or_else(|| run.waves.first())
}

/// How long it is still watched, or since when no more.
pub(crate) fn standing(visit: &Visit, wave: &WaveView) -> Html {
    let (Some(began), Some(ends)) = (wave.began_at, wave.ends_at) else {
        return html! { <p class="muted">"Nothing is measured before the canary stands."</p> };
    };
    let span = html! { "Watched since "{time::ago(visit.now, began)} };
    match wave.next_at {
        Some(next) if ends > visit.now => html! {
            <p>{span}", until "{time::ago(visit.now, ends)}". "<span class="muted">"The metrics are read next "{time::ago(visit.now, next)}"."</span></p>
        },
        _ if ends > visit.now => {
            html! { <p>{span}". Its time would end "{time::ago(visit.now, ends)}"."</p> }
        }
        _ => html! { <p>{span}". Its time ended "{time::ago(visit.now, ends)}"."</p> },
    }
}

/// Every reading, newest first.
pub(crate) fn readings(visit: &Visit, wave: &WaveView) -> Html {
    if wave.readings.is_empty() {
        return html! { <p class="muted">"No metric has been read yet."</p> };
    }
    let rows: Html = wave
        .readings
        .iter()
        .rev()
        .take(SHOWN)
        .map(|one| reading(visit, one))
        .collect();
    let more = wave.readings.len().saturating_sub(SHOWN);
    // Several stand on one page, each with a name of its own.
    let of = if wave.of_share {
        "a share of"
    } else {
        "all of"
    };
    let caption = format!("Readings behind {of} {}, newest first", wave.region);
    let more = (more > 0)
        .then(|| html! { <p class="hint">{more}" earlier readings are in the API and the audit log."</p> });
    html! {
        {table(&caption, Narrow::Cards, heads(&["Metric", "Measured", "Allowed", "Verdict", "Read"]), rows)}
        {more}
    }
}

fn reading(visit: &Visit, one: &ReadingView) -> Html {
    let verdict = match one.reach {
        Reach::Within => mark("circle-check", "Within", Tone::Good),
        Reach::Breached => mark("circle-x", "Breached", Tone::Bad),
        Reach::NoData => mark("circle-dashed", "No data", Tone::Warn),
    };
    let value = one.value.map_or_else(|| "none".to_owned(), number);
    let last =
        (one.kind == StepKind::Analyse).then(|| html! { <span class="chip">"at the end"</span> });
    let window = one.window.map(|(from, to)| {
        html! { <div class="about">{from.strftime("%H:%M:%S").to_string()}" to "{to.strftime("%H:%M:%S UTC").to_string()}</div> }
    });
    let id = one.request_id.as_deref().map(
        |id| html! { <div class="about">"AWS request "<code class="user-text">{id}</code></div> },
    );
    html! {
        <tr>
            <th scope="row"><span class="user-text">{one.name.as_str()}</span><div class="about user-text">{one.metric.as_str()}</div></th>
            <td data-label="Measured">{value}{window}</td>
            <td data-label="Allowed">{one.allowed.as_str()}</td>
            <td data-label="Verdict">{verdict}{last}</td>
            <td data-label="Read">{time::ago(visit.now, one.at)}{id}</td>
        </tr>
    }
}
