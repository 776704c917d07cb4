using Cluster.Api.Apply.Schema;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Tests.Vectors;

public sealed class SchemaVectorTests
{
    private static readonly Dictionary<string, ApplyType> Types = AllTypes();

    [Fact]
    public void Of_EveryMessage_MergesAsGoMerges() => Vector.CheckAll<SchemaVector>("schema.json", vector =>
    {
        // Entries of managedFields are never merged, so that nothing asks for the form of what is in them.
        if (!Types.TryGetValue(vector.Type, out var type) || vector.Type.EndsWith(".ManagedFieldsEntry", StringComparison.Ordinal))
            return null;
        var expected = $"atomic {vector.Atomic}\n{string.Join('\n', vector.Fields)}";
        var actual = $"atomic {type.IsAtomic}\n{string.Join('\n', type.Fields.Select(Describe).Order(StringComparer.Ordinal))}";
        return Vector.Difference(vector.Type, expected, actual);
    });

    [Fact]
    public void Of_EveryServedKind_IsAmongTheVectors()
    {
        var known = Vector.Read<SchemaVector>("schema.json").Select(vector => vector.Type).ToHashSet();
        Assert.All(ResourceCatalog.All.Where(resource => resource.StoragePrefix is not null && !ObjectVectorTests.WithoutVectors.Contains(resource.Group)), resource => Assert.Contains(ApplyType.Of(resource.Descriptor).Name, known));
    }

    private static string Describe(ApplyField field)
    {
        var type = field.Type.ToString();
        var text = field.Default is null ? "" : $" default {(field.Type.Scalar == ScalarKind.Text ? $"\"{field.Default}\"" : field.Default)}";
        return $"{field.Name} {type}{text}";
    }

    private static Dictionary<string, ApplyType> AllTypes()
    {
        var types = new Dictionary<string, ApplyType>();
        var waiting = new Queue<MessageDescriptor>(ResourceCatalog.All.Select(resource => resource.Descriptor.File).Distinct().SelectMany(file => file.MessageTypes));
        while (waiting.TryDequeue(out var message))
        {
            if (ApplyType.Of(message) is var type && types.TryAdd(type.Name, type))
            {
                foreach (var field in message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message && !field.IsMap))
                    waiting.Enqueue(field.MessageType);
            }
        }

        return types;
    }
}

public sealed record SchemaVector(string Type, bool Atomic, string[] Fields);
