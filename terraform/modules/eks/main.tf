# One cluster in one region: control plane over three zones, nodes on Auto Scaling groups, burst on Fargate.

locals {
  capacity = { for name, group in var.node_groups : name => var.is_active ? group.active : group.passive }
}

# --- Control plane -----------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "control_plane" {
  name              = "/aws/eks/${var.name}/cluster" # EKS writes to exactly this name
  retention_in_days = 365
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_security_group" "api" {
  name        = "${var.name}-api-clients"
  description = "Private clients of the API server outside the cluster"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-api-clients" }
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  for_each          = toset(var.api_client_cidrs)
  security_group_id = aws_security_group.api.id
  description       = "Kubernetes API from ${each.key}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  version  = var.kubernetes_version
  role_arn = aws_iam_role.cluster.arn

  # A cluster whose creator is silently its administrator cannot be audited: every right is an access entry.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  vpc_config {
    subnet_ids              = var.private_subnet_ids
    security_group_ids      = [aws_security_group.api.id]
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_endpoint_cidrs) > 0
    public_access_cidrs     = length(var.public_endpoint_cidrs) > 0 ? var.public_endpoint_cidrs : null
  }

  encryption_config {
    resources = ["secrets"]
    provider { key_arn = var.kms_key_arn }
  }

  enabled_cluster_log_types     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  bootstrap_self_managed_addons = false

  upgrade_policy { support_type = "STANDARD" }
  zonal_shift_config { enabled = true }

  depends_on = [aws_cloudwatch_log_group.control_plane, aws_iam_role_policy_attachment.cluster]
}

# --- Access ------------------------------------------------------------------------------------------------

resource "aws_eks_access_entry" "this" {
  for_each          = var.access
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = each.value.principal_arn
  kubernetes_groups = each.value.kubernetes_groups
  # The session's name is the portal's step id, so the Kubernetes audit log joins with the portal's.
  user_name = "portolan:${each.key}:{{SessionName}}"
}

resource "aws_eks_access_policy_association" "this" {
  for_each = merge([
    for name, entry in var.access : {
      for policy, namespaces in entry.policies : "${name}/${policy}" => { name = name, policy = policy, namespaces = namespaces }
    }
  ]...)
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.value.name].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/${each.value.policy}"

  access_scope {
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
    namespaces = length(each.value.namespaces) > 0 ? each.value.namespaces : null
  }
}

# --- Node groups, each one Auto Scaling group over the three zones -----------------------------------------

resource "aws_launch_template" "node" {
  for_each               = var.node_groups
  name_prefix            = "${var.name}-${each.key}-"
  update_default_version = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # pods get their rights from Pod Identity, never from the node
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = each.value.disk_gib
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  monitoring { enabled = true }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-${each.key}" }
  }
}

resource "aws_eks_node_group" "this" {
  for_each             = var.node_groups
  cluster_name         = aws_eks_cluster.this.name
  node_group_name      = each.key
  node_role_arn        = aws_iam_role.node.arn
  subnet_ids           = var.private_subnet_ids
  version              = var.kubernetes_version
  ami_type             = "AL2023_x86_64_STANDARD"
  instance_types       = each.value.instance_types
  capacity_type        = each.value.capacity_type
  labels               = each.value.labels
  force_update_version = false

  scaling_config {
    min_size     = local.capacity[each.key].min
    max_size     = local.capacity[each.key].max
    desired_size = local.capacity[each.key].min
  }

  update_config { max_unavailable_percentage = 33 }
  node_repair_config { enabled = true }

  launch_template {
    id      = aws_launch_template.node[each.key].id
    version = aws_launch_template.node[each.key].latest_version
  }

  # How many run now is the autoscaler's and the failover runbook's business; the bounds are ours.
  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}

# --- Fargate -----------------------------------------------------------------------------------------------

resource "aws_eks_fargate_profile" "burst" {
  count                  = length(var.fargate_namespaces) > 0 ? 1 : 0
  cluster_name           = aws_eks_cluster.this.name
  fargate_profile_name   = "burst"
  pod_execution_role_arn = aws_iam_role.fargate.arn
  subnet_ids             = var.private_subnet_ids

  dynamic "selector" {
    for_each = toset(var.fargate_namespaces)
    content {
      namespace = selector.value
      labels    = { "portolan/burst" = "true" }
    }
  }
}

# --- Add-ons, pinned ---------------------------------------------------------------------------------------

# Nodes join only where a network plugin waits for them; the rest needs nodes to run on.
resource "aws_eks_addon" "before_nodes" {
  for_each = {
    vpc-cni                = var.addon_versions.vpc_cni
    kube-proxy             = var.addon_versions.kube_proxy
    eks-pod-identity-agent = var.addon_versions.pod_identity_agent
  }
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  configuration_values        = each.key == "vpc-cni" ? jsonencode({ enableNetworkPolicy = "true" }) : null
}

resource "aws_eks_addon" "after_nodes" {
  for_each = {
    coredns            = var.addon_versions.coredns
    aws-ebs-csi-driver = var.addon_versions.ebs_csi_driver
    metrics-server     = var.addon_versions.metrics_server
  }
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = each.key == "aws-ebs-csi-driver" ? [aws_iam_role.ebs.arn] : []
    content {
      role_arn        = pod_identity_association.value
      service_account = "ebs-csi-controller-sa"
    }
  }

  depends_on = [aws_eks_node_group.this]
}
