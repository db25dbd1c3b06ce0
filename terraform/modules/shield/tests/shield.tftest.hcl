mock_provider "aws" {
  source = "../../mocks"
}

variables {
  protections = {
    shop = {
      resource_arn      = "arn:aws:elasticloadbalancing:eu-west-1:200000000002:loadbalancer/app/shop/0123456789abcdef"
      health_check_arns = ["arn:aws:route53:::healthcheck/00000000-0000-4000-8000-000000000000"]
    }
    edge = { resource_arn = "arn:aws:elasticloadbalancing:eu-west-1:200000000002:loadbalancer/net/edge/0123456789abcdef" }
  }
  emergency_contacts = { "ops@example.com" = "+4930123456" }
}

run "health_based" {
  command = apply
  assert {
    condition     = aws_shield_protection_health_check_association.this["shop/0"].shield_protection_id == aws_shield_protection.this["shop"].id
    error_message = "detection follows our own health checks"
  }
  assert {
    condition     = keys(aws_shield_application_layer_automatic_response.this) == ["shop"]
    error_message = "layer 7 response is for what speaks layer 7"
  }
  assert {
    condition     = jsondecode(aws_iam_role.response_team.assume_role_policy).Statement[0].Principal.Service == "drt.shield.amazonaws.com"
    error_message = "only AWS's response team takes the role"
  }
}

run "refuses_a_phone_nobody_can_dial" {
  command = plan
  variables { emergency_contacts = { "ops@example.com" = "030 123456" } }
  expect_failures = [var.emergency_contacts]
}
