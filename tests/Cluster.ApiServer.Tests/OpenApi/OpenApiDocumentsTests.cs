using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.OpenApi;

namespace Cluster.ApiServer.Tests.OpenApi;

public sealed class OpenApiDocumentsTests
{
    private static readonly OpenApiDocuments Documents = new(ContractComments.Read());

    private readonly JsonObject _swagger = Documents.Swagger(ResourceCatalog.All);

    [Fact]
    public void Swagger_EveryReference_LeadsSomewhere()
    {
        var definitions = _swagger["definitions"]!.AsObject();
        Assert.All(References(_swagger), reference => Assert.True(definitions.ContainsKey(reference["#/definitions/".Length..]), reference));
    }

    [Fact]
    public void OpenApi_EveryReferenceOfEveryGroup_LeadsSomewhere() => Assert.All(OpenApiDocuments.GroupVersions, groupVersion =>
    {
        var document = Documents.OpenApi(ResourceCatalog.All, groupVersion);
        var schemas = document["components"]!["schemas"]!.AsObject();
        Assert.NotEmpty(schemas);
        Assert.All(References(document), reference => Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference));
    });

    [Fact]
    public void Swagger_EveryKind_IsFoundByGroupVersionKind()
    {
        var kinds = _swagger["definitions"]!.AsObject()
            .SelectMany(definition => definition.Value!["x-kubernetes-group-version-kind"]?.AsArray() ?? [])
            .Select(kind => $"{kind!["group"]}/{kind["version"]}/{kind["kind"]}").ToList();

        Assert.All(ResourceCatalog.All, type => Assert.Contains($"{type.Group}/{type.Version}/{type.Kind}", kinds));
        Assert.Equal(kinds.Count, kinds.Distinct().Count());
    }

    [Fact]
    public void Swagger_PodContainers_CarryPatchAndListRules()
    {
        var containers = _swagger["definitions"]!["io.k8s.api.core.v1.PodSpec"]!["properties"]!["containers"]!;

        Assert.Equal("array", containers["type"]!.GetValue<string>());
        Assert.Equal("#/definitions/io.k8s.api.core.v1.Container", containers["items"]!["$ref"]!.GetValue<string>());
        Assert.Equal("name", containers["x-kubernetes-patch-merge-key"]!.GetValue<string>());
        Assert.Equal("merge", containers["x-kubernetes-patch-strategy"]!.GetValue<string>());
        Assert.Equal("map", containers["x-kubernetes-list-type"]!.GetValue<string>());
    }

    [Fact]
    public void Swagger_Descriptions_ComeFromTheContractsComments()
    {
        var pod = _swagger["definitions"]!["io.k8s.api.core.v1.PodSpec"]!;

        Assert.False(string.IsNullOrEmpty(pod["description"]?.GetValue<string>()));
        Assert.All(pod["properties"]!.AsObject(), property => Assert.False(string.IsNullOrEmpty(property.Value!["description"]?.GetValue<string>()), property.Key));
    }

    [Fact]
    public void Swagger_InlineFields_StandAtTheParentsLevel()
    {
        var volume = _swagger["definitions"]!["io.k8s.api.core.v1.Volume"]!["properties"]!.AsObject();

        Assert.True(volume.ContainsKey("emptyDir"));
        Assert.False(volume.ContainsKey("volumeSource"));
        Assert.Equal(["name"], _swagger["definitions"]!["io.k8s.api.core.v1.Volume"]!["required"]!.AsArray().Select(name => name!.GetValue<string>()));
    }

    [Fact]
    public void Swagger_SpecialForms_AreDescribedAsWritten()
    {
        var definitions = _swagger["definitions"]!;

        Assert.Equal("string", definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"]!["type"]!.GetValue<string>());
        Assert.Equal("int-or-string", definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]!["format"]!.GetValue<string>());
        Assert.Equal("date-time", definitions["io.k8s.apimachinery.pkg.apis.meta.v1.Time"]!["format"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("api/v1", "/api/v1/namespaces/{namespace}/pods/{name}", "Pod")]
    [InlineData("apis/apps/v1", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "Deployment")]
    public void OpenApi_PatchOfAKind_TakesFieldValidation(string groupVersion, string path, string kind)
    {
        var patch = Documents.OpenApi(ResourceCatalog.All, groupVersion)["paths"]![path]!["patch"]!;

        Assert.Equal(kind, patch["x-kubernetes-group-version-kind"]!["kind"]!.GetValue<string>());
        Assert.Contains(patch["parameters"]!.AsArray(), parameter =>
            parameter!["name"]!.GetValue<string>() == "fieldValidation" && parameter["in"]!.GetValue<string>() == "query");
    }

    [Fact]
    public void Swagger_OperationIds_AreUnique()
    {
        var ids = _swagger["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject())
            .Where(operation => operation.Key != "parameters").Select(operation => operation.Value!["operationId"]!.GetValue<string>()).ToList();

        Assert.Contains("createCoreV1NamespacedPod", ids);
        Assert.Contains("readAppsV1NamespacedDeploymentScale", ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void SwaggerProtobuf_OfTheWholeDocument_HoldsItsTexts()
    {
        var bytes = SwaggerProtobuf.Write(_swagger);

        Assert.True(bytes.Length > 100_000);
        Assert.True(bytes.AsSpan().IndexOf("io.k8s.api.core.v1.PodSpec"u8) > 0);
        // swagger = "2.0" is field 1.
        Assert.Equal([0x0a, 3, (byte)'2', (byte)'.', (byte)'0'], bytes[..5]);
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(entry => entry is { Key: "$ref", Value: JsonValue to } ? [to.GetValue<string>()] : References(entry.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
