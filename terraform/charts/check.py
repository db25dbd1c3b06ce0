#!/usr/bin/env python3
"""Renders every chart with Helm's own library and checks what comes out, offline.

Built-in kinds are checked strictly against the Kubernetes schemas of kubernetes-validate; custom kinds (load balancer
controller, External Secrets, Karpenter), whose schemas it does not hold, are counted aloud. Then what a schema cannot say:
pods restricted, images by digest, requests set. Last, values that must be refused.

Needs: pip install helm-python-sdk kubernetes-validate. Closes with `N passed, N failed`.
"""

import pathlib
import sys

import kubernetes_validate
import yaml
from helm_python.chart import Chart

HERE = pathlib.Path(__file__).parent
CHARTS = [HERE / "portolan", HERE / "secrets", HERE / "target-group-binding", *(HERE.parent / "modules/cluster-addons/charts" / name for name in ("node-pool", "canaries"))]
VERSION = "1.33"
CUSTOM = ("elbv2.k8s.aws/", "external-secrets.io/", "karpenter.sh/", "karpenter.k8s.aws/")
passed = failed = 0


def check(name, problem):
    """Counts one check; `problem` is None or words."""
    global passed, failed
    if problem:
        failed += 1
        print(f"FAIL {name}: {problem}")
    else:
        passed += 1


def documents(path, values):
    with Chart.load(str(path)) as chart:
        rendered = chart.render(values=values, name="portolan", namespace="portolan")
    texts = rendered.values() if isinstance(rendered, dict) else [rendered]
    return [d for text in texts for d in yaml.safe_load_all(text) if d]


def schema(document):
    if document["apiVersion"].startswith(CUSTOM):
        return None
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{error.message} at {list(error.path)}"
    return None


def pods(document):
    """What the schema allows and we do not."""
    template = document.get("spec", {}).get("template", {}).get("spec")
    if document["kind"] not in ("Deployment", "Job") or not template:
        return None
    context = template.get("securityContext", {})
    if not context.get("runAsNonRoot") or context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        return "the pod is not restricted"
    if template.get("automountServiceAccountToken") is not False:
        return "the pod gets a Kubernetes token it does not need"
    for container in template["containers"]:
        own = container.get("securityContext", {})
        if not own.get("readOnlyRootFilesystem") or own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]}:
            return f"container {container['name']} is not restricted"
        if "@sha256:" not in container["image"]:
            return f"image {container['image']} is not by digest"
        if "requests" not in container.get("resources", {}) or "memory" not in container["resources"].get("limits", {}):
            return f"container {container['name']} has no requests or no memory limit"
    return None


def owner_secret(found):
    """The schema owner's password is for migrations alone."""
    for document in found:
        text = yaml.safe_dump(document)
        if document["kind"] == "Deployment" and "portolan-owner" in text:
            return f"{document['metadata']['name']} has the owner's password"
    return None


def rules_beside_config(found):
    """Pods read the rules file that the configuration names from the same mount."""
    for document in found:
        if document["kind"] == "ConfigMap" and set(document["data"]) != {"portolan.toml", "rules.toml"}:
            return f"{document['metadata']['name']} holds {sorted(document['data'])}"
    mounts = {m["mountPath"] for d in found if d["kind"] in ("Deployment", "Job") for c in d["spec"]["template"]["spec"]["containers"] for m in c["volumeMounts"] if m["name"] == "config"}
    return None if mounts == {"/etc/portolan"} else f"mounted at {mounts}"


custom = 0
for path in CHARTS:
    for file in sorted(path.glob("ci/*.values.yaml")):
        found = documents(path, yaml.safe_load(file.read_text()))
        check(f"{path.name} renders something", None if found else "nothing")
        for document in found:
            name = f"{path.name} {document['kind']}/{document['metadata']['name']}"
            custom += document["apiVersion"].startswith(CUSTOM)
            check(name, schema(document))
            check(name, pods(document))
        check(f"{path.name} keeps the owner's password to migrations", owner_secret(found))

check("portolan has its rules beside its configuration", rules_beside_config(documents(HERE / "portolan", yaml.safe_load((HERE / "portolan/ci/region.values.yaml").read_text()))))

good = yaml.safe_load((HERE / "portolan/ci/region.values.yaml").read_text())
for name, change in {
    "an image by tag": {"image": {"reference": "registry.example.com/portolan:latest"}},
    "one replica": {"serve": {"replicas": 1}},
    "a zone for a region": {"region": "eu-west-1a"},
    "pods that reach no database": {"egress": {"privateCidrs": []}},
    "no rules": {"rules": ""},
    "a misspelt value": {"targetGroupARN": "x"},
}.items():
    try:
        documents(HERE / "portolan", {**good, **change})
        check(f"refuses {name}", "it was taken")
    except Exception as error:  # the library has one class a cause; any refusal will do, silence will not
        check(f"refuses {name}", None if "schema" in str(error).lower() or "pattern" in str(error).lower() or "minimum" in str(error).lower() else f"for another reason: {error}")

if custom:
    print(f"{custom} documents of custom kinds rendered; their schemas are not in kubernetes-validate, so only their YAML is checked")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
