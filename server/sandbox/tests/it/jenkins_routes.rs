//! Every address that Jenkins serves answers; the registry and this table are the same list.
use std::collections::BTreeSet;

use anyhow::ensure;
use portolan_sandbox::jenkins::Route;
use serde_json::json;

use super::jenkins_rig::{JOB, Rig, item_of};

#[tokio::test]
async fn every_route_is_served() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.sandbox
        .world()
        .lock()
        .jenkins
        .add(portolan_sandbox::jenkins::Job::new(
            "shop/plain",
            portolan_sandbox::jenkins::Flavour::Pipeline,
            Vec::new(),
        ));
    rig.world(json!({"question": "Go?"})).await?;
    let (_, asked) = rig.begin(&[("PORTOLAN_RUN_ID", "asked")]).await?;
    let (_, submitted) = rig.begin(&[("PORTOLAN_RUN_ID", "submitted")]).await?;
    let (_, aborted) = rig.begin(&[("PORTOLAN_RUN_ID", "aborted")]).await?;
    rig.world(json!({"question": null, "quiet_period_ms": 60_000}))
        .await?;
    let item = item_of(&rig.trigger(JOB, &[("PORTOLAN_RUN_ID", "waits")]).await?)?;
    let table = [
        (Route::Root, "/api/json".to_owned(), 200),
        (Route::CrumbIssuer, "/crumbIssuer/api/json".to_owned(), 200),
        (Route::Queue, "/queue/api/json".to_owned(), 200),
        (Route::Item, format!("/queue/item/{item}/api/json"), 200),
        (
            Route::CancelItem,
            format!("/queue/cancelItem?id={item}"),
            204,
        ),
        (Route::Folder, "/job/shop/api/json".to_owned(), 200),
        (Route::Job, format!("{JOB}/api/json"), 200),
        (Route::Trigger, format!("{JOB}/buildWithParameters"), 201),
        (
            Route::TriggerPlain,
            "/job/shop/job/plain/build".to_owned(),
            201,
        ),
        (Route::Runs, format!("{JOB}/wfapi/runs"), 200),
        (Route::Build, format!("{JOB}/{asked}/api/json"), 200),
        (Route::Build, format!("{JOB}/lastBuild/api/json"), 200),
        (
            Route::ProgressiveText,
            format!("{JOB}/{asked}/logText/progressiveText"),
            200,
        ),
        (
            Route::ConsoleText,
            format!("{JOB}/{asked}/consoleText"),
            200,
        ),
        (
            Route::Describe,
            format!("{JOB}/{asked}/wfapi/describe"),
            200,
        ),
        (
            Route::PendingInputs,
            format!("{JOB}/{asked}/wfapi/pendingInputActions"),
            200,
        ),
        (
            Route::ProceedEmpty,
            format!("{JOB}/{asked}/input/Confirm/proceedEmpty"),
            200,
        ),
        (
            Route::InputSubmit,
            format!("{JOB}/{submitted}/wfapi/inputSubmit?inputId=Confirm"),
            200,
        ),
        (
            Route::Abort,
            format!("{JOB}/{aborted}/input/Confirm/abort"),
            200,
        ),
        (
            Route::NodeLog,
            format!("{JOB}/{asked}/execution/node/12/wfapi/log"),
            200,
        ),
        (Route::Stop, format!("{JOB}/{asked}/stop"), 302),
        (Route::Term, format!("{JOB}/{asked}/term"), 302),
        (Route::Kill, format!("{JOB}/{asked}/kill"), 302),
    ];
    let mut seen = BTreeSet::new();
    for (route, path, status) in table {
        let request = if route.post_only() {
            rig.post(&path).form(&[("json", r#"{"parameter":[]}"#)])
        } else {
            rig.get(&path)
        };
        let answer = request.send().await?;
        ensure!(
            answer.status() == status,
            "{} {path}: {}",
            route.name(),
            answer.status()
        );
        seen.insert(route);
    }
    let all: BTreeSet<Route> = Route::ALL.iter().map(|(route, ..)| *route).collect();
    ensure!(seen == all, "not exercised: {:?}", all.difference(&seen));
    Ok(())
}
