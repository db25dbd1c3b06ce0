# A table in both regions for one service, and the role with which that service's pods use it, within the boundary.

locals {
  table = "${var.environment}-${var.service}"
  tags  = { "portolan:environment" = var.environment, "portolan:service" = var.service, "portolan:change" = var.change }
}

module "table" {
  source       = "../../modules/dynamodb"
  name         = local.table
  regions      = var.regions
  kms_key_arns = var.kms_key_arns
  hash_key     = var.hash_key
}

resource "aws_iam_role" "service" {
  name                 = "${var.environment}-${var.service}"
  path                 = "/portolan/environment/"
  permissions_boundary = "arn:aws:iam::${var.account_id}:policy/portolan-environment-boundary"
  tags                 = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id, "aws:RequestTag/kubernetes-namespace" = var.namespace, "aws:RequestTag/kubernetes-service-account" = var.service }
        ArnEquals    = { "aws:SourceArn" = [for region in values(var.regions) : "arn:aws:eks:${region}:${var.account_id}:cluster/${var.cluster}"] }
      }
    }]
  })
}

resource "aws_iam_role_policy" "service" {
  name = "use-own-table"
  role = aws_iam_role.service.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "UseOwnTable"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:Query"]
        Resource = [for region in values(var.regions) : "arn:aws:dynamodb:${region}:${var.account_id}:table/${local.table}"]
      },
      {
        Sid       = "UseItsKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = values(var.kms_key_arns)
        Condition = { StringEquals = { "kms:ViaService" = [for region in values(var.regions) : "dynamodb.${region}.amazonaws.com"] } }
      },
    ]
  })
}

# In the provider's region. The peer region's root has its own association: the role is the same.
resource "aws_eks_pod_identity_association" "service" {
  cluster_name    = var.cluster
  namespace       = var.namespace
  service_account = var.service
  role_arn        = aws_iam_role.service.arn
  tags            = local.tags
}
