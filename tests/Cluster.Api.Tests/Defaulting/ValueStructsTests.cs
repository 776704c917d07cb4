using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Google.Protobuf;

namespace Cluster.Api.Tests.Defaulting;

public class ValueStructsTests
{
    [Fact]
    public void Apply_SparseObject_EqualsItselfThroughJson()
    {
        var deployment = new Deployment
        {
            Metadata = new ObjectMeta { Name = "web" },
            Spec = new DeploymentSpec
            {
                Template = new PodTemplateSpec
                {
                    Spec = new PodSpec
                    {
                        Containers =
                        {
                            new Container
                            {
                                Name = "c",
                                Env =
                                {
                                    new EnvVar { Name = "A", ValueFrom = new EnvVarSource { ResourceFieldRef = new ResourceFieldSelector { Resource = "limits.cpu" } } },
                                    new EnvVar { Name = "B", ValueFrom = new EnvVarSource { ConfigMapKeyRef = new ConfigMapKeySelector { Key = "k" } } },
                                },
                                LivenessProbe = new Probe { Handler = new ProbeHandler { HttpGet = new HTTPGetAction() } },
                            },
                        },
                        Volumes = { new Volume { Name = "v" } },
                    },
                },
            },
        };
        Defaults.Apply(deployment);

        var again = JsonCodec.Decode<Deployment>(JsonCodec.EncodeToBytes(deployment));
        Defaults.Apply(again);

        Assert.Equal(deployment, again);
    }

    [Fact]
    public void Apply_EveryServedKind_EqualsItselfThroughJsonAndProtobuf()
    {
        foreach (var type in ResourceCatalog.All)
        {
            var obj = type.NewObject();
            Defaults.Apply(obj);
            var json = (IApiObject)JsonCodec.Decode(JsonCodec.EncodeToBytes(obj), type.Descriptor, FieldValidation.Strict, null);
            var protobuf = (IApiObject)type.Descriptor.Parser.ParseFrom(obj.ToByteString());
            Defaults.Apply(json);
            Defaults.Apply(protobuf);

            Assert.Equal(obj, json);
            Assert.Equal(obj, protobuf);
        }
    }

    [Fact]
    public void Apply_Times_AreWholeSecondsAndZeroIsNone()
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { CreationTimestamp = new Time(), DeletionTimestamp = new Time { Seconds = 5, Nanos = 7 } },
        };

        Defaults.Apply(pod);

        Assert.Null(pod.Metadata.CreationTimestamp);
        Assert.Equal(new Time { Seconds = 5, Nanos = 0 }, pod.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void Apply_PointersOfGo_StayAbsent()
    {
        var pod = new Pod { Spec = new PodSpec { Containers = { new Container() } } };

        Defaults.Apply(pod);

        Assert.NotNull(pod.Spec.Containers[0].Resources);
        Assert.Null(pod.Spec.Containers[0].SecurityContext);
        Assert.Null(pod.Spec.Affinity);
    }
}
