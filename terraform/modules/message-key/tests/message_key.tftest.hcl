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
    condition = aws_kms_key.this.enable_key_rotation && alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement :
    can(statement.Principal.AWS) ? true : alltrue([for arn in values(statement.Condition.ArnLike) : strcontains(arn, ":${var.account_id}:")])])
    error_message = "services use the key for sources and topics in this account only"
  }
  assert {
    condition     = one([for statement in jsondecode(aws_kms_key.this.policy).Statement : keys(statement.Condition.ArnLike) if statement.Sid == "UseByEventsForTopics"]) == ["kms:EncryptionContext:aws:sns:topicArn"]
    error_message = "EventBridge names no source when it writes to an encrypted topic; with aws:SourceArn every event would be lost"
  }
}
