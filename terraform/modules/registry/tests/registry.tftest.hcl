mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id   = "200000000002"
  repositories = ["shop/cart", "shop/search", "portolan"]
  region       = "eu-west-1"
  peer_region  = "eu-central-1"
  kms_key_arn  = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
}

run "copied_and_immovable" {
  command = plan
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].kms_key == var.kms_key_arn])
    error_message = "tags stand still, images are scanned and encrypted"
  }
  assert {
    condition     = [for destination in aws_ecr_replication_configuration.this[0].replication_configuration[0].rule[0].destination : "${destination.registry_id}/${destination.region}"] == ["200000000002/eu-central-1"]
    error_message = "the peer region gets every image"
  }
  assert {
    condition     = [for filter in aws_ecr_replication_configuration.this[0].replication_configuration[0].rule[0].repository_filter : filter.filter] == ["portolan", "shop"]
    error_message = "of every system, not of the first alone"
  }
  assert {
    condition     = length(aws_ecr_repository_policy.push) == 0 && length(aws_ecr_registry_policy.copies) == 0
    error_message = "nobody from outside unless named"
  }
  assert {
    condition     = length(aws_ecr_lifecycle_policy.this) == 3 && alltrue([for policy in aws_ecr_lifecycle_policy.this : alltrue([for rule in jsondecode(policy.policy).rules : rule.selection.tagStatus == "untagged"])])
    error_message = "a tagged image is never expired"
  }
}

run "registry_of_record" {
  command = plan
  variables {
    copy_to_account_ids = ["300000000003"]
    pusher_arns         = ["arn:aws:iam::100000000001:role/shop-platform-jenkins-agent-eu-west-1"]
  }
  assert {
    condition = toset([for destination in aws_ecr_replication_configuration.this[0].replication_configuration[0].rule[0].destination : "${destination.registry_id}/${destination.region}"]) == toset([
    "200000000002/eu-central-1", "300000000003/eu-west-1", "300000000003/eu-central-1"])
    error_message = "production gets both regions' copies from here: a copy is not copied on"
  }
  assert {
    condition = alltrue([for policy in aws_ecr_repository_policy.push : alltrue([for statement in jsondecode(policy.policy).Statement :
    toset(statement.Principal.AWS) == toset(["arn:aws:iam::100000000001:root"]) && toset(statement.Condition.ArnEquals["aws:PrincipalArn"]) == toset(var.pusher_arns)])]) && length(aws_ecr_repository_policy.push) == 3
    error_message = "the named role pushes and nobody else of its account"
  }
}

run "where_copies_land" {
  command = plan
  variables {
    account_id             = "300000000003"
    copied_from_account_id = "200000000002"
  }
  assert {
    condition     = jsondecode(aws_ecr_registry_policy.copies[0].policy).Statement[0].Principal.AWS == "arn:aws:iam::200000000002:root" && jsondecode(aws_ecr_registry_policy.copies[0].policy).Statement[0].Action == ["ecr:ReplicateImage"]
    error_message = "the source may copy here and do nothing else"
  }
}

run "refuses_a_copy_to_itself" {
  command = plan
  variables { peer_region = "eu-west-1" }
  expect_failures = [var.peer_region]
}

run "refuses_a_pattern_of_pushers" {
  command = plan
  variables { pusher_arns = ["arn:aws:iam::100000000001:role/*"] }
  expect_failures = [var.pusher_arns]
}

run "refuses_capitals" {
  command = plan
  variables { repositories = ["Shop/Cart"] }
  expect_failures = [var.repositories]
}
