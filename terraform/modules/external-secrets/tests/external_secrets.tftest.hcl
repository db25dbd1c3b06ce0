mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "helm" {}

variables {
  cluster_name = "shop-platform"
  account_id   = "100000000001"
  region       = "eu-central-1"
  secrets      = ["portolan/application", "portolan/owner"]
  kms_key_arns = ["arn:aws:kms:eu-central-1:100000000001:key/mrk-1"]
}

run "reads_the_named_ones_here" {
  command = apply
  assert {
    condition = toset(jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource) == toset([
      "arn:aws:secretsmanager:eu-central-1:100000000001:secret:portolan/application-??????", "arn:aws:secretsmanager:eu-central-1:100000000001:secret:portolan/owner-??????",
    ])
    error_message = "these secrets, whole names, this region's copies"
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action])) == toset(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "kms:Decrypt"])
    error_message = "reading and nothing else"
  }
  assert {
    condition = (jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Service == "pods.eks.amazonaws.com"
    && jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:eks:eu-central-1:100000000001:cluster/shop-platform")
    error_message = "pods of this cluster and of no other take the role"
  }
  assert {
    condition     = aws_eks_pod_identity_association.this.service_account == yamldecode(helm_release.this.values[0]).serviceAccount.name && aws_eks_pod_identity_association.this.namespace == helm_release.this.namespace
    error_message = "the chart's service account is the one the association is for"
  }
}

run "refuses_a_pattern" {
  command = plan
  variables { secrets = ["portolan/*"] }
  expect_failures = [var.secrets]
}

run "refuses_the_other_regions_key" {
  command = plan
  variables { kms_key_arns = ["arn:aws:kms:eu-west-1:100000000001:key/mrk-1"] }
  expect_failures = [var.kms_key_arns]
}
