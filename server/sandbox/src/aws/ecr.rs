//! ECR: `DescribeImages`, `DescribeRepositories`, `BatchGetImage`, JSON 1.1, one registry per account and region.
use axum::http::Method;
use serde_json::{Map, Value, json};

use super::Asked;
use super::authorize::authorize;
use super::error::{AwsError, Protocol};
use super::page;
use super::state::{Image, State};
use crate::world::World;

const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn serve(asked: &mut Asked<'_>) -> Result<String, AwsError> {
    let target = asked
        .message
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let unknown = || {
        AwsError::not_served(format_args!(
            "ecr: {} with X-Amz-Target {target:?}",
            asked.message.method
        ))
    };
    let operation = target
        .strip_prefix(TARGET)
        .filter(|_| asked.message.method == Method::POST)
        .ok_or_else(unknown)?;
    let handler: Handler = match operation {
        "DescribeImages" => describe_images,
        "DescribeRepositories" => describe_repositories,
        "BatchGetImage" => batch_get_image,
        _ => return Err(unknown()),
    };
    asked.operation = operation.to_owned();
    let Ok(Value::Object(input)) = serde_json::from_slice(asked.message.body) else {
        return Err(AwsError::new(
            400,
            "SerializationException",
            "The body is not a JSON object.",
        ));
    };
    asked.detail = Value::Object(input.clone());
    let call = Registry::of(asked, &input)?;
    let state = asked.world.lock();
    handler(&call, &state.aws, &input).map(|answer| answer.to_string())
}

type Handler = fn(&Registry<'_>, &State, &Map<String, Value>) -> Result<Value, AwsError>;

/// The registry that a call is about.
struct Registry<'a> {
    asked: &'a Asked<'a>,
    world: &'a World,
    account: String,
}

impl<'a> Registry<'a> {
    fn of(asked: &'a Asked<'a>, input: &Map<String, Value>) -> Result<Self, AwsError> {
        let own = &asked.caller.identity.account;
        let account = text(input, "registryId")?.unwrap_or_else(|| own.clone());
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(constraint(
                &account,
                "registryId",
                "satisfy regular expression pattern: [0-9]{12}",
            ));
        }
        Ok(Self {
            asked,
            world: asked.world,
            account,
        })
    }

    fn arn(&self, repository: &str) -> String {
        format!(
            "arn:aws:ecr:{}:{}:repository/{repository}",
            self.asked.region, self.account
        )
    }

    fn authorize(&self, state: &State, action: &str, repository: &str) -> Result<(), AwsError> {
        let Asked { caller, region, .. } = self.asked;
        let arn = self.arn(repository);
        authorize(
            state,
            caller,
            Protocol::Json11,
            (action, &arn),
            region,
            self.world.now(),
        )?;
        if self.account == caller.identity.account {
            return Ok(());
        }
        // Another account's registry needs a repository policy, and no repository here has one.
        let message = format!(
            "User: {} is not authorized to perform: {action} on resource: {arn} because no resource-based policy allows the {action} action",
            caller.identity.arn
        );
        Err(AwsError::access_denied(Protocol::Json11, message))
    }

    fn images<'s>(&self, state: &'s State, name: &str) -> Result<&'s [Image], AwsError> {
        let key = (
            self.account.clone(),
            self.asked.region.clone(),
            name.to_owned(),
        );
        state
            .repositories
            .get(&key)
            .map(Vec::as_slice)
            .ok_or_else(|| {
                let message = format!(
                    "The repository with name '{name}' does not exist in the registry with id '{}'",
                    self.account
                );
                AwsError::new(400, "RepositoryNotFoundException", message)
            })
    }
}

