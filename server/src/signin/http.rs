//! Calls to the identity provider: no redirects, bounded in time and size.

use std::time::Duration;

use anyhow::Context as _;
use openidconnect::{HttpRequest, HttpResponse};

const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(10);
/// Far more than a discovery document, a key set or a token answer.
const MOST: usize = 1024 * 1024;

pub(super) fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        // A redirect would carry the client secret, or the trust in the answer, to another host.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .user_agent("portolan")
        .build()
        .context("cannot make an HTTP client for the identity provider")
}

/// A call failed; what the provider said is not repeated, as it may hold codes or tokens.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failed(String);

/// What openidconnect calls.
pub(super) async fn send(
    client: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, Failed> {
    let plain = |e: reqwest::Error| Failed(e.without_url().to_string());
    let request = reqwest::Request::try_from(request).map_err(plain)?;
    let response = client.execute(request).await.map_err(plain)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = bounded(response).await.map_err(|e| Failed(e.to_string()))?;
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// A JSON document.
pub(super) async fn get<T: serde::de::DeserializeOwned>(
    client: &reqwest::Client,
    url: &str,
) -> anyhow::Result<T> {
    let response = client
        .get(url)
        .header("accept", "application/json")
        .send()
        .await?;
    anyhow::ensure!(
        response.status().as_u16() == 200,
        "{url} answered {}",
        response.status()
    );
    let body = bounded(response).await?;
    serde_json::from_slice(&body).with_context(|| format!("{url} answered something unexpected"))
}

async fn bounded(mut response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut body = vec![];
    while let Some(chunk) = response.chunk().await? {
        anyhow::ensure!(
            body.len() + chunk.len() <= MOST,
            "the answer is larger than {MOST} bytes"
        );
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
