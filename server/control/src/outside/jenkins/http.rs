//! One request to Jenkins: no redirects followed, nothing repeated, nothing unbounded, and an HTML page is no surprise.

use std::{fmt, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{HeaderMap, LOCATION},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    Error, Result as ControlResult,
    outside::{Failure, FailureKind},
    settings::JenkinsSettings,
};

/// Longest JSON answer that is read, in bytes.
const JSON: usize = 4 << 20;
/// Longest log that is read at once, in bytes.
pub(super) const LOG: usize = 64 << 20;

/// The pipelines of one Jenkins.
#[derive(Clone)]
pub struct Pipelines {
    client: Client,
    base: Url,
    user: String,
    token: SecretString,
}

impl fmt::Debug for Pipelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipelines({})", self.base)
    }
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    /// The number at the end of `Location: …/queue/item/<id>/`. Host and scheme may be wrong behind a proxy.
    pub(super) fn queue_item(&self) -> Option<u64> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        let (_, id) = location.trim_end_matches('/').rsplit_once("/queue/item/")?;
        id.parse().ok()
    }
}

impl Pipelines {
    /// # Errors
    /// When the address cannot have paths or no HTTP client can be made.
    pub fn new(settings: &JenkinsSettings) -> ControlResult<Self> {
        crate::outside::install_tls();
        let mut base = settings.url.clone();
        base.set_query(None);
        base.set_fragment(None);
        if base.cannot_be_a_base() {
            return Err(Error::fault(anyhow::anyhow!(
                "{base} is no address of a Jenkins"
            )));
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(15))
            .timeout(Duration::from_mins(1))
            // Jenkins closes idle connections after 30 s; one that it just closed looks like a lost answer.
            .pool_idle_timeout(Duration::from_secs(10))
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::fault)?;
        Ok(Self {
            client,
            base,
            user: settings.user.clone(),
            token: settings.token.clone(),
        })
    }

    /// The address of a build, for people.
    pub fn build_url(&self, job: &str, number: u64) -> String {
        let number = number.to_string();
        self.at(job, &[&number, ""]).to_string()
    }

    /// An address below the root; each part is encoded once.
    pub(super) fn root(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// An address below a job given as `folder/job`.
    pub(super) fn at(&self, job: &str, parts: &[&str]) -> Url {
        let mut all = vec![];
        for name in job.split('/').filter(|name| !name.is_empty()) {
            all.extend(["job", name]);
        }
        all.extend(parts);
        self.root(&all)
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        // With an API token Jenkins asks for no crumb.
        self.client
            .request(method, url)
            .basic_auth(&self.user, Some(self.token.expose_secret()))
    }

    /// Sends and reads the whole answer, whatever its status.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        what: &str,
        limit: usize,
    ) -> Result<Reply, Failure> {
        match self.receive(request, what, limit).await? {
            (reply, None) => Ok(reply),
            (_, Some(broken)) => Err(broken),
        }
    }

    /// Sends and reads what comes of the answer, and how it broke off if it did.
    async fn receive(
        &self,
        request: RequestBuilder,
        what: &str,
        limit: usize,
    ) -> Result<(Reply, Option<Failure>), Failure> {
        let broken = |error: &reqwest::Error| {
            let why = if error.is_timeout() {
                "does not answer in time"
            } else if error.is_connect() {
                "cannot be reached"
            } else {
                "broke off before its answer was complete"
            };
            Failure::new(
                FailureKind::NoAnswer,
                what,
                format!("Jenkins {why} ({what})."),
            )
            .with_raw(chain(error).as_bytes())
        };
        let mut response = request.send().await.map_err(|e| broken(&e))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = vec![];
        let short = loop {
            match response.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break None,
                Err(error) => break Some(broken(&error)),
            }
            if body.len() > limit {
                break Some(Failure::new(
                    FailureKind::Unreadable,
                    what,
                    format!("Jenkins answered more than {} MiB ({what}).", limit >> 20),
                ));
            }
        };
        let reply = Reply {
            status,
            headers,
            body,
        };
        Ok((reply, short))
    }

    /// Sends a read and keeps it only when it is a 200.
    pub(super) async fn read(&self, url: Url, what: &str, limit: usize) -> Result<Reply, Failure> {
        let reply = self
            .send(self.request(Method::GET, url), what, limit)
            .await?;
        if reply.status == StatusCode::OK {
            Ok(reply)
        } else {
            Err(refused(&reply, what))
        }
    }

    /// Reads what comes of something of which a part is worth having; a part comes with how it broke off.
    pub(super) async fn read_some(
        &self,
        url: Url,
        what: &str,
        limit: usize,
    ) -> Result<(Reply, Option<Failure>), Failure> {
        let request = self.request(Method::GET, url);
        let (reply, short) = self.receive(request, what, limit).await?;
        if reply.status == StatusCode::OK {
            Ok((reply, short))
        } else {
            Err(short.unwrap_or_else(|| refused(&reply, what)))
        }
    }

    /// Reads JSON; `tree` says which fields, so that a large job does not send all it has.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        mut url: Url,
        tree: &str,
        what: &str,
    ) -> Result<T, Failure> {
        url.query_pairs_mut().append_pair("tree", tree);
        let reply = self.read(url, what, JSON).await?;
        serde_json::from_slice(&reply.body).map_err(|_| {
            Failure::new(
                FailureKind::Unreadable,
                what,
                format!("Jenkins answered something that is not JSON ({what})."),
            )
            .with_raw(&reply.body)
        })
    }
}

