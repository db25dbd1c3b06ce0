//! ECR, right and wrong, by the Rust SDK.

use super::*;

pub(super) async fn ecr(sandbox: &Sandbox) {
    use aws_sdk_ecr::types::{DescribeImagesFilter, ImageIdentifier, TagStatus};
    let config = sdk(sandbox, workloads(sandbox).await, IRELAND, 1).await;
    let ecr = aws_sdk_ecr::Client::new(&config);
    let by_tag = |tag: &str| ImageIdentifier::builder().image_tag(tag).build();
    let digest = portolan_sandbox::world::description::image_digest("cart", "2.0.0");

    let all = ecr
        .describe_images()
        .repository_name("shop/cart")
        .send()
        .await
        .expect("allowed");
    assert_eq!(all.image_details().len(), 4);
    let one = ecr
        .describe_images()
        .repository_name("shop/cart")
        .image_ids(by_tag("2.0.0"))
        .send()
        .await
        .expect("there");
    let [image] = one.image_details() else {
        panic!("one image: {one:?}")
    };
    assert_eq!(
        (image.image_digest(), image.image_tags()),
        (Some(digest.as_str()), ["2.0.0".to_owned()].as_slice())
    );
    assert!(image.image_pushed_at().is_some());
    let by_digest = ImageIdentifier::builder().image_digest(&digest).build();
    ecr.describe_images()
        .repository_name("shop/cart")
        .image_ids(by_digest)
        .send()
        .await
        .expect("there");
    let untagged = DescribeImagesFilter::builder()
        .tag_status(TagStatus::Untagged)
        .build();
    let none = ecr
        .describe_images()
        .repository_name("shop/cart")
        .filter(untagged)
        .send()
        .await
        .expect("allowed");
    assert!(none.image_details().is_empty());
    let mut pages = ecr
        .describe_images()
        .repository_name("shop/cart")
        .into_paginator()
        .page_size(3)
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.expect("a page").image_details().len());
    }
    assert_eq!(sizes, [3, 1]);

    let other =
        aws_sdk_ecr::Client::new(&sdk(sandbox, workloads(sandbox).await, FRANKFURT, 1).await);
    let missing = other
        .describe_images()
        .repository_name("shop/cart")
        .image_ids(by_tag("2.0.0"))
        .send()
        .await;
    let error = missing.expect_err("not replicated").into_service_error();
    assert!(error.is_image_not_found_exception());
    assert_eq!(
        error.message(),
        Some(
            "The image with imageId {imageDigest:'null', imageTag:'2.0.0'} does not exist within the repository with name 'shop/cart' in the registry with id '200000000002'"
        )
    );
    let missing = ecr
        .describe_images()
        .repository_name("shop/nothing")
        .send()
        .await
        .expect_err("no such repository")
        .into_service_error();
    assert!(missing.is_repository_not_found_exception());
    assert_eq!(
        code(ecr.describe_images().repository_name("SHOP").send().await).0,
        "InvalidParameterException"
    );
    assert_eq!(
        code(
            ecr.describe_images()
                .repository_name("shop/cart")
                .max_results(1001)
                .send()
                .await
        )
        .0,
        "InvalidParameterException"
    );
    let mixed = ecr
        .describe_images()
        .repository_name("shop/cart")
        .image_ids(by_tag("1.0.0"))
        .max_results(1);
    assert_eq!(code(mixed.send().await).0, "InvalidParameterException");
    let foreign = ecr
        .describe_images()
        .repository_name("shop/cart")
        .registry_id("100000000001")
        .send()
        .await;
    assert!(
        code(foreign)
            .1
            .ends_with("because no resource-based policy allows the ecr:DescribeImages action")
    );

    let all = ecr.describe_repositories().send().await.expect("allowed");
    let names: Vec<_> = all
        .repositories()
        .iter()
        .filter_map(|repository| repository.repository_name())
        .collect();
    assert_eq!(names, ["shop/cart", "shop/payment"]);
    assert_eq!(
        all.repositories()[0].repository_uri(),
        Some("200000000002.dkr.ecr.eu-west-1.amazonaws.com/shop/cart")
    );
    let missing = ecr
        .describe_repositories()
        .repository_names("shop/nothing")
        .send()
        .await;
    assert!(
        missing
            .expect_err("none")
            .into_service_error()
            .is_repository_not_found_exception()
    );

    let got = ecr
        .batch_get_image()
        .repository_name("shop/cart")
        .image_ids(by_tag("1.0.0"))
        .image_ids(by_tag("9.9.9"));
    let got = got.send().await.expect("allowed");
    assert_eq!((got.images().len(), got.failures().len()), (1, 1));
    assert_eq!(
        got.failures()[0].failure_code(),
        Some(&aws_sdk_ecr::types::ImageFailureCode::ImageNotFound)
    );
    let missing = ecr
        .batch_get_image()
        .repository_name("shop/nothing")
        .image_ids(by_tag("1.0.0"))
        .send()
        .await;
    assert!(
        missing
            .expect_err("none")
            .into_service_error()
            .is_repository_not_found_exception()
    );
}
