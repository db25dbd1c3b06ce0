//! Triggering: what comes back, what is kept of the form, and what a lost answer leaves behind.
use anyhow::ensure;
use portolan_sandbox::jenkins::{Definition, Flavour, Job, Kind};
use serde_json::{Value, json};

use super::jenkins_rig::{JOB, Rig, header, item_of};

#[tokio::test]
async fn a_new_item_is_201_and_an_identical_waiting_one_303() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"quiet_period_ms": 60_000})).await?;
    let form = [("PORTOLAN_RUN_ID", "r1"), ("SERVICE", "cart")];
    let first = rig.trigger(JOB, &form).await?;
    ensure!(first.status() == 201, "{}", first.status());
    let item = item_of(&first)?;
    ensure!(
        header(&first, "location") == rig.url(&format!("/queue/item/{item}/")),
        "location"
    );
    // Order is free; an undeclared name is no difference because it vanishes.
    let folded = rig
        .trigger(
            JOB,
            &[
                ("SERVICE", "cart"),
                ("NOBODY_DECLARED", "x"),
                ("PORTOLAN_RUN_ID", "r1"),
            ],
        )
        .await?;
    ensure!(
        folded.status() == 303 && item_of(&folded)? == item,
        "{}",
        folded.status()
    );
    let other = rig
        .trigger(JOB, &[("PORTOLAN_RUN_ID", "r2"), ("SERVICE", "cart")])
        .await?;
    ensure!(
        other.status() == 201 && item_of(&other)? != item,
        "{}",
        other.status()
    );
    // `delay` overrides the quiet period; a running build is never folded into.
    let now = rig
        .trigger(JOB, &[("PORTOLAN_RUN_ID", "r3"), ("delay", "0sec")])
        .await?;
    let id = item_of(&now)?;
    rig.until(&format!("/queue/item/{id}/api/json"), |item| {
        item["executable"].is_object()
    })
    .await?;
    let again = rig
        .trigger(JOB, &[("PORTOLAN_RUN_ID", "r3"), ("delay", "0sec")])
        .await?;
    ensure!(
        again.status() == 201 && item_of(&again)? != id,
        "a second build: {}",
        again.status()
    );
    Ok(())
}

#[tokio::test]
async fn only_declared_parameters_are_kept_and_passwords_never_shown() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"quiet_period_ms": 60_000})).await?;
    let form = [
        ("PORTOLAN_RUN_ID", "r1"),
        ("PORTOLAN_TICKET", "s3cret"),
        ("NOBODY_DECLARED", "x"),
    ];
    let id = item_of(&rig.trigger(JOB, &form).await?)?;
    let item = rig.json(&format!("/queue/item/{id}/api/json")).await?;
    let params = item["params"].as_str().unwrap_or_default();
    ensure!(
        params.starts_with("\nPORTOLAN_RUN_ID=r1\nPORTOLAN_TICKET=****\nPORTOLAN_URL=\n"),
        "{params:?}"
    );
    ensure!(
        !item.to_string().contains("s3cret") && !params.contains("NOBODY"),
        "{item}"
    );
    rig.world(json!({"quiet_period_ms": 0})).await?;
    let (number, _) = rig
        .whole(&[("PORTOLAN_RUN_ID", "r2"), ("PORTOLAN_TICKET", "s3cret")])
        .await?;
    let build = rig
        .json(&format!(
            "{JOB}/{number}/api/json?tree=actions[parameters[name,value]]"
        ))
        .await?;
    let ticket = &build["actions"][0]["parameters"][1];
    ensure!(
        *ticket
            == json!({"_class": "hudson.model.PasswordParameterValue", "name": "PORTOLAN_TICKET"}),
        "{build}"
    );
    let state: Value = rig
        .http
        .get(format!("{}/_world/state", rig.sandbox.url()))
        .send()
        .await?
        .json()
        .await?;
    ensure!(
        !state["jenkins"].to_string().contains("s3cret"),
        "the world shows it"
    );
    Ok(())
}

type Form<'a> = &'a [(&'a str, &'a str)];

fn fussy() -> Job {
    let mut choice = Definition::text("COLOUR", "");
    choice.kind = Kind::Choice(vec!["red".to_owned(), "blue".to_owned()]);
    let mut flag = Definition::text("FLAG", "");
    flag.kind = Kind::Boolean;
    "true".clone_into(&mut flag.default);
    let mut trimmed = Definition::text("TRIMMED", "");
    trimmed.kind = Kind::Text { trim: true };
    Job::new(
        "shop/fussy",
        Flavour::Freestyle,
        vec![choice, flag, trimmed],
    )
}

