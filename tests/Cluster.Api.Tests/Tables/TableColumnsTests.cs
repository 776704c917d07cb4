using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Tables;
using Google.Protobuf;

namespace Cluster.Api.Tests.Tables;

public class TableColumnsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_000_000);

    private static readonly PodTemplateSpec Template = new()
    {
        Spec = new PodSpec { Containers = { new Container { Name = "a", Image = "x" }, new Container { Name = "b", Image = "y" } } },
    };

    public static TheoryData<IApiObject, string> Rows => new()
    {
        { new Namespace { Metadata = Meta(), Status = new NamespaceStatus { Phase = "Active" } }, "NAME=x STATUS=Active AGE=100s" },
        { new ConfigMap { Metadata = Meta(), Data = { ["a"] = "" }, BinaryData = { ["b"] = ByteString.Empty } }, "NAME=x DATA=2 AGE=100s" },
        { new Secret { Metadata = Meta(), Type = "Opaque", Data = { ["a"] = ByteString.Empty } }, "NAME=x TYPE=Opaque DATA=1 AGE=100s" },
        { new ServiceAccount { Metadata = Meta() }, "NAME=x SECRETS=0 AGE=100s" },
        { new Lease { Metadata = Meta(), Spec = new LeaseSpec { HolderIdentity = "me" } }, "NAME=x HOLDER=me AGE=100s" },
        {
            new ReplicationController
            {
                Metadata = Meta(), Spec = new ReplicationControllerSpec { Replicas = 3, Selector = { ["b"] = "2", ["a"] = "1" }, Template = Template },
                Status = new ReplicationControllerStatus { Replicas = 2, ReadyReplicas = 1 },
            },
            "NAME=x DESIRED=3 CURRENT=2 READY=1 AGE=100s CONTAINERS=a,b IMAGES=x,y SELECTOR=a=1,b=2"
        },
        {
            new Deployment
            {
                Metadata = Meta(),
                Spec = new DeploymentSpec { Replicas = 3, Selector = new LabelSelector { MatchLabels = { ["app"] = "web" } }, Template = Template },
                Status = new DeploymentStatus { ReadyReplicas = 1, UpdatedReplicas = 2, AvailableReplicas = 1 },
            },
            "NAME=x READY=1/3 UP-TO-DATE=2 AVAILABLE=1 AGE=100s CONTAINERS=a,b IMAGES=x,y SELECTOR=app=web"
        },
        { new ReplicaSet { Metadata = Meta() }, "NAME=x DESIRED=0 CURRENT=0 READY=0 AGE=100s CONTAINERS= IMAGES= SELECTOR=<none>" },
        { new Scale { Metadata = Meta(), Spec = new ScaleSpec { Replicas = 2 } }, "NAME=x DESIRED=2 AVAILABLE=0 AGE=100s" },
        {
            new Service
            {
                Metadata = Meta(),
                Spec = new ServiceSpec
                {
                    Type = "NodePort", ClusterIPs = { "10.96.0.9" }, Selector = { ["app"] = "web" },
                    Ports = { new ServicePort { Port = 80, NodePort = 30080, Protocol = "TCP" }, new ServicePort { Port = 53, Protocol = "UDP" } },
                },
            },
            "NAME=x TYPE=NodePort CLUSTER-IP=10.96.0.9 EXTERNAL-IP=<none> PORT(S)=80:30080/TCP,53/UDP AGE=100s SELECTOR=app=web"
        },
        {
            new Service { Metadata = Meta(), Spec = new ServiceSpec { Type = "ExternalName", ExternalName = "example.com" } },
            "NAME=x TYPE=ExternalName CLUSTER-IP=<none> EXTERNAL-IP=example.com PORT(S)=<none> AGE=100s SELECTOR=<none>"
        },
        {
            new Service { Metadata = Meta(), Spec = new ServiceSpec { Type = "LoadBalancer" } },
            "NAME=x TYPE=LoadBalancer CLUSTER-IP=<none> EXTERNAL-IP=<pending> PORT(S)=<none> AGE=100s SELECTOR=<none>"
        },
        {
            new Endpoints
            {
                Metadata = Meta(),
                Subsets =
                {
                    new EndpointSubset
                    {
                        Addresses = { new EndpointAddress { Ip = "10.0.0.1" }, new EndpointAddress { Ip = "fd00::1" } },
                        NotReadyAddresses = { new EndpointAddress { Ip = "10.0.0.9" } },
                        Ports = { new Cluster.Api.CoreV1.EndpointPort { Port = 80 }, new Cluster.Api.CoreV1.EndpointPort { Port = 81 } },
                    },
                },
            },
            "NAME=x ENDPOINTS=10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 1 more... AGE=100s"
        },
        { new Endpoints { Metadata = Meta() }, "NAME=x ENDPOINTS=<none> AGE=100s" },
        {
            new EndpointSlice
            {
                Metadata = Meta(), AddressType = "IPv4", Ports = { new Cluster.Api.DiscoveryV1.EndpointPort { Port = 80 } },
                Endpoints = { new Endpoint { Addresses = { "10.0.0.1" } } },
            },
            "NAME=x ADDRESSTYPE=IPv4 PORTS=80 ENDPOINTS=10.0.0.1 AGE=100s"
        },
        {
            new Node
            {
                Metadata = Meta("node-role.kubernetes.io/worker", "node-role.kubernetes.io/control-plane"),
                Spec = new NodeSpec { Unschedulable = true },
                Status = new NodeStatus
                {
                    Conditions = { new NodeCondition { Type = "Ready", Status = "True" } },
                    Addresses = { new NodeAddress { Type = "InternalIP", Address = "192.0.2.1" } },
                    NodeInfo = new NodeSystemInfo { KubeletVersion = "v1.32.3", OsImage = "Debian", ContainerRuntimeVersion = "docker://20.10" },
                },
            },
            "NAME=x STATUS=Ready,SchedulingDisabled ROLES=control-plane,worker AGE=100s VERSION=v1.32.3 INTERNAL-IP=192.0.2.1 "
            + "EXTERNAL-IP=<none> OS-IMAGE=Debian KERNEL-VERSION=<unknown> CONTAINER-RUNTIME=docker://20.10"
        },
        {
            new Event
            {
                Metadata = Meta(), Type = "Normal", Reason = "Started", Message = " Started container \n", Count = 2,
                InvolvedObject = new ObjectReference { Kind = "Pod", Name = "web", FieldPath = "spec.containers{web}" },
                Source = new EventSource { Component = "kubelet", Host = "n1" },
                FirstTimestamp = new Time { Seconds = 999_000 }, LastTimestamp = new Time { Seconds = 999_950 },
            },
            "LAST SEEN=50s TYPE=Normal REASON=Started OBJECT=pod/web SUBOBJECT=spec.containers{web} SOURCE=kubelet, n1 "
            + "MESSAGE=Started container FIRST SEEN=16m COUNT=2 NAME=x"
        },
        { new Binding { Metadata = Meta() }, "NAME=x CREATED AT=1970-01-12T13:45:00Z" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Cells_OfKind_AreWhatKubectlPrints(IApiObject obj, string row)
    {
        var table = TableColumns.For(obj.Descriptor);
        var cells = table.Cells(obj, Now);

        Assert.Equal(table.Columns.Count, cells.Count);
        Assert.Equal(row, string.Join(' ', table.Columns.Zip(cells, (column, cell) => $"{column.Name.ToUpperInvariant()}={cell}")));
    }

    [Fact]
    public void For_EveryServedKind_HasDescribedColumnsAndCellsOfAnEmptyObject()
    {
        foreach (var type in ResourceCatalog.All)
        {
            var table = TableColumns.For(type);
            Assert.All(table.Columns, column => Assert.NotEmpty(column.Description));
            Assert.Equal(table.Columns.Count, table.Cells(type.NewObject(), Now).Count);
        }
    }

    private static ObjectMeta Meta(params string[] labels)
    {
        var meta = new ObjectMeta { Name = "x", CreationTimestamp = new Time { Seconds = 1_000_000 - 100 } };
        foreach (var label in labels)
        {
            meta.Labels[label] = "";
        }
        return meta;
    }
}
