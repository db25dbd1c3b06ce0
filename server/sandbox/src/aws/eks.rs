//! EKS: `DescribeCluster` and `ListClusters`, rest-json.
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Asked;
use super::authorize::authorize;
use super::error::{AwsError, Protocol};
use super::page;
use super::sigv4::Message;
use crate::world::description::Cluster;

/// The operation that method and path stand for.
pub(crate) fn operation(message: &Message<'_>) -> Option<&'static str> {
    let segments: Vec<_> = message.path.split('/').skip(1).collect();
    match (message.method, segments.as_slice()) {
        (&Method::GET, ["clusters"]) => Some("ListClusters"),
        (&Method::GET, ["clusters", name]) if !name.is_empty() => Some("DescribeCluster"),
        _ => None,
    }
}

pub(crate) fn serve(asked: &mut Asked<'_>) -> Result<String, AwsError> {
    let Message { method, path, .. } = asked.message;
    let operation = operation(&asked.message);
    let operation =
        operation.ok_or_else(|| AwsError::not_served(format_args!("eks: {method} {path}")))?;
    operation.clone_into(&mut asked.operation);
    let answer = match operation {
        "ListClusters" => list(asked)?,
        _ => describe(asked, path.rsplit('/').next().unwrap_or_default())?,
    };
    Ok(answer.to_string())
}

fn describe(asked: &mut Asked<'_>, name: &str) -> Result<Value, AwsError> {
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    asked.detail = json!({ "name": name });
    let Asked {
        world,
        caller,
        region,
        ..
    } = &*asked;
    let account = &caller.identity.account;
    let arn = format!("arn:aws:eks:{region}:{account}:cluster/{name}");
    let state = world.lock();
    authorize(
        &state.aws,
        caller,
        Protocol::RestJson,
        ("eks:DescribeCluster", &arn),
        region,
        world.now(),
    )?;
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.len() > 100
        || !name.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !name.chars().all(valid)
    {
        let message = "The name of a cluster must start with a letter or digit and can have 100 letters, digits, hyphens and underscores.";
        return Err(AwsError::new(400, "InvalidParameterException", message));
    }
    let Some(cluster) = state.aws.cluster(account, region, &name) else {
        return Err(AwsError::new(
            404,
            "ResourceNotFoundException",
            format!("No cluster found for name: {name}."),
        ));
    };
    let endpoint = format!(
        "{}/clusters/{account}/{region}/{name}",
        world.kubernetes_url()
    );
    let ca = STANDARD.encode(world.kubernetes_ca_pem());
    Ok(json!({ "cluster": view(cluster, &arn, &endpoint, &ca, state.aws.created.as_second()) }))
}

fn view(cluster: &Cluster, arn: &str, endpoint: &str, ca: &str, created: i64) -> Value {
    let id = hex::encode_upper(&Sha256::digest(arn)[..16]);
    let issuer = format!("https://oidc.eks.{}.amazonaws.com/id/{id}", cluster.region);
    let mut view = json!({
        "name": cluster.name,
        "arn": arn,
        "createdAt": created,
        "version": cluster.version,
        "roleArn": format!("arn:aws:iam::{}:role/eks-cluster", cluster.account),
        "resourcesVpcConfig": {
            "subnetIds": ["subnet-0a", "subnet-0b", "subnet-0c"],
            "securityGroupIds": [], "clusterSecurityGroupId": "sg-0a", "vpcId": "vpc-0a",
            "endpointPublicAccess": false, "endpointPrivateAccess": true, "publicAccessCidrs": [],
        },
        "kubernetesNetworkConfig": { "serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4" },
        "logging": { "clusterLogging": [] },
        "identity": { "oidc": { "issuer": issuer } },
        "status": cluster.status,
        "platformVersion": "eks.1",
        "tags": { "environment": cluster.environment },
        "health": { "issues": [] },
        "accessConfig": { "authenticationMode": "API" },
        "upgradePolicy": { "supportType": "STANDARD" },
        "deletionProtection": true,
    });
    // A cluster that is being made has no endpoint yet.
    if cluster.status != "CREATING" {
        view["endpoint"] = json!(endpoint);
        view["certificateAuthority"] = json!({ "data": ca });
    }
    view
}

fn list(asked: &Asked<'_>) -> Result<Value, AwsError> {
    let Asked {
        world,
        caller,
        region,
        ..
    } = asked;
    let account = &caller.identity.account;
    let arn = format!("arn:aws:eks:{region}:{account}:cluster/*");
    let state = world.lock();
    authorize(
        &state.aws,
        caller,
        Protocol::RestJson,
        ("eks:ListClusters", &arn),
        region,
        world.now(),
    )?;
    let (mut most, mut token) = (100, None);
    for pair in asked
        .message
        .query
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "maxResults" => {
                most = value
                    .parse()
                    .ok()
                    .filter(|most| (1..=100).contains(most))
                    .ok_or_else(|| invalid("maxResults must be from 1 to 100"))?;
            }
            "nextToken" => token = Some(percent_decode_str(value).decode_utf8_lossy().into_owned()),
            other => {
                return Err(AwsError::not_served(format_args!(
                    "the parameter {other:?} of eks:ListClusters"
                )));
            }
        }
    }
    let names = state.aws.cluster_names(account, region);
    let (names, next) = page::cut(&names, most, token.as_deref())
        .ok_or_else(|| invalid("nextToken is not valid"))?;
    Ok(json!({ "clusters": names, "nextToken": next }))
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}
