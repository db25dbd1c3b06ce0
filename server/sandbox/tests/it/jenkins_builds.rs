//! Builds: results, stopping, logs, stages and questions.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::jenkins_rig::{JOB, Rig, header};

#[tokio::test]
async fn results() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    for (kind, result, words) in [
        ("succeed", "SUCCESS", "Finished: SUCCESS"),
        ("fail", "FAILURE", "ERROR: script returned exit code 1"),
    ] {
        rig.world(json!({"behaviour": {"kind": kind}})).await?;
        let (number, build) = rig
            .whole(&[("PORTOLAN_RUN_ID", kind), ("SERVICE", "cart")])
            .await?;
        ensure!(
            build["result"] == result && build["building"] == false,
            "{build}"
        );
        ensure!(
            build["duration"].as_i64().is_some_and(|ms| ms > 0)
                && build["id"].as_str() == Some(&number.to_string()),
            "{build}"
        );
        let console = rig.console(number).await?;
        ensure!(
            console.contains(words) && console.starts_with("Started by user portolan\n"),
            "{console}"
        );
    }
    let color = rig
        .json(&format!(
            "{JOB}/api/json?tree=color,lastFailedBuild[number]"
        ))
        .await?;
    ensure!(
        color["color"] == "red" && color["lastFailedBuild"]["number"] == 2,
        "{color}"
    );
    Ok(())
}

#[tokio::test]
async fn a_result_is_known_before_the_build_is_over() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"post_production_ms": 3_600_000})).await?;
    let (_, number) = rig.begin(&[]).await?;
    let path = format!("{JOB}/{number}/api/json");
    let early = rig
        .until(&path, |build| build["result"] == "SUCCESS")
        .await?;
    ensure!(
        early["inProgress"] == true && early["building"] == false,
        "{early}"
    );
    let log = rig
        .get(&format!("{JOB}/{number}/logText/progressiveText"))
        .send()
        .await?;
    ensure!(header(&log, "x-more-data") == "true", "still more to come");
    rig.sandbox
        .world()
        .clock()
        .advance(Duration::from_secs(3_601));
    rig.over(number).await?;
    Ok(())
}

#[tokio::test]
async fn stopping() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"kill_after_ms": 200})).await?;
    for (kind, how, words) in [
        ("hang", "stop", "Received SIGTERM, ending"),
        ("stubborn", "stop", "Received SIGTERM, going on"),
        ("stubborn", "term", "Aborted by portolan"),
        ("stubborn", "kill", "Hard kill!"),
    ] {
        rig.world(json!({"behaviour": {"kind": kind}, "kill_after_ms": if how == "stop" { 200 } else { 60_000 }})).await?;
        let (_, number) = rig
            .begin(&[("PORTOLAN_RUN_ID", how), ("SERVICE", kind)])
            .await?;
        until_log(&rig, number, "Waiting for something").await?;
        let running = rig.json(&format!("{JOB}/{number}/api/json")).await?;
        ensure!(
            running["result"].is_null() && running["building"] == true && running["duration"] == 0,
            "{running}"
        );
        if how == "term" {
            // Escalation: the polite request alone would take a minute here.
            rig.post(&format!("{JOB}/{number}/stop")).send().await?;
        }
        let answer = rig
            .post(&format!("{JOB}/{number}/{how}"))
            .header("referer", "http://x/y")
            .send()
            .await?;
        ensure!(
            answer.status() == 302 && header(&answer, "location") == "http://x/y",
            "{how}"
        );
        let build = rig.over(number).await?;
        ensure!(build["result"] == "ABORTED", "{kind} {how}: {build}");
        let console = rig.console(number).await?;
        ensure!(
            console.contains(words) && console.ends_with("Finished: ABORTED\n"),
            "{kind} {how}: {console}"
        );
        let again = rig.post(&format!("{JOB}/{number}/stop")).send().await?;
        ensure!(
            again.status() == 302 && header(&again, "location") == ".",
            "nothing runs any more"
        );
    }
    Ok(())
}

