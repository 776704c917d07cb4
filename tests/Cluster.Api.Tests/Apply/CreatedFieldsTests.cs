using System.Text;
using Cluster.Api.Apply;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Messages;
using Cluster.Api.Apply.Schema;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Tests.Vectors;
using Google.Protobuf;

namespace Cluster.Api.Tests.Apply;

public sealed class CreatedFieldsTests
{
    private static readonly FieldSet Status = FieldSet.Of(["status"]);
    private static readonly FieldSet Nothing = FieldSet.Of();
    private static readonly FieldSet Deep = FieldSet.Of(["status"], ["metadata", "labels"], ["spec", "containers"], ["spec", "replicas"]);

    [Fact]
    public void Write_OfEveryVector_IsWhatTheComparisonFinds() => Vector.CheckAll<ObjectVector>("objects.json", vector =>
    {
        if (ResourceCatalog.FindKind(vector.ApiVersion, vector.Kind) is not { Custom: null } type)
            return null;
        var obj = (IApiObject)JsonCodec.Decode(Encoding.UTF8.GetBytes(vector.Json), type.Descriptor, FieldValidation.Ignore, []);
        obj.Metadata ??= new ObjectMeta();
        var defaulted = (IApiObject)type.Descriptor.Parser.ParseFrom(obj.ToByteString());
        Defaults.Apply(defaulted);
        return Check(vector, type, obj) ?? Check(vector, type, defaulted);
    });

    [Fact]
    public void Write_OfListElementsThatCannotBeToldApart_OwnsThemAsOne()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "a", Finalizers = { "b", "a", "b" } }, Spec = new PodSpec() };
        pod.Spec.Containers.Add(new Container { Name = "same", Ports = { new ContainerPort { ContainerPort_ = 80, Protocol = "TCP" }, new ContainerPort { ContainerPort_ = 80, Protocol = "TCP", Name = "b" } } });
        pod.Spec.Containers.Add(new Container { Name = "\"<other>&\u2028" });
        Assert.Null(Check(new ObjectVector("v1", "Pod", "twice", "", []), ResourceCatalog.For<Pod>(), pod));
    }

    [Fact]
    public void Write_OfAnObjectWithNothingOfItsOwn_IsEmpty()
    {
        var obj = new ConfigMap { Metadata = new ObjectMeta { Name = "a", Namespace = "default", Uid = "1" } };
        Assert.True(CreatedFields.Write(ApplyType.Of(ConfigMap.Descriptor), new ConfigMap(), obj, Nothing, FieldManager.Stripped).IsEmpty);
    }

    [Fact]
    public void Update_OfANewObject_NamesItsWriter()
    {
        var obj = new ConfigMap { Metadata = new ObjectMeta { Name = "a" }, Data = { ["key"] = "value" } };
        new FieldManager(ConfigMap.Descriptor, "", []).Update(null, obj, "me", new Time { Seconds = 5 });

        var entry = Assert.Single(obj.Metadata.ManagedFields);
        Assert.Equal(("me", "Update", "v1", "FieldsV1", 5L), (entry.Manager, entry.Operation, entry.ApiVersion, entry.FieldsType, entry.Time.Seconds));
        Assert.Equal("{\"f:data\":{\".\":{},\"f:key\":{}}}", entry.FieldsV1.Raw.ToStringUtf8());
    }

    private static string? Check(ObjectVector vector, ResourceType type, IApiObject obj)
    {
        var fields = ApplyType.Of(type.Descriptor);
        var empty = type.Descriptor.Parser.ParseFrom(ByteString.Empty);
        foreach (var reset in (FieldSet[])[Nothing, Status, Deep])
        {
            var written = MessageComparison.Compare(fields, empty, obj).Without(reset).Written.Difference(FieldManager.Stripped);
            var expected = written.IsEmpty ? "" : FieldsText.Write(written).ToStringUtf8();
            if (Vector.Difference($"{vector} without {reset}", expected, CreatedFields.Write(fields, empty, obj, reset, FieldManager.Stripped).ToStringUtf8()) is { } difference)
                return difference;
        }

        return null;
    }
}
