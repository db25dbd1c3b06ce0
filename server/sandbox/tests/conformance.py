#!/usr/bin/env python3
"""The stand-in AWS against boto3: every operation served, right and wrong, every answer parsed.

Starts the sandbox binary with worlds/conformance.toml (or takes a running one) and fails if an operation that the
sandbox serves is not exercised here, or the other way round. Prints `N passed, N failed` and exits 1 on failure.

  conformance.py [--sandbox target/debug/portolan-sandbox] [--url http://127.0.0.1:PORT]
"""

import argparse
import base64
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import botocore
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

HERE = pathlib.Path(__file__).resolve().parent
ROOT = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
POWERLESS = {"aws_access_key_id": "AKIAI44QH8DHBEXAMPLE", "aws_secret_access_key": "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}
WORKLOADS = "200000000002"
ROLE = f"arn:aws:iam::{WORKLOADS}:role/"
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"eks:DescribeCluster","Resource":"*"}]}'

# (service, operation) -> outcomes seen; filled in by an event hook on every client, so that no test can forget it.
seen = {}
results = []


def client(service, credentials, region="eu-west-1", **options):
    options = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 10, "parameter_validation": False, **options}
    # The journal and the table name a service as it is signed.
    signed = {"cloudwatch": "monitoring"}.get(service, service)
    made = boto3.client(service, region_name=region, endpoint_url=URL, config=Config(**options), **credentials)

    def note(parsed, model, **_):
        seen.setdefault((signed, model.name), set()).add("wrong" if "Error" in parsed else "right")
        assert parsed["ResponseMetadata"]["RequestId"], "every answer carries a request id"

    made.meta.events.register("after-call", note)
    return made


