using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>How schemas are called: <c>io.k8s.api.core.v1.Pod</c>.</summary>
internal static class SchemaNames
{
    private const string ProtoPrefix = "k8s.io.";

    public static string Of(MessageDescriptor message) =>
        message.FullName.StartsWith(ProtoPrefix, StringComparison.Ordinal) ? $"io.k8s.{message.FullName[ProtoPrefix.Length..].Replace('_', '-')}" : message.FullName;

    /// <summary>The pointer by which one schema names another.</summary>
    public static string Reference(MessageDescriptor message, OpenApiVersion version) =>
        Prefix(version) + Of(message);

    /// <summary>What stands before a name in a pointer.</summary>
    public static string Prefix(OpenApiVersion version) => version == OpenApiVersion.V2 ? "#/definitions/" : "#/components/schemas/";
}