/// What an answer that is no success means. Its body is mostly an HTML page and is only kept, never read.
pub(super) fn refused(reply: &Reply, what: &str) -> Failure {
    let header = |name: &str| {
        reply
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let status = reply.status.as_u16();
    let (kind, words) = match status {
        401 => (
            FailureKind::Denied,
            format!("Jenkins does not accept the portal's user and token ({what})."),
        ),
        403 => (
            FailureKind::Denied,
            match (
                header("x-you-are-authenticated-as"),
                header("x-required-permission"),
            ) {
                (Some(user), Some(permission)) => format!(
                    "Jenkins user {user} may not do this ({what}); the permission {permission} is needed."
                ),
                _ => format!("Jenkins forbids this ({what})."),
            },
        ),
        404 => (
            FailureKind::Missing,
            format!("Jenkins does not have this, or the portal's user may not see it ({what})."),
        ),
        429 | 500.. => (
            FailureKind::Busy,
            format!("Jenkins is failing or still starting: status {status} ({what})."),
        ),
        300..=399 => (
            FailureKind::Unreadable,
            format!("Jenkins sent the portal somewhere else: status {status} ({what})."),
        ),
        200..=299 => (
            FailureKind::Unreadable,
            format!("Jenkins answered status {status}, which says nothing here ({what})."),
        ),
        _ => (
            FailureKind::Refused,
            format!("Jenkins refused with status {status} ({what})."),
        ),
    };
    Failure::new(kind, what, words).with_raw(&reply.body)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipelines(url: &str) -> Pipelines {
        Pipelines::new(&JenkinsSettings {
            url: url.parse().expect("a URL"),
            user: "u".into(),
            token: "secret".to_owned().into(),
        })
        .expect("a client")
    }

    #[test]
    fn names_are_encoded_once_and_the_context_path_stays() {
        for base in ["https://ci.example/jenkins", "https://ci.example/jenkins/"] {
            let pipelines = pipelines(base);
            assert_eq!(
                pipelines.build_url("shop/deploy cart/feature%2Fx", 7),
                "https://ci.example/jenkins/job/shop/job/deploy%20cart/job/feature%252Fx/7/"
            );
            assert_eq!(
                pipelines.root(&["queue", "api", "json"]).as_str(),
                "https://ci.example/jenkins/queue/api/json"
            );
        }
        assert!(!format!("{:?}", pipelines("http://x/")).contains("secret"));
    }

    #[test]
    fn only_the_number_of_a_location_is_believed() {
        let item = |location: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, location.parse().expect("a value"));
            Reply {
                status: StatusCode::CREATED,
                headers,
                body: vec![],
            }
            .queue_item()
        };
        assert_eq!(item("http://wrong.example/queue/item/42/"), Some(42));
        assert_eq!(item("/jenkins/queue/item/42"), Some(42));
        for bad in [
            "/queue/item/",
            "/queue/item/x/",
            ".",
            "https://evil.example/",
        ] {
            assert_eq!(item(bad), None, "{bad}");
        }
    }
}
