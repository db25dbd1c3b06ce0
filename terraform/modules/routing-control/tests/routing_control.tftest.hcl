mock_provider "aws" {
  mock_resource "aws_route53recoverycontrolconfig_routing_control" {
    defaults = { arn = "arn:aws:route53-recovery-control::200000000002:controlpanel/0123456789abcdef0123456789abcdef/routingcontrol/0123456789abcdef" }
  }
}

variables {
  name = "europe"
}

run "one_side_is_always_on" {
  command = apply
  assert {
    condition     = toset(keys(output.control_arns)) == toset(["primary", "secondary"])
    error_message = "a switch for each side"
  }
  assert {
    condition     = aws_route53recoverycontrolconfig_safety_rule.one_side_on.rule_config[0].type == "ATLEAST" && aws_route53recoverycontrolconfig_safety_rule.one_side_on.rule_config[0].threshold == 1 && !aws_route53recoverycontrolconfig_safety_rule.one_side_on.rule_config[0].inverted
    error_message = "ARC itself refuses to turn both sides off"
  }
}

run "refuses_a_negative_wait" {
  command = plan
  variables { wait_ms = -1 }
  expect_failures = [var.wait_ms]
}
