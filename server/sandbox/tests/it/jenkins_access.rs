//! Who may do what: credentials, crumbs, permissions, methods.
use anyhow::ensure;
use serde_json::{Value, json};

use super::jenkins_rig::{JOB, Rig, TOKEN, USER, header};

#[tokio::test]
async fn credentials_and_permissions() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let reader = Some(("reader", "jenkins-api-token-reader"));
    let visitor = Some(("visitor", "jenkins-api-token-visitor"));
    let all = Some((USER, TOKEN));
    let job = format!("{JOB}/api/json?tree=name");
    let trigger = format!("{JOB}/buildWithParameters");
    let stop = format!("{JOB}/1/stop");
    rig.whole(&[]).await?;
    // credentials, method, path, status, X-Required-Permission
    let cases = [
        (None, "GET", "/api/json", 403, "hudson.model.Hudson.Read"),
        (Some((USER, "wrong")), "GET", "/api/json", 401, ""),
        (Some(("nobody", "x")), "GET", "/api/json", 401, ""),
        (all, "GET", "/api/json", 200, ""),
        (all, "GET", job.as_str(), 200, ""),
        (reader, "GET", job.as_str(), 200, ""),
        (visitor, "GET", job.as_str(), 404, ""),
        (visitor, "GET", "/api/json", 200, ""),
        (
            reader,
            "POST",
            trigger.as_str(),
            403,
            "hudson.model.Item.Build",
        ),
        (
            reader,
            "POST",
            stop.as_str(),
            403,
            "hudson.model.Item.Cancel",
        ),
        (all, "GET", trigger.as_str(), 405, ""),
        (all, "GET", stop.as_str(), 405, ""),
        (all, "GET", "/queue/cancelItem?id=1", 405, ""),
        (all, "GET", "/job/none/api/json", 404, ""),
        (all, "GET", "/nothing/here", 404, ""),
        (all, "GET", "/job/shop/job/deploy-cart/99/api/json", 404, ""),
    ];
    for (who, method, path, status, permission) in cases {
        let mut request = rig.http.request(method.parse()?, rig.url(path));
        if let Some((user, secret)) = who {
            request = request.basic_auth(user, Some(secret));
        }
        let answer = request.send().await?;
        ensure!(
            answer.status() == status,
            "{who:?} {method} {path}: {}",
            answer.status()
        );
        ensure!(header(&answer, "x-jenkins") == "2.528.1", "{path}");
        ensure!(
            header(&answer, "x-required-permission") == permission,
            "{who:?} {path}: permission"
        );
        if status == 403 {
            let user = who.map_or("anonymous", |(user, _)| user);
            ensure!(
                header(&answer, "x-you-are-authenticated-as") == user,
                "{path}: who"
            );
        }
        if status >= 400 {
            ensure!(
                header(&answer, "content-type").starts_with("text/html"),
                "{path}: errors are pages"
            );
            ensure!(answer.text().await?.contains("<html>"), "{path}");
        }
    }
    let blind = rig.http.get(rig.url("/api/json?tree=jobs[name]"));
    let blind: Value = blind
        .basic_auth("visitor", Some("jenkins-api-token-visitor"))
        .send()
        .await?
        .json()
        .await?;
    ensure!(
        blind["jobs"] == json!([]),
        "who may not see jobs sees none: {blind}"
    );
    Ok(())
}

#[tokio::test]
async fn a_password_needs_the_crumb_of_its_session() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let trigger = rig.url(&format!("{JOB}/buildWithParameters"));
    let crumbs = |rig: &Rig| {
        rig.http
            .get(rig.url("/crumbIssuer/api/json"))
            .basic_auth(USER, Some(USER))
    };
    let issued = crumbs(&rig).send().await?;
    let cookie = header(&issued, "set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let issued: Value = issued.json().await?;
    ensure!(issued["crumbRequestField"] == "Jenkins-Crumb", "{issued}");
    let crumb = issued["crumb"].as_str().unwrap_or_default().to_owned();
    let other: Value = crumbs(&rig).send().await?.json().await?;
    let other = other["crumb"].as_str().unwrap_or_default().to_owned();
    // password?, cookie?, crumb, status
    let cases = [
        (true, false, None, 403),
        (true, false, Some(&crumb), 403),
        (true, true, None, 403),
        (true, true, Some(&other), 403),
        (true, true, Some(&crumb), 201),
        (false, true, None, 403),
        (false, true, Some(&crumb), 201),
    ];
    for (index, (password, session, crumb, status)) in cases.into_iter().enumerate() {
        let run = index.to_string();
        let mut request = rig
            .http
            .post(&trigger)
            .form(&[("PORTOLAN_RUN_ID", run.as_str())]);
        if password {
            request = request.basic_auth(USER, Some(USER));
        }
        if session {
            request = request.header("cookie", &cookie);
        }
        if let Some(crumb) = crumb {
            request = request.header("Jenkins-Crumb", crumb);
        }
        let answer = request.send().await?;
        ensure!(
            answer.status() == status,
            "case {index}: {}",
            answer.status()
        );
        if status == 403 {
            ensure!(
                answer
                    .text()
                    .await?
                    .contains("No valid crumb was included in the request"),
                "case {index}"
            );
        }
    }
    rig.world(json!({"crumbs": false})).await?;
    ensure!(crumbs(&rig).send().await?.status() == 404, "issuer off");
    let open = rig
        .http
        .post(&trigger)
        .basic_auth(USER, Some(USER))
        .send()
        .await?;
    ensure!(open.status() == 201, "issuer off: {}", open.status());
    Ok(())
}

#[tokio::test]
async fn switches_are_strict() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    let address = format!("{}/_world/jenkins", rig.sandbox.url());
    for bad in [
        json!({"colour": 1}),
        json!({"job": "none", "disabled": true}),
        json!({"behaviour": {"kind": "dance"}}),
    ] {
        let answer = rig.http.post(&address).json(&bad).send().await?;
        ensure!(answer.status() == 422, "{bad}: {}", answer.status());
    }
    rig.world(json!({"executors": 1, "question": "Go?"}))
        .await?;
    ensure!(
        rig.http.delete(&address).send().await?.status() == 204,
        "reset"
    );
    let now: Value = rig.http.get(&address).send().await?.json().await?;
    ensure!(now["executors"] == 4 && now["question"].is_null(), "{now}");
    Ok(())
}

#[tokio::test]
async fn a_jenkins_that_is_not_well() -> anyhow::Result<()> {
    let rig = Rig::new().await?;
    rig.world(json!({"answers": "html"})).await?;
    let answer = rig.get("/api/json").send().await?;
    ensure!(
        answer.status() == 503 && answer.text().await?.contains("getting ready"),
        "starting"
    );
    rig.world(json!({"answers": "nothing"})).await?;
    ensure!(
        rig.get("/api/json").send().await.is_err(),
        "no answer at all"
    );
    rig.world(json!({"answers": "normal"})).await?;
    ensure!(
        rig.get("/api/json").send().await?.status() == 200,
        "well again"
    );
    Ok(())
}
