# A certificate of one region, proved by DNS and renewed by ACM as long as the proof stays.
# Both regions issue one for the same names; the proof record is the same, hence allow_overwrite.

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = var.also
  validation_method         = "DNS"
  key_algorithm             = "EC_prime256v1"

  lifecycle { create_before_destroy = true }
}

locals {
  # Known before the certificate is: the names. The records themselves are ACM's to say.
  proofs = { for option in aws_acm_certificate.this.domain_validation_options : option.domain_name => option }
}

resource "aws_route53_record" "proof" {
  for_each        = toset(concat([var.domain], var.also))
  zone_id         = var.zone_id
  name            = local.proofs[each.key].resource_record_name
  type            = local.proofs[each.key].resource_record_type
  records         = [local.proofs[each.key].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}