fn describe_images(
    call: &Registry<'_>,
    state: &State,
    input: &Map<String, Value>,
) -> Result<Value, AwsError> {
    let name = repository_name(input)?;
    let wanted = image_ids(input)?;
    let (most, token) = paging(input)?;
    let status = match input
        .get("filter")
        .and_then(|filter| filter.get("tagStatus"))
    {
        None => "ANY".to_owned(),
        Some(Value::String(status)) if matches!(status.as_str(), "TAGGED" | "UNTAGGED" | "ANY") => {
            status.clone()
        }
        Some(other) => {
            return Err(constraint(
                &other.to_string(),
                "filter.tagStatus",
                "satisfy enum value set: [TAGGED, UNTAGGED, ANY]",
            ));
        }
    };
    call.authorize(state, "ecr:DescribeImages", &name)?;
    if wanted.is_some() && (most.is_some() || token.is_some()) {
        return Err(invalid(
            "Invalid parameter: maxResults and nextToken cannot be used with imageIds",
        ));
    }
    let images = call.images(state, &name)?;
    let by_status = |image: &&Image| match status.as_str() {
        "TAGGED" => !image.tags.is_empty(),
        "UNTAGGED" => image.tags.is_empty(),
        _ => true,
    };
    let mut found: Vec<&Image> = Vec::new();
    match &wanted {
        None => found.extend(images.iter().filter(by_status)),
        Some(ids) => {
            for id in ids {
                let image = images.iter().find(|image| id.is(image)).ok_or_else(|| {
                    let message = format!(
                        "The image with imageId {id} does not exist within the repository with name '{name}' in the registry with id '{}'",
                        call.account
                    );
                    AwsError::new(400, "ImageNotFoundException", message)
                })?;
                if !found.iter().any(|seen| seen.digest == image.digest) && by_status(&image) {
                    found.push(image);
                }
            }
        }
    }
    let (shown, next) = page::cut(&found, most.unwrap_or(100), token.as_deref())
        .ok_or_else(|| invalid("Invalid parameter at 'nextToken'"))?;
    let view = |image: &&Image| {
        let mut view = json!({
            "registryId": call.account, "repositoryName": name, "imageDigest": image.digest,
            "imageSizeInBytes": 48_231_905, "imagePushedAt": image.pushed.as_second(),
            "imageManifestMediaType": MANIFEST, "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        });
        if !image.tags.is_empty() {
            view["imageTags"] = json!(image.tags);
        }
        view
    };
    Ok(with_next(
        json!({ "imageDetails": shown.iter().map(view).collect::<Vec<_>>() }),
        next,
    ))
}

fn describe_repositories(
    call: &Registry<'_>,
    state: &State,
    input: &Map<String, Value>,
) -> Result<Value, AwsError> {
    let names = match input.get("repositoryNames") {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) if (1..=100).contains(&list.len()) => {
            let names = list
                .iter()
                .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong_type));
            Some(names.collect::<Result<Vec<_>, _>>()?)
        }
        Some(_) => {
            return Err(invalid(
                "Invalid parameter at 'repositoryNames': it must be a list of 1 to 100 names",
            ));
        }
    };
    let (most, token) = paging(input)?;
    for name in names.as_deref().unwrap_or(&["*".to_owned()]) {
        call.authorize(state, "ecr:DescribeRepositories", name)?;
    }
    if names.is_some() && (most.is_some() || token.is_some()) {
        return Err(invalid(
            "Invalid parameter: maxResults and nextToken cannot be used with repositoryNames",
        ));
    }
    for name in names.iter().flatten() {
        call.images(state, name)?;
    }
    let all = names.unwrap_or_else(|| {
        let here = |(account, region, _): &&(String, String, String)| {
            *account == call.account && *region == call.asked.region
        };
        state
            .repositories
            .keys()
            .filter(here)
            .map(|(_, _, name)| name.clone())
            .collect()
    });
    let (shown, next) = page::cut(&all, most.unwrap_or(100), token.as_deref())
        .ok_or_else(|| invalid("Invalid parameter at 'nextToken'"))?;
    let view = |name: &String| {
        json!({
            "repositoryArn": call.arn(name), "registryId": call.account, "repositoryName": name,
            "repositoryUri": format!("{}.dkr.ecr.{}.amazonaws.com/{name}", call.account, call.asked.region),
            "createdAt": state.created.as_second(), "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": { "scanOnPush": false },
            "encryptionConfiguration": { "encryptionType": "AES256" },
        })
    };
    Ok(with_next(
        json!({ "repositories": shown.iter().map(view).collect::<Vec<_>>() }),
        next,
    ))
}

