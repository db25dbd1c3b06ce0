//! The bearer token of an EKS cluster: a presigned `sts:GetCallerIdentity`, bound to the cluster's name.
//! It is never sent to STS by us; the cluster does that to learn who we are.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;

use crate::outside::aws::AwsSession;

/// Clusters take no longer one.
const LONGEST: usize = 4_096;

#[derive(Clone)]
pub(super) struct Signer {
    credentials: Credentials,
    region: String,
    cluster: String,
}

impl Signer {
    pub(super) fn new(session: &AwsSession, cluster: &str) -> Self {
        Self {
            credentials: session.credentials().clone(),
            region: session.record().region.to_string(),
            cluster: cluster.to_owned(),
        }
    }

    /// A signature carries the real time, which AWS compares with its own.
    pub(super) fn header(&self) -> anyhow::Result<HeaderValue> {
        let token = token(
            &self.credentials,
            &self.region,
            &self.cluster,
            SystemTime::now(),
        )?;
        Ok(super::bearer(&token)?)
    }
}

fn token(
    credentials: &Credentials,
    region: &str,
    cluster: &str,
    time: SystemTime,
) -> anyhow::Result<String> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_mins(1));
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(time)
        .settings(settings)
        .build()?
        .into();
    let host = format!("sts.{region}.amazonaws.com{}", suffix(region));
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b""))?;
    let (instructions, _) = sign(request, &parameters)?.into_parts();
    let mut signed = http::Request::get(&url).body(())?;
    instructions.apply_to_request_http1x(&mut signed);
    let token = format!(
        "k8s-aws-v1.{}",
        URL_SAFE_NO_PAD.encode(signed.uri().to_string())
    );
    anyhow::ensure!(
        token.len() <= LONGEST,
        "the token has {} bytes, and a cluster takes {LONGEST}: the session carries too much",
        token.len()
    );
    Ok(token)
}

/// What follows `amazonaws.com` in the partition of a region.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { ".cn" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: u64, session_token: Option<&str>) -> String {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session_token.map(str::to_owned),
            None,
            "test",
        );
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        token(&credentials, "eu-west-1", "shop-staging", time).expect("signs")
    }

    fn url(token: &str) -> String {
        let encoded = token.strip_prefix("k8s-aws-v1.").expect("the prefix");
        String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).expect("base64url")).expect("text")
    }

    #[test]
    fn it_is_a_presigned_question_for_one_cluster() {
        let url = url(&at(1_700_000_000, Some("TOKEN/with+signs==")));
        let parsed = url::Url::parse(&url).expect("a URL");
        assert_eq!(parsed.host_str(), Some("sts.eu-west-1.amazonaws.com"));
        assert_eq!(parsed.path(), "/");
        let names: Vec<_> = parsed.query_pairs().map(|(k, _)| k.into_owned()).collect();
        for name in [
            "Action",
            "Version",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-SignedHeaders",
            "X-Amz-Signature",
            "X-Amz-Security-Token",
        ] {
            assert_eq!(names.iter().filter(|n| *n == name).count(), 1, "{name}");
        }
        assert_eq!(
            names.len(),
            9,
            "a cluster refuses any other name: {names:?}"
        );
        let of = |name: &str| {
            parsed
                .query_pairs()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.into_owned())
        };
        assert_eq!(
            of("X-Amz-SignedHeaders").as_deref(),
            Some("host;x-k8s-aws-id")
        );
        assert_eq!(
            of("X-Amz-Security-Token").as_deref(),
            Some("TOKEN/with+signs==")
        );
        assert_eq!(of("X-Amz-Expires").as_deref(), Some("60"));
        assert!(
            !url.contains("shop-staging"),
            "the name is signed, not sent"
        );
    }

    #[test]
    fn a_session_too_full_for_a_cluster_is_named() {
        let credentials = Credentials::new("A", "s", Some("t".repeat(4_000)), None, "test");
        let error = token(&credentials, "eu-west-1", "c", SystemTime::UNIX_EPOCH)
            .expect_err("too long")
            .to_string();
        assert!(error.contains("4096"), "{error}");
    }
}
