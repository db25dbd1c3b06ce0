# The public zone. What points where is written by modules/failover, one side at a time.

resource "aws_route53_zone" "this" {
  name    = var.domain
  comment = "Made by Terraform"

  lifecycle { prevent_destroy = true }
}

resource "aws_route53_record" "caa" {
  zone_id = aws_route53_zone.this.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = 3600
  records = concat([for authority in var.certificate_authorities : "0 issue \"${authority}\""], ["0 issuewild \";\""])
}

resource "aws_route53_query_log" "this" {
  zone_id                  = aws_route53_zone.this.zone_id
  cloudwatch_log_group_arn = var.query_log_group_arn
}
