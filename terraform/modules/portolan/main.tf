# Portolan in one region's cluster: identity, secrets, the chart.

locals {
  namespace = "portolan"
  # Kubernetes secret => secret in Secrets Manager, replicated to this region.
  secrets = { portolan = "portolan/application", portolan-owner = "portolan/owner" }

  config = templatefile("${path.module}/portolan.toml.tftpl", {
    host         = var.host
    oidc         = var.oidc
    jenkins_url  = var.jenkins_url
    region_pair  = var.region_pair
    environments = var.environments
  })
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = local.namespace
    labels = { "pod-security.kubernetes.io/enforce" = "restricted" }
  }
}

# --- Identity: the base role, which can only become others -------------------------------------------------

resource "aws_eks_pod_identity_association" "portal" {
  cluster_name    = var.cluster_name
  namespace       = kubernetes_namespace_v1.this.metadata[0].name
  service_account = "portolan"
  role_arn        = var.portal_role_arn
}

# --- Secrets, by a role of their own -----------------------------------------------------------------------

resource "aws_iam_role" "secrets" {
  name = "${var.cluster_name}-portolan-secrets-${var.region}"
  assume_role_policy = jsonencode({
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
}

resource "aws_iam_role_policy" "secrets" {
  name = "read-portolan-secrets"
  role = aws_iam_role.secrets.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadThisRegionsCopies"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [for name in values(local.secrets) : "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${name}-*"]
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [var.secret_kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_eks_pod_identity_association" "secrets" {
  cluster_name    = var.cluster_name
  namespace       = "external-secrets"
  service_account = "external-secrets"
  role_arn        = aws_iam_role.secrets.arn
}

resource "helm_release" "external_secrets" {
  name             = "external-secrets"
  namespace        = "external-secrets"
  create_namespace = true
  repository       = "https://charts.external-secrets.io"
  chart            = "external-secrets"
  version          = var.external_secrets_version
  atomic           = true
  values           = [yamlencode({ replicaCount = 2, leaderElect = true, serviceAccount = { name = "external-secrets" } })]
  depends_on       = [aws_eks_pod_identity_association.secrets]
}

resource "helm_release" "secrets" {
  name       = "portolan-secrets"
  namespace  = kubernetes_namespace_v1.this.metadata[0].name
  chart      = "${path.module}/../../charts/portolan-secrets"
  values     = [yamlencode({ region = var.region, secrets = local.secrets })]
  depends_on = [helm_release.external_secrets]
}

# --- The portal --------------------------------------------------------------------------------------------

resource "helm_release" "portolan" {
  name      = "portolan"
  namespace = kubernetes_namespace_v1.this.metadata[0].name
  chart     = "${path.module}/../../charts/portolan"
  atomic    = true
  timeout   = 900
  values = [yamlencode({
    image             = { reference = var.image }
    region            = var.region
    config            = local.config
    targetGroupArn    = var.target_group_arn
    loadBalancerCidrs = var.load_balancer_cidrs
  })]
  depends_on = [helm_release.secrets, aws_eks_pod_identity_association.portal]
}
