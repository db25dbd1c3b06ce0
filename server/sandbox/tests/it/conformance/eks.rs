//! EKS, right and wrong, by the Rust SDK.

use super::*;

pub(super) async fn eks(sandbox: &Sandbox) {
    let config = sdk(sandbox, workloads(sandbox).await, IRELAND, 1).await;
    let eks = aws_sdk_eks::Client::new(&config);
    let answer = eks
        .describe_cluster()
        .name("shop-dev")
        .send()
        .await
        .expect("allowed");
    let cluster = answer.cluster().expect("a cluster");
    assert_eq!(
        cluster.status(),
        Some(&aws_sdk_eks::types::ClusterStatus::Active)
    );
    assert_eq!(
        cluster.arn(),
        Some("arn:aws:eks:eu-west-1:200000000002:cluster/shop-dev")
    );
    assert_eq!(
        cluster.endpoint(),
        Some(
            format!(
                "{}/clusters/200000000002/eu-west-1/shop-dev",
                sandbox.kubernetes_url()
            )
            .as_str()
        )
    );
    assert!(
        cluster
            .certificate_authority()
            .and_then(|ca| ca.data())
            .is_some()
    );
    assert!(cluster.created_at().is_some());

    let missing = eks.describe_cluster().name("nothing").send().await;
    let error = missing.expect_err("no such cluster").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert_eq!(error.message(), Some("No cluster found for name: nothing."));
    let elsewhere =
        aws_sdk_eks::Client::new(&sdk(sandbox, workloads(sandbox).await, FRANKFURT, 1).await);
    assert_eq!(
        code(elsewhere.describe_cluster().name("shop-dev").send().await).0,
        "ResourceNotFoundException"
    );
    assert_eq!(
        elsewhere
            .list_clusters()
            .send()
            .await
            .expect("allowed")
            .clusters(),
        ["shop-staging"]
    );
    assert_eq!(
        code(eks.describe_cluster().name("a/b c").send().await).0,
        "InvalidParameterException"
    );

    let page = eks
        .list_clusters()
        .max_results(1)
        .send()
        .await
        .expect("allowed");
    assert_eq!(
        (page.clusters(), page.next_token().is_some()),
        (["shop-dev".to_owned()].as_slice(), true)
    );
    let page = eks
        .list_clusters()
        .max_results(1)
        .set_next_token(page.next_token)
        .send()
        .await
        .expect("allowed");
    assert_eq!(
        (page.clusters(), page.next_token()),
        (["shop-staging".to_owned()].as_slice(), None)
    );
    assert_eq!(
        code(eks.list_clusters().max_results(101).send().await).0,
        "InvalidParameterException"
    );
    assert_eq!(
        code(eks.list_clusters().next_token("made up").send().await).0,
        "InvalidParameterException"
    );

    // Denials: by the role's own policy, by its boundary, by the session policy.
    let sts_client = sts(sandbox, root()).await;
    let bounded = sts_client
        .assume_role()
        .role_arn("arn:aws:iam::200000000002:role/bounded")
        .role_session_name("step-1");
    let bounded = session(
        bounded
            .send()
            .await
            .expect("trusted")
            .credentials()
            .expect("credentials"),
    );
    let config = sdk(sandbox, bounded, IRELAND, 1).await;
    let who = "User: arn:aws:sts::200000000002:assumed-role/bounded/step-1 is not authorized to perform: ";
    let (refused, message) = code(
        aws_sdk_eks::Client::new(&config)
            .list_clusters()
            .send()
            .await,
    );
    assert_eq!(refused, "AccessDeniedException");
    let on = "eks:ListClusters on resource: arn:aws:eks:eu-west-1:200000000002:cluster/*";
    assert_eq!(
        message,
        format!("{who}{on} with an explicit deny in an identity-based policy")
    );
    let (refused, message) = code(
        aws_sdk_ecr::Client::new(&config)
            .describe_repositories()
            .send()
            .await,
    );
    assert_eq!(refused, "AccessDeniedException");
    let on =
        "ecr:DescribeRepositories on resource: arn:aws:ecr:eu-west-1:200000000002:repository/*";
    assert_eq!(
        message,
        format!(
            "{who}{on} because no permissions boundary allows the ecr:DescribeRepositories action"
        )
    );

    let narrow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"eks:DescribeCluster","Resource":"arn:aws:eks:eu-west-1:200000000002:cluster/shop-dev"}]}"#;
    let narrow = sts_client
        .assume_role()
        .role_arn(OPEN)
        .role_session_name("step-2")
        .policy(narrow)
        .send()
        .await
        .expect("narrowed");
    let eks = aws_sdk_eks::Client::new(
        &sdk(
            sandbox,
            session(narrow.credentials().expect("credentials")),
            IRELAND,
            1,
        )
        .await,
    );
    eks.describe_cluster()
        .name("shop-dev")
        .send()
        .await
        .expect("inside the session policy");
    let (_, message) = code(eks.describe_cluster().name("shop-staging").send().await);
    assert_eq!(
        message,
        "User: arn:aws:sts::200000000002:assumed-role/open/step-2 is not authorized to perform: eks:DescribeCluster on resource: \
         arn:aws:eks:eu-west-1:200000000002:cluster/shop-staging because no session policy allows the eks:DescribeCluster action"
    );
}
