mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name       = "shop-messages"
  account_id = "200000000002"
}

run "for_this_accounts_messages" {
  command = plan
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement : can(statement.Principal.AWS) || can(statement.Condition.ArnLike["aws:SourceArn"])])
    error_message = "services use the key for sources in this account only"
  }
}
