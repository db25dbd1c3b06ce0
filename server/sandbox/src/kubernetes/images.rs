//! Which images a node can pull: those that the registry of the image's own account and region holds.

use crate::world::description::{Description, image_digest};

/// The digest that an image reference stands for, when it can be pulled.
pub(crate) fn resolve(world: &Description, image: &str) -> Option<String> {
    let (registry, rest) = image.split_once('/')?;
    let (account, host) = registry.split_once('.')?;
    let region = host
        .strip_prefix("dkr.ecr.")?
        .strip_suffix(".amazonaws.com")?;
    if !world.registry.accounts.iter().any(|known| known == account) {
        return None;
    }
    let (repository, wanted) = match rest.split_once('@') {
        Some((repository, digest)) => (repository, Err(digest)),
        None => {
            let (repository, tag) = rest.rsplit_once(':')?;
            (repository, Ok(tag))
        }
    };
    // `repository:tag@digest` is allowed, and the digest decides.
    let repository = repository.split(':').next()?;
    let name = repository.strip_prefix(&format!("{}/", world.registry.prefix))?;
    let service = world.services.iter().find(|service| service.name == name)?;
    service
        .versions
        .iter()
        .filter(|version| version.regions.iter().any(|known| known == region))
        .map(|version| (&version.version, image_digest(name, &version.version)))
        .find(|(tag, digest)| match wanted {
            Ok(wanted) => *tag == wanted,
            Err(wanted) => digest == wanted,
        })
        .map(|(_, digest)| digest)
}
