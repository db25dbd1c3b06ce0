# Image repositories of one region of one account, copied as they are pushed: to the other region, and to the accounts that run them.
# Tags cannot move. Called once in each region, so copies land in repositories with the same rules.

locals {
  # What is replicated is told by prefix; a repository's first part is its system.
  prefixes = distinct([for name in sort(var.repositories) : split("/", name)[0]])

  # A copy is not copied on, so each account gets both regions from where the image was pushed.
  destinations = concat(
    [{ account = var.account_id, region = var.peer_region }],
    flatten([for account in var.copy_to_account_ids : [for region in [var.region, var.peer_region] : { account = account, region = region }]]),
  )
}

resource "aws_ecr_repository" "this" {
  for_each             = var.repositories
  name                 = each.key
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration { scan_on_push = true }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name
  policy = jsonencode({
    # Only what was never tagged: a tagged image may be what the other region runs, or what a rollback needs.
    rules = [{
      rulePriority = 1
      description  = "Untagged images after two weeks"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

# Roles of other accounts that push (Jenkins of the platform account). By condition, since a role named as principal must exist already.
resource "aws_ecr_repository_policy" "push" {
  for_each   = length(var.pusher_arns) > 0 ? aws_ecr_repository.this : {}
  repository = each.value.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PushFromNamedRoles"
      Effect    = "Allow"
      Principal = { AWS = distinct([for arn in var.pusher_arns : "arn:aws:iam::${split(":", arn)[4]}:root"]) }
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:DescribeImageScanFindings",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Condition = { ArnEquals = { "aws:PrincipalArn" = var.pusher_arns } }
    }]
  })
}

resource "aws_ecr_replication_configuration" "this" {
  count = length(var.repositories) > 0 ? 1 : 0
  replication_configuration {
    rule {
      dynamic "destination" {
        for_each = local.destinations
        content {
          region      = destination.value.region
          registry_id = destination.value.account
        }
      }
      dynamic "repository_filter" {
        for_each = local.prefixes
        content {
          filter      = repository_filter.value
          filter_type = "PREFIX_MATCH"
        }
      }
    }
  }
}

# The other end, in an account that gets copies: its registry has to let the source in.
resource "aws_ecr_registry_policy" "copies" {
  count = var.copied_from_account_id == null ? 0 : 1
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "CopiesFromTheRegistryOfRecord"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.copied_from_account_id}:root" }
      Action    = ["ecr:ReplicateImage"] # not ecr:CreateRepository: the repositories are made here, with their rules
      Resource  = [for prefix in local.prefixes : "arn:aws:ecr:${var.region}:${var.account_id}:repository/${prefix}*"]
    }]
  })
}
