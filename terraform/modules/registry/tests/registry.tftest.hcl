mock_provider "aws" {
  source = "../../mocks"
}

variables {
  account_id       = "200000000002"
  repositories     = ["shop/cart", "shop/search"]
  peer_region      = "eu-central-1"
  kms_key_arn      = "arn:aws:kms:eu-west-1:200000000002:key/mrk-1"
  pull_account_ids = ["300000000003"]
}

run "immutable_and_copied" {
  command = apply
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS"])
    error_message = "tags stand still, images are scanned and encrypted"
  }
  assert {
    condition     = toset([for destination in aws_ecr_replication_configuration.this.replication_configuration[0].rule[0].destination : "${destination.registry_id}/${destination.region}"]) == toset(["200000000002/eu-central-1", "300000000003/eu-central-1"])
    error_message = "every image reaches the peer region, in both accounts"
  }
  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : alltrue([for rule in jsondecode(policy.policy).rules : rule.selection.tagStatus == "untagged"])])
    error_message = "a tagged image is never expired"
  }
}

run "refuses_capitals" {
  command = plan
  variables { repositories = ["Shop/Cart"] }
  expect_failures = [var.repositories]
}
