# The public zone. What points where is written by modules/failover, one side at a time.

resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:DNSSEC ties the zone to a KMS key in us-east-1 and a hand-made record at the registrar; a lost key takes the domain off the net. Decided by the domain owner, not here.
  name    = var.domain
  comment = "Made by Terraform"
  # No prevent_destroy: Route 53 itself refuses to delete a zone that still has records.
}

resource "aws_route53_record" "caa" {
  zone_id = aws_route53_zone.this.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = concat([for authority in var.certificate_authorities : "0 issue \"${authority}\""], ["0 issuewild \";\""])
}

# --- Queries, logged in us-east-1 because Route 53 logs nowhere else ---------------------------------------

resource "aws_cloudwatch_log_group" "queries" {
  #checkov:skip=CKV_AWS_158:Names asked of a public zone are no secret, and the pair has no key in us-east-1.
  name              = "/aws/route53/${var.domain}"
  retention_in_days = 365
}

resource "aws_cloudwatch_log_resource_policy" "queries" {
  policy_name = "${replace(var.domain, ".", "-")}-route53-queries"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.queries.arn}:*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_route53_query_log" "this" {
  zone_id                  = aws_route53_zone.this.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.queries.arn
  depends_on               = [aws_cloudwatch_log_resource_policy.queries]
}
