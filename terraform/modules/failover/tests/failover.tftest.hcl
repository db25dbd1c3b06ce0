mock_provider "aws" {
  source = "../../mocks"
}

variables {
  pair_name     = "europe"
  side          = "primary"
  region        = "eu-west-1"
  zone_id       = "ZMOCK"
  hosts         = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "ok" } }
  load_balancer = { dns_name = "one.eu-west-1.elb.amazonaws.com", zone_id = "Z32O12XQLNTSW2" }
  alarm_name    = "europe-primary-cannot-serve"
  control_host  = "static.example.com"
}

run "primary" {
  command = apply
  assert {
    condition     = aws_route53_record.failover["shop"].failover_routing_policy[0].type == "PRIMARY" && aws_route53_record.failover["shop"].alias[0].name == "one.eu-west-1.elb.amazonaws.com"
    error_message = "the primary record points at the primary region's balancer"
  }
  assert {
    condition     = aws_route53_record.failover["shop"].health_check_id == aws_route53_health_check.side.id
    error_message = "the record follows the side's verdict"
  }
  assert {
    condition     = aws_route53_health_check.side.type == "CALCULATED" && aws_route53_health_check.side.child_health_threshold == length(aws_route53_health_check.side.child_healthchecks) && length(aws_route53_health_check.side.child_healthchecks) == 3
    error_message = "all checks must be healthy, and there are three"
  }
  assert {
    condition     = aws_route53_health_check.control.invert_healthcheck && aws_route53_health_check.control.resource_path == "/control/europe/primary.out" && aws_route53_health_check.control.fqdn == "static.example.com"
    error_message = "the control check is inverted and of this side"
  }
  assert {
    condition     = aws_route53_health_check.endpoint["shop"].type == "HTTPS_STR_MATCH" && aws_route53_health_check.endpoint["shop"].fqdn == "primary.shop.example.com" && aws_route53_health_check.endpoint["shop"].search_string == "ok"
    error_message = "the endpoint check asks this side by its own name and reads the answer"
  }
  assert {
    condition     = aws_route53_health_check.alarm.cloudwatch_alarm_region == "eu-west-1" && aws_route53_health_check.alarm.insufficient_data_health_status == "LastKnownStatus"
    error_message = "a silent CloudWatch must not take the side out"
  }
}

run "secondary" {
  command   = apply
  state_key = "secondary"
  variables {
    side          = "secondary"
    region        = "eu-central-1"
    load_balancer = { dns_name = "two.eu-central-1.elb.amazonaws.com", zone_id = "Z215JYRZR1TBD5" }
    alarm_name    = "europe-secondary-cannot-serve"
  }
  assert {
    condition     = aws_route53_record.failover["shop"].failover_routing_policy[0].type == "SECONDARY" && output.records["shop"].alias == "two.eu-central-1.elb.amazonaws.com"
    error_message = "the secondary record points at the secondary region's balancer"
  }
  assert {
    condition     = output.records["shop"].fqdn == run.primary.records["shop"].fqdn && output.records["shop"].set_identifier != run.primary.records["shop"].set_identifier
    error_message = "one name, two records"
  }
  assert {
    condition     = output.control_object.key != run.primary.control_object.key
    error_message = "taking out one side must not take out the other"
  }
}

run "with_arc" {
  command = plan
  variables { routing_control_arn = "arn:aws:route53-recovery-control::200000000002:controlpanel/0123456789abcdef0123456789abcdef/routingcontrol/0123456789abcdef" }
  assert {
    condition     = aws_route53_health_check.routing[0].type == "RECOVERY_CONTROL" && aws_route53_health_check.side.child_health_threshold == 4
    error_message = "the routing control is one more condition"
  }
}

run "refuses_a_check_without_a_word" {
  command = plan
  variables { hosts = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "" } } }
  expect_failures = [var.hosts]
}

run "a_host_that_does_not_decide" {
  command = plan
  variables {
    hosts = {
      portolan = { fqdn = "portolan.example.com", path = "/healthz", expect = "ok" }
      jenkins  = { fqdn = "jenkins.example.com", path = "/jenkins/login", expect = "Jenkins", decides = false }
    }
  }
  assert {
    condition     = aws_route53_health_check.side.child_health_threshold == 3 && contains(keys(aws_route53_health_check.endpoint), "jenkins") && contains(keys(aws_route53_record.failover), "jenkins")
    error_message = "Jenkins is watched and moves with the side, but does not take the portal with it"
  }
}

run "refuses_that_nothing_decides" {
  command = plan
  variables { hosts = { shop = { fqdn = "shop.example.com", path = "/healthz", expect = "ok", decides = false } } }
  expect_failures = [var.hosts]
}
