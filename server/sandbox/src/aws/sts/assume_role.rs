//! `AssumeRole`: every limit that real STS sets, because each of them will be met in production first otherwise.
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::Asked;
use super::super::authorize;
use super::super::error::{AwsError, Protocol};
use super::super::iam::{Decision, Layer, Policy, Request, evaluate};
use super::super::state::{NewSession, Role, State, TOKEN_MOST};
use super::element;
use super::parameters::{Parameters, Violations};

/// Longest session of a role that was assumed with a role session.
const CHAINED_S: u32 = 3600;
/// Longest plain text of the session policies, characters.
const POLICY_CHARS: usize = 2048;
/// What the packed form may take. AWS does not publish its packing; this weighs a policy at half its minified text and
/// tags at their plain length, close to what is reported in the field.
const PACKED_BYTES: usize = 1024;

struct Wanted<'a> {
    role_arn: &'a str,
    session_name: &'a str,
    seconds: u32,
    external_id: Option<&'a str>,
    source_identity: Option<&'a str>,
    policy: Option<&'a str>,
    tags: BTreeMap<String, String>,
    transitive: BTreeSet<String>,
}

pub(super) fn serve(asked: &mut Asked<'_>, parameters: &Parameters) -> Result<String, AwsError> {
    let wanted = Wanted::read(parameters)?;
    asked.detail = json!({
        "roleArn": wanted.role_arn, "roleSessionName": wanted.session_name, "durationSeconds": wanted.seconds,
        "externalId": wanted.external_id, "sourceIdentity": wanted.source_identity, "policy": wanted.policy,
        "tags": wanted.tags, "transitiveTagKeys": wanted.transitive,
    });
    let session_policy = wanted.policy.map(Policy::parse).transpose();
    let session_policy =
        session_policy.map_err(|error| AwsError::new(400, "MalformedPolicyDocument", error.0))?;

    let now = asked.world.now();
    let mut world = asked.world.lock();
    let state = &mut world.aws;
    let caller = &asked.caller;
    let inherited: BTreeMap<String, String> = caller
        .identity
        .tags
        .iter()
        .filter(|(key, _)| caller.transitive.contains(&key.to_lowercase()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let tags = merge_tags(&wanted, &inherited)?;
    let packed_bytes = packed_bytes(wanted.policy, &tags);
    let packed = (packed_bytes * 100).div_ceil(PACKED_BYTES);
    if packed > 100 {
        let message = format!(
            "Packed policy consumes {packed}% of allotted space, please use smaller policy."
        );
        return Err(AwsError::new(400, "PackedPolicyTooLarge", message));
    }
    permitted(asked, state, &wanted, !inherited.is_empty())?;
    let role = state
        .roles
        .get(wanted.role_arn)
        .ok_or_else(|| denied(asked, &wanted))?;
    if wanted.seconds > role.max_session_s {
        let message =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(AwsError::new(400, "ValidationError", message));
    }
    if caller.identity.role_arn.is_some() && wanted.seconds > CHAINED_S {
        let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        return Err(AwsError::new(400, "ValidationError", message));
    }
    let inherited_keys = inherited.keys().map(|key| key.to_lowercase());
    let session = NewSession {
        name: wanted.session_name.to_owned(),
        source_identity: wanted
            .source_identity
            .map(str::to_owned)
            .or_else(|| caller.identity.source_identity.clone()),
        transitive: wanted
            .transitive
            .iter()
            .map(|key| key.to_lowercase())
            .chain(inherited_keys)
            .collect(),
        tags,
        policies: session_policy.map(|policy| vec![policy]),
        seconds: wanted.seconds,
        packed_bytes,
    };
    let made = state
        .issue(wanted.role_arn, session, now)
        .ok_or_else(|| denied(asked, &wanted))?;
    drop(world);

    let identity = &made.identity;
    asked.detail["issuedAccessKeyId"] = json!(identity.access_key_id);
    asked.detail["packedPolicySize"] = json!(packed);
    asked.detail["expiration"] = json!(identity.expires);
    let expires = identity
        .expires
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default();
    let mut xml = String::new();
    if let Some(source) = &identity.source_identity {
        xml += &element(4, "SourceIdentity", source);
    }
    xml += "    <AssumedRoleUser>\n";
    xml += &element(6, "AssumedRoleId", &identity.user_id);
    xml += &element(6, "Arn", &identity.arn);
    xml += "    </AssumedRoleUser>\n    <Credentials>\n";
    xml += &element(6, "AccessKeyId", &identity.access_key_id);
    xml += &element(6, "SecretAccessKey", &made.secret);
    xml += &element(6, "SessionToken", made.token.as_deref().unwrap_or_default());
    xml += &element(6, "Expiration", &expires);
    xml += "    </Credentials>\n";
    if wanted.policy.is_some() || !identity.tags.is_empty() {
        xml += &element(4, "PackedPolicySize", &packed.to_string());
    }
    // What replaced PackedPolicySize in 2026; both are answered.
    let size = made.token.as_deref().unwrap_or_default().len();
    xml += &element(
        4,
        "SessionTokenUtilization",
        &(size * 100).div_ceil(TOKEN_MOST).to_string(),
    );
    xml += &element(4, "SessionTokenSize", &size.to_string());
    Ok(xml)
}

/// What AWS says for a role that does not exist, and for one that does but trusts nobody here: nothing more.
fn denied(asked: &Asked<'_>, wanted: &Wanted<'_>) -> AwsError {
    let message = format!(
        "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
        asked.caller.identity.arn, wanted.role_arn
    );
    AwsError::access_denied(Protocol::Query, message)
}

/// Both the caller's policies and the role's trust must allow each of the actions that the request amounts to.
fn permitted(
    asked: &Asked<'_>,
    state: &State,
    wanted: &Wanted<'_>,
    inherits_tags: bool,
) -> Result<(), AwsError> {
    let caller = &asked.caller;
    let held = caller.identity.source_identity.as_deref();
    let source_identity = wanted.source_identity.or(held);
    let mut actions = vec!["sts:AssumeRole"];
    if !wanted.tags.is_empty() || inherits_tags {
        actions.push("sts:TagSession");
    }
    if source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    let role = state.roles.get(wanted.role_arn);
    for action in actions {
        let mut request = authorize::request(
            caller,
            action,
            wanted.role_arn,
            &asked.region,
            asked.world.now(),
        );
        add_keys(&mut request, wanted, source_identity);
        let mut policies = state.policies(caller);
        policies.trust = role.map(|role: &Role| &role.trust);
        let decision = evaluate(&request, &policies);
        let across = role.is_none_or(|role| role.account != caller.identity.account);
        let by_trust = match &decision {
            Decision::ImplicitlyDenied(layer) => *layer == Layer::Trust,
            Decision::ExplicitlyDenied(because) => because.layer == Layer::Trust,
            Decision::Allowed(_) => false,
        };
        match decision.message(&request) {
            None => {}
            // Another account's trust policy is not explained to strangers.
            Some(_) if by_trust && across => {
                let message = format!(
                    "User: {} is not authorized to perform: {action} on resource: {}",
                    caller.identity.arn, wanted.role_arn
                );
                return Err(AwsError::access_denied(Protocol::Query, message));
            }
            Some(message) => return Err(AwsError::access_denied(Protocol::Query, message)),
        }
    }
    if let (Some(held), Some(asked_for)) = (held, wanted.source_identity)
        && held != asked_for
    {
        let message = format!(
            "User: {} is not authorized to perform: sts:SetSourceIdentity on resource: {} because the source identity of a session cannot be changed",
            caller.identity.arn, wanted.role_arn
        );
        return Err(AwsError::access_denied(Protocol::Query, message));
    }
    Ok(())
}

fn add_keys(request: &mut Request, wanted: &Wanted<'_>, source_identity: Option<&str>) {
    let context = &mut request.context;
    context.set("sts:RoleSessionName", wanted.session_name);
    context.set("sts:DurationSeconds", wanted.seconds.to_string());
    if let Some(id) = wanted.external_id {
        context.set("sts:ExternalId", id);
    }
    if let Some(source) = source_identity {
        context.set("sts:SourceIdentity", source);
    }
    for (key, value) in &wanted.tags {
        context.set(&format!("aws:RequestTag/{key}"), value);
    }
    if !wanted.tags.is_empty() {
        context.set_many("aws:TagKeys", wanted.tags.keys().cloned());
    }
    if !wanted.transitive.is_empty() {
        context.set_many("sts:TransitiveTagKeys", wanted.transitive.iter().cloned());
    }
}

fn merge_tags(
    wanted: &Wanted<'_>,
    inherited: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = inherited.clone();
    for (key, value) in &wanted.tags {
        if inherited
            .keys()
            .any(|inherited| inherited.to_lowercase() == key.to_lowercase())
        {
            let message = format!(
                "The session tag {key} is inherited as a transitive tag and cannot be passed again."
            );
            return Err(AwsError::new(400, "InvalidParameterValue", message));
        }
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > 50 {
        return Err(AwsError::new(
            400,
            "InvalidParameterValue",
            "Inherited and passed session tags are more than 50.",
        ));
    }
    Ok(tags)
}

fn packed_bytes(policy: Option<&str>, tags: &BTreeMap<String, String>) -> usize {
    let minified = policy.map_or(0, |text| {
        text.chars().filter(|c| !c.is_whitespace()).count()
    });
    let tags: usize = tags
        .iter()
        .map(|(key, value)| key.len() + value.len() + 2)
        .sum();
    minified / 2 + tags
}

impl<'a> Wanted<'a> {
    fn read(parameters: &'a Parameters) -> Result<Self, AwsError> {
        parameters.only(&[
            "RoleArn",
            "RoleSessionName",
            "DurationSeconds",
            "ExternalId",
            "SourceIdentity",
            "Policy",
            "Tags.",
            "TransitiveTagKeys.",
        ])?;
        let mut violations = Violations::default();
        let role_arn = parameters.get("RoleArn");
        let session_name = parameters.get("RoleSessionName");
        match role_arn {
            None => violations.add(None, "roleArn", "not be null"),
            Some(arn) => violations.text(arn, "roleArn", (20, 2048), (|c| matches!(c, '\t' | '\n' | '\r' | ' '..), "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+")),
        }
        match session_name {
            None => violations.add(None, "roleSessionName", "not be null"),
            Some(name) => {
                violations.text(name, "roleSessionName", (2, 64), (is_name, "[\\w+=,.@-]*"));
            }
        }
        if let Some(source) = parameters.get("SourceIdentity") {
            violations.text(source, "sourceIdentity", (2, 64), (is_name, "[\\w+=,.@-]*"));
        }
        if let Some(id) = parameters.get("ExternalId") {
            violations.text(
                id,
                "externalId",
                (2, 1224),
                (|c| is_name(c) || matches!(c, ':' | '/'), "[\\w+=,.@:\\/-]*"),
            );
        }
        if let Some(policy) = parameters.get("Policy") {
            let permitted = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
            violations.text(
                policy,
                "policy",
                (1, POLICY_CHARS),
                (permitted, "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"),
            );
        }
        let seconds = match parameters.get("DurationSeconds") {
            None => 3600,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) => {
                    if seconds < 900 {
                        violations.add(
                            Some(text),
                            "durationSeconds",
                            "have value greater than or equal to 900",
                        );
                    }
                    if seconds > 43_200 {
                        violations.add(
                            Some(text),
                            "durationSeconds",
                            "have value less than or equal to 43200",
                        );
                    }
                    seconds
                }
                Err(_) => {
                    return Err(AwsError::new(
                        400,
                        "MalformedInput",
                        "DurationSeconds is not a number.",
                    ));
                }
            },
        };
        let tags = read_tags(parameters, &mut violations)?;
        let transitive = parameters.members("TransitiveTagKeys")?;
        if transitive.len() > 50 {
            violations.add(
                Some("[…]"),
                "transitiveTagKeys",
                "have length less than or equal to 50",
            );
        }
        let transitive: BTreeSet<String> = transitive
            .iter()
            .filter_map(|member| member.get(""))
            .map(|key| (*key).to_owned())
            .collect();
        violations.finish()?;
        if !role_arn.is_some_and(is_role_arn) {
            return Err(AwsError::new(
                400,
                "ValidationError",
                format!("{} is invalid", role_arn.unwrap_or_default()),
            ));
        }
        let folded: BTreeSet<_> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
        if folded.len() != tags.len() {
            let message =
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(AwsError::new(400, "InvalidParameterValue", message));
        }
        if folded.iter().any(|key| key.starts_with("aws:")) {
            return Err(AwsError::new(
                400,
                "InvalidParameterValue",
                "Tag keys beginning with aws: are reserved for system use.",
            ));
        }
        if transitive
            .iter()
            .any(|key| !folded.contains(&key.to_lowercase()))
        {
            let message =
                "The specified transitive tag key must be included in the requested tags.";
            return Err(AwsError::new(400, "InvalidParameterValue", message));
        }
        Ok(Self {
            role_arn: role_arn.unwrap_or_default(),
            session_name: session_name.unwrap_or_default(),
            seconds,
            external_id: parameters.get("ExternalId"),
            source_identity: parameters.get("SourceIdentity"),
            policy: parameters.get("Policy"),
            tags: tags.into_iter().collect(),
            transitive,
        })
    }
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", "aws", "iam", "", account, resource]
        if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

/// `\w` is ASCII here: IAM's patterns know no other letters.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

fn is_tag(c: char) -> bool {
    c.is_alphanumeric()
        || c == ' '
        || c == '\u{a0}'
        || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

fn read_tags(
    parameters: &Parameters,
    violations: &mut Violations,
) -> Result<Vec<(String, String)>, AwsError> {
    const PATTERN: &str = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+";
    let members = parameters.members("Tags")?;
    if members.len() > 50 {
        violations.add(Some("[…]"), "tags", "have length less than or equal to 50");
    }
    let mut tags = Vec::with_capacity(members.len());
    for (index, member) in members.iter().enumerate() {
        let place = |field: &str| format!("tags.{}.member.{field}", index + 1);
        match (member.get("Key"), member.get("Value"), member.len()) {
            (Some(key), Some(value), 2) => {
                violations.text(key, &place("key"), (1, 128), (is_tag, PATTERN));
                violations.text(value, &place("value"), (0, 256), (is_tag, PATTERN));
                tags.push(((*key).to_owned(), (*value).to_owned()));
            }
            (None, ..) => violations.add(None, &place("key"), "not be null"),
            (_, None, _) => violations.add(None, &place("value"), "not be null"),
            _ => {
                return Err(AwsError::new(
                    400,
                    "MalformedInput",
                    "A session tag has Key and Value, nothing else.",
                ));
            }
        }
    }
    Ok(tags)
}
