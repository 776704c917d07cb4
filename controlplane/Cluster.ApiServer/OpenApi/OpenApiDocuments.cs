using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Discovery;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Makes the documents of both dialects from the contract and the catalog.</summary>
internal sealed class OpenApiDocuments(ContractComments comments)
{
    /// <summary>The group versions that have a document of 3.0: <c>api/v1</c>, <c>apis/apps/v1</c>, in the order of discovery.</summary>
    public static IReadOnlyList<string> GroupVersions { get; } = [.. ResourceCatalog.All.Select(PathOf).Distinct()];

    public JsonObject Swagger()
    {
        var paths = ResourceCatalog.All.SelectMany(PathCatalog.PathsOf).ToList();
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = About(),
            ["paths"] = new PathWriter(OpenApiVersion.V2).Write(paths),
            ["definitions"] = Schemas(OpenApiVersion.V2, ResourceCatalog.All, paths),
        };
    }

    public JsonObject OpenApi(string groupVersion)
    {
        var types = ResourceCatalog.All.Where(type => PathOf(type) == groupVersion).ToList();
        var paths = types.SelectMany(PathCatalog.PathsOf).ToList();
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = About(),
            ["paths"] = new PathWriter(OpenApiVersion.V3).Write(paths),
            ["components"] = new JsonObject { ["schemas"] = Schemas(OpenApiVersion.V3, types, paths) },
        };
    }

    private static string PathOf(ResourceType type) => type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.Group}/{type.Version}";

    private static JsonObject About() => new() { ["title"] = "Kubernetes", ["version"] = ServerVersion.GitVersion };

    private JsonObject Schemas(OpenApiVersion version, IEnumerable<ResourceType> types, IEnumerable<ApiPath> paths) =>
        new SchemaBuilder(version, comments).Build(
        [
            .. types.Select(type => type.Descriptor),
            .. PathWriter.Messages(paths),
            Cluster.Api.MetaV1.WatchEvent.Descriptor,
        ]);
}
