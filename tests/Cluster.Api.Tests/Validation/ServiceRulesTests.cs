using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.IntStr;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class ServiceRulesTests
{
    public static TheoryData<Action<ServiceSpec>, string> Mistakes => new()
    {
        { spec => spec.Ports.Clear(), "spec.ports: Required value" },
        { spec => spec.Type = "Mesh", "spec.type: Unsupported value: \"Mesh\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"" },
        { spec => spec.Ports[0].Port = 0, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive" },
        { spec => spec.Ports[0].Protocol = "ICMP", "spec.ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"" },
        { spec => spec.Ports[0].TargetPort = new IntOrString { IntVal = 70000 }, "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive" },
        { spec => spec.Ports[0].NodePort = 30000, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'" },
        { spec => spec.Ports.Add(new ServicePort { Name = "web", Port = 81, Protocol = "TCP", TargetPort = new IntOrString { IntVal = 81 } }), "spec.ports[1].name: Duplicate value: \"web\"" },
        { spec => spec.SessionAffinity = "Cookie", "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\"" },
        { spec => spec.ExternalIPs.Add("127.0.0.1"), "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)" },
        { spec => spec.ExternalTrafficPolicy = "Local", "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services" },
        { spec => spec.ClusterIPs.Add("10.96.0.9"), "spec.clusterIPs: Invalid value: []string{\"10.96.0.9\"}: first value must match `clusterIP`" },
        { spec => spec.InternalTrafficPolicy = "Near", "spec.internalTrafficPolicy: Unsupported value: \"Near\": supported values: \"Cluster\", \"Local\"" },
        { spec => (spec.Type, spec.Ports[0].Port) = ("LoadBalancer", 10250), "spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet" },
        { spec => (spec.Type, spec.LoadBalancerClass) = ("LoadBalancer", "??"), "spec.loadBalancerClass: Invalid value: \"??\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
        { spec => spec.LoadBalancerClass = "example.com/a", "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void ValidateCreate_Mistake_IsToldInKubernetesWords(Action<ServiceSpec> mistake, string message)
    {
        var service = Good();
        mistake(service.Spec);

        Assert.Contains(message, Validator.ValidateCreate(service).Select(error => error.Message));
    }

    [Fact]
    public void ValidateCreate_Good_HasNoErrors() => Assert.Empty(Validator.ValidateCreate(Good()));

    [Fact]
    public void ValidateCreate_Headless_NeedsNoPorts()
    {
        var service = new Service { Metadata = new ObjectMeta { Name = "db", Namespace = "default" }, Spec = new ServiceSpec { ClusterIP = "None" } };
        Defaults.Apply(service);

        Assert.Empty(Validator.ValidateCreate(service));
    }

    [Fact]
    public void ValidateCreate_NameStartingWithDigit_IsNoDns1035Label()
    {
        var service = Good();
        service.Metadata.Name = "1web";

        Assert.StartsWith("metadata.name: Invalid value: \"1web\": a DNS-1035 label must", Assert.Single(Validator.ValidateCreate(service)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ValidateCreate_ExternalName_NeedsAName()
    {
        var service = new Service { Metadata = new ObjectMeta { Name = "db", Namespace = "default" }, Spec = new ServiceSpec { Type = "ExternalName" } };
        Defaults.Apply(service);

        Assert.Equal("spec.externalName: Required value", Assert.Single(Validator.ValidateCreate(service)).Message);
    }

    [Fact]
    public void ValidateUpdate_ClusterIPChanged_IsRefused()
    {
        var before = Good();
        before.Spec.ClusterIP = "10.96.0.9";
        before.Spec.ClusterIPs.Add("10.96.0.9");
        var after = before.Clone();
        after.Spec.ClusterIP = "10.96.0.10";
        after.Spec.ClusterIPs[0] = "10.96.0.10";

        Assert.Equal(
            "spec.clusterIPs[0]: Invalid value: []string{\"10.96.0.10\"}: may not change once set",
            Assert.Single(Validator.ValidateUpdate(after, before)).Message);
        Assert.Empty(Validator.ValidateUpdate(before.Clone(), before));
    }

    [Fact]
    public void ValidateUpdate_LoadBalancerClassChanged_IsRefused()
    {
        var before = Good();
        (before.Spec.Type, before.Spec.LoadBalancerClass) = ("LoadBalancer", "example.com/a");
        var after = before.Clone();
        after.Spec.LoadBalancerClass = "example.com/b";

        Assert.Equal("spec.loadBalancerClass: Invalid value: \"example.com/b\": may not change once set", Assert.Single(Validator.ValidateUpdate(after, before)).Message);
        after.Spec.ClearLoadBalancerClass();
        Assert.Equal("spec.loadBalancerClass: Invalid value: \"null\": may not change once set", Assert.Single(Validator.ValidateUpdate(after, before)).Message);
        Assert.Empty(Validator.ValidateUpdate(before.Clone(), before));
    }

    private static Service Good()
    {
        var service = new Service
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
            Spec = new ServiceSpec { Ports = { new ServicePort { Name = "web", Port = 80 } }, Selector = { ["app"] = "web" } },
        };
        Defaults.Apply(service);
        return service;
    }
}
