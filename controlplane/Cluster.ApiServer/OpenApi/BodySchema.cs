using Cluster.Api;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The schema of a body: of a message, or by name that of a kind that a definition added.</summary>
/// <param name="Name">Its name in the document.</param>
/// <param name="Message">The message; null: there is none.</param>
internal sealed record BodySchema(string Name, MessageDescriptor? Message)
{
    public static implicit operator BodySchema(MessageDescriptor message) => new(SchemaNames.Of(message), message);

    /// <summary>Of a resource's objects.</summary>
    public static BodySchema Of(ResourceType type) => type.Custom is null ? type.Descriptor : new BodySchema(CustomName(type, type.Kind), null);

    /// <summary>Of a resource's lists; null: it has none.</summary>
    public static BodySchema? OfList(ResourceType type) =>
        type.Custom is not null ? new BodySchema(CustomName(type, type.ListKind), null) : type.ListDescriptor is { } list ? (BodySchema)list : null;

    // stable.example.com/v1 CronTab is com.example.stable.v1.CronTab.
    private static string CustomName(ResourceType type, string kind) =>
        $"{string.Join('.', type.Group.Split('.').Reverse())}.{type.Version}.{kind}";
}
