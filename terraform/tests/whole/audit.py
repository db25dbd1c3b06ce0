#!/usr/bin/env python3
"""Looks at everything the sequence made, across roots and accounts: what no single module's test can see.

    audit.py STATES    a folder with <account-NAME>.bootstrap.json and <environment>.<root>.json

Each rule says how many things it looked at and fails when there were none. Closes with `N passed, N failed`.
"""

import collections
import json
import pathlib
import re
import sys

ACCOUNT = {"account-platform": "100000000001", "account-non-production": "200000000002", "account-production": "300000000003", "platform": "100000000001", "production": "300000000003"}
REGION = {"": "eu-west-1", "primary": "eu-west-1", "secondary": "eu-central-1", "us_east_1": "us-east-1", "us_west_2": "us-west-2"}
Thing = collections.namedtuple("Thing", "place root account alias kind address is_ after")  # is_: its attributes; after: what it waits for
things, outputs = [], {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    place, root, _ = path.name.split(".")
    state = json.loads(path.read_text())
    outputs[place, root] = {name: output["value"] for name, output in state["outputs"].items()}
    for resource in state["resources"]:
        if resource["mode"] == "managed":
            alias = re.search(r'"\]\.?(\w*)$', resource["provider"]).group(1)
            things += [
                Thing(place, root, ACCOUNT[place], alias, resource["type"], f"{place}/{root}: {resource.get('module', '')}.{resource['type']}.{resource['name']}[{i.get('index_key', '')}]", i["attributes"], frozenset(i.get("dependencies", ())))
                for i in resource["instances"]
            ]

passed = failed = 0


def of(*kinds, place=None, root=None):
    return [t for t in things if t.kind in kinds and place in (None, t.place) and root in (None, t.root)]


def rule(name, looked_at, wrong, at_least=1):
    """`wrong` are words on what is wrong; a rule that found nothing to look at is wrong too."""
    global passed, failed
    wrong = list(wrong) + ([f"looked at {looked_at}, expected {at_least} at the least"] if looked_at < at_least else [])
    if wrong:
        failed += 1
        print(f"FAIL {name}:", *wrong, sep="\n  ")
    else:
        passed += 1


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(text):
    return listed(json.loads(text)["Statement"])


def one(name, found, wrong, at_least=1):
    rule(name, len(found), [w for w in map(wrong, found) if w], at_least)


# --- Names, as long as AWS takes them, and once where they are global ------------------------------------------
LIMITS = {
    "aws_iam_role": ("name", 64), "aws_iam_policy": ("name", 128), "aws_lb": ("name", 32), "aws_lb_target_group": ("name", 32), "aws_s3_bucket": ("bucket", 63), "aws_sqs_queue": ("name", 80),
    "aws_cloudwatch_event_rule": ("name", 64), "aws_rds_cluster": ("cluster_identifier", 63), "aws_rds_cluster_instance": ("identifier", 63), "aws_db_instance": ("identifier", 63), "aws_rds_global_cluster": ("global_cluster_identifier", 63),
    "aws_eks_cluster": ("name", 100), "aws_cloudfront_origin_access_control": ("name", 64), "aws_cloudwatch_log_delivery_source": ("name", 60), "aws_wafv2_web_acl": ("name", 128), "aws_cloudwatch_metric_alarm": ("alarm_name", 255),
}
for kind, (name, most) in LIMITS.items():
    one(f"{kind}: names of {most} characters at the most", of(kind), lambda t: f"{t.address}: {t.is_[name]}" if len(t.is_[name] or "") > most else None)
for kind, name, per in [("aws_iam_role", "name", lambda t: t.account), ("aws_iam_policy", "name", lambda t: t.account), ("aws_s3_bucket", "bucket", lambda t: ""), ("aws_cloudfront_origin_access_control", "name", lambda t: t.account)]:
    seen = collections.Counter((per(t), t.is_[name]) for t in of(kind))
    rule(f"{kind}: no name twice", len(seen), [f"{who} {which}" for (who, which), times in seen.items() if times > 1])
here = collections.Counter((t.account, REGION[t.alias] if t.root != "secondary" or t.alias else "eu-central-1", t.kind, t.is_[n])
                           for k, n in [("aws_lb", "name"), ("aws_sns_topic", "name"), ("aws_sqs_queue", "name"), ("aws_cloudwatch_event_rule", "name"), ("aws_cloudwatch_metric_alarm", "alarm_name"), ("aws_cloudwatch_log_group", "name"), ("aws_kms_alias", "name"), ("aws_secretsmanager_secret", "name")] for t in of(k))
rule("nothing is twice in one region", len(here), [str(key) for key, times in here.items() if times > 1], 100)

# --- Who may become whom --------------------------------------------------------------------------------------
PORTAL = "arn:aws:iam::100000000001:role/portolan-portal"


def trusted(t):
    for s in statements(t.is_["assume_role_policy"]):
        principal, condition = s["Principal"], json.dumps(s.get("Condition", {}))
        if list(principal) == ["Service"]:
            if principal["Service"] == "pods.eks.amazonaws.com" and "aws:SourceArn" not in condition:
                return f"{t.address}: pods of any cluster"
        elif list(principal) == ["AWS"]:
            if not t.is_["name"].startswith("portolan-job-") or principal["AWS"] != PORTAL:
                return f"{t.address}: {principal}"
            if s["Action"] == "sts:AssumeRole" and not ("sts:ExternalId" in condition and "sts:SourceIdentity" in condition):
                return f"{t.address}: no ExternalId or no person"
        elif not ("token.actions.githubusercontent.com:sub" in condition and "StringLike" not in condition and "*" not in condition):
            return f"{t.address}: {principal}"
    return None


one("every role is assumable by the portal, AWS's services, or one exact workflow", of("aws_iam_role"), trusted, 60)
protected = [t for t in of("aws_iam_role", place="account-production") if t.is_["name"] in ("portolan-job-developer", "portolan-job-operator", "portolan-job-administrator")]
one("in a protected account roles that change things demand the tag of a second factor", protected, lambda t: None if '"aws:RequestTag/portolan:mfa":"true"' in t.is_["assume_role_policy"].replace(": ", ":") else t.address, 3)
one("job roles stand inside the boundary", [t for t in of("aws_iam_role") if re.match("portolan-job-(?!custodian)", t.is_["name"])], lambda t: None if t.is_["permissions_boundary"] else t.address, 18)
one("no policy allows * on *", of("aws_iam_policy", "aws_iam_role_policy"), lambda t: t.address if any(s["Effect"] == "Allow" and "*" in listed(s.get("Action", "*")) and "*" in listed(s["Resource"]) for s in statements(t.is_["policy"])) else None, 40)
one("policies of roles are as long as AWS takes them", of("aws_iam_role_policy"), lambda t: t.address if len(t.is_["policy"]) > 10240 else None, 40)
one("access entries are for roles that are made", of("aws_eks_access_entry"),
    lambda t: None if any(r.account == t.account and t.is_["principal_arn"].endswith(f":{t.account}:role/{r.is_['name']}") for r in of("aws_iam_role")) else f"{t.address}: {t.is_['principal_arn']}", 20)

# --- Buckets ---------------------------------------------------------------------------------------------------
buckets = of("aws_s3_bucket")


def beside(t, kind):
    return [o for o in of(kind, place=t.place, root=t.root) if o.is_["bucket"] == t.is_["bucket"]]


one("every bucket is private", buckets, lambda t: None if any(all(b.is_[k] for k in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")) for b in beside(t, "aws_s3_bucket_public_access_block")) else t.address, 15)
one("every bucket is encrypted and versioned", buckets, lambda t: None if beside(t, "aws_s3_bucket_server_side_encryption_configuration") and beside(t, "aws_s3_bucket_versioning") else t.address, 15)
one("every bucket refuses plain HTTP", buckets, lambda t: None if any("aws:SecureTransport" in p.is_["policy"] for p in beside(t, "aws_s3_bucket_policy")) else t.address, 15)
replicated = of("aws_s3_bucket_replication_configuration")
pairs = {(r.is_["bucket"], d["bucket"].split(":::")[-1]) for r in replicated for u in r.is_["rule"] for d in u["destination"]}
rule("replication goes both ways", len(pairs), [f"{a} to {b} and not back" for a, b in pairs if (b, a) not in pairs], 12)
one("audit checkpoints and backups are locked", [b for b in buckets if re.search("audit|backups", b.is_["bucket"])], lambda t: None if t.is_["object_lock_enabled"] else t.address, 6)

# --- Networks, databases, clusters -------------------------------------------------------------------------------
open_groups = {r.is_["security_group_id"] for r in of("aws_vpc_security_group_ingress_rule") if r.is_["cidr_ipv4"] == "0.0.0.0/0"}
one("databases: encrypted, private, in no group that is open to the world", of("aws_rds_cluster", "aws_db_instance"),
    lambda t: None if t.is_["storage_encrypted"] and not open_groups & set(t.is_["vpc_security_group_ids"]) and not t.is_.get("publicly_accessible") and t.is_["deletion_protection"] else t.address, 8)
one("only public balancers are open to the world", [r for r in of("aws_vpc_security_group_ingress_rule") if r.is_["cidr_ipv4"] == "0.0.0.0/0"], lambda t: None if "public_balancer" in t.address and t.is_["from_port"] in (80, 443) else t.address, 8)
one("regional databases have a standby", of("aws_db_instance"), lambda t: None if t.is_["multi_az"] else t.address, 4)
one("clusters: five logs, our key, nobody from everywhere", of("aws_eks_cluster"),
    lambda t: None if len(t.is_["enabled_cluster_log_types"]) == 5 and t.is_["encryption_config"][0]["provider"][0]["key_arn"] and "0.0.0.0/0" not in (t.is_["vpc_config"][0]["public_access_cidrs"] or []) else t.address, 4)
WAITS_FOR = {f"module.region.module.cluster.{name}" for name in ("aws_eks_access_policy_association.this", "aws_eks_node_group.this", "aws_eks_addon.after_nodes")}
one("what runs in a cluster waits for the right to install it and for nodes", [t for t in things if t.kind == "helm_release" or t.kind.startswith("kubernetes_")], lambda t: f"{t.address}: not after {sorted(WAITS_FOR - t.after)}" if WAITS_FOR - t.after else None, 60)
one("log groups are not kept forever", of("aws_cloudwatch_log_group"), lambda t: None if t.is_["retention_in_days"] else t.address, 25)
REGIONAL = (
    "aws_vpc", "aws_vpc_endpoint", "aws_eks_cluster", "aws_eks_node_group", "aws_eks_fargate_profile", "aws_lb", "aws_wafv2_web_acl", "aws_db_instance", "aws_rds_cluster", "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_dashboard", "aws_cloudwatch_event_rule", "aws_sns_topic", "aws_route53_health_check", "aws_route53_record",
)
CHARTS = {"platform": ("aws-load-balancer-controller", "cluster-autoscaler", "external-secrets", "portolan", "jenkins"), "production": ("aws-load-balancer-controller", "cluster-autoscaler")}
ONCE = ("aws_route53_zone", "aws_cloudfront_distribution", "aws_rds_global_cluster", "aws_wafv2_web_acl", "aws_s3_bucket_replication_configuration", "aws_kms_replica_key")
for place in ("platform", "production"):
    found = {t.root: t for t in of("aws_rds_cluster", place=place)}
    rule(f"{place}: both sides join one global database, and one of them writes", len(found),
         ([] if len({t.is_["global_cluster_identifier"] for t in found.values()}) == 1 else ["two databases"]) + ([] if [r for r, t in found.items() if not t.is_["source_region"]] == ["primary"] else ["not one writer"]), 2)
    roads = of("aws_route", place=place, root="secondary")
    rule(f"{place}: the networks reach each other", len([r for r in roads if r.is_["vpc_peering_connection_id"]]), [], 8)

    # --- Every service of the mission that is regional, in both regions; those that are not, once ---
    made = collections.defaultdict(set)
    for t in of(*REGIONAL, "helm_release", place=place):
        if t.alias in ("", "helm"):
            made[t.is_["name"] if t.kind == "helm_release" else f"{t.kind} {t.is_.get('load_balancer_type', '')}".strip()].add(t.root)
    wanted = {*REGIONAL, *CHARTS[place], "aws_lb application", "aws_lb network"} - {"aws_lb"}
    rule(f"{place}: regional services are in both regions", len(wanted), [f"{name}: {sorted(made[name])}" for name in sorted(wanted) if not {"primary", "secondary"} <= made[name]], 15)
    rule(f"{place}: services without a region are there", len(ONCE), [name for name in ONCE if not of(name, place=place, root="global")])
    tables = of("aws_dynamodb_table", place=place)
    rule(f"{place}: tables have a replica in the other region", len(tables), [t.address for t in tables if [r["region_name"] for r in t.is_["replica"]] != ["eu-central-1"]], 1 if place == "production" else 0)

# --- Names and failover -------------------------------------------------------------------------------------------
    records = [t for t in of("aws_route53_record", place=place) if t.is_["failover_routing_policy"]]
    hosts = collections.defaultdict(dict)
    for t in records:
        hosts[t.is_["name"]][t.is_["failover_routing_policy"][0]["type"]] = t
    rule(f"{place}: every host has a record on both sides, each with a check", len(hosts),
         [f"{h}: {sorted(sides)}" for h, sides in hosts.items() if set(sides) != {"PRIMARY", "SECONDARY"} or not all(s.is_["health_check_id"] for s in sides.values())]
         + [f"{h}: {t.root} points elsewhere" for h, sides in hosts.items() for t in sides.values() if t.is_["alias"][0]["name"] not in [b.is_["dns_name"] for b in of("aws_lb", place=place, root=t.root)]])
    for side in ("primary", "secondary"):
        checks = {t.is_["id"]: t for t in of("aws_route53_health_check", place=place, root=side)}
        ruled = [set(c["host_header"][0]["values"]) for t in of("aws_lb_listener_rule", place=place, root=side) for c in t.is_["condition"]]
        asked = [t for t in checks.values() if t.is_["type"] == "HTTPS_STR_MATCH" and not t.is_["invert_healthcheck"]]
        one(f"{place} {side}: a check asks the target that serves its host", asked, lambda t: next((f"{t.address}: {t.is_['fqdn']} is not among {sorted(hosts)}" for hosts in ruled if t.is_["fqdn"].split(".", 1)[1] in hosts and t.is_["fqdn"] not in hosts), None))
        watched = {t.is_["dimensions"]["HealthCheckId"] for t in of("aws_cloudwatch_metric_alarm", place=place, root=side) if t.alias == "us_east_1"}
        rule(f"{place} {side}: every health check but the control has its alarm in us-east-1", len(watched), [t.address for i, t in checks.items() if i not in watched and not t.is_["invert_healthcheck"]], 3)
        alarms = {t.is_["alarm_name"] for t in of("aws_cloudwatch_metric_alarm", place=place, root=side) if not t.alias}
        one(f"{place} {side}: the alarm Route 53 follows is made in this region", [t for t in checks.values() if t.is_["type"] == "CLOUDWATCH_METRIC"], lambda t: None if t.is_["cloudwatch_alarm_name"] in alarms and t.is_["cloudwatch_alarm_region"] == REGION[side] else t.address)
        secrets = {s for t in of("aws_iam_role_policy", place=place, root=side) if t.is_["name"] == "read-named-secrets" for x in statements(t.is_["policy"])[:1] for s in x["Resource"]}
        made = {t.is_["name"]: {r["region"] for r in t.is_["replica"]} | {"eu-west-1"} for t in of("aws_secretsmanager_secret") if t.account == ACCOUNT[place]}
        wanted = [tuple(re.fullmatch(r"arn:aws:secretsmanager:([^:]+):\d+:secret:(.+)-\?{6}", s).groups()) for s in secrets]
        rule(f"{place} {side}: secrets that are read are made, and copied here", len(wanted), [f"{name} in {region}" for region, name in wanted if region not in made.get(name, ())], 3 if place == "platform" else 0)
        acls = {t.is_["resource_arn"] for t in of("aws_wafv2_web_acl_association", place=place, root=side)}
        one(f"{place} {side}: the public balancer has a web ACL", [t for t in of("aws_lb", place=place, root=side) if t.is_["load_balancer_type"] == "application"], lambda t: None if t.is_["arn"] in acls else t.address)
one("distributions have a web ACL for CloudFront and two origins", of("aws_cloudfront_distribution"), lambda t: None if ":global/webacl/" in t.is_["web_acl_id"] and len(t.is_["origin"]) == 2 else t.address, 2)

# --- What tells people --------------------------------------------------------------------------------------------
one("topics sign with SHA-256 and are encrypted", of("aws_sns_topic"), lambda t: None if t.is_["signature_version"] == 2 and t.is_["kms_master_key_id"] else t.address, 12)
one("EventBridge and CloudWatch may publish to every topic", of("aws_sns_topic_policy"),
    lambda t: None if {"events.amazonaws.com", "cloudwatch.amazonaws.com"} <= {p for s in statements(t.is_["policy"]) if s["Effect"] == "Allow" for p in listed(s["Principal"]["Service"])} else t.address, 12)
one("queues are encrypted", of("aws_sqs_queue"), lambda t: None if t.is_["kms_master_key_id"] or t.is_["sqs_managed_sse_enabled"] else t.address, 12)
regions_heard = {(t.place, REGION[t.alias] if t.alias or t.root != "secondary" else "eu-central-1") for t in of("aws_cloudwatch_event_rule")}
rule("events are heard in both regions and in us-east-1", len(regions_heard), [f"{p} {r}" for p in ("platform", "production") for r in ("eu-west-1", "eu-central-1", "us-east-1") if (p, r) not in regions_heard])

# --- Across accounts -----------------------------------------------------------------------------------------------
agents = {f"arn:aws:iam::{t.account}:role/{t.is_['name']}" for t in of("aws_iam_role") if "jenkins-agent" in t.is_["name"]}
pushers = {p for t in of("aws_ecr_repository_policy", place="account-non-production") for s in statements(t.is_["policy"]) for p in s["Condition"]["ArnEquals"]["aws:PrincipalArn"]}
rule("the registry lets exactly Jenkins' agents push", len(agents), sorted(agents ^ pushers), 2)
copies = {(t.account, REGION[t.alias], d["registry_id"], d["region"]) for t in of("aws_ecr_replication_configuration") for c in t.is_["replication_configuration"] for r in c["rule"] for d in r["destination"]}
lets_in = {(t.account, REGION[t.alias]) for t in of("aws_ecr_registry_policy")}
rule("copies of images are let in where they are sent", len(copies), [f"{copy}" for copy in copies if copy[0] != copy[2] and (copy[2], copy[3]) not in lets_in], 10)
images = collections.defaultdict(set)
for t in of("aws_ecr_repository"):
    images[t.account, t.is_["name"]].add(REGION[t.alias])
rule("every image repository is in both regions", len(images), [f"{a} {n}: {sorted(r)}" for (a, n), r in images.items() if len(r) != 2], 9)
analyzers = {(t.place, REGION[t.alias]) for t in of("aws_accessanalyzer_analyzer") if t.is_["type"] == "ACCOUNT"}
rule("access is analyzed in every account, both regions", len(analyzers), [], 6)
unpinned = re.compile(r"(?m)^\s*image: (?!.*@sha256:)(\S+)")
one("charts of ours name images by digest", of("helm_release"), lambda t: next((f"{t.address}: {m}" for v in t.is_["values"] or [] for m in unpinned.findall(v)), None), 20)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
