//! Stages and questions of a Pipeline as the plugin pipeline-rest-api shows them.

use serde_json::{Value, json};

use super::build::{Build, Outcome};

/// At most this many runs in `wfapi/runs`.
const RUNS: usize = 10;
/// A node's log shows its last ten kibibytes.
const NODE_LOG: usize = 10 * 1024;
/// The node that runs the script.
pub(crate) const SCRIPT_NODE: &str = "12";

fn status(build: &Build) -> &'static str {
    match build.result {
        _ if build.waits_for_input() => "PAUSED_PENDING_INPUT",
        _ if build.building => "IN_PROGRESS",
        Some(Outcome::Success) => "SUCCESS",
        Some(Outcome::Failure) => "FAILED",
        Some(Outcome::Aborted) => "ABORTED",
        None => "NOT_EXECUTED",
    }
}

fn stage(id: &str, name: &str, status: &str, start: i64, duration: i64, pause: i64) -> Value {
    json!({
        "_links": {"self": {"href": format!("execution/node/{id}/wfapi/describe")}},
        "id": id, "name": name, "execNode": "", "status": status,
        "startTimeMillis": start, "durationMillis": duration, "pauseDurationMillis": pause,
    })
}

/// `wfapi/describe` of one build.
pub(crate) fn describe(build: &Build, now: i64) -> Value {
    let end = if build.building {
        now
    } else {
        build.timestamp + build.duration
    };
    let mut stages = Vec::new();
    let mut paused = 0;
    if let Some(input) = &build.input {
        let until = build.script_since.unwrap_or(end);
        paused = (until - input.since).max(0);
        let state = if input.proceeded_by.is_some() {
            "SUCCESS"
        } else {
            status(build)
        };
        stages.push(stage("6", "Confirm", state, input.since, paused, paused));
    }
    if let Some(since) = build.script_since {
        let mut script = stage(
            SCRIPT_NODE,
            "Deploy",
            status(build),
            since,
            (end - since).max(0),
            0,
        );
        if build.result == Some(Outcome::Failure) {
            script["error"] =
                json!({"message": "script returned exit code 1", "type": "hudson.AbortException"});
        }
        stages.push(script);
    }
    json!({
        "_links": {"self": {"href": "wfapi/describe"}},
        "id": build.number.to_string(),
        "name": format!("#{}", build.number),
        "status": status(build),
        "startTimeMillis": build.timestamp,
        "endTimeMillis": end,
        "durationMillis": end - build.timestamp,
        "queueDurationMillis": 0,
        "pauseDurationMillis": paused,
        "stages": stages,
    })
}

/// `wfapi/runs` of a job: the newest, ten at most.
pub(crate) fn runs<'a>(builds: impl Iterator<Item = &'a Build>, now: i64) -> Value {
    builds
        .take(RUNS)
        .map(|build| describe(build, now))
        .collect()
}

/// `execution/node/<id>/wfapi/log`: HTML, and the end of it only.
pub(crate) fn node_log(build: &Build) -> Value {
    let text = super::answer::escape(&String::from_utf8_lossy(&build.log.text()));
    let from = (text.len().saturating_sub(NODE_LOG)..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    json!({
        "nodeId": SCRIPT_NODE,
        "nodeStatus": status(build),
        "length": text.len() - from,
        "hasMore": from > 0,
        "text": text.get(from..),
        "consoleUrl": format!("execution/node/{SCRIPT_NODE}/log"),
    })
}

/// `wfapi/pendingInputActions`.
pub(crate) fn pending(build: &Build, build_path: &str) -> Value {
    match &build.input {
        Some(input) if build.waits_for_input() => json!([{
            "id": input.id,
            "message": input.message,
            "proceedText": "Proceed",
            "inputs": [],
            "proceedUrl": format!("{build_path}wfapi/inputSubmit?inputId={}", input.id),
            "abortUrl": format!("{build_path}input/{}/abort", input.id),
            "redirectApprovalUrl": format!("{build_path}input/"),
        }]),
        _ => json!([]),
    }
}
