# Roles of the cluster's own parts. Workloads get theirs by Pod Identity, in the modules that install them;
# pods on Fargate, which Pod Identity does not reach, by the OIDC provider below.

locals {
  assumable_by = {
    for service in ["eks", "ec2", "eks-fargate-pods", "pods.eks"] : service => jsonencode({
      Version = "2012-10-17"
      Statement = [merge(
        {
          Effect    = "Allow"
          Action    = service == "pods.eks" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]
          Principal = { Service = "${service}.amazonaws.com" }
        },
        service == "eks-fargate-pods" ? {
          Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:eks:${var.region}:*:fargateprofile/${var.name}/*" } }
        } : {},
        service == "pods.eks" ? {
          Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:eks:${var.region}:*:cluster/${var.name}" } }
        } : {},
      )]
    })
  }

  managed = "arn:aws:iam::aws:policy"
}

resource "aws_iam_role" "cluster" {
  name               = "${var.name}-cluster-${var.region}"
  assume_role_policy = local.assumable_by["eks"]
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "${local.managed}/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "node" {
  name               = "${var.name}-node-${var.region}"
  assume_role_policy = local.assumable_by["ec2"]
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy", "AmazonSSMManagedInstanceCore"])
  role       = aws_iam_role.node.name
  policy_arn = "${local.managed}/${each.key}"
}

resource "aws_iam_role" "fargate" {
  name               = "${var.name}-fargate-${var.region}"
  assume_role_policy = local.assumable_by["eks-fargate-pods"]
}

resource "aws_iam_role_policy_attachment" "fargate" {
  role       = aws_iam_role.fargate.name
  policy_arn = "${local.managed}/AmazonEKSFargatePodExecutionRolePolicy"
}

resource "aws_iam_role" "ebs" {
  name               = "${var.name}-ebs-csi-${var.region}"
  assume_role_policy = local.assumable_by["pods.eks"]
}

resource "aws_iam_role_policy_attachment" "ebs" {
  role       = aws_iam_role.ebs.name
  policy_arn = "${local.managed}/service-role/AmazonEBSCSIDriverPolicy"
}

# Volumes of pods are encrypted with our key (storage class gp3 of modules/cluster-addons), which AWS's policy does not cover.
resource "aws_iam_role_policy" "ebs_key" {
  name = "encrypt-volumes"
  role = aws_iam_role.ebs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UseTheKeyForVolumes"
        Effect    = "Allow"
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "ec2.${var.region}.amazonaws.com" } }
      },
      {
        Sid       = "LetEc2AttachThem"
        Effect    = "Allow"
        Action    = ["kms:CreateGrant"]
        Resource  = [var.kms_key_arn]
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