def of_session(answer):
    given = answer["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def session(role="open", credentials=ROOT, **more):
    sts = client("sts", credentials)
    return of_session(sts.assume_role(RoleArn=ROLE + role, RoleSessionName="boto", **more))


def refused(code, call, status=None, message=None, **arguments):
    """The call must fail with this code; returns the message."""
    try:
        call(**arguments)
    except ClientError as error:
        got, meta = error.response["Error"], error.response["ResponseMetadata"]
        assert got["Code"] == code, f"want {code}, got {got}"
        assert status is None or meta["HTTPStatusCode"] == status, f"want {status}, got {meta['HTTPStatusCode']}"
        assert message is None or re.search(message, got["Message"]), f"want {message!r} in {got['Message']!r}"
        return got["Message"]
    raise AssertionError(f"accepted, want {code}")


def check(function):
    """Runs a check at once; a failure is printed and counted, the others still run."""
    try:
        function()
        results.append((function.__name__, None))
    except (AssertionError, ClientError, ConnectionClosedError, EndpointConnectionError, ResponseParserError, KeyError) as error:
        results.append((function.__name__, error))
        print(f"FAILED {function.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
    return function


def world(method, path, body=None):
    request = urllib.request.Request(URL + "/_world/" + path, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode()) as answer:
        return json.loads(answer.read() or b"null")


def main():
    @check
    def caller_identity():
        me = client("sts", ROOT).get_caller_identity()
        assert me["Arn"] == "arn:aws:iam::100000000001:user/root-of-tests" and me["Account"] == "100000000001"
        assert client("sts", POWERLESS).get_caller_identity()["Arn"].endswith("user/powerless"), "needs no permission"
        me = client("sts", session()).get_caller_identity()
        assert me["Arn"] == f"arn:aws:sts::{WORKLOADS}:assumed-role/open/boto" and me["UserId"].endswith(":boto")

    @check
    def bad_credentials_in_each_protocol():
        unknown = {"aws_access_key_id": "AKIAUNKNOWNUNKNOWN00", "aws_secret_access_key": "x"}
        wrong = {**ROOT, "aws_secret_access_key": "x"}
        for credentials, sts, other in (
            (unknown, "InvalidClientTokenId", "UnrecognizedClientException"),
            (wrong, "SignatureDoesNotMatch", "InvalidSignatureException"),
            ({**session(), "aws_session_token": "x"}, "InvalidClientTokenId", "UnrecognizedClientException"),
        ):
            refused(sts, client("sts", credentials).get_caller_identity, 403)
            refused(other, client("eks", credentials).list_clusters, 403)
            refused(other, client("ecr", credentials).describe_repositories, 400)

    @check
    def unsigned_requests():
        unsigned = {"signature_version": botocore.UNSIGNED}
        refused("MissingAuthenticationToken", client("sts", ROOT, **unsigned).get_caller_identity, 403)

    @check
    def assume_role_with_everything():
        answer = client("sts", ROOT).assume_role(
            RoleArn=ROLE + "strict",
            RoleSessionName="step-0198",
            DurationSeconds=900,
            ExternalId="portolan-" + WORKLOADS,
            SourceIdentity="developer",
            Tags=[{"Key": "portolan:environment", "Value": "dev"}, {"Key": "portolan:team", "Value": "Käse & Wein"}][:1],
            Policy=ALLOW,
        )
        assert answer["SourceIdentity"] == "developer"
        assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{WORKLOADS}:assumed-role/strict/step-0198"
        assert 1 <= answer["PackedPolicySize"] <= 100
        assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
        left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        assert 880 < left.total_seconds() <= 900, left
        described = client("eks", of_session(answer)).describe_cluster(name="shop-dev")
        assert described["cluster"]["status"] == "ACTIVE"
        denied = refused("AccessDeniedException", client("ecr", of_session(answer)).describe_images, 400, repositoryName="shop/cart")
        assert denied == (
            f"User: arn:aws:sts::{WORKLOADS}:assumed-role/strict/step-0198 is not authorized to perform: ecr:DescribeImages on resource: "
            f"arn:aws:ecr:eu-west-1:{WORKLOADS}:repository/shop/cart because no session policy allows the ecr:DescribeImages action"
        ), denied

    @check
    def assume_role_denied():
        sts = client("sts", ROOT)
        whole = {
            "RoleArn": ROLE + "strict",
            "RoleSessionName": "step",
            "ExternalId": "portolan-" + WORKLOADS,
            "SourceIdentity": "developer",
            "Tags": [{"Key": "portolan:environment", "Value": "dev"}],
        }
        for missing in ("ExternalId", "SourceIdentity", "Tags"):
            refused("AccessDenied", sts.assume_role, 403, **{k: v for k, v in whole.items() if k != missing})
        refused("AccessDenied", sts.assume_role, 403, **{**whole, "ExternalId": "portolan-other"})
        refused("AccessDenied", sts.assume_role, 403, **{**whole, "RoleArn": ROLE + "nobody"})
        refused("AccessDenied", sts.assume_role, 403, "explicit deny in an identity-based policy", RoleArn=ROLE + "forbidden", RoleSessionName="step")
        refused(
            "AccessDenied",
            client("sts", POWERLESS).assume_role,
            403,
            "because no identity-based policy allows the sts:AssumeRole action",
            RoleArn=ROLE + "open",
            RoleSessionName="step",
        )

    @check
    def assume_role_limits():
        sts = client("sts", ROOT)
        base = {"RoleArn": ROLE + "open", "RoleSessionName": "step"}
        padded = ALLOW.replace("{", "{" + " " * (2048 - len(ALLOW)), 1)
        assert sts.assume_role(**base, Policy=padded)["PackedPolicySize"] > 0
        tags = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]
        sts.assume_role(**base, Tags=tags)
        sts.assume_role(**base, DurationSeconds=43200)
        for code, change in (
            ("ValidationError", {"RoleSessionName": "x"}),
            ("ValidationError", {"RoleSessionName": "a/b"}),
            ("ValidationError", {"SourceIdentity": "a b"}),
            ("ValidationError", {"ExternalId": "é!"}),
            ("ValidationError", {"RoleArn": "role"}),
            ("ValidationError", {"DurationSeconds": 899}),
            ("ValidationError", {"DurationSeconds": 43201}),
            ("ValidationError", {"Policy": padded + " "}),
            ("ValidationError", {"Policy": ALLOW + "€"}),
            ("MalformedPolicyDocument", {"Policy": ALLOW[:-1]}),
            ("MalformedPolicyDocument", {"Policy": ALLOW.replace("eks:DescribeCluster", "*:Describe*")}),
            ("MalformedPolicyDocument", {"Policy": ALLOW.replace('"Action"', '"Principal":"*","Action"')}),
            ("ValidationError", {"Tags": tags + [{"Key": "one", "Value": "more"}]}),
            ("PackedPolicyTooLarge", {"Tags": [{"Key": f"{n}" + "k" * 100, "Value": "v"} for n in range(50)]}),
            ("InvalidParameterValue", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}),
            ("InvalidParameterValue", {"TransitiveTagKeys": ["a"]}),
            ("NotImplemented", {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}),
            ("NotImplemented", {"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}),
        ):
            refused(code, sts.assume_role, **{**base, **change})
        refused("ValidationError", sts.assume_role, 400, "MaxSessionDuration", RoleArn=ROLE + "plain", RoleSessionName="step", DurationSeconds=3601)

    @check
    def chaining():
        first = client("sts", ROOT).assume_role(
            RoleArn="arn:aws:iam::100000000001:role/open",
            RoleSessionName="first",
            SourceIdentity="developer",
            Tags=[{"Key": "team", "Value": "checkout"}],
            TransitiveTagKeys=["team"],
        )
        sts = client("sts", of_session(first))
        base = {"RoleArn": ROLE + "open", "RoleSessionName": "second"}
        assert sts.assume_role(**base)["SourceIdentity"] == "developer", "survives chaining"
        assert sts.assume_role(**base, SourceIdentity="developer")["SourceIdentity"] == "developer", "may be said again"
        refused("AccessDenied", sts.assume_role, 403, "cannot be changed", **base, SourceIdentity="manager")
        refused("ValidationError", sts.assume_role, 400, "role chaining", **base, DurationSeconds=3601)
        refused("InvalidParameterValue", sts.assume_role, **base, Tags=[{"Key": "TEAM", "Value": "x"}])

    @check
    def presigned_identity():
        credentials = boto3.Session(**session()).get_credentials()
        request = AWSRequest("GET", f"{URL}/?Action=GetCallerIdentity&Version=2011-06-15", headers={"x-k8s-aws-id": "shop-dev"})
        SigV4QueryAuth(credentials, "sts", "eu-west-1", expires=60).add_auth(request)
        good = urllib.request.Request(request.url, headers={"x-k8s-aws-id": "shop-dev"})
        with urllib.request.urlopen(good) as answer:
            assert b"assumed-role/open/boto" in answer.read()
        for headers in ({}, {"x-k8s-aws-id": "shop-production"}):
            try:
                urllib.request.urlopen(urllib.request.Request(request.url, headers=headers))
                raise AssertionError("accepted with another cluster")
            except urllib.error.HTTPError as error:
                assert error.code == 403 and b"SignatureDoesNotMatch" in error.read()

    @check
    def pod_identity():
        request = urllib.request.Request(URL + "/pod-identity/v1/credentials", headers={"Authorization": "pod-identity-token-portolan"})
        with urllib.request.urlopen(request) as answer:
            given = json.load(answer)
        assert datetime.datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00"))
        # The SDK's own provider, as it works inside a pod.
        os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = URL + "/pod-identity/v1/credentials"
        os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "pod-identity-token-portolan"
        try:
            provider = botocore.credentials.ContainerProvider()
            credentials = provider.load().get_frozen_credentials()
        finally:
            del os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        me = client("sts", dict(zip(keys, credentials))).get_caller_identity()
        assert ":assumed-role/open/eks-" in me["Arn"], me

    @check
    def eks_right_and_wrong():
        workloads = session()
        eks = client("eks", workloads)
        cluster = eks.describe_cluster(name="shop-dev")["cluster"]
        assert cluster["arn"] == f"arn:aws:eks:eu-west-1:{WORKLOADS}:cluster/shop-dev"
        assert base64.b64decode(cluster["certificateAuthority"]["data"]).startswith(b"-----BEGIN CERTIFICATE-----")
        assert cluster["endpoint"].startswith("https://") and isinstance(cluster["createdAt"], datetime.datetime)
        assert eks.list_clusters()["clusters"] == ["shop-dev", "shop-staging"]
        pages = eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 1})
        assert [page["clusters"] for page in pages] == [["shop-dev"], ["shop-staging"]]
        assert client("eks", workloads, "eu-central-1").list_clusters()["clusters"] == ["shop-staging"]
        refused("ResourceNotFoundException", eks.describe_cluster, 404, "No cluster found for name: nothing.", name="nothing")
        refused("InvalidParameterException", eks.describe_cluster, 400, name="a b/c?d#é")
        refused("InvalidParameterException", eks.list_clusters, 400, maxResults=0)
        refused("InvalidParameterException", eks.list_clusters, 400, nextToken="made up")
        refused("AccessDeniedException", client("eks", POWERLESS).list_clusters, 403, "because no identity-based policy allows the eks:ListClusters action")
        bounded = session("bounded")
        refused("AccessDeniedException", client("eks", bounded).list_clusters, 403, "with an explicit deny in an identity-based policy")
        refused("AccessDeniedException", client("ecr", bounded).describe_repositories, 400, "because no permissions boundary allows")

    @check
    def ecr_right_and_wrong():
        workloads = session()
        ecr = client("ecr", workloads)
        images = ecr.describe_images(repositoryName="shop/cart")["imageDetails"]
        assert [image["imageTags"] for image in images] == [["1.0.0"], ["1.1.0"], ["1.2.0"], ["2.0.0"]]
        assert isinstance(images[0]["imagePushedAt"], datetime.datetime) and images[0]["imageDigest"].startswith("sha256:")
        both = {"imageTag": "2.0.0", "imageDigest": images[3]["imageDigest"]}
        assert len(ecr.describe_images(repositoryName="shop/cart", imageIds=[both])["imageDetails"]) == 1
        pages = ecr.get_paginator("describe_images").paginate(repositoryName="shop/cart", PaginationConfig={"PageSize": 3})
        assert [len(page["imageDetails"]) for page in pages] == [3, 1]
        missing = {**both, "imageDigest": images[0]["imageDigest"]}
        refused("ImageNotFoundException", ecr.describe_images, 400, repositoryName="shop/cart", imageIds=[missing])
        other = client("ecr", workloads, "eu-central-1")
        refused("ImageNotFoundException", other.describe_images, 400, "imageTag:'2.0.0'", repositoryName="shop/cart", imageIds=[{"imageTag": "2.0.0"}])
        refused("RepositoryNotFoundException", ecr.describe_images, 400, repositoryName="shop/nothing")
        refused("InvalidParameterException", ecr.describe_images, 400, repositoryName="Shop//Cart")
        refused("InvalidParameterException", ecr.describe_images, 400)
        refused("InvalidParameterException", ecr.describe_images, 400, repositoryName="shop/cart", filter={"tagStatus": "SOME"})
        refused("AccessDeniedException", client("ecr", POWERLESS).describe_images, 400, repositoryName="shop/cart")

        repositories = ecr.describe_repositories(repositoryNames=["shop/payment"])["repositories"]
        assert repositories[0]["repositoryArn"] == f"arn:aws:ecr:eu-west-1:{WORKLOADS}:repository/shop/payment"
        refused("RepositoryNotFoundException", ecr.describe_repositories, 400, repositoryNames=["shop/nothing"])
        refused("InvalidParameterException", ecr.describe_repositories, 400, maxResults=0)

        got = ecr.batch_get_image(repositoryName="shop/cart", imageIds=[{"imageTag": "1.0.0"}, {"imageTag": "9.9.9"}])
        assert got["images"][0]["imageId"]["imageTag"] == "1.0.0" and json.loads(got["images"][0]["imageManifest"])["schemaVersion"] == 2
        assert got["failures"][0]["failureCode"] == "ImageNotFound"
        refused("InvalidParameterException", ecr.batch_get_image, 400, repositoryName="shop/cart")

    @check
    def gaps_are_named():
        # These calls are not counted: what is not served is not on the list.
        for service, call, arguments in (
            ("sts", "get_session_token", {}),
            ("eks", "list_nodegroups", {"clusterName": "shop-dev"}),
            ("ecr", "get_authorization_token", {}),
            ("dynamodb", "list_tables", {}),
        ):
            before = dict(seen)
            try:
                refused("NotImplemented", getattr(client(service, ROOT), call), 501, "the sandbox does not serve", **arguments)
            finally:
                seen.clear()
                seen.update(before)

    @check
    def faults():
        sts = client("sts", ROOT)
        try:
            world("POST", "faults", {"service": "sts", "kind": "throttle", "times": 1})
            refused("Throttling", sts.get_caller_identity, 400)
            world("POST", "faults", {"service": "sts", "region": "eu-west-1", "kind": "error", "times": 1})
            refused("InternalFailure", sts.get_caller_identity, 500)
            world("POST", "faults", {"region": "eu-west-1", "kind": "reset"})
            try:
                sts.get_caller_identity()
                raise AssertionError("the region is gone")
            except (ConnectionClosedError, EndpointConnectionError):
                pass
            client("sts", ROOT, "eu-central-1").get_caller_identity()
        finally:
            world("DELETE", "faults")
        sts.get_caller_identity()

    @check
    def metrics_put_and_read():
        cloudwatch = client("cloudwatch", session())
        now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        start = now - datetime.timedelta(minutes=10)
        cart = [{"Name": "Service", "Value": "cart"}]
        data = [
            {"MetricName": "Errors", "Dimensions": cart, "Timestamp": start + datetime.timedelta(minutes=n), "Value": value}
            for n, value in ((0, 1.0), (0, 3.0), (1, 0.5))
        ]
        cloudwatch.put_metric_data(Namespace="Boto", MetricData=data)

        def query(identity="m0", stat="Average", period=60):
            metric = {"Namespace": "Boto", "MetricName": "Errors", "Dimensions": cart}
            return {"Id": identity, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}

        span = {"StartTime": start, "EndTime": now}
        answer = cloudwatch.get_metric_data(MetricDataQueries=[query(), query("m1", "SampleCount")], ScanBy="TimestampAscending", **span)
        first, second = answer["MetricDataResults"]
        assert first["Values"] == [2.0, 0.5] and second["Values"] == [2.0, 1.0], answer
        assert first["Timestamps"] == [start, start + datetime.timedelta(minutes=1)], answer
        assert first["StatusCode"] == "Complete"
        newest_first = cloudwatch.get_metric_data(MetricDataQueries=[query()], **span)
        assert newest_first["MetricDataResults"][0]["Values"] == [0.5, 2.0]
        get = cloudwatch.get_metric_data
        refused("ValidationError", get, 400, "Period", MetricDataQueries=[query(period=61)], **span)
        refused("ValidationError", get, 400, "Stat", MetricDataQueries=[query(stat="Mean")], **span)
        refused("ValidationError", get, 400, "StartTime", MetricDataQueries=[query()], StartTime=now, EndTime=start)
        refused("ValidationError", get, 400, "not unique", MetricDataQueries=[query(), query()], **span)
        refused("MissingParameter", get, 400, MetricDataQueries=[query()], StartTime=start)
        refused("AccessDenied", client("cloudwatch", POWERLESS).get_metric_data, 403, MetricDataQueries=[query()], **span)
        refused("InvalidParameterValue", cloudwatch.put_metric_data, 400, Namespace="AWS/Mine", MetricData=data)

    @check
    def expiry_by_the_world_s_clock():
        # Last: it moves the world's clock, and boto3 then corrects its own skew only where AWS's answers let it.
        credentials = session(DurationSeconds=900)
        sts = client("sts", credentials)
        sts.get_caller_identity()
        world("POST", "clock", {"advance_s": 901})
        refused("SignatureDoesNotMatch", sts.get_caller_identity, 403, "^Signature expired: ")

    @check
    def every_operation_served_is_exercised():
        source = (HERE.parent / "src/aws/mod.rs").read_text()
        table = source.split("pub const OPERATIONS", 1)[1].split("];", 1)[0]
        served = set(re.findall(r'\("(\w+)", "(\w+)"\)', table))
        assert served, "the table of operations was not found"
        assert served == set(seen), f"not exercised: {served - set(seen)}, not on the list: {set(seen) - served}"
        halves = {operation: outcomes for operation, outcomes in seen.items() if outcomes != {"right", "wrong"}}
        assert not halves, f"only half exercised: {halves}"


def start(binary):
    command = [binary, "--world", str(HERE.parent / "worlds/conformance.toml")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = child.stdout.readline()
    if not line:
        sys.exit(f"{binary} did not start")
    return child, json.loads(line)["url"]


if __name__ == "__main__":
    target = os.environ.get("CARGO_TARGET_DIR", str(HERE.parents[2] / "target"))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sandbox", default=f"{target}/debug/portolan-sandbox", help="binary to start")
    arguments.add_argument("--url", help="a sandbox that runs already with worlds/conformance.toml")
    arguments = arguments.parse_args()
    child = None
    if arguments.url:
        URL = arguments.url
    else:
        child, URL = start(arguments.sandbox)
    try:
        main()
    finally:
        if child:
            child.terminate()
            child.wait(10)
    failed = sum(error is not None for _, error in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
