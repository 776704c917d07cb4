using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.IntStr;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Google.Protobuf;
using EndpointPort = Cluster.Api.CoreV1.EndpointPort;

namespace Cluster.Api.Tests.Defaulting;

public class DefaultsTests
{
    [Fact]
    public void Apply_BarePod_FillsTheSpec()
    {
        var pod = PodWith(new Container { Name = "c", Image = "web" });

        Defaults.Apply(pod);

        var spec = pod.Spec;
        Assert.Equal(("ClusterFirst", "Always", "default-scheduler"), (spec.DnsPolicy, spec.RestartPolicy, spec.SchedulerName));
        Assert.Equal(30, spec.TerminationGracePeriodSeconds);
        Assert.True(spec.EnableServiceLinks);
        Assert.NotNull(spec.SecurityContext);
        var container = spec.Containers[0];
        Assert.Equal(("Always", "/dev/termination-log", "File"), (container.ImagePullPolicy, container.TerminationMessagePath, container.TerminationMessagePolicy));
    }

    [Theory]
    [InlineData("web", "Always")]
    [InlineData("web:latest", "Always")]
    [InlineData("host:5000/web", "Always")]
    [InlineData("host:5000/web:1", "IfNotPresent")]
    [InlineData("web:1.2", "IfNotPresent")]
    [InlineData("web@sha256:0123", "IfNotPresent")]
    public void Apply_ImagePullPolicy_FollowsTheTag(string image, string policy)
    {
        var pod = PodWith(new Container { Image = image });

        Defaults.Apply(pod);

        Assert.Equal(policy, pod.Spec.Containers[0].ImagePullPolicy);
    }

    [Fact]
    public void Apply_Limits_BecomeRequestsOfPodsButNotOfTemplates()
    {
        var container = new Container
        {
            Resources = new ResourceRequirements
            {
                Limits = { ["cpu"] = new Quantity { String = "1" }, ["memory"] = new Quantity { String = "1Gi" } },
                Requests = { ["cpu"] = new Quantity { String = "100m" } },
            },
        };
        var pod = PodWith(container.Clone());
        var set = new ReplicaSet { Spec = new ReplicaSetSpec { Template = new PodTemplateSpec { Spec = new PodSpec { Containers = { container } } } } };

        Defaults.Apply(pod);
        Defaults.Apply(set);

        Assert.Equal("100m", pod.Spec.Containers[0].Resources.Requests["cpu"].String);
        Assert.Equal("1Gi", pod.Spec.Containers[0].Resources.Requests["memory"].String);
        Assert.Single(set.Spec.Template.Spec.Containers[0].Resources.Requests);
    }

    [Theory]
    [InlineData("100u", "1m")]
    [InlineData("1500n", "1m")]
    [InlineData("1100001u", "1101m")]
    [InlineData("250m", "250m")]
    [InlineData("1Gi", "1Gi")]
    public void Apply_FineAmounts_AreRoundedUpToThousandths(string given, string kept)
    {
        var pod = PodWith(new Container { Resources = new ResourceRequirements { Requests = { ["cpu"] = new Quantity { String = given } } } });

        Defaults.Apply(pod);

        Assert.Equal(kept, pod.Spec.Containers[0].Resources.Requests["cpu"].String);
    }

    [Fact]
    public void Apply_NodeWithCapacityAlone_OffersAllOfIt()
    {
        var node = new Node { Status = new NodeStatus { Capacity = { ["cpu"] = new Quantity { String = "4" } } } };

        Defaults.Apply(node);

        Assert.Equal("4", node.Status.Allocatable["cpu"].String);
    }

    [Fact]
    public void Apply_HostNetworkPod_UsesContainerPortsOnTheHost()
    {
        var pod = PodWith(new Container { Ports = { new ContainerPort { ContainerPort_ = 80 } } });
        pod.Spec.HostNetwork = true;

        Defaults.Apply(pod);

        Assert.Equal((80, "TCP"), (pod.Spec.Containers[0].Ports[0].HostPort, pod.Spec.Containers[0].Ports[0].Protocol));
    }

    [Fact]
    public void Apply_Probe_GetsItsTimes()
    {
        var pod = PodWith(new Container { ReadinessProbe = new Probe { Handler = new ProbeHandler { HttpGet = new HTTPGetAction() } } });

        Defaults.Apply(pod);

        var probe = pod.Spec.Containers[0].ReadinessProbe;
        Assert.Equal((1, 10, 1, 3), (probe.TimeoutSeconds, probe.PeriodSeconds, probe.SuccessThreshold, probe.FailureThreshold));
        Assert.Equal(("/", "HTTP"), (probe.Handler.HttpGet.Path, probe.Handler.HttpGet.Scheme));
    }

    [Fact]
    public void Apply_Volumes_GetASourceAndModes()
    {
        var pod = PodWith();
        pod.Spec.Volumes.Add(new Volume { Name = "bare" });
        pod.Spec.Volumes.Add(new Volume { Name = "config", VolumeSource = new VolumeSource { ConfigMap = new ConfigMapVolumeSource() } });
        pod.Spec.Volumes.Add(new Volume
        {
            Name = "token",
            VolumeSource = new VolumeSource
            {
                Projected = new ProjectedVolumeSource { Sources = { new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection() } } },
            },
        });

        Defaults.Apply(pod);

