using Cluster.Api;

namespace Cluster.ApiServer.OpenApi;

/// <summary>One method of one path, in neither dialect yet.</summary>
internal sealed record ApiOperation
{
    /// <summary>Lower case: get, put, post, delete, patch.</summary>
    public required string Method { get; init; }

    /// <summary>Unique in the document, such as <c>createCoreV1NamespacedPod</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Kubernetes' word for it: get, list, post, put, patch, delete, deletecollection, connect.</summary>
    public required string Action { get; init; }

    public required string Description { get; init; }

    public required ResourceType Resource { get; init; }

    /// <summary>apiVersion and kind of the body.</summary>
    public required (string ApiVersion, string Kind) Kind { get; init; }

    public IReadOnlyList<QueryParameter> Query { get; init; } = [];

    /// <summary>The body; null: none.</summary>
    public BodySchema? Body { get; init; }

    public bool BodyRequired { get; init; }

    public IReadOnlyList<string> Consumes { get; init; } = ["*/*"];

    /// <summary>What a success holds; null: plain text.</summary>
    public BodySchema? Response { get; init; }

    public IReadOnlyList<string> Produces { get; init; } = MediaTypes;

    /// <summary>Success codes with their texts.</summary>
    public IReadOnlyList<(int Code, string Text)> Successes { get; init; } = [(200, "OK")];

    public static readonly IReadOnlyList<string> MediaTypes =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    public static readonly IReadOnlyList<string> WatchableMediaTypes =
        [.. MediaTypes, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

    public static readonly IReadOnlyList<string> PatchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

    /// <summary>Of kinds that definitions added, which have no form in protobuf and no strategic patch.</summary>
    public static readonly IReadOnlyList<string> CustomMediaTypes = ["application/json", "application/yaml"];

    /// <inheritdoc cref="CustomMediaTypes"/>
    public static readonly IReadOnlyList<string> CustomPatchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
}
