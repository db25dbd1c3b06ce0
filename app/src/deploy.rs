//! Request a deployment: choose, look at what it would do and who must agree, then ask.

use control::{Control, Result, changes::Preview, releases::ReleaseRow, services::ServiceDetail};
use domain::{EnvironmentName, Refusal, ServiceName, Version};
use leptos::prelude::*;

use crate::{
    Document, Html, Params, Visit, changes, html,
    parts::{self, Field, Tone, deploy_diff, icon, mark},
};

/// What has been chosen, and what came of looking at it.
#[derive(Debug)]
pub struct Draft<'a> {
    pub service: &'a ServiceDetail,
    pub releases: &'a [ReleaseRow],
    /// What it would do; absent until a version and an environment are chosen.
    pub preview: Option<&'a Preview>,
    /// Why it cannot be looked at, or why it was not accepted.
    pub refusal: Option<&'a Refusal>,
    /// The fields as chosen or as sent.
    pub fields: &'a Params,
}

/// `posted` are the fields of a request that was refused with `refusal`.
///
/// # Errors
/// Not found where the caller may not know of the service.
pub async fn deploy(
    control: &Control,
    visit: &Visit,
    name: &str,
    posted: Option<&Params>,
    refusal: Option<Refusal>,
) -> Result<Document> {
    let caller = visit.caller()?;
    let name = ServiceName::parse(name).map_err(|_| Refusal::not_found("service of that name"))?;
    let service = control.service(caller, &name).await?;
    let releases = control.releases(caller, &name, None, Some(100)).await?;
    let fields = posted.unwrap_or(&visit.params);
    let (preview, refusal) = match (chosen(fields), refusal) {
        (Ok(Some((version, environment))), refusal) => {
            match control.preview(caller, &name, &version, &environment).await {
                Ok(preview) => (Some(preview), refusal),
                Err(control::Error::Refused(why)) => (None, refusal.or(Some(why))),
                Err(error) => return Err(error),
            }
        }
        (Ok(None), refusal) => (None, refusal),
        (Err(why), refusal) => (None, refusal.or(Some(why))),
    };
    let draft = Draft {
        service: &service,
        releases: &releases.items,
        preview: preview.as_ref(),
        refusal: refusal.as_ref(),
        fields,
    };
    let document = view(visit, &draft);
    Ok(match &refusal {
        Some(refusal) => document.with_status(refusal.code.status()),
        None => document,
    })
}

/// Both, or neither where nobody has asked yet to look at it: a link may choose the release alone.
fn chosen(fields: &Params) -> Result<Option<(Version, EnvironmentName)>, Refusal> {
    let (version, environment) = (fields.get("version"), fields.get("environment"));
    let sent = |name| fields.pairs().any(|(field, _)| field == name);
    if !(sent("version") && sent("environment")) {
        return Ok(None);
    }
    let (version, environment) = match (version, environment) {
        (Some(version), Some(environment)) => (version, environment),
        (Some(_), None) => return Err(Refusal::field("environment", NO_ENVIRONMENT)),
        (None, Some(_)) => return Err(Refusal::field("version", NO_RELEASE)),
        (None, None) => {
            let refusal = Refusal::field("version", NO_RELEASE);
            return Err(refusal.and_field("environment", NO_ENVIRONMENT));
        }
    };
    let version =
        Version::parse(version).map_err(|why| Refusal::field("version", why.to_string()))?;
    let environment = EnvironmentName::parse(environment)
        .map_err(|why| Refusal::field("environment", why.to_string()))?;
    Ok(Some((version, environment)))
}

const NO_RELEASE: &str = "choose a release";
const NO_ENVIRONMENT: &str = "choose an environment";

