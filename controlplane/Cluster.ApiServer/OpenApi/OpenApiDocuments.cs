using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Discovery;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Makes the documents of both dialects from the contract and the catalog.</summary>
internal sealed class OpenApiDocuments(ContractComments comments)
{
    /// <summary>The group versions that have a document of 3.0: <c>api/v1</c>, <c>apis/apps/v1</c>, in the order of discovery.</summary>
    public static IReadOnlyList<string> GroupVersions { get; } = [.. ResourceCatalog.All.Select(PathOf).Distinct()];

    /// <summary>The document of 2.0 of all resources.</summary>
    public JsonObject Swagger(IReadOnlyList<ResourceType> served)
    {
        var paths = served.SelectMany(PathCatalog.PathsOf).ToList();
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = About(),
            ["paths"] = new PathWriter(OpenApiVersion.V2).Write(paths),
            ["definitions"] = Schemas(OpenApiVersion.V2, served, paths),
        };
    }

    /// <summary>The document of 3.0 of one group version.</summary>
    public JsonObject OpenApi(IReadOnlyList<ResourceType> served, string groupVersion)
    {
        var types = served.Where(type => PathOf(type) == groupVersion).ToList();
        var paths = types.SelectMany(PathCatalog.PathsOf).ToList();
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = About(),
            ["paths"] = new PathWriter(OpenApiVersion.V3).Write(paths),
            ["components"] = new JsonObject { ["schemas"] = Schemas(OpenApiVersion.V3, types, paths) },
        };
    }

    public static string PathOf(ResourceType type) => type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.Group}/{type.Version}";

    private static JsonObject About() => new() { ["title"] = "Kubernetes", ["version"] = ServerVersion.GitVersion };

    private JsonObject Schemas(OpenApiVersion version, IReadOnlyList<ResourceType> types, IEnumerable<ApiPath> paths)
    {
        var custom = types.Where(type => type.Custom is not null).ToList();
        var schemas = new SchemaBuilder(version, comments).Build(
        [
            .. types.Where(type => type.Custom is null).Select(type => type.Descriptor),
            .. PathWriter.Messages(paths),
            Cluster.Api.MetaV1.WatchEvent.Descriptor,
            .. custom.Count > 0 ? [Cluster.Api.MetaV1.ObjectMeta.Descriptor, Cluster.Api.MetaV1.ListMeta.Descriptor] : (MessageDescriptor[])[],
        ]);
        foreach (var (name, schema) in custom.SelectMany(new CustomSchemas(version).Of))
            schemas[name] = schema;
        return schemas;
    }
}
