//! One change that needs attention: what was tried, what the outside says now, and the ways on.

use control::{
    Control, Result,
    changes::attention::{AttentionDetail, Choice, Look, Parked, ParkedFor, Settled},
    runs::StepView,
};
use domain::{ChangeId, Refusal, RefusalCode};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit,
    changes::{calls, readings, sessions, tried, wave_present, wave_standing},
    html,
    parts::{self, Tone, icon, mark, note, person, status},
    time,
    words::{self, external, is_web},
};

/// What a form sent that was refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Posted<'a> {
    pub fields: Option<&'a Params>,
    pub refusal: Option<&'a Refusal>,
}

/// # Errors
/// Not found where the caller may not know of it.
pub async fn detail(
    control: &Control,
    visit: &Visit,
    id: &str,
    posted: Posted<'_>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let id: ChangeId = id
        .parse()
        .map_err(|_| Refusal::not_found("change with this id"))?;
    let found = control.attention_of(caller, id).await?;
    let document = view(visit, &found, posted);
    Ok(match posted.refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

pub fn view(visit: &Visit, found: &AttentionDetail, posted: Posted<'_>) -> Document {
    let row = &found.change.row;
    let title = format!(
        "{} {} {} to {}",
        words::kind(row.kind),
        row.service,
        row.version,
        row.environment
    );
    let protected = row
        .protected
        .then(|| mark("lock", "Protected", Tone::Quiet));
    let sub = html! {
        {status(row.state)}{protected}
        <span>"asked for by "{person(row.requester.as_str(), None)}" "{time::ago(visit.now, row.created_at)}</span>
    };
    let link = html! { <a class="btn btn-sm" href=format!("/changes/{}", row.id)>{icon("rocket")}"The change"</a> };
    let body = match &found.parked {
        Some(parked) => open(visit, found, parked, &posted),
        None => html! {
            {note("info", "quiet", html! { <p class="panel-title">"Nothing of this change waits for a decision"</p><p>"It is "{row.state.as_str().replace('_', " ")}" now."</p> })}
            {settled(visit, &found.settled)}
        },
    };
    let main = html! {
        {posted.refusal.map(parts::refusal)}
        {parts::heading(&[("/attention", "Attention")], title.as_str(), sub, link)}
        {body}
    };
    Document::new(title, main)
}

fn open(visit: &Visit, found: &AttentionDetail, parked: &Parked, posted: &Posted<'_>) -> Html {
    let steps = found.change.run.iter().flat_map(|run| &run.steps);
    let here: Vec<&StepView> = steps
        .filter(|step| step.region == parked.region && !step.tried.is_empty())
        .collect();
    let what = parked.kind.map_or("A step", |kind| kind.title());
    let title = match parked.parked_for {
        ParkedFor::Undecided => format!(
            "{what} in {} cannot be decided by the portal alone",
            parked.region
        ),
        ParkedFor::WaveHalted => format!(
            "The canary in {} halted the run; nothing that comes after it was touched",
            parked.region
        ),
    };
    html! {
        {note("triangle-alert", "warn", html! {
            <p class="panel-title">{title}</p>
            <p class="user-text" dir="auto">{parked.why.as_str()}</p>
            <p class="small muted">"Waits for a person since "{time::ago(visit.now, parked.since)}"."</p>
        })}
        // What is, then what to do about it, then how it came: on a phone nobody scrolls past the history to decide.
        <div class="columns change-columns">
            <div class="stack-lg">{measured(visit, found)}{outside(visit, found)}</div>
            <div class="stack-lg side-column">{decide(visit, found, parked, posted)}</div>
            <div class="stack-lg">{history(visit, &here)}{settled(visit, &found.settled)}</div>
        </div>
    }
}

/// What the canary's metrics were, where they are what it is about.
fn measured(visit: &Visit, found: &AttentionDetail) -> Html {
    let halted = found
        .parked
        .as_ref()
        .filter(|parked| parked.parked_for == ParkedFor::WaveHalted);
    // A canary that never stood has no readings; those of the region before are not its own.
    let wave = halted.and_then(|parked| {
        let wave = found.change.run.as_ref().and_then(wave_present)?;
        (wave.region == parked.region).then_some(wave)
    });
    match wave {
        Some(wave) => html! {
            <section class="card" aria-labelledby="h-measured">
                <div class="card-head"><h2 id="h-measured">"What was measured"</h2></div>
                <div class="card-body">{wave_standing(visit, wave)}{readings(visit, wave)}</div>
            </section>
        },
        None => Html::EMPTY,
    }
}

fn outside(visit: &Visit, found: &AttentionDetail) -> Html {
    let body = if found.looks.is_empty() {
        html! { <p class="muted">"The outside is asked for those who may decide on it."</p> }
    } else {
        let looks: Vec<_> = found.looks.iter().map(|l| look(visit, l)).collect();
        html! { <ul class="stack">{looks}</ul> }
    };
    let again = (!found.looks.is_empty()).then(|| html! { <a class="btn btn-sm" href=format!("/attention/{}", found.change.row.id)>{icon("rotate-ccw")}"Ask again"</a> });
    html! {
        <section class="card" aria-labelledby="h-outside">
            <div class="card-head"><h2 id="h-outside">"What the outside says now"</h2>{again}</div>
            <div class="card-body">{body}</div>
        </section>
    }
}

fn look(visit: &Visit, look: &Look) -> Html {
    let says = match &look.says {
        Ok(words) => html! { <p class="user-text" dir="auto">{words.as_str()}</p> },
        Err(why) => {
            html! { <p class="row">{mark("circle-x", "Not known", Tone::Warn)}</p><p class="user-text" dir="auto">{why.as_str()}</p> }
        }
    };
    let link = look
        .link
        .as_deref()
        .map(|url| external(url, "Jenkins build"));
    let request = look.request_id.as_deref().map(
        |id| html! { <span class="muted small">"asked as you, AWS request "<code>{id}</code></span> },
    );
    html! {
        <li class="stack-sm">
            <div class="row"><strong>{look.what.as_str()}</strong><span class="muted small">"asked "{time::ago(visit.now, look.at)}</span>{link}</div>
            {says}{request}
        </li>
    }
}

/// Attempts, calls and sessions of the region's steps, as far as they began.
fn history(visit: &Visit, steps: &[&StepView]) -> Html {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            let build = step
                .build_url
                .as_deref()
                .map(|url| external(url, "Jenkins build"));
            html! {
                <div class="stack-sm">
                    <h3 class="row">{step.kind.title()}" "{status(step.state)}{build}</h3>
                    {tried(visit, step)}{calls(visit, step)}{sessions(visit, step)}
                </div>
            }
        })
        .collect();
    html! {
        <section class="card" aria-labelledby="h-tried">
            <div class="card-head"><h2 id="h-tried">"What was tried"</h2></div>
            <div class="card-body stack">{steps}</div>
        </section>
    }
}