#[tokio::test]
async fn refusals_and_defaults() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"quiet_period_ms": 60_000})).await?;
    {
        let mut world = rig.sandbox.world().lock();
        world.jenkins.add(fussy());
        world
            .jenkins
            .add(Job::new("shop/plain", Flavour::Freestyle, Vec::new()));
        let mut off = Job::new("shop/off", Flavour::Freestyle, fussy().definitions);
        off.disabled = true;
        world.jenkins.add(off);
    }
    // job and call, form, status, words of the page
    let cases: [(&str, Form<'_>, u16, &str); 9] = [
        (
            "/job/shop/job/plain/buildWithParameters",
            &[],
            400,
            "is not parameterized",
        ),
        ("/job/shop/job/plain/build", &[], 201, ""),
        ("/job/shop/job/plain/build", &[], 201, ""),
        ("/job/shop/job/fussy/build", &[], 400, "form submission"),
        (
            "/job/shop/job/off/buildWithParameters",
            &[],
            409,
            "is not buildable",
        ),
        (
            "/job/shop/job/fussy/buildWithParameters",
            &[("COLOUR", "green")],
            500,
            "Illegal choice for parameter COLOUR",
        ),
        (
            "/job/shop/job/fussy/buildWithParameters",
            &[("FLAG", "true"), ("FLAG", "false")],
            500,
            "IllegalArgumentException",
        ),
        (
            "/job/shop/job/fussy/buildWithParameters",
            &[("delay", "soon")],
            500,
            "NumberFormatException",
        ),
        (
            "/job/shop/job/fussy/buildWithParameters",
            &[("TRIMMED", "  x "), ("COLOUR", "blue")],
            201,
            "",
        ),
    ];
    let mut last = 0;
    for (path, form, status, words) in cases {
        let answer = rig.post(path).form(form).send().await?;
        ensure!(
            answer.status() == status,
            "{path} {form:?}: {}",
            answer.status()
        );
        if status == 201 {
            last = item_of(&answer)?;
        }
        ensure!(answer.text().await?.contains(words), "{path} {form:?}");
    }
    let item = rig
        .json(&format!("/queue/item/{last}/api/json?tree=params"))
        .await?;
    ensure!(
        item["params"] == "\nCOLOUR=blue\nFLAG=true\nTRIMMED=x",
        "{item}"
    );
    let shown = rig
        .json("/job/shop/job/fussy/api/json?tree=property[parameterDefinitions[name,type,choices,defaultParameterValue[value]]]")
        .await?;
    let definitions = &shown["property"][0]["parameterDefinitions"];
    ensure!(
        definitions[0]["choices"] == json!(["red", "blue"]),
        "{shown}"
    );
    ensure!(
        definitions[0]["defaultParameterValue"]["value"] == "red",
        "{shown}"
    );
    ensure!(
        definitions[1]["type"] == "BooleanParameterDefinition",
        "{shown}"
    );
    ensure!(
        definitions[1]["defaultParameterValue"]["value"] == true,
        "{shown}"
    );
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_leaves_a_build_that_can_be_found() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"drop_trigger_replies": 1})).await?;
    ensure!(
        rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "lost")])
            .await
            .is_err(),
        "the answer should be lost"
    );
    let path = format!(
        "{JOB}/api/json?tree=builds[number,queueId,actions[parameters[name,value]]]{{0,50}}"
    );
    let job = rig.until(&path, |job| job["builds"][0].is_object()).await?;
    ensure!(
        job["builds"][0]["actions"][0]["parameters"][0]["value"] == "lost",
        "{job}"
    );
    ensure!(job["builds"].as_array().map(Vec::len) == Some(1), "{job}");
    ensure!(
        rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "next")])
            .await?
            .status()
            == 201,
        "only one answer is lost"
    );
    let calls = rig.sandbox.world().calls(0);
    ensure!(
        calls
            .iter()
            .any(|call| call.service == "jenkins" && call.outcome == "cut"),
        "journal"
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_root_address_shows_in_location() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"root_url": "http://inside:8080/ci/"}))
        .await?;
    let answer = rig.trigger(JOB, &[]).await?;
    ensure!(
        header(&answer, "location").starts_with("http://inside:8080/ci/queue/item/"),
        "location"
    );
    Ok(())
}
