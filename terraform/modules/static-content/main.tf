# Static content from two private buckets through one distribution that turns to the other region by itself.

locals {
  # For this distribution and no other of the account.
  read_by_cloudfront = {
    for side, arn in module.buckets.arns : side => [{
      Sid       = "ReadByCloudFront"
      Effect    = "Allow"
      Principal = { Service = "cloudfront.amazonaws.com" }
      Action    = ["s3:GetObject"]
      Resource  = ["${arn}/*"]
      Condition = { StringEquals = { "aws:SourceArn" = aws_cloudfront_distribution.this.arn } }
    }]
  }

  # A file that is missing on one side may not have been replicated yet: ask the other before saying so.
  turn_to_other_side_on = [403, 404, 500, 502, 503, 504]
}

module "buckets" {
  source      = "../bucket-pair"
  name        = "${var.name}-static"
  account_id  = var.account_id
  regions     = var.regions
  log_buckets = var.log_buckets
  providers   = { aws.primary = aws.primary, aws.secondary = aws.secondary }

  policy_statements = local.read_by_cloudfront
}

resource "aws_cloudfront_origin_access_control" "this" {
  provider                          = aws.us_east_1
  name                              = "${var.name}-static"
  description                       = "Signs what CloudFront asks of the private buckets"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "this" {
  provider = aws.us_east_1
  name     = "${var.name}-static"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
    content_type_options { override = true }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "same-origin"
      override        = true
    }
    content_security_policy {
      content_security_policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
      override                = false # pages among the content may bring a policy of their own
    }
  }
}

# AWS-managed cache policies; their ids are the same in every account.
locals {
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV2_AWS_47:The web ACL of modules/waf has the Log4j rule set; checkov does not see rules made by dynamic blocks.
  #checkov:skip=CKV_AWS_374:The content is for everybody.
  #checkov:skip=CKV_AWS_86:Logged by log delivery below, which replaces the older logging_config.
  provider        = aws.us_east_1
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  comment         = "${var.name} static content"

  default_root_object = "index.html"

  aliases     = [var.host]
  price_class = var.price_class
  web_acl_id  = var.web_acl_arn

  dynamic "origin" {
    for_each = module.buckets.domain_names
    content {
      origin_id                = origin.key
      domain_name              = origin.value
      origin_access_control_id = aws_cloudfront_origin_access_control.this.id
      connection_attempts      = 2
      connection_timeout       = 3
    }
  }

  origin_group {
    origin_id = "pair"
    failover_criteria { status_codes = local.turn_to_other_side_on }
    member { origin_id = "primary" }
    member { origin_id = "secondary" }
  }

  default_cache_behavior {
    target_origin_id           = "pair"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  # The failover switch (modules/failover) must be seen at once, and its absence too.
  ordered_cache_behavior {
    path_pattern               = "/control/*"
    target_origin_id           = "pair"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_disabled
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  dynamic "custom_error_response" {
    for_each = toset(["403", "404"])
    content {
      error_code            = tonumber(custom_error_response.value)
      error_caching_min_ttl = 0
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction { restriction_type = "none" }
  }
}

resource "aws_route53_record" "host" {
  for_each = toset(["A", "AAAA"])
  provider = aws.us_east_1
  zone_id  = var.zone_id
  name     = var.host
  type     = each.key
  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false # CloudFront is not a thing Route 53 can judge
  }
}

# --- Logs --------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_delivery_source" "this" {
  provider     = aws.us_east_1
  name         = "${var.name}-static"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  provider      = aws.us_east_1
  name          = "${var.name}-static"
  output_format = "parquet"
  delivery_destination_configuration {
    destination_resource_arn = "arn:aws:s3:::${var.log_buckets.primary}/cloudfront"
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  provider                 = aws.us_east_1
  delivery_source_name     = aws_cloudwatch_log_delivery_source.this.name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this.arn
}
