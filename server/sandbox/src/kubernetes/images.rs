//! Which images a node can pull: those that the registry of the image's own account and region holds now.

use crate::aws;

/// The digest that an image reference stands for, when it can be pulled.
pub(crate) fn resolve(aws: &aws::State, image: &str) -> Option<String> {
    let (registry, rest) = image.split_once('/')?;
    let (account, host) = registry.split_once('.')?;
    let region = host
        .strip_prefix("dkr.ecr.")?
        .strip_suffix(".amazonaws.com")?;
    let (tagged, digest) = match rest.split_once('@') {
        Some((tagged, digest)) => (tagged, Some(digest)),
        None => (rest, None),
    };
    // `repository:tag@digest` is allowed, and the digest decides.
    let (repository, tag) = match tagged.rsplit_once(':') {
        Some((repository, tag)) => (repository, tag),
        None => (tagged, "latest"),
    };
    let key = (account.to_owned(), region.to_owned(), repository.to_owned());
    aws.repositories
        .get(&key)?
        .iter()
        .find(|image| match digest {
            Some(digest) => image.digest == digest,
            None => image.tags.iter().any(|have| have == tag),
        })
        .map(|image| image.digest.clone())
}

/// At seed everything runs already: its images are on the nodes.
pub(crate) fn cached(image: &str) -> Option<String> {
    image.split_once('@').map(|(_, digest)| digest.to_owned())
}
