//! `ecr:DescribeImages`, by digest.

use aws_sdk_ecr::{operation::describe_images::DescribeImagesError, types::ImageIdentifier};
use domain::ImageDigest;
use jiff::Timestamp;

use super::{answer::Attempted, session::AwsSession};
use crate::outside::Failure;

const CALL: &str = "ecr:DescribeImages";

/// The images of a session's account and region.
#[derive(Clone, Copy, Debug)]
pub struct Images;

/// What ECR says of an image.
#[derive(Clone, Debug)]
pub struct Image {
    pub tags: Vec<String>,
    pub pushed_at: Option<Timestamp>,
}

impl Images {
    /// The image with this digest, or none when the registry does not hold it.
    pub async fn find(
        &self,
        session: &AwsSession,
        repository: &str,
        digest: &ImageDigest,
    ) -> Result<Option<Image>, Failure> {
        let record = session.record();
        let region = record.region.as_str();
        let answer = aws_sdk_ecr::Client::new(session.config())
            .describe_images()
            .registry_id(&record.account)
            .repository_name(repository)
            .image_ids(
                ImageIdentifier::builder()
                    .image_digest(digest.as_str())
                    .build(),
            )
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                return Ok(answer
                    .image_details()
                    .iter()
                    .find(|image| image.image_digest() == Some(digest.as_str()))
                    .map(|image| Image {
                        tags: image.image_tags().to_vec(),
                        pushed_at: image
                            .image_pushed_at()
                            .and_then(|at| Timestamp::from_second(at.secs()).ok()),
                    }));
            }
            Err(error) => error,
        };
        let service = error.as_service_error();
        if service.is_some_and(DescribeImagesError::is_image_not_found_exception) {
            return Ok(None);
        }
        let no_repository =
            service.is_some_and(DescribeImagesError::is_repository_not_found_exception);
        let resource = format!(
            "arn:aws:ecr:{region}:{}:repository/{repository}",
            record.account
        );
        let mut failure = Attempted {
            who: &session.who(),
            call: CALL,
            resource: &resource,
            region,
        }
        .failure(&error);
        if no_repository {
            failure.words = format!(
                "There is no ECR repository {repository} in {region} of account {}.",
                record.account
            );
        }
        Err(failure)
    }
}