fn settled(visit: &Visit, settled: &[Settled]) -> Html {
    if settled.is_empty() {
        return Html::EMPTY;
    }
    let lines: Vec<_> = settled
        .iter()
        .map(|one| {
            let words = match one.choice {
                Choice::Done => "marked it as done",
                Choice::GoOn => "let it go on",
                Choice::Retry => "let it look again",
                Choice::Abandon => "abandoned it",
            };
            let reference = one.reference.as_deref().map(evidence);
            html! {
                <li class="stack-sm">
                    <p>{person(one.by.as_str(), None)}" "{words}" "{time::ago(visit.now, one.at)}</p>
                    <p class="user-text" dir="auto">{one.reason.as_str()}</p>{reference}
                </li>
            }
        })
        .collect();
    html! {
        <section class="card" aria-labelledby="h-settled">
            <div class="card-head"><h2 id="h-settled">"What was decided before"</h2></div>
            <div class="card-body"><ul class="stack">{lines}</ul></div>
        </section>
    }
}

fn evidence(reference: &str) -> Html {
    if is_web(reference) {
        html! { <p class="small">{external(reference, "The evidence")}</p> }
    } else {
        html! { <p class="small muted user-text" dir="auto">"Evidence: "{reference}</p> }
    }
}

fn decide(visit: &Visit, found: &AttentionDetail, parked: &Parked, posted: &Posted<'_>) -> Html {
    let asked: &[Asked] = match parked.parked_for {
        ParkedFor::Undecided => &[
            Asked::Choice(Choice::Done),
            Asked::Choice(Choice::Retry),
            Asked::Choice(Choice::Abandon),
        ],
        ParkedFor::WaveHalted => &[
            Asked::RollBack,
            Asked::Choice(Choice::Retry),
            Asked::Choice(Choice::GoOn),
            Asked::Choice(Choice::Abandon),
        ],
    };
    let forms: Vec<_> = asked
        .iter()
        .map(|asked| form(visit, found, parked, posted, *asked))
        .collect();
    html! {
        <section class="card" aria-labelledby="h-decide">
            <div class="card-head"><h2 id="h-decide">"Your decision"</h2></div>
            <div class="card-body actions">{forms}</div>
        </section>
    }
}

/// What a form asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Choice(Choice),
    /// Abandon it and ask for what undoes it.
    RollBack,
}

impl Asked {
    fn as_str(self) -> &'static str {
        match self {
            Self::Choice(choice) => choice.as_str(),
            Self::RollBack => "roll_back",
        }
    }
}

/// A choice's words: its button, its glyph, the question to whoever decides.
fn words_of(asked: Asked) -> (&'static str, &'static str, &'static str) {
    let Asked::Choice(choice) = asked else {
        return ("Roll back", "history", "Why?");
    };
    match choice {
        Choice::GoOn => ("Go on", "circle-play", "Why is it good enough?"),
        Choice::Done => ("Mark as done", "circle-check", "How do you know?"),
        Choice::Retry => ("Look again", "rotate-ccw", "What did you find?"),
        Choice::Abandon => ("Abandon", "circle-slash", "Why?"),
    }
}

