# GitHub's workflows come by OIDC, without keys. One role plans, one applies, and one an image repository pushes. None deploys:
# deploying is the portal's, with the rights of the person who asked.

locals {
  issuer = "token.actions.githubusercontent.com"

  trust = {
    for name, subject in merge(
      {
        plan  = "repo:${var.organization}/${var.terraform_repository}:pull_request"
        apply = "repo:${var.organization}/${var.terraform_repository}:environment:terraform"
      },
      { for repository in keys(var.image_repositories) : "push-${repository}" => "repo:${var.organization}/${repository}:ref:refs/heads/main" },
      ) : name => jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Effect    = "Allow"
          Action    = "sts:AssumeRoleWithWebIdentity"
          Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
          Condition = {
            # Equal, never like: a wildcard in sub has let foreign branches and forks in more than once.
            StringEquals = { "${local.issuer}:aud" = "sts.amazonaws.com", "${local.issuer}:sub" = subject }
          }
        }]
    })
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "terraform_plan" {
  name                 = "portolan-ci-terraform-plan"
  description          = "terraform plan for pull requests: reads, changes nothing"
  assume_role_policy   = local.trust["plan"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "terraform_plan" {
  for_each   = toset(["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "arn:aws:iam::aws:policy/SecurityAudit"])
  role       = aws_iam_role.terraform_plan.name
  policy_arn = each.key
}

# Neither policy above opens an object: without this a plan could not read the state it compares with. It takes no lock.
resource "aws_iam_role_policy" "terraform_plan" {
  name = "read-state"
  role = aws_iam_role.terraform_plan.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:ListBucket"]
        Resource = flatten([for region in values(var.regions) : [for suffix in ["", "/*"] : "arn:aws:s3:::terraform-state-${var.account_id}-${region}${suffix}"]])
      },
      {
        Sid       = "DecryptState"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [for region in values(var.regions) : "arn:aws:kms:${region}:${var.account_id}:key/*"]
        Condition = { StringEquals = { "kms:ViaService" = [for region in values(var.regions) : "s3.${region}.amazonaws.com"] } }
      },
    ]
  })
}

resource "aws_iam_role" "terraform_apply" {
  name                 = "portolan-ci-terraform-apply"
  description          = "terraform apply, from the protected environment `terraform` alone"
  assume_role_policy   = local.trust["apply"]
  max_session_duration = 7200
}

resource "aws_iam_role_policy_attachment" "terraform_apply" {
  #checkov:skip=CKV2_AWS_56:This role makes the job roles and their boundary; it is for the protected environment `terraform` alone.
  for_each   = toset(var.terraform_policy_arns)
  role       = aws_iam_role.terraform_apply.name
  policy_arn = each.key
}

resource "aws_iam_role" "push" {
  for_each             = var.image_repositories
  name                 = "portolan-ci-push-${each.key}"
  description          = "Pushes images of ${each.key}"
  assume_role_policy   = local.trust["push-${each.key}"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "push" {
  for_each = var.image_repositories
  name     = "push"
  role     = aws_iam_role.push[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "SignIn", Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
      {
        Sid    = "PushThisImage"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = [for region in values(var.regions) : "arn:aws:ecr:${region}:${var.account_id}:repository/${each.value}"]
      },
    ]
  })
}
