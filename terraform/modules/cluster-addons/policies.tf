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
        # The template was made by the statement below; starting from it asks for the tag it has, not for one in the request.
        Sid       = "StartFromOwnTemplates"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances", "ec2:CreateFleet"]
        Resource  = "arn:aws:ec2:${var.region}:${var.account_id}:launch-template/*"
        Condition = { StringEquals = { "aws:ResourceTag/${local.cluster_tag}" = "owned" } }
      },
      {
        Sid    = "StartOnlyTagged"
        Effect = "Allow"
        Action = ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"]
        Resource = [for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] :
        "arn:aws:ec2:${var.region}:${var.account_id}:${kind}/*"]
        Condition = { StringEquals = { "aws:RequestTag/${local.cluster_tag}" = "owned" } }
      },
      {
        Sid    = "TagWhatIsStarted"
        Effect = "Allow"
        Action = "ec2:CreateTags"
        Resource = [for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] :
        "arn:aws:ec2:${var.region}:${var.account_id}:${kind}/*"]
        Condition = { StringEquals = { "aws:RequestTag/${local.cluster_tag}" = "owned", "ec2:CreateAction" = ["RunInstances", "CreateFleet", "CreateLaunchTemplate"] } }
      },
      {
        Sid      = "NameOurNodes"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "arn:aws:ec2:${var.region}:${var.account_id}:instance/*"
        Condition = {
          StringEquals                = { "aws:ResourceTag/${local.cluster_tag}" = "owned" }
          "ForAllValues:StringEquals" = { "aws:TagKeys" = ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"] }
        }
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
      # Names and paths of instance profiles are Karpenter's to choose; its tags say whose they are.
      {
        Sid       = "MakeInstanceProfiles"
        Effect    = "Allow"
        Action    = ["iam:CreateInstanceProfile", "iam:TagInstanceProfile"]
        Resource  = "arn:aws:iam::${var.account_id}:instance-profile/*"
        Condition = { StringEquals = { "aws:RequestTag/${local.cluster_tag}" = "owned", "aws:RequestTag/topology.kubernetes.io/region" = var.region } }
      },
      {
        Sid       = "OwnInstanceProfiles"
        Effect    = "Allow"
        Action    = ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"]
        Resource  = "arn:aws:iam::${var.account_id}:instance-profile/*"
        Condition = { StringEquals = { "aws:ResourceTag/${local.cluster_tag}" = "owned", "aws:ResourceTag/topology.kubernetes.io/region" = var.region } }
      },
      {
        Sid      = "LookAtInstanceProfiles"
        Effect   = "Allow"
        Action   = ["iam:GetInstanceProfile"]
        Resource = "arn:aws:iam::${var.account_id}:instance-profile/*"
      },
      {
        Sid      = "ListInstanceProfiles" # which AWS ties to no resource
        Effect   = "Allow"
        Action   = ["iam:ListInstanceProfiles"]
        Resource = "*"
      },
      {
        Sid      = "HearInterruptions"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:${var.region}:${var.account_id}:${var.cluster_name}-interruptions"
      },
    ]
  }
}
