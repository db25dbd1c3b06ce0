# Image repositories of one region, copied to the other region (and account) as they are pushed. Tags cannot move.

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

resource "aws_ecr_replication_configuration" "this" {
  replication_configuration {
    rule {
      dynamic "destination" {
        for_each = toset(concat([var.account_id], var.pull_account_ids))
        content {
          region      = var.peer_region
          registry_id = destination.value
        }
      }
      repository_filter {
        filter      = split("/", sort(var.repositories)[0])[0]
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}
