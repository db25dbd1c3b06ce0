#!/usr/bin/env python3
"""What a failover runbook does to the world, done to a Terraform state: reads one on standard input, writes one.

Two effects reach things Terraform manages: node groups of the two sides exchange their bounds (UpdateNodegroupConfig), and Aurora's
writer moves (Switchover or FailoverGlobalCluster), which exchanges the source of replication and the source region. Traffic moves
by an object in S3, which Terraform does not manage.
"""

import json
import sys

state = json.load(sys.stdin)
state["serial"] += 1


def find(side, kind):
    for resource in state["resources"]:
        if resource["type"] == kind and resource.get("module", "").startswith(f"module.{side}."):
            yield resource["instances"]


groups = {side: [i["attributes"] for instances in find(side, "aws_eks_node_group") for i in instances] for side in ("primary", "secondary")}
clusters = {side: [i["attributes"] for instances in find(side, "aws_rds_cluster") for i in instances] for side in ("primary", "secondary")}
assert groups["primary"] and groups["secondary"] and clusters["primary"] and clusters["secondary"], "nothing to fail over"

for here, there in zip(groups["primary"], groups["secondary"], strict=True):
    here["scaling_config"], there["scaling_config"] = there["scaling_config"], here["scaling_config"]
    # The autoscaler has been at work meanwhile.
    there["scaling_config"][0]["desired_size"] += 2
for here, there in zip(clusters["primary"], clusters["secondary"], strict=True):
    here["replication_source_identifier"] = there["arn"]
    there["replication_source_identifier"] = ""
    there["master_username"] = here["master_username"]

json.dump(state, sys.stdout)
