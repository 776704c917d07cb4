using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Cluster.Api.Validation;
using Google.Protobuf;

namespace Cluster.Api.Tests.Validation;

public class CoreRulesTests
{
    public static TheoryData<IApiObject, string> Mistakes => new()
    {
        { new Namespace { Metadata = new ObjectMeta { Name = "A" } }, "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
        { new Namespace { Metadata = new ObjectMeta { Name = "a", Namespace = "b" } }, "metadata.namespace: Forbidden: not allowed on this type" },
        { new Namespace { Metadata = new ObjectMeta { Name = "a" }, Spec = new NamespaceSpec { Finalizers = { "mine" } } }, "spec.finalizers: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified" },
        { new Node { Metadata = new ObjectMeta { Name = "n" }, Spec = new NodeSpec { Taints = { new Taint { Key = "k" } } } }, "metadata.taints[0].effect: Required value" },
        { new Node { Metadata = new ObjectMeta { Name = "n" }, Spec = new NodeSpec { PodCIDRs = { "10.0.0.0" } } }, "spec.podCIDRs[0]: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)" },
        { new Node { Metadata = new ObjectMeta { Name = "n" }, Status = new NodeStatus { Capacity = { ["pods"] = new Quantity { String = "1500m" } } } }, "status.capacity.pods: Invalid value: \"1500m\": must be an integer" },
        { new ConfigMap { Metadata = Meta(), Data = { ["a/b"] = "" } }, "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')" },
        { new ConfigMap { Metadata = Meta(), Data = { ["a"] = "" }, BinaryData = { ["a"] = ByteString.Empty } }, "data[a]: Invalid value: \"a\": duplicate of key present in binaryData" },
        { new ConfigMap { Metadata = Meta(), Data = { ["a"] = new string('x', 1048577) } }, ": Too long: may not be more than 1048576 bytes" },
        { new Secret { Metadata = Meta(), Type = "kubernetes.io/tls", Data = { ["tls.crt"] = ByteString.Empty } }, "data[tls.key]: Required value" },
        { new Secret { Metadata = Meta(), Type = "kubernetes.io/dockerconfigjson", Data = { [".dockerconfigjson"] = ByteString.CopyFromUtf8("{") } }, "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": unexpected end of JSON input" },
        { new Secret { Metadata = Meta(), Type = "kubernetes.io/service-account-token" }, "metadata.annotations[kubernetes.io/service-account.name]: Required value" },
        { new Endpoints { Metadata = Meta(), Subsets = { new EndpointSubset() } }, "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`" },
        { new Endpoints { Metadata = Meta(), Subsets = { new EndpointSubset { Addresses = { new EndpointAddress { Ip = "169.254.0.1" } } } } }, "subsets[0].addresses[0].ip: Invalid value: \"169.254.0.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)" },
        { new EndpointSlice { Metadata = Meta(), AddressType = "MAC" }, "addressType: Unsupported value: \"MAC\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"" },
        { new EndpointSlice { Metadata = Meta(), AddressType = "IPv4", Endpoints = { new Endpoint { Addresses = { "fd00::1" } } } }, "endpoints[0].addresses[0]: Invalid value: \"fd00::1\": must be a valid IPv4 address" },
        { new Lease { Metadata = Meta(), Spec = new LeaseSpec { LeaseDurationSeconds = 0 } }, "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0" },
        { new Event { Metadata = Meta(), InvolvedObject = new ObjectReference { Namespace = "other" } }, "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace" },
        { new Binding { Target = new ObjectReference { Kind = "Rack", Name = "r" } }, "target.kind: Unsupported value: \"Rack\": supported values: \"Node\", \"<empty>\"" },
        { new Binding { Target = new ObjectReference { Kind = "Node" } }, "target.name: Required value" },
        { new Scale { Spec = new ScaleSpec { Replicas = -1 } }, "spec.replicas: Invalid value: -1: must be greater than or equal to 0" },
        { new ServiceAccount { Metadata = new ObjectMeta { Name = "A", Namespace = "default" } }, "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void ValidateCreate_Mistake_IsToldInKubernetesWords(IApiObject obj, string message) =>
        Assert.Equal(message, Assert.Single(Validator.ValidateCreate(obj)).Message);

    [Fact]
    public void ValidateUpdate_ImmutableConfigMap_StaysAsItIs()
    {
        var before = new ConfigMap { Metadata = Meta(), Immutable = true, Data = { ["a"] = "1" } };
        var after = new ConfigMap { Metadata = Meta(), Data = { ["a"] = "2" } };

        Assert.Equal(
            ["immutable: Forbidden: field is immutable when `immutable` is set", "data: Forbidden: field is immutable when `immutable` is set"],
            Validator.ValidateUpdate(after, before).Select(error => error.Message));
    }

    [Fact]
    public void ValidateUpdate_SecretType_IsImmutable() => Assert.Equal(
        "type: Invalid value: \"b\": field is immutable",
        Assert.Single(Validator.ValidateUpdate(new Secret { Metadata = Meta(), Type = "b" }, new Secret { Metadata = Meta(), Type = "a" })).Message);

    [Fact]
    public void ValidateUpdate_LeaseWithoutVersion_IsRefused() => Assert.Equal(
        "metadata.resourceVersion: Invalid value: \"\": must be specified for an update",
        Assert.Single(Validator.ValidateUpdate(new Lease { Metadata = Meta() }, new Lease { Metadata = Meta() })).Message);

    [Fact]
    public void ValidateUpdate_NodePodCidr_IsSetOnce()
    {
        var before = new Node { Metadata = new ObjectMeta { Name = "n" } };
        var after = before.Clone();
        after.Spec = new NodeSpec { PodCIDR = "10.244.0.0/24", PodCIDRs = { "10.244.0.0/24" } };
        Assert.Empty(Validator.ValidateUpdate(after, before));

        var moved = after.Clone();
        moved.Spec.PodCIDRs[0] = "10.244.1.0/24";
        Assert.Equal(
            "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid",
            Assert.Single(Validator.ValidateUpdate(moved, after)).Message);
    }

    [Fact]
    public void ValidateStatusUpdate_NamespacePhase_FitsItsDeletion()
    {
        var ns = new Namespace { Metadata = new ObjectMeta { Name = "a" }, Status = new NamespaceStatus { Phase = "Terminating" } };

        Assert.Equal(
            "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
            Assert.Single(Validator.ValidateStatusUpdate(ns, ns.Clone())).Message);
    }

    private static ObjectMeta Meta() => new() { Name = "x", Namespace = "default" };
}
