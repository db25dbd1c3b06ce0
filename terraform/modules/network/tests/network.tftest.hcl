mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "shop-test"
  region      = "eu-west-1"
  cidr        = "10.10.0.0/16"
  zones       = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  kms_key_arn = "arn:aws:kms:eu-west-1:200000000002:key/mock"
}

run "three_zones" {
  command = apply

  assert {
    condition = alltrue([
      length(aws_subnet.public) == 3, length(aws_subnet.private) == 3, length(aws_subnet.database) == 3,
    ])
    error_message = "each kind of subnet lies in three zones"
  }
  assert {
    condition     = aws_subnet.private["eu-west-1b"].cidr_block == "10.10.32.0/19" && aws_subnet.database["eu-west-1c"].cidr_block != aws_subnet.database["eu-west-1a"].cidr_block
    error_message = "subnets follow the plan in README.md"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 3 && alltrue([for zone, route in aws_route.private_out : route.nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "each zone leaves through its own NAT gateway"
  }
  assert {
    condition     = alltrue([for association in aws_route_table_association.database : association.route_table_id == aws_route_table.database.id])
    error_message = "database subnets use the table without a way out"
  }
  assert {
    condition     = !contains([aws_route.public_out.route_table_id], aws_route_table.database.id) && !anytrue([for route in aws_route.private_out : route.route_table_id == aws_route_table.database.id])
    error_message = "no default route may reach the database table"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "nothing gets a public address by being started"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints.cidr_ipv4 == "10.10.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints.from_port == 443
    error_message = "endpoints answer the VPC on HTTPS only"
  }
  assert {
    condition     = alltrue([for name in ["sts", "ecr.api", "ecr.dkr", "eks", "monitoring", "sns"] : aws_vpc_endpoint.interface[name].service_name == "com.amazonaws.eu-west-1.${name}" && aws_vpc_endpoint.interface[name].private_dns_enabled])
    error_message = "the platform's own calls have private endpoints in their region"
  }
  assert {
    condition     = length(setsubtract(keys(aws_vpc_endpoint.gateway), ["s3", "dynamodb"])) == 0 && contains(aws_vpc_endpoint.gateway["s3"].route_table_ids, aws_route_table.database.id)
    error_message = "S3 and DynamoDB go by gateway endpoint, also from the database subnets"
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.flow.retention_in_days == 365
    error_message = "all traffic is logged, encrypted, kept a year"
  }
}

run "cheap_mode" {
  command = plan
  variables { nat = "single" }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.private_out) == 3
    error_message = "one NAT gateway serves all three zones"
  }
}

run "refuses_a_foreign_zone" {
  command = plan
  variables { zones = ["eu-west-1a", "eu-west-1b", "eu-central-1a"] }
  expect_failures = [var.zones]
}

run "refuses_two_zones" {
  command = plan
  variables { zones = ["eu-west-1a", "eu-west-1b", "eu-west-1a"] }
  expect_failures = [var.zones]
}

run "refuses_a_small_network" {
  command = plan
  variables { cidr = "10.10.0.0/24" }
  expect_failures = [var.cidr]
}
