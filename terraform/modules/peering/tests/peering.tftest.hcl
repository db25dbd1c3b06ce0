mock_provider "aws" {
  alias  = "primary"
  source = "../../../mocks"
}
mock_provider "aws" {
  alias  = "secondary"
  source = "../../../mocks"
}

variables {
  name             = "europe"
  secondary_region = "eu-central-1"
  networks = {
    primary   = { vpc_id = "vpc-1", cidr = "10.10.0.0/16", route_table_ids = ["rtb-1", "rtb-2"] }
    secondary = { vpc_id = "vpc-2", cidr = "10.20.0.0/16", route_table_ids = ["rtb-3", "rtb-4"] }
  }
}

run "both_ways" {
  command = apply
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  assert {
    condition     = alltrue([for route in aws_route.to_secondary : route.destination_cidr_block == "10.20.0.0/16"]) && alltrue([for route in aws_route.to_primary : route.destination_cidr_block == "10.10.0.0/16"])
    error_message = "each side knows the way to the other"
  }
  assert {
    condition     = length(aws_route.to_secondary) == 2 && length(aws_route.to_primary) == 2 && aws_vpc_peering_connection.this.peer_region == "eu-central-1"
    error_message = "from every route table"
  }
}

run "refuses_the_same_network" {
  command = plan
  module { source = "../" }
  providers = { aws.primary = aws.primary, aws.secondary = aws.secondary }
  variables {
    networks = {
      primary   = { vpc_id = "vpc-1", cidr = "10.10.0.0/16", route_table_ids = [] }
      secondary = { vpc_id = "vpc-2", cidr = "10.10.0.0/16", route_table_ids = [] }
    }
  }
  expect_failures = [var.networks]
}
