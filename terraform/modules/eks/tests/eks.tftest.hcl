mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "shop-test"
  region             = "eu-west-1"
  kubernetes_version = "1.33"
  vpc_id             = "vpc-0123456789abcdef0"
  private_subnet_ids = ["subnet-a", "subnet-b", "subnet-c"]
  kms_key_arn        = "arn:aws:kms:eu-west-1:200000000002:key/data"
  log_kms_key_arn    = "arn:aws:kms:eu-west-1:200000000002:key/logs"
  is_active          = true
  node_groups = {
    general = { instance_types = ["m7i.large"], active = { min = 3, max = 12 }, passive = { min = 1, max = 12 } }
  }
  fargate_namespaces = ["shop"]
  access = {
    developer = { principal_arn = "arn:aws:iam::200000000002:role/portolan-job-developer", kubernetes_groups = ["portolan:developer"] }
    auditor   = { principal_arn = "arn:aws:iam::200000000002:role/portolan-job-auditor", policies = { AmazonEKSViewPolicy = ["shop"] } }
  }
  addon_versions = {
    vpc_cni            = "v1.20.0-eksbuild.1"
    coredns            = "v1.12.2-eksbuild.4"
    kube_proxy         = "v1.33.0-eksbuild.2"
    pod_identity_agent = "v1.3.8-eksbuild.2"
    ebs_csi_driver     = "v1.46.0-eksbuild.1"
    metrics_server     = "v0.8.0-eksbuild.1"
  }
}

run "closed_by_default" {
  command = apply
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "the API endpoint is private"
  }
  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "rights come from access entries alone"
  }
  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.kms_key_arn && contains(aws_eks_cluster.this.encryption_config[0].resources, "secrets")
    error_message = "secrets are encrypted with our key"
  }
  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.control_plane.retention_in_days == 365
    error_message = "all five logs, kept a year"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.api) == 0
    error_message = "nobody outside the cluster reaches the API unless named"
  }
  assert {
    condition     = aws_eks_access_policy_association.this["auditor/AmazonEKSViewPolicy"].access_scope[0].type == "namespace" && !contains(keys(aws_eks_access_policy_association.this), "developer")
    error_message = "the auditor views one namespace; the developer has groups and no AWS policy"
  }
  assert {
    condition     = aws_eks_access_entry.this["developer"].user_name == "portolan:developer:{{SessionName}}"
    error_message = "the Kubernetes audit log must carry the session name"
  }
  assert {
    condition = alltrue([for template in aws_launch_template.node :
    template.metadata_options[0].http_tokens == "required" && template.metadata_options[0].http_put_response_hop_limit == 1 && template.block_device_mappings[0].ebs[0].encrypted == "true"])
    error_message = "nodes: IMDSv2 out of pods' reach, encrypted volumes"
  }
  assert {
    condition     = toset(aws_eks_node_group.this["general"].subnet_ids) == toset(var.private_subnet_ids)
    error_message = "nodes spread over all zones"
  }
  assert {
    condition     = aws_eks_node_group.this["general"].scaling_config[0].min_size == 3
    error_message = "the active side has serving capacity"
  }
  assert {
    condition     = one([for selector in aws_eks_fargate_profile.burst[0].selector : selector.labels["portolan/burst"]]) == "true"
    error_message = "only pods that ask for it run on Fargate"
  }
  assert {
    condition = alltrue([for role in [aws_iam_role.cluster, aws_iam_role.node, aws_iam_role.fargate, aws_iam_role.ebs] :
    alltrue([for statement in jsondecode(role.assume_role_policy).Statement : endswith(statement.Principal.Service, ".amazonaws.com")])])
    error_message = "only AWS services assume the cluster's roles"
  }
  assert {
    condition     = can(jsondecode(aws_iam_role.fargate.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"])
    error_message = "the Fargate role is tied to this cluster's profiles"
  }
}

run "volumes_of_pods_use_our_key" {
  command = apply
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.ebs_key.policy).Statement :
    statement.Resource == [var.kms_key_arn] && length(statement.Condition) == 1])
    error_message = "the CSI driver uses this key, for volumes alone"
  }
}

run "standby_keeps_its_smaller_bounds" {
  command = plan
  variables { is_active = false }
  assert {
    condition     = aws_eks_node_group.this["general"].scaling_config[0].min_size == 1 && aws_eks_node_group.this["general"].scaling_config[0].max_size == 12
    error_message = "a standby is small and can grow"
  }
}

run "named_networks_open_the_endpoint_to_them_alone" {
  command = plan
  variables {
    public_endpoint_cidrs = ["192.0.2.0/24"]
    api_client_cidrs      = ["10.20.0.0/16"]
  }
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["192.0.2.0/24"])
    error_message = "public access is for the named networks"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.api["10.20.0.0/16"].from_port == 443
    error_message = "the peer's network reaches the API on HTTPS"
  }
}

run "refuses_the_world" {
  command = plan
  variables { public_endpoint_cidrs = ["0.0.0.0/0"] }
  expect_failures = [var.public_endpoint_cidrs]
}

run "refuses_masters" {
  command = plan
  variables {
    access = { root = { principal_arn = "arn:aws:iam::200000000002:role/x", kubernetes_groups = ["system:masters"] } }
  }
  expect_failures = [var.access]
}

run "refuses_a_standby_that_cannot_grow" {
  command = plan
  variables {
    node_groups = { general = { instance_types = ["m7i.large"], active = { min = 6, max = 12 }, passive = { min = 1, max = 3 } } }
  }
  expect_failures = [var.node_groups]
}

run "refuses_unpinned_addons" {
  command = plan
  variables {
    addon_versions = {
      vpc_cni            = "latest"
      coredns            = "v1.12.2-eksbuild.4"
      kube_proxy         = "v1.33.0-eksbuild.2"
      pod_identity_agent = "v1.3.8-eksbuild.2"
      ebs_csi_driver     = "v1.46.0-eksbuild.1"
      metrics_server     = "v0.8.0-eksbuild.1"
    }
  }
  expect_failures = [var.addon_versions]
}
