# What people can do in the AWS console by themselves: look. Whoever wants to change something asks the portal; the one
# exception is the administrator, for the day the portal is what is broken. MFA is the IdP's and Identity Center's to enforce.

locals {
  instance = {
    arn   = one(data.aws_ssoadmin_instances.this.arns)
    store = one(data.aws_ssoadmin_instances.this.identity_store_ids)
  }

  managed = "arn:aws:iam::aws:policy"

  permission_sets = {
    developer     = { session = "PT4H", description = "Read, except in protected accounts", policies = ["${local.managed}/job-function/ViewOnlyAccess"] }
    manager       = { session = "PT4H", description = "Read, except in protected accounts", policies = ["${local.managed}/job-function/ViewOnlyAccess"] }
    auditor       = { session = "PT8H", description = "Read configuration and history everywhere", policies = ["${local.managed}/SecurityAudit", "${local.managed}/job-function/ViewOnlyAccess"] }
    operator      = { session = "PT4H", description = "Read everywhere, and open support cases", policies = ["${local.managed}/ReadOnlyAccess", "${local.managed}/AWSSupportAccess"] }
    administrator = { session = "PT1H", description = "Everything, for an hour, alarmed: for when the portal is what is broken", policies = ["${local.managed}/AdministratorAccess"] }
  }

  # Developers and managers have no business in a protected account but through the portal.
  assignments = merge([
    for account_name, account in var.accounts : {
      for role, group in var.groups : "${account_name}/${role}" => { account = account.id, role = role }
      if !(account.protected && contains(["developer", "manager"], role))
    }
  ]...)
}

data "aws_ssoadmin_instances" "this" {}

data "aws_identitystore_group" "this" {
  for_each          = var.groups
  identity_store_id = local.instance.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "DisplayName"
      attribute_value = each.value
    }
  }
  lifecycle {
    precondition {
      condition     = local.instance.store != null
      error_message = "No Identity Center is seen from here: this account must be its delegated administrator (aws organizations register-delegated-administrator --service-principal sso.amazonaws.com), and the provider's region its home."
    }
  }
}

resource "aws_ssoadmin_permission_set" "this" {
  for_each         = local.permission_sets
  instance_arn     = local.instance.arn
  name             = "portolan-${each.key}"
  description      = each.value.description
  session_duration = each.value.session

  # Where no instance is seen, that is what is said, and not that an argument is missing here.
  depends_on = [data.aws_identitystore_group.this]
}

resource "aws_ssoadmin_managed_policy_attachment" "this" {
  for_each = merge([for role, set in local.permission_sets : {
    for policy in set.policies : "${role}/${element(split("/", policy), length(split("/", policy)) - 1)}" => { role = role, policy = policy }
  }]...)
  instance_arn       = local.instance.arn
  permission_set_arn = aws_ssoadmin_permission_set.this[each.value.role].arn
  managed_policy_arn = each.value.policy
}

# Whatever the managed policies say: nobody but the administrator becomes a job role or reads secrets from the console.
resource "aws_ssoadmin_permission_set_inline_policy" "wall" {
  for_each           = toset([for role in keys(local.permission_sets) : role if role != "administrator"])
  instance_arn       = local.instance.arn
  permission_set_arn = aws_ssoadmin_permission_set.this[each.key].arn
  inline_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "NotBehindThePortalsBack"
      Effect   = "Deny"
      Action   = ["sts:AssumeRole", "secretsmanager:GetSecretValue", "ssm:StartSession", "ssm:GetParameter*", "kms:Decrypt", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "s3:GetObject"]
      Resource = "*"
    }]
  })
}

resource "aws_ssoadmin_account_assignment" "this" {
  for_each           = local.assignments
  instance_arn       = local.instance.arn
  permission_set_arn = aws_ssoadmin_permission_set.this[each.value.role].arn
  principal_type     = "GROUP"
  principal_id       = data.aws_identitystore_group.this[each.value.role].group_id
  target_type        = "AWS_ACCOUNT"
  target_id          = each.value.account

  depends_on = [aws_ssoadmin_managed_policy_attachment.this, aws_ssoadmin_permission_set_inline_policy.wall]
}
