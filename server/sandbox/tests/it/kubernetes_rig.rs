//! A sandbox with sessions of the job roles, EKS tokens made by the vendor's own signer, and a client that trusts its CA.
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portolan_sandbox::{Options, Sandbox};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ACCOUNT: &str = "200000000002";
pub(crate) const CLUSTER: &str = "shop-staging";
pub(crate) const SHOP: &str = "/apis/apps/v1/namespaces/shop";
pub(crate) const CART: &str = "/apis/apps/v1/namespaces/shop/deployments/cart";

pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
    pub(crate) https: Client,
    pub(crate) endpoint: String,
    pub(crate) ca: Vec<u8>,
}

/// A session of a job role in an account, approved with a second factor.
pub(crate) async fn session(
    sandbox: &Sandbox,
    role: &str,
    account: &str,
) -> anyhow::Result<Credentials> {
    session_with(sandbox, role, account, Some("true")).await
}

/// A session for which the portal says `mfa` of the second factor.
pub(crate) async fn session_with(
    sandbox: &Sandbox,
    role: &str,
    account: &str,
    mfa: Option<&str>,
) -> anyhow::Result<Credentials> {
    let http = Client::builder().no_proxy().build()?;
    let base: Value = http
        .get(format!("{}/pod-identity/v1/credentials", sandbox.url()))
        .header("authorization", "pod-identity-token-portolan")
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let field = |name: &str| {
        base[name]
            .as_str()
            .map(str::to_owned)
            .context("pod identity")
    };
    let base = Credentials::new(
        field("AccessKeyId")?,
        field("SecretAccessKey")?,
        Some(field("Token")?),
        None,
        "base",
    );
    let config = aws_sdk_sts::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sts::config::Region::new(REGION))
        .endpoint_url(sandbox.url())
        .credentials_provider(base)
        .build();
    let tag = |key: &str, value: &str| {
        aws_sdk_sts::types::Tag::builder()
            .key(format!("portolan:{key}"))
            .value(value)
            .build()
    };
    let mut tags = vec![
        tag("team", "checkout")?,
        tag("service", "cart")?,
        tag("environment", "staging")?,
        tag("change", "c-1")?,
    ];
    if let Some(mfa) = mfa {
        tags.push(tag("mfa", mfa)?);
    }
    let answer = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(format!("arn:aws:iam::{account}:role/portolan-job-{role}"))
        .role_session_name("step-1")
        .source_identity(role)
        .external_id(format!("portolan-{account}"))
        .set_tags(Some(tags))
        .send()
        .await?;
    let got = answer.credentials.context("no credentials")?;
    Ok(Credentials::new(
        got.access_key_id,
        got.secret_access_key,
        Some(got.session_token),
        None,
        "job",
    ))
}

/// The presigned URL of an EKS token, by the recipe of aws-iam-authenticator.
pub(crate) fn presigned(
    who: &Credentials,
    region: &str,
    cluster: &str,
    at: SystemTime,
) -> anyhow::Result<String> {
    let identity = who.clone().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_mins(1));
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(at)
        .settings(settings)
        .build()?
        .into();
    let url =
        format!("https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15");
    let host = format!("sts.{region}.amazonaws.com");
    let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b""))?;
    let (instructions, _) = sign(request, &parameters)?.into_parts();
    let mut signed = http::Request::get(&url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    Ok(signed.uri().to_string())
}

pub(crate) fn token(url: &str) -> String {
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url))
}

impl Rig {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::over(Sandbox::start(Options::default()).await?).await
    }

    pub(crate) async fn over(sandbox: Sandbox) -> anyhow::Result<Self> {
        let who = session(&sandbox, "developer", ACCOUNT).await?;
        let config = aws_sdk_eks::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_eks::config::Region::new(REGION))
            .endpoint_url(sandbox.url())
            .credentials_provider(who)
            .build();
        let cluster = aws_sdk_eks::Client::from_conf(config)
            .describe_cluster()
            .name(CLUSTER)
            .send()
            .await?;
        let cluster = cluster.cluster.context("no cluster")?;
        let ca = cluster
            .certificate_authority
            .and_then(|ca| ca.data)
            .context("no CA")?;
        let ca = STANDARD.decode(ca)?;
        let endpoint = cluster.endpoint.context("no endpoint")?;
        let https = Client::builder()
            .no_proxy()
            .tls_certs_only([reqwest::Certificate::from_pem(&ca)?])
            .build()?;
        let rig = Self {
            sandbox,
            https,
            endpoint,
            ca,
        };
        rig.world(json!({"rollout_ms": 100})).await?;
        Ok(rig)
    }

    /// A token of a job role for the cluster of this rig, by the world's clock.
    pub(crate) async fn token(&self, role: &str) -> anyhow::Result<String> {
        self.token_of(&session(&self.sandbox, role, ACCOUNT).await?)
    }

    /// A fresh token of a session. The SDK signs by the machine's clock, so the session must be from before any jump.
    pub(crate) fn token_of(&self, who: &Credentials) -> anyhow::Result<String> {
        Ok(token(&presigned(who, REGION, CLUSTER, self.now())?))
    }

    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::from(self.sandbox.world().now())
    }

    pub(crate) async fn world(&self, patch: Value) -> anyhow::Result<()> {
        let answer = Client::builder()
            .no_proxy()
            .build()?
            .post(format!("{}/_world/kubernetes", self.sandbox.url()))
            .json(&patch)
            .send()
            .await?;
        ensure!(
            answer.status() == 204,
            "switch refused: {}",
            answer.text().await?
        );
        Ok(())
    }

    pub(crate) fn call(&self, method: &Method, path: &str, token: &str) -> RequestBuilder {
        self.https
            .request(method.clone(), format!("{}{path}", self.endpoint))
            .bearer_auth(token)
    }

    pub(crate) async fn json(&self, path: &str, token: &str) -> anyhow::Result<Value> {
        let answer = self.call(&Method::GET, path, token).send().await?;
        ensure!(
            answer.status() == 200,
            "GET {path}: {}",
            answer.text().await?
        );
        Ok(answer.json().await?)
    }

    /// Patches the Deployment `cart`.
    pub(crate) async fn patch(
        &self,
        token: &str,
        kind: &str,
        patch: &Value,
    ) -> anyhow::Result<(u16, Value)> {
        let request = self
            .call(&Method::PATCH, CART, token)
            .header("content-type", kind)
            .body(patch.to_string());
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Polls until the object is as wanted.
    pub(crate) async fn until(
        &self,
        path: &str,
        token: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        for _ in 0..750 {
            last = self.json(path, token).await?;
            if wanted(&last) {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("GET {path} never became as wanted: {last}")
    }
}

/// The image of a version, as a Deployment names it.
pub(crate) fn image(service: &str, version: &str) -> String {
    let digest = portolan_sandbox::world::description::image_digest(service, version);
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/{service}@{digest}")
}

pub(crate) fn set_image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "cart", "image": image}]}}}})
}

pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
