mock_provider "aws" {
  source = "../../mocks"
}
mock_provider "helm" {}
mock_provider "kubernetes" {}

variables {
  cluster_name           = "shop-test"
  account_id             = "200000000002"
  region                 = "eu-west-1"
  vpc_id                 = "vpc-0123456789abcdef0"
  node_role_arn          = "arn:aws:iam::200000000002:role/shop-test-node-eu-west-1"
  application_namespaces = ["shop"]
}

run "controllers_have_narrow_roles" {
  command = apply
  assert {
    condition = alltrue([for role in aws_iam_role.this :
      jsondecode(role.assume_role_policy).Statement[0].Principal.Service == "pods.eks.amazonaws.com"
    && jsondecode(role.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:eks:eu-west-1:200000000002:cluster/shop-test"])
    error_message = "only pods of this cluster assume the controllers' roles"
  }
  assert {
    condition = alltrue(flatten([for policy in aws_iam_role_policy.this : [for statement in jsondecode(policy.policy).Statement :
      contains(flatten([statement.Resource]), "*") ? alltrue([for action in flatten([statement.Action]) : can(regex(":(Describe|Get|List)", action))]) : true
    ]]))
    error_message = "the resource * is for looking only"
  }
  assert {
    condition = alltrue([for name in ["cluster-autoscaler", "aws-load-balancer-controller"] : anytrue([
    for statement in jsondecode(aws_iam_role_policy.this[name].policy).Statement : can(regex("shop-test", jsonencode(statement.Condition)))])])
    error_message = "what the controllers change is tied to this cluster"
  }
  assert {
    condition     = length(helm_release.karpenter) == 0 && length(helm_release.cluster_autoscaler) == 1 && length(aws_sqs_queue.interruptions) == 0
    error_message = "one autoscaler, not two"
  }
  assert {
    condition = alltrue(flatten([for role in kubernetes_role_v1.this : [for rule in role.rule :
    !contains(rule.resources, "secrets") && !contains(rule.resources, "pods/exec") && !contains(rule.verbs, "*") && !contains(rule.verbs, "create")]]))
    error_message = "no job role reads secrets, execs into pods, or creates"
  }
  assert {
    condition = alltrue(flatten([for key, role in kubernetes_role_v1.this : [for rule in role.rule :
    length(setsubtract(rule.verbs, ["get", "list", "watch"])) == 0] if can(regex("auditor|observer", key))]))
    error_message = "auditor and observer only read"
  }
  assert {
    condition     = kubernetes_role_binding_v1.this["shop/portolan:developer"].subject[0].name == "portolan:developer"
    error_message = "the binding is for the group of the access entry"
  }
  assert {
    condition     = kubernetes_namespace_v1.application["shop"].metadata[0].labels["pod-security.kubernetes.io/enforce"] == "restricted"
    error_message = "applications run restricted"
  }
}

run "karpenter_instead" {
  command = plan
  variables { autoscaler = "karpenter" }
  assert {
    condition     = length(helm_release.karpenter) == 1 && length(helm_release.cluster_autoscaler) == 0 && length(aws_cloudwatch_event_rule.interruptions) == 4
    error_message = "Karpenter comes with the events it must hear"
  }
  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.this["karpenter"].policy).Statement : statement.Resource
    if statement.Action == "iam:PassRole"]) == var.node_role_arn
    error_message = "Karpenter passes the node role and no other"
  }
}

run "refuses_the_platforms_own_namespace" {
  command = plan
  variables { application_namespaces = ["kube-system"] }
  expect_failures = [var.application_namespaces]
}
