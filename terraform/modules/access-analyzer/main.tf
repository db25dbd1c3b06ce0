# Who outside can reach what, and who inside has what they never use.

resource "aws_accessanalyzer_analyzer" "external" {
  analyzer_name = "${var.name}-external"
  type          = "ACCOUNT"
}

resource "aws_accessanalyzer_archive_rule" "expected" {
  for_each      = var.expected_external
  analyzer_name = aws_accessanalyzer_analyzer.external.analyzer_name
  rule_name     = each.key

  filter {
    criteria = "principal.AWS"
    eq       = each.value
  }
  filter {
    criteria = "isPublic" # whatever is public is reported, whoever it is for
    eq       = ["false"]
  }
}

resource "aws_accessanalyzer_analyzer" "unused" {
  count         = var.analyze_unused ? 1 : 0
  analyzer_name = "${var.name}-unused"
  type          = "ACCOUNT_UNUSED_ACCESS"

  configuration {
    unused_access { unused_access_age = var.unused_after_days }
  }
}
