namespace Cluster.ApiServer.OpenApi;

/// <summary>A path with its <c>{namespace}</c> and <c>{name}</c> places and what can be done there.</summary>
internal sealed record ApiPath(string Template, IReadOnlyList<ApiOperation> Operations)
{
    /// <summary>The places of the template, in its order.</summary>
    public IEnumerable<(string Name, string Description)> Places(string kind)
    {
        if (Template.Contains("{namespace}", StringComparison.Ordinal))
            yield return ("namespace", "The namespace of the object.");
        if (Template.Contains("{name}", StringComparison.Ordinal))
            yield return ("name", $"The name of the {kind}.");
    }
}
