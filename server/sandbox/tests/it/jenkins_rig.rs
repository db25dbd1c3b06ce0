//! A sandbox with an HTTP client that follows nothing, and the calls every Jenkins test makes.
use std::time::Duration;

use anyhow::{Context as _, ensure};
use portolan_sandbox::{Options, Sandbox};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) const JOB: &str = "/job/shop/job/deploy-cart";
pub(crate) const USER: &str = "portolan";
pub(crate) const TOKEN: &str = "jenkins-api-token-portolan";

pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

impl Rig {
    /// Starts a world whose builds only say hello.
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(Options::default()).await?;
        let http = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let rig = Self { sandbox, http };
        rig.world(json!({"behaviour": {"kind": "succeed"}, "quiet_period_ms": 0}))
            .await?;
        Ok(rig)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/jenkins{path}", self.sandbox.url())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path)).basic_auth(USER, Some(TOKEN))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path)).basic_auth(USER, Some(TOKEN))
    }

    /// Turns the world's switches.
    pub(crate) async fn world(&self, patch: Value) -> anyhow::Result<Value> {
        let answer = self
            .http
            .post(format!("{}/_world/jenkins", self.sandbox.url()))
            .json(&patch)
            .send()
            .await?;
        ensure!(
            answer.status() == 200,
            "switch refused: {}",
            answer.text().await?
        );
        Ok(answer.json().await?)
    }

    pub(crate) async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.get(path).send().await?;
        ensure!(
            answer.status() == 200,
            "GET {path}: {} {}",
            answer.status(),
            answer.text().await?
        );
        Ok(answer.json().await?)
    }

    pub(crate) async fn trigger(
        &self,
        job: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Response> {
        Ok(self
            .post(&format!("{job}/buildWithParameters"))
            .form(form)
            .send()
            .await?)
    }

    /// Triggers and waits until the build exists. Returns item and build number.
    pub(crate) async fn begin(&self, form: &[(&str, &str)]) -> anyhow::Result<(u64, u64)> {
        let answer = self.trigger(JOB, form).await?;
        ensure!(answer.status() == 201, "trigger: {}", answer.status());
        let item = item_of(&answer)?;
        let left = self
            .until(&format!("/queue/item/{item}/api/json"), |left| {
                left["executable"]["number"].is_u64()
            })
            .await?;
        Ok((
            item,
            left["executable"]["number"].as_u64().context("no number")?,
        ))
    }

    /// Triggers and waits until the build is over.
    pub(crate) async fn whole(&self, form: &[(&str, &str)]) -> anyhow::Result<(u64, Value)> {
        let (_, number) = self.begin(form).await?;
        Ok((number, self.over(number).await?))
    }

    pub(crate) async fn over(&self, number: u64) -> anyhow::Result<Value> {
        self.until(&format!("{JOB}/{number}/api/json"), |build| {
            build["inProgress"] == false
        })
        .await
    }

    /// Polls until the answer is as wanted.
    pub(crate) async fn until(
        &self,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        for _ in 0..1_500 {
            last = self.json(path).await?;
            if wanted(&last) {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("GET {path} never became as wanted: {last}")
    }

    pub(crate) async fn console(&self, number: u64) -> anyhow::Result<String> {
        Ok(self
            .get(&format!("{JOB}/{number}/consoleText"))
            .send()
            .await?
            .error_for_status()?
            .text()
            .await?)
    }
}

/// The queue item in a `Location`.
pub(crate) fn item_of(answer: &Response) -> anyhow::Result<u64> {
    let location = header(answer, "location");
    let id = location
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .context("no id")?;
    id.parse().with_context(|| format!("Location {location:?}"))
}

pub(crate) fn header(answer: &Response, name: &str) -> String {
    answer
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
