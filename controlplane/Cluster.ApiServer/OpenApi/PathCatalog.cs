using Cluster.Api;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Lists the paths of a resource with their operations, from its catalog entry.</summary>
internal static class PathCatalog
{
    private static readonly MessageDescriptor StatusMessage = Cluster.Api.MetaV1.Status.Descriptor;
    private static readonly MessageDescriptor DeleteMessage = Cluster.Api.MetaV1.DeleteOptions.Descriptor;
    private static readonly MessageDescriptor PatchMessage = Cluster.Api.MetaV1.Patch.Descriptor;

    public static IEnumerable<ApiPath> PathsOf(ResourceType type)
    {
        var root = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.Group}/{type.Version}";
        var collection = type.Namespaced ? $"{root}/namespaces/{{namespace}}/{type.Plural}" : $"{root}/{type.Plural}";
        var item = $"{collection}/{{name}}";
        IEnumerable<ApiPath> paths =
        [
            new(collection, [.. Collection(type)]),
            new(item, [.. Item(type, type.Verbs, "", (type.ApiVersion, type.Kind), BodySchema.Of(type))]),
            .. type.Subresources.Select(sub => new ApiPath($"{item}/{sub.Name}", [.. Subresource(type, sub)])),
        ];
        if (type.Namespaced && type.Verbs.Contains("list"))
            paths = paths.Append(new ApiPath($"{root}/{type.Plural}", [List(type, "ForAllNamespaces")]));
        return paths.Where(path => path.Operations.Count > 0);
    }

    private static IEnumerable<ApiOperation> Collection(ResourceType type)
    {
        if (type.Verbs.Contains("list"))
            yield return List(type, "");
        if (type.Verbs.Contains("create"))
            yield return Create(type, "", (type.ApiVersion, type.Kind), BodySchema.Of(type));
        if (!type.Verbs.Contains("deletecollection"))
            yield break;
        yield return Operation(type, "delete", "deletecollection", "deleteCollection", "", (type.ApiVersion, type.Kind)) with
        {
            Query = [.. QueryParameter.Delete.UnionBy(QueryParameter.List, parameter => parameter.Name).OrderBy(parameter => parameter.Name, StringComparer.Ordinal)],
            Body = DeleteMessage,
            Response = StatusMessage,
        };
    }

    private static IEnumerable<ApiOperation> Item(
        ResourceType type, IReadOnlyList<string> verbs, string suffix, (string, string) kind, BodySchema message)
    {
        if (verbs.Contains("get"))
            yield return Operation(type, "get", "get", "read", suffix, kind) with { Query = QueryParameter.Read, Response = message };
        if (verbs.Contains("update"))
        {
            yield return Operation(type, "put", "put", "replace", suffix, kind) with
            {
                Query = QueryParameter.Write, Body = message, BodyRequired = true, Response = message, Successes = [(200, "OK"), (201, "Created")],
            };
        }

        if (verbs.Contains("patch"))
        {
            yield return Operation(type, "patch", "patch", "patch", suffix, kind) with
            {
                Query = QueryParameter.Patch, Body = PatchMessage, BodyRequired = true, Consumes = type.Custom is null ? ApiOperation.PatchTypes : ApiOperation.CustomPatchTypes,
                Response = message, Successes = [(200, "OK"), (201, "Created")],
            };
        }

        if (verbs.Contains("delete"))
        {
            yield return Operation(type, "delete", "delete", "delete", suffix, kind) with
            {
                Query = QueryParameter.Delete, Body = DeleteMessage, Response = StatusMessage, Successes = [(200, "OK"), (202, "Accepted")],
            };
        }
    }

    private static readonly Dictionary<string, string> ConnectMethods = new()
    {
        ["create"] = "post", ["delete"] = "delete", ["get"] = "get", ["patch"] = "patch", ["update"] = "put",
    };

    private static IEnumerable<ApiOperation> Subresource(ResourceType type, Subresource sub)
    {
        var suffix = char.ToUpperInvariant(sub.Name[0]) + sub.Name[1..];
        if (sub.Name == "log")
        {
            return
            [
                Operation(type, "get", "get", "read", suffix, (type.ApiVersion, type.Kind)) with
                {
                    Query = QueryParameter.Log, Produces = ["text/plain", .. ApiOperation.MediaTypes],
                },
            ];
        }

        if (sub.Connects)
            return sub.Verbs.Select(verb => Connect(type, sub, suffix, ConnectMethods[verb]));

        var kind = (sub.ApiVersion, sub.Kind);
        var message = kind == (type.ApiVersion, type.Kind) ? BodySchema.Of(type) : BodyKinds.Find(sub.ApiVersion, sub.Kind);
        var operations = Item(type, sub.Verbs, suffix, kind, message);
        return sub.Verbs.Contains("create") ? operations.Append(Create(type, suffix, kind, message)) : operations;
    }

    private static ApiOperation Connect(ResourceType type, Subresource sub, string suffix, string method) =>
        Operation(type, method, "connect", "connect" + Capital(method), suffix, (sub.ApiVersion, sub.Kind)) with
        {
            Id = $"connect{GroupName(type)}{Capital(type.Version)}{Capital(method)}{(type.Namespaced ? "Namespaced" : "")}{type.Kind}{suffix}",
            Description = $"connect {method.ToUpperInvariant()} requests to {sub.Name} of {type.Kind}",
            Query = QueryParameter.Connect.GetValueOrDefault(sub.Kind) ?? [],
            Produces = ["*/*"],
        };

    private static ApiOperation List(ResourceType type, string everywhere) =>
        Operation(type, "get", "list", "list", everywhere, (type.ApiVersion, type.Kind), namespaced: everywhere.Length == 0) with
        {
            Query = QueryParameter.List, Response = BodySchema.OfList(type), Produces = type.Custom is null ? ApiOperation.WatchableMediaTypes : [.. ApiOperation.CustomMediaTypes, "application/json;stream=watch"],
        };

    private static ApiOperation Create(ResourceType type, string suffix, (string, string) kind, BodySchema message) =>
        Operation(type, "post", "post", "create", suffix, kind) with
        {
            Query = QueryParameter.Write, Body = message, BodyRequired = true, Response = message,
            Successes = [(200, "OK"), (201, "Created"), (202, "Accepted")],
        };

    private static ApiOperation Operation(
        ResourceType type, string method, string action, string idVerb, string suffix, (string, string) kind, bool namespaced = true) => new()
        {
            Method = method,
            Action = action,
            Id = $"{idVerb}{GroupName(type)}{Capital(type.Version)}{(type.Namespaced && namespaced ? "Namespaced" : "")}{type.Kind}{suffix}",
            Description = $"{action} {(suffix.Length == 0 || suffix == "ForAllNamespaces" ? "" : suffix.ToLowerInvariant() + " of ")}{type.Kind}",
            Resource = type,
            Kind = kind,
            Produces = type.Custom is null ? ApiOperation.MediaTypes : ApiOperation.CustomMediaTypes,
        };

    private static string GroupName(ResourceType type) => type.Group.Length == 0 ? "Core" : Capital(type.Group.Split('.')[0]);

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