        Assert.NotNull(pod.Spec.Volumes[0].VolumeSource.EmptyDir);
        Assert.Equal(420, pod.Spec.Volumes[1].VolumeSource.ConfigMap.DefaultMode);
        Assert.Null(pod.Spec.Volumes[1].VolumeSource.EmptyDir);
        Assert.Equal(3600, pod.Spec.Volumes[2].VolumeSource.Projected.Sources[0].ServiceAccountToken.ExpirationSeconds);
    }

    [Fact]
    public void Apply_OldServiceAccountField_IsMirrored()
    {
        var pod = PodWith();
        pod.Spec.ServiceAccount = "robot";

        Defaults.Apply(pod);

        Assert.Equal(("robot", "robot"), (pod.Spec.ServiceAccountName, pod.Spec.ServiceAccount));
    }

    [Fact]
    public void Apply_Service_GetsTypeProtocolAndTargetPort()
    {
        var service = new Service { Spec = new ServiceSpec { ClusterIP = "None", Ports = { new ServicePort { Port = 80 } } } };

        Defaults.Apply(service);

        var spec = service.Spec;
        Assert.Equal(("ClusterIP", "None", "Cluster"), (spec.Type, spec.SessionAffinity, spec.InternalTrafficPolicy));
        Assert.Equal("TCP", spec.Ports[0].Protocol);
        Assert.Equal(new IntOrString { IntVal = 80 }, spec.Ports[0].TargetPort);
        Assert.Equal(["None"], spec.ClusterIPs);
        Assert.Equal("", spec.ExternalTrafficPolicy);
    }

    [Fact]
    public void Apply_ServiceWithAffinity_GetsTheTimeout()
    {
        var service = new Service { Spec = new ServiceSpec { SessionAffinity = "ClientIP", Type = "NodePort" } };

        Defaults.Apply(service);

        Assert.Equal(10800, service.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds);
        Assert.Equal("Cluster", service.Spec.ExternalTrafficPolicy);
    }

    [Fact]
    public void Apply_ReplicationController_SelectsItsTemplate()
    {
        var controller = new ReplicationController
        {
            Spec = new ReplicationControllerSpec { Template = new PodTemplateSpec { Metadata = new ObjectMeta { Labels = { ["app"] = "web" } } } },
        };

        Defaults.Apply(controller);

        Assert.Equal(1, controller.Spec.Replicas);
        Assert.Equal("web", controller.Spec.Selector["app"]);
        Assert.Equal("web", controller.Metadata.Labels["app"]);
    }

    [Fact]
    public void Apply_Deployment_RollsAQuarterAtATime()
    {
        var deployment = new Deployment();

        Defaults.Apply(deployment);

        var spec = deployment.Spec;
        Assert.Equal((1, 10, 600), (spec.Replicas, spec.RevisionHistoryLimit, spec.ProgressDeadlineSeconds));
        Assert.Equal(("RollingUpdate", "25%", "25%"), (spec.Strategy.Type, spec.Strategy.RollingUpdate.MaxSurge.StrVal, spec.Strategy.RollingUpdate.MaxUnavailable.StrVal));
    }

    [Fact]
    public void Apply_RecreateDeployment_HasNoRollingUpdate()
    {
        var deployment = new Deployment { Spec = new DeploymentSpec { Strategy = new DeploymentStrategy { Type = "Recreate" } } };

        Defaults.Apply(deployment);

        Assert.Null(deployment.Spec.Strategy.RollingUpdate);
    }

    [Fact]
    public void Apply_ZeroReplicas_StayZero()
    {
        var set = new ReplicaSet { Spec = new ReplicaSetSpec { Replicas = 0 } };

        Defaults.Apply(set);

        Assert.Equal(0, set.Spec.Replicas);
    }

    [Fact]
    public void Apply_Endpoints_SpeakTcp()
    {
        var endpoints = new Endpoints { Subsets = { new EndpointSubset { Ports = { new EndpointPort { Port = 80 } } } } };
        var slice = new EndpointSlice { Ports = { new Cluster.Api.DiscoveryV1.EndpointPort { Port = 80 } } };

        Defaults.Apply(endpoints);
        Defaults.Apply(slice);

        Assert.Equal("TCP", endpoints.Subsets[0].Ports[0].Protocol);
        Assert.Equal(("TCP", true), (slice.Ports[0].Protocol, slice.Ports[0].HasName));
    }

    [Fact]
    public void Apply_Secret_MergesStringData()
    {
        var secret = new Secret { Data = { ["a"] = ByteString.CopyFromUtf8("1"), ["b"] = ByteString.CopyFromUtf8("2") }, StringData = { ["b"] = "3" } };

        Defaults.Apply(secret);

        Assert.Equal("Opaque", secret.Type);
        Assert.Equal(["1", "3"], secret.Data.OrderBy(entry => entry.Key).Select(entry => entry.Value.ToStringUtf8()));
        Assert.Empty(secret.StringData);
    }

    [Fact]
    public void Apply_Namespace_IsActiveAndLabelledByName()
    {
        var ns = new Namespace { Metadata = new ObjectMeta { Name = "team" } };

        Defaults.Apply(ns);

        Assert.Equal(("Active", "team"), (ns.Status.Phase, ns.Metadata.Labels["kubernetes.io/metadata.name"]));
    }

    [Fact]
    public void Apply_Twice_ChangesNothing()
    {
        var pod = PodWith(new Container { Image = "web", Ports = { new ContainerPort { ContainerPort_ = 80 } } });
        Defaults.Apply(pod);
        var once = pod.Clone();

        Defaults.Apply(pod);

        Assert.Equal(once, pod);
    }

    private static Pod PodWith(params Container[] containers) => new() { Spec = new PodSpec { Containers = { containers } } };
}
