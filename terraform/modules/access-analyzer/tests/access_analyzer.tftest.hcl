mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "shop"
  analyze_unused    = true
  expected_external = { portal = ["arn:aws:iam::100000000001:role/portolan-portal"] }
}

run "both_kinds" {
  command = plan
  assert {
    condition     = aws_accessanalyzer_analyzer.external.type == "ACCOUNT" && aws_accessanalyzer_analyzer.unused[0].type == "ACCOUNT_UNUSED_ACCESS" && aws_accessanalyzer_analyzer.unused[0].configuration[0].unused_access[0].unused_access_age == 90
    error_message = "external and unused access are both watched"
  }
  assert {
    condition     = anytrue([for filter in aws_accessanalyzer_archive_rule.expected["portal"].filter : filter.criteria == "isPublic" && filter.eq == tolist(["false"])])
    error_message = "public access is never archived"
  }
}

run "one_region_is_enough_for_unused" {
  command = plan
  variables { analyze_unused = false }
  assert {
    condition     = length(aws_accessanalyzer_analyzer.unused) == 0
    error_message = "the second region does not pay twice"
  }
}

run "refuses_to_hide_everything" {
  command = plan
  variables { expected_external = { all = ["*"] } }
  expect_failures = [var.expected_external]
}
