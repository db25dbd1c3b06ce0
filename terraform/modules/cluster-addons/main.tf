# What every cluster runs besides applications: the load balancer controller, one autoscaler, and the RBAC of job roles.

locals {
  pods_may_assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:eks:${var.region}:${var.account_id}:cluster/${var.cluster_name}" }
      }
    }]
  })

  service_accounts = {
    aws-load-balancer-controller = jsonencode(local.load_balancer_policy)
    (var.autoscaler) = {
      karpenter          = jsonencode(local.karpenter_policy)
      cluster-autoscaler = jsonencode(local.cluster_autoscaler_policy)
    }[var.autoscaler]
  }
}

resource "aws_iam_role" "this" {
  for_each           = local.service_accounts
  name               = "${var.cluster_name}-${each.key}-${var.region}"
  assume_role_policy = local.pods_may_assume
}

resource "aws_iam_role_policy" "this" {
  for_each = local.service_accounts
  name     = each.key
  role     = aws_iam_role.this[each.key].id
  policy   = each.value
}

resource "aws_eks_pod_identity_association" "this" {
  for_each        = local.service_accounts
  cluster_name    = var.cluster_name
  namespace       = "kube-system"
  service_account = each.key
  role_arn        = aws_iam_role.this[each.key].arn
}

# --- Volumes -----------------------------------------------------------------------------------------------

# EKS brings no default class that the CSI driver serves.
resource "kubernetes_storage_class_v1" "gp3" {
  metadata {
    name        = "gp3"
    annotations = { "storageclass.kubernetes.io/is-default-class" = "true" }
  }
  storage_provisioner    = "ebs.csi.aws.com"
  volume_binding_mode    = "WaitForFirstConsumer" # the volume is made in the zone where the pod runs
  reclaim_policy         = "Delete"
  allow_volume_expansion = true
  parameters             = { type = "gp3", encrypted = "true", kmsKeyId = var.kms_key_arn }
}

# --- Charts ------------------------------------------------------------------------------------------------

resource "helm_release" "load_balancer_controller" {
  name       = "aws-load-balancer-controller"
  namespace  = "kube-system"
  repository = "https://aws.github.io/eks-charts"
  chart      = "aws-load-balancer-controller"
  version    = var.chart_versions.load_balancer_controller
  atomic     = true
  values = [yamlencode({
    clusterName    = var.cluster_name
    region         = var.region
    vpcId          = var.vpc_id
    replicaCount   = 2
    serviceAccount = { create = true, name = "aws-load-balancer-controller" }
    # Terraform owns the load balancers; the controller binds pods to their target groups and makes none of its own.
    ingressClassConfig = { default = false }
    # The hook on Services only serves balancers the controller makes; while the controller starts it would refuse every other chart's Service.
    enableServiceMutatorWebhook = false
    defaultTags                 = { "portolan:cluster" = var.cluster_name }
  })]
  depends_on = [aws_eks_pod_identity_association.this]
}

resource "helm_release" "cluster_autoscaler" {
  count      = var.autoscaler == "cluster-autoscaler" ? 1 : 0
  name       = "cluster-autoscaler"
  namespace  = "kube-system"
  repository = "https://kubernetes.github.io/autoscaler"
  chart      = "cluster-autoscaler"
  version    = var.chart_versions.cluster_autoscaler
  atomic     = true
  values = [yamlencode({
    autoDiscovery = { clusterName = var.cluster_name }
    awsRegion     = var.region
    replicaCount  = 2
    rbac          = { serviceAccount = { create = true, name = "cluster-autoscaler" } }
    extraArgs     = { balance-similar-node-groups = true, expander = "least-waste", skip-nodes-with-system-pods = false }
  })]
  depends_on = [aws_eks_pod_identity_association.this]
}

resource "helm_release" "karpenter" {
  count      = var.autoscaler == "karpenter" ? 1 : 0
  name       = "karpenter"
  namespace  = "kube-system"
  repository = "oci://public.ecr.aws/karpenter"
  chart      = "karpenter"
  version    = var.chart_versions.karpenter
  atomic     = true
  values = [yamlencode({
    replicas       = 2
    serviceAccount = { create = true, name = "karpenter" }
    settings = {
      clusterName       = var.cluster_name
      interruptionQueue = aws_sqs_queue.interruptions[0].name
    }
  })]
  depends_on = [aws_eks_pod_identity_association.this]
}

# Karpenter's own objects, as a chart of ours: a manifest resource would need Karpenter's types to exist at plan.
resource "helm_release" "node_pool" {
  count     = var.autoscaler == "karpenter" ? 1 : 0
  name      = "node-pool"
  namespace = "kube-system"
  chart     = "${path.module}/charts/node-pool"
  values = [yamlencode({
    clusterName  = var.cluster_name
    nodeRoleName = element(split("/", var.node_role_arn), 1)
  })]
  depends_on = [helm_release.karpenter]
}

# --- What Karpenter must hear of: spot interruptions and maintenance ---------------------------------------

resource "aws_sqs_queue" "interruptions" {
  count                     = var.autoscaler == "karpenter" ? 1 : 0
  name                      = "${var.cluster_name}-interruptions"
  message_retention_seconds = 300
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "interruptions" {
  count     = var.autoscaler == "karpenter" ? 1 : 0
  queue_url = aws_sqs_queue.interruptions[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.interruptions[0].arn
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:events:${var.region}:${var.account_id}:rule/${var.cluster_name}-karpenter-*" } }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "interruptions" {
  for_each = var.autoscaler == "karpenter" ? {
    spot      = { source = ["aws.ec2"], detail-type = ["EC2 Spot Instance Interruption Warning"] }
    rebalance = { source = ["aws.ec2"], detail-type = ["EC2 Instance Rebalance Recommendation"] }
    state     = { source = ["aws.ec2"], detail-type = ["EC2 Instance State-change Notification"] }
    health    = { source = ["aws.health"], detail-type = ["AWS Health Event"] }
  } : {}
  name          = "${var.cluster_name}-karpenter-${each.key}"
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "interruptions" {
  for_each = aws_cloudwatch_event_rule.interruptions
  rule     = each.value.name
  arn      = aws_sqs_queue.interruptions[0].arn
}