pub fn view(visit: &Visit, draft: &Draft<'_>) -> Document {
    let row = &draft.service.row;
    let title = format!("Deploy {}", row.name);
    let body = match &draft.service.may_request {
        Err(refusal) => parts::note(
            "lock",
            "warn",
            html! { <p class="panel-title">"You may not request deployments of this service"</p><p>{refusal.detail.as_str()}</p> },
        ),
        Ok(()) => {
            html! { {choose(draft)}{draft.preview.map(|preview| look(visit, draft, preview))} }
        }
    };
    let main = html! {
        {parts::heading(&[("/services", "Services"), (&format!("/services/{}", row.name), row.name.as_str())], title.as_str(), html! { <span>"Nothing happens until you send the request at the end."</span> }, Html::EMPTY)}
        {draft.refusal.map(parts::refusal)}
        {body}
    };
    Document::new(title, main)
}

/// The first step: which release, and where to.
fn choose(draft: &Draft<'_>) -> Html {
    if draft.releases.is_empty() {
        return parts::empty(
            "tag",
            "There is no release to deploy",
            "CI registers a release when it has pushed an image.",
            Some((
                &format!("/services/{}", draft.service.row.name),
                "Back to the service",
            )),
        );
    }
    let labels: Vec<(String, String)> = draft
        .releases
        .iter()
        .map(|r| {
            (
                r.version.to_string(),
                format!(
                    "{} · {} · {}",
                    r.version,
                    r.commit.as_str().get(..7).unwrap_or_default(),
                    r.created_at.strftime("%Y-%m-%d")
                ),
            )
        })
        .collect();
    let mut versions = vec![("", "Choose a release")];
    versions.extend(labels.iter().map(|(v, l)| (v.as_str(), l.as_str())));
    let typed = draft.fields.raw("version");
    if !typed.is_empty() && !labels.iter().any(|(v, _)| v == typed) {
        // Older than the newest hundred, or no release at all: the preview will say.
        versions.push((typed, typed));
    }
    let titles: Vec<String> = draft
        .service
        .environments
        .iter()
        .map(|e| {
            let regions: Vec<_> = e.regions.iter().map(|r| r.region.as_str()).collect();
            format!(
                "{}{} · {}",
                e.title,
                if e.protected { " (protected)" } else { "" },
                regions.join(", ")
            )
        })
        .collect();
    let mut places = vec![("", "Choose an environment")];
    places.extend(
        draft
            .service
            .environments
            .iter()
            .zip(&titles)
            .map(|(e, t)| (e.name.as_str(), t.as_str())),
    );
    let label = if draft.preview.is_some() {
        "Look at this instead"
    } else {
        "Look at what it would do"
    };
    html! {
        <form class="card" method="get" action=format!("/services/{}/deploy", draft.service.row.name) aria-labelledby="h-choose">
            <div class="card-head"><h2 id="h-choose">"1. What and where"</h2></div>
            <div class="card-body">
                <div class="two">
                    {Field::new("version", "Release").refused(draft.refusal).select(&versions, typed)}
                    {Field::new("environment", "Environment").refused(draft.refusal).select(&places, draft.fields.raw("environment"))}
                </div>
                <div><button class=if draft.preview.is_some() { "btn" } else { "btn btn-primary" } type="submit">{icon("eye")}{label}</button></div>
            </div>
        </form>
    }
}

/// The second and third: what it would do and who must agree; then why, and the request itself.
fn look(visit: &Visit, draft: &Draft<'_>, preview: &Preview) -> Html {
    let evidence = &preview.evidence;
    let protected = evidence
        .protected
        .then(|| mark("lock", "Protected", Tone::Quiet));
    let idle = evidence.targets.iter().all(|t| {
        t.current
            .as_ref()
            .is_some_and(|c| c.digest == evidence.digest)
    });
    let idle = idle.then(|| parts::note("info", "warn", html! { <p>"Every region runs this image already, as far as the portal has verified. The deployment would change nothing."</p> }));
    html! {
        <section class="card" aria-labelledby="h-look">
            <div class="card-head"><h2 id="h-look">"2. What it would do"</h2><span class="row">{protected}{changes::fingerprint(&preview.digest)}</span></div>
            <div class="card-body">
                {idle}
                {crate::calendar::standing::would_wait(&preview.may_start)}
                {deploy_diff(evidence)}
                <p class="hint">"In this order: each region is checked, deployed and verified before the next one begins. “Now” is what the portal last verified there."</p>
                {changes::wave_plan(evidence)}
                {changes::facts(evidence)}
            </div>
        </section>
        <section class="card" aria-labelledby="h-who">
            <div class="card-head"><h2 id="h-who">"3. Who must agree"</h2></div>
            <div class="card-body">{changes::requirements(&preview.requirements)}</div>
        </section>
        {send(visit, draft, preview)}
    }
}