async fn until_log(rig: &Rig, number: u64, words: &str) -> anyhow::Result<()> {
    for _ in 0..1_500 {
        if rig.console(number).await?.contains(words) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("the log never said {words}: {}", rig.console(number).await?)
}

/// Follows the log as a client does. Returns the text and how many answers it took.
async fn follow(rig: &Rig, number: u64) -> anyhow::Result<(String, usize)> {
    let (mut text, mut start, mut answers) = (String::new(), 0_u64, 0);
    loop {
        let answer = rig
            .get(&format!(
                "{JOB}/{number}/logText/progressiveText?start={start}"
            ))
            .send()
            .await?;
        ensure!(
            header(&answer, "content-type") == "text/plain;charset=UTF-8",
            "content type"
        );
        let more = header(&answer, "x-more-data") == "true";
        start = header(&answer, "x-text-size")
            .parse()
            .context("X-Text-Size")?;
        text.push_str(&answer.text().await?);
        answers += 1;
        if !more {
            return Ok((text, answers));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn twenty_thousand_lines_arrive() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"behaviour": {"kind": "lines", "lines": 20_000}}))
        .await?;
    let (_, number) = rig.begin(&[]).await?;
    let (text, answers) = follow(&rig, number).await?;
    ensure!(answers > 1, "followed while it ran");
    let console = rig.console(number).await?;
    ensure!(
        console.matches("of 20000: äöü <b>&amp;\n").count() == 20_000,
        "{}",
        console.len()
    );
    ensure!(
        text.replace("\r\n", "\n") == console,
        "nothing is lost, and lines end with CRLF"
    );
    ensure!(text.contains("line 7 of 20000: äöü <b>&amp;\r\n"), "CRLF");
    // The raw log holds hidden notes: the offset is more than what was seen, and beyond it the log begins anew.
    let last = rig
        .get(&format!("{JOB}/{number}/logText/progressiveText?start=0"))
        .send()
        .await?;
    let size: usize = header(&last, "x-text-size").parse()?;
    ensure!(
        size > console.len() && header(&last, "x-more-data").is_empty(),
        "{size}"
    );
    let beyond = rig
        .get(&format!(
            "{JOB}/{number}/logText/progressiveText?start={}",
            size + 1
        ))
        .send()
        .await?;
    ensure!(beyond.text().await? == text, "begins anew");
    let odd = rig
        .get(&format!("{JOB}/{number}/logText/progressiveText?start=x"))
        .send()
        .await?;
    ensure!(odd.status() == 500, "{}", odd.status());
    Ok(())
}

#[tokio::test]
async fn a_lossy_core_loses_text_that_the_console_has() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let lines = json!({"behaviour": {"kind": "lines", "lines": 20_000}, "lossy_log": true, "post_production_ms": 3_600_000});
    rig.world(lines).await?;
    let (_, number) = rig.begin(&[]).await?;
    rig.until(&format!("{JOB}/{number}/api/json"), |build| {
        build["building"] == false
    })
    .await?;
    let path = format!("{JOB}/{number}/logText/progressiveText?start=0");
    let answer = rig.get(&path).send().await?;
    let size = header(&answer, "x-text-size");
    ensure!(
        header(&answer, "x-more-data") == "true",
        "still in progress"
    );
    ensure!(
        answer.text().await?.lines().count() == 10_000,
        "cut at ten thousand lines"
    );
    let next = rig
        .get(&format!(
            "{JOB}/{number}/logText/progressiveText?start={size}"
        ))
        .send()
        .await?;
    ensure!(next.text().await?.is_empty(), "the rest is skipped");
    ensure!(
        rig.console(number).await?.matches("of 20000").count() == 20_000,
        "the console has it all"
    );
    rig.world(json!({"lossy_log": false})).await?;
    let honest = rig.get(&path).send().await?;
    ensure!(
        header(&honest, "x-text-size") != size,
        "an honest core announces what it sent"
    );
    Ok(())
}

#[tokio::test]
async fn half_a_log_and_the_newer_mode() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"behaviour": {"kind": "lines", "lines": 3}}))
        .await?;
    let (number, _) = rig.whole(&[("PORTOLAN_TICKET", "line")]).await?;
    let console = rig.console(number).await?;
    ensure!(
        console.contains("**** 1 of 3") && !console.contains("line 1"),
        "passwords are masked: {console}"
    );
    let path = format!("{JOB}/{number}/logText/progressiveText");
    let newer = rig
        .get(&format!("{path}?start=-14"))
        .header("accept", "multipart/form-data")
        .send()
        .await?;
    let kind = header(&newer, "content-type");
    let boundary = kind
        .strip_prefix("multipart/form-data; boundary=")
        .context("boundary")?
        .to_owned();
    let body = newer.text().await?;
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    let text = parts.get(1).context("text part")?;
    ensure!(
        text.contains("name=\"text\"") && text.trim_end().ends_with("hed: SUCCESS"),
        "{body}"
    );
    let meta = parts
        .get(2)
        .and_then(|part| part.split("\r\n\r\n").nth(1))
        .context("meta part")?;
    let meta: Value = serde_json::from_str(meta.trim())?;
    ensure!(
        meta["completed"] == true && meta["end"].as_u64() > meta["start"].as_u64(),
        "{meta}"
    );
    rig.world(json!({"answers": "half_log"})).await?;
    let broken = rig.get(&path).send().await?;
    ensure!(
        broken.status() == 200 && broken.text().await.is_err(),
        "the body breaks off"
    );
    Ok(())
}

