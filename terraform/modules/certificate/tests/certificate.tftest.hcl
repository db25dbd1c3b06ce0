mock_provider "aws" {
  source = "../../mocks"
  override_resource {
    target = aws_acm_certificate.this
    values = {
      arn = "arn:aws:acm:eu-west-1:200000000002:certificate/00000000-0000-4000-8000-000000000000"
      domain_validation_options = [
        { domain_name = "shop.example.com", resource_record_name = "_a.shop.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
        { domain_name = "portolan.example.com", resource_record_name = "_c.portolan.example.com", resource_record_type = "CNAME", resource_record_value = "_d.acm-validations.aws" },
      ]
    }
  }
}

variables {
  domain  = "shop.example.com"
  also    = ["portolan.example.com"]
  zone_id = "ZMOCK"
}

run "every_name_is_proved" {
  command = apply
  assert {
    condition     = aws_route53_record.proof["portolan.example.com"].name == "_c.portolan.example.com" && length(aws_route53_record.proof) == 2
    error_message = "each name has its proof record"
  }
  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && output.arn == aws_acm_certificate.this.arn
    error_message = "what is handed on is the validated certificate"
  }
}

run "refuses_an_address" {
  command = plan
  variables { domain = "https://shop.example.com" }
  expect_failures = [var.domain]
}
