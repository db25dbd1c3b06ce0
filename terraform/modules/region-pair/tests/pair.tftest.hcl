variables {
  side = "primary"
  region_pair = {
    name      = "europe"
    active    = "primary"
    primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
    secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
  }
}

run "primary_is_active" {
  command = plan
  assert {
    condition     = output.is_active && output.role == "active" && output.region == "eu-west-1"
    error_message = "the primary side serves"
  }
  assert {
    condition     = output.peer_side == "secondary" && output.peer_region == "eu-central-1" && output.peer_cidr == "10.20.0.0/16"
    error_message = "the peer is the other side"
  }
}

run "flipped_only_the_role_changes" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "secondary"
      primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  assert {
    condition     = !output.is_active && output.role == "passive"
    error_message = "after the flip the primary side is passive"
  }
  assert {
    condition     = output.region == run.primary_is_active.region && output.cidr == run.primary_is_active.cidr && output.peer_side == run.primary_is_active.peer_side
    error_message = "places do not move in a failover"
  }
}

run "refuses_one_region_twice" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "primary"
      primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
      secondary = { region = "eu-west-1", cidr = "10.20.0.0/16" }
    }
  }
  expect_failures = [var.region_pair]
}

run "refuses_overlap_by_containment" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "primary"
      primary   = { region = "eu-west-1", cidr = "10.0.0.0/8" }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  expect_failures = [var.region_pair]
}

run "refuses_a_region_name_as_active" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "eu-west-1"
      primary   = { region = "eu-west-1", cidr = "10.10.0.0/16" }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  expect_failures = [var.region_pair]
}

run "refuses_a_zone_as_region" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "primary"
      primary   = { region = "eu-west-1a", cidr = "10.10.0.0/16" }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  expect_failures = [var.region_pair]
}

run "refuses_two_zones" {
  command = plan
  variables {
    region_pair = {
      name      = "europe"
      active    = "primary"
      primary   = { region = "eu-west-1", cidr = "10.10.0.0/16", zones = ["a", "b", "b"] }
      secondary = { region = "eu-central-1", cidr = "10.20.0.0/16" }
    }
  }
  expect_failures = [var.region_pair]
}
