# Rights of the two controllers. Every call that changes something is tied to this cluster, by ARN or by tag.

locals {
  # Terraform makes load balancers and listeners; and open pods to them; the controller registers pods.
  load_balancer_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcs",
          "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
          "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetHealth",
        ]
        Resource = "*"
      },
      {
        Sid      = "BindPods"
        Effect   = "Allow"
        Action   = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
        Resource = "arn:aws:elasticloadbalancing:${var.region}:${var.account_id}:targetgroup/*/*"
        Condition = {
          StringEquals = { "aws:ResourceTag/portolan:cluster" = var.cluster_name }
        }
      },
    ]
  }

  cluster_autoscaler_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "autoscaling:DescribeLaunchConfigurations",
          "autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags", "ec2:DescribeImages", "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions", "ec2:GetInstanceTypesFromInstanceRequirements", "eks:DescribeNodegroup",
        ]
        Resource = "*"
      },
      {
        Sid       = "ScaleThisClustersGroups"
        Effect    = "Allow"
        Action    = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource  = "arn:aws:autoscaling:${var.region}:${var.account_id}:autoScalingGroup:*"
        Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.cluster_name}" = "owned" } }
      },
    ]
  }

  cluster_tag = "kubernetes.io/cluster/${var.cluster_name}"

  karpenter_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "ec2:DescribeCapacityReservations", "ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplates", "ec2:DescribeSecurityGroups", "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets", "pricing:GetProducts",
        ]
        Resource = "*"
      },
      {
        Sid      = "ReadImagesAndCluster"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter", "eks:DescribeCluster"]
        Resource = ["arn:aws:ssm:${var.region}::parameter/aws/service/*", "arn:aws:eks:${var.region}:${var.account_id}:cluster/${var.cluster_name}"]
      },
      {
        Sid    = "StartFrom"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource = [
          "arn:aws:ec2:${var.region}::image/*", "arn:aws:ec2:${var.region}::snapshot/*", "arn:aws:ec2:${var.region}:${var.account_id}:security-group/*",
          "arn:aws:ec2:${var.region}:${var.account_id}:subnet/*", "arn:aws:ec2:${var.region}:${var.account_id}:capacity-reservation/*",
        ]
      },
      {
        Sid    = "StartOnlyTagged"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:CreateTags"]
        Resource = [for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] :
        "arn:aws:ec2:${var.region}:${var.account_id}:${kind}/*"]
        Condition = { StringEquals = { "aws:RequestTag/${local.cluster_tag}" = "owned" } }
      },
      {
        Sid       = "StopOnlyOurs"
        Effect    = "Allow"
        Action    = ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"]
        Resource  = [for kind in ["instance", "launch-template"] : "arn:aws:ec2:${var.region}:${var.account_id}:${kind}/*"]
        Condition = { StringEquals = { "aws:ResourceTag/${local.cluster_tag}" = "owned" } }
      },
      {
        Sid       = "GiveNodesTheirRoleAndNoOther"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.node_role_arn
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      },
      {
        Sid      = "OwnInstanceProfiles"
        Effect   = "Allow"
        Action   = ["iam:CreateInstanceProfile", "iam:TagInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile", "iam:GetInstanceProfile"]
        Resource = "arn:aws:iam::${var.account_id}:instance-profile/${var.cluster_name}_*"
      },
      {
        Sid      = "HearInterruptions"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:${var.region}:${var.account_id}:${var.cluster_name}-interruptions"
      },
    ]
  }
}