#[tokio::test]
async fn stages_and_questions() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"question": "Deploy to production?"}))
        .await?;
    for (call, status, result) in [
        ("input/Confirm/proceedEmpty", 200, "SUCCESS"),
        ("wfapi/inputSubmit?inputId=Confirm", 200, "SUCCESS"),
        ("input/Confirm/abort", 200, "ABORTED"),
        ("stop", 302, "ABORTED"),
    ] {
        let (_, number) = rig.begin(&[("PORTOLAN_RUN_ID", call)]).await?;
        let build = format!("{JOB}/{number}");
        let paused = rig.json(&format!("{build}/wfapi/describe")).await?;
        ensure!(paused["status"] == "PAUSED_PENDING_INPUT", "{paused}");
        ensure!(
            paused["stages"][0]["status"] == "PAUSED_PENDING_INPUT",
            "{paused}"
        );
        let pending = rig
            .json(&format!("{build}/wfapi/pendingInputActions"))
            .await?;
        ensure!(
            pending[0]["id"] == "Confirm" && pending[0]["message"] == "Deploy to production?",
            "{pending}"
        );
        let wrong = rig
            .post(&format!("{build}/input/confirm/proceedEmpty"))
            .send()
            .await?;
        ensure!(
            wrong.status() == 400,
            "the id's case counts: {}",
            wrong.status()
        );
        let form = [("json", r#"{"parameter":[]}"#)];
        let answer = rig
            .post(&format!("{build}/{call}"))
            .form(&form)
            .send()
            .await?;
        ensure!(answer.status() == status, "{call}: {}", answer.status());
        let over = rig.over(number).await?;
        ensure!(over["result"] == result, "{call}: {over}");
        let again = rig
            .post(&format!("{build}/input/Confirm/proceedEmpty"))
            .send()
            .await?;
        ensure!(
            again.status() == 400,
            "answered already: {}",
            again.status()
        );
        let again = rig
            .post(&format!("{build}/wfapi/inputSubmit?inputId=Confirm"))
            .form(&form)
            .send()
            .await?;
        ensure!(
            again.status() == 500,
            "through the other door: {}",
            again.status()
        );
        ensure!(
            rig.json(&format!("{build}/wfapi/pendingInputActions"))
                .await?
                == json!([]),
            "{call}"
        );
    }
    let told = rig.json(&format!("{JOB}/1/wfapi/describe")).await?;
    ensure!(
        told["status"] == "SUCCESS" && told["stages"][1]["name"] == "Deploy",
        "{told}"
    );
    let log = rig
        .json(&format!("{JOB}/1/execution/node/12/wfapi/log"))
        .await?;
    ensure!(
        log["text"]
            .as_str()
            .is_some_and(|text| text.contains("Approved by portolan")),
        "{log}"
    );
    let runs = rig.json(&format!("{JOB}/wfapi/runs")).await?;
    ensure!(
        runs.as_array().map(Vec::len) == Some(4) && runs[0]["id"] == "4",
        "{runs}"
    );
    Ok(())
}

#[tokio::test]
async fn builds_die_with_the_sandbox() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"behaviour": {"kind": "stubborn"}}))
        .await?;
    let mark = format!("portolan-test-{}", std::process::id());
    let (_, number) = rig.begin(&[("PORTOLAN_RUN_ID", &mark)]).await?;
    until_log(&rig, number, "Waiting for something").await?;
    let alive = || -> anyhow::Result<bool> {
        for entry in std::fs::read_dir("/proc")? {
            // Processes come and go while we look.
            let environment = std::fs::read(entry?.path().join("environ")).unwrap_or_default();
            if environment
                .windows(mark.len())
                .any(|window| window == mark.as_bytes())
            {
                return Ok(true);
            }
        }
        Ok(false)
    };
    ensure!(
        alive()?,
        "the build is a real process with its parameters as environment"
    );
    drop(rig);
    for _ in 0..250 {
        if !alive()? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("a build outlived the sandbox")
}