fn batch_get_image(
    call: &Registry<'_>,
    state: &State,
    input: &Map<String, Value>,
) -> Result<Value, AwsError> {
    let name = repository_name(input)?;
    let ids = image_ids(input)?.ok_or_else(|| required("imageIds"))?;
    call.authorize(state, "ecr:BatchGetImage", &name)?;
    let known = call.images(state, &name)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &ids {
        match known.iter().find(|image| id.is(image)) {
            None => failures.push(json!({
                "imageId": id.view(), "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
            })),
            Some(image) => images.push(json!({
                "registryId": call.account, "repositoryName": name,
                "imageId": { "imageDigest": image.digest, "imageTag": id.tag.as_ref().or(image.tags.first()) },
                // No layers exist here; the digest is that of the seed, not of this text.
                "imageManifest": json!({
                    "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                    "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": image.digest, "size": 2 },
                }).to_string(),
                "imageManifestMediaType": MANIFEST,
            })),
        }
    }
    Ok(json!({ "images": images, "failures": failures }))
}

/// `imageIds`: a digest, a tag, or both, which must then agree.
struct ImageId {
    digest: Option<String>,
    tag: Option<String>,
}

impl ImageId {
    fn is(&self, image: &Image) -> bool {
        self.digest
            .as_ref()
            .is_none_or(|digest| *digest == image.digest)
            && self.tag.as_ref().is_none_or(|tag| image.tags.contains(tag))
    }

    fn view(&self) -> Value {
        let mut view = json!({});
        if let Some(digest) = &self.digest {
            view["imageDigest"] = json!(digest);
        }
        if let Some(tag) = &self.tag {
            view["imageTag"] = json!(tag);
        }
        view
    }
}

impl std::fmt::Display for ImageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
        write!(
            f,
            "{{imageDigest:'{}', imageTag:'{}'}}",
            or_null(&self.digest),
            or_null(&self.tag)
        )
    }
}

fn image_ids(input: &Map<String, Value>) -> Result<Option<Vec<ImageId>>, AwsError> {
    let list = match input.get("imageIds") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) if (1..=100).contains(&list.len()) => list,
        Some(_) => {
            return Err(invalid(
                "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have 1 to 100 members'",
            ));
        }
    };
    let mut ids = Vec::with_capacity(list.len());
    for id in list {
        let id = id.as_object().ok_or_else(wrong_type)?;
        let id = ImageId {
            digest: text(id, "imageDigest")?,
            tag: text(id, "imageTag")?,
        };
        if id.digest.is_none() && id.tag.is_none() {
            return Err(invalid(
                "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Either imageDigest or imageTag must be given'",
            ));
        }
        if let Some(digest) = &id.digest
            && !digest
                .strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            return Err(invalid(
                "Invalid parameter at 'imageDigest' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+''",
            ));
        }
        ids.push(id);
    }
    Ok(Some(ids))
}

fn repository_name(input: &Map<String, Value>) -> Result<String, AwsError> {
    let name = text(input, "repositoryName")?.ok_or_else(|| required("repositoryName"))?;
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.chars().all(|c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
            })
    };
    if !(2..=256).contains(&name.len()) || !name.split('/').all(part) {
        return Err(invalid(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''",
        ));
    }
    Ok(name)
}

fn paging(input: &Map<String, Value>) -> Result<(Option<usize>, Option<String>), AwsError> {
    let most = match input.get("maxResults") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => {
            match number.as_u64().filter(|number| (1..=1000).contains(number)) {
                Some(number) => Some(usize::try_from(number).unwrap_or(1000)),
                None => {
                    return Err(constraint(
                        &number.to_string(),
                        "maxResults",
                        "have value between 1 and 1000",
                    ));
                }
            }
        }
        Some(_) => return Err(wrong_type()),
    };
    Ok((most, text(input, "nextToken")?))
}

fn text(input: &Map<String, Value>, name: &str) -> Result<Option<String>, AwsError> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong_type()),
    }
}

fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["nextToken"] = Value::String(next);
    }
    answer
}

fn wrong_type() -> AwsError {
    AwsError::new(
        400,
        "SerializationException",
        "A member of the input has the wrong type.",
    )
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

fn required(member: &str) -> AwsError {
    invalid(&format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

fn constraint(value: &str, member: &str, must: &str) -> AwsError {
    let value: String = value.chars().take(300).collect();
    invalid(&format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
    ))
}