fn send(visit: &Visit, draft: &Draft<'_>, preview: &Preview) -> Html {
    let evidence = &preview.evidence;
    let mode = match draft.fields.raw("start_mode") {
        "" => "on_approval",
        other => other,
    };
    let next = [draft.fields.raw("next_window")];
    let timed = ["start_at", "after", "next_window"]
        .iter()
        .any(|name| !draft.fields.raw(name).is_empty());
    let promotion = preview.not_promoted_from.as_ref().map(|from| parts::note("shield-alert", "warn", html! { <p>"This release has not succeeded in "<strong>{from.as_str()}</strong>" yet. You may ask for it; it will wait until it has, or until somebody with the right to do so overrides that."</p> }));
    let button = match &preview.may_request {
        Ok(()) => {
            html! { <div><button class="btn btn-primary" type="submit">{icon("rocket")}"Request this deployment"</button></div> }
        }
        Err(refusal) => html! {
            <div><button class="btn btn-primary" type="submit" disabled aria-describedby="why-send">{icon("rocket")}"Request this deployment"</button></div>
            {parts::why("why-send", refusal)}
        },
    };
    html! {
        <form class="card" method="post" action=format!("/services/{}/deploy", draft.service.row.name) aria-labelledby="h-send">
            <div class="card-head"><h2 id="h-send">"4. Ask for it"</h2></div>
            <div class="card-body">
                {visit.once_fields()}
                <input type="hidden" name="version" value=evidence.version.as_str() />
                <input type="hidden" name="environment" value=evidence.environment.as_str() />
                {Field::new("reason", "Why").hint("Approvers and auditors read it. A sentence is enough.").refused(draft.refusal).area(draft.fields.raw("reason"), 3, true)}
                {Field::new("start_mode", "When it may start").refused(draft.refusal).radios(&[
                    ("on_approval", "As soon as everybody needed has agreed", "The portal starts the run by itself."),
                    ("manual", "When somebody starts it", "It waits for “Start now” after the approvals."),
                ], mode)}
                <details class="more" open=timed>
                    <summary>"Not before a time, or after other changes"</summary>
                    <div class="stack">
                        {Field::new("start_at", "Not before").hint("Date and time in UTC. Empty: as soon as everything else allows.").refused(draft.refusal).text("datetime-local", draft.fields.raw("start_at"), false)}
                        {Field::new("next_window", "Or").refused(draft.refusal).checks(&[("yes", "In the next window", "The next moment that windows and freezes leave free, as the calendar stands now.")], &next)}
                        {Field::new("after", "After these changes").hint("Their addresses or ids, separated by spaces. It starts once all of them have succeeded; if one ends otherwise, it says so and waits.").refused(draft.refusal).text("text", draft.fields.raw("after"), false)}
                    </div>
                </details>
                {promotion}
                {button}
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(pairs: &[(&str, &str)]) -> Vec<String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let fields = Params::new(pairs.iter().map(owned).collect());
        let refusal = chosen(&fields).err();
        refusal.map_or_else(Vec::new, |refusal| refusal.fields.into_keys().collect())
    }

    #[test]
    fn what_is_not_chosen_is_named_once_somebody_wants_to_look() {
        assert!(missing(&[]).is_empty());
        // A release's own link.
        assert!(missing(&[("version", "1.2.0")]).is_empty());
        assert_eq!(
            missing(&[("version", ""), ("environment", "")]),
            ["environment", "version"]
        );
        assert_eq!(
            missing(&[("version", "1.2.0"), ("environment", "")]),
            ["environment"]
        );
        assert_eq!(
            missing(&[("version", " "), ("environment", "staging")]),
            ["version"]
        );
    }
}