fn effect(found: &AttentionDetail, parked: &Parked, asked: Asked) -> String {
    let region = &parked.region;
    let Asked::Choice(choice) = asked else {
        return format!(
            "This change ends as cancelled, and a new one takes back what this one did, the canary in {region} with it. The rules may ask for fewer approvals of it."
        );
    };
    let halted = parked.parked_for == ParkedFor::WaveHalted;
    let stopping = if found.change.cancel_requested && choice != Choice::Abandon {
        " Somebody has asked to cancel this change, so it ends after that."
    } else {
        ""
    };
    match choice {
        Choice::Done => format!(
            "What the pipeline should have done in {region} counts as done, on your word. A build that turns up later gets no credentials. Next, the portal looks itself whether every pod runs the approved image, and goes on only then.{stopping}"
        ),
        Choice::GoOn => format!(
            "On your word the run goes on behind its canary in {region}, whatever was measured. Your name and reason stand on the change for ever.{stopping}"
        ),
        Choice::Retry if halted => format!(
            "The metrics are read again, over all the time since the canary stood. What came late may change the verdict; what was too bad stays too bad.{stopping}"
        ),
        Choice::Retry => format!(
            "The step looks outside again and goes on from what it sees. A build is asked for only where none is to be found and none has taken its credentials.{stopping}"
        ),
        Choice::Abandon if found.change.cancel_requested => "Nothing further is done, and the change ends as cancelled. It was being stopped before: a build that still runs is not stopped by this. Its page says what was and what was not done in each region.".to_owned(),
        Choice::Abandon => {
            let canary = if found.change.evidence.share().is_some() {
                " A canary that stands stays until the next deployment takes it away, or a rollback where there is a release to go back to."
            } else {
                ""
            };
            format!(
                "Nothing further is done, and the change ends as cancelled. A build of it that runs is stopped first; where Jenkins cannot be asked, the change says so. Its page says what was and what was not done in each region.{canary}"
            )
        }
    }
}

fn form(
    visit: &Visit,
    found: &AttentionDetail,
    parked: &Parked,
    posted: &Posted<'_>,
    asked: Asked,
) -> Html {
    let name = asked.as_str();
    let (label, glyph, question) = words_of(asked);
    let id = &found.change.row.id;
    let may = match asked {
        Asked::Choice(choice) => found.choices.of(choice),
        Asked::RollBack => &found.choices.roll_back,
    };
    match may {
        Err(refusal) if refusal.code == RefusalCode::StepUpRequired => html! {
            <div class="panel live">
                {icon("shield-alert")}
                <div class="stack-sm">
                    <p>{refusal.detail.as_str()}</p>
                    <a class="btn btn-primary btn-sm" href=Params::default().link("/auth/step-up", &[("return_to", &format!("/attention/{id}"))]) id="step-up">{icon("lock")}{format!("Confirm with a second factor: {}", label.to_lowercase())}</a>
                </div>
            </div>
        },
        Err(refusal) => {
            let why = format!("why-{name}");
            html! {
                <div class="stack-sm">
                    <div><button class="btn" type="button" disabled aria-describedby=why.clone()>{icon(glyph)}{label}</button></div>
                    {parts::why(&why, refusal)}
                </div>
            }
        }
        Ok(()) => {
            let mine = posted.fields.filter(|fields| fields.raw("choice") == name);
            let refusal = posted.refusal.filter(|_| mine.is_some());
            let said = |field: &str| mine.map_or("", |fields| fields.raw(field)).to_owned();
            // Ids must differ between the three forms, names not.
            let field = |name_of: &'static str, label: &'static str, needed: bool| {
                let id = format!("{name}-{name_of}");
                let wrong = refusal.and_then(|r| r.fields.get(name_of)).map(|wrong| html! { <p class="wrong" id=format!("{id}-wrong")>{icon("circle-x")}<span>{wrong.as_str()}</span></p> });
                let mut text = String::from("\n");
                crate::html::escape(&mut text, &said(name_of));
                html! {
                    <div class="field">
                        <label class="field-label" for=id.clone()>{label}</label>
                        <textarea class="textarea" id=id name=name_of rows="2" required=needed maxlength="2000" dir="auto" inner_html=text></textarea>
                        {wrong}
                    </div>
                }
            };
            let reference = match asked {
                Asked::Choice(Choice::Done) => field(
                    "reference",
                    "Where is the evidence? A build, a ticket, an address",
                    true,
                ),
                Asked::Choice(_) | Asked::RollBack => Html::EMPTY,
            };
            let class = if matches!(asked, Asked::Choice(Choice::Abandon | Choice::GoOn)) {
                "btn btn-danger"
            } else {
                "btn btn-primary"
            };
            html! {
                <details class="ask" open=mine.is_some()>
                    <summary class="btn" id=format!("ask-{name}")>{icon(glyph)}{label}"…"</summary>
                    <form class="stack" method="post" action=format!("/attention/{id}")>
                        {visit.once_fields()}
                        <input type="hidden" name="choice" value=name />
                        <input type="hidden" name="attempt" value=parked.attempt.to_string() />
                        <p class="hint">{effect(found, parked, asked)}</p>
                        {field("reason", question, true)}
                        {reference}
                        <div><button class=class type="submit">{label}</button></div>
                    </form>
                </details>
            }
        }
    }
}
