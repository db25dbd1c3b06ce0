# External Secrets in one cluster: brings named secrets of this region's Secrets Manager into Kubernetes, by a role that can read
# those and no others.

resource "aws_iam_role" "this" {
  name = "${var.cluster_name}-external-secrets-${var.region}"
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

resource "aws_iam_role_policy" "this" {
  name = "read-named-secrets"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadThisRegionsCopies"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [for name in var.secrets : "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${name}-??????"]
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = var.kms_key_arns
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_eks_pod_identity_association" "this" {
  cluster_name    = var.cluster_name
  namespace       = "external-secrets"
  service_account = "external-secrets"
  role_arn        = aws_iam_role.this.arn
}

resource "helm_release" "this" {
  name             = "external-secrets"
  namespace        = "external-secrets"
  create_namespace = true
  repository       = "https://charts.external-secrets.io"
  chart            = "external-secrets"
  version          = var.chart_version
  atomic           = true
  values           = [yamlencode({ installCRDs = true, replicaCount = 2, leaderElect = true, serviceAccount = { create = true, name = "external-secrets" } })]
  depends_on       = [aws_eks_pod_identity_association.this, aws_iam_role_policy.this]
}
