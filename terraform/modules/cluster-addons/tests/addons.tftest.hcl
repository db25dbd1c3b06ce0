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
  kms_key_arn            = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
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
    !contains(rule.resources, "secrets") && !contains(rule.resources, "pods/exec") && !contains(rule.verbs, "*")]]))
    error_message = "no job role reads secrets or execs into pods"
  }
  assert {
    condition = alltrue(flatten([for key, role in kubernetes_role_v1.this : [for rule in role.rule :
      !contains(rule.verbs, "create") && (!contains(rule.verbs, "delete") || rule.resources == toset(["pods"])) || key == "shop/portolan:developer" && rule.api_groups == toset(["apps"]) && rule.resources == toset(["deployments"])
    ]]))
    error_message = "nobody creates or deletes anything but whoever deploys, and that Deployments"
  }
  assert {
    condition     = yamldecode(helm_release.canaries.values[0]).groups == ["portolan:developer"] && helm_release.canaries.atomic
    error_message = "whoever may create Deployments makes canaries only, which the policy says before the role is there"
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
  assert {
    condition     = kubernetes_storage_class_v1.gp3.storage_provisioner == "ebs.csi.aws.com" && kubernetes_storage_class_v1.gp3.parameters == tomap({ type = "gp3", encrypted = "true", kmsKeyId = var.kms_key_arn }) && kubernetes_storage_class_v1.gp3.metadata[0].name == "gp3"
    error_message = "volumes of pods have a class, encrypted with our key"
  }
  assert {
    condition     = yamldecode(helm_release.load_balancer_controller.values[0]).enableServiceMutatorWebhook == false
    error_message = "no other chart waits for the controller's hook"
  }
}

run "provisioning_hands_out_edit_and_no_more" {
  command = apply
  assert {
    condition     = toset(one([for rule in kubernetes_cluster_role_v1.provision.rule : rule.resource_names if contains(rule.verbs, "bind")])) == toset(["edit"])
    error_message = "whoever makes namespaces may bind edit alone"
  }
  assert {
    condition     = alltrue([for rule in kubernetes_cluster_role_v1.provision.rule : !contains(rule.verbs, "*") && !contains(rule.verbs, "escalate") && !contains(rule.resources, "secrets") && !contains(rule.resources, "*")])
    error_message = "no secrets, no escalation"
  }
  assert {
    condition     = kubernetes_cluster_role_binding_v1.provision.subject[0].name == "portolan:administrator"
    error_message = "the group of the administrator's access entry"
  }
}

run "karpenter_instead" {
  command = apply
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
  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.this["karpenter"].policy).Statement : strcontains(jsonencode(try(statement.Condition, {})), "ResourceTag/kubernetes.io/cluster/shop-test")
    if contains(["StartFromOwnTemplates", "StopOnlyOurs", "OwnInstanceProfiles", "NameOurNodes"], statement.Sid)])
    error_message = "Karpenter starts from its own templates, and stops and tags only its own nodes"
  }
  assert {
    # Starting from a launch template carries no tag of the request for the template itself.
    condition     = one([for statement in jsondecode(aws_iam_role_policy.this["karpenter"].policy).Statement : statement.Condition.StringEquals if statement.Sid == "StartFromOwnTemplates"]) == { "aws:ResourceTag/kubernetes.io/cluster/shop-test" = "owned" }
    error_message = "without this Karpenter can start nothing"
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["karpenter"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "iam:ListInstanceProfiles")] == ["*"]
    error_message = "AWS ties listing instance profiles to no resource: named ones allow nothing, and Karpenter leaves its own behind"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.interruptions[0].policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:events:eu-west-1:200000000002:rule/shop-test-karpenter-*" && alltrue([for rule in aws_cloudwatch_event_rule.interruptions : startswith(rule.name, "shop-test-karpenter-")])
    error_message = "the queue takes from our own rules, told by the key EventBridge sends"
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.this : length(policy.policy) <= 10240])
    error_message = "AWS takes 10,240 characters of policies in a role"
  }
}

run "refuses_the_platforms_own_namespace" {
  command = plan
  variables { application_namespaces = ["kube-system"] }
  expect_failures = [var.application_namespaces]
}
